#include "pare/plan.h"

#include <string.h>

#include "pare/digest.h"
#include "pare/str.h"
#include "pare/when.h"

const char *gate_result_name(enum gate_result r)
{
	static const char *const names[] = {"pass", "fail", "unknown"};
	return names[r];
}

const struct gate *plan_gate(const struct plan *p, const char *name)
{
	for (size_t i = 0; i < p->gate_count; i++)
		if (strcmp(p->gate[i].name, name) == 0)
			return &p->gate[i];
	return NULL;
}

const char *undo_scope_name(enum undo_scope s)
{
	static const char *const names[] = {"rollback", "rollback-untouched", "rollback-part"};
	return names[s];
}

bool plan_all_pass(const struct plan *p)
{
	for (size_t i = 0; i < p->gate_count; i++)
		if (p->gate[i].result != GATE_PASS)
			return false;
	return p->gate_count > 0;
}

bool plan_archives_only(const struct plan *p)
{
	for (size_t i = 0; i < p->step_count; i++)
		if (p->step[i].action.op != STEP_ARCHIVE_FINDING &&
		    p->step[i].action.op != STEP_UNARCHIVE_FINDING)
			return false;
	return p->step_count > 0;
}

const char *plan_undoes(const struct plan *p)
{
	return p->undoes;
}

char *plan_id(struct arena *a, int64_t created_ms, const char *account, const char *name,
	      const char *arn, const char *recommendation_sha256)
{
	char time[WHEN_TEXT], hex[SHA256_HEX];
	const char *text = str_printf(a, "%s\n%s", arn,
				      recommendation_sha256 != NULL ? recommendation_sha256 : "");
	struct sha256 digest = sha256_of(text, strlen(text));
	when_compact(created_ms, time);
	sha256_print(&digest, hex);
	return str_printf(a, "%s-%s-%s-%.8s", time, account, name, hex);
}

/* "-recommended", or that with hex digits behind it, and nothing further: a policy that somebody
 * called "team-recommended-baseline" keeps its name. */
char *policy_base_name(struct arena *a, const char *name)
{
	static const char suffix[] = "-recommended";
	char *base = arena_strdup(a, name);
	for (;;) {
		char *at = NULL;
		for (char *next = base; (next = strstr(next, suffix)) != NULL; next++)
			at = next;
		if (at == NULL || at == base)
			return base;
		const char *tail = at + strlen(suffix);
		if (tail[strspn(tail, "-0123456789abcdef")] != '\0')
			return base;
		*at = '\0';
	}
}

const char *plan_slot(const struct plan *p, const char *id)
{
	for (size_t i = 0; i < p->step_count; i++) {
		const struct step *s = &p->step[i];
		const char *subject = s->action.policy_arn != NULL ? s->action.policy_arn : s->action.policy_name;
		if (!s->temporary && step_removes(s->action.op) && s->action.op != STEP_DELETE_POLICY &&
		    s->source_policy != NULL && str_equal(subject, id))
			return s->source_policy;
	}
	return id;
}

char *plan_folder(struct arena *a, const struct plan *p)
{
	return str_printf(a, "accounts/%s/plans/%s", p->account, p->id);
}

/* --- printing --- */

static void print_principal(struct json_writer *w, const struct plan *p)
{
	json_key(w, "principal");
	json_open(w, '{');
	json_member_text(w, "type", principal_type_name(p->principal.type));
	json_member_text(w, "arn", p->principal.arn);
	json_member_text(w, "name", p->principal.name);
	json_member_text(w, "uniqueId", p->principal.unique_id);
	json_member_text(w, "path", p->principal.path);
	json_close(w, '}');
}

static void print_source(struct json_writer *w, const struct plan *p)
{
	json_key(w, "source");
	json_open(w, '{');
	json_member_text(w, "analyzer", p->source.analyzer);
	json_member_text(w, "finding", p->source.finding);
	json_member_text(w, "findingUpdatedAt", p->source.finding_updated_at);
	json_member_text(w, "recommendationSha256", p->source.recommendation_sha256);
	json_close(w, '}');
}

static void print_verdict(struct json_writer *w, const char *rule, const char *sha256,
			  const char *verdict, const char *reason, const char *until,
			  const struct str_list *keep)
{
	json_open(w, '{');
	json_member_text(w, "rule", rule);
	json_member_text(w, "ruleSha256", sha256);
	json_member_text(w, "verdict", verdict);
	json_member_text(w, "reason", reason);
	json_member_text(w, "until", until);
	if (keep != NULL && keep->count > 0)
		json_member_list(w, "keep", keep);
	json_close(w, '}');
}

