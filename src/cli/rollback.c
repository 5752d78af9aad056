/* rollback: finds what is to be taken back, drafts it, and shows what a person changed since. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "pare/arn.h"
#include "pare/observe.h"
#include "pare/rollback.h"
#include "pare/str.h"
#include "pare/when.h"

enum { RECEIPT_MAX_BYTES = 4 * 1024 * 1024 };

struct entry { /* one plan to take back */
	struct receipt *receipt;
	const char *newer; /* id of a plan that was applied to the role since, or NULL */
	struct plan *done, *plan;
	struct principal *live;
	struct rollback_change *change; /* where a person's change is in the way, or is left */
	size_t change_count;
	bool ok;
	struct err err;
};

/* The AWS of one account: opened once, and what went wrong is remembered. */
struct place {
	const char *account;
	bool ok;
	struct err err;
	struct read_port reads;
	const char *caller_arn;
	struct quota quota;
};

struct job {
	struct context c;
	struct review_port review;
	char log[OID_HEX], tip[OID_HEX];
	struct receipt **receipt; /* all of pare/log */
	size_t receipt_count;
	struct entry *entry;
	size_t count;
	enum undo_scope scope;
	struct str_list patterns;
	struct accounts accounts;
	bool connected;
	struct place *place;
	size_t place_count;
};

/* --- which plans --- */

static bool read_receipts(struct job *j, struct err *e)
{
	struct context *c = &j->c;
	struct str_list paths = {0};
	const struct review_port *v = &j->review;
	if (j->log[0] != '\0' && !v->list(v->self, c->arena, j->log, "receipts", &paths, e))
		return false;
	j->receipt = arena_array(c->arena, paths.count + 1, sizeof(struct receipt *));
	for (size_t i = 0; i < paths.count; i++) {
		const char *bytes;
		size_t len;
		if (!v->read(v->self, c->arena, j->log, paths.item[i], RECEIPT_MAX_BYTES, &bytes, &len, e))
			return false;
		struct receipt *r = receipt_parse(c->arena, bytes, len, paths.item[i], e);
		if (r == NULL)
			return false;
		j->receipt[j->receipt_count++] = r;
	}
	return true;
}

static bool fits(const struct receipt *r, const char *word)
{
	return str_starts(r->plan_id, word) || str_equal(r->principal_arn, word) ||
	       (strlen(word) >= 8 && str_starts(r->plan_digest, word)) ||
	       str_equal_nocase(arn_name(r->principal_arn), word);
}

static bool later(const struct receipt *x, const struct receipt *y)
{
	int order = when_order(x->finished_at, y->finished_at);
	return order > 0 || (order == 0 && strcmp(x->plan_id, y->plan_id) > 0);
}

/* Archives or un-archives findings alone: no policy to take back. */
static bool archives_only(const struct receipt *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->step[i].op, "ArchiveFinding") != 0 &&
		    strcmp(r->step[i].op, "UnarchiveFinding") != 0)
			return false;
	return true;
}

/* A principal's name means what was done to its policies; an archived finding beside it has to be
 * named by its plan. */
static bool meant_more(const struct receipt *x, const struct receipt *y)
{
	bool quiet_x = archives_only(x), quiet_y = archives_only(y);
	return quiet_x != quiet_y ? quiet_y : later(x, y);
}

/* Why nothing that fits the word can be taken back. */
static bool nothing_applied(const struct receipt *other, const char *word, struct err *e)
{
	if (other == NULL)
		return err_set(e, ERR_NOT_FOUND,
			       "rolling back '%s': no receipt of an applied plan with this id, digest or role is on "
			       "branch 'pare/log'",
			       word);
	if (str_equal(other->result, "partial"))
		return err_set(e, ERR_REFUSED,
			       "rolling back plan '%s': it is neither done nor undone yet; run 'pare apply %s' first",
			       other->plan_id, other->plan_id);
	return err_set(e, ERR_REFUSED,
		       "rolling back plan '%s': its receipt says '%s': nothing of it is in effect, so there is "
		       "nothing to take back",
		       other->plan_id, other->result);
}

static void add_entry(struct job *j, struct receipt *r)
{
	for (size_t i = 0; i < j->count; i++)
		if (j->entry[i].receipt == r)
			return;
	struct entry *x = &j->entry[j->count++];
	x->receipt = r;
	for (size_t i = 0; i < j->receipt_count; i++) {
		const struct receipt *y = j->receipt[i];
		if (y != r && str_equal(y->result, "applied") &&
		    str_equal(y->principal_arn, r->principal_arn) && later(y, r) && !archives_only(y))
			x->newer = y->plan_id;
	}
}

