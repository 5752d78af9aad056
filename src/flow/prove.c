/* prove: the gates. Each looks at the plan and says pass, fail or unknown, with evidence that is the
 * same whenever the input is the same. */
#include <string.h>

#include "pare/arn.h"
#include "pare/draft.h"
#include "pare/str.h"
#include "pare/when.h"
#include "guard.h"
#include "slots.h"

struct prover {
	struct arena *arena;   /* evidence lives here */
	struct arena *scratch; /* everything else */
	const struct draft_setting *setting;
	struct plan *plan;
	const struct principal *before, *after;
	struct policy_set was, will;
	const char *unread; /* why the documents could not be read; then no proof can be made */
	const struct unused *unused;
	const struct recommendation *recommendation;
	const struct quota *quota;
};

static struct gate gate(const char *name, enum gate_result result, const char *evidence)
{
	return (struct gate){name, result, evidence};
}

static enum gate_result result_of(enum proof_verdict v)
{
	return v == PROOF_PROVED ? GATE_PASS : v == PROOF_REFUTED ? GATE_FAIL : GATE_UNKNOWN;
}

static struct gate no_new_access(struct prover *p)
{
	const char *name = "no-new-access";
	struct proof_caps caps = proof_caps_default();
	if (p->unread != NULL)
		return gate(name, GATE_UNKNOWN, p->unread);
	struct proof allow = prove_no_new_allow(p->scratch, p->was, p->will, p->setting->catalog, &caps);
	if (allow.verdict != PROOF_PROVED)
		return gate(name, result_of(allow.verdict), arena_strdup(p->arena, allow.reason));
	struct proof deny = prove_no_lost_deny(p->scratch, p->was, p->will, p->setting->catalog, &caps);
	if (deny.verdict != PROOF_PROVED)
		return gate(name, result_of(deny.verdict), arena_strdup(p->arena, deny.reason));
	return gate(name, GATE_PASS, str_printf(p->arena, "proved: %s; %s", allow.reason, deny.reason));
}

static struct gate only_unused_lost(struct prover *p)
{
	const char *name = "only-unused-lost";
	struct proof_caps caps = proof_caps_default();
	if (p->unread != NULL)
		return gate(name, GATE_UNKNOWN, p->unread);
	struct proof lost = prove_only_unused_lost(p->scratch, p->was, p->will, p->unused,
						   p->setting->catalog, &caps);
	return gate(name, result_of(lost.verdict),
		    str_printf(p->arena, "%s%s", lost.verdict == PROOF_PROVED ? "proved: " : "",
			       lost.reason));
}

static struct gate conditions_kept(struct prover *p)
{
	const char *name = "conditions-kept";
	size_t count, without = 0;
	const struct statement *first = NULL;
	if (p->unread != NULL)
		return gate(name, GATE_UNKNOWN, p->unread);
	struct provenance *origin = provenance_of(p->scratch, p->was, p->will, &count);
	for (size_t i = 0; i < count; i++)
		if (origin[i].from == NULL && without++ == 0)
			first = origin[i].now;
	if (without == 0)
		return gate(name, GATE_PASS,
			    str_printf(p->arena, "each of %zu grants has the resources and conditions of a "
				       "statement from before", count));
	return gate(name, GATE_UNKNOWN,
		    str_printf(p->arena, "statement %zu of '%s' has no statement from before with its resources "
			       "and conditions", first->index, first->policy->source));
}

