/* plan_markdown: plan.md, and the lines of a pull request's body. Everything that comes from AWS or
 * from rules stands in code spans: it can neither format, nor link, nor ping, nor command. */
#include <string.h>

#include "markdown.h"
#include "pare/arn.h"
#include "pare/str.h"

static size_t longest_run(const char *text)
{
	size_t longest = 0;
	for (const char *c = text; *c != '\0'; c += *c != '`') {
		size_t run = strspn(c, "`");
		longest = run > longest ? run : longest;
		c += run;
		if (*c == '\0')
			break;
	}
	return longest;
}

static char *span(struct arena *a, const char *text, bool cell)
{
	char *safe = str_printable(a, text, false);
	size_t len = strlen(safe), fence = longest_run(safe) + 1;
	struct buf *b = buf_new(a, 2 * len + 2 * fence + 8);
	/* One space at both ends is taken off again: it keeps backticks and spaces apart. */
	bool pad = len == 0 || safe[0] == '`' || safe[len - 1] == '`' || safe[0] == ' ' ||
		   safe[len - 1] == ' ';
	for (size_t i = 0; i < fence; i++)
		buf_putc(b, '`');
	if (pad)
		buf_putc(b, ' ');
	for (const char *c = safe; *c != '\0'; c++) {
		if (cell && *c == '|')
			buf_putc(b, '\\');
		buf_putc(b, *c);
	}
	if (pad && len > 0)
		buf_putc(b, ' ');
	for (size_t i = 0; i < fence; i++)
		buf_putc(b, '`');
	return b->data;
}

char *markdown_code(struct arena *a, const char *text)
{
	return span(a, text, false);
}

char *markdown_cell(struct arena *a, const char *text)
{
	return span(a, text, true);
}

/* What a step leaves behind for good: the policy attached or put. NULL: nothing. */
static const char *made_by(const struct step *s)
{
	switch (s->temporary ? STEP_OP_COUNT : s->action.op) {
	case STEP_ATTACH_ROLE_POLICY:
	case STEP_ATTACH_USER_POLICY:
		return arn_name(s->action.policy_arn);
	case STEP_PUT_ROLE_POLICY:
	case STEP_PUT_USER_POLICY:
		return s->action.policy_name;
	default:
		return NULL;
	}
}

static bool takes(const struct step *s, bool managed, const char *id)
{
	return step_removes(s->action.op) && !s->temporary &&
	       str_equal(managed ? s->action.policy_arn : s->action.policy_name, id);
}

static void put_existing(struct arena *a, const struct plan *p, bool managed, const char *id,
			 struct buf *out)
{
	bool removed = false;
	size_t made = 0;
	buf_printf(out, "| %s | ", markdown_cell(a, id));
	for (size_t k = 0; k < p->step_count; k++) {
		const struct step *s = &p->step[k];
		const char *name = made_by(s);
		removed = removed || takes(s, managed, id);
		if (name != NULL && str_equal(s->source_policy, id))
			buf_printf(out, "%s%s", made++ > 0 ? ", " : "", markdown_cell(a, name));
	}
	if (made == 0)
		buf_puts(out, removed ? "**removed**" : "unchanged");
	else if (!removed)
		buf_puts(out, " beside it");
	buf_puts(out, " |\n");
}

/* Policies that come without taking another's place: a rollback's. */
static void put_added(struct arena *a, const struct plan *p, const struct principal *before,
		      struct buf *out)
{
	for (size_t k = 0; k < p->step_count; k++) {
		const struct step *s = &p->step[k];
		const char *name = made_by(s), *source = s->source_policy;
		if (name == NULL ||
		    (source != NULL && (principal_attached(before, source) != NULL ||
					principal_inline(before, source) != NULL)))
			continue;
		buf_printf(out, "| none | **added**: %s |\n", markdown_cell(a, name));
	}
}

static void put_policies(struct arena *a, const struct plan *p, const struct principal *before,
			 struct buf *out)
{
	buf_puts(out, "| existing policy | becomes |\n|---|---|\n");
	for (size_t i = 0; i < before->attached_count; i++)
		put_existing(a, p, true, before->attached[i].arn, out);
	for (size_t i = 0; i < before->inline_count; i++)
		put_existing(a, p, false, before->inline_policy[i].name, out);
	put_added(a, p, before, out);
	buf_putc(out, '\n');
}

