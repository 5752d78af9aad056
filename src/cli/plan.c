#include <string.h>

#include "cli.h"
#include "pare/arn.h"
#include "pare/checks.h"
#include "pare/history.h"
#include "pare/propose.h"
#include "pare/str.h"
#include "pare/world.h"

static bool read_saved(struct arena *a, const struct str_list *paths, struct saved_text **texts,
		       size_t *count, struct err *e)
{
	*texts = NULL;
	*count = 0;
	for (size_t i = 0; i < paths->count; i++) {
		struct saved_text *more;
		size_t more_count;
		if (!files_read(a, paths->item[i], &more, &more_count, e))
			return false;
		struct saved_text *all = arena_array(a, *count + more_count, sizeof *all);
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
	struct arena *texts = arena_new(c->arena);
	bool ok = read_saved(texts, &c->o->findings, &findings, &finding_count, e) &&
		  read_saved(texts, &c->o->account_state, &state, &state_count, e) &&
		  gather_saved(c->arena, findings, finding_count, state, state_count, f, g, e);
	arena_free(texts);
	return ok;
}

/* What was done before. A repository that is out of reach only means that nothing is known of it. */
static bool read_history(struct context *c, const struct history **out, struct err *e)
{
	struct review_port review;
	struct history *h = arena_alloc(c->arena, sizeof *h);
	*out = NULL;
	if (c->config.repository.url == NULL)
		return true;
	if (!context_review(c, &review, e) || !review.fetch(review.self, e)) {
		note(c, "pare: %s; planning without what was done before", e->message);
		return true;
	}
	*out = h;
	return history_read(c->arena, &review, &c->config, h, e);
}

/* --- live --- */

struct live {
	struct context *c;
	const struct gather_filter *filter;
	const struct rules_port *rules;
	struct accounts accounts;
	const struct history *history; /* or NULL */
	struct run *run;
	size_t calls;
};

static bool check_analyzer(struct context *c, const char *analyzer, struct arn *arn, struct err *e)
{
	if (analyzer == NULL)
		return err_set(e, ERR_USAGE,
			       "finding the analyzer: give '--analyzer ARN' (aws accessanalyzer "
			       "list-analyzers shows it) or '--all-analyzers', set 'analyzer' in pare.lua, or give "
			       "'--findings' and '--account-state' for saved input");
	if (arn_parse(c->arena, analyzer, arn, e) && strcmp(arn->service, "access-analyzer") == 0)
		return true;
	return err_set(e, ERR_USAGE,
		       "option '--analyzer': expected an analyzer's ARN such as "
		       "arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/unused-access, got "
		       "'%s'",
		       analyzer);
}

/* Access Analyzer judges principals alike in every region: what another analyzer reported counts once. */
static bool known(const struct run *r, const struct finding *f)
{
	for (size_t i = 0; i < r->count; i++)
		if (str_equal(r->outcome[i].finding->resource, f->resource) && f->resource != NULL &&
		    r->outcome[i].finding->type == f->type &&
		    str_equal(r->outcome[i].finding->access_key_id, f->access_key_id))
			return true;
	return false;
}

static void append(struct arena *a, struct run *all, const struct run *more)
{
	struct outcome *out = arena_array(a, all->count + more->count + 1, sizeof *out);
	size_t count = 0;
	for (size_t i = 0; i < all->count; i++)
		out[count++] = all->outcome[i];
	for (size_t i = 0; i < more->count; i++)
		if (!known(all, more->outcome[i].finding))
			out[count++] = more->outcome[i];
	all->outcome = out;
	all->count = count;
	all->principals_seen += more->principals_seen;
	all->created_at = more->created_at;
}

static size_t planned_of(const struct run *r)
{
	size_t planned = 0;
	for (size_t i = 0; i < r->count; i++)
		planned += r->outcome[i].kind == OUTCOME_PLANNED;
	return planned;
}

/* own NULL: its account cannot be asked. */
static bool judge_part(struct live *l, struct gathered *g, const struct read_port *own,
		       const char *caller_arn, const char *failed, struct err *e)
{
	struct context *c = l->c;
	struct run part;
	const struct draft_setting s = {&c->config, c->catalog, c->now_ms, caller_arn, planned_of(l->run)};
	const struct checks checks = {&c->config, own, &c->clock, &c->progress};
	if (!plan_run(c->arena, &s, l->rules, g, &c->progress, &part, e) ||
	    !checks_run(c->arena, &checks, &part, e))
		return false;
	if (g->account != NULL) {
		struct run_account *x = &l->run->account[l->run->account_count++];
		*x = (struct run_account){g->account, failed, part.count, planned_of(&part), g->state.count, 0};
		for (size_t i = 0; i < part.count; i++)
			x->removed += part.outcome[i].kind == OUTCOME_PLANNED
					      ? part.outcome[i].plan->impact.actions_removed
					      : 0;
	}
	append(c->arena, l->run, &part);
	return true;
}

/* Its principals, from its own credentials; what ended, from the analyzer's. */
static bool gather_rest(struct live *l, const struct read_port *own, struct gathered *g, struct err *e)
{
	struct context *c = l->c;
	struct read_port analyzer = aws_read_port(l->accounts.own);
	g->history = l->history;
	return gather_principals(c->arena, own, &c->clock, l->filter, &c->progress, g, e) &&
	       (l->history == NULL || gather_ended(c->arena, &analyzer, l->history, g->analyzer, c->now_ms,
						   l->filter, g, e));
}

/* One account of an organization. Its trouble is its own: it is told of, and the next one follows. */
static bool plan_account(struct live *l, struct gathered *g, struct err *e)
{
	struct context *c = l->c;
	struct arena *moment = arena_new(c->arena); /* keys and connections of this account */
	struct account_access x;
	struct read_port port;
	struct err why;
	const char *failed = NULL, *caller = NULL;
	bool ok = account_open(&l->accounts, moment, g->account, "pare-plan", true, &x, &why);
	if (ok) {
		port = aws_read_port(x.aws);
		caller = x.caller_arn;
		ok = gather_rest(l, &port, g, &why);
	}
	bool interrupted = !ok && why.kind == ERR_INTERRUPTED;
	if (!ok && !interrupted) {
		g->state = (struct account_state){0};
		gather_unreadable(c->arena, g, &why);
		failed = arena_strdup(c->arena, why.message);
	}
	if (interrupted)
		*e = why;
	bool judged = !interrupted && judge_part(l, g, ok ? &port : NULL, caller, failed, e);
	if (caller != NULL)
		l->calls += x.aws != l->accounts.own ? aws_exchanges(x.aws) : 0;
	arena_free(moment);
	return judged;
}

static bool plan_organization(struct live *l, struct gathered *g, struct err *e)
{
	struct gathered *part;
	size_t count = gather_split(l->c->arena, g, &part);
	struct run_account *all = arena_array(l->c->arena, l->run->account_count + count + 1, sizeof *all);
	if (l->run->account_count > 0)
		memcpy(all, l->run->account, l->run->account_count * sizeof *all);
	l->run->account = all;
	for (size_t i = 0; i < count; i++) {
		if (l->c->clock.interrupted(l->c->clock.self))
			return err_set(e, ERR_INTERRUPTED, "planning account %s: interrupted", part[i].account);
		l->c->progress.step(l->c->progress.self, "accounts", i, count);
		if (!plan_account(l, &part[i], e))
			return false;
	}
	return true;
}

static bool plan_analyzer(struct live *l, const char *analyzer, struct err *e)
{
	struct context *c = l->c;
	struct gathered g;
	struct read_port port = aws_read_port(l->accounts.own);
	if (!gather_findings(c->arena, &port, &c->clock, analyzer, l->filter, &c->progress, &g, e))
		return false;
	if (g.organization)
		return plan_organization(l, &g, e);
	if (!gather_rest(l, &port, &g, e))
		return false;
	return judge_part(l, &g, &port, l->accounts.caller_arn, NULL, e);
}

static bool plan_one(struct live *l, const char *analyzer, struct err *e)
{
	struct arn arn;
	if (!check_analyzer(l->c, analyzer, &arn, e) ||
	    !accounts_open(l->c, arn.region, &l->accounts, e) || !plan_analyzer(l, analyzer, e))
		return false;
	l->calls += aws_exchanges(l->accounts.own);
	return true;
}

/* The unused-access analyzers of one region. */
static bool plan_region(struct live *l, const char *region, size_t *seen, struct err *e)
{
	if (!accounts_open(l->c, region, &l->accounts, e))
		return false;
	struct read_port port = aws_read_port(l->accounts.own);
	const char *marker = NULL;
	do {
		struct call c = {.op = CALL_LIST_ANALYZERS, .arena = l->c->arena, .marker = marker};
		if (!read_one(&port, &c)) {
			*e = c.err;
			return err_wrap(e, "listing the analyzers of region '%s'", l->accounts.region);
		}
		for (size_t i = 0; i < c.analyzer_count; i++) {
			const struct analyzer *x = &c.analyzers[i];
			if (strstr(x->type, "UNUSED_ACCESS") == NULL || strcmp(x->status, "ACTIVE") != 0)
				continue;
			++*seen;
			if (!plan_analyzer(l, x->arn, e))
				return false;
		}
		marker = c.next_marker;
	} while (marker != NULL);
	l->calls += aws_exchanges(l->accounts.own);
	return true;
}

static bool plan_all(struct live *l, struct err *e)
{
	size_t seen = 0;
	const struct str_list *regions = &l->c->o->regions;
	if (regions->count == 0 && !plan_region(l, NULL, &seen, e))
		return false;
	for (size_t i = 0; i < regions->count; i++)
		if (!plan_region(l, regions->item[i], &seen, e))
			return false;
	if (seen > 0)
		return true;
	return err_set(e, ERR_NOT_FOUND,
		       "finding the analyzers: no active analyzer for unused access in the regions asked; name "
		       "others with '--regions', or create one");
}

static bool run_live(struct context *c, const struct gather_filter *f, const struct rules_port *rules,
		     struct run *r, struct err *e)
{
	struct live l = {.c = c, .filter = f, .rules = rules, .run = r};
	bool all = c->o->all_analyzers;
	const char *analyzer = c->o->analyzer != NULL ? c->o->analyzer : c->config.analyzer;
	*r = (struct run){.analyzer = all ? NULL : analyzer};
	if (!read_history(c, &l.history, e) || !(all ? plan_all(&l, e) : plan_one(&l, analyzer, e)))
		return false;
	r->aws_calls = l.calls;
	return true;
}

static bool keep_plans(struct context *c, const struct run *r, struct err *e)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->outcome[i].plan != NULL && !keep_plan(c, &r->outcome[i], e))
			return false;
	return true;
}

