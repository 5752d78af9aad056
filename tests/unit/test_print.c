#include "test.h"

#include <stdio.h>
#include <string.h>

#include "corpus.h"
#include "pare/document.h"

static struct policy *parse(struct arena *a, const char *text)
{
	struct err e = {.kind = ERR_NONE};
	struct policy *p = policy_parse(a, text, strlen(text), "p", &e);
	if (p == NULL)
		print_error("%s\n  %s\n", text, e.message);
	assert_non_null(p);
	return p;
}

static const char *canonical(struct arena *a, const struct policy *p)
{
	struct buf *b = buf_new(a, 64 * DOCUMENT_READ_MAX_BYTES);
	policy_print_canonical(p, b);
	assert_true(buf_ok(b));
	return b->data;
}

static const char *compact(struct arena *a, const struct policy *p)
{
	struct buf *b = buf_new(a, 64 * DOCUMENT_READ_MAX_BYTES);
	policy_print_compact(p, b);
	assert_true(buf_ok(b));
	return b->data;
}

static void test_canonical_form(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	const struct policy *p = parse(
		a, "{\"Statement\":{\"Resource\":\"*\",\"Condition\":{\"StringLike\":{\"b\":[\"y\",\"x\",\"y\"],"
		   "\"A\":\"\xc3\xa9\"},\"Bool\":{\"k\":true}},\"Action\":[\"s3:get\",\"S3:Get\",\"s3:Abc\","
		   "\"s3:get\"],\"Effect\":\"Deny\",\"Sid\":\"Z\"},\"Id\":\"i\",\"Version\":\"2012-10-17\"}");
	assert_string_equal(canonical(a, p), "{\n"
					     "  \"Version\": \"2012-10-17\",\n"
					     "  \"Id\": \"i\",\n"
					     "  \"Statement\": [\n"
					     "    {\n"
					     "      \"Sid\": \"Z\",\n"
					     "      \"Effect\": \"Deny\",\n"
					     "      \"Action\": [\n"
					     "        \"s3:Abc\",\n"
					     "        \"S3:Get\",\n"
					     "        \"s3:get\"\n"
					     "      ],\n"
					     "      \"Resource\": [\n"
					     "        \"*\"\n"
					     "      ],\n"
					     "      \"Condition\": {\n"
					     "        \"Bool\": {\n"
					     "          \"k\": [\n"
					     "            \"true\"\n"
					     "          ]\n"
					     "        },\n"
					     "        \"StringLike\": {\n"
					     "          \"A\": [\n"
					     "            \"\\u00e9\"\n"
					     "          ],\n"
					     "          \"b\": [\n"
					     "            \"x\",\n"
					     "            \"y\"\n"
					     "          ]\n"
					     "        }\n"
					     "      }\n"
					     "    }\n"
					     "  ]\n"
					     "}\n");
	assert_string_equal(
		compact(a, p),
		"{\"Version\":\"2012-10-17\",\"Id\":\"i\",\"Statement\":[{\"Sid\":\"Z\",\"Effect\":\"Deny\","
		"\"Action\":[\"s3:get\",\"S3:Get\",\"s3:Abc\",\"s3:get\"],\"Resource\":\"*\",\"Condition\":{"
		"\"StringLike\":{\"b\":[\"y\",\"x\",\"y\"],\"A\":\"\\u00e9\"},\"Bool\":{\"k\":\"true\"}}}]}");
	arena_free(a);
}

static void test_absent_version_stays_absent(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	const struct policy *p =
		parse(a, "{\"Statement\":[{\"Effect\":\"Allow\",\"NotAction\":\"*\",\"NotResource\":\"*\"}]}");
	assert_string_equal(compact(a, p), "{\"Statement\":[{\"Effect\":\"Allow\",\"NotAction\":\"*\","
					   "\"NotResource\":\"*\"}]}");
	arena_free(a);
}

