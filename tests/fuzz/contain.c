/* Any two sets of policies, {"before": …, "after": …}: what is PROVED has no violation among
 * requests made from the policies' own words, what is REFUTED carries one, and the answer is the
 * same when asked again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pare/contain.h"
#include "pare/evaluate.h"
#include "pare/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct catalog *catalog;

static void must(bool holds)
{
	if (!holds)
		abort();
}

static bool read_side(struct arena *a, const struct json *v, struct policy_set *out)
{
	struct err e;
	if (v == NULL)
		return false;
	size_t count = v->type == JSON_ARRAY ? v->count : 1;
	const struct json *item = v->type == JSON_ARRAY ? v->first : v;
	*out = (struct policy_set){arena_array(a, count, sizeof(const struct policy *)), count};
	for (size_t i = 0; i < count; i++, item = item->next) {
		struct buf *b = buf_new(a, 1 << 20);
		json_print(item, b, true);
		out->policy[i] = policy_parse(a, b->data, b->len, "fuzz", &e);
		if (out->policy[i] == NULL)
			return false;
	}
	return true;
}

/* A pattern's text with its wildcards filled. */
static const char *filled(struct arena *a, const char *pattern, const char *with)
{
	struct buf *b = buf_new(a, 1 << 20);
	for (; *pattern != '\0'; pattern++) {
		if (*pattern == '*')
			buf_puts(b, with);
		else
			buf_putc(b, *pattern == '?' ? 'x' : *pattern);
	}
	return b->data;
}

struct words {
	struct str_list actions, resources;
	struct context_value value[24];
	size_t values;
};

static void collect(struct arena *a, struct policy_set set, struct words *w)
{
	static const char *const fill[] = {"", "x", "a:b"};
	for (size_t p = 0; p < set.count; p++)
		for (size_t i = 0; i < set.policy[p]->count; i++) {
			const struct statement *s = &set.policy[p]->statements[i];
			for (size_t f = 0; f < 3; f++) {
				for (size_t k = 0; k < s->actions.count && w->actions.count < 30 && f < 2; k++)
					str_list_add(a, &w->actions, filled(a, s->actions.item[k], fill[f]));
				for (size_t k = 0; k < s->resources.count && w->resources.count < 40; k++)
					str_list_add(a, &w->resources, filled(a, s->resources.item[k], fill[f]));
			}
			for (size_t k = 0; k < s->condition_count && w->values < 22; k++)
				for (size_t n = 0; n < s->conditions[k].values.count && w->values < 22; n++) {
					struct context_value *v = &w->value[w->values++];
					v->key = s->conditions[k].key;
					v->multi = strncmp(s->conditions[k].operator, "For", 3) == 0;
					str_list_add(a, &v->values,
						     filled(a, s->conditions[k].values.item[n], "y"));
				}
		}
}

/* Only requests that IAM can make: an action with its service, "*" or an ARN. */
static bool well_formed(const struct witness *w)
{
	size_t colons = 0;
	const char *part[6] = {w->resource};
	for (const char *c = w->resource; *c != '\0'; c++)
		if (*c == ':' && ++colons <= 5)
			part[colons] = c + 1;
	const char *colon = strchr(w->action, ':');
	if (colon == NULL || colon == w->action || colon[1] == '\0' || strchr(colon + 1, ':') != NULL ||
	    strchr(w->action, ' ') != NULL)
		return false;
	return strcmp(w->resource, "*") == 0 ||
	       (strncmp(w->resource, "arn:", 4) == 0 && colons >= 5 && part[1][0] != ':' &&
		part[2][0] != ':' && part[5][0] != '\0');
}

static bool violates(const struct proof *p, const struct witness *w, struct policy_set before,
		     struct policy_set after, enum arn_reading r)
{
	if (strcmp(p->question, "no-lost-deny") == 0)
		return evaluate_denied(before, w, r) == ANSWER_YES &&
		       evaluate_denied(after, w, r) == ANSWER_NO;
	return evaluate_allowed(after, w, r) == ANSWER_YES && evaluate_allowed(before, w, r) == ANSWER_NO;
}

static void check(const struct proof *p, const struct words *words, struct policy_set before,
		  struct policy_set after)
{
	must(p->reason != NULL && (p->witness != NULL) == (p->verdict == PROOF_REFUTED));
	for (int r = 0; r < ARN_READING_COUNT && p->witness != NULL; r++)
		must(violates(p, p->witness, before, after, (enum arn_reading)r));
	if (p->verdict != PROOF_PROVED)
		return;
	for (size_t i = 0; i < words->actions.count; i++)
		for (size_t k = 0; k < words->resources.count; k++)
			for (size_t n = 0; n <= words->values; n += 1 + words->values / 6) {
				struct context_value context[24];
				size_t count = words->values - n < 3 ? words->values - n : 3;
				memcpy(context, words->value + n, count * sizeof *context);
				struct witness w = {words->actions.item[i], words->resources.item[k], context,
						    count, NULL};
				for (int r = 0; r < ARN_READING_COUNT && well_formed(&w); r++)
					must(!violates(p, &w, before, after, (enum arn_reading)r));
			}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct arena *forever;
	struct err e;
	struct policy_set before, after;
	struct proof_caps caps = {.states = 5000, .contexts = 5000, .steps = 300000};
	if (forever == NULL) {
		forever = arena_new(NULL);
		catalog = catalog_embedded(forever);
	}
	struct arena *a = arena_new(NULL);
	const struct json *v = json_parse(a, (const char *)data, size, "fuzz", &e);
	if (v != NULL && read_side(a, json_get(v, "before"), &before) &&
	    read_side(a, json_get(v, "after"), &after)) {
		struct words words = {.values = 0};
		collect(a, before, &words);
		collect(a, after, &words);
		struct proof allow = prove_no_new_allow(a, before, after, catalog, &caps);
		struct proof deny = prove_no_lost_deny(a, before, after, catalog, &caps);
		struct proof again = prove_no_new_allow(a, before, after, catalog, &caps);
		must(allow.verdict == again.verdict && strcmp(allow.reason, again.reason) == 0);
		check(&allow, &words, before, after);
		check(&deny, &words, before, after);
		must(prove_no_new_allow(a, before, before, catalog, &caps).verdict == PROOF_PROVED);
	}
	arena_free(a);
	return 0;
}
