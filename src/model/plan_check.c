/* plan_check: what the members of a plan say must agree. A plan is read by people in one place and
 * carried out from another; nothing may act on one member and show the other. Proofs rest on the
 * documents a plan carries, so a document must be of the policy its step names. */
#include <string.h>

#include "pare/arn.h"
#include "pare/digest.h"
#include "pare/str.h"
#include "pare/when.h"
#include "plan_check.h"

static bool id_characters(const char *id)
{
	size_t len = strlen(id);
	return len > 0 && len <= 200 && id[0] != '.' &&
	       strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-") == len;
}

/* The id names folder and journal: time, account and name in it are those of the plan. */
static bool id_agrees(struct arena *a, const struct plan *p, int64_t created_ms, struct err *e)
{
	char time[WHEN_TEXT];
	when_compact(created_ms, time);
	const char *start = str_printf(a, "%s-%s-%s-", time, p->account, p->principal.name);
	if (!id_characters(p->id))
		return err_set(e, ERR_INPUT, "id '%s': expected letters, digits and _+=,.@-", p->id);
	const char *tail = str_starts(p->id, start) ? p->id + strlen(start) : "";
	if (strlen(tail) != 8 || strspn(tail, "0123456789abcdef") != 8)
		return err_set(e, ERR_INPUT, "id '%s': expected '%s' and 8 hex digits", p->id, start);
	return true;
}

static bool identity_agrees(struct arena *a, const struct plan *p, struct err *e)
{
	int64_t created, expires;
	struct arn arn;
	if (!account_id_valid(p->account))
		return err_set(e, ERR_INPUT, "account '%s': expected twelve digits", p->account);
	if (!when_parse(p->created_at, &created) || !when_parse(p->expires_at, &expires))
		return err_set(e, ERR_INPUT, "createdAt and expiresAt: expected times");
	if (!arn_parse(a, p->principal.arn, &arn, e))
		return false;
	if (strcmp(arn.account, p->account) != 0 || strcmp(arn.partition, p->partition) != 0 ||
	    strcmp(arn.service, "iam") != 0 ||
	    strcmp(arn_name(p->principal.arn), p->principal.name) != 0 ||
	    strcmp(arn_path(a, p->principal.arn), p->principal.path) != 0 ||
	    strcmp(arn_type(a, p->principal.arn), principal_type_name(p->principal.type)) != 0)
		return err_set(e, ERR_INPUT,
			       "principal '%s' does not agree with its name, path, type, account and partition",
			       p->principal.arn);
	return id_agrees(a, p, created, e);
}

static bool digest_or_null(const char *member, const char *hex, struct err *e)
{
	if (hex == NULL || sha256_hex_valid(hex))
		return true;
	return err_set(e, ERR_INPUT, "%s '%s': expected 64 hex digits", member, hex);
}

static bool digests_are_digests(const struct plan *p, struct err *e)
{
	for (size_t i = 0; i < p->preconditions.attached_count; i++)
		if (!digest_or_null("documentSha256", p->preconditions.attached[i].document_sha256, e))
			return false;
	for (size_t i = 0; i < p->preconditions.inline_count; i++)
		if (!digest_or_null("documentSha256", p->preconditions.inline_policy[i].document_sha256, e))
			return false;
	return digest_or_null("tagsSha256", p->preconditions.tags_sha256, e) &&
	       digest_or_null("recommendationSha256", p->source.recommendation_sha256, e) &&
	       digest_or_null("the plan that is undone", p->undoes, e);
}

static bool preconditions_sorted(const struct plan *p, struct err *e)
{
	for (size_t i = 1; i < p->preconditions.attached_count; i++)
		if (strcmp(p->preconditions.attached[i - 1].arn, p->preconditions.attached[i].arn) >= 0)
			return err_set(e, ERR_INPUT, "preconditions: attached policies must be sorted, each once");
	for (size_t i = 1; i < p->preconditions.inline_count; i++)
		if (strcmp(p->preconditions.inline_policy[i - 1].name,
			   p->preconditions.inline_policy[i].name) >= 0)
			return err_set(e, ERR_INPUT, "preconditions: inline policies must be sorted, each once");
	return true;
}

