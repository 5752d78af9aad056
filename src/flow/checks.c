#include "pare/checks.h"

#include <string.h>

#include "checks_used.h"
#include "pare/str.h"

enum { GATES_MORE = 4, ACTIONS_AT_ONCE = 50 };

static struct gate gate(const char *name, enum gate_result result, const char *evidence)
{
	return (struct gate){name, result, evidence};
}

static struct gate unknown(struct checker *k, const char *name, const struct err *e)
{
	return gate(name, GATE_UNKNOWN, checker_why(k, e));
}

static bool lasting(const struct step *s)
{
	return !s->temporary && s->action.document != NULL &&
	       (s->action.op == STEP_CREATE_POLICY || s->action.op == STEP_PUT_ROLE_POLICY ||
		s->action.op == STEP_PUT_USER_POLICY);
}

/* --- ValidatePolicy --- */

static bool validate_one(struct checker *k, const struct action *x, const char **wrong,
			 size_t *remarks, struct err *e)
{
	struct call c = {.op = CALL_VALIDATE_POLICY, .document = x->document};
	do {
		const char *marker = c.next_marker;
		c = (struct call){.op = CALL_VALIDATE_POLICY, .document = x->document, .marker = marker};
		if (!checker_ask(k, &c, e))
			return false;
		for (size_t i = 0; i < c.issue_count; i++) {
			bool error = strcmp(c.issue[i].type, "ERROR") == 0;
			*remarks += !error;
			if (error && *wrong == NULL)
				*wrong = str_printf(k->arena, "'%s': AWS calls it an error: %s", x->policy_name,
						    str_printable(k->arena, c.issue[i].code, false));
		}
	} while (c.next_marker != NULL);
	return true;
}

static struct gate validate_policy(struct checker *k)
{
	const char *name = "validate-policy", *wrong = NULL;
	size_t documents = 0, remarks = 0;
	struct err e;
	for (size_t i = 0; i < k->plan->step_count; i++) {
		if (!lasting(&k->plan->step[i]))
			continue;
		documents++;
		if (!validate_one(k, &k->plan->step[i].action, &wrong, &remarks, &e))
			return unknown(k, name, &e);
	}
	if (wrong != NULL)
		return gate(name, GATE_FAIL, wrong);
	return gate(name, GATE_PASS,
		    str_printf(k->arena, "ValidatePolicy finds no error in %zu documents, and %zu remarks",
			       documents, remarks));
}

/* --- CheckNoNewAccess --- */

static const char *replaced(const struct checker *k, const char *slot)
{
	const struct managed_policy *m = slot != NULL ? principal_attached(k->before, slot) : NULL;
	if (m != NULL)
		return m->document;
	for (size_t i = 0; slot != NULL && i < k->before->inline_count; i++)
		if (strcmp(k->before->inline_policy[i].name, slot) == 0)
			return k->before->inline_policy[i].document;
	return NULL;
}

static struct gate aws_no_new_access(struct checker *k)
{
	const char *name = "aws-no-new-access";
	size_t documents = 0;
	for (size_t i = 0; i < k->plan->step_count; i++) {
		const struct step *s = &k->plan->step[i];
		struct err e;
		if (!lasting(s))
			continue;
		struct call c = {.op = CALL_CHECK_NO_NEW_ACCESS, .document = s->action.document,
				 .old_document = replaced(k, s->source_policy)};
		if (c.old_document == NULL)
			return gate(name, GATE_UNKNOWN,
				    str_printf(k->arena, "'%s' replaces nothing that was read",
					       s->action.policy_name));
		if (!checker_ask(k, &c, &e))
			return unknown(k, name, &e);
		if (!c.passed)
			return gate(name, GATE_FAIL,
				    str_printf(k->arena, "CheckNoNewAccess says that '%s' grants more than '%s'",
					       s->action.policy_name, s->source_policy));
		documents++;
	}
	return gate(name, GATE_PASS,
		    str_printf(k->arena, "CheckNoNewAccess passes %zu documents against those they replace",
			       documents));
}

/* --- SimulatePrincipalPolicy --- */

static bool simulate(struct checker *k, const struct str_list *actions, bool after,
		     struct str_list *allowed, size_t *decided, struct err *e)
{
	const char *marker = NULL;
	do {
		struct call c = {.op = CALL_SIMULATE_PRINCIPAL_POLICY, .principal_arn = k->plan->principal.arn,
				 .actions = *actions, .marker = marker};
		for (size_t i = 0; after && i < k->plan->step_count; i++) {
			const struct step *s = &k->plan->step[i];
			const struct action *x = &s->action;
			if (lasting(s))
				str_list_add(k->arena, &c.documents, x->document);
			else if (!s->temporary && (x->op == STEP_DETACH_ROLE_POLICY ||
						   x->op == STEP_DETACH_USER_POLICY))
				str_list_add(k->arena, &c.without_arns, x->policy_arn);
			else if (!s->temporary && (x->op == STEP_DELETE_ROLE_POLICY ||
						   x->op == STEP_DELETE_USER_POLICY))
				str_list_add(k->arena, &c.without_inline, x->policy_name);
		}
		if (!checker_ask(k, &c, e))
			return false;
		for (size_t i = 0; i < c.simulated_count; i++)
			if (strcmp(c.simulated[i].decision, "allowed") == 0)
				str_list_add(k->arena, allowed, c.simulated[i].action);
		*decided += c.simulated_count;
		marker = c.next_marker;
	} while (marker != NULL);
	return true;
}

