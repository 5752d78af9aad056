#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "corpus.h"
#include "pare/document.h"

#define S(members) "{\"Version\":\"2012-10-17\",\"Statement\":{" members "}}"
#define ALLOW "\"Effect\":\"Allow\","
#define ON_ALL "\"Resource\":\"*\""
#define ACTION "\"Action\":\"s3:GetObject\","
#define COND(x) S(ALLOW ACTION ON_ALL ",\"Condition\":" x)

static struct arena *arena;

static int start(void **state)
{
	(void)state;
	arena = arena_new(NULL);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static struct policy *parse(const char *text)
{
	struct err e = {.kind = ERR_NONE};
	struct policy *p = policy_parse(arena, text, strlen(text), "p", &e);
	if (p == NULL)
		print_error("%s\n  %s\n", text, e.message);
	assert_non_null(p);
	return p;
}

struct refusal {
	const char *text;
	const char *at;    /* "line L, column C" */
	const char *words; /* in the message */
};

/* Columns were counted by hand in the text as written. */
static const struct refusal refusals[] = {
	/* JSON */
	{"", "line 1, column 1", "expected"},
	{"[]", "line 1, column 1", "policy document, an object"},
	{"\"x\"", "line 1, column 1", "policy document, an object"},
	{"{}", "line 1, column 1", "no Statement"},
	{"{\"Version\":\"2012-10-17\",\n \"Version\":\"2012-10-17\"}", "line 2, column 12", "twice"},
	{"{\"Statement\":[]} x", "line 1, column 18", "nothing behind"},
	{"{\"Statement\":\"\xff\"}", "line 1, column 15", "UTF-8"},
	{"{\"Statement\":\"\xc0\xaf\"}", "line 1, column 15", "UTF-8"},
	{"\xef\xbb\xbf{\"Statement\":[]}", "line 1, column 1", "expected"},
	/* the document */
	{"{\"Statement\":null}", "line 1, column 14", "statement to be an object"},
	{"{\"Statement\":[\n  7]}", "line 2, column 3", "statement to be an object"},
	{"{\"Version\":\"2012-10-18\",\"Statement\":[]}", "line 1, column 12", "expected Version"},
	{"{\"Version\":2012,\"Statement\":[]}", "line 1, column 12", "expected Version"},
	{"{\"Id\":7,\"Statement\":[]}", "line 1, column 7", "Id to be a string"},
	{"{\"statement\":[]}", "line 1, column 2", "did you mean 'Statement'"},
	{"{\n\t\"Foo\" : 1}", "line 2, column 2", "unknown element 'Foo' in the policy"},
	{"{\"Fo\\\"\\\\\" : 1}", "line 1, column 2", "unknown element"},
	/* the statement */
	{S(ACTION ON_ALL), "line 1, column 37", "no Effect"},
	{S("\"Effect\":\"allow\"," ACTION ON_ALL), "line 1, column 47", "\"Allow\" or \"Deny\""},
	{S("\"Effect\":true," ACTION ON_ALL), "line 1, column 47", "\"Allow\" or \"Deny\""},
	{S("\"effect\":\"Allow\"," ACTION ON_ALL), "line 1, column 38", "did you mean 'Effect'"},
	{S(ALLOW ON_ALL), "line 1, column 37", "one of Action and NotAction"},
	{S(ALLOW ACTION "\"NotAction\":\"s3:x\"," ON_ALL), "line 1, column 79",
	 "both Action and NotAction"},
	{S(ALLOW "\"Action\":\"s3:GetObject\""), "line 1, column 37", "one of Resource and NotResource"},
	{S(ALLOW ACTION ON_ALL ",\"NotResource\":\"*\""), "line 1, column 94",
	 "both Resource and NotResource"},
	{S("\"Principal\":\"*\"," ALLOW ACTION ON_ALL), "line 1, column 38",
	 "Principal does not belong"},
	{S(ALLOW ACTION ON_ALL ",\"NotPrincipal\":\"*\""), "line 1, column 94",
	 "NotPrincipal does not belong"},
	{S("\"Sid\":\"a b\"," ALLOW ACTION ON_ALL), "line 1, column 44", "only letters and digits"},
	{S("\"Sid\":\"a-b\"," ALLOW ACTION ON_ALL), "line 1, column 44", "only letters and digits"},
	{S("\"Sid\":1," ALLOW ACTION ON_ALL), "line 1, column 44", "only letters and digits"},
	{"{\"Statement\":[{\"Sid\":\"A\"," ALLOW ACTION ON_ALL "},\n{\"Sid\":\"A\"," ALLOW ACTION ON_ALL "}]}",
	 "line 2, column 8", "Sid 'A' stands twice"},
	/* actions */
	{S(ALLOW "\"Action\":{}," ON_ALL), "line 1, column 64", "Action to be a string or a list"},
	{S(ALLOW "\"Action\":[\"s3:Get*\",1]," ON_ALL), "line 1, column 75", "Action to be a string"},
	{S(ALLOW "\"Action\":[\"s3:Get*\",\"s3\"]," ON_ALL), "line 1, column 75", "'*' or service:Action"},
	{S(ALLOW "\"Action\":\"s3:\"," ON_ALL), "line 1, column 64", "an action behind it"},
	{S(ALLOW "\"Action\":\":Get\"," ON_ALL), "line 1, column 64", "a service before"},
	{S(ALLOW "\"Action\":\"\"," ON_ALL), "line 1, column 64", "'*' or service:Action"},
	{S(ALLOW "\"Action\":\"a:b:c\"," ON_ALL), "line 1, column 64", "exactly one ':'"},
	{S(ALLOW "\"Action\":\"*:*\"," ON_ALL), "line 1, column 64", "takes no wildcard"},
	{S(ALLOW "\"Action\":\"s3*:Get\"," ON_ALL), "line 1, column 64", "takes no wildcard"},
	{S(ALLOW "\"Action\":\"s?:Get\"," ON_ALL), "line 1, column 64", "takes no wildcard"},
	{S(ALLOW "\"Action\":\"s 3:Get\"," ON_ALL), "line 1, column 64", "letters, digits"},
	{S(ALLOW "\"Action\":\"s3:${aws:username}\"," ON_ALL), "line 1, column 64", "no policy variable"},
	/* resources */
	{S(ALLOW ACTION "\"Resource\":\"bucket\""), "line 1, column 90", "'*' or an ARN"},
	{S(ALLOW ACTION "\"Resource\":\"\""), "line 1, column 90", "'*' or an ARN"},
	{S(ALLOW ACTION "\"Resource\":[\"*\",true]"), "line 1, column 95", "Resource to be a string"},
	{S(ALLOW ACTION "\"Resource\":[\"*\",\"arn:aws:s3:::a/${aws:username\"]"), "line 1, column 95",
	 "'}' behind '${'"},
	{S(ALLOW ACTION "\"Resource\":\"arn:aws:s3:::a/${}\""), "line 1, column 90", "variable's name"},
	/* conditions */
	{COND("[]"), "line 1, column 106", "Condition to be an object"},
	{COND("{\"Bool\":[]}"), "line 1, column 114", "an object of condition keys"},
	{COND("{\"Bool\":{\"\":\"true\"}}"), "line 1, column 115", "name of a condition key"},
	{COND("{\"Bool\":{\"k\":null}}"), "line 1, column 119", "a text, a number"},
	{COND("{\"Bool\":{\"k\":{}}}"), "line 1, column 119", "a text, a number"},
	{COND("{\"StringLike\":{\"k\":[\"a\",[]]}}"), "line 1, column 130", "a text, a number"},
	{COND("{\"StringLike\":{\"aws:Tag\":\"x\",\"AWS:tag\":\"y\"}}"), "line 1, column 135",
	 "differing only in case"},
	{COND("{\"NullIfExists\":{\"k\":\"true\"}}"), "line 1, column 107", "Null without IfExists"},
	{COND("{\"StringLike\":{\"k\":[\"a\",\"${x\"]}}"), "line 1, column 130", "'}' behind '${'"},
	/* characters: U+0100 in value, key, resource, operator; U+0001 */
	{COND("{\"StringLike\":{\"k\":\"\xc4\x80\"}}"), "line 1, column 125", "U+0020 to U+00FF"},
	{COND("{\"StringLike\":{\"k\":\"\\u0100\"}}"), "line 1, column 125", "U+0020 to U+00FF"},
	{COND("{\"StringLike\":{\"k\":\"\\u0001\"}}"), "line 1, column 125", "U+0020 to U+00FF"},
	{COND("{\"StringLike\":{\"\xe2\x82\xac\":\"x\"}}"), "line 1, column 121", "U+0020 to U+00FF"},
	{COND("{\"\xe2\x82\xac\":{\"k\":\"x\"}}"), "line 1, column 107", "U+0020 to U+00FF"},
	{S(ALLOW ACTION "\"Resource\":\"arn:aws:s3:::\xe2\x82\xac\""), "line 1, column 90",
	 "U+0020 to U+00FF"},
	{"{\"Id\":\"\xe2\x82\xac\",\"Statement\":[]}", "line 1, column 7", "U+0020 to U+00FF"},
};

static void test_refusals(void **state)
{
	(void)state;
	size_t wrong = 0;
	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
		const struct refusal *x = &refusals[i];
		struct err e = {.kind = ERR_NONE};
		struct policy *p = policy_parse(arena, x->text, strlen(x->text), "p", &e);
		if (p == NULL && e.kind == ERR_INPUT && strstr(e.message, x->words) != NULL &&
		    strstr(e.message, x->at) != NULL && strstr(e.message, "'p'") != NULL)
			continue;
		print_error("%s\n  wanted %s … %s\n  got %s\n", x->text, x->at, x->words,
			    p != NULL ? "a policy" : e.message);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static void test_too_large(void **state)
{
	(void)state;
	static char text[DOCUMENT_READ_MAX_BYTES + 2];
	const char *body = S(ALLOW ACTION ON_ALL);
	struct err e = {.kind = ERR_NONE};
	memset(text, ' ', sizeof text - 1);
	memcpy(text, body, strlen(body));
	assert_non_null(policy_parse(arena, text, DOCUMENT_READ_MAX_BYTES, "p", &e));
	assert_null(policy_parse(arena, text, DOCUMENT_READ_MAX_BYTES + 1, "p", &e));
	assert_int_equal(e.kind, ERR_LIMIT);
	assert_non_null(strstr(e.message, "1048576"));
}

static void test_deep_nesting(void **state)
{
	(void)state;
	char text[4096] = "{\"Statement\":";
	size_t n = strlen(text);
	struct err e = {.kind = ERR_NONE};
	memset(text + n, '[', 2000);
	text[n + 2000] = '\0';
	assert_null(policy_parse(arena, text, n + 2000, "p", &e));
	assert_non_null(strstr(e.message, "64 levels"));
}

static void test_nul_and_cut(void **state)
{
	(void)state;
	struct err e = {.kind = ERR_NONE};
	const char *body = S(ALLOW ACTION ON_ALL);
	char text[256];
	size_t n = strlen(body);
	memcpy(text, body, n + 1);
	text[n] = '\0';
	assert_int_equal(parse("{\"Statement\":[]}")->count, 0);
	assert_null(policy_parse(arena, text, n + 1, "p", &e)); /* a NUL behind it */
	for (size_t len = 0; len < n; len++)
		assert_null(policy_parse(arena, body, len, "p", &e));
	text[60] = '\0';
	assert_null(policy_parse(arena, text, n, "p", &e));
}

/* However long a text is, the message says what was expected. */
static void test_long_texts(void **state)
{
	(void)state;
	static const struct {
		const char *before, *behind, *words;
	} long_ones[] = {
		{S(ALLOW "\"Action\":\"s3"), "\"," ON_ALL "}}", "'*' or service:Action"},
		{S(ALLOW ACTION "\"Resource\":\"x"), "\"}}", "'*' or an ARN"},
		{COND("{\"StringLike\":{\"k\":\"${"), "\"}}}}", "'}' behind"},
		{S(ALLOW ACTION ON_ALL ",\""), "\":1}}", "unknown element"},
		{"{\"", "\":1}", "unknown element"},
	};
	for (size_t i = 0; i < sizeof long_ones / sizeof long_ones[0]; i++) {
		struct buf *b = buf_new(arena, 1 << 20);
		struct err e = {.kind = ERR_NONE};
		size_t cut = strlen(long_ones[i].before);
		while (cut > 2 && long_ones[i].before[cut - 1] == '}')
			cut--; /* the macros close what this leaves open */
		buf_put(b, long_ones[i].before, cut);
		for (size_t k = 0; k < 20000; k++)
			buf_puts(b, "\xc3\xa9");
		buf_puts(b, long_ones[i].behind);
		assert_null(policy_parse(arena, b->data, b->len, "p", &e));
		if (strstr(e.message, long_ones[i].words) == NULL)
			fail_msg("%zu: %s", i, e.message);
	}
}

struct doubt {
	const char *text, *words;
};

static const struct doubt doubts[] = {
	{S(ALLOW "\"Action\":[]," ON_ALL), "empty list under Action"},
	{S(ALLOW "\"NotAction\":[]," ON_ALL), "empty list under NotAction"},
	{S(ALLOW ACTION "\"Resource\":[]"), "empty list under Resource"},
	{S(ALLOW ACTION "\"Resource\":\"*x\""), "neither '*' nor an ARN"},
	{S(ALLOW ACTION "\"Resource\":\"arn*\""), "neither '*' nor an ARN"},
	{S(ALLOW ACTION "\"Resource\":\"arn:aws:iam::${aws:PrincipalAccount}:role/x\""), "fifth ':'"},
	{COND("{\"StringEqual\":{\"k\":\"x\"}}"), "'StringEqual'"},
	{COND("{\"ForSomeValues:StringEquals\":{\"k\":\"x\"}}"), "'ForSomeValues:StringEquals'"},
	{COND("{\"ForAllValues:Null\":{\"k\":\"true\"}}"), "'ForAllValues:Null'"},
	{COND("{\"StringEquals\":{\"k\":[]}}"), "empty list of values for 'k'"},
	{COND("{\"StringEquals\":{}}"), "'StringEquals' without keys"},
	{COND("{\"StringEquals\":{\"k\":\"x\"},\"stringequals\":{\"k\":\"y\"}}"), "differ only in case"},
	{COND("{\"NumericLessThan\":{\"k\":\"ten\"}}"), "no number"},
	{COND("{\"NumericLessThan\":{\"k\":\"1e3\"}}"), "no number"},
	{COND("{\"DateLessThan\":{\"k\":\"tomorrow\"}}"), "no date"},
	{COND("{\"IpAddress\":{\"k\":\"10.0.0.0/33\"}}"), "no address block"},
	{COND("{\"IpAddress\":{\"k\":\"10.0.0\"}}"), "no address block"},
	{COND("{\"NotIpAddress\":{\"k\":\"2001:db8::/129\"}}"), "no address block"},
	{COND("{\"Bool\":{\"k\":\"yes\"}}"), "other than true and false"},
	{COND("{\"Null\":{\"k\":1}}"), "other than true and false"},
};

static void test_unknown_is_marked(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof doubts / sizeof doubts[0]; i++) {
		const struct policy *p = parse(doubts[i].text);
		assert_int_equal(p->count, 1);
		if (p->statements[0].unknown == NULL ||
		    strstr(p->statements[0].unknown, doubts[i].words) == NULL)
			fail_msg("%s: unknown is %s", doubts[i].text,
				 p->statements[0].unknown != NULL ? p->statements[0].unknown : "not set");
	}
}

/* The first remark stays, and only its statement carries it. */
static void test_unknown_is_local(void **state)
{
	(void)state;
	const struct policy *p = parse(
		"{\"Version\":\"2012-10-17\",\"Statement\":[{" ALLOW ACTION ON_ALL "},{" ALLOW
		"\"Action\":[],\"Resource\":[]},{\"Effect\":\"Deny\"," ACTION ON_ALL "}]}");
	assert_null(p->statements[0].unknown);
	assert_non_null(strstr(p->statements[1].unknown, "Action"));
	assert_null(p->statements[2].unknown);
}

static void test_understood(void **state)
{
	(void)state;
	static const char *const good[] = {
		S(ALLOW ACTION ON_ALL),
		"{\"Statement\":[{" ALLOW "\"Action\":\"*\"," ON_ALL "}]}",
		S(ALLOW "\"NotAction\":[\"iam:*\",\"sts:?\"]," "\"NotResource\":\"arn:aws:s3:::x\""),
		S("\"Sid\":\"\"," ALLOW ACTION ON_ALL),
		S(ALLOW ACTION "\"Resource\":\"arn:aws:s3:::a/${aws:username}/${*}${?}${$}\""),
		S(ALLOW ACTION "\"Resource\":\"arn:aws:s3:::a/${aws:username, 'no body'}\""),
		S(ALLOW ACTION "\"Resource\":\"arn:*:*:*:*:*\""),
		S(ALLOW ACTION "\"Resource\":\"arn:aws:s3:::\xc3\xbf\x7f\xc2\x80\""),
		COND("{}"),
		COND("{\"NumericLessThan\":{\"k\":[1,-2.5,\"3\",\".5\"]}}"),
		COND("{\"DateLessThan\":{\"k\":[\"2020-04-01T00:00:00Z\",\"2020-04-01\",1585699200]}}"),
		COND("{\"IpAddress\":{\"k\":[\"0.0.0.0/0\",\"203.0.113.7\",\"2001:db8::/32\",\"::1\"]}}"),
		COND("{\"Bool\":{\"k\":true},\"Null\":{\"k\":\"False\"}}"),
		COND("{\"ForAnyValue:StringLikeIfExists\":{\"k\":[\"a*\",\"${aws:username}\"]}}"),
		COND("{\"foranyvalue:stringlike\":{\"k\":\"a\"}}"),
		COND("{\"ArnLike\":{\"k\":\"arn:aws:iam::*:role/${aws:PrincipalTag/x}\"}}"),
		COND("{\"StringLike\":{\"k\":\"tab\\t line\\n\"}}"),
	};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		const struct policy *p = parse(good[i]);
		if (p->statements[0].unknown != NULL || p->statements[0].invalid != NULL)
			fail_msg("%s: %s%s", good[i], p->statements[0].unknown ? p->statements[0].unknown : "",
				 p->statements[0].invalid ? p->statements[0].invalid : "");
	}
}