/* An operator without keys is not understood, so it must not get lost: it is not the same document. */
static void test_empty_operators(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	const char *text = "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:A\",\"Resource\":\"*\","
			   "\"Condition\":{\"StringLike\":{\"k\":\"v\"},\"Null\":{},\"Bool\":{}}}]}";
	const struct policy *p = parse(a, text);
	assert_string_equal(compact(a, p), text);
	const struct policy *q = parse(a, canonical(a, p));
	assert_non_null(q->statements[0].unknown);
	assert_string_equal(policy_digest(a, p), policy_digest(a, q));
	const struct policy *without = parse(a, "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:A\","
						"\"Resource\":\"*\",\"Condition\":{\"StringLike\":{\"k\":\"v\"}}}]}");
	assert_string_not_equal(policy_digest(a, p), policy_digest(a, without));
	arena_free(a);
}

/* --- digests: equal for what is only spelt differently, different for the rest --- */

#define DOC(id, s) "{\"Version\":\"2012-10-17\"" id ",\"Statement\":[" s "]}"
#define ALLOW(action) "{\"Effect\":\"Allow\",\"Action\":" action ",\"Resource\":\"*\"}"

static const char *digest(struct arena *a, const char *text)
{
	return policy_digest(a, parse(a, text));
}

static void test_digest_same(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	const char *one = digest(a, DOC("", ALLOW("[\"s3:A\",\"s3:B\"]") "," ALLOW("\"ec2:C\"")));
	assert_string_equal(one, digest(a, DOC("", ALLOW("[\"ec2:C\"]") ",\n" ALLOW("[\"s3:B\",\"s3:A\","
											     "\"s3:B\"]"))));
	assert_string_equal(digest(a, DOC("", ALLOW("\"s3:A\""))),
			    digest(a, "{\"Statement\":" ALLOW("\"s3:\\u0041\"") ",\"Version\":\"2012-10-17\"}"));
	assert_int_equal(strlen(one), 64);
	arena_free(a);
}

static void test_digest_different(void **state)
{
	(void)state;
	static const char *const texts[] = {
		DOC("", ALLOW("\"s3:A\"")),
		DOC("", ALLOW("\"s3:B\"")),
		DOC("", ALLOW("[\"s3:A\",\"s3:B\"]")),
		DOC("", ALLOW("\"s3:A\"") "," ALLOW("\"s3:B\"")),
		DOC(",\"Id\":\"x\"", ALLOW("\"s3:A\"")),
		DOC(",\"Id\":\"\"", ALLOW("\"s3:A\"")),
		"{\"Statement\":[" ALLOW("\"s3:A\"") "]}",
		"{\"Version\":\"2008-10-17\",\"Statement\":[" ALLOW("\"s3:A\"") "]}",
		DOC("", "{\"Effect\":\"Deny\",\"Action\":\"s3:A\",\"Resource\":\"*\"}"),
		DOC("", "{\"Effect\":\"Allow\",\"NotAction\":\"s3:A\",\"Resource\":\"*\"}"),
		DOC("", "{\"Effect\":\"Allow\",\"Action\":\"s3:A\",\"NotResource\":\"*\"}"),
		DOC("", "{\"Sid\":\"S\",\"Effect\":\"Allow\",\"Action\":\"s3:A\",\"Resource\":\"*\"}"),
		DOC("", "{\"Effect\":\"Allow\",\"Action\":\"s3:A\",\"Resource\":\"*\",\"Condition\":{\"Bool\":{"
			"\"k\":\"true\"}}}"),
		DOC("", "{\"Effect\":\"Allow\",\"Action\":\"s3:A\",\"Resource\":\"*\",\"Condition\":{\"Bool\":{"
			"\"k\":\"false\"}}}"),
	};
	enum { COUNT = sizeof texts / sizeof texts[0] };
	struct arena *a = arena_new(NULL);
	for (size_t i = 0; i < COUNT; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(digest(a, texts[i]), digest(a, texts[k])) == 0)
				fail_msg("%s and %s have one digest", texts[i], texts[k]);
	arena_free(a);
}