bool keep_run(struct context *c, const struct run *r, struct buf *json, struct err *e)
{
	struct err ending;
	store_batch_begin(&c->store);
	bool kept = keep_plans(c, r, e);
	if (kept)
		run_print(r, json);
	if (!store_batch_end(&c->store, kept, &ending) && kept) {
		*e = ending;
		kept = false;
	}
	if (!kept)
		return false;
	if (!buf_ok(json))
		return err_set(e, ERR_LIMIT, "keeping the run: larger than %zu bytes", json->max);
	return c->store.write(c->store.self, "runs/latest.json", json->data, json->len, e);
}

static bool check_options(const struct options *o, struct err *e)
{
	bool saved = o->findings.count > 0;
	if (saved && (o->analyzer != NULL || o->all_analyzers))
		return err_set(e, ERR_USAGE, "'--findings' and '%s' exclude each other",
			       o->analyzer != NULL ? "--analyzer" : "--all-analyzers");
	if (o->analyzer != NULL && o->all_analyzers)
		return err_set(e, ERR_USAGE, "'--analyzer' and '--all-analyzers' exclude each other");
	if (o->regions.count > 0 && !o->all_analyzers)
		return err_set(e, ERR_USAGE, "'--regions' goes with '--all-analyzers'");
	if (!saved && o->account_state.count > 0)
		return err_set(e, ERR_USAGE, "'--account-state' goes with '--findings'");
	for (size_t i = 0; i < o->account.count; i++)
		if (!account_id_valid(o->account.item[i]))
			return err_set(e, ERR_USAGE, "option '--account': expected twelve digits, got '%s'",
				       o->account.item[i]);
	return true;
}

bool make_run(struct context *c, struct run *r, struct err *e)
{
	struct gather_filter f = {.role_glob = c->o->role, .finding = c->o->finding,
				  .limit = (size_t)c->o->limit, .accounts = &c->o->account};
	struct gathered g = {0};
	const struct draft_setting s = {.config = &c->config, .catalog = c->catalog, .now_ms = c->now_ms};
	struct str_list paths = {0};
	struct rules_port rules;
	if (!check_options(c->o, e) || !context_shard(c->arena, c->o, &f.shard, e))
		return false;
	/* The rules first: their process must not inherit anything secret. */
	if (!context_rules(c, &paths, e) || !rules_open(c->arena, &paths, &rules, e))
		return false;
	if (c->o->findings.count == 0)
		return run_live(c, &f, &rules, r, e);
	const struct checks checks = {&c->config, NULL, &c->clock, &c->progress};
	return from_saved(c, &f, &g, e) && plan_run(c->arena, &s, &rules, &g, &c->progress, r, e) &&
	       checks_run(c->arena, &checks, r, e);
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
