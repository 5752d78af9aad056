/* contain: the three questions, all of one form (question.h). First level: statements as text,
 * which closes what Access Analyzer makes: it drops actions and keeps everything else. What is left
 * over are targets, action patterns that no statement of the other side holds; only inside them
 * can a violation lie, and only they are searched. */
#include "pare/contain.h"

#include <string.h>

#include "cover.h"
#include "question.h"

const char *proof_verdict_name(enum proof_verdict v)
{
	static const char *const names[] = {"PROVED", "REFUTED", "UNKNOWN"};
	return names[v];
}

struct proof_caps proof_caps_default(void)
{
	return (struct proof_caps){.states = 60000, .contexts = 200000, .steps = 5000000};
}

/* --- the sides --- */

static void add_member(struct question *q, const struct statement *s, enum role role,
		       const struct action_index *index)
{
	q->member[q->member_count] = (struct member){.number = q->member_count, .s = s, .role = role,
						     .unread = s->unknown,
						     .index = index};
	q->member_count++;
}

static void add_target(struct question *q, size_t *room, struct target t)
{
	if (q->target_count == *room) {
		size_t more = *room == 0 ? 32 : *room * 2;
		struct target *grown = arena_array(q->arena, more, sizeof *grown);
		if (q->target_count > 0)
			memcpy(grown, q->target, q->target_count * sizeof *grown);
		q->target = grown;
		*room = more;
	}
	q->target[q->target_count++] = t;
}

/* What of one statement no statement of `by` holds. false: nothing. */
static bool aim_at(struct question *q, size_t *room, struct member *m, const struct cover *by)
{
	struct frames *frames = arena_alloc(q->arena, sizeof *frames);
	size_t before = q->target_count;
	cover_frames(by, m->s, m->index, frames);
	if (frames->whole)
		return false;
	if (m->s->not_action || m->s->actions.count == 0)
		add_target(q, room, (struct target){m, NULL, frames});
	for (size_t i = 0; i < m->s->actions.count && !m->s->not_action; i++)
		if (!cover_action(frames, m->s->actions.item[i]))
			add_target(q, room, (struct target){m, m->s->actions.item[i], frames});
	return q->target_count > before;
}

static void add_side(struct question *q, struct policy_set set, const struct cover *cover, bool left)
{
	size_t n = 0;
	enum effect grant = q->denies ? EFFECT_DENY : EFFECT_ALLOW;
	for (size_t p = 0; p < set.count; p++)
		for (size_t i = 0; i < set.policy[p]->count; i++) {
			const struct statement *s = &set.policy[p]->statements[i];
			const struct action_index *index = cover_index(cover, n++);
			if (s->effect == grant)
				add_member(q, s, left ? LEFT_ALLOW : RIGHT_ALLOW, index);
			else if (!q->denies)
				add_member(q, s, left ? LEFT_DENY : RIGHT_DENY, index);
		}
}

static size_t statement_count(struct policy_set set)
{
	size_t n = 0;
	for (size_t p = 0; p < set.count; p++)
		n += set.policy[p]->count;
	return n;
}

/* Members and targets. Where no Deny of the right is new, grants that the right frames as a whole
 * cannot take part in a violation and are left out. */
static void set_up(struct question *q)
{
	size_t room = 0, kept = 0, all = statement_count(q->left) + statement_count(q->right);
	bool new_deny = false, *covered = arena_array(q->arena, all, sizeof *covered);
	q->member = arena_array(q->arena, all, sizeof *q->member);
	const struct cover *left = cover_new(q->arena, q->left), *right = cover_new(q->arena, q->right);
	add_side(q, q->left, left, true);
	add_side(q, q->right, right, false);
	for (size_t i = 0; i < q->member_count; i++) {
		struct member *m = &q->member[i];
		if (m->role == LEFT_ALLOW)
			covered[i] = !aim_at(q, &room, m, right);
		if (m->role == RIGHT_DENY)
			covered[i] = !aim_at(q, &room, m, left);
		new_deny = new_deny || (m->role == RIGHT_DENY && !covered[i]);
	}
	for (size_t i = 0; i < q->member_count; i++) {
		if (covered[i] && (q->member[i].role == RIGHT_DENY || !new_deny))
			continue;
		for (size_t t = 0; t < q->target_count; t++)
			if (q->target[t].member == &q->member[i])
				q->target[t].member = &q->member[kept];
		q->member[kept] = q->member[i];
		q->member[kept].number = kept;
		kept++;
	}
	q->member_count = kept;
	if (kept > MEMBERS_MAX && q->target_count > 0)
		q->limit = "the number of statements that are looked at together";
}

