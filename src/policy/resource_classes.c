/* resource_classes: for one class of actions, the resources that its statements tell apart. The
 * walk goes on behind a state only where a violation is still possible: statements that may yet
 * match are taken to match where that helps a violation, and not where it hinders one. */
#include <string.h>

#include "automaton.h"
#include "cover.h"
#include "question.h"

enum { OPEN_MAX = 10 };

struct resources {
	struct class *c;
	struct arena *scratch; /* gone after this reading */
	size_t words;
	struct pattern *pattern;
	const char **text;   /* of each pattern */
	bool *variables;     /* does its text name variables? */
	enum arn_reading *reading;
	struct set *members; /* that list the pattern */
	size_t count;
	struct set not_resource, always, never;
	struct violation *found;
	enum search_end end;
};

struct touch { /* how the members stand to a text or a state */
	struct set accept, open_accept, done, alive;
	uint16_t open[OPEN_MAX]; /* open patterns that may match */
	size_t open_count;
	bool too_many;
};

/* --- which members a resource concerns --- */

static void combine(const struct resources *r, struct set *out, const struct set *listed,
		    const struct set *unlisted)
{
	for (size_t w = 0; w < r->words; w++) {
		uint64_t not = r->not_resource.word[w];
		uint64_t hit = (listed->word[w] & ~not) | (~unlisted->word[w] & not);
		out->word[w] = (hit | r->always.word[w] | r->c->unread.word[w]) & ~r->never.word[w];
	}
	if (r->c->count % 64 != 0)
		out->word[r->words - 1] &= ((uint64_t)1 << (r->c->count % 64)) - 1;
}

/* `friendly` for the members whose matching helps a violation, `other` for the rest. */
static struct set by_role(const struct resources *r, const struct set *friendly,
			  const struct set *other)
{
	struct set out = {{0}};
	for (size_t w = 0; w < r->words; w++) {
		uint64_t helps = r->c->role[LEFT_ALLOW].word[w] | r->c->role[RIGHT_DENY].word[w];
		out.word[w] = (friendly->word[w] & helps) | (other->word[w] & ~helps);
	}
	return out;
}

/* What any longer text may yet become, most in favour of a violation. */
static struct set hopeful(const struct resources *r, const struct touch *t)
{
	struct set may = {{0}}, must = {{0}};
	combine(r, &may, &t->alive, &t->done);
	combine(r, &must, &t->done, &t->alive);
	return by_role(r, &may, &must);
}

static void possible_and_certain(const struct resources *r, const struct touch *t, struct set *may,
				 struct set *must)
{
	struct set maybe = t->accept;
	for (size_t w = 0; w < r->words; w++)
		maybe.word[w] |= t->open_accept.word[w];
	*may = *must = (struct set){{0}};
	combine(r, may, &maybe, &t->accept);
	combine(r, must, &t->accept, &maybe);
}

/* One text and one truth for each open pattern, as far as truth can be: a pattern that lies in
 * another as text cannot match without it. */
static bool guess_violates(const struct resources *r, const struct touch *t, size_t guess)
{
	struct set accept = t->accept, hit = {{0}};
	for (size_t i = 0; i < t->open_count; i++)
		for (size_t k = 0; k < t->open_count; k++)
			if ((guess >> i & 1) && !(guess >> k & 1) &&
			    cover_resource(r->text[t->open[i]], r->text[t->open[k]]))
				return false;
	for (size_t i = 0; i < t->open_count; i++)
		for (size_t w = 0; (guess >> i & 1) && w < r->words; w++)
			accept.word[w] |= r->members[t->open[i]].word[w];
	combine(r, &hit, &accept, &accept);
	return class_violated(r->c, &hit, POSSIBLE, &r->found->context, &r->found->context_count);
}

static bool possibly_violates(const struct resources *r, const struct touch *t)
{
	struct set may, must;
	possible_and_certain(r, t, &may, &must);
	struct set best = by_role(r, &may, &must);
	if (!class_violated(r->c, &best, POSSIBLE, NULL, NULL))
		return false;
	if (t->too_many)
		return true;
	for (size_t guess = 0; guess < (size_t)1 << t->open_count; guess++)
		if (guess_violates(r, t, guess))
			return true;
	return false;
}