static bool of_account(const struct job *j, const struct receipt *r)
{
	return j->c.o->account.count == 0 || str_list_has(&j->c.o->account, r->account);
}

/* Names are an account's own. */
static bool ambiguous(const struct receipt *x, const struct receipt *y, const char *word, struct err *e)
{
	return err_set(e, ERR_USAGE,
		       "rolling back '%s': plans of accounts %s and %s fit; name the plan or the ARN, or give "
		       "'--account ID'",
		       word, x->account, y->account);
}

/* The newest applied plan that fits. */
static bool choose_word(struct job *j, const char *word, struct err *e)
{
	struct receipt *best = NULL;
	const struct receipt *other = NULL;
	for (size_t i = 0; i < j->receipt_count; i++) {
		struct receipt *r = j->receipt[i];
		if (!fits(r, word) || !of_account(j, r))
			continue;
		if (best != NULL && str_equal(r->result, "applied") && !str_equal(r->account, best->account))
			return ambiguous(best, r, word, e);
		if (!str_equal(r->result, "applied"))
			other = other == NULL || later(r, other) ? r : other;
		else if (best == NULL || meant_more(r, best))
			best = r;
	}
	if (best == NULL)
		return nothing_applied(other, word, e);
	add_entry(j, best);
	return true;
}

static bool choose_run(struct job *j, const char *run, struct err *e)
{
	const char *wanted = strcmp(run, "last") == 0 ? NULL : run;
	for (size_t i = 0; strcmp(run, "last") == 0 && i < j->receipt_count; i++) {
		const struct receipt *r = j->receipt[i];
		if (r->run != NULL && str_equal(r->result, "applied") && of_account(j, r) &&
		    (wanted == NULL || strcmp(r->run, wanted) > 0))
			wanted = r->run;
	}
	for (size_t i = 0; wanted != NULL && i < j->receipt_count; i++)
		if (str_equal(j->receipt[i]->run, wanted) && str_equal(j->receipt[i]->result, "applied") &&
		    of_account(j, j->receipt[i]))
			add_entry(j, j->receipt[i]);
	if (j->count > 0)
		return true;
	return err_set(e, ERR_NOT_FOUND,
		       "rolling back run '%s': no receipt of an applied plan of this run is on branch "
		       "'pare/log'; 'pare status' shows the runs",
		       run);
}

static bool choose(struct job *j, struct err *e)
{
	const struct options *o = j->c.o;
	j->entry = arena_array(j->c.arena, j->receipt_count + 1, sizeof *j->entry);
	j->place = arena_array(j->c.arena, j->receipt_count + 1, sizeof *j->place);
	if (o->run_id != NULL)
		return choose_run(j, o->run_id, e);
	for (size_t i = 0; i < o->words.count; i++)
		if (!choose_word(j, o->words.item[i], e))
			return false;
	return true;
}

/* --- drafting --- */

/* The plan a receipt belongs to, read from the protected branch: what was approved and done,
 * whatever this machine's state folder holds. */
static bool read_done(struct job *j, struct entry *x, struct err *e)
{
	struct context *c = &j->c;
	const char *bytes;
	size_t len;
	const char *path = str_printf(c->arena, "accounts/%s/plans/%s/plan.json", x->receipt->account,
				      x->receipt->plan_id);
	/* What was carried out under a standing approval is recorded on the log. */
	if (!j->review.read(j->review.self, c->arena, j->tip, path, PLAN_MAX_BYTES, &bytes, &len, e) &&
	    (e->kind != ERR_NOT_FOUND ||
	     !j->review.read(j->review.self, c->arena, j->log, path, PLAN_MAX_BYTES, &bytes, &len, e)))
		return err_wrap(e, "rolling back plan '%s'", x->receipt->plan_id);
	x->done = plan_parse(c->arena, bytes, len, path, e);
	if (x->done == NULL)
		return false;
	if (str_equal(x->done->digest, x->receipt->plan_digest))
		return true;
	return err_set(e, ERR_REFUSED,
		       "reading plan '%s': its digest %s is not the one that was carried out, %s", x->done->id,
		       x->done->digest, x->receipt->plan_digest);
}

/* Who we are; in the region of the analyzer that the first plan came from. */
static bool connect(struct job *j, const struct plan *done, struct err *e)
{
	struct arn arn = {.region = NULL};
	if (j->connected)
		return true;
	if (done->source.analyzer != NULL && !arn_parse(j->c.arena, done->source.analyzer, &arn, e))
		return false;
	j->connected = accounts_open(&j->c, arn.region, &j->accounts, e);
	return j->connected;
}