/* --- the answer --- */

struct wording {
	const char *question;
	const char *by_text, *by_search; /* proved */
	const char *refuted;             /* "… is allowed after and was not before" */
};

static const struct wording words_allow = {
	"no-new-allow", "every grant is inside a statement from before, and every Deny is still there",
	"no request is allowed after that was not allowed before",
	"is allowed after and was not allowed before"};
static const struct wording words_deny = {
	"no-lost-deny", "every Deny from before is still there",
	"no request was denied before that is not denied after",
	"was denied before and is not denied after"};
static const struct wording words_lost = {
	"only-unused-lost", "every action that is not listed as unused is granted as before",
	"no request for an action in use was allowed before that is not allowed after",
	"is in use, was allowed before and is not allowed after"};

static void name_statements(struct arena *a, const struct question *q, struct proof *p)
{
	p->statements = arena_array(a, q->target_count, sizeof(const struct statement *));
	for (size_t i = 0; i < q->target_count; i++) {
		bool named = false;
		for (size_t k = 0; k < p->statement_count; k++)
			named = named || p->statements[k] == q->target[i].member->s;
		if (!named)
			p->statements[p->statement_count++] = q->target[i].member->s;
	}
}

static const char *unread_reason(struct arena *a, const struct question *q)
{
	for (size_t i = 0; i < q->member_count; i++)
		if (q->member[i].unread != NULL)
			return str_printf(a, "statement %zu of '%s' is not understood: %s",
					  q->member[i].s->index, q->member[i].s->policy->source,
					  q->member[i].unread);
	return NULL;
}

static const char *readings(struct arena *a, const struct question *q)
{
	const char *text = "";
	for (int r = 0; r < ARN_READING_COUNT; r++)
		if (q->refuted_when[r])
			text = str_printf(a, "%s%s%s", text, *text != '\0' ? ", " : "",
					  arn_reading_name((enum arn_reading)r));
	return text;
}

static const char *place_of(struct arena *a, const struct statement *s)
{
	return str_printf(a, "statement %zu of '%s'", s->index, s->policy->source);
}

/* The first text of the statement with a policy variable, or NULL. */
static const char *variable_in(const struct statement *s)
{
	for (size_t i = 0; s->policy->version_2012 && i < s->resources.count; i++)
		if (strstr(s->resources.item[i], "${") != NULL)
			return s->resources.item[i];
	for (size_t i = 0; s->policy->version_2012 && i < s->condition_count; i++)
		for (size_t k = 0; k < s->conditions[i].values.count; k++)
			if (strstr(s->conditions[i].values.item[k], "${") != NULL)
				return s->conditions[i].values.item[k];
	return NULL;
}

/* What of the request that may be a violation the evaluator cannot judge, in words. */
static const char *undecided_part(struct arena *a, const struct question *q)
{
	struct evaluation v = {q->arena, q->possible, ARN_FLAT, false};
	const char *variable = NULL;
	for (size_t i = 0; i < q->member_count; i++) {
		const struct statement *s = q->member[i].s;
		if (!member_concerned(&q->member[i], q->possible->action))
			continue;
		for (size_t k = 0; k < s->condition_count; k++)
			if (evaluate_condition(&v, &s->conditions[k], s->policy->version_2012) == ANSWER_UNKNOWN)
				return str_printf(a, "%s for '%s' in %s, for a value of which it is not said "
						     "clearly whether it holds",
						  s->conditions[k].operator, s->conditions[k].key, place_of(a, s));
		if (variable == NULL && variable_in(s) != NULL)
			variable = str_printf(a, "the value of a policy variable in '%s' in %s", variable_in(s),
					      place_of(a, s));
	}
	return variable != NULL ? variable : "a value of which it is not said clearly what it means";
}

