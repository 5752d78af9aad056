/* rollback_check: does a rollback, as it lies on the protected branch, do what its name says? Asked
 * when it is drafted and again when its approval is read: a plan that was edited by hand and merged
 * says of itself whatever it likes.
 *
 * R1 It touches only what the plan it undoes touched, and temporary inline policies.
 * R2 Of the whole: it ends exactly where that plan began. Of the untouched: each policy it touches
 *    ends as it was before that plan, and was as that plan left it.
 * R3 At every step each policy holds what it held before that plan or holds now, nothing else.
 * R4 At every step, of each part of that plan, either everything from before stands or all that
 *    stood in its place (W1).
 * R5 In part: the same by proof, from documents checked by their digests. */
#include <string.h>

#include "pare/str.h"
#include "rollback_parts.h"

struct check {
	struct arena *arena;
	const struct plan *back, *done;
	const struct parts *parts;
	const struct states *states; /* of back */
};

static const char *say(const struct check *c, const char *format, const char *what)
{
	return str_printf(c->arena, format, what);
}

/* --- R1: steps that touch no policy of the principal --- */

static bool done_has(const struct check *c, enum step_op op, const struct action *x)
{
	for (size_t i = 0; i < c->done->step_count; i++) {
		const struct action *y = &c->done->step[i].action;
		if (y->op == op && str_equal(y->policy_arn, x->policy_arn) &&
		    str_equal(y->finding, x->finding) && str_equal(y->analyzer, x->analyzer) &&
		    (x->document_sha256 == NULL || str_equal(y->document_sha256, x->document_sha256)))
			return true;
	}
	return false;
}

static bool attaches(const struct plan *p, const char *arn)
{
	for (size_t i = 0; i < p->step_count; i++)
		if (step_attaches(p->step[i].action.op) &&
		    str_equal(p->step[i].action.policy_arn, arn))
			return true;
	return false;
}

static const char *foreign_step(const struct check *c)
{
	bool part = c->back->undo_scope == UNDO_PART;
	for (size_t i = 0; i < c->back->step_count; i++) {
		const struct action *x = &c->back->step[i].action;
		bool own = true;
		if (x->op == STEP_CREATE_POLICY)
			own = part ? attaches(c->back, x->policy_arn) : done_has(c, STEP_DELETE_POLICY, x);
		else if (x->op == STEP_DELETE_POLICY)
			own = done_has(c, STEP_CREATE_POLICY, x);
		else if (x->op == STEP_ARCHIVE_FINDING)
			own = !part && done_has(c, STEP_UNARCHIVE_FINDING, x);
		else if (x->op == STEP_UNARCHIVE_FINDING)
			own = !part && done_has(c, STEP_ARCHIVE_FINDING, x);
		if (!own)
			return str_printf(c->arena, "its step %zu, %s, takes nothing back that plan '%s' did", i + 1,
					  step_op_name(x->op), c->done->id);
	}
	return NULL;
}

/* --- R2, R3: slot by slot --- */

static bool temporary(const struct check *c, const struct state_slot *x)
{
	return x->inlined && str_starts(x->id, "pare-bridge-") && x->value[0] == NULL &&
	       x->value[c->states->steps] == NULL;
}

/* A document that a part of the plan knows: what stood before, or what stands now. */
static bool known_document(const struct check *c, const char *sha256)
{
	for (size_t i = 0; i < c->parts->count; i++) {
		const struct part *p = &c->parts->part[i];
		for (size_t k = 0; k < p->gone_count; k++)
			if (str_equal(p->gone[k].was, sha256))
				return true;
		for (size_t k = 0; k < p->came_count; k++)
			if (str_equal(p->came[k].became, sha256))
				return true;
	}
	return false;
}

