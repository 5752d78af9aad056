#include <string.h>

#include "pare/arn.h"
#include "pare/json.h"
#include "pare/refine.h"
#include "pare/str.h"
#include "slots.h"

struct reader {
	struct arena *arena;
	const struct draft_setting *setting;
	const struct gathered *g;
	const struct gathered_item *item;
	struct slots *slots;
	const struct unused *unused; /* the finding's, without what the rules keep */
	struct err *e;
};

static struct slot *slot_of(struct reader *r, const char *id)
{
	for (size_t i = 0; i < r->slots->count; i++)
		if (strcmp(r->slots->slot[i].id, id) == 0)
			return &r->slots->slot[i];
	struct slot *s = &r->slots->slot[r->slots->count++];
	s->id = id;
	s->inlined = !arn_is_policy(id);
	s->document = arena_array(r->arena, r->item->recommendation->count, sizeof *s->document);
	return s;
}

/* The exact text to send: AWS's own, without insignificant white space. */
static bool compact(struct reader *r, const char *text, const char *id, const char **out)
{
	const struct json *v = json_parse(r->arena, text, strlen(text), "recommendedPolicy", r->e);
	if (v == NULL)
		return err_wrap(r->e, "the recommendation for policy '%s'", id);
	struct buf *b = buf_new(r->arena, 8 * DOCUMENT_MAX_BYTES);
	json_print(v, b, true);
	*out = b->data;
	return true;
}

static bool find_old(struct reader *r, struct slot *s)
{
	const struct principal *p = r->item->principal;
	const struct managed_policy *m = s->inlined ? NULL : principal_attached(p, s->id);
	const struct inline_policy *x = s->inlined ? principal_inline(p, s->id) : NULL;
	if (m == NULL && x == NULL)
		return err_set(r->e, ERR_STALE,
			       "the recommendation is about policy '%s', which is not on '%s' (any more): ask for a "
			       "new recommendation",
			       s->id, p->name);
	s->old_document = m != NULL ? m->document : x->document;
	s->old_sha256 = m != NULL ? m->document_sha256 : x->document_sha256;
	if (s->old_document == NULL)
		return err_set(r->e, ERR_INPUT,
			       "policy '%s': its document is not in the account state: save all pages, with "
			       "LocalManagedPolicy and AWSManagedPolicy",
			       s->id);
	return true;
}

static bool read_steps(struct reader *r)
{
	const struct recommendation *rec = r->item->recommendation;
	r->slots->slot = arena_array(r->arena, rec->count, sizeof *r->slots->slot);
	for (size_t i = 0; i < rec->count; i++) {
		const struct recommended_step *x = &rec->step[i];
		if (str_empty(x->existing_policy_id))
			return err_set(r->e, ERR_INPUT,
				       "step %zu of the recommendation does not say which policy it is about", i + 1);
		struct slot *s = slot_of(r, x->existing_policy_id);
		if (x->action == RECOMMEND_DETACH_POLICY) {
			s->remove = true;
			continue;
		}
		if (x->document == NULL)
			return err_set(r->e, ERR_INPUT,
				       "step %zu of the recommendation creates a policy and does not say what is in it",
				       i + 1);
		if (!compact(r, x->document, s->id, &s->document[s->count]))
			return false;
		s->count++;
	}
	for (size_t i = 0; i < r->slots->count; i++) {
		struct slot *s = &r->slots->slot[i];
		if (!s->remove)
			return err_set(r->e, ERR_INPUT,
				       "the recommendation replaces policy '%s' and does not detach it: a step is "
				       "missing",
				       s->id);
		if (!find_old(r, s))
			return false;
	}
	return true;
}

/* --- keep(): the documents are derived anew, still within the old ones --- */

static struct str_list kept_patterns(struct arena *a, const struct decision *d)
{
	struct str_list all = {0};
	for (size_t i = 0; i < d->count; i++)
		for (size_t k = 0; d->verdict[i].kind == VERDICT_KEEP && k < d->verdict[i].keep.count; k++)
			str_list_add(a, &all, d->verdict[i].keep.item[k]);
	return all;
}