/* Informs the quota gate; the defaults do where the credentials may not ask. */
static struct quota read_quota(struct job *j, const struct read_port *reads)
{
	struct call summary = {.op = CALL_GET_ACCOUNT_SUMMARY, .arena = j->c.arena};
	struct quota q = quota_default();
	if (!read_one(reads, &summary))
		return q;
	if (summary.summary.attached_per_role_quota > 0)
		q.attached_per_role = summary.summary.attached_per_role_quota;
	if (summary.summary.policies_quota > 0)
		q.policies_per_account = summary.summary.policies_quota;
	if (summary.summary.attached_per_user_quota > 0)
		q.attached_per_user = summary.summary.attached_per_user_quota;
	q.policies_in_use = summary.summary.policies;
	return q;
}

static void open_place(struct job *j, const struct plan *done, struct place *p)
{
	struct account_access x;
	const char *session = str_printf(j->c.arena, "pare-%.12s", done->digest);
	p->ok = account_open(&j->accounts, j->c.arena, p->account, session, true, &x, &p->err);
	if (!p->ok) {
		err_wrap(&p->err, "account %s", p->account);
		return;
	}
	p->reads = aws_read_port(x.aws);
	p->caller_arn = x.caller_arn;
	p->quota = read_quota(j, &p->reads);
}

/* The plan's account. One that cannot be worked in is asked once, however many plans are of it. */
static const struct place *place_of(struct job *j, const struct plan *done, struct err *e)
{
	struct place *p = j->place;
	size_t n = 0;
	if (!connect(j, done, e))
		return NULL;
	while (n < j->place_count && strcmp(p[n].account, done->account) != 0)
		n++;
	if (n == j->place_count) {
		p[j->place_count++] = (struct place){.account = done->account};
		open_place(j, done, &p[n]);
	}
	if (p[n].ok)
		return &p[n];
	*e = p[n].err;
	err_wrap(e, "rolling back plan '%s'", done->id);
	return NULL;
}

/* From the review repository; what is not there, from the state folder. */
static bool read_documents(struct job *j, const struct plan *done, struct document_list *out,
			   struct err *e)
{
	return document_read_review(j->c.arena, &j->review, j->tip, done, out, e) &&
	       (j->log[0] == '\0' || document_read_review(j->c.arena, &j->review, j->log, done, out, e)) &&
	       kept_documents(&j->c, done, out, e);
}

static bool read_role(struct job *j, const struct place *p, struct entry *x, struct err *e)
{
	size_t calls;
	x->live = observe_principal(j->c.arena, &p->reads, x->done->principal.type,
				    x->done->principal.name, NULL, &calls, e);
	if (x->live != NULL)
		return true;
	if (e->kind == ERR_NOT_FOUND)
		return err_set(e, ERR_REFUSED,
			       "rolling back plan '%s': %s '%s' is gone: there is nothing to give its policies back "
			       "to",
			       x->done->id, principal_type_name(x->done->principal.type), x->done->principal.name);
	return err_wrap(e, "rolling back plan '%s': account %s", x->done->id, p->account);
}

static bool draft_entry(struct job *j, struct entry *x, struct err *e)
{
	struct context *c = &j->c;
	struct rollback_policies policies;
	struct document_list documents = {0};
	if (!read_done(j, x, e))
		return false;
	const struct place *p = place_of(j, x->done, e);
	if (p == NULL || !read_role(j, p, x, e) || !read_documents(j, x->done, &documents, e) ||
	    !rollback_read(c->arena, &p->reads, x->done, &policies, e))
		return false;
	const struct draft_setting s = {&c->config, c->catalog, c->now_ms, p->caller_arn, 0, 0};
	const struct rollback_ask ask = {
		.done = x->done, .receipt = x->receipt, .live = x->live, .policies = &policies,
		.documents = &documents, .quota = &p->quota, .scope = j->scope, .patterns = j->patterns,
		.leave_touched = c->o->untouched};
	x->plan = rollback_draft(c->arena, &s, &ask, e);
	bool same_role = str_equal(x->live->unique_id, x->done->principal.unique_id);
	if (same_role && (x->plan == NULL ? e->kind == ERR_STALE : x->plan->undo_scope == UNDO_UNTOUCHED))
		x->change_count = rollback_changes(c->arena, &ask, &x->change);
	if (x->plan == NULL)
		return false;
	return keep_plan_of(c, x->plan, x->live, NULL, NULL,
			    x->plan->undo_scope == UNDO_PART ? &documents : NULL, e);
}

/* --- what it says --- */

static void say_changes(const struct context *c, const struct entry *x)
{
	if (x->change_count == 0)
		return;
	say(c, BOLD, "changed on %s %s since plan %s\n",
	    principal_type_name(x->done->principal.type), x->done->principal.name, x->done->id);
	for (size_t i = 0; i < x->change_count; i++) {
		const struct rollback_change *y = &x->change[i];
		say(c, YELLOW, "  %s %s %s\n", y->inlined ? "inline policy" : "policy", y->policy, y->what);
		say_diff(c, y->diff, "    ");
	}
	if (x->newer != NULL)
		say(c, PLAIN, "  plan %s was applied to the role since: roll that back first\n", x->newer);
	say(c, PLAIN, "\n");
}

