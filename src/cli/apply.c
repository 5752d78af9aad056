#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "pare/arn.h"
#include "pare/pull_request.h"
#include "pare/session.h"
#include "pare/str.h"
#include "pare/world.h"

struct job {
	struct context c;
	struct review_port review;
	struct approval_port approvals;
	struct forge_port forge; /* self NULL: none */
	struct accounts accounts;
	struct str_list chosen; /* accounts; empty: all */
	struct approval *all; /* chosen ones, by wave and account */
	size_t all_count;
	/* the account under work, and its part of them */
	const char *account;
	struct aws *aws;
	struct read_port reads;
	const char *caller_arn, *caller_account;
	struct approval *approval;
	size_t count;
	/* the run over all accounts */
	const char *run; /* its id */
	struct reports reports;
	int failed; /* the worst exit code of an account that could not be worked on; 0 none */
	char tip[OID_HEX];
};

static bool wanted(const struct plan *p, const struct str_list *words)
{
	if (words->count == 0)
		return true;
	for (size_t i = 0; i < words->count; i++) {
		const char *w = words->item[i];
		if (str_starts(p->id, w) || (strlen(w) >= 8 && str_starts(p->digest, w)) ||
		    str_equal(p->principal.arn, w) || str_equal_nocase(p->principal.name, w))
			return true;
	}
	return false;
}

/* Keeps the plans that may run now. A plan that was named and may not is a refusal; one that was
 * not named is only told of. */
static bool choose(struct job *j, struct approval *all, size_t count, struct err *e)
{
	struct context *c = &j->c;
	bool named = c->o->words.count > 0;
	j->approval = arena_array(c->arena, count + 1, sizeof *j->approval);
	for (size_t i = 0; i < count; i++) {
		const struct plan *p = all[i].plan;
		if (!wanted(p, &c->o->words) || (all[i].finished && !named))
			continue;
		if (all[i].finished) {
			note(c, "plan '%s' was carried out before; nothing to do", p->id);
			continue;
		}
		if (!all[i].approved && named)
			return err_set(e, ERR_REFUSED, "applying plan '%s': %s", p->id, all[i].missing);
		if (!all[i].approved)
			note(c, "not applied: plan '%s': %s", p->id, all[i].missing);
		else
			j->approval[j->count++] = all[i];
	}
	if (named && j->count == 0 && count == 0)
		return err_set(e, ERR_NOT_FOUND,
			       "applying '%s': there is no such plan on branch '%s' of the review repository; "
			       "is its proposal merged?",
			       c->o->words.item[0], c->config.repository.branch);
	return true;
}

static bool chosen(const struct job *j, const char *account)
{
	return j->chosen.count == 0 || str_list_has(&j->chosen, account);
}

/* What the waves by unit and tag mean for the accounts of this run. */
static bool settle_waves(struct job *j, struct err *e)
{
	struct str_list accounts = {0};
	for (size_t i = 0; i < j->count; i++)
		if (chosen(j, j->approval[i].plan->account))
			str_list_add(j->c.arena, &accounts, j->approval[i].plan->account);
	str_list_sort(&accounts);
	return accounts_waves(&j->accounts, &accounts, e);
}

/* Without a role to assume in others, the caller's own account only; never one that is closed. */
static bool reachable_only(struct job *j, struct err *e)
{
	const struct options *o = j->c.o;
	size_t kept = 0;
	for (size_t i = 0; i < j->count; i++) {
		const struct plan *p = j->approval[i].plan;
		bool own = strcmp(p->account, j->accounts.caller_account) == 0;
		const char *closed = accounts_inactive(&j->accounts, p->account);
		if (!chosen(j, p->account))
			continue;
		if (closed != NULL && o->words.count > 0)
			return err_set(e, ERR_REFUSED, "applying plan '%s': account %s is %s in AWS Organizations",
				       p->id, p->account, closed);
		if (closed != NULL)
			note(&j->c, "not applied: plan '%s': account %s is %s in AWS Organizations", p->id, p->account,
			     closed);
		else if (own || j->c.config.accounts.assume_role != NULL)
			j->approval[kept++] = j->approval[i];
		else if (o->words.count > 0)
			return err_set(e, ERR_REFUSED,
				       "applying plan '%s': it is for account %s, and the credentials are of "
				       "account %s",
				       p->id, p->account, j->accounts.caller_account);
		else
			note(&j->c, "not applied: plan '%s' is for account %s, not %s", p->id, p->account,
			     j->accounts.caller_account);
	}
	j->count = kept;
	return true;
}