static bool rederive(struct reader *r, struct slot *s)
{
	const struct policy *old = policy_parse(r->arena, s->old_document, strlen(s->old_document), s->id,
						r->e);
	if (old == NULL)
		return false;
	const struct policy *now = policy_refine(r->arena, old, r->unused, r->setting->catalog);
	s->count = 0;
	if (now == old) {
		s->remove = false;
		return true;
	}
	if (now == NULL)
		return true;
	struct buf *b = buf_new(r->arena, 16 * DOCUMENT_READ_MAX_BYTES);
	policy_print_compact(now, b);
	s->document[s->count++] = b->data;
	return true;
}

static bool rederive_all(struct reader *r)
{
	size_t kept = 0;
	for (size_t i = 0; i < r->slots->count; i++) {
		if (!rederive(r, &r->slots->slot[i]))
			return false;
		if (r->slots->slot[i].remove)
			r->slots->slot[kept++] = r->slots->slot[i];
	}
	r->slots->count = kept;
	return true;
}

const struct unused *draft_unused(struct arena *a, const struct draft_setting *s,
				  const struct gathered_item *item, const struct decision *d)
{
	if (d->outcome != VERDICT_KEEP)
		return item->finding->unused;
	struct str_list patterns = kept_patterns(a, d);
	return unused_without(a, item->finding->unused, &patterns, s->catalog);
}

/* --- without a recommendation: every policy the principal has --- */

static bool add_own(struct reader *r, const char *id, bool inlined)
{
	struct slot *s = &r->slots->slot[r->slots->count++];
	*s = (struct slot){.id = id, .inlined = inlined, .remove = true};
	s->document = arena_array(r->arena, 1, sizeof *s->document);
	return find_old(r, s);
}

static bool read_own(struct reader *r)
{
	const struct principal *p = r->item->principal;
	r->slots->slot = arena_array(r->arena, p->attached_count + p->inline_count, sizeof *r->slots->slot);
	for (size_t i = 0; i < p->attached_count; i++)
		if (!add_own(r, p->attached[i].arn, false))
			return false;
	for (size_t i = 0; i < p->inline_count; i++)
		if (!add_own(r, p->inline_policy[i].name, true))
			return false;
	return true;
}

bool draft_derives(const struct gathered_item *item)
{
	return item->recommendation == NULL || item->recommendation->status == RECOMMENDATION_NONE;
}

/* --- size and names --- */

/* What the inline policies that stay leave of the principal's quota. */
static size_t inline_room(const struct reader *r)
{
	const struct principal *p = r->item->principal;
	size_t room = quota_inline(&r->g->quota, p->type == PRINCIPAL_USER);
	for (size_t i = 0; i < p->inline_count; i++) {
		bool stays = true;
		for (size_t k = 0; k < r->slots->count && stays; k++)
			stays = !r->slots->slot[k].inlined ||
				strcmp(r->slots->slot[k].id, p->inline_policy[i].name) != 0;
		size_t size = stays ? policy_size(p->inline_policy[i].document) : 0;
		room -= size < room ? size : room;
	}
	return room;
}

/* A document beyond the quota is written shorter; a managed one may be dealt out over several, which
 * would not help inline, where all count together. */
static void fit(struct reader *r, struct slot *s)
{
	size_t max = s->inlined ? inline_room(r) : r->g->quota.managed_policy_size, count;
	if (s->count != 1 || policy_size(s->document[0]) <= max)
		return;
	struct err ignored; /* the grammar gate says what is wrong with it, the quota gate its size */
	const char *text = s->document[0], *old = s->old_document;
	const struct policy *p = policy_parse(r->arena, text, strlen(text), s->id, &ignored);
	if (p == NULL)
		return;
	const struct fit_setting setting = {
		.old = policy_parse(r->arena, old, strlen(old), s->id, &ignored),
		.unused = r->unused,
		.catalog = r->setting->catalog,
		.max_size = max,
		.max_parts = s->inlined ? 1
					: quota_attached(&r->g->quota,
							 r->item->principal->type == PRINCIPAL_USER),
	};
	struct policy **part = policy_fit(r->arena, p, &setting, &count, &ignored);
	if (part == NULL)
		return;
	s->document = arena_array(r->arena, count, sizeof *s->document);
	s->count = count;
	for (size_t i = 0; i < count; i++) {
		struct buf *b = buf_new(r->arena, 8 * DOCUMENT_MAX_BYTES);
		policy_print_compact(part[i], b);
		s->document[i] = b->data;
	}
}

