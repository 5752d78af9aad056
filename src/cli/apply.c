#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "pare/arn.h"
#include "pare/session.h"
#include "pare/str.h"

struct job {
	struct context c;
	struct review_port review;
	struct aws *aws;
	struct read_port reads;
	const char *caller_arn, *caller_account;
	struct approval *approval; /* chosen ones */
	size_t count;
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

static bool own_account_only(struct job *j, struct err *e)
{
	size_t kept = 0;
	for (size_t i = 0; i < j->count; i++) {
		const struct plan *p = j->approval[i].plan;
		if (strcmp(p->account, j->caller_account) == 0)
			j->approval[kept++] = j->approval[i];
		else if (j->c.o->words.count > 0)
			return err_set(e, ERR_REFUSED,
				       "applying plan '%s': it is for account %s, and the credentials are of "
				       "account %s",
				       p->id, p->account, j->caller_account);
		else
			note(&j->c, "not applied: plan '%s' is for account %s, not %s", p->id, p->account,
			     j->caller_account);
	}
	j->count = kept;
	return true;
}

static bool within_limits(struct job *j, struct err *e)
{
	size_t run = (size_t)j->c.config.limits.changes_per_run;
	size_t account = (size_t)j->c.config.limits.changes_per_account;
	size_t limit = run < account ? run : account;
	if (j->c.o->max_changes > 0 && (size_t)j->c.o->max_changes < j->count)
		j->count = (size_t)j->c.o->max_changes;
	if (j->count > limit)
		return err_set(e, ERR_REFUSED,
			       "applying %zu plans: the configuration allows %zu in a run; give "
			       "'--max-changes %zu' to apply the first ones",
			       j->count, limit, limit);
	return true;
}

static bool prepare(struct job *j, struct arena *a, const struct options *o, struct err *e)
{
	struct approval *all;
	size_t count;
	if (!context_open(a, o, &j->c, e) || !context_review(&j->c, &j->review, e) ||
	    !approvals_read(a, &j->review, &j->c.store, &j->c.config, NULL, j->c.now_ms, &all, &count,
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
	if (!context_aws(&j->c, arn.region, &j->aws, e))
		return false;
	j->reads = aws_read_port(j->aws);
	return context_caller(&j->c, &j->reads, &j->caller_arn, &j->caller_account, e) &&
	       own_account_only(j, e) && within_limits(j, e);
}

static int dry_run(struct job *j)
{
	struct err e;
	int code = EXIT_DONE;
	struct buf *b = buf_new(j->c.arena, 64u * 1024 * 1024);
	struct json_writer w;
	json_start(&w, b, false);
	json_open(&w, '[');
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
	json_close(&w, ']');
	buf_putc(b, '\n');
	if (j->c.o->json)
		say_raw(b->data, b->len);
	else if (j->count == 0)
		say(&j->c, PLAIN, "nothing would be called: no approved plan is waiting\n");
	else
		say(&j->c, PLAIN, "Dry run: nothing was called that writes.\n");
	return code;
}

static int code_of(enum apply_result r)
{
	switch (r) {
	case APPLY_APPLIED:
	case APPLY_ALREADY:
		return EXIT_DONE;
	case APPLY_UNDONE:
		return EXIT_UNKNOWN;
	case APPLY_REFUSED:
		return EXIT_REFUSED;
	case APPLY_PARTIAL:
		return EXIT_PERSON;
	case APPLY_INTERRUPTED:
		return EXIT_INTERRUPTED;
	}
	return EXIT_PERSON;
}

/* The worst end decides: a person, then interrupted, rolled back, refused. */
static int worst(const struct apply_report *r, size_t count)
{
	static const int order[] = {EXIT_PERSON, EXIT_INTERRUPTED, EXIT_UNKNOWN, EXIT_REFUSED};
	for (size_t k = 0; k < sizeof order / sizeof order[0]; k++)
		for (size_t i = 0; i < count; i++)
			if (code_of(r[i].result) == order[k])
				return order[k];
	return EXIT_DONE;
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

static void say_reports(const struct context *c, const struct apply_report *r, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		enum style s = code_of(r[i].result) == EXIT_DONE ? GREEN
			       : r[i].result == APPLY_PARTIAL    ? RED
								 : YELLOW;
		say(c, s, "%-11s", apply_result_name(r[i].result));
		say(c, PLAIN, " %s  plan %s%s: %zu AWS calls, %zu of them writes\n",
		    r[i].plan->principal.name, r[i].plan->id, r[i].resumed ? " (resumed)" : "",
		    r[i].aws_calls, r[i].aws_writes);
		if (r[i].why.kind != ERR_NONE)
			say(c, PLAIN, "            %s\n", r[i].why.message);
		say(c, DIM, "            %s\n", next_command(c->arena, &r[i]));
	}
	if (count == 0)
		say(c, PLAIN, "nothing to apply: no approved plan is waiting\n");
}

static void print_reports(struct arena *a, const struct apply_report *r, size_t count)
{
	struct buf *b = buf_new(a, 64u * 1024 * 1024);
	struct json_writer w;
	json_start(&w, b, false);
	json_open(&w, '[');
	for (size_t i = 0; i < count; i++) {
		json_open(&w, '{');
		json_member_text(&w, "plan", r[i].plan->id);
		json_member_text(&w, "digest", r[i].plan->digest);
		json_member_text(&w, "principal", r[i].plan->principal.arn);
		json_member_text(&w, "result", apply_result_name(r[i].result));
		json_member_text(&w, "why", r[i].why.kind != ERR_NONE ? r[i].why.message : NULL);
		json_member_text(&w, "kind", r[i].why.kind != ERR_NONE ? err_kind_name(r[i].why.kind) : NULL);
		json_member_bool(&w, "resumed", r[i].resumed);
		json_member_integer(&w, "awsCalls", (int64_t)r[i].aws_calls);
		json_member_integer(&w, "awsWrites", (int64_t)r[i].aws_writes);
		json_close(&w, '}');
	}
	json_close(&w, ']');
	buf_putc(b, '\n');
	say_raw(b->data, b->len);
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

static struct session session_of(struct job *j)
{
	return (struct session){
		.setting = {.config = &j->c.config,
			    .catalog = j->c.catalog,
			    .caller_arn = j->caller_arn,
			    .caller_account = j->caller_account,
			    .concurrency = 8,
			    .observations = 3,
			    .observe_gap_ms = observe_gap_ms(),
			    .observe_limit_ms = 120000,
			    .max_failures = 3},
		.aws = aws_write_port(j->aws),
		.review = &j->review,
		.store = &j->c.store,
		.clock = &j->c.clock,
		.progress = &j->c.progress,
		.host = host_name(j->c.arena),
	};
}

static int carry_out(struct job *j)
{
	struct arena *a = j->c.arena;
	struct apply_report *report = NULL;
	struct str_list digests = {0};
	struct err e;
	size_t count = 0;
	bool ok = true;
	for (size_t i = 0; i < j->count; i++)
		str_list_add(a, &digests, j->approval[i].plan->digest);
	if (j->count > 0) {
		struct session s = session_of(j);
		ok = session_run(a, &s, &digests, &report, &count, &e);
	}
	if (j->c.o->json)
		print_reports(a, report, count);
	else if (ok || count > 0)
		say_reports(&j->c, report, count);
	if (!ok) {
		complain(&e);
		return count > 0 && worst(report, count) == EXIT_PERSON ? EXIT_PERSON : exit_code_of(&e);
	}
	return worst(report, count);
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