static bool has_nocase(const struct str_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (str_equal_nocase(list->item[i], text))
			return true;
	return false;
}

static struct gate simulated(struct checker *k)
{
	const char *name = "simulate";
	struct str_list used = {0};
	struct err e;
	size_t same = 0;
	if (!checker_kept(k, &used, &e))
		return unknown(k, name, &e);
	for (size_t at = 0; at < used.count; at += ACTIONS_AT_ONCE) {
		struct str_list some = {0}, was = {0}, will = {0};
		size_t before = 0, after = 0;
		for (size_t i = at; i < used.count && i < at + ACTIONS_AT_ONCE; i++)
			str_list_add(k->arena, &some, used.item[i]);
		if (!simulate(k, &some, false, &was, &before, &e) || !simulate(k, &some, true, &will, &after, &e))
			return unknown(k, name, &e);
		if (before < some.count || after < some.count)
			return gate(name, GATE_UNKNOWN, "SimulatePrincipalPolicy did not decide every action");
		for (size_t i = 0; i < was.count; i++)
			if (!has_nocase(&will, was.item[i]))
				return gate(name, GATE_FAIL,
					    str_printf(k->arena, "'%s', which is used, would be allowed no more",
						       str_printable(k->arena, was.item[i], false)));
		same += was.count;
	}
	return gate(name, GATE_PASS,
		    str_printf(k->arena, "of %zu actions in use that IAM tracks, the %zu that the simulator allows "
			       "stay allowed", used.count, same));
}

/* --- last use --- */

static struct gate last_accessed(struct checker *k)
{
	const char *name = "last-accessed", *used;
	struct err e;
	if (!checker_used_since(k, &used, &e))
		return unknown(k, name, &e);
	if (used != NULL)
		return gate(name, GATE_FAIL, used);
	return gate(name, GATE_PASS,
		    str_printf(k->arena, "IAM saw no use of what goes since %s", k->plan->source.finding_updated_at));
}

/* --- all of them --- */

static void add(struct checker *k, enum check_mode mode, struct gate (*ask)(struct checker *k),
		struct gate *to, size_t *count)
{
	if (mode == CHECK_OFF)
		return;
	struct gate g = ask(k);
	if (g.result != GATE_UNKNOWN || mode == CHECK_REQUIRED)
		to[(*count)++] = g;
	else if (k->checks->progress != NULL)
		k->checks->progress->note(k->checks->progress->self,
					  str_printf(k->arena, "plan '%s' goes without gate %s: %s", k->plan->id,
						     g.name, g.evidence));
}

static bool check_plan(struct arena *a, const struct checks *s, struct outcome *o, struct err *e)
{
	const struct config *c = s->config;
	struct plan *p = o->plan;
	struct checker k = {.arena = a, .checks = s, .plan = p, .before = o->principal};
	struct gate *all = arena_array(a, p->gate_count + GATES_MORE, sizeof *all);
	size_t count = p->gate_count;
	memcpy(all, p->gate, count * sizeof *all);
	add(&k, c->checks.validate_policy, validate_policy, all, &count);
	add(&k, c->checks.no_new_access, aws_no_new_access, all, &count);
	add(&k, c->checks.simulate, simulated, all, &count);
	add(&k, c->checks.last_accessed, last_accessed, all, &count);
	p->gate = all;
	for (size_t i = p->gate_count; i < count; i++)
		if (all[i].result != GATE_PASS && o->kind == OUTCOME_PLANNED) {
			o->kind = OUTCOME_BLOCKED;
			o->reason = str_printf(a, "gate %s: %s", all[i].name, all[i].evidence);
		}
	p->gate_count = count;
	return plan_seal(a, p, e);
}

static bool wanted(const struct config *c)
{
	return c->checks.validate_policy != CHECK_OFF || c->checks.no_new_access != CHECK_OFF ||
	       c->checks.simulate != CHECK_OFF || c->checks.last_accessed != CHECK_OFF;
}

bool checks_run(struct arena *a, const struct checks *s, struct run *run, struct err *e)
{
	for (size_t i = 0; wanted(s->config) && i < run->count; i++) {
		struct outcome *o = &run->outcome[i];
		if (o->kind != OUTCOME_PLANNED || plan_archives_only(o->plan))
			continue;
		if (s->progress != NULL)
			s->progress->step(s->progress->self, "asking AWS about plans", i, run->count);
		if (s->clock != NULL && s->clock->interrupted(s->clock->self))
			return err_set(e, ERR_INTERRUPTED, "asking AWS about plans: interrupted");
		if (!check_plan(a, s, o, e))
			return false;
	}
	return true;
}

bool checks_still_unused(struct arena *a, const struct checks *s, const struct plan *p, struct err *e)
{
	const char *used;
	struct checker k = {.arena = a, .checks = s, .plan = p};
	enum check_mode mode = s->config->checks.last_accessed;
	if (mode == CHECK_OFF || plan_undoes(p) != NULL || plan_archives_only(p))
		return true;
	if (!checker_used_since(&k, &used, e)) {
		const char *why = checker_why(&k, e);
		if (mode == CHECK_REQUIRED)
			return err_set(e, ERR_REFUSED, "gate last-accessed, asked again: unknown: %s", why);
		if (s->progress != NULL)
			s->progress->note(s->progress->self,
					  str_printf(a, "plan '%s' goes without gate last-accessed: %s", p->id, why));
		return true;
	}
	return used == NULL || err_set(e, ERR_STALE, "gate last-accessed, asked again: %s", used);
}
