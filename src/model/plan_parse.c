#include <string.h>

#include "pare/str.h"
#include "plan_check.h"

struct reader {
	struct arena *arena;
	struct err *e;
	bool ok;
};

/* The first failure stays; later reads give empty values. */
static const char *text_or_null(struct reader *r, const struct json *v, const char *key)
{
	const struct json *m = json_get(v, key);
	if (r->ok && (m == NULL || (m->type != JSON_STRING && m->type != JSON_NULL)))
		r->ok = err_set(r->e, ERR_INPUT, "expected the text '%s'", key);
	return m != NULL && m->type == JSON_STRING ? m->text : NULL;
}

static const char *text(struct reader *r, const struct json *v, const char *key)
{
	const char *found = text_or_null(r, v, key);
	if (r->ok && found == NULL)
		r->ok = err_set(r->e, ERR_INPUT, "expected the text '%s', got null", key);
	return found != NULL ? found : "";
}

static const struct json *object(struct reader *r, const struct json *v, const char *key,
				 const char *const *allowed, size_t count)
{
	const struct json *m = json_get(v, key);
	if (r->ok)
		r->ok = json_only(m, allowed, count, key, r->e);
	return m;
}

static const struct json *list(struct reader *r, const struct json *v, const char *key)
{
	static const struct json empty = {.type = JSON_ARRAY};
	const struct json *m = json_get(v, key);
	if (r->ok && (m == NULL || m->type != JSON_ARRAY))
		r->ok = err_set(r->e, ERR_INPUT, "expected the list '%s'", key);
	return m != NULL && m->type == JSON_ARRAY ? m : &empty;
}

static int64_t integer(struct reader *r, const struct json *v, const char *key)
{
	int64_t n = 0;
	if (!json_integer(json_get(v, key), &n) && r->ok)
		r->ok = err_set(r->e, ERR_INPUT, "expected the integer '%s'", key);
	return n;
}

static void texts(struct reader *r, const struct json *v, const char *key, struct str_list *out)
{
	for (const struct json *x = list(r, v, key)->first; x != NULL; x = x->next) {
		if (x->type != JSON_STRING && r->ok)
			r->ok = err_set(r->e, ERR_INPUT, "expected '%s' to hold texts", key);
		if (x->type == JSON_STRING)
			str_list_add(r->arena, out, x->text);
	}
}

static void read_principal(struct reader *r, const struct json *root, struct plan *p)
{
	static const char *const allowed[] = {"type", "arn", "name", "uniqueId", "path"};
	const struct json *v = object(r, root, "principal", allowed, 5);
	const char *type = text(r, v, "type");
	p->principal.type = strcmp(type, "user") == 0 ? PRINCIPAL_USER : PRINCIPAL_ROLE;
	if (r->ok && strcmp(type, "user") != 0 && strcmp(type, "role") != 0)
		r->ok = err_set(r->e, ERR_INPUT, "principal type '%s': expected role or user", type);
	p->principal.arn = text(r, v, "arn");
	p->principal.name = text(r, v, "name");
	p->principal.unique_id = text(r, v, "uniqueId");
	p->principal.path = text(r, v, "path");
}

static void read_source(struct reader *r, const struct json *root, struct plan *p)
{
	static const char *const allowed[] = {"analyzer", "finding", "findingUpdatedAt",
					      "recommendationSha256"};
	const struct json *v = object(r, root, "source", allowed, 4);
	p->source.analyzer = text_or_null(r, v, "analyzer");
	p->source.finding = text(r, v, "finding");
	p->source.finding_updated_at = text_or_null(r, v, "findingUpdatedAt");
	p->source.recommendation_sha256 = text_or_null(r, v, "recommendationSha256");
}

static bool undo_scope_parse(const char *name, enum undo_scope *out)
{
	for (*out = UNDO_WHOLE; *out <= UNDO_PART; (*out)++)
		if (strcmp(undo_scope_name(*out), name) == 0)
			return true;
	*out = UNDO_WHOLE;
	return false;
}