static struct gate grammar(struct prover *p)
{
	size_t checked = 0;
	for (size_t i = 0; i < p->plan->step_count; i++) {
		const struct action *x = &p->plan->step[i].action;
		struct err e;
		if (!step_adds(x->op) || x->document == NULL)
			continue;
		const char *subject = x->policy_name != NULL ? x->policy_name : x->policy_arn;
		const struct policy *doc = policy_parse(p->scratch, x->document, strlen(x->document), subject, &e);
		if (doc == NULL)
			return gate("grammar", GATE_FAIL, arena_strdup(p->arena, e.message));
		if (doc->count == 0)
			return gate("grammar", GATE_FAIL,
				    str_printf(p->arena, "'%s' has no statement: expected at least one", subject));
		for (size_t k = 0; k < doc->count; k++)
			if (doc->statements[k].invalid != NULL)
				return gate("grammar", GATE_FAIL,
					    str_printf(p->arena, "'%s': %s", subject, doc->statements[k].invalid));
			else if (doc->statements[k].unknown != NULL)
				return gate("grammar", GATE_UNKNOWN,
					    str_printf(p->arena, "statement %zu of '%s': %s", k, subject,
						       doc->statements[k].unknown));
		if (x->policy_name != NULL && !iam_name_valid(x->policy_name, NAME_MAX_POLICY))
			return gate("grammar", GATE_FAIL,
				    str_printf(p->arena, "'%s' is no name that IAM takes", x->policy_name));
		checked++;
	}
	return gate("grammar", GATE_PASS, str_printf(p->arena, "%zu new documents are valid", checked));
}

static struct gate quota(struct prover *p)
{
	const char *missing = quota_walk(p->arena, p->plan, p->before, p->quota);
	if (missing != NULL)
		return gate("quota", GATE_FAIL, missing);
	return gate("quota", GATE_PASS, "inside IAM's quotas before, during and after the change");
}

static const char *outdated_policy(struct prover *p)
{
	const struct recommendation *r = p->recommendation;
	for (size_t i = 0; r != NULL && i < r->count; i++) {
		const char *id = r->step[i].existing_policy_id;
		int64_t seen, now;
		if (id == NULL || !arn_is_policy(id))
			continue;
		const struct managed_policy *m = principal_attached(p->before, id);
		if (m == NULL)
			return str_printf(p->arena, "policy '%s' is no longer attached", id);
		if (r->step[i].policy_updated_at == NULL)
			continue;
		if (m->update_date == NULL || !when_parse(m->update_date, &now) ||
		    !when_parse(r->step[i].policy_updated_at, &seen) || !when_same_second(now, seen))
			return str_printf(p->arena,
					  "policy '%s' was updated %s, the recommendation saw it as of %s: ask for a new "
					  "recommendation",
					  id, m->update_date != NULL ? m->update_date : "at an unknown time",
					  r->step[i].policy_updated_at);
	}
	return NULL;
}

static struct gate fresh(struct prover *p)
{
	const struct recommendation *r = p->recommendation;
	const char *made = r == NULL ? NULL : r->completed_at != NULL ? r->completed_at : r->started_at;
	int64_t made_ms, limit = (int64_t)p->setting->config->limits.recommendation_age_days;
	if (r == NULL)
		return gate("fresh", GATE_PASS, "the plan rests on no recommendation");
	const char *outdated = outdated_policy(p);
	if (outdated != NULL)
		return gate("fresh", GATE_FAIL, outdated);
	if (made == NULL || !when_parse(made, &made_ms))
		return gate("fresh", GATE_UNKNOWN, "the recommendation does not say when it was made");
	if (p->setting->now_ms - made_ms > limit * WHEN_DAY_MS)
		return gate("fresh", GATE_FAIL,
			    str_printf(p->arena, "the recommendation of %s is older than %lld days", made,
				       (long long)limit));
	return gate("fresh", GATE_PASS,
		    str_printf(p->arena, "the recommendation of %s matches the live policies", made));
}

/* The role behind an assumed-role ARN: arn:P:sts::A:assumed-role/NAME/SESSION. */
static bool is_caller(struct arena *a, const char *caller, const struct principal *p)
{
	if (caller == NULL)
		return false;
	if (str_equal(caller, p->arn))
		return true;
	const char *resource = str_part(a, caller, ':', 5, true);
	if (resource == NULL || !str_starts(resource, "assumed-role/"))
		return false;
	return str_equal(str_part(a, resource, '/', 1, false), p->name) &&
	       str_equal(str_part(a, caller, ':', 4, false), p->account);
}

