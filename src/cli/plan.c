#include <string.h>

#include "cli.h"
#include "pare/arn.h"
#include "pare/propose.h"
#include "pare/str.h"
#include "pare/world.h"

static bool read_saved(struct context *c, const struct str_list *paths, struct saved_text **texts,
		       size_t *count, struct err *e)
{
	*texts = NULL;
	*count = 0;
	for (size_t i = 0; i < paths->count; i++) {
		struct saved_text *more;
		size_t more_count;
		if (!files_read(c->arena, paths->item[i], &more, &more_count, e))
			return false;
		struct saved_text *all = arena_array(c->arena, *count + more_count, sizeof *all);
		if (*count > 0)
			memcpy(all, *texts, *count * sizeof *all);
		if (more_count > 0)
			memcpy(all + *count, more, more_count * sizeof *all);
		*texts = all;
		*count += more_count;
	}
	return true;
}

static bool from_saved(struct context *c, const struct gather_filter *f, struct gathered *g,
		       struct err *e)
{
	struct saved_text *findings, *state;
	size_t finding_count, state_count;
	if (!read_saved(c, &c->o->findings, &findings, &finding_count, e) ||
	    !read_saved(c, &c->o->account_state, &state, &state_count, e))
		return false;
	return gather_saved(c->arena, findings, finding_count, state, state_count, f, g, e);
}

static bool from_aws(struct context *c, const struct gather_filter *f, struct gathered *g,
		     const char **caller, struct err *e)
{
	const char *analyzer = c->o->analyzer != NULL ? c->o->analyzer : c->config.analyzer;
	if (analyzer == NULL)
		return err_set(e, ERR_USAGE,
			       "finding the analyzer: give '--analyzer ARN' (aws accessanalyzer "
			       "list-analyzers shows it), set 'analyzer' in pare.lua, or give '--findings' "
			       "and '--account-state' for saved input");
	struct arn arn;
	if (!arn_parse(c->arena, analyzer, &arn, e) || strcmp(arn.service, "access-analyzer") != 0)
		return err_set(e, ERR_USAGE,
			       "option '--analyzer': expected an analyzer's ARN such as "
			       "arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/unused-access, got "
			       "'%s'",
			       analyzer);
	struct aws *aws;
	const char *account;
	if (!context_aws(c, arn.region, &aws, e))
		return false;
	struct read_port port = aws_read_port(aws);
	if (!context_caller(c, &port, caller, &account, e))
		return false;
	if (!gather_live(c->arena, &port, &c->clock, analyzer, f, &c->progress, g, e))
		return false;
	g->aws_calls = aws_exchanges(aws);
	return true;
}

static bool keep_run(struct context *c, const struct run *r, struct buf *json, struct err *e)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->outcome[i].plan != NULL && !keep_plan(c, &r->outcome[i], e))
			return false;
	run_print(r, json);
	if (!buf_ok(json))
		return err_set(e, ERR_LIMIT, "keeping the run: larger than %zu bytes", json->max);
	return c->store.write(c->store.self, "runs/latest.json", json->data, json->len, e);
}

static bool make_run(struct context *c, struct run *r, struct err *e)
{
	struct gather_filter f = {c->o->role, c->o->finding, (size_t)c->o->limit};
	struct gathered g = {0};
	struct draft_setting s = {&c->config, c->catalog, c->now_ms, NULL};
	struct str_list paths = {0};
	struct rules_port rules;
	bool saved = c->o->findings.count > 0;
	if (saved && c->o->analyzer != NULL)
		return err_set(e, ERR_USAGE, "'--findings' and '--analyzer' exclude each other");
	if (!saved && c->o->account_state.count > 0)
		return err_set(e, ERR_USAGE, "'--account-state' goes with '--findings'");
	/* The rules first: their process must not inherit anything secret. */
	if (!context_rules(c, &paths, e) || !rules_open(c->arena, &paths, &rules, e))
		return false;
	if (!(saved ? from_saved(c, &f, &g, e) : from_aws(c, &f, &g, &s.caller_arn, e)))
		return false;
	return plan_run(c->arena, &s, &rules, &g, &c->progress, r, e);
}

int command_plan(struct arena *a, const struct options *o)
{
	struct context c;
	struct run r = {0};
	struct err e;
	if (!context_open(a, o, &c, &e) || !make_run(&c, &r, &e)) {
		complain(&e);
		return exit_code_of(&e);
	}
	struct buf *json = buf_new(a, 256u * 1024 * 1024);
	if (!keep_run(&c, &r, json, &e)) {
		complain(&e);
		return exit_code_of(&e);
	}
	if (o->json)
		say_raw(json->data, json->len);
	else
		view_run(&c, &r);
	size_t plans = 0;
	for (size_t i = 0; i < r.count; i++)
		plans += r.outcome[i].kind == OUTCOME_PLANNED;
	return o->detailed_exitcode && plans > 0 ? EXIT_PLANS : EXIT_DONE;
}