static void read_verdict(struct reader *r, const struct json *v, struct plan *p, bool rollback)
{
	static const char *const allowed[] = {"rule", "ruleSha256", "verdict", "reason", "until", "keep"};
	if (r->ok)
		r->ok = json_only(v, allowed, 6, "a verdict", r->e);
	struct verdict *out = &p->decision.verdict[p->decision.count++];
	out->rule = text(r, v, "rule");
	out->rule_sha256 = text(r, v, "ruleSha256");
	out->reason = text_or_null(r, v, "reason");
	out->until = text_or_null(r, v, "until");
	if (json_get(v, "keep") != NULL)
		texts(r, v, "keep", &out->keep);
	const char *name = text(r, v, "verdict");
	if (rollback && undo_scope_parse(name, &p->undo_scope)) {
		p->undoes = out->rule_sha256;
		p->undoes_reason = out->reason;
		p->gives_back = out->keep;
	} else if (r->ok && !verdict_parse(name, &out->kind)) {
		r->ok = err_set(r->e, ERR_INPUT, "unknown verdict '%s'", name);
	}
}

static void read_decision(struct reader *r, const struct json *root, struct plan *p)
{
	static const char *const allowed[] = {"outcome", "verdicts"};
	const struct json *v = object(r, root, "decision", allowed, 2);
	const char *outcome = text(r, v, "outcome");
	bool rollback = strcmp(outcome, "rollback") == 0;
	const struct json *verdicts = list(r, v, "verdicts");
	if (r->ok && !rollback && !verdict_parse(outcome, &p->decision.outcome))
		r->ok = err_set(r->e, ERR_INPUT, "unknown decision '%s'", outcome);
	p->decision.verdict = arena_array(r->arena, verdicts->count, sizeof *p->decision.verdict);
	for (const struct json *x = verdicts->first; x != NULL; x = x->next)
		read_verdict(r, x, p, rollback);
	if (r->ok && rollback && (p->undoes == NULL || p->decision.count != 1))
		r->ok = err_set(r->e, ERR_INPUT, "a rollback must name the one plan it undoes");
	if (r->ok && (p->undo_scope == UNDO_PART) != (p->gives_back.count > 0))
		r->ok = err_set(r->e, ERR_INPUT, "a rollback in part, and no other, names what it gives back");
	if (rollback)
		p->decision.count = 0;
	p->decision.rules_sha256 = text(r, root, "rulesSha256");
}

static void read_preconditions(struct reader *r, const struct json *root, struct plan *p)
{
	static const char *const allowed[] = {"attached", "inline", "boundary", "tagsSha256"};
	const struct json *v = object(r, root, "preconditions", allowed, 4);
	const struct json *attached = list(r, v, "attached"), *inlines = list(r, v, "inline");
	p->preconditions.attached =
		arena_array(r->arena, attached->count, sizeof *p->preconditions.attached);
	for (const struct json *x = attached->first; x != NULL; x = x->next) {
		struct precondition_attached *out =
			&p->preconditions.attached[p->preconditions.attached_count++];
		out->arn = text(r, x, "arn");
		out->default_version = text_or_null(r, x, "defaultVersion");
		out->update_date = text_or_null(r, x, "updateDate");
		out->document_sha256 = text_or_null(r, x, "documentSha256");
	}
	p->preconditions.inline_policy =
		arena_array(r->arena, inlines->count, sizeof *p->preconditions.inline_policy);
	for (const struct json *x = inlines->first; x != NULL; x = x->next) {
		struct precondition_inline *out =
			&p->preconditions.inline_policy[p->preconditions.inline_count++];
		out->name = text(r, x, "name");
		out->document_sha256 = text(r, x, "documentSha256");
	}
	p->preconditions.boundary = text_or_null(r, v, "boundary");
	p->preconditions.tags_sha256 = text(r, v, "tagsSha256");
}