/* A short ARN can stand in an old document; a new one must not carry it. */
static void test_invalid_is_marked(void **state)
{
	(void)state;
	const struct policy *p = parse("{\"Version\":\"2012-10-17\",\"Statement\":{" ALLOW ACTION
				       "\n\"Resource\":[\"*\", \"arn:aws:s3*\"]}}");
	assert_null(p->statements[0].unknown);
	assert_non_null(strstr(p->statements[0].invalid, "line 2, column 18"));
	assert_non_null(strstr(p->statements[0].invalid, "arn:aws:s3*"));
	assert_non_null(strstr(p->statements[0].invalid, "six parts"));
	/* a variable whose form IAM does not describe */
	static const char *const odd[] = {"${a${b}}", "${ aws:username}", "${aws:username }",
					  "${aws:username, x}", "${aws:username,'x'}", "${aws:username, 'x}",
					  "${aws:username, 'x'y'}", "${, 'x'}", "${aws:PrincipalTag/a b}"};
	for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
		p = parse(str_printf(arena, S(ALLOW ACTION "\"Resource\":\"arn:aws:s3:::a/%s\""), odd[i]));
		assert_non_null(p->statements[0].unknown);
		assert_non_null(strstr(p->statements[0].invalid, "line 1, column 90"));
		assert_non_null(strstr(p->statements[0].invalid, "variable"));
	}
	/* a variable where none belongs is neither understood nor written */
	p = parse(COND("{\"NumericEquals\":{\"k\":[1,\"${aws:username}\"]}}"));
	assert_non_null(strstr(p->statements[0].unknown, "takes none"));
	assert_non_null(strstr(p->statements[0].invalid, "line 1, column 131"));
	assert_non_null(strstr(p->statements[0].invalid, "no policy variable"));
	/* the colons of a variable are not the ARN's */
	p = parse(S(ALLOW ACTION "\"Resource\":\"arn:aws:s3:${aws:username}\""));
	assert_non_null(p->statements[0].invalid);
}