/* An Id is free text: it must not be able to say what a statement says. */
static void test_digest_id_is_no_statement(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	const char *shown = "{\\\"Effect\\\":\\\"Allow\\\",\\\"Action\\\":[\\\"ec2:A\\\"],\\\"Resource\\\":[\\\"*\\\"]}";
	const char *two = DOC(",\"Id\":\"i\"", ALLOW("\"ec2:A\"") "," ALLOW("\"s3:B\""));
	const char *one = str_printf(a, "{\"Version\":\"2012-10-17\",\"Id\":\"i\\n%s\",\"Statement\":[%s]}",
				     shown, ALLOW("\"s3:B\""));
	assert_string_not_equal(digest(a, two), digest(a, one));
	arena_free(a);
}

/* Every byte becomes six: nothing is cut off, in the digest neither. */
static void test_digest_of_much_escaping(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	static char text[DOCUMENT_MAX_BYTES];
	const char *head = "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"s3:A\",\"Resource\":\"*\","
			   "\"Condition\":{\"StringLike\":{\"k\":\"";
	size_t n = strlen(head), end = sizeof text - 8;
	memcpy(text, head, n);
	memset(text + n, 0x7f, end - n);
	memcpy(text + end, "x\"}}}}", 7);
	const char *with_x = digest(a, text);
	text[end] = 'y';
	assert_string_not_equal(with_x, digest(a, text));
	arena_free(a);
}

static void test_text_digest(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	const char *good = DOC("", ALLOW("\"s3:A\""));
	assert_string_equal(policy_text_digest(a, good), digest(a, good));
	assert_string_not_equal(policy_text_digest(a, "{"), policy_text_digest(a, "{ "));
	assert_int_equal(strlen(policy_text_digest(a, "")), 64);
	arena_free(a);
}

/* --- alignment --- */

#define NAMED(sid, action, resource)                                                              \
	"{\"Sid\":\"" sid "\",\"Effect\":\"Allow\",\"Action\":[" action "],\"Resource\":\"" resource "\"}"
#define BARE(action, resource)                                                                    \
	"{\"Effect\":\"Allow\",\"Action\":[" action "],\"Resource\":\"" resource "\"}"

static void check_order(const char *now, const char *old, const char *wanted)
{
	struct arena *a = arena_new(NULL);
	struct buf *b = buf_new(a, 4096);
	const struct policy *p = parse(a, now);
	const struct policy *aligned = policy_align(a, p, parse(a, old));
	assert_string_equal(policy_digest(a, aligned), policy_digest(a, p));
	for (size_t i = 0; i < aligned->count; i++) {
		assert_int_equal(aligned->statements[i].index, i);
		assert_ptr_equal(aligned->statements[i].policy, aligned);
		buf_printf(b, "%s ", aligned->statements[i].actions.item[0]);
	}
	assert_string_equal(b->data, wanted);
	arena_free(a);
}

static void test_align(void **state)
{
	(void)state;
	/* by Sid, whatever else changed */
	check_order(DOC("", NAMED("B", "\"s3:b\"", "*") "," NAMED("A", "\"s3:a\"", "*")),
		    DOC("", NAMED("A", "\"s3:x\"", "*") "," NAMED("B", "\"s3:y\"", "*")), "s3:a s3:b ");
	/* by frame, and within one frame by common actions */
	check_order(DOC("", BARE("\"s3:b\"", "*") "," BARE("\"s3:a\"", "*") "," BARE("\"s3:c\"", "arn:aws:s3:::c")),
		    DOC("", BARE("\"s3:c\"", "arn:aws:s3:::c") "," BARE("\"s3:a\"", "*") "," BARE("\"s3:b\"", "*")),
		    "s3:c s3:a s3:b ");
	/* a Sid is not taken away by an unnamed statement with the same frame that comes first */
	check_order(DOC("", NAMED("N", "\"s3:n\"", "*") "," BARE("\"s3:m\"", "*")),
		    DOC("", BARE("\"s3:n\"", "*") "," NAMED("N", "\"s3:m\"", "*")), "s3:m s3:n ");
	/* new ones at the end, lost ones leave no gap */
	check_order(DOC("", BARE("\"s3:new\"", "arn:aws:s3:::n") "," BARE("\"s3:b\"", "*")),
		    DOC("", BARE("\"s3:gone\"", "arn:aws:s3:::g") "," BARE("\"s3:b\"", "*")), "s3:b s3:new ");
	/* an Allow does not continue a Deny */
	check_order(DOC("", BARE("\"s3:a\"", "*") ",{\"Effect\":\"Deny\",\"Action\":\"s3:z\",\"Resource\":\"*\"}"),
		    DOC("", "{\"Effect\":\"Deny\",\"Action\":\"s3:a\",\"Resource\":\"*\"}," BARE("\"s3:q\"", "*")),
		    "s3:z s3:a ");
}

