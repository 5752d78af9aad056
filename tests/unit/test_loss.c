#include "test.h"

#include <stdio.h>
#include <strings.h>
#include <time.h>

#include "corpus.h"
#include "narrow.h"
#include "pare/loss.h"
#include "pare/refine.h"

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

#define DOC(s) "{\"Version\":\"2012-10-17\",\"Statement\":[" s "]}"
#define ALLOW(action) "{\"Effect\":\"Allow\",\"Action\":" action ",\"Resource\":\"*\"}"
#define DENY(action, rest) "{\"Effect\":\"Deny\",\"Action\":" action ",\"Resource\":\"*\"" rest "}"

static struct loss between(const char *before, const char *after)
{
	const struct policy **x = arena_array(arena, 2, sizeof *x);
	size_t will = 0;
	x[0] = policy_of(arena, before);
	if (after != NULL)
		x[1 + will++] = policy_of(arena, after);
	return loss_of(arena, (struct policy_set){&x[0], 1}, (struct policy_set){&x[1], will}, catalog);
}

static void test_names(void **state)
{
	(void)state;
	struct loss l = between(DOC(ALLOW("[\"sqs:SendMessage\",\"SQS:deletequeue\",\"sns:Publish\"]")),
				DOC(ALLOW("\"sqs:SendMessage\"")));
	assert_int_equal(l.actions_before, 3);
	assert_int_equal(l.actions_after, 1);
	assert_int_equal(l.actions_removed, 2);
	assert_int_equal(l.services_removed.count, 1);
	assert_string_equal(l.services_removed.item[0], "sns");
	assert_int_equal(l.service_count, 2);
	assert_string_equal(l.service[0].prefix, "sns");
	assert_string_equal(l.service[1].prefix, "sqs");
	assert_string_equal(l.service[1].kept.item[0], "sqs:SendMessage");
	assert_string_equal(l.service[1].removed.item[0], "sqs:DeleteQueue"); /* AWS's spelling */
	assert_int_equal(l.unknown_actions.count, 0);
}

static void test_wildcards(void **state)
{
	(void)state;
	size_t sqs = catalog_service(catalog, "sqs")->action_count;
	struct loss l = between(DOC(ALLOW("\"sqs:*\"")), DOC(ALLOW("[\"sqs:Get*\",\"sqs:*Message\"]")));
	assert_int_equal(l.actions_before, sqs);
	assert_int_equal(l.actions_after, 5); /* GetQueueAttributes, GetQueueUrl, {Delete,Receive,Send}Message */
	assert_int_equal(l.services_removed.count, 0);
	l = between(DOC(ALLOW("\"*\"")), DOC(ALLOW("\"*\"")));
	assert_int_equal(l.actions_before, catalog_action_count(catalog));
	assert_int_equal(l.actions_removed, 0);
	assert_int_equal(l.service_count, catalog_service_count(catalog));
	l = between(DOC(ALLOW("\"*\"")), NULL);
	assert_int_equal(l.actions_removed, catalog_action_count(catalog));
	assert_int_equal(l.services_removed.count, catalog_service_count(catalog));
	l = between(DOC("{\"Effect\":\"Allow\",\"NotAction\":\"sqs:*\",\"Resource\":\"*\"}"), NULL);
	assert_int_equal(l.actions_before, catalog_action_count(catalog) - sqs);
}

/* A Deny takes an action away only when nothing limits it. */
static void test_denies(void **state)
{
	(void)state;
	struct loss l = between(DOC(ALLOW("[\"sqs:SendMessage\",\"sns:Publish\"]")),
				DOC(ALLOW("[\"sqs:SendMessage\",\"sns:Publish\"]") "," DENY("\"sqs:*\"", "")));
	assert_int_equal(l.actions_removed, 1);
	/* wherever it stands */
	l = between(DOC(ALLOW("\"sqs:SendMessage\"")),
		    DOC(DENY("\"sqs:*\"", "") "," ALLOW("\"sqs:SendMessage\"")));
	assert_int_equal(l.actions_removed, 1);
	l = between(DOC(ALLOW("\"sqs:SendMessage\"")),
		    DOC(DENY("\"sqs:*\"", ",\"Condition\":{\"Bool\":{\"aws:SecureTransport\":\"false\"}}") ","
			ALLOW("\"sqs:SendMessage\"")));
	assert_int_equal(l.actions_removed, 0);
	l = between(DOC(ALLOW("\"sqs:SendMessage\"")),
		    DOC("{\"Effect\":\"Deny\",\"Action\":\"sqs:*\",\"Resource\":\"arn:aws:sqs:*:*:q\"},"
			ALLOW("\"sqs:SendMessage\"")));
	assert_int_equal(l.actions_removed, 0);
	l = between(DOC(ALLOW("\"sqs:SendMessage\"")),
		    DOC("{\"Effect\":\"Deny\",\"NotAction\":\"sns:*\",\"Resource\":\"*\"},"
			ALLOW("\"sqs:SendMessage\"")));
	assert_int_equal(l.actions_removed, 1);
}

static void test_unknown(void **state)
{
	(void)state;
	struct loss l = between(DOC(ALLOW("[\"zz:B\",\"sqs:Frobnicate\",\"zz:B\",\"zz:*\"]") "," DENY("\"zz:C\"", "")),
				NULL);
	assert_int_equal(l.actions_before, 0);
	assert_int_equal(l.unknown_actions.count, 2);
	assert_string_equal(l.unknown_actions.item[0], "sqs:Frobnicate");
	assert_string_equal(l.unknown_actions.item[1], "zz:B");
}

/* Over the corpus: what refine takes away is what the finding lists, and the counts add up. */
struct tally {
	uint64_t seed;
	size_t policies, removed;
};

static void visit(void *user, const struct corpus_entry *x)
{
	struct tally *t = user;
	struct arena *a = x->arena;
	struct err e;
	const struct policy *p = policy_parse(a, x->text, x->len, x->name, &e);
	if (p == NULL || t->policies++ % 5 != 0 || x->len > 40000)
		return;
	const struct unused *u = random_unused(a, p, catalog, &t->seed);
	const struct policy *q = policy_refine(a, p, u, catalog);
	struct loss l = loss_of(a, (struct policy_set){&p, 1}, (struct policy_set){&q, q != NULL}, catalog);
	size_t kept = 0, removed = 0;
	for (size_t i = 0; i < l.service_count; i++) {
		kept += l.service[i].kept.count;
		removed += l.service[i].removed.count;
		for (size_t k = 0; k < l.service[i].removed.count; k++)
			if (!unused_has(u, l.service[i].removed.item[k]))
				fail_msg("%s: %s is lost", x->name, l.service[i].removed.item[k]);
	}
	assert_int_equal(l.actions_before, kept + removed);
	assert_int_equal(l.actions_after, kept);
	assert_int_equal(l.actions_removed, removed);
	t->removed += removed;
}

static void test_corpus(void **state)
{
	(void)state;
	static const char *const documents[] = {"document", NULL};
	struct tally t = {.seed = 99};
	if (!corpus_each("aws-managed-policies.jsonl", documents, visit, &t)) {
		printf("skipped: the managed policies are not here\n");
		skip();
	}
	assert_true(t.removed > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),	cmocka_unit_test(test_wildcards),
		cmocka_unit_test(test_denies), cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_corpus),
	};
	return cmocka_run_group_tests(tests, start, end);
}
