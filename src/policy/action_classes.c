/* action_classes: the kinds of actions that the statements tell apart, and for each the search for
 * a violation. Actions that concern the same statements are looked at once. */
#include <string.h>

#include "automaton.h"
#include "cover.h"
#include "glob.h"
#include "question.h"

/* --- one class --- */

/* Does outer match whatever inner does, where both concern the action? Asked once. */
static bool frames(struct question *q, const struct member *outer, const struct member *inner)
{
	enum { NOT_ASKED, YES, NO };
	if (q->framing == NULL)
		q->framing = arena_array(q->arena, q->member_count, q->member_count);
	uint8_t *known = &q->framing[outer->number * q->member_count + inner->number];
	if (*known == NOT_ASKED)
		*known = cover_frame(inner->s, outer->s) ? YES : NO;
	return *known == YES;
}

static bool framed(struct question *q, const struct set *hit, const struct member *m,
		   enum role by)
{
	for (size_t i = 0; i < q->member_count; i++)
		if (q->member[i].role == by && set_has(hit, i) && frames(q, &q->member[i], m))
			return true;
	return false;
}

/* Which of the members that an action concerns can take part in a violation: a Deny of the right
 * that a Deny of the left frames cannot, and without Denies neither can a grant that a grant of
 * the right frames. */
static struct set relevant(struct question *q, const struct set *hit)
{
	struct set out = *hit;
	bool deny = false, allow = false;
	for (size_t i = 0; i < q->member_count; i++) {
		const struct member *m = &q->member[i];
		if (!set_has(hit, i) || m->role != RIGHT_DENY)
			continue;
		if (framed(q, hit, m, LEFT_DENY))
			out.word[i / 64] &= ~((uint64_t)1 << (i % 64));
		else
			deny = true;
	}
	for (size_t i = 0; i < q->member_count; i++) {
		const struct member *m = &q->member[i];
		if (!set_has(hit, i) || m->role != LEFT_ALLOW)
			continue;
		if (!deny && framed(q, hit, m, RIGHT_ALLOW))
			out.word[i / 64] &= ~((uint64_t)1 << (i % 64));
		else
			allow = true;
	}
	return allow ? out : (struct set){{0}};
}

static struct set *slot_of(const struct seen *t, const struct set *s)
{
	static const struct set none;
	uint64_t h = 0;
	for (size_t w = 0; w < WORDS_MAX; w++)
		h = (h ^ s->word[w]) * 0x9e3779b97f4a7c15u, h ^= h >> 31;
	size_t slot = h & (t->size - 1);
	while (memcmp(&t->set[slot], s, sizeof *s) != 0 &&
	       memcmp(&t->set[slot], &none, sizeof none) != 0)
		slot = (slot + 1) & (t->size - 1);
	return &t->set[slot];
}

/* Looked at before? Remembers it. The empty set is never asked. */
static bool seen(struct arena *a, struct seen *t, const struct set *s)
{
	static const struct set none;
	if (2 * t->count >= t->size) {
		struct seen old = *t;
		t->size = old.size == 0 ? 64 : old.size * 4;
		t->set = arena_array(a, t->size, sizeof *t->set);
		for (size_t i = 0; i < old.size; i++)
			if (memcmp(&old.set[i], &none, sizeof none) != 0)
				*slot_of(t, &old.set[i]) = old.set[i];
	}
	struct set *slot = slot_of(t, s);
	if (memcmp(slot, s, sizeof *s) == 0)
		return true;
	*slot = *s;
	t->count++;
	return false;
}

/* --- the search --- */

/* true: the end. */
static bool look_at(struct question *q, const struct set *concerned, const char *action,
		    bool future)
{
	static const struct set none;
	struct set hit = relevant(q, concerned);
	if (memcmp(&hit, &none, sizeof none) == 0 || seen(q->arena, &q->looked, &hit))
		return false;
	q->action_classes++;
	if (future)
		action = witness_action(q, concerned, action);
	if (refute_class(q, &hit, action))
		return true;
	return q->steps == 0;
}