static int by_wave(const void *x, const void *y, void *config)
{
	const struct plan *p = ((const struct approval *)x)->plan, *q = ((const struct approval *)y)->plan;
	size_t v = account_wave(config, p->account), w = account_wave(config, q->account);
	if (v != w)
		return v < w ? -1 : 1;
	int order = strcmp(p->account, q->account);
	return order != 0 ? order : strcmp(p->id, q->id);
}

static bool too_many(struct err *e, size_t count, size_t limit)
{
	return err_set(e, ERR_REFUSED,
		       "applying %zu plans: the configuration allows %zu in a run; give "
		       "'--max-changes %zu' to apply the first ones",
		       count, limit, limit);
}

static bool within_limits(struct job *j, struct err *e)
{
	size_t run = (size_t)j->c.config.limits.changes_per_run;
	size_t account = (size_t)j->c.config.limits.changes_per_account, of_account = 0;
	if (j->c.o->max_changes > 0 && (size_t)j->c.o->max_changes < j->count)
		j->count = (size_t)j->c.o->max_changes;
	if (j->count > run)
		return too_many(e, j->count, run < account ? run : account);
	for (size_t i = 0; i < j->count; i++) {
		bool same = i > 0 && strcmp(j->approval[i].plan->account, j->approval[i - 1].plan->account) == 0;
		of_account = same ? of_account + 1 : 1;
		if (of_account > account)
			return too_many(e, j->count, account);
	}
	return true;
}

static bool prepare(struct job *j, struct arena *a, const struct options *o, struct err *e)
{
	struct approval *all;
	size_t count;
	if (!account_options_valid(o, e) || !context_open(a, o, &j->c, e) || !context_review(&j->c, &j->review, e))
		return false;
	context_approvals(&j->c, &j->review, &j->forge, &j->approvals);
	if (!approvals_read(a, &j->review, &j->c.store, &j->c.config, &j->approvals, NULL, j->c.now_ms, &all, &count,
			    j->tip, e) ||
	    !choose(j, all, count, e))
		return false;
	if (j->count == 0)
		return true;
	struct arn arn = {.region = NULL};
	const char *analyzer = j->approval[0].plan->source.analyzer;
	if (analyzer == NULL)
		analyzer = j->c.config.analyzer;
	if (analyzer != NULL && !arn_parse(a, analyzer, &arn, e))
		return false;
	if (!accounts_open(&j->c, arn.region, &j->accounts, e) ||
	    !accounts_choose(&j->accounts, &j->chosen, e) || !settle_waves(j, e) || !reachable_only(j, e))
		return false;
	if (j->count > 1)
		qsort_r(j->approval, j->count, sizeof *j->approval, by_wave, &j->c.config);
	if (!within_limits(j, e))
		return false;
	j->all = j->approval;
	j->all_count = j->count;
	return true;
}

/* The plans from `start` on that are of one account; how many. */
static size_t take_account(struct job *j, size_t start)
{
	j->approval = &j->all[start];
	j->account = j->all[start].plan->account;
	j->count = 0;
	while (start + j->count < j->all_count &&
	       strcmp(j->all[start + j->count].plan->account, j->account) == 0)
		j->count++;
	return j->count;
}