/* In Version 2008-10-17, and without one, "${…}" is text: nothing about it is wrong. */
static void test_2008_has_no_variables(void **state)
{
	(void)state;
	const char *body = "\"Statement\":{" ALLOW ACTION "\"Resource\":\"arn:aws:s3:::a/${\",\"Condition\":"
			   "{\"StringEquals\":{\"k\":\"${}\"}}}}";
	const struct policy *p = parse(str_printf(arena, "{\"Version\":\"2008-10-17\",%s", body));
	assert_false(p->version_2012);
	assert_true(p->version_given);
	assert_null(p->statements[0].unknown);
	p = parse(str_printf(arena, "{%s", body));
	assert_false(p->version_2012);
	assert_false(p->version_given);
	assert_null(p->statements[0].unknown);
	/* wherever Version stands in the text, it is read first */
	p = parse("{\"Statement\":{" ALLOW ACTION "\"Resource\":\"arn:aws:s3:::a/${\"},"
		  "\"Version\":\"2008-10-17\"}");
	assert_null(p->statements[0].unknown);
}

static void test_members(void **state)
{
	(void)state;
	const char *text = "{\"Version\":\"2012-10-17\",\"Id\":\"me\",\"Statement\":[\n"
			   "{\"Sid\":\"One\",\"Effect\":\"Allow\",\"Action\":[\"s3:Get*\",\"s3:*\"],"
			   "\"Resource\":\"*\"},\n\n"
			   "  {\"Effect\":\"Deny\",\"NotAction\":\"iam:*\",\"NotResource\":[\"arn:aws:s3:::x\"],"
			   "\"Condition\":{\"Bool\":{\"aws:SecureTransport\":false},\"StringLike\":{\"a\":[\"x\","
			   "\"y\"],\"b\":\"z\"}}}]}";
	const struct policy *p = parse(text);
	assert_string_equal(p->source, "p");
	assert_string_equal(p->id, "me");
	assert_true(p->version_2012 && p->version_given);
	assert_int_equal(p->count, 2);
	const struct statement *s = &p->statements[0], *t = &p->statements[1];
	assert_string_equal(s->sid, "One");
	assert_int_equal(s->effect, EFFECT_ALLOW);
	assert_int_equal(s->line, 2);
	assert_int_equal(s->actions.count, 2);
	assert_string_equal(s->actions.item[1], "s3:*");
	assert_false(s->not_action || s->not_resource);
	assert_int_equal(s->condition_count, 0);
	assert_ptr_equal(s->policy, p);
	assert_int_equal(t->index, 1);
	assert_int_equal(t->line, 4);
	assert_int_equal(text[t->offset], '{');
	assert_int_equal(text[t->offset + t->length - 1], '}');
	assert_null(t->sid);
	assert_int_equal(t->effect, EFFECT_DENY);
	assert_true(t->not_action && t->not_resource);
	assert_int_equal(t->condition_count, 3);
	assert_string_equal(t->conditions[0].operator, "Bool");
	assert_string_equal(t->conditions[0].values.item[0], "false");
	assert_string_equal(t->conditions[2].operator, "StringLike");
	assert_string_equal(t->conditions[2].key, "b");
}