/* <base>-recommended-<8 hex>: an earlier suffix is cut off first, so that names do not grow. */
const char *slot_new_name(struct arena *a, const char *old, const char *sha256)
{
	enum { BASE_MAX = NAME_MAX_POLICY - 13 - 8 };
	char *base = policy_base_name(a, old);
	if (strlen(base) > BASE_MAX)
		base[BASE_MAX] = '\0';
	for (char *c = base; *c != '\0'; c++) {
		const char one[] = {*c, '\0'};
		if (!iam_name_valid(one, 1))
			*c = '-';
	}
	return str_printf(a, "%s-recommended-%.8s", base, sha256);
}

/* Names are unique in an account without regard to path and case. */
static bool name_free(struct reader *r, const char *arn, const char *sha256)
{
	const char *name = arn_name(arn);
	size_t len = strlen(name);
	for (size_t i = 0; i < r->g->state.policy_count; i++) {
		const struct managed_policy *m = r->g->state.policy[i];
		/* Asked for every new name of every policy in the account: the cheapest question first. */
		size_t all = strlen(m->arn);
		if (all <= len || m->arn[all - len - 1] != '/' ||
		    !str_equal_nocase(m->arn + all - len, name) || arn_is_aws_managed(m->arn))
			continue;
		if (strcmp(m->arn, arn) != 0 || !str_equal(m->document_sha256, sha256))
			return err_set(r->e, ERR_CONFLICT,
				       "a policy '%s' exists already and holds something else: a person must look at it",
				       m->arn);
	}
	return true;
}

static bool name_new(struct reader *r, struct slot *s)
{
	const struct principal *p = r->item->principal;
	const char *old = s->inlined ? s->id : arn_name(s->id);
	s->sha256 = arena_array(r->arena, s->count, sizeof *s->sha256);
	s->name = arena_array(r->arena, s->count, sizeof *s->name);
	s->arn = arena_array(r->arena, s->count, sizeof *s->arn);
	for (size_t i = 0; i < s->count; i++) {
		s->sha256[i] = policy_text_digest(r->arena, s->document[i]);
		s->name[i] = slot_new_name(r->arena, old, s->sha256[i]);
		s->arn[i] = str_printf(r->arena, "arn:%s:iam::%s:policy/pare/%s", p->partition, p->account,
				       s->name[i]);
		if (!s->inlined && !name_free(r, s->arn[i], s->sha256[i]))
			return false;
		const struct inline_policy *x = principal_inline(p, s->name[i]);
		if (s->inlined && x != NULL)
			return err_set(r->e, ERR_CONFLICT, "an inline policy '%s' is on '%s' already", s->name[i],
				       p->name);
	}
	return true;
}

/* A document that is what the policy holds already changes nothing. */
static void drop_unchanged(struct slots *slots)
{
	size_t kept = 0;
	for (size_t i = 0; i < slots->count; i++) {
		struct slot *s = &slots->slot[i];
		if (s->count != 1 || !str_equal(s->sha256[0], s->old_sha256))
			slots->slot[kept++] = *s;
	}
	slots->count = kept;
}

bool slots_read(struct arena *a, const struct draft_setting *s, const struct gathered *g,
		const struct gathered_item *item, const struct decision *d, struct slots *out,
		struct err *e)
{
	struct reader r = {a, s, g, item, out, draft_unused(a, s, item, d), e};
	bool derives = draft_derives(item);
	*out = (struct slots){0};
	if (!(derives ? read_own(&r) : read_steps(&r)))
		return false;
	if ((derives || d->outcome == VERDICT_KEEP) && !rederive_all(&r))
		return false;
	for (size_t i = 0; i < out->count; i++) {
		fit(&r, &out->slot[i]);
		if (!name_new(&r, &out->slot[i]))
			return false;
	}
	drop_unchanged(out);
	return true;
}