static struct set concerned_by(const struct question *q, const char *action)
{
	struct set out = {{0}};
	for (size_t i = 0; i < q->member_count; i++)
		if (member_concerned(&q->member[i], action))
			set_add(&out, i);
	return out;
}

static bool look_at_action(struct question *q, const char *action)
{
	uint64_t cost = 4 * q->member_count + 1;
	if (q->steps <= cost) {
		q->limit = "the cap on steps";
		q->steps = 0;
		return true;
	}
	q->steps -= cost;
	struct set concerned = concerned_by(q, action);
	return look_at(q, &concerned, action, false);
}

/* --- all actions: the automaton over the action patterns --- */

struct actions {
	struct question *q;
	struct pattern *pattern;
	struct set *members;
	const char **text;
	bool *aim; /* the pattern is a target's */
	size_t count;
	struct set not_action, unclear, whole_targets;
};

static void sets_of(const struct actions *x, const struct walk *w, const struct state *s,
		    struct set *accept, struct set *alive, struct set *done, bool *aimed_alive,
		    bool *aimed_accept)
{
	for (size_t i = 0; i < s->count; i++) {
		size_t p = s->place[i].pattern;
		bool accepts = place_accepts(w, s->place[i]);
		for (size_t n = 0; n < WORDS_MAX; n++) {
			alive->word[n] |= x->members[p].word[n];
			if (accepts)
				accept->word[n] |= x->members[p].word[n];
			if (s->place[i].at == PLACE_DONE)
				done->word[n] |= x->members[p].word[n];
		}
		*aimed_alive = *aimed_alive || x->aim[p];
		*aimed_accept = *aimed_accept || (x->aim[p] && accepts);
	}
}

static struct set concerned_set(const struct actions *x, const struct set *listed,
				const struct set *unlisted)
{
	struct set out = {{0}};
	for (size_t n = 0; n < WORDS_MAX; n++) {
		uint64_t not = x->not_action.word[n];
		out.word[n] = (listed->word[n] & ~not) | (~unlisted->word[n] & not) |
			      x->unclear.word[n];
	}
	return out;
}

static bool any_left_allow(const struct question *q, const struct set *s)
{
	for (size_t i = 0; i < q->member_count; i++)
		if (q->member[i].role == LEFT_ALLOW && set_has(s, i))
			return true;
	return false;
}

static bool meets_whole(const struct actions *x, const struct set *s)
{
	for (size_t n = 0; n < WORDS_MAX; n++)
		if ((s->word[n] & x->whole_targets.word[n]) != 0)
			return true;
	return false;
}

static enum visit visit_action(void *context, const struct walk *w, const struct state *s)
{
	struct actions *x = context;
	struct question *q = x->q;
	struct set accept = {{0}}, alive = {{0}}, done = {{0}};
	bool aimed_alive = false, aimed_accept = false;
	sets_of(x, w, s, &accept, &alive, &done, &aimed_alive, &aimed_accept);
	struct set may = concerned_set(x, &alive, &done);
	if ((!aimed_alive && !meets_whole(x, &may)) || !any_left_allow(q, &may))
		return VISIT_PRUNE;
	if (!s->complete)
		return VISIT_ON;
	struct set concerned = concerned_set(x, &accept, &accept);
	if (!aimed_accept && !meets_whole(x, &concerned))
		return VISIT_ON;
	if (seen(q->arena, &q->concerned, &concerned))
		return VISIT_ON;
	const char *action = pattern_utf8(q->arena, walk_text(q->arena, w, s));
	return look_at(q, &concerned, action, true) ? VISIT_STOP : VISIT_ON;
}

static size_t action_pattern(struct actions *x, const char *text)
{
	const char *lower = str_lower(x->q->arena, text);
	for (size_t i = 0; i < x->count; i++)
		if (strcmp(x->text[i], lower) == 0)
			return i;
	const struct pattern_rules rules = {.kind = PATTERN_ACTION};
	x->text[x->count] = lower;
	x->pattern[x->count] = pattern_read(x->q->arena, text, &rules);
	return x->count++;
}