/* IAM's count: characters, white space between tokens aside. */
static void test_size(void **state)
{
	(void)state;
	assert_int_equal(policy_size(""), 0);
	assert_int_equal(policy_size(" { \"a\" :\t1 }\r\n"), 7);
	assert_int_equal(policy_size("{\"a b\":\"c  d\"}"), 14);
	assert_int_equal(policy_size("{\"a\":\"\\\" x\"}"), 12);
	assert_int_equal(policy_size("{\"a\":\"\\\\\" }"), 10);
	assert_int_equal(policy_size("\"\xc3\xa9\xc3\xa9\""), 4); /* é é: two characters */
	assert_int_equal(policy_size("\"\\u00e9\""), 8);
}

/* --- corpora --- */

struct count {
	size_t seen, parsed, identity, unknown;
	size_t managed, managed_parsed, managed_unknown;
};

static void visit(void *user, const struct corpus_entry *x)
{
	struct count *c = user;
	struct err e;
	const struct policy *p = policy_parse(x->arena, x->text, x->len, x->name ? x->name : "?", &e);
	bool managed = strncmp(x->file, "aws-managed", 11) == 0 || strncmp(x->file, "managed-", 8) == 0;
	c->seen++;
	c->parsed += p != NULL;
	c->managed += managed;
	c->managed_parsed += managed && p != NULL;
	if (managed && p == NULL)
		print_error("%s\n", e.message);
	if (p == NULL) {
		/* each refusal says where */
		assert_non_null(strstr(e.message, "line "));
		return;
	}
	for (size_t i = 0; i < p->count; i++) {
		c->unknown += p->statements[i].unknown != NULL;
		c->managed_unknown += managed && p->statements[i].unknown != NULL;
		if (getenv("PARE_SHOW") != NULL && p->statements[i].unknown != NULL)
			print_message("%s %s: %s\n", x->file, x->name, p->statements[i].unknown);
	}
}