static void say_entry(struct context *c, const struct entry *x)
{
	say_changes(c, x);
	if (x->plan == NULL)
		return;
	if (plan_undoes(x->done) != NULL)
		say(c, DIM, "plan %s is a rollback itself: this takes it back\n", x->done->id);
	view_plan(c, x->plan, x->live);
	say(c, PLAIN, "\nNothing was changed. Next: pare propose %s\n", x->plan->id);
}

static void print_changes(struct json_writer *w, const struct entry *x)
{
	json_key(w, "changedSince");
	json_open(w, '[');
	for (size_t i = 0; i < x->change_count; i++) {
		json_open(w, '{');
		json_member_text(w, "policy", x->change[i].policy);
		json_member_bool(w, "inline", x->change[i].inlined);
		json_member_text(w, "what", x->change[i].what);
		json_member_text(w, "diff", x->change[i].diff);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void print_entries(struct job *j)
{
	struct json_writer w = json_page(j->c.arena, 64u * 1024 * 1024);
	json_open(&w, '[');
	for (size_t i = 0; i < j->count; i++) {
		const struct entry *x = &j->entry[i];
		json_open(&w, '{');
		json_member_text(&w, "undoes", x->receipt->plan_id);
		json_member_text(&w, "account", x->receipt->account);
		json_member_text(&w, "principal", x->receipt->principal_arn);
		json_member_text(&w, "plan", x->plan != NULL ? x->plan->id : NULL);
		json_member_text(&w, "digest", x->plan != NULL ? x->plan->digest : NULL);
		json_member_text(&w, "scope", x->plan != NULL ? undo_scope_name(x->plan->undo_scope) : NULL);
		json_member_bool(&w, "allGatesPass", x->plan != NULL && plan_all_pass(x->plan));
		json_member_text(&w, "why", x->ok ? NULL : x->err.message);
		print_changes(&w, x);
		json_close(&w, '}');
	}
	json_close(&w, ']');
	say_json(&w);
}

static bool ask_right(struct job *j, struct err *e)
{
	const struct options *o = j->c.o;
	struct arena *a = j->c.arena;
	if ((o->words.count == 0) == (o->run_id == NULL))
		return err_set(e, ERR_USAGE,
			       "'pare rollback': expected plans or roles behind it, or '--run RUN' or '--run last'");
	if (!account_options_valid(o, e))
		return false;
	for (size_t i = 0; i < o->services.count; i++)
		if (!rollback_pattern(a, o->services.item[i], NULL, &j->patterns, e))
			return false;
	for (size_t i = 0; i < o->actions.count; i++)
		if (!rollback_pattern(a, NULL, o->actions.item[i], &j->patterns, e))
			return false;
	j->scope = j->patterns.count > 0 ? UNDO_PART : o->untouched ? UNDO_UNTOUCHED : UNDO_WHOLE;
	return true;
}

static bool open_job(struct job *j, struct arena *a, const struct options *o, struct err *e)
{
	if (!context_open(a, o, &j->c, e) || !ask_right(j, e) || !context_review(&j->c, &j->review, e))
		return false;
	const struct review_port *v = &j->review;
	const char *branch = str_printf(a, "refs/heads/%s", j->c.config.repository.branch);
	return v->fetch(v->self, e) && v->resolve(v->self, "refs/heads/pare/log", j->log, e) &&
	       v->resolve(v->self, branch, j->tip, e) && read_receipts(j, e) && choose(j, e);
}

int command_rollback(struct arena *a, const struct options *o)
{
	struct job j = {0};
	struct err e;
	int code = EXIT_DONE;
	if (!open_job(&j, a, o, &e)) {
		complain(&e);
		return exit_code_of(&e);
	}
	for (size_t i = 0; i < j.count; i++) {
		struct entry *x = &j.entry[i];
		x->ok = draft_entry(&j, x, &x->err);
		if (!o->json)
			say_entry(&j.c, x);
		if (!x->ok)
			complain(&x->err);
		if (!x->ok && code == EXIT_DONE)
			code = exit_code_of(&x->err);
		if (x->ok && !plan_all_pass(x->plan))
			code = EXIT_REFUSED;
	}
	if (o->json && j.count == 1 && j.entry[0].ok)
		say_raw(j.entry[0].plan->bytes, j.entry[0].plan->len);
	else if (o->json)
		print_entries(&j);
	return code;
}