static void print_decision(struct json_writer *w, const struct plan *p)
{
	const struct decision *d = &p->decision;
	json_key(w, "decision");
	json_open(w, '{');
	json_member_text(w, "outcome", p->undoes != NULL ? "rollback" : verdict_name(d->outcome));
	json_key(w, "verdicts");
	json_open(w, '[');
	if (p->undoes != NULL)
		print_verdict(w, "rollback", p->undoes, undo_scope_name(p->undo_scope), p->undoes_reason, NULL,
			      &p->gives_back);
	for (size_t i = 0; p->undoes == NULL && i < d->count; i++) {
		const struct verdict *v = &d->verdict[i];
		print_verdict(w, v->rule, v->rule_sha256, verdict_name(v->kind), v->reason, v->until, &v->keep);
	}
	json_close(w, ']');
	json_close(w, '}');
	json_member_text(w, "rulesSha256", d->rules_sha256);
}

static void print_preconditions(struct json_writer *w, const struct plan *p)
{
	json_key(w, "preconditions");
	json_open(w, '{');
	json_key(w, "attached");
	json_open(w, '[');
	for (size_t i = 0; i < p->preconditions.attached_count; i++) {
		const struct precondition_attached *x = &p->preconditions.attached[i];
		json_open(w, '{');
		json_member_text(w, "arn", x->arn);
		json_member_text(w, "defaultVersion", x->default_version);
		json_member_text(w, "updateDate", x->update_date);
		json_member_text(w, "documentSha256", x->document_sha256);
		json_close(w, '}');
	}
	json_close(w, ']');
	json_key(w, "inline");
	json_open(w, '[');
	for (size_t i = 0; i < p->preconditions.inline_count; i++) {
		json_open(w, '{');
		json_member_text(w, "name", p->preconditions.inline_policy[i].name);
		json_member_text(w, "documentSha256", p->preconditions.inline_policy[i].document_sha256);
		json_close(w, '}');
	}
	json_close(w, ']');
	json_member_text(w, "boundary", p->preconditions.boundary);
	json_member_text(w, "tagsSha256", p->preconditions.tags_sha256);
	json_close(w, '}');
}

static void print_gates_and_impact(struct json_writer *w, const struct plan *p)
{
	json_key(w, "gates");
	json_open(w, '[');
	for (size_t i = 0; i < p->gate_count; i++) {
		json_open(w, '{');
		json_member_text(w, "gate", p->gate[i].name);
		json_member_text(w, "result", gate_result_name(p->gate[i].result));
		json_member_text(w, "evidence", p->gate[i].evidence);
		json_close(w, '}');
	}
	json_close(w, ']');
	json_key(w, "impact");
	json_open(w, '{');
	json_member_integer(w, "actionsBefore", p->impact.actions_before);
	json_member_integer(w, "actionsAfter", p->impact.actions_after);
	json_member_integer(w, "actionsRemoved", p->impact.actions_removed);
	json_member_list(w, "servicesRemoved", &p->impact.services_removed);
	json_member_list(w, "removed", &p->impact.removed);
	json_close(w, '}');
}

static void plan_print(const struct plan *p, struct buf *out)
{
	struct json_writer w;
	json_start(&w, out, false);
	json_open(&w, '{');
	json_member_text(&w, "schema", PLAN_SCHEMA);
	json_member_text(&w, "id", p->id);
	json_member_text(&w, "repository", p->repository);
	json_member_text(&w, "branch", p->branch);
	json_member_text(&w, "createdAt", p->created_at);
	json_member_text(&w, "expiresAt", p->expires_at);
	json_member_text(&w, "author", p->author);
	json_member_text(&w, "account", p->account);
	json_member_text(&w, "partition", p->partition);
	print_principal(&w, p);
	print_source(&w, p);
	print_decision(&w, p);
	print_preconditions(&w, p);
	json_key(&w, "steps");
	json_open(&w, '[');
	for (size_t i = 0; i < p->step_count; i++)
		step_print(&p->step[i], &w);
	json_close(&w, ']');
	print_gates_and_impact(&w, p);
	json_close(&w, '}');
	buf_putc(out, '\n');
}

bool plan_seal(struct arena *a, struct plan *p, struct err *e)
{
	struct buf *b = buf_new(a, PLAN_MAX_BYTES);
	plan_print(p, b);
	if (!buf_ok(b))
		return err_set(e, ERR_LIMIT, "sealing plan '%s': larger than %d bytes", p->id,
			       PLAN_MAX_BYTES);
	p->bytes = b->data;
	p->len = b->len;
	p->digest = sha256_hex(a, b->data, b->len);
	return true;
}
