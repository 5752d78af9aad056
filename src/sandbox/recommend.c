/* recommend: the narrower policies that Access Analyzer would propose, in its shape and order:
 * policies by ARN, then inline by name; wholly unused: DETACH_POLICY; in part: CREATE_POLICY and
 * DETACH_POLICY with the same existingPolicyId; inline ids are bare names without policyUpdatedAt. */
#include <string.h>

#include "model.h"
#include "pare/refine.h"

static size_t place(const struct sandbox *s, const char *id)
{
	size_t low = 0, high = s->recommendation_count;
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (strcmp(s->recommendation[mid]->finding_id, id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

void recommendation_insert(struct sandbox *s, struct box_recommendation *r)
{
	size_t at = place(s, r->finding_id);
	if (at < s->recommendation_count && strcmp(s->recommendation[at]->finding_id, r->finding_id) == 0) {
		s->recommendation[at] = r;
		return;
	}
	s->recommendation = arena_grow(s->arena, s->recommendation, s->recommendation_count,
				     &s->recommendation_cap, sizeof(struct box_recommendation *));
	memmove(&s->recommendation[at + 1], &s->recommendation[at],
		(s->recommendation_count++ - at) * sizeof(struct box_recommendation *));
	s->recommendation[at] = r;
}

static void fail(struct box_recommendation *r, const char *code, const char *message)
{
	r->error_code = code;
	r->error_message = message;
	r->step_count = 0;
}

static bool uses_not_action(const struct policy *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->statements[i].not_action)
			return true;
	return false;
}

struct maker {
	struct sandbox *sandbox;
	struct box_recommendation *out;
	const struct unused *unused;
};

/* AWS promises no order: one of its own examples has DETACH first. */
static bool detach_first(const struct maker *m)
{
	unsigned char sum = 0;
	for (const char *c = m->out->finding_id; *c != '\0'; c++)
		sum = (unsigned char)(sum * 31 + (unsigned char)*c);
	return m->sandbox->generated && sum % 2 == 0;
}

static void add_steps(struct maker *m, const struct document *d, const char *id, int64_t updated_ms)
{
	struct box_recommendation *r = m->out;
	if (r->error_code != NULL)
		return;
	if (d->policy == NULL) {
		fail(r, "SERVICE_ERROR", "Service error. Please try again.");
		return;
	}
	if (uses_not_action(d->policy)) {
		fail(r, "UNSUPPORTED_POLICY", "Recommendations are not available for policies that use NotAction.");
		return;
	}
	struct arena *a = m->sandbox->arena;
	struct policy *narrow = policy_refine(a, d->policy, m->unused, m->sandbox->catalog);
	if (narrow == d->policy)
		return;
	struct box_step detach = {false, id, NULL, updated_ms}, create = {true, id, NULL, updated_ms};
	if (narrow == NULL) {
		r->step[r->step_count++] = detach;
		return;
	}
	struct arena *scratch = arena_new(NULL);
	struct buf *b = buf_new(scratch, 8 * DOCUMENT_MAX_BYTES);
	policy_print_compact(narrow, b);
	create.document = arena_strdup(a, b->data);
	arena_free(scratch);
	r->step[r->step_count++] = detach_first(m) ? detach : create;
	r->step[r->step_count++] = detach_first(m) ? create : detach;
}

static void make(struct sandbox *s, struct box_recommendation *out, const struct role *r,
		 const struct unused *unused)
{
	struct maker m = {s, out, unused};
	out->step = arena_array(s->arena, 2 * (r->attached_count + r->inline_count), sizeof *out->step);
	if (str_starts(r->path, "/aws-reserved/") || str_starts(r->name, "AWSReservedSSO_")) {
		fail(out, "UNSUPPORTED_PRINCIPAL",
		     "Recommendations are not available for roles that IAM Identity Center manages.");
		return;
	}
	for (size_t i = 0; i < r->attached_count; i++) {
		const struct managed *p = slot_now(r->attached[i]);
		if (p != NULL)
			add_steps(&m, policy_version_of(p, p->default_version)->document, p->arn, p->updated_ms);
	}
	for (size_t i = 0; i < r->inline_count; i++)
		add_steps(&m, r->inlines[i].document, r->inlines[i].name, 0);
}

/* An unknown id is a validation failure: the operation's model has no ResourceNotFoundException.
 * Wrong type or resolved: as Security Hub's twin of this operation documents it. */
bool recommendation_generate(struct sandbox *s, const struct box_analyzer *z, const char *id,
			     struct problem *p)
{
	struct problem ignored;
	struct box_finding *f = finding_get(s, z, id, &ignored);
	if (f == NULL)
		return problem_set(p, 400, "ValidationException", "Invalid finding id: %s", id != NULL ? id : "");
	if (f->type != BOX_UNUSED_PERMISSION)
		return problem_set(p, 400, "ValidationException",
				   "Recommendations are available only for findings of type UnusedPermission.");
	const struct role *r = slot_now(table_find(table_of(f->account, f->principal), f->role_key));
	if (f->status == BOX_RESOLVED || r == NULL)
		return problem_set(p, 400, "ValidationException", "Finding %s is resolved.", id);
	struct box_recommendation *out = arena_alloc(s->arena, sizeof *out);
	out->finding_id = f->id;
	out->resource = f->resource;
	out->started_ms = box_now(s);
	out->completed_ms = out->started_ms + s->faults.work_ms;
	make(s, out, r, f->unused);
	recommendation_insert(s, out);
	return true;
}

struct box_recommendation *recommendation_get(struct sandbox *s, const struct box_analyzer *z,
					      const char *id, struct problem *p)
{
	struct problem ignored;
	size_t at = id != NULL ? place(s, id) : s->recommendation_count;
	if (at < s->recommendation_count && strcmp(s->recommendation[at]->finding_id, id) == 0 &&
	    finding_get(s, z, id, &ignored) != NULL)
		return s->recommendation[at];
	problem_set(p, 404, "ResourceNotFoundException", "No recommendation was generated for finding %s",
		    id != NULL ? id : "");
	return NULL;
}
