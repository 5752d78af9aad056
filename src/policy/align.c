/* align: a diff is readable when statements stay where they were. */
#include <stdint.h>
#include <string.h>

#include "pare/document.h"
#include "print.h"

struct side {
	const struct policy *policy;
	const char **frame; /* per statement: effect, resources and conditions in canonical text */
	size_t *partner;    /* index on the other side, or NONE */
};

#define NONE SIZE_MAX

struct pairing {
	struct arena *arena;
	struct side now, old;
};

static void open_side(struct arena *a, struct side *s, const struct policy *p)
{
	s->policy = p;
	s->frame = arena_array(a, p->count, sizeof *s->frame);
	s->partner = arena_array(a, p->count, sizeof *s->partner);
	for (size_t i = 0; i < p->count; i++) {
		struct statement bare = p->statements[i];
		bare.sid = NULL;
		bare.actions = (struct str_list){0};
		bare.not_action = false;
		s->frame[i] = policy_statement_text(a, &bare);
		s->partner[i] = NONE;
	}
}

static size_t overlap(const struct statement *x, const struct statement *y)
{
	size_t common = 0;
	for (size_t i = 0; i < x->actions.count; i++)
		for (size_t k = 0; k < y->actions.count; k++)
			common += str_equal_nocase(x->actions.item[i], y->actions.item[k]);
	return common;
}

/* Each round asks how well one continues the other; 0: not at all. */
static size_t by_sid(const struct pairing *p, size_t now, size_t old)
{
	const char *sid = p->now.policy->statements[now].sid;
	return sid != NULL && str_equal(sid, p->old.policy->statements[old].sid);
}

static size_t by_frame(const struct pairing *p, size_t now, size_t old)
{
	if (strcmp(p->now.frame[now], p->old.frame[old]) != 0)
		return 0;
	return 1 + overlap(&p->now.policy->statements[now], &p->old.policy->statements[old]);
}

static size_t by_actions(const struct pairing *p, size_t now, size_t old)
{
	return overlap(&p->now.policy->statements[now], &p->old.policy->statements[old]);
}

static void pair_up(struct pairing *p,
		    size_t (*like)(const struct pairing *p, size_t now, size_t old))
{
	for (size_t i = 0; i < p->old.policy->count; i++) {
		size_t best = NONE, best_score = 0;
		if (p->old.partner[i] != NONE)
			continue;
		for (size_t k = 0; k < p->now.policy->count; k++) {
			bool possible = p->now.partner[k] == NONE &&
					p->now.policy->statements[k].effect ==
						p->old.policy->statements[i].effect;
			size_t score = possible ? like(p, k, i) : 0;
			if (score > best_score) {
				best_score = score;
				best = k;
			}
		}
		if (best == NONE)
			continue;
		p->old.partner[i] = best;
		p->now.partner[best] = i;
	}
}

struct policy *policy_align(struct arena *a, const struct policy *p, const struct policy *old)
{
	struct pairing pairs = {.arena = arena_new(NULL)};
	struct policy *aligned = arena_alloc(a, sizeof *aligned);
	size_t next = 0;
	open_side(pairs.arena, &pairs.now, p);
	open_side(pairs.arena, &pairs.old, old);
	pair_up(&pairs, by_sid);
	pair_up(&pairs, by_frame);
	pair_up(&pairs, by_actions);
	*aligned = *p;
	aligned->statements = arena_array(a, p->count, sizeof *aligned->statements);
	for (size_t i = 0; i < old->count; i++)
		if (pairs.old.partner[i] != NONE)
			aligned->statements[next++] = p->statements[pairs.old.partner[i]];
	for (size_t k = 0; k < p->count; k++)
		if (pairs.now.partner[k] == NONE)
			aligned->statements[next++] = p->statements[k];
	for (size_t i = 0; i < p->count; i++) {
		aligned->statements[i].index = i;
		aligned->statements[i].policy = aligned;
	}
	arena_free(pairs.arena);
	return aligned;
}