static bool open_account(struct job *j, struct arena *a, struct err *e)
{
	struct account_access x;
	const char *session = str_printf(a, "pare-%.12s", j->approval[0].plan->digest);
	if (!account_open(&j->accounts, a, j->account, session, false, &x, e))
		return err_wrap(e, "account %s", j->account);
	for (size_t i = 0; i < j->count; i++)
		if (!account_route_plan(&j->accounts, a, &x, session, j->approval[i].plan, e))
			return false;
	j->aws = x.aws;
	j->reads = aws_read_port(x.aws);
	j->caller_arn = x.caller_arn;
	j->caller_account = j->account;
	return true;
}

static int dry_account(struct job *j, struct json_writer *out)
{
	struct err e;
	int code = EXIT_DONE;
	struct json_writer w = *out;
	for (size_t i = 0; i < j->count; i++) {
		const struct plan *p = j->approval[i].plan;
		struct dry_line *line;
		size_t count;
		if (!apply_dry(j->c.arena, &j->reads, p, &line, &count, &e)) {
			complain(&e);
			code = exit_code_of(&e);
			continue;
		}
		if (!j->c.o->json)
			say(&j->c, BOLD, "%s  %s\n", p->principal.name, p->id);
		json_open(&w, '{');
		json_member_text(&w, "plan", p->id);
		json_key(&w, "calls");
		json_open(&w, '[');
		for (size_t k = 0; k < count; k++) {
			json_open(&w, '{');
			json_member_integer(&w, "step", (int64_t)line[k].n);
			json_member_text(&w, "call", line[k].text);
			json_member_bool(&w, "alreadyDone", line[k].already_done);
			json_close(&w, '}');
			if (!j->c.o->json)
				say(&j->c, line[k].already_done ? DIM : PLAIN, "  %zu. %s%s\n", line[k].n,
				    line[k].text, line[k].already_done ? "  (done already)" : "");
		}
		json_close(&w, ']');
		json_close(&w, '}');
	}
	*out = w;
	return code;
}

static int dry_run(struct job *j)
{
	struct err e;
	int code = EXIT_DONE;
	struct json_writer w = json_page(j->c.arena, 64u * 1024 * 1024);
	json_open(&w, '[');
	for (size_t i = 0; i < j->all_count; i += j->count) {
		struct arena *moment = arena_new(j->c.arena);
		take_account(j, i);
		int got = EXIT_DONE;
		if (open_account(j, moment, &e)) {
			got = dry_account(j, &w);
		} else {
			complain(&e);
			got = exit_code_of(&e);
		}
		code = got != EXIT_DONE ? got : code;
		arena_free(moment);
	}
	json_close(&w, ']');
	if (j->c.o->json)
		say_json(&w);
	else if (j->all_count == 0)
		say(&j->c, PLAIN, "nothing would be called: no approved plan is waiting\n");
	else
		say(&j->c, PLAIN, "Dry run: nothing was called that writes.\n");
	return code;
}

static int code_of(const struct apply_report *r)
{
	switch (r->result) {
	case APPLY_APPLIED:
	case APPLY_ALREADY:
		return EXIT_DONE;
	case APPLY_UNDONE:
		return EXIT_UNKNOWN;
	case APPLY_REFUSED:
		/* What could not even be looked at failed, and nothing changed. */
		return r->why.kind == ERR_UNAVAILABLE || r->why.kind == ERR_THROTTLED || r->why.kind == ERR_AUTH
			       ? EXIT_FAILED
			       : EXIT_REFUSED;
	case APPLY_PARTIAL:
		return EXIT_PERSON;
	case APPLY_INTERRUPTED:
		return EXIT_INTERRUPTED;
	}
	return EXIT_PERSON;
}