/* Created policies lie below /pare/: that is what the executor's own permissions may be limited to,
 * and the only ones it may ever delete. */
static bool own_policy_agrees(struct arena *a, const struct plan *p, const struct action *x,
			      struct err *e)
{
	const char *name = x->policy_name != NULL ? x->policy_name : arn_name(x->policy_arn);
	const char *path = x->path != NULL ? x->path : "/pare/";
	const char *expected = str_printf(a, "arn:%s:iam::%s:policy/pare/%s", p->partition, p->account, name);
	if (strcmp(path, "/pare/") != 0 || strcmp(x->policy_arn, expected) != 0)
		return err_set(e, ERR_INPUT, "%s of '%s': expected '%s' with the path '/pare/'",
			       step_op_name(x->op), x->policy_arn, expected);
	return true;
}

static bool action_agrees(struct arena *a, const struct plan *p, const struct action *x,
			  struct err *e)
{
	struct arn arn;
	if (x->document != NULL &&
	    !str_equal(policy_text_digest(a, x->document), x->document_sha256))
		return err_set(e, ERR_INPUT, "%s: documentSha256 is not that of its document",
			       step_op_name(x->op));
	if (!digest_or_null("documentSha256", x->document_sha256, e))
		return false;
	if (step_op_for_user(x->op) ? p->principal.type != PRINCIPAL_USER
				    : step_op_for_role(x->op) && p->principal.type != PRINCIPAL_ROLE)
		return err_set(e, ERR_INPUT, "%s does not fit a %s", step_op_name(x->op),
			       principal_type_name(p->principal.type));
	if (x->op == STEP_CREATE_POLICY || x->op == STEP_DELETE_POLICY)
		return own_policy_agrees(a, p, x, e);
	if (x->policy_arn == NULL)
		return true;
	if (!arn_is_policy(x->policy_arn) || !arn_parse(a, x->policy_arn, &arn, e) ||
	    strcmp(arn.partition, p->partition) != 0 ||
	    (strcmp(arn.account, "aws") != 0 && strcmp(arn.account, p->account) != 0))
		return err_set(e, ERR_INPUT, "%s: '%s' is no policy of account %s or of AWS",
			       step_op_name(x->op), x->policy_arn, p->account);
	return true;
}

/* A Put that would overwrite another document has no inverse: deleting is not giving back. */
static bool overwrites_nothing(const struct plan *p, size_t n, struct err *e)
{
	const struct action *x = &p->step[n].action;
	const char *there = NULL;
	if (x->op != STEP_PUT_ROLE_POLICY && x->op != STEP_PUT_USER_POLICY)
		return true;
	for (size_t i = 0; i < p->preconditions.inline_count; i++)
		if (str_equal_nocase(p->preconditions.inline_policy[i].name, x->policy_name))
			there = p->preconditions.inline_policy[i].document_sha256;
	for (size_t i = 0; i < n; i++) {
		const struct action *before = &p->step[i].action;
		if (before->policy_name == NULL || before->op == STEP_CREATE_POLICY ||
		    !str_equal_nocase(before->policy_name, x->policy_name))
			continue;
		there = step_adds(before->op) ? before->document_sha256 : NULL;
	}
	if (there == NULL || str_equal(there, x->document_sha256))
		return true;
	return err_set(e, ERR_INPUT, "step %zu would overwrite the inline policy '%s'", n + 1,
		       x->policy_name);
}

bool plan_agrees(struct arena *a, const struct plan *p, struct err *e)
{
	if (!identity_agrees(a, p, e) || !digests_are_digests(p, e) || !preconditions_sorted(p, e))
		return false;
	for (size_t i = 0; i < p->step_count; i++)
		if (!step_inverse_agrees(&p->step[i], e) || !action_agrees(a, p, &p->step[i].action, e) ||
		    !action_agrees(a, p, &p->step[i].inverse, e) || !overwrites_nothing(p, i, e))
			return err_wrap(e, "step %zu", i + 1);
	return true;
}
