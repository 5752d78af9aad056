/* Shared by the tests of refine and fit: vectors, proofs, seeded choices, and an expansion over the
 * catalogue that does not use the code under test. */
#ifndef PARE_NARROW_H
#define PARE_NARROW_H

#include <ctype.h>
#include <string.h>

#include "pare/contain.h"
#include "pare/document.h"
#include "pare/unused.h"

static inline struct policy *policy_of(struct arena *a, const char *text)
{
	struct err e = {.kind = ERR_NONE};
	struct policy *p = policy_parse(a, text, strlen(text), "p", &e);
	if (p == NULL)
		fail_msg("%s: %s", text, e.message);
	return p;
}

static inline struct unused *unused_of(struct arena *a, const char *list)
{
	struct err e = {.kind = ERR_NONE};
	const struct json *v = json_parse(a, list, strlen(list), "unused", &e);
	struct unused *u = v != NULL ? unused_parse(a, v, "unused", &e) : NULL;
	if (u == NULL)
		fail_msg("%s: %s", list, e.message);
	return u;
}

static inline const char *text_of(struct arena *a, const struct policy *p)
{
	struct buf *b = buf_new(a, 32 * DOCUMENT_READ_MAX_BYTES);
	policy_print_compact(p, b);
	return b->data;
}

/* '*' and '?' by recursion, without case. */
static inline bool plain_match(const char *p, const char *t)
{
	while (*p != '*' && *p != '?' && *p != '\0' &&
	       tolower((unsigned char)*p) == tolower((unsigned char)*t)) {
		p++;
		t++;
	}
	if (*p == '*')
		return plain_match(p + 1, t) || (*t != '\0' && plain_match(p, t + 1));
	if (*t == '\0' || *p == '\0')
		return *p == *t;
	if (*p != '?' && tolower((unsigned char)*p) != tolower((unsigned char)*t))
		return false;
	return plain_match(p + 1, t + 1);
}

static inline bool statement_names(const struct statement *s, const char *action)
{
	bool listed = false;
	for (size_t i = 0; i < s->actions.count && !listed; i++)
		listed = plain_match(s->actions.item[i], action);
	return listed != s->not_action;
}

static inline uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* A finding for a policy: of the catalogued actions that its Allow statements name, about one half
 * (or, now and then, a whole service). */
static inline struct unused *random_unused(struct arena *a, const struct policy *p,
					   const struct catalog *c, uint64_t *seed)
{
	struct unused *u = arena_alloc(a, sizeof *u);
	size_t services = catalog_service_count(c);
	u->service = arena_array(a, services, sizeof *u->service);
	for (size_t i = 0; i < services; i++) {
		const char *prefix = catalog_prefix_at(c, i);
		bool touched = false;
		for (size_t k = 0; k < p->count && !touched; k++)
			for (size_t n = 0; n < p->statements[k].actions.count && !touched; n++) {
				const char *x = p->statements[k].actions.item[n];
				size_t len = strlen(prefix);
				touched = strncasecmp(x, prefix, len) == 0 && x[len] == ':';
			}
		if (!touched)
			continue;
		struct unused_service *s = &u->service[u->count];
		s->namespace = prefix;
		s->whole = next_random(seed) % 8 == 0;
		uint64_t share = next_random(seed) % 4; /* of four: how many are unused */
		const struct catalog_service *known = catalog_service_at(c, i);
		for (size_t k = 0; !s->whole && k < known->action_count; k++) {
			bool named = false;
			for (size_t n = 0; n < p->count && !named; n++)
				named = p->statements[n].effect == EFFECT_ALLOW && !p->statements[n].not_action &&
					statement_names(&p->statements[n], known->action[k].full);
			if (named && next_random(seed) % 4 < share)
				str_list_add(a, &s->actions, known->action[k].name);
		}
		u->count += s->whole || s->actions.count > 0;
	}
	return u;
}

/* Proved, all three questions; the failing one is named. */
static inline const char *unproved(struct arena *a, const struct policy *before,
				   struct policy **after, size_t count, const struct unused *unused,
				   const struct catalog *c)
{
	struct proof_caps caps = proof_caps_default();
	struct policy_set was = {&before, 1}, will = {(const struct policy **)after, count};
	struct proof p = prove_no_new_allow(a, was, will, c, &caps);
	if (p.verdict == PROOF_PROVED)
		p = prove_no_lost_deny(a, was, will, c, &caps);
	if (p.verdict == PROOF_PROVED)
		p = prove_only_unused_lost(a, was, will, unused, c, &caps);
	return p.verdict == PROOF_PROVED ? NULL : str_printf(a, "%s: %s", p.question, p.reason);
}

#endif