static const char *unknown_reason(struct arena *a, const struct question *q)
{
	const char *words = unread_reason(a, q), *when = readings(a, q);
	if (q->limit != NULL)
		return str_printf(a, "not decided: %s was reached or exceeded", q->limit);
	if (*when != '\0')
		return str_printf(a, "not decided: it depends on how wildcards in ARNs are read (refuted when "
				     "they are read %s)", when);
	if (words != NULL)
		return str_printf(a, "not decided: %s", words);
	return str_printf(a, "not decided: %s on %s hangs on %s", q->possible->action,
			  q->possible->resource, undecided_part(a, q));
}

static void conclude(struct arena *a, struct question *q, const struct wording *w, struct proof *p)
{
	bool depends = false;
	for (int r = 0; r < ARN_READING_COUNT; r++)
		depends = depends || q->refuted_when[r];
	p->action_classes = q->action_classes;
	p->resource_classes = q->resource_classes;
	p->contexts = q->contexts;
	if (q->witness != NULL) {
		p->verdict = PROOF_REFUTED;
		witness_publish(a, q, q->witness, p);
		p->reason = str_printf(a, "%s on %s %s", p->witness->action, p->witness->resource, w->refuted);
	} else if (q->limit != NULL || depends || q->possible != NULL) {
		p->verdict = PROOF_UNKNOWN;
		name_statements(a, q, p);
		p->reason = unknown_reason(a, q);
	} else {
		p->verdict = PROOF_PROVED;
		p->syntactic = q->target_count == 0;
		p->reason = p->syntactic ? w->by_text : w->by_search;
		if (q->uncatalogued != NULL)
			p->reason = str_printf(a, "%s (not judged: '%s', which the catalogue does not know)",
					       p->reason, q->uncatalogued);
	}
}

static struct proof answer(struct arena *a, struct question question, const struct wording *w,
			   const struct catalog *catalog, const struct proof_caps *caps)
{
	struct proof p = {.question = w->question};
	question.arena = arena_new(a);
	question.catalog = catalog;
	question.caps = *caps;
	question.steps = caps->steps > 0 ? caps->steps : 1;
	set_up(&question);
	if (question.target_count > 0 && question.limit == NULL)
		search_actions(&question);
	if (question.steps == 0 && question.limit == NULL)
		question.limit = "the cap on steps";
	conclude(a, &question, w, &p);
	arena_free(question.arena);
	return p;
}

struct proof prove_no_new_allow(struct arena *a, struct policy_set before, struct policy_set after,
				const struct catalog *catalog, const struct proof_caps *caps)
{
	return answer(a, (struct question){.left = after, .right = before}, &words_allow, catalog, caps);
}

struct proof prove_no_lost_deny(struct arena *a, struct policy_set before, struct policy_set after,
				const struct catalog *catalog, const struct proof_caps *caps)
{
	return answer(a, (struct question){.left = before, .right = after, .denies = true}, &words_deny,
		      catalog, caps);
}

struct proof prove_only_unused_lost(struct arena *a, struct policy_set before,
				    struct policy_set after, const struct unused *unused,
				    const struct catalog *catalog, const struct proof_caps *caps)
{
	static const struct unused none;
	return answer(a,
		      (struct question){.left = before, .right = after,
					.unused = unused != NULL ? unused : &none},
		      &words_lost, catalog, caps);
}

struct provenance *provenance_of(struct arena *a, struct policy_set before, struct policy_set after,
				 size_t *count)
{
	struct provenance *out = arena_array(a, statement_count(after), sizeof *out);
	struct arena *scratch = arena_new(a);
	const struct cover *by = cover_new(scratch, before);
	*count = 0;
	for (size_t p = 0; p < after.count; p++)
		for (size_t i = 0; i < after.policy[p]->count; i++) {
			const struct statement *s = &after.policy[p]->statements[i];
			if (s->effect == EFFECT_ALLOW)
				out[(*count)++] = (struct provenance){s, cover_origin(by, s)};
		}
	arena_free(scratch);
	return out;
}