static const char *subject_of(const struct action *x)
{
	if (x->policy_arn != NULL)
		return x->policy_arn;
	if (x->policy_name != NULL)
		return x->policy_name;
	return x->finding != NULL ? x->finding : "";
}

static void put_steps(struct arena *a, const struct plan *p, struct buf *out)
{
	buf_puts(out, "## Steps\n\n| n | call | on | undone by |\n|---|---|---|---|\n");
	for (size_t i = 0; i < p->step_count; i++)
		buf_printf(out, "| %zu | %s | %s | %s |\n", p->step[i].n,
			   step_op_name(p->step[i].action.op),
			   markdown_cell(a, subject_of(&p->step[i].action)),
			   step_op_name(p->step[i].inverse.op));
	buf_putc(out, '\n');
}

static void put_gates(struct arena *a, const struct plan *p, struct buf *out)
{
	buf_puts(out, "## Gates\n\n| gate | result | evidence |\n|---|---|---|\n");
	for (size_t i = 0; i < p->gate_count; i++)
		buf_printf(
			out, "| %s | %s | %s |\n", markdown_cell(a, p->gate[i].name),
			gate_result_name(p->gate[i].result),
			markdown_cell(a, p->gate[i].evidence != NULL ? p->gate[i].evidence : ""));
	buf_putc(out, '\n');
}

static void put_removed(struct arena *a, const struct plan *p, struct buf *out)
{
	buf_printf(out, "## Permissions\n\n%lld actions before, %lld after, %lld removed.\n\n",
		   (long long)p->impact.actions_before, (long long)p->impact.actions_after,
		   (long long)p->impact.actions_removed);
	if (p->impact.services_removed.count > 0) {
		buf_puts(out, "Services removed altogether:");
		for (size_t i = 0; i < p->impact.services_removed.count; i++)
			buf_printf(out, " %s",
				   markdown_code(a, p->impact.services_removed.item[i]));
		buf_puts(out, "\n\n");
	}
	if (p->impact.removed.count == 0)
		return;
	buf_puts(out, "<details><summary>Actions removed</summary>\n\n");
	for (size_t i = 0; i < p->impact.removed.count; i++)
		buf_printf(out, "- %s\n", markdown_code(a, p->impact.removed.item[i]));
	buf_puts(out, "\n</details>\n\n");
}

static void put_rules(struct arena *a, const struct plan *p, struct buf *out)
{
	if (plan_undoes(p) != NULL) {
		buf_printf(out, "This plan rolls back plan %s", markdown_code(a, plan_undoes(p)));
		if (p->undoes_reason != NULL)
			buf_printf(out, ": %s", markdown_code(a, p->undoes_reason));
		buf_puts(out, ".\n\n");
		return;
	}
	buf_puts(out, "## Rules\n\n");
	for (size_t i = 0; i < p->decision.count; i++) {
		const struct verdict *v = &p->decision.verdict[i];
		buf_printf(out, "- %s: %s%s%s\n", markdown_code(a, v->rule), verdict_name(v->kind),
			   v->reason != NULL ? ", " : "",
			   v->reason != NULL ? markdown_code(a, v->reason) : "");
	}
	buf_putc(out, '\n');
}

void plan_markdown(struct arena *a, const struct plan *p, const struct principal *before,
		   struct buf *out)
{
	buf_printf(out, "# %s %s\n\n", principal_type_name(p->principal.type),
		   markdown_code(a, p->principal.name));
	buf_printf(out, "| | |\n|---|---|\n| plan | %s |\n| principal | %s |\n| finding | %s |\n",
		   markdown_cell(a, p->id), markdown_cell(a, p->principal.arn),
		   markdown_cell(a, p->source.finding != NULL ? p->source.finding : "none"));
	buf_printf(out, "| made | %s |\n| expires | %s |\n\n", markdown_cell(a, p->created_at),
		   markdown_cell(a, p->expires_at));
	buf_puts(out, "The plan's identity is the SHA-256 of `plan.json` beside this file; that is "
		      "what is "
		      "approved.\n\n");
	if (p->source.recommendation_sha256 == NULL && plan_undoes(p) == NULL && !plan_archives_only(p))
		buf_puts(out, "pare derived this plan itself from the finding's unused actions: AWS made no "
			      "recommendation.\n\n");
	if (plan_archives_only(p))
		buf_puts(out, "No policy changes; only the finding's status does.\n\n");
	else
		put_policies(a, p, before, out);
	put_removed(a, p, out);
	put_steps(a, p, out);
	put_gates(a, p, out);
	put_rules(a, p, out);
}