const char *protected_by(struct arena *a, const struct config *config, const char *caller_arn,
			 const struct principal *p)
{
	const char *owned = principal_aws_owned(p);
	if (owned != NULL)
		return owned;
	if (is_caller(a, caller_arn, p))
		return str_printf(a, "it is the %s pare itself runs as", principal_type_name(p->type));
	for (size_t i = 0; i < config->protect.count; i++)
		if (str_glob(config->protect.item[i], p->arn))
			return str_printf(a, "the configuration protects '%s'", config->protect.item[i]);
	return NULL;
}

static struct gate protected(struct prover *p)
{
	const char *by = protected_by(p->arena, p->setting->config, p->setting->caller_arn, p->before);
	return by != NULL ? gate("protected", GATE_FAIL, by)
			  : gate("protected", GATE_PASS, "nobody protects it");
}

static struct gate shared(struct prover *p)
{
	size_t others = 0;
	const char *first = NULL;
	for (size_t i = 0; i < p->plan->step_count; i++) {
		const struct action *x = &p->plan->step[i].action;
		if (!step_detaches(x->op) || arn_is_aws_managed(x->policy_arn))
			continue;
		const struct managed_policy *m = principal_attached(p->before, x->policy_arn);
		if (m == NULL || (m->attachment_count <= 1 && m->boundary_count <= 0))
			continue;
		others++;
		if (first == NULL)
			first = str_printf(p->arena, "'%s' stays as it is for %lld other attachments%s", m->name,
					   (long long)m->attachment_count - 1,
					   m->boundary_count > 0 ? " and as a permissions boundary" : "");
	}
	if (others == 0)
		return gate("shared", GATE_PASS, "no policy that others use is touched");
	return gate("shared", p->setting->config->shared_blocks ? GATE_FAIL : GATE_PASS, first);
}

static struct gate window(struct prover *p)
{
	return window_gate(p->arena, p->setting->config, p->plan, p->setting->now_ms);
}

static void read_documents(struct prover *p)
{
	struct err e;
	p->after = plan_outcome(p->scratch, p->plan, p->before, &e);
	if (p->after == NULL || !principal_policies(p->scratch, p->before, &p->was, &e) ||
	    !principal_policies(p->scratch, p->after, &p->will, &e))
		p->unread = arena_strdup(p->arena, e.message);
}

void prove(struct arena *a, const struct draft_setting *s, struct plan *plan,
	   const struct principal *before, const struct unused *unused,
	   const struct recommendation *recommendation, const struct quota *limits)
{
	static struct gate (*const gates[])(struct prover *) = {
		no_new_access, only_unused_lost, conditions_kept, grammar, quota, fresh, protected, shared,
		window,
	};
	enum { GATES = sizeof gates / sizeof gates[0], ABOUT_DOCUMENTS = 5 };
	static const char *const names[ABOUT_DOCUMENTS] = {"no-new-access", "only-unused-lost",
							   "conditions-kept", "grammar", "quota"};
	struct prover p = {.arena = a, .scratch = arena_new(NULL), .setting = s, .plan = plan,
			   .before = before, .unused = unused, .recommendation = recommendation,
			   .quota = limits};
	bool archives = plan_archives_only(plan);
	if (!archives)
		read_documents(&p);
	else
		p.recommendation = NULL;
	plan->gate = arena_array(a, GATES + 1, sizeof *plan->gate);
	plan->gate_count = 0;
	for (size_t i = 0; i < GATES; i++)
		plan->gate[plan->gate_count++] = archives && i < ABOUT_DOCUMENTS
							 ? gate(names[i], GATE_PASS, "the plan changes no policy")
							 : gates[i](&p);
	arena_free(p.scratch);
}