static const char *wrong_slot(const struct check *c, const struct state_slot *x)
{
	size_t n = c->states->steps;
	const struct part_member *m = parts_member(c->parts, x->inlined, x->id);
	bool changes = false;
	for (size_t k = 1; k <= n; k++)
		changes = changes || !str_equal(x->value[k], x->value[0]);
	if (!changes)
		return NULL;
	if (m == NULL && !temporary(c, x))
		return say(c, "it touches policy '%s', which the plan it undoes did not", x->id);
	for (size_t k = 1; k <= n; k++) {
		const char *v = x->value[k];
		bool fits = v == NULL || str_equal(v, x->value[0]) ||
			    (m != NULL ? str_equal(v, m->was) : known_document(c, v));
		if (!fits)
			return say(c, "on its way policy '%s' holds what was not there before", x->id);
	}
	if (m == NULL)
		return NULL;
	if (!str_equal(x->value[n], m->was))
		return say(c, "it does not lead policy '%s' back to what stood there before", x->id);
	if (!str_equal(x->value[0], m->became))
		return say(c, "policy '%s' was not as the plan it undoes left it", x->id);
	return NULL;
}

/* --- R4 --- */

static bool stands(const struct check *c, const char *sha256, size_t k)
{
	for (size_t i = 0; i < c->states->count; i++)
		if (str_equal(c->states->slot[i].value[k], sha256))
			return true;
	return false;
}

static bool before_stands(const struct check *c, const struct part *p, size_t k)
{
	for (size_t i = 0; i < p->gone_count; i++)
		if (!stands(c, p->gone[i].was, k))
			return false;
	return true;
}

static const char *exposed_part(const struct check *c)
{
	for (size_t i = 0; i < c->parts->count; i++) {
		const struct part *p = &c->parts->part[i];
		for (size_t k = 1; k <= c->states->steps; k++) {
			if (before_stands(c, p, k))
				continue;
			for (size_t n = 0; n < p->came_count; n++)
				if (stands(c, p->came[n].became, 0) && !stands(c, p->came[n].became, k))
					return str_printf(c->arena,
							  "its step %zu takes policy '%s' away before what it stands "
							  "for is back",
							  k, p->came[n].slot->id);
		}
	}
	return NULL;
}

static const char *wrong_states(const struct check *c)
{
	if (c->back->undo_scope == UNDO_WHOLE && !states_restore(c->arena, c->back, c->done))
		return say(c, "it does not lead back to what stood before plan '%s'", c->done->id);
	for (size_t i = 0; i < c->states->count; i++) {
		const char *wrong = wrong_slot(c, &c->states->slot[i]);
		if (wrong != NULL)
			return wrong;
	}
	return exposed_part(c);
}

/* --- R5 --- */

static const char *wrong_part(const struct check *c, const struct catalog *catalog,
			      const struct document_list *documents)
{
	struct part_proof proof;
	struct err e;
	struct principal *before = document_principal(c->arena, c->done, documents, &e);
	struct principal *now = before != NULL ? document_principal(c->arena, c->back, documents, &e) : NULL;
	if (now == NULL || !part_prove(c->arena, catalog, c->back, before, now, &proof, &e))
		return arena_strdup(c->arena, e.message);
	if (proof.wider != NULL)
		return say(c, "it gives more than was there before: %s", proof.wider);
	if (proof.beyond != NULL)
		return say(c, "it gives back more than it says: %s", proof.beyond);
	if (proof.lost != NULL)
		return say(c, "it takes something away: %s", proof.lost);
	return NULL;
}

const char *rollback_wrong(struct arena *a, const struct catalog *catalog, const struct plan *back,
			   const struct plan *done, const struct document_list *documents)
{
	struct check c = {a, back, done, parts_of(a, done), states_of(a, back)};
	if (!str_equal(done->principal.arn, back->principal.arn) ||
	    !str_equal(done->principal.unique_id, back->principal.unique_id))
		return say(&c, "it is about another principal than plan '%s'", done->id);
	const char *wrong = foreign_step(&c);
	if (wrong != NULL)
		return wrong;
	return back->undo_scope == UNDO_PART ? wrong_part(&c, catalog, documents) : wrong_states(&c);
}
