#include "pare/receipt.h"

#include <string.h>

#include "pare/str.h"

void receipt_print_approvals(const struct receipt *r, struct json_writer *w)
{
	json_key(w, "approvals");
	json_open(w, '[');
	for (size_t i = 0; i < r->approval_count; i++) {
		json_open(w, '{');
		json_member_text(w, "method", r->approval[i].method);
		json_member_text(w, "who", r->approval[i].who);
		json_member_text(w, "detail", r->approval[i].detail);
		json_close(w, '}');
	}
	json_close(w, ']');
}

void receipt_print(const struct receipt *r, struct buf *out)
{
	struct json_writer w;
	json_start(&w, out, false);
	json_open(&w, '{');
	json_member_text(&w, "schema", "pare.receipt/v1");
	json_member_text(&w, "planId", r->plan_id);
	json_member_text(&w, "planDigest", r->plan_digest);
	json_member_text(&w, "account", r->account);
	json_member_text(&w, "principal", r->principal_arn);
	json_member_text(&w, "result", r->result);
	json_member_text(&w, "reason", r->reason);
	json_member_text(&w, "startedAt", r->started_at);
	json_member_text(&w, "finishedAt", r->finished_at);
	json_member_text(&w, "executor", r->executor);
	if (r->run != NULL)
		json_member_text(&w, "run", r->run);
	json_member_text(&w, "tip", r->tip);
	json_member_text(&w, "journalSha256", r->journal_sha256);
	json_key(&w, "steps");
	json_open(&w, '[');
	for (size_t i = 0; i < r->count; i++) {
		json_open(&w, '{');
		json_member_integer(&w, "n", (int64_t)r->step[i].n);
		json_member_text(&w, "op", r->step[i].op);
		json_member_text(&w, "result", r->step[i].result);
		json_member_text(&w, "requestId", r->step[i].request_id);
		json_close(&w, '}');
	}
	json_close(&w, ']');
	receipt_print_approvals(r, &w);
	json_close(&w, '}');
	buf_putc(out, '\n');
}

static bool read_steps(struct arena *a, const struct json *list, struct receipt *r, struct err *e)
{
	if (list == NULL || list->type != JSON_ARRAY)
		return err_set(e, ERR_INPUT, "expected the list 'steps'");
	r->step = arena_array(a, list->count, sizeof *r->step);
	for (const struct json *v = list->first; v != NULL; v = v->next) {
		struct receipt_step *s = &r->step[r->count++];
		int64_t n;
		if (!json_integer(json_get(v, "n"), &n) || n < 1)
			return err_set(e, ERR_INPUT, "expected a step's number 'n'");
		s->n = (size_t)n;
		s->op = json_text(v, "op");
		s->result = json_text(v, "result");
		s->request_id = json_text(v, "requestId");
		if (s->op == NULL || s->result == NULL)
			return err_set(e, ERR_INPUT, "expected a step's 'op' and 'result'");
	}
	return true;
}

static bool read_approvals(struct arena *a, const struct json *list, struct receipt *r,
			   struct err *e)
{
	if (list == NULL || list->type != JSON_ARRAY)
		return err_set(e, ERR_INPUT, "expected the list 'approvals'");
	r->approval = arena_array(a, list->count, sizeof *r->approval);
	for (const struct json *v = list->first; v != NULL; v = v->next) {
		struct approval_note *note = &r->approval[r->approval_count++];
		*note = (struct approval_note){json_text(v, "method"), json_text(v, "who"),
					       json_text(v, "detail")};
		if (note->method == NULL)
			return err_set(e, ERR_INPUT, "expected an approval's 'method'");
	}
	return true;
}

static bool known_word(const char *const *known, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(known[i], word) == 0)
			return true;
	return false;
}

static bool known_results(const struct receipt *r, struct err *e)
{
	static const char *const whole[] = {"applied", "undone", "partial", "refused"};
	static const char *const steps[] = {"done", "already", "undone", "failed", "not-started"};
	if (!known_word(whole, 4, r->result))
		return err_set(e, ERR_INPUT, "unknown result '%s'", r->result);
	for (size_t i = 0; i < r->count; i++)
		if (!known_word(steps, 5, r->step[i].result))
			return err_set(e, ERR_INPUT, "step %zu: unknown result '%s'", r->step[i].n,
				       r->step[i].result);
	return true;
}

/* Like a plan, a receipt is its bytes: what prints differently was written by something else. */
static bool canonical(const struct receipt *r, const char *text, size_t len, struct err *e)
{
	struct arena *scratch = arena_new(NULL);
	struct buf *b = buf_new(scratch, len);
	receipt_print(r, b);
	bool same = buf_ok(b) && b->len == len && memcmp(b->data, text, len) == 0;
	arena_free(scratch);
	return same || err_set(e, ERR_INPUT, "it is not in canonical form; somebody or something rewrote it");
}

struct receipt *receipt_parse(struct arena *a, const char *text, size_t len, const char *what,
			      struct err *e)
{
	static const char *const allowed[] = {
		"schema", "planId", "planDigest", "account", "principal", "result", "reason", "startedAt",
		"finishedAt", "executor", "run", "tip", "journalSha256", "steps", "approvals"};
	struct receipt *r = arena_alloc(a, sizeof *r);
	const struct json *v = json_parse(a, text, len, what, e);
	if (v == NULL)
		return NULL;
	r->plan_id = json_text(v, "planId");
	r->plan_digest = json_text(v, "planDigest");
	r->account = json_text(v, "account");
	r->principal_arn = json_text(v, "principal");
	r->result = json_text(v, "result");
	r->reason = json_text(v, "reason");
	r->started_at = json_text(v, "startedAt");
	r->finished_at = json_text(v, "finishedAt");
	r->executor = json_text(v, "executor");
	r->run = json_text(v, "run");
	r->tip = json_text(v, "tip");
	r->journal_sha256 = json_text(v, "journalSha256");
	bool ok = json_only(v, allowed, sizeof allowed / sizeof allowed[0], "the receipt", e);
	if (ok && (!str_equal(json_text(v, "schema"), "pare.receipt/v1") || r->plan_id == NULL ||
		   r->plan_digest == NULL || r->account == NULL || r->principal_arn == NULL ||
		   r->result == NULL || r->finished_at == NULL))
		ok = err_set(e, ERR_INPUT, "expected schema pare.receipt/v1 with all its members");
	if (!ok || !read_steps(a, json_get(v, "steps"), r, e) ||
	    !read_approvals(a, json_get(v, "approvals"), r, e) || !known_results(r, e) ||
	    !canonical(r, text, len, e)) {
		err_wrap(e, "reading receipt '%s'", what);
		return NULL;
	}
	return r;
}
