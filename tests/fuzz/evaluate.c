/* Any policies and any request, {"policies": …, "request": {"action", "resource", "context"}}: the
 * evaluator answers, the same way each time; what is allowed is not denied; a Deny of everything
 * leaves nothing allowed; more Allows take nothing away. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pare/evaluate.h"
#include "pare/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static const struct policy *parsed(struct arena *a, const char *text, size_t len)
{
	struct err e;
	return policy_parse(a, text, len, "fuzz", &e);
}

static const struct policy *policy_of(struct arena *a, const struct json *v)
{
	struct buf *b = buf_new(a, 1 << 20);
	if (v == NULL)
		return NULL;
	json_print(v, b, true);
	return parsed(a, b->data, b->len);
}

static bool read_request(struct arena *a, const struct json *v, struct witness *w)
{
	const struct json *context = json_get(v, "context");
	w->action = json_text(v, "action");
	w->resource = json_text(v, "resource");
	if (w->action == NULL || w->resource == NULL)
		return false;
	if (context == NULL || context->type != JSON_OBJECT)
		return true;
	w->context = arena_array(a, context->count, sizeof *w->context);
	for (const struct json *k = context->first; k != NULL; k = k->next) {
		struct context_value *x = &w->context[w->context_count++];
		x->key = k->key;
		x->absent = k->type == JSON_NULL;
		x->multi = k->type == JSON_ARRAY;
		for (const struct json *i = x->multi ? k->first : k; i != NULL; i = x->multi ? i->next : NULL)
			if (i->type == JSON_STRING)
				str_list_add(a, &x->values, i->text);
	}
	return true;
}

static void check(struct arena *a, const struct policy *p, const struct witness *w)
{
	static const char deny[] = "{\"Statement\":{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\"}}";
	static const char allow[] =
		"{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}}";
	const struct policy *with_deny[] = {p, parsed(a, deny, sizeof deny - 1)};
	const struct policy *with_allow[] = {p, parsed(a, allow, sizeof allow - 1)};
	for (int r = 0; r < ARN_READING_COUNT; r++) {
		enum arn_reading reading = (enum arn_reading)r;
		enum answer allowed = evaluate_allowed((struct policy_set){&p, 1}, w, reading);
		enum answer denied = evaluate_denied((struct policy_set){&p, 1}, w, reading);
		must(allowed == evaluate_allowed((struct policy_set){&p, 1}, w, reading));
		must(allowed != ANSWER_YES || denied == ANSWER_NO);
		must(evaluate_allowed((struct policy_set){with_deny, 2}, w, reading) == ANSWER_NO);
		must(evaluate_denied((struct policy_set){with_deny, 2}, w, reading) == ANSWER_YES);
		enum answer more = evaluate_allowed((struct policy_set){with_allow, 2}, w, reading);
		must(allowed != ANSWER_YES || more == ANSWER_YES);
		must((more == ANSWER_YES) == (denied == ANSWER_NO));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(NULL);
	struct err e;
	struct witness w = {.context_count = 0};
	const struct json *v = json_parse(a, (const char *)data, size, "fuzz", &e);
	const struct policy *p = policy_of(a, json_get(v, "policies"));
	if (p != NULL && read_request(a, json_get(v, "request"), &w))
		check(a, p, &w);
	arena_free(a);
	return 0;
}