static void read_steps(struct reader *r, const struct json *root, struct plan *p)
{
	const struct json *steps = list(r, root, "steps");
	p->step = arena_array(r->arena, steps->count, sizeof *p->step);
	for (const struct json *x = steps->first; x != NULL && r->ok; x = x->next) {
		struct step *s = &p->step[p->step_count++];
		r->ok = step_parse(r->arena, x, s, r->e);
		if (r->ok && s->n != p->step_count)
			r->ok = err_set(r->e, ERR_INPUT, "step %zu is numbered %zu", p->step_count, s->n);
	}
	if (r->ok && p->step_count == 0)
		r->ok = err_set(r->e, ERR_INPUT, "the plan has no steps");
}

static void read_gates(struct reader *r, const struct json *root, struct plan *p)
{
	const struct json *gates = list(r, root, "gates");
	p->gate = arena_array(r->arena, gates->count, sizeof *p->gate);
	for (const struct json *x = gates->first; x != NULL; x = x->next) {
		struct gate *g = &p->gate[p->gate_count++];
		g->name = text(r, x, "gate");
		const char *result = text(r, x, "result");
		g->evidence = text(r, x, "evidence");
		g->result = strcmp(result, "pass") == 0 ? GATE_PASS
			    : strcmp(result, "fail") == 0 ? GATE_FAIL
							  : GATE_UNKNOWN;
	}
}

static void read_impact(struct reader *r, const struct json *root, struct plan *p)
{
	static const char *const allowed[] = {"actionsBefore", "actionsAfter", "actionsRemoved",
					      "servicesRemoved", "removed"};
	const struct json *v = object(r, root, "impact", allowed, 5);
	p->impact.actions_before = integer(r, v, "actionsBefore");
	p->impact.actions_after = integer(r, v, "actionsAfter");
	p->impact.actions_removed = integer(r, v, "actionsRemoved");
	texts(r, v, "servicesRemoved", &p->impact.services_removed);
	texts(r, v, "removed", &p->impact.removed);
}

static void read_top(struct reader *r, const struct json *root, struct plan *p)
{
	static const char *const allowed[] = {
		"schema", "id", "repository", "branch", "createdAt", "expiresAt", "author", "account",
		"partition", "principal", "source", "decision", "rulesSha256", "preconditions", "steps",
		"gates", "impact"};
	r->ok = json_only(root, allowed, sizeof allowed / sizeof allowed[0], "the plan", r->e);
	const char *schema = text(r, root, "schema");
	if (r->ok && strcmp(schema, PLAN_SCHEMA) != 0)
		r->ok = err_set(r->e, ERR_INPUT, "schema '%s': expected '%s'", schema, PLAN_SCHEMA);
	p->id = text(r, root, "id");
	p->repository = text(r, root, "repository");
	p->branch = text(r, root, "branch");
	p->created_at = text(r, root, "createdAt");
	p->expires_at = text(r, root, "expiresAt");
	p->author = text(r, root, "author");
	p->account = text(r, root, "account");
	p->partition = text(r, root, "partition");
}

struct plan *plan_parse(struct arena *a, const char *bytes, size_t len, const char *what,
			struct err *e)
{
	struct plan *p = arena_alloc(a, sizeof *p);
	struct reader r = {a, e, true};
	if (len > PLAN_MAX_BYTES) {
		err_set(e, ERR_LIMIT, "reading plan '%s': larger than %d bytes", what, PLAN_MAX_BYTES);
		return NULL;
	}
	const struct json *root = json_parse(a, bytes, len, what, e);
	if (root == NULL)
		return NULL;
	read_top(&r, root, p);
	read_principal(&r, root, p);
	read_source(&r, root, p);
	read_decision(&r, root, p);
	read_preconditions(&r, root, p);
	read_steps(&r, root, p);
	read_gates(&r, root, p);
	read_impact(&r, root, p);
	if (!r.ok || !plan_agrees(a, p, e) || !plan_seal(a, p, e)) {
		err_wrap(e, "reading plan '%s'", what);
		return NULL;
	}
	if (p->len != len || memcmp(p->bytes, bytes, len) != 0) {
		err_set(e, ERR_INPUT,
			"reading plan '%s': it is not in canonical form; somebody or something rewrote it",
			what);
		return NULL;
	}
	return p;
}