/* The worst end decides: a person, then interrupted, rolled back, refused. */
int worst(const struct apply_report *r, size_t count)
{
	static const int order[] = {EXIT_PERSON, EXIT_INTERRUPTED, EXIT_UNKNOWN, EXIT_REFUSED, EXIT_FAILED};
	for (size_t k = 0; k < sizeof order / sizeof order[0]; k++)
		for (size_t i = 0; i < count; i++)
			if (code_of(&r[i]) == order[k])
				return order[k];
	return EXIT_DONE;
}

/* In what state the role is. */
static const char *state_of(const struct apply_report *r)
{
	bool touched = r->aws_writes > 0 || r->resumed;
	switch (r->result) {
	case APPLY_APPLIED:
		return "the role is exactly as planned, read back";
	case APPLY_ALREADY:
		return "the role was as planned already; nothing was written";
	case APPLY_UNDONE:
		return touched ? "what the plan did is undone, read back" : "nothing was written";
	case APPLY_REFUSED:
		return "nothing was written";
	case APPLY_PARTIAL:
		return "the role is neither as planned nor as it was: a person must look";
	case APPLY_INTERRUPTED:
		return touched ? "the role is on its way: it can do everything that the plan leaves it"
			       : "nothing was written yet";
	}
	return "";
}

static const char *next_command(struct arena *a, const struct apply_report *r)
{
	switch (r->result) {
	case APPLY_APPLIED:
	case APPLY_ALREADY:
		return str_printf(a, "to take it back: pare rollback %s", r->plan->principal.name);
	case APPLY_UNDONE:
	case APPLY_REFUSED:
		return "next: pare plan";
	case APPLY_PARTIAL:
		return str_printf(a, "look at the role, then: pare apply %s", r->plan->id);
	case APPLY_INTERRUPTED:
		return str_printf(a, "to go on: pare apply %s", r->plan->id);
	}
	return "";
}

/* How many plans ended how, and the one command that brings all of them on. */
static void say_totals(const struct context *c, const struct apply_report *r, size_t count)
{
	size_t ended[APPLY_INTERRUPTED + 1] = {0}, calls = 0, writes = 0;
	for (size_t i = 0; i < count; i++) {
		ended[r[i].result]++;
		calls += r[i].aws_calls;
		writes += r[i].aws_writes;
	}
	say(c, BOLD, "%zu plans:", count);
	const char *separator = " ";
	for (size_t k = 0; k <= APPLY_INTERRUPTED; k++) {
		if (ended[k] == 0)
			continue;
		say(c, PLAIN, "%s%zu %s", separator, ended[k], apply_result_name((enum apply_result)k));
		separator = ", ";
	}
	say(c, PLAIN, "; %zu AWS calls, %zu of them writes\n", calls, writes);
	if (ended[APPLY_INTERRUPTED] + ended[APPLY_PARTIAL] > 0)
		say(c, BOLD, "next: pare apply\n");
	else if (ended[APPLY_UNDONE] + ended[APPLY_REFUSED] > 0)
		say(c, BOLD, "next: pare plan\n");
}

void say_reports(const struct context *c, const struct apply_report *r, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		enum style s = code_of(&r[i]) == EXIT_DONE ? GREEN
			       : r[i].result == APPLY_PARTIAL    ? RED
								 : YELLOW;
		say(c, s, "%-11s", apply_result_name(r[i].result));
		say(c, PLAIN, " %s  plan %s%s: %zu AWS calls, %zu of them writes\n",
		    r[i].plan->principal.name, r[i].plan->id, r[i].resumed ? " (resumed)" : "",
		    r[i].aws_calls, r[i].aws_writes);
		say(c, PLAIN, "            %s\n", state_of(&r[i]));
		if (r[i].why.kind != ERR_NONE)
			say(c, PLAIN, "            why: %s\n", r[i].why.message);
		for (size_t k = 0; k < r[i].left.count; k++)
			say(c, PLAIN, "            left, because others use it: %s\n", r[i].left.item[k]);
		say(c, DIM, "            %s\n", next_command(c->arena, &r[i]));
	}
	if (count == 0)
		say(c, PLAIN, "nothing to apply: no approved plan is waiting\n");
	else if (count > 1)
		say_totals(c, r, count);
}

