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
	struct gather_filter *filter;
	const struct rules_port *rules;
	struct accounts accounts;
	struct str_list chosen; /* accounts; empty: all */
	bool asked;             /* which ones: once, whatever the regions */
	const struct history *history; /* or NULL */
	struct run *run;
	size_t source_cap;
	struct str_list counted; /* accounts whose principals are counted */
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

static bool same_finding(const struct finding *x, const struct finding *y)
{
	return x->resource != NULL && str_equal(x->resource, y->resource) && x->type == y->type &&
	       str_equal(x->access_key_id, y->access_key_id);
}

/* Access Analyzer judges principals alike in every region: what another analyzer reported counts once,
 * unless it could not be worked on there. */
static bool known(void *self, const struct finding *f)
{
	const struct run *r = self;
	for (size_t i = 0; i < r->count; i++)
		if (r->outcome[i].kind != OUTCOME_FAILED && same_finding(r->outcome[i].finding, f))
			return true;
	return false;
}

static bool replaced(const struct outcome *x, const struct run *more)
{
	for (size_t i = 0; x->kind == OUTCOME_FAILED && i < more->count; i++)
		if (same_finding(x->finding, more->outcome[i].finding))
			return true;
	return false;
}

static void append(struct arena *a, struct run *all, const struct run *more)
{
	struct outcome *out = arena_array(a, all->count + more->count + 1, sizeof *out);
	size_t count = 0;
	for (size_t i = 0; i < all->count; i++)
		if (!replaced(&all->outcome[i], more))
			out[count++] = all->outcome[i];
	for (size_t i = 0; i < more->count; i++)
		if (!known(all, more->outcome[i].finding))
			out[count++] = more->outcome[i];
	all->outcome = out;
	all->count = count;
	all->created_at = more->created_at;
}

/* account NULL: in all of them. */
static size_t planned_of(const struct run *r, const char *account)
{
	size_t planned = 0;
	for (size_t i = 0; i < r->count; i++)
		planned += r->outcome[i].kind == OUTCOME_PLANNED &&
			   (account == NULL || str_equal(r->outcome[i].plan->account, account));
	return planned;
}

/* Its row among the accounts: one, however many analyzers report of it. */
static struct run_account *row_of(struct run *r, const char *account)
{
	for (size_t i = 0; i < r->account_count; i++)
		if (strcmp(r->account[i].account, account) == 0)
			return &r->account[i];
	struct run_account *x = &r->account[r->account_count++];
	*x = (struct run_account){.account = account};
	return x;
}

static void count_account(struct live *l, const struct gathered *g, const char *failed, const struct run *part)
{
	struct run_account *x = row_of(l->run, g->account);
	x->failed = failed;
	x->findings += part->count;
	x->planned += planned_of(part, NULL);
	x->principals = g->state.count > 0 ? g->state.count : x->principals;
	for (size_t i = 0; i < part->count; i++)
		x->removed += part->outcome[i].kind == OUTCOME_PLANNED
				      ? part->outcome[i].plan->impact.actions_removed
				      : 0;
}