/* --- corpora: print → parse is the identity --- */

struct count {
	size_t policies;
};

static void check_same(struct arena *a, const struct policy *p, const char *printed, const char *name)
{
	struct err e;
	const struct policy *q = policy_parse(a, printed, strlen(printed), name, &e);
	if (q == NULL)
		fail_msg("%s: %s", name, e.message);
	assert_string_equal(policy_digest(a, p), policy_digest(a, q));
	assert_int_equal(p->count, q->count);
	for (size_t i = 0; i < p->count; i++) {
		const struct statement *s = &p->statements[i], *t = &q->statements[i];
		assert_true(str_equal(s->sid, t->sid));
		assert_int_equal(s->effect, t->effect);
		assert_int_equal(s->not_action, t->not_action);
		assert_int_equal(s->not_resource, t->not_resource);
		assert_int_equal(s->condition_count, t->condition_count);
		assert_int_equal(s->unknown == NULL, t->unknown == NULL);
		assert_int_equal(s->invalid == NULL, t->invalid == NULL);
		for (size_t k = 0; k < s->actions.count; k++)
			assert_true(str_list_has(&t->actions, s->actions.item[k]));
		for (size_t k = 0; k < s->resources.count; k++)
			assert_true(str_list_has(&t->resources, s->resources.item[k]));
	}
}

static void visit(void *user, const struct corpus_entry *x)
{
	struct count *c = user;
	struct err e;
	const char *name = x->name != NULL ? x->name : x->file;
	const struct policy *p = policy_parse(x->arena, x->text, x->len, name, &e);
	if (p == NULL)
		return;
	const char *printed = canonical(x->arena, p), *sent = compact(x->arena, p);
	check_same(x->arena, p, printed, name);
	check_same(x->arena, p, sent, name);
	/* canonical form is its own canonical form, from whichever spelling */
	assert_string_equal(canonical(x->arena, policy_parse(x->arena, printed, strlen(printed), name, &e)),
			    printed);
	assert_string_equal(canonical(x->arena, policy_parse(x->arena, sent, strlen(sent), name, &e)),
			    printed);
	for (const char *byte = printed; *byte != '\0'; byte++)
		assert_true(*byte == '\n' || (*byte >= 0x20 && *byte < 0x7f));
	/* compact: nothing in it that IAM would not count */
	assert_int_equal(policy_size(sent), strlen(sent));
	c->policies++;
}

static void test_corpora(void **state)
{
	(void)state;
	struct count c = {0};
	if (!corpus_all(visit, &c)) {
		printf("skipped: the shared policy corpora are not here\n");
		skip();
	}
	print_message("%zu policies\n", c.policies);
	assert_true(c.policies > 7000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_canonical_form),
		cmocka_unit_test(test_absent_version_stays_absent),
		cmocka_unit_test(test_empty_operators),
		cmocka_unit_test(test_digest_same),
		cmocka_unit_test(test_digest_different),
		cmocka_unit_test(test_digest_id_is_no_statement),
		cmocka_unit_test(test_digest_of_much_escaping),
		cmocka_unit_test(test_text_digest),
		cmocka_unit_test(test_align),
		cmocka_unit_test(test_corpora),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
