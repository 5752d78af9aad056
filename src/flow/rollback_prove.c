/* rollback_prove: a rollback in part gives back some actions and nothing else. Proved at every step,
 * from the documents alone:
 *
 *   allow(step) ⊆ allow(before, and what a person put there and stays)
 *   allow(step) ⊆ allow(now, and the patterns on everything)
 *   allow(now) ⊆ allow(step), deny(now) ⊆ deny(step) */
#include <string.h>

#include "pare/contain.h"
#include "pare/json.h"
#include "pare/str.h"
#include "rollback_parts.h"

struct prover {
	struct arena *arena, *scratch;
	const struct catalog *catalog;
	struct policy_set known;    /* before, and what stays of now */
	struct policy_set widened;  /* now, and the patterns */
	struct policy_set now;
	struct part_proof *out;
};

static struct policy_set with(struct arena *a, struct policy_set set, const struct policy *more)
{
	struct policy_set out = {arena_array(a, set.count + 1, sizeof(struct policy *)), set.count + 1};
	if (set.count > 0)
		memcpy(out.policy, set.policy, set.count * sizeof *out.policy);
	out.policy[set.count] = more;
	return out;
}

/* A policy that allows the patterns on everything. */
static const struct policy *patterns_policy(struct arena *a, const struct str_list *patterns,
					    struct err *e)
{
	struct buf *b = buf_new(a, 1 << 20);
	struct json_writer w;
	json_start(&w, b, true);
	json_open(&w, '{');
	json_member_text(&w, "Version", "2012-10-17");
	json_key(&w, "Statement");
	json_open(&w, '{');
	json_member_text(&w, "Effect", "Allow");
	json_member_list(&w, "Action", patterns);
	json_member_text(&w, "Resource", "*");
	json_close(&w, '}');
	json_close(&w, '}');
	return policy_parse(a, b->data, b->len, "what is given back", e);
}

/* Before, and of now what the rollback leaves as it is. */
static bool known_set(struct prover *p, const struct principal *before, const struct principal *now,
		      const struct principal *after, struct err *e)
{
	struct policy_set all;
	if (!principal_policies(p->scratch, before, &p->known, e) ||
	    !principal_policies(p->scratch, now, &all, e))
		return false;
	for (size_t i = 0; i < now->attached_count; i++)
		if (str_equal(live_digest(after, false, now->attached[i].arn), now->attached[i].document_sha256))
			p->known = with(p->scratch, p->known, all.policy[i]);
	for (size_t i = 0; i < now->inline_count; i++)
		if (str_equal(live_digest(after, true, now->inline_policy[i].name),
			      now->inline_policy[i].document_sha256))
			p->known = with(p->scratch, p->known, all.policy[now->attached_count + i]);
	return true;
}

static void note_verdict(struct prover *p, const char **out, struct proof proof, size_t step)
{
	if (proof.verdict == PROOF_PROVED || *out != NULL)
		return;
	*out = str_printf(p->arena, "after step %zu: %s: %s", step, proof_verdict_name(proof.verdict),
			  proof.reason);
}

static void judge_step(struct prover *p, struct policy_set set, size_t step)
{
	struct proof_caps caps = proof_caps_default();
	struct arena *a = p->scratch;
	note_verdict(p, &p->out->wider, prove_no_new_allow(a, p->known, set, p->catalog, &caps), step);
	note_verdict(p, &p->out->beyond, prove_no_new_allow(a, p->widened, set, p->catalog, &caps), step);
	note_verdict(p, &p->out->lost, prove_no_new_allow(a, set, p->now, p->catalog, &caps), step);
	note_verdict(p, &p->out->wider, prove_no_lost_deny(a, p->now, set, p->catalog, &caps), step);
}

static void judge_conditions(struct prover *p, struct policy_set set)
{
	size_t count;
	struct provenance *origin = provenance_of(p->scratch, p->known, set, &count);
	for (size_t i = 0; i < count && p->out->unlike == NULL; i++)
		if (origin[i].from == NULL)
			p->out->unlike = str_printf(p->arena,
						    "statement %zu of '%s' has no statement from before with its "
						    "resources and conditions",
						    origin[i].now->index, origin[i].now->policy->source);
}

static bool prove_all(struct prover *p, const struct plan *back, const struct principal *before,
		      const struct principal *now, struct err *e)
{
	struct arena *a = p->scratch;
	const struct principal *after = plan_outcome(a, back, now, e);
	const struct policy *patterns = patterns_policy(a, &back->gives_back, e);
	struct policy_set set = {0};
	if (after == NULL || patterns == NULL || !principal_policies(a, now, &p->now, e) ||
	    !known_set(p, before, now, after, e))
		return false;
	p->widened = with(a, p->now, patterns);
	for (size_t k = 1; k <= back->step_count; k++) {
		const struct principal *x = plan_outcome_after(a, back, now, k, e);
		if (x == NULL || !principal_policies(a, x, &set, e))
			return false;
		if (back->step[k - 1].action.op != STEP_CREATE_POLICY &&
		    back->step[k - 1].action.op != STEP_DELETE_POLICY)
			judge_step(p, set, k);
	}
	judge_conditions(p, set);
	return true;
}

bool part_prove(struct arena *a, const struct catalog *catalog, const struct plan *back,
		const struct principal *before, const struct principal *now, struct part_proof *out,
		struct err *e)
{
	struct prover p = {.arena = a, .scratch = arena_new(NULL), .catalog = catalog, .out = out};
	*out = (struct part_proof){0};
	bool ok = prove_all(&p, back, before, now, e);
	arena_free(p.scratch);
	return ok;
}