/* What AWS itself published is valid: every version of every managed policy. */
static void test_corpora(void **state)
{
	(void)state;
	struct count c = {0};
	if (!corpus_all(visit, &c)) {
		printf("skipped: the shared policy corpora are not here\n");
		skip();
	}
	print_message("%zu documents, %zu parsed, %zu statements not understood (%zu in managed ones)\n",
		      c.seen, c.parsed, c.unknown, c.managed_unknown);
	assert_int_equal(c.managed, 1644 + 4494);
	assert_int_equal(c.managed_parsed, c.managed);
	assert_true(c.managed_unknown <= 8);
}

struct sizes {
	struct arena *arena;
	struct str_list name;
	size_t size[2048];
};

static void take_size(void *user, const struct corpus_entry *x)
{
	struct sizes *s = user;
	size_t i = 0;
	while (i < s->name.count && strcmp(s->name.item[i], x->name) != 0)
		i++;
	if (i == s->name.count)
		str_list_add(s->arena, &s->name, arena_strdup(s->arena, x->name));
	s->size[i] = policy_size(arena_copy(x->arena, x->text, x->len)); /* of the newest version */
}

struct size_check {
	const struct sizes *sizes;
	size_t compared, equal;
};

static void check_size(void *user, const struct corpus_entry *x)
{
	struct size_check *c = user;
	for (const struct json *f = json_get(x->record, "findings")->first; f != NULL; f = f->next) {
		const char *code = json_text(f, "issueCode"), *words = json_text(f, "findingDetails");
		if (strcmp(code, "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA") != 0)
			continue;
		size_t said = strtoul(words + strlen("The "), NULL, 10);
		for (size_t i = 0; i < c->sizes->name.count; i++)
			if (strcmp(c->sizes->name.item[i], x->name) == 0) {
				c->compared++;
				c->equal += said == c->sizes->size[i] + 1;
			}
		return;
	}
}