/* own NULL: its account cannot be asked. */
static bool judge_part(struct live *l, struct gathered *g, const char *account, const struct read_port *own,
		       const char *caller_arn, const char *failed, struct err *e)
{
	struct context *c = l->c;
	struct run part;
	const struct draft_setting s = {&c->config, c->catalog, c->now_ms, caller_arn, planned_of(l->run, NULL),
					planned_of(l->run, account)};
	const struct checks checks = {&c->config, own, &c->clock, &c->progress};
	if (!plan_run(c->arena, &s, l->rules, g, &c->progress, &part, e) ||
	    !checks_run(c->arena, &checks, &part, e))
		return false;
	if (g->account != NULL)
		count_account(l, g, failed, &part);
	/* What percentages count against: each account once. */
	if (own != NULL && !str_list_has(&l->counted, account)) {
		str_list_add(c->arena, &l->counted, account);
		l->run->principals_seen += part.principals_seen;
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
	bool judged = !interrupted && judge_part(l, g, g->account, ok ? &port : NULL, caller, failed, e);
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

/* The account that the analyzer is for: another one than the caller's is worked in as a member is. */
static bool plan_own_account(struct live *l, struct gathered *g, const char *account, struct err *e)
{
	struct arena *moment = arena_new(l->c->arena);
	struct account_access x;
	bool ok = account_open(&l->accounts, moment, account, "pare-plan", true, &x, e);
	if (ok) {
		struct read_port port = aws_read_port(x.aws);
		ok = gather_rest(l, &port, g, e) && judge_part(l, g, account, &port, x.caller_arn, NULL, e);
		l->calls += x.aws != l->accounts.own ? aws_exchanges(x.aws) : 0;
	}
	arena_free(moment);
	return ok;
}

static bool plan_analyzer(struct live *l, const char *analyzer, size_t *findings, struct err *e)
{
	struct context *c = l->c;
	struct gathered g;
	struct account_access own;
	struct read_port port = aws_read_port(l->accounts.own);
	struct gather_filter filter = *l->filter;
	struct arn arn;
	filter.known = known;
	filter.self = l->run;
	if (filter.limit > 0 && l->run->count >= filter.limit)
		return true;
	filter.limit -= filter.limit > 0 ? l->run->count : 0;
	account_own(&l->accounts, &own);
	if (!arn_parse(c->arena, analyzer, &arn, e) ||
	    !account_route(&l->accounts, c->arena, &own, "pare-plan", analyzer, e) ||
	    !gather_findings(c->arena, &port, &c->clock, analyzer, &filter, &c->progress, &g, e))
		return false;
	*findings = g.count;
	return g.organization ? plan_organization(l, &g, e) : plan_own_account(l, &g, arn.account, e);
}

static bool open_accounts(struct live *l, const char *region, struct err *e)
{
	if (!accounts_open(l->c, region, &l->accounts, e))
		return false;
	if (!l->asked && !accounts_choose(&l->accounts, &l->chosen, e))
		return false;
	l->asked = true;
	l->filter->accounts = &l->chosen;
	return true;
}

static bool plan_one(struct live *l, const char *analyzer, struct err *e)
{
	struct arn arn;
	size_t findings;
	if (!check_analyzer(l->c, analyzer, &arn, e) ||
	    !open_accounts(l, arn.region, e) || !plan_analyzer(l, analyzer, &findings, e))
		return false;
	l->calls += aws_exchanges(l->accounts.own);
	return true;
}

/* --- every analyzer --- */

/* What cannot be read is told of and holds up nothing else. */
static void add_source(struct live *l, const char *region, const char *analyzer, size_t findings,
		       const struct err *why)
{
	struct arena *a = l->c->arena;
	struct run *r = l->run;
	r->source = arena_grow(a, r->source, r->source_count, &l->source_cap, sizeof *r->source);
	r->source[r->source_count++] = (struct run_source){
		.region = region, .analyzer = analyzer, .findings = findings,
		.failed = why != NULL ? arena_strdup(a, why->message) : NULL};
	if (why != NULL)
		note(l->c, "pare: %s '%s': %s", analyzer != NULL ? "analyzer" : "region",
		     analyzer != NULL ? analyzer : region, why->message);
}

/* In AWS's order, which is no order. */
static bool list_analyzers(struct live *l, struct str_list *out, struct err *e)
{
	struct read_port port = aws_read_port(l->accounts.own);
	const char *marker = NULL;
	do {
		struct call c = {.op = CALL_LIST_ANALYZERS, .arena = l->c->arena, .marker = marker};
		if (!read_one(&port, &c)) {
			*e = c.err;
			return err_wrap(e, "listing its analyzers");
		}
		for (size_t i = 0; i < c.analyzer_count; i++) {
			const struct analyzer *x = &c.analyzers[i];
			if (strstr(x->type, "UNUSED_ACCESS") != NULL && strcmp(x->status, "ACTIVE") == 0)
				str_list_add(l->c->arena, out, x->arn);
		}
		marker = c.next_marker;
	} while (marker != NULL);
	str_list_sort(out);
	return true;
}

/* Is it an error that ends the run? A signal is. */
static bool ends_run(struct live *l, const struct err *why)
{
	return why->kind == ERR_INTERRUPTED || l->c->clock.interrupted(l->c->clock.self);
}

/* The unused-access analyzers of one region; region NULL: the one of the environment. The first
 * trouble is kept. */
static bool plan_region(struct live *l, const char *region, size_t *read, struct err *first, struct err *e)
{
	struct str_list analyzers = {0};
	struct err why;
	if (!open_accounts(l, region, &why) || !list_analyzers(l, &analyzers, &why)) {
		if (region == NULL)
			region = l->accounts.region != NULL ? l->accounts.region : "of the environment";
		add_source(l, region, NULL, 0, &why);
		*first = first->kind == ERR_NONE ? why : *first;
		*e = why;
		return !ends_run(l, &why);
	}
	l->c->credentials = l->accounts.chain; /* the other regions are asked with the same */
	region = l->accounts.region;
	for (size_t i = 0; i < analyzers.count; i++) {
		size_t findings = 0;
		bool ok = plan_analyzer(l, analyzers.item[i], &findings, &why);
		add_source(l, region, analyzers.item[i], findings, ok ? NULL : &why);
		*read += ok;
		if (!ok && first->kind == ERR_NONE)
			*first = why;
		if (!ok && ends_run(l, &why)) {
			*e = why;
			return false;
		}
	}
	if (analyzers.count == 0)
		add_source(l, region, NULL, 0, NULL);
	l->calls += aws_exchanges(l->accounts.own);
	return true;
}

static bool plan_all(struct live *l, struct err *e)
{
	struct context *c = l->c;
	size_t read = 0;
	struct err first = {.kind = ERR_NONE};
	struct str_list regions = {0};
	const struct str_list *asked = c->o->regions.count > 0 ? &c->o->regions : &c->config.regions;
	for (size_t i = 0; i < asked->count; i++)
		if (!str_list_has(&regions, asked->item[i]))
			str_list_add(c->arena, &regions, asked->item[i]);
	if (regions.count == 0 && !plan_region(l, NULL, &read, &first, e))
		return false;
	for (size_t i = 0; i < regions.count; i++) {
		c->progress.step(c->progress.self, "regions", i, regions.count);
		if (!plan_region(l, regions.item[i], &read, &first, e))
			return false;
	}
	if (read > 0)
		return true;
	if (first.kind != ERR_NONE) {
		*e = first;
		return err_wrap(e, "no analyzer could be read; the first trouble was");
	}
	return err_set(e, ERR_NOT_FOUND,
		       "finding the analyzers: no active analyzer for unused access in the regions asked; name "
		       "others with '--regions', or create one");
}

static bool run_live(struct context *c, struct gather_filter *f, const struct rules_port *rules,
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
	for (size_t i = 0; i < o->regions.count; i++)
		if (!region_valid(o->regions.item[i]))
			return err_set(e, ERR_USAGE, "option '--regions': expected names such as eu-west-1, got '%s'",
				       o->regions.item[i]);
	if (!saved && o->account_state.count > 0)
		return err_set(e, ERR_USAGE, "'--account-state' goes with '--findings'");
	if (saved && o->ou.count + o->account_tag.count > 0)
		return err_set(e, ERR_USAGE,
			       "'%s' asks AWS Organizations, and '--findings' is without network: name the "
			       "accounts with '--account'",
			       o->ou.count > 0 ? "--ou" : "--account-tag");
	return account_options_valid(o, e);
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
