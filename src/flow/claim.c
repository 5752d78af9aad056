#include "claim.h"

#include <string.h>

#include "approval.h"
#include "pare/digest.h"
#include "pare/str.h"
#include "pare/when.h"

enum { KEY_MAX = 16 * 1024 * 1024, BRANCH_MAX = 512 };

/* A length before each text, so that no two lists of texts give the same bytes. */
static void put(struct buf *b, const char *text)
{
	if (text == NULL)
		buf_puts(b, "-\n");
	else
		buf_printf(b, "%zu %s\n", strlen(text), text);
}

static void put_action(struct buf *b, const struct action *x)
{
	put(b, step_op_name(x->op));
	put(b, x->policy_arn);
	put(b, x->policy_name);
	put(b, x->path);
	put(b, x->document_sha256);
	put(b, x->finding);
	put(b, x->analyzer);
}

char *claim_key(struct arena *a, const struct plan *p)
{
	struct buf *b = buf_new(a, KEY_MAX);
	put(b, p->repository);
	put(b, p->branch);
	put(b, p->principal.arn);
	put(b, p->principal.unique_id);
	put(b, plan_undoes(p));
	for (size_t i = 0; i < p->preconditions.attached_count; i++) {
		put(b, p->preconditions.attached[i].arn);
		put(b, p->preconditions.attached[i].document_sha256);
	}
	for (size_t i = 0; i < p->preconditions.inline_count; i++) {
		put(b, p->preconditions.inline_policy[i].name);
		put(b, p->preconditions.inline_policy[i].document_sha256);
	}
	put(b, p->preconditions.boundary);
	put(b, p->preconditions.tags_sha256);
	for (size_t i = 0; i < p->step_count; i++)
		put_action(b, &p->step[i].action);
	return sha256_hex(a, b->data, b->len);
}

static bool expired(const struct plan *p, int64_t now_ms)
{
	int64_t until;
	return !when_parse(p->expires_at, &until) || until <= now_ms;
}

bool claim_read(struct arena *a, const struct review_port *r, const struct plan *p, int64_t now_ms,
		struct claim *out, struct err *e)
{
	const char *bytes;
	size_t len;
	*out = (struct claim){.ref = str_printf(a, "refs/pare/proposals/%s", claim_key(a, p))};
	if (!r->resolve(r->self, out->ref, out->oid, e))
		return false;
	if (out->oid[0] == '\0')
		return true;
	if (!r->read(r->self, a, out->oid, "plan.json", PLAN_MAX_BYTES, &bytes, &len, e))
		return err_wrap(e, "reading the claim '%s'", out->ref);
	struct plan *held = plan_parse(a, bytes, len, "plan.json", e);
	if (held == NULL)
		return err_wrap(e, "reading the claim '%s'", out->ref);
	if (strcmp(claim_key(a, held), claim_key(a, p)) != 0)
		return err_set(e, ERR_REFUSED,
			       "the claim '%s' holds plan '%s', which is for another change: somebody else made "
			       "it; look at it and delete it",
			       out->ref, held->id);
	if (expired(held, now_ms))
		return true;
	out->plan = held;
	out->settled = r->read(r->self, a, out->oid, "settled", BRANCH_MAX, &bytes, &len, e);
	if (!out->settled)
		return e->kind == ERR_NOT_FOUND;
	out->branch = arena_copy(a, bytes, strcspn(bytes, "\n"));
	return true;
}

static bool move(const struct review_port *r, const char *parent, const struct review_file *file,
		 size_t count, const char *message, const char *author, int64_t now_ms, struct claim *c,
		 struct err *e)
{
	char oid[OID_HEX];
	if (!r->commit(r->self, parent, file, count, message, author, now_ms, oid, e) ||
	    !r->publish(r->self, c->ref, c->oid, oid, e))
		return err_wrap(e, "claiming the change '%s'", c->ref);
	memcpy(c->oid, oid, OID_HEX);
	return true;
}

bool claim_take(struct arena *a, const struct review_port *r, const struct plan *p, const char *author,
		int64_t now_ms, struct claim *c, struct err *e)
{
	const struct review_file file = {"plan.json", p->bytes, p->len};
	const char *message = str_printf(a, "proposal: plan %s\n", p->id);
	if (!move(r, "", &file, 1, message, author, now_ms, c, e))
		return false;
	c->settled = false;
	return true;
}

bool claim_settle(struct arena *a, const struct review_port *r, const char *branch,
		  const char *author, int64_t now_ms, struct claim *c, struct err *e)
{
	const char *text = str_printf(a, "%s\n", branch);
	const struct review_file file = {"settled", text, strlen(text)};
	if (!move(r, c->oid, &file, 1, "proposal: settled\n", author, now_ms, c, e))
		return false;
	c->settled = true;
	return true;
}

/* --- proposals without a claim --- */

static bool find_in(struct arena *a, const struct review_port *r, const char *commit,
		    const struct plan *p, int64_t now_ms, struct plan **out, struct err *e)
{
	struct str_list paths = {0};
	const char *folder = str_printf(a, "accounts/%s/plans", p->account);
	const char *part = str_printf(a, "-%s-%s-", p->account, p->principal.name);
	const char *key = claim_key(a, p);
	if (!r->list(r->self, a, commit, folder, &paths, e))
		return false;
	for (size_t i = 0; i < paths.count && *out == NULL; i++) {
		const char *account, *id, *wrong;
		if (!plan_path_read(a, paths.item[i], &account, &id) || strstr(id, part) == NULL)
			continue;
		struct plan *x = plan_at(a, r, commit, paths.item[i], &wrong);
		if (wrong == NULL && !expired(x, now_ms) && strcmp(claim_key(a, x), key) == 0)
			*out = x;
	}
	return true;
}

bool claim_elsewhere(struct arena *a, const struct review_port *r, const char *target,
		     const struct plan *p, int64_t now_ms, struct plan **out, struct err *e)
{
	struct str_list refs = {0};
	*out = NULL;
	str_list_add(a, &refs, str_printf(a, "refs/heads/%s", target));
	if (!r->refs(r->self, a, str_printf(a, "refs/heads/pare/%s/", p->account), &refs, e))
		return false;
	for (size_t i = 0; i < refs.count && *out == NULL; i++) {
		char there[OID_HEX];
		if (!r->resolve(r->self, refs.item[i], there, e) ||
		    (there[0] != '\0' && !find_in(a, r, there, p, now_ms, out, e)))
			return false;
	}
	return true;
}
