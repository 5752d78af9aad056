#include "test.h"

#include <string.h>

#include "pare/str.h"
#include "sample_plan.h"

static struct arena *a;

static int set_up(void **state)
{
	(void)state;
	a = arena_new(NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

static void settling_sorts_and_digests(void **state)
{
	(void)state;
	struct principal *p = sample_principal(a);
	assert_string_equal(p->tag[0].key, "env");
	assert_string_equal(p->attached[0].arn, SAMPLE_READER); /* '1' before 'a' */
	assert_string_equal(p->attached[0].document_sha256, policy_text_digest(a, SAMPLE_READER_DOCUMENT));
	assert_string_equal(p->inline_policy[0].document_sha256, policy_text_digest(a, SAMPLE_LIST_DOCUMENT));
	assert_non_null(principal_attached(p, SAMPLE_AWS));
	assert_null(principal_attached(p, "arn:aws:iam::aws:policy/amazonbedrockreadonly"));
	assert_non_null(principal_inline(p, "List"));
	assert_null(principal_inline(p, "Lis"));
	struct principal none = {.type = PRINCIPAL_ROLE};
	principal_settle(a, &none);
}

static void tags_have_one_digest(void **state)
{
	(void)state;
	struct tag one[] = {{"b", "2"}, {"a", "1"}}, two[] = {{"a", "1"}, {"b", "2"}}, odd[] = {{"a", "1\",\"b"}, {"2", ""}};
	struct principal p = {.tag = one, .tag_count = 2}, q = {.tag = two, .tag_count = 2}, r = {.tag = odd, .tag_count = 2};
	principal_settle(a, &p);
	principal_settle(a, &q);
	principal_settle(a, &r);
	assert_string_equal(principal_tags_sha256(a, &p), principal_tags_sha256(a, &q));
	assert_string_not_equal(principal_tags_sha256(a, &p), principal_tags_sha256(a, &r));
	q.tag_count = 1;
	assert_string_not_equal(principal_tags_sha256(a, &p), principal_tags_sha256(a, &q));
	/* moving a character from key to value is another set */
	struct tag ab[] = {{"ab", "c"}}, abc[] = {{"a", "bc"}};
	struct principal x = {.tag = ab, .tag_count = 1}, y = {.tag = abc, .tag_count = 1};
	assert_string_not_equal(principal_tags_sha256(a, &x), principal_tags_sha256(a, &y));
}

static void aws_owned_roles(void **state)
{
	(void)state;
	static const struct {
		const char *path, *name, *words;
	} cases[] = {
		{"/", "App", NULL},
		{"/aws-service-role/elasticloadbalancing.amazonaws.com/", "AWSServiceRoleForElasticLoadBalancing", "service-linked"},
		{"/aws-reserved/sso.amazonaws.com/eu-west-1/", "AWSReservedSSO_Admin_0123456789abcdef", "Identity Center"},
		{"/aws-reserved/sso.amazonaws.com/", "x", "Identity Center"},
		{"/", "AWSReservedSSO_x", "Identity Center"},
		{"/service-role/", "AWSLambdaRole", NULL}, /* made by the console, but the customer's own */
		{"/app/aws-service-role/", "App", NULL},
		{"/", "AWSServiceRoleForMe", NULL},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct principal p = {.path = cases[i].path, .name = cases[i].name};
		const char *words = principal_aws_owned(&p);
		assert_true((words == NULL) == (cases[i].words == NULL));
		if (words != NULL)
			assert_non_null(strstr(words, cases[i].words));
	}
}

static void policies_are_parsed_in_order(void **state)
{
	(void)state;
	struct err e;
	struct policy_set set;
	struct principal *p = sample_principal(a);
	assert_true(principal_policies(a, p, &set, &e));
	assert_int_equal(set.count, 3);
	assert_string_equal(set.policy[0]->source, SAMPLE_READER);
	assert_string_equal(set.policy[2]->source, "List");
	p->inline_policy[0].document = "{\"Version\":";
	assert_false(principal_policies(a, p, &set, &e));
	assert_non_null(strstr(e.message, "List"));
	p->inline_policy[0].document = SAMPLE_LIST_DOCUMENT;
	p->attached[0].document = NULL;
	assert_false(principal_policies(a, p, &set, &e));
	assert_non_null(strstr(e.message, SAMPLE_READER));
}

static void what_is_printed_reads_back(void **state)
{
	(void)state;
	for (int user = 0; user < 2; user++) {
		struct err e = {0};
		struct principal *p = sample_principal(a);
		p->trust = "{\"Version\":\"2012-10-17\",\"Statement\":[]}";
		p->boundary = SAMPLE_READER;
		p->created_at = "2020-01-01T00:00:00Z";
		p->last_used_at = user ? NULL : "2026-01-01T00:00:00Z";
		if (user) {
			p->type = PRINCIPAL_USER;
			p->arn = "arn:aws:iam::111122223333:user/app/AppRole";
			p->trust = NULL;
			str_list_add(a, &p->groups, "dev");
		}
		struct buf *b = buf_new(a, 1 << 20), *again = buf_new(a, 1 << 20);
		principal_print(p, b);
		struct account_state s = {0};
		const struct json *v = json_parse(a, b->data, b->len, "x", &e);
		assert_true(account_state_add(a, &s, v, "x", &e) && account_state_settle(a, &s, &e));
		const struct principal *q = account_state_find(&s, p->arn);
		assert_non_null(q);
		principal_print(q, again);
		assert_string_equal(b->data, again->data);
		assert_string_equal(q->inline_policy[0].document, SAMPLE_LIST_DOCUMENT);
		assert_string_equal(q->attached[1].document_sha256, p->attached[1].document_sha256);
		assert_int_equal(q->attached[1].attachment_count, 9);
		assert_int_equal(q->attached[0].boundary_count, -1);
		assert_true(str_equal(q->trust, p->trust) && str_equal(q->boundary, p->boundary));
		assert_string_equal(principal_tags_sha256(a, p), principal_tags_sha256(a, q));
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(settling_sorts_and_digests), TEST(tags_have_one_digest), TEST(aws_owned_roles),
		TEST(policies_are_parsed_in_order), TEST(what_is_printed_reads_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