static void read_patterns(struct actions *x)
{
	struct question *q = x->q;
	size_t room = 0;
	for (size_t i = 0; i < q->member_count; i++)
		room += q->member[i].s->actions.count;
	x->pattern = arena_array(q->arena, room, sizeof *x->pattern);
	x->members = arena_array(q->arena, room, sizeof *x->members);
	x->text = arena_array(q->arena, room, sizeof *x->text);
	x->aim = arena_array(q->arena, room, sizeof *x->aim);
	for (size_t i = 0; i < q->member_count; i++) {
		const struct statement *s = q->member[i].s;
		if (s->actions.count == 0)
			set_add(&x->unclear, i);
		else if (s->not_action)
			set_add(&x->not_action, i);
		for (size_t k = 0; k < s->actions.count; k++)
			set_add(&x->members[action_pattern(x, s->actions.item[k])], i);
	}
	for (size_t i = 0; i < q->target_count; i++) {
		if (q->target[i].pattern != NULL)
			x->aim[action_pattern(x, q->target[i].pattern)] = true;
		else
			set_add(&x->whole_targets, q->target[i].member->number);
	}
}

static void walk_actions(struct question *q)
{
	struct actions x = {.q = q};
	struct arena *scratch = arena_new(q->arena);
	read_patterns(&x);
	struct walk w = {.pattern = x.pattern, .pattern_count = x.count, .domain = DOMAIN_ACTION,
			 .max_states = q->caps.states, .steps = &q->steps, .visit = visit_action,
			 .context = &x};
	enum walk_end end = walk_texts(scratch, &w);
	if (end == WALK_STATES)
		q->limit = "the cap on states";
	else if (end == WALK_STEPS)
		q->limit = "the cap on steps";
	else if (end == WALK_SIZE)
		q->limit = "the number of actions that are looked at together";
	arena_free(scratch);
}

static bool is_literal(const char *pattern)
{
	return pattern != NULL && strpbrk(pattern, "*?") == NULL;
}

static void search_all_actions(struct question *q)
{
	bool wild = false;
	for (size_t i = 0; i < q->target_count; i++) {
		if (!is_literal(q->target[i].pattern))
			wild = true;
		else if (look_at_action(q, q->target[i].pattern))
			return;
	}
	if (wild)
		walk_actions(q);
}

/* --- only the catalogue's actions --- */

static bool in_target(const struct target *t, const char *action)
{
	if (t->pattern != NULL ? !glob_action(t->pattern, action)
			       : !member_concerned(t->member, action))
		return false;
	return t->frames == NULL || !cover_action(t->frames, action);
}

static bool look_at_service(struct question *q, const struct target *t, size_t service)
{
	const struct catalog_service *s = catalog_service_at(q->catalog, service);
	for (size_t i = 0; i < s->action_count; i++) {
		const char *action = s->action[i].full;
		q->steps -= q->steps > 1;
		if (in_target(t, action) && !unused_has(q->unused, action) &&
		    look_at_action(q, action))
			return true;
	}
	return false;
}

static bool look_at_target(struct question *q, const struct target *t)
{
	if (is_literal(t->pattern)) {
		if (!in_target(t, t->pattern) || unused_has(q->unused, t->pattern))
			return false;
		if (catalog_action(q->catalog, t->pattern) != NULL)
			return look_at_action(q, t->pattern);
		if (t->member->role == LEFT_ALLOW && q->uncatalogued == NULL)
			q->uncatalogued = t->pattern;
		return false;
	}
	const char *colon = t->pattern != NULL ? strchr(t->pattern, ':') : NULL;
	size_t len = colon != NULL ? (size_t)(colon - t->pattern) : 0;
	for (size_t i = 0; i < catalog_service_count(q->catalog); i++) {
		const char *prefix = catalog_prefix_at(q->catalog, i);
		if (colon != NULL && (strlen(prefix) != len || strncasecmp(prefix, t->pattern, len) != 0))
			continue;
		if (look_at_service(q, t, i))
			return true;
	}
	return false;
}

void search_actions(struct question *q)
{
	if (q->unused == NULL) {
		search_all_actions(q);
		return;
	}
	for (size_t i = 0; i < q->target_count; i++)
		if (look_at_target(q, &q->target[i]))
			return;
}