static void print_reports(struct arena *a, const struct apply_report *r, size_t count)
{
	struct json_writer w = json_page(a, 64u * 1024 * 1024);
	json_open(&w, '[');
	for (size_t i = 0; i < count; i++) {
		json_open(&w, '{');
		json_member_text(&w, "plan", r[i].plan->id);
		json_member_text(&w, "digest", r[i].plan->digest);
		json_member_text(&w, "principal", r[i].plan->principal.arn);
		json_member_text(&w, "result", apply_result_name(r[i].result));
		json_member_text(&w, "why", r[i].why.kind != ERR_NONE ? r[i].why.message : NULL);
		json_member_list(&w, "left", &r[i].left);
		json_member_text(&w, "run", r[i].receipt != NULL ? r[i].receipt->run : NULL);
		json_member_text(&w, "kind", r[i].why.kind != ERR_NONE ? err_kind_name(r[i].why.kind) : NULL);
		json_member_text(&w, "state", state_of(&r[i]));
		json_member_text(&w, "next", next_command(a, &r[i]));
		json_member_bool(&w, "resumed", r[i].resumed);
		json_member_integer(&w, "awsCalls", (int64_t)r[i].aws_calls);
		json_member_integer(&w, "awsWrites", (int64_t)r[i].aws_writes);
		json_close(&w, '}');
	}
	json_close(&w, ']');
	say_json(&w);
}

/* Milliseconds between the barrier's read-backs; a thousand unless the environment says less or
 * more: account and network differ in how far their reads lag. */
static int64_t observe_gap_ms(void)
{
	const char *text = getenv("PARE_OBSERVE_GAP_MS");
	char *end = NULL;
	long value = str_empty(text) ? 1000 : strtol(text, &end, 10);
	return end != NULL && *end == '\0' && value >= 1 && value <= 60000 ? value : 1000;
}

/* For the people who find the account locked. */
static const char *host_name(struct arena *a)
{
	char name[256];
	if (gethostname(name, sizeof name) != 0)
		return "unknown host";
	name[sizeof name - 1] = '\0';
	return arena_strdup(a, name);
}

struct session executor_session(struct context *c, struct aws *aws, const struct review_port *review,
				const struct approval_port *approvals, const char *caller_arn,
				const char *caller_account)
{
	struct calendar_port *calendar = arena_alloc(c->arena, sizeof *calendar);
	*calendar = change_calendar(c->arena, &c->clock);
	struct read_port *reads = arena_alloc(c->arena, sizeof *reads);
	*reads = aws_read_port(aws);
	return (struct session){
		.setting = {.config = &c->config,
			    .catalog = c->catalog,
			    .caller_arn = caller_arn,
			    .caller_account = caller_account,
			    .concurrency = c->o->concurrency > 0 ? (size_t)c->o->concurrency : 8,
			    .observations = 3,
			    .observe_gap_ms = observe_gap_ms(),
			    .observe_limit_ms = 120 * observe_gap_ms(),
			    .max_failures = 3},
		.aws = aws_write_port(aws),
		.reads = reads,
		.review = review,
		.approvals = approvals,
		.calendar = calendar,
		.store = &c->store,
		.clock = &c->clock,
		.progress = &c->progress,
		.host = host_name(c->arena),
	};
}

/* The pull requests learn what became of them; nothing did of those that AWS was not asked about.
 * Nothing here changes how apply ended. */
