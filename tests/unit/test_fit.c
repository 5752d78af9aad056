#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "corpus.h"
#include "pare/refine.h"
#include "narrow.h"

static const struct catalog *catalog;
static struct arena *arena;

static int start(void **state)
{
	(void)state;
	arena = arena_new(NULL);
	catalog = catalog_embedded(arena);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

#define ON(sid, action) "{" sid "\"Effect\":\"Allow\",\"Action\":" action ",\"Resource\":\"*\"}"
#define DOC(s) "{\"Version\":\"2012-10-17\",\"Statement\":[" s "]}"

static struct policy **fit_to(const char *text, const char *old, const char *unused, size_t max,
			      size_t max_parts, size_t *count, struct err *e)
{
	struct fit_setting s = {
		.old = old != NULL ? policy_of(arena, old) : NULL,
		.unused = unused != NULL ? unused_of(arena, unused) : NULL,
		.catalog = catalog,
		.max_size = max,
		.max_parts = max_parts,
	};
	*count = 0;
	return policy_fit(arena, policy_of(arena, text), &s, count, e);
}

/* One document of at most max characters that reads like this. */
static void check_one(const char *text, const char *old, const char *unused, size_t max,
		      const char *wanted)
{
	struct err e = {.kind = ERR_NONE};
	size_t count;
	struct policy **part = fit_to(text, old, unused, max, 10, &count, &e);
	if (part == NULL)
		fail_msg("%s", e.message);
	assert_int_equal(count, 1);
	assert_string_equal(text_of(arena, part[0]), wanted);
	assert_true(strlen(wanted) <= max);
}

static void test_fits_already(void **state)
{
	(void)state;
	const char *text = "{\"Version\":\"2012-10-17\",\"Id\":\"x\",\"Statement\":["
			   ON("\"Sid\":\"A\",", "[\"s3:GetObject\",\"s3:Get*\"]") "]}";
	check_one(text, NULL, NULL, strlen(text), text);
}

static void test_covered_goes(void **state)
{
	(void)state;
	const char *text = DOC(ON("\"Sid\":\"A\",", "[\"s3:GetObject\",\"s3:Get*\",\"S3:GET*\",\"s3:PutObject\"]"));
	check_one(text, NULL, NULL, strlen(text) - 1,
		  DOC(ON("\"Sid\":\"A\",", "[\"s3:Get*\",\"s3:PutObject\"]")));
}

#define QUEUE "\"sqs:DeleteMessage\",\"sqs:ReceiveMessage\",\"sqs:SendMessage\",\"sqs:GetQueueUrl\",\"sqs:GetQueueAttributes\""

/* Only inside what the old document granted with the same resources and conditions. */
static void test_wildcards(void **state)
{
	(void)state;
	const char *text = DOC(ON("", "[" QUEUE "]"));
	check_one(text, DOC(ON("", "\"sqs:*\"")), NULL, strlen(text) - 1,
		  DOC(ON("", "[\"sqs:DeleteMessage\",\"sqs:ReceiveMessage\",\"sqs:SendMessage\",\"sqs:Get*\"]")));
	check_one(text, DOC(ON("", "[\"sqs:GetQueue*\",\"sqs:*Message\"]")), NULL, strlen(text) - 1,
		  DOC(ON("", "[\"sqs:DeleteMessage\",\"sqs:ReceiveMessage\",\"sqs:SendMessage\","
			     "\"sqs:GetQueue*\"]")));
	/* no word ends where the wildcard must: cut inside a word when that is needed */
	check_one(DOC(ON("", "[\"sqs:ReceiveMessage\",\"sqs:RemovePermission\"]")), DOC(ON("", "\"sqs:*\"")),
		  NULL, 90, DOC(ON("", "\"sqs:R*\"")));
}

static void check_refused(const char *text, const char *old, const char *unused, size_t max,
			  size_t max_parts, const char *words)
{
	struct err e = {.kind = ERR_NONE};
	size_t count;
	assert_null(fit_to(text, old, unused, max, max_parts, &count, &e));
	assert_int_equal(e.kind, ERR_LIMIT);
	if (strstr(e.message, words) == NULL)
		fail_msg("%s", e.message);
}

/* A wildcard would grant what AWS names that way next year: names stay names, and are dealt out. */
static void test_no_future_grant(void **state)
{
	(void)state;
	const char *text = DOC(ON("", "[" QUEUE "]"));
	static const char *const olds[] = {
		DOC(ON("", "[" QUEUE "]")),
		/* granted with another resource, another condition, or denied */
		"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"sqs:*\",\"Resource\":"
		"\"arn:aws:sqs:*:*:q\"}," ON("", "[" QUEUE "]") "]}",
		"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"sqs:*\",\"Resource\":"
		"\"*\",\"Condition\":{\"Bool\":{\"aws:SecureTransport\":\"true\"}}}," ON("", "[" QUEUE "]") "]}",
		"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"sqs:*\",\"Resource\":"
		"\"*\"}," ON("", "[" QUEUE "]") "]}",
		/* `${` means something else in the older version */
		"{\"Version\":\"2008-10-17\",\"Statement\":[" ON("", "\"sqs:*\"") "]}",
		NULL,
	};
	for (size_t i = 0; i < sizeof olds / sizeof olds[0]; i++) {
		struct err e;
		size_t count;
		struct policy **part = fit_to(text, olds[i], NULL, strlen(text) - 1, 10, &count, &e);
		assert_non_null(part);
		assert_int_equal(count, 2);
		for (size_t k = 0; k < count; k++)
			assert_null(strchr(strchr(text_of(arena, part[k]), '['), '?'));
		assert_non_null(strstr(text_of(arena, part[0]), "sqs:DeleteMessage"));
		assert_null(strstr(text_of(arena, part[0]), ":Get*"));
		assert_null(strstr(text_of(arena, part[1]), "sqs:Get*"));
	}
	/* a name that the finding calls unused and the catalogue does not know is not swallowed either */
	check_one(DOC(ON("\"Sid\":\"AAAAAAAAAAAAAAAAAA\",", "[" QUEUE "]")), DOC(ON("", "\"sqs:*\"")),
		  "[\"sqs:GetSomethingNew\"]", strlen(text) + strlen("\"Sid\":\"AAAAAAAAAAAAAAAAAA\",") - 1,
		  DOC(ON("\"Sid\":\"AAAAAAAAAAAAAAAAAA\",",
			 "[\"sqs:DeleteMessage\",\"sqs:ReceiveMessage\",\"sqs:SendMessage\",\"sqs:GetQueue*\"]")));
}

/* What a wildcard of the document itself may grant one day is not lost. */
static void test_own_wildcards_stay(void **state)
{
	(void)state;
	const char *text = DOC(ON("", "[\"sqs:SendM*\",\"sqs:GetQueueUrl\",\"sqs:GetQueueAttributes\"]"));
	check_one(text, DOC(ON("", "\"sqs:*\"")), NULL, strlen(text) - 1,
		  DOC(ON("", "[\"sqs:SendM*\",\"sqs:Get*\"]")));
}

static void test_sids_go_last(void **state)
{
	(void)state;
	const char *text = DOC(ON("\"Sid\":\"A\",", "\"sqs:SendMessage\"") "," ON("\"Sid\":\"B\",", "\"sqs:A\""));
	check_one(text, NULL, NULL, strlen(text) - 1,
		  DOC(ON("", "\"sqs:SendMessage\"") "," ON("", "\"sqs:A\"")));
}

/* Dealt out: every statement is in exactly one document, Sids stay where they cost nothing. */
static void test_split(void **state)
{
	(void)state;
	const char *text = DOC(ON("\"Sid\":\"A\",", "\"sqs:SendMessage\"") "," ON("\"Sid\":\"B\",", "\"sqs:BB\"")
			       "," ON("\"Sid\":\"C\",", "\"sqs:CC\""));
	struct err e;
	size_t count;
	struct policy **part = fit_to(text, NULL, NULL, 180, 10, &count, &e);
	assert_non_null(part);
	assert_int_equal(count, 2);
	assert_string_equal(text_of(arena, part[0]),
			    DOC(ON("\"Sid\":\"A\",", "\"sqs:SendMessage\"") "," ON("\"Sid\":\"B\",", "\"sqs:BB\"")));
	assert_string_equal(text_of(arena, part[1]), DOC(ON("\"Sid\":\"C\",", "\"sqs:CC\"")));
	assert_ptr_equal(part[1]->statements[0].policy, part[1]);
	assert_int_equal(part[1]->statements[0].index, 0);
	check_refused(text, NULL, NULL, 180, 1, "takes 2 documents, and there is room for 1");
}

/* A statement too large by itself: cut by actions, else by resources, never by exceptions. */
static void test_cut(void **state)
{
	(void)state;
	struct err e;
	size_t count;
	const char *deny = "{\"Effect\":\"Deny\",\"Action\":[\"sqs:A\",\"sqs:B\",\"sqs:C\"],\"Resource\":\"*\"}";
	const char *whole = str_printf(arena, DOC("%s"), deny);
	struct policy **part = fit_to(whole, NULL, NULL, strlen(whole) - 1, 10, &count, &e);
	assert_non_null(part);
	assert_int_equal(count, 2);
	assert_string_equal(text_of(arena, part[0]),
			    DOC("{\"Effect\":\"Deny\",\"Action\":[\"sqs:A\",\"sqs:B\"],\"Resource\":\"*\"}"));
	assert_string_equal(text_of(arena, part[1]),
			    DOC("{\"Effect\":\"Deny\",\"Action\":\"sqs:C\",\"Resource\":\"*\"}"));
	const char *wide = "{\"Effect\":\"Allow\",\"NotAction\":[\"sqs:A\",\"sqs:B\"],\"Resource\":["
			   "\"arn:aws:sqs:*:*:one\",\"arn:aws:sqs:*:*:two\"]}";
	whole = str_printf(arena, DOC("%s"), wide);
	part = fit_to(whole, NULL, NULL, strlen(whole) - 1, 10, &count, &e);
	assert_non_null(part);
	assert_int_equal(count, 2);
	assert_non_null(strstr(text_of(arena, part[1]), "[\"sqs:A\",\"sqs:B\"],\"Resource\":\"arn:aws:sqs:*:*:two\""));
	/* NotAction and NotResource list what is left out: half the list grants more */
	check_refused(DOC("{\"Effect\":\"Allow\",\"NotAction\":[\"sqs:A\",\"sqs:B\"],\"Resource\":\"*\"}"), NULL,
		      NULL, 100, 10, "statement 0 does not fit 100 characters and cannot be cut");
	check_refused(DOC("{\"Effect\":\"Allow\",\"Action\":\"sqs:A\",\"NotResource\":[\"arn:aws:sqs:*:*:one\","
			  "\"arn:aws:sqs:*:*:two\"]}"),
		      NULL, NULL, 130, 10, "cannot be cut");
	check_refused(DOC(ON("", "[\"sqs:A\",\"sqs:B\"]")), NULL, NULL, 40, 10, "cannot be cut");
	check_refused(DOC(ON("", "\"sqs:A\"")), NULL, NULL, 0, 10, "cannot be cut");
}

/* --- over the corpus --- */

struct tally {
	uint64_t seed;
	size_t policies, large, one, several, refused, parts, open;
};

static bool same_over_catalogue(struct arena *a, const struct policy *p, struct policy **part,
				size_t count)
{
	for (size_t i = 0; i < catalog_service_count(catalog); i++) {
		const struct catalog_service *s = catalog_service_at(catalog, i);
		bool touched = false;
		for (size_t k = 0; k < p->count && !touched; k++)
			for (size_t n = 0; n < p->statements[k].actions.count && !touched; n++)
				touched = strncasecmp(p->statements[k].actions.item[n], s->prefix,
						      strlen(s->prefix)) == 0;
		for (size_t m = 0; touched && m < s->action_count; m++) {
			bool before = false, after = false;
			for (size_t k = 0; k < p->count; k++)
				before = before || (p->statements[k].effect == EFFECT_ALLOW &&
						    statement_names(&p->statements[k], s->action[m].full));
			for (size_t n = 0; n < count; n++)
				for (size_t k = 0; k < part[n]->count; k++)
					after = after || (part[n]->statements[k].effect == EFFECT_ALLOW &&
							  statement_names(&part[n]->statements[k],
									  s->action[m].full));
			if (before != after)
				return false;
		}
	}
	(void)a;
	return true;
}

/* The document that refine leaves, and with nothing unused the document itself, in parts of quota
 * size and of a much smaller one. */
static void check_fit(struct tally *t, struct arena *a, const char *name, const struct policy *old,
		      struct policy *p, const struct unused *u, size_t max)
{
	struct err e = {.kind = ERR_NONE};
	size_t count = 0;
	struct fit_setting s = {old, u, catalog, max, 1000};
	t->policies++;
	bool large = strlen(text_of(a, p)) > max;
	t->large += large;
	struct policy **part = policy_fit(a, p, &s, &count, &e);
	if (part == NULL) {
		assert_int_equal(e.kind, ERR_LIMIT);
		t->refused++;
		return;
	}
	t->one += large && count == 1;
	t->several += count > 1;
	t->parts += large ? count : 0;
	struct policy **sent = arena_array(a, count, sizeof(struct policy *));
	for (size_t i = 0; i < count; i++) {
		const char *text = text_of(a, part[i]);
		if (policy_size(text) > max)
			fail_msg("%s: part %zu has %zu characters", name, i, policy_size(text));
		sent[i] = policy_parse(a, text, strlen(text), name, &e);
		if (sent[i] == NULL)
			fail_msg("%s: %s", name, e.message);
	}
	const char *why = unproved(a, old, sent, count, u, catalog);
	/* Resources dealt out over documents need the exact prover: the first level looks at one
	 * statement at a time. At the real quota none of these has to be cut so. */
	if (why != NULL && max >= 6144)
		fail_msg("%s at %zu: %s", name, max, why);
	t->open += why != NULL;
	if (large && t->large % 4 == 0 && !same_over_catalogue(a, p, sent, count))
		fail_msg("%s: the parts grant something else", name);
}

static void visit(void *user, const struct corpus_entry *x)
{
	struct tally *t = user;
	struct arena *a = x->arena;
	struct err e;
	struct policy *p = policy_parse(a, x->text, x->len, x->name, &e);
	if (p == NULL || x->len > 60000) /* ten documents' worth: minutes under the sanitizers */
		return;
	struct unused none = {0};
	struct unused *u = random_unused(a, p, catalog, &t->seed);
	struct policy *q = policy_refine(a, p, u, catalog);
	if (q != NULL) {
		check_fit(t, a, x->name, p, q, u, 6144);
		if (t->policies % 8 == 0)
			check_fit(t, a, x->name, p, q, u, 1200);
	}
	if (x->len > 6144)
		check_fit(t, a, x->name, p, p, &none, 6144);
}

static void test_corpus(void **state)
{
	(void)state;
	static const char *const documents[] = {"document", NULL};
	struct tally t = {.seed = 7};
	if (!corpus_each("aws-managed-policies.jsonl", documents, visit, &t)) {
		printf("skipped: the managed policies are not here\n");
		skip();
	}
	print_message("%zu documents, %zu too large: %zu shortened to one, %zu dealt out (%zu parts in all), "
		      "%zu refused, %zu not proved\n",
		      t.policies, t.large, t.one, t.several, t.parts, t.refused, t.open);
	assert_true(t.large > 100);
	assert_true(t.one > 0 && t.several > 50);
	assert_true(t.refused * 20 < t.large);
	assert_true(t.open * 50 < t.large);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fits_already),
		cmocka_unit_test(test_covered_goes),
		cmocka_unit_test(test_wildcards),
		cmocka_unit_test(test_no_future_grant),
		cmocka_unit_test(test_own_wildcards_stay),
		cmocka_unit_test(test_sids_go_last),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_corpus),
	};
	return cmocka_run_group_tests(tests, start, end);
}