/* true: a certain violation. */
static bool look(struct resources *r, const struct touch *t, const char *text)
{
	struct set may, must;
	possible_and_certain(r, t, &may, &must);
	struct set worst = by_role(r, &must, &may);
	r->c->q->resource_classes++;
	if (class_violated(r->c, &worst, CERTAIN, &r->found->context, &r->found->context_count)) {
		r->found->resource = text;
		r->end = SEARCH_CERTAIN;
		return true;
	}
	if (r->end == SEARCH_NONE && possibly_violates(r, t)) {
		r->found->resource = text;
		r->end = SEARCH_POSSIBLE;
	}
	return false;
}

/* --- the walk --- */

static void touch_pattern(const struct resources *r, struct touch *t, size_t pattern, bool accepts,
			  bool done)
{
	bool open = r->pattern[pattern].open;
	const struct set *members = &r->members[pattern];
	for (size_t w = 0; w < r->words; w++) {
		t->alive.word[w] |= members->word[w];
		if (accepts)
			(open ? &t->open_accept : &t->accept)->word[w] |= members->word[w];
		if (done && !open)
			t->done.word[w] |= members->word[w];
	}
	if (!open || !accepts)
		return;
	for (size_t i = 0; i < t->open_count; i++)
		if (t->open[i] == pattern)
			return;
	if (t->open_count < OPEN_MAX)
		t->open[t->open_count++] = (uint16_t)pattern;
	else
		t->too_many = true;
}

static enum visit visit_state(void *context, const struct walk *w, const struct state *s)
{
	struct resources *r = context;
	struct touch t = {.open_count = 0};
	for (size_t i = 0; i < s->count; i++)
		touch_pattern(r, &t, s->place[i].pattern, place_accepts(w, s->place[i]),
			      s->place[i].at == PLACE_DONE);
	struct set hope = hopeful(r, &t);
	if (!class_violated(r->c, &hope, POSSIBLE, NULL, NULL))
		return VISIT_PRUNE;
	if (s->complete && look(r, &t, NULL)) {
		r->found->resource = pattern_utf8(r->c->q->arena, walk_text(r->c->q->arena, w, s));
		return VISIT_STOP;
	}
	if (s->complete && r->end == SEARCH_POSSIBLE && r->found->resource == NULL)
		r->found->resource = pattern_utf8(r->c->q->arena, walk_text(r->c->q->arena, w, s));
	return VISIT_ON;
}

/* A member that matches whatever follows needs one place to say so, and no other. */
static size_t reduce_places(void *context, struct place *place, size_t count)
{
	const struct resources *r = context;
	struct set done = {{0}};
	bool needed = false;
	size_t kept = 0;
	for (size_t i = 0; i < count; i++)
		if (place[i].at == PLACE_DONE && !r->pattern[place[i].pattern].open)
			for (size_t w = 0; w < r->words; w++)
				done.word[w] |= r->members[place[i].pattern].word[w];
	struct set said = {{0}};
	for (size_t i = 0; i < count; i++) {
		const struct set *members = &r->members[place[i].pattern];
		bool settles = place[i].at == PLACE_DONE && !r->pattern[place[i].pattern].open;
		needed = false;
		for (size_t w = 0; w < r->words; w++) {
			uint64_t left = members->word[w] & ~(settles ? said.word[w] : done.word[w]);
			needed = needed || left != 0;
			if (settles)
				said.word[w] |= members->word[w];
		}
		if (needed)
			place[kept++] = place[i];
	}
	return kept;
}

/* --- the patterns --- */