static void tell_forge(struct job *j)
{
	struct str_list notes = {0};
	struct apply_report *told = arena_array(j->c.arena, j->reports.count + 1, sizeof *told);
	size_t count = 0;
	for (size_t i = 0; i < j->reports.count; i++)
		if (j->reports.item[i].result != APPLY_INTERRUPTED || j->reports.item[i].aws_calls > 0)
			told[count++] = j->reports.item[i];
	if (count == 0 || j->forge.self == NULL)
		return;
	pull_request_comment(j->c.arena, &j->forge, told, count, &notes);
	for (size_t i = 0; i < notes.count; i++)
		note(&j->c, "%s", notes.item[i]);
}

/* An account that could not be worked on: each of its plans is as far as it was. */
static void report_untouched(struct job *j, const struct err *why)
{
	struct apply_report *r = arena_array(j->c.arena, j->count, sizeof *r);
	for (size_t i = 0; i < j->count; i++)
		r[i] = (struct apply_report){.plan = j->approval[i].plan, .result = APPLY_INTERRUPTED, .why = *why,
					     .resumed = j->approval[i].started};
	reports_add(j->c.arena, &j->reports, r, j->count);
}

/* One account: its own keys, session, lock and budget. false: not everything in it was applied. */
static bool run_account(struct job *j)
{
	struct arena *a = j->c.arena, *moment = arena_new(a);
	struct apply_report *report = NULL;
	struct str_list digests = {0};
	struct err e;
	size_t count = 0;
	for (size_t i = 0; i < j->count; i++)
		str_list_add(a, &digests, j->approval[i].plan->digest);
	bool ok = open_account(j, moment, &e);
	if (ok) {
		struct session s = executor_session(&j->c, j->aws, &j->review, &j->approvals, j->caller_arn,
						    j->caller_account);
		s.run = j->run;
		ok = session_run(a, &s, &digests, &report, &count, &e);
		if (j->c.o->verbose)
			note(&j->c, "%zu requests to AWS over %zu connections", aws_exchanges(j->aws),
			     aws_connections(j->aws));
	}
	if (!ok) {
		complain(&e);
		j->failed = exit_code_of(&e);
		if (count == 0)
			report_untouched(j, &e);
	}
	reports_add(a, &j->reports, report, count);
	arena_free(moment);
	return ok && worst(report, count) == EXIT_DONE;
}

static bool work_in(void *self, const char *account)
{
	struct job *j = self;
	size_t i = 0;
	while (strcmp(j->all[i].plan->account, account) != 0)
		i++;
	take_account(j, i);
	return run_account(j);
}

static void run_all(struct job *j)
{
	struct str_list accounts = {0};
	size_t left = j->all_count;
	const char *why;
	for (size_t i = 0; i < j->all_count; i += j->count) {
		take_account(j, i);
		str_list_add(j->c.arena, &accounts, j->account);
	}
	j->run = session_run_id(j->c.arena, j->accounts.caller_account, j->c.clock.now_ms(j->c.clock.self));
	size_t begun = rollout(&j->c, &accounts, work_in, j, &why);
	if (begun == accounts.count)
		return;
	while (left > 0 && strcmp(j->all[j->all_count - left].plan->account, accounts.item[begun]) != 0)
		left--;
	note(&j->c, "%s: %zu plans were not started; 'pare apply' goes on with them",
	     why != NULL ? why : "interrupted", left);
	if (why == NULL)
		j->failed = EXIT_INTERRUPTED;
}

static int carry_out(struct job *j)
{
	run_all(j);
	const struct apply_report *report = j->reports.item;
	size_t count = j->reports.count;
	if (j->c.o->json)
		print_reports(j->c.arena, report, count);
	else if (j->failed == 0 || count > 0)
		say_reports(&j->c, report, count);
	tell_forge(j);
	int code = worst(report, count);
	return code == EXIT_PERSON || j->failed == 0 ? code : j->failed;
}

int command_apply(struct arena *a, const struct options *o)
{
	struct job j = {0};
	struct err e;
	if (!prepare(&j, a, o, &e)) {
		complain(&e);
		return exit_code_of(&e);
	}
	return o->dry_run ? dry_run(&j) : carry_out(&j);
}