/* Access Analyzer's own numbers, each one more: the recorded texts ended with a line end. */
static void test_recorded_sizes(void **state)
{
	(void)state;
	static struct sizes s;
	static const char *const versions[] = {"versions", NULL};
	s.arena = arena;
	struct size_check c = {&s, 0, 0};
	static const char *const whole[] = {"name", NULL};
	if (!corpus_each("managed-policy-versions.jsonl.xz", versions, take_size, &s) ||
	    !corpus_each("mamip-validatepolicy-findings.jsonl", whole, check_size, &c)) {
		printf("skipped: the recorded ValidatePolicy findings are not here\n");
		skip();
	}
	print_message("%zu of %zu recorded sizes\n", c.equal, c.compared);
	assert_true(c.compared >= 20);
	assert_int_equal(c.equal, c.compared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_long_texts),
		cmocka_unit_test(test_deep_nesting),
		cmocka_unit_test(test_nul_and_cut),
		cmocka_unit_test(test_unknown_is_marked),
		cmocka_unit_test(test_unknown_is_local),
		cmocka_unit_test(test_understood),
		cmocka_unit_test(test_invalid_is_marked),
		cmocka_unit_test(test_2008_has_no_variables),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_corpora),
		cmocka_unit_test(test_recorded_sizes),
	};
	return cmocka_run_group_tests(tests, start, end);
}