static void add_pattern(struct resources *r, size_t member, const char *text,
			const struct pattern_rules *rules)
{
	bool variables = rules->variables && strstr(text, "${") != NULL;
	const char *canonical = variables ? pattern_canonical(r->scratch, text) : text;
	for (size_t i = 0; i < r->count; i++)
		if (r->variables[i] == variables && r->reading[i] == rules->reading &&
		    strcmp(r->text[i], canonical) == 0) {
			set_add(&r->members[i], member);
			return;
		}
	struct pattern p = pattern_read(r->scratch, text, rules);
	if (p.unread != NULL) {
		set_add(&r->c->unread, member);
		return;
	}
	if (p.never)
		return;
	r->pattern[r->count] = p;
	r->text[r->count] = canonical;
	r->variables[r->count] = variables;
	r->reading[r->count] = rules->reading;
	set_add(&r->members[r->count++], member);
}

/* The narrowest reading for what helps a violation and the widest for what hinders it: what is a
 * violation then is one in every reading. (Of ARNs with all six parts: segmented ⊆ hybrid ⊆ flat.) */
static enum arn_reading strictest(const struct member *m)
{
	bool helps = m->role == LEFT_ALLOW || m->role == RIGHT_DENY;
	return helps != m->s->not_resource ? ARN_SEGMENTED : ARN_FLAT;
}

static void read_member(struct resources *r, size_t m)
{
	const struct statement *s = r->c->member[m]->s;
	const struct question *q = r->c->q;
	const struct pattern_rules rules = {.kind = PATTERN_RESOURCE,
					    .variables = s->policy->version_2012,
					    .reading = q->strictly ? strictest(r->c->member[m])
								   : q->reading,
					    .lookup = {find_fixed, r->c->q}};
	if (s->not_resource)
		set_add(&r->not_resource, m);
	if (set_has(&r->c->unread, m))
		return;
	if (str_list_has(&s->resources, "*")) {
		set_add(s->not_resource ? &r->never : &r->always, m);
		return;
	}
	for (size_t i = 0; i < s->resources.count; i++) {
		const char *text = s->resources.item[i];
		bool brief = q->strictly && pattern_parts(text, rules.variables) < 6;
		/* of a short ARN the readings share little: nothing where it helps, else anything */
		if (!brief)
			add_pattern(r, m, text, &rules);
		else if (rules.reading == ARN_FLAT)
			add_pattern(r, m, "*", &rules);
	}
}

/* A request that concerns no resource is made for "*". */
static bool look_at_star(struct resources *r)
{
	struct touch t = {.open_count = 0};
	for (size_t i = 0; i < r->count; i++) {
		enum answer answer = pattern_matches(r->scratch, &r->pattern[i], "*");
		if (answer != ANSWER_NO)
			touch_pattern(r, &t, i, true, true);
	}
	return look(r, &t, "*");
}

static void walk_resources(struct resources *r)
{
	struct question *q = r->c->q;
	struct walk w = {.pattern = r->pattern, .pattern_count = r->count, .domain = DOMAIN_ARN,
			 .max_states = q->caps.states, .steps = &q->steps, .visit = visit_state,
			 .reduce = reduce_places, .context = r};
	switch (walk_texts(r->scratch, &w)) {
	case WALK_STATES:
		q->limit = "the cap on states";
		break;
	case WALK_STEPS:
		q->limit = "the cap on steps";
		break;
	case WALK_SIZE:
		q->limit = "the number of resources that are looked at together";
		break;
	case WALK_DONE:
	case WALK_STOPPED:
		break;
	}
}

enum search_end class_search(struct class *c, struct violation *found)
{
	struct resources r = {.c = c, .scratch = arena_new(c->arena), .words = (c->count + 63) / 64,
			      .found = found};
	size_t room = 0;
	*found = (struct violation){.resource = NULL};
	for (size_t m = 0; m < c->count; m++)
		room += c->member[m]->s->resources.count;
	r.pattern = arena_array(r.scratch, room, sizeof *r.pattern);
	r.text = arena_array(r.scratch, room, sizeof *r.text);
	r.reading = arena_array(r.scratch, room, sizeof *r.reading);
	r.variables = arena_array(r.scratch, room, sizeof *r.variables);
	r.members = arena_array(r.scratch, room, sizeof *r.members);
	for (size_t m = 0; m < c->count; m++)
		read_member(&r, m);
	if (!look_at_star(&r))
		walk_resources(&r);
	arena_free(r.scratch);
	return r.end;
}
