/* Requests as botocore signed them with a frozen clock, byte for byte: through the signer from
 * their parts, and, where this program has the operation, as it would send them. */
#include "test.h"

#include "json_at.h"

#include <stdio.h>
#include <string.h>

#include "../../src/adapt/aws_private.h"
#include "pare/digest.h"
#include "pare/json.h"
#include "pare/sigv4.h"
#include "pare/str.h"
#include "pare/when.h"
#include "shared_data.h"

static const struct json *load(struct arena *a)
{
	struct err e;
	size_t len;
	char *text = shared_file("golden/requests.json", &len);
	if (text == NULL)
		return NULL;
	const struct json *v = json_parse(a, text, len, "golden/requests.json", &e);
	free(text);
	assert_non_null(v);
	return v;
}

static void same(const char *name, const char *what, const char *got, const char *wanted)
{
	if (!str_equal(got, wanted)) {
		print_error("%s: %s\n--- got\n%s\n--- wanted\n%s\n", name, what,
			    got ? got : "(none)", wanted ? wanted : "(none)");
		fail();
	}
}

static const char *header_of(const struct json *headers, const char *name)
{
	for (const struct json *h = headers->first; h != NULL; h = h->next)
		if (str_equal_nocase(h->key, name))
			return h->text;
	return NULL;
}

static bool part_of_signature(const char *signed_headers, const char *name)
{
	struct arena *a = arena_new(NULL);
	bool yes = strstr(str_printf(a, ";%s;", signed_headers),
			  str_printf(a, ";%s;", str_lower(a, name))) != NULL;
	arena_free(a);
	return yes;
}

/* The request's own parts through the signer. */
static void check_signer(struct arena *a, const struct json *c, int64_t now_ms)
{
	const char *name = json_text(c, "name");
	const struct json *request = json_get(c, "request"), *signing = json_get(c, "signing");
	const struct json *headers = json_get(request, "headers");
	const char *url = json_text(request, "url"), *host = strstr(url, "://") + 3;
	size_t host_len = strcspn(host, "/");
	const char *question = strchr(host, '?');
	const char *authorization = header_of(headers, "Authorization");
	const char *names = strstr(authorization, "SignedHeaders=") + strlen("SignedHeaders=");
	names = arena_copy(a, names, strcspn(names, ","));
	struct http_header header[32] = {{"host", arena_copy(a, host, host_len)}};
	size_t count = 1;
	for (const struct json *h = headers->first; h != NULL; h = h->next)
		if (part_of_signature(names, h->key))
			header[count++] = (struct http_header){h->key, h->text};
	const char *path = host + host_len;
	const char *body = json_text(request, "body");
	struct sigv4_request r = {
		.method = json_text(request, "method"),
		.path = question != NULL ? arena_copy(a, path, (size_t)(question - path)) : path,
		.query = question != NULL ? question + 1 : NULL,
		.header = header,
		.header_count = count,
		.body = body,
		.body_len = strlen(body),
		.region = json_text(signing, "signing_region"),
		.service = json_text(signing, "signing_name"),
		.now_ms = now_ms,
	};
	struct sigv4 s = sigv4_sign(a, &r, "AKIDEXAMPLE",
				    "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
	same(name, "canonical request", s.canonical_request,
	     json_text(signing, "canonical_request"));
	same(name, "string to sign", s.string_to_sign, json_text(signing, "string_to_sign"));
	same(name, "signature", s.signature, json_text(signing, "signature"));
	same(name, "authorization", s.authorization, authorization);
}

/* Parameters that this program never sends: the services' defaults or nothing lost without them. */
static bool never_sent(const char *key)
{
	static const char *const keys[] = {"type",	  "maxResults",	  "MaxItems",
					   "Description", "sort",	  "clientToken",
					   "Filter",	  "EntityFilter", "PolicyUsageFilter",
					   "locale",	  "ContextEntries"};
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return false;
}

static const char *eq_of(const struct json *params, const char *key)
{
	const struct json *one = json_at(json_get(json_get(json_get(params, "filter"), key), "eq"),
					 0);
	return one != NULL ? one->text : NULL;
}

static void take_texts(struct arena *a, const struct json *list, struct str_list *out)
{
	for (const struct json *x = list != NULL ? list->first : NULL; x != NULL; x = x->next)
		str_list_add(a, out, x->text);
}

static void take_checks(struct arena *a, const struct json *p, struct call *call)
{
	const struct json *without = json_get(p, "PolicyExclusionList");
	if (call->document == NULL)
		call->document = json_text(p, call->op == CALL_CHECK_NO_NEW_ACCESS ? "newPolicyDocument"
										   : "policyDocument");
	call->old_document = json_text(p, "existingPolicyDocument");
	call->principal_arn = json_text(p, "PolicySourceArn");
	if (call->principal_arn == NULL)
		call->principal_arn = json_text(p, "Arn");
	call->job = json_text(p, "JobId");
	take_texts(a, json_get(p, "PolicyInputList"), &call->documents);
	take_texts(a, json_get(p, "ActionNames"), &call->actions);
	for (const struct json *x = without != NULL ? without->first : NULL; x != NULL; x = x->next) {
		const struct json *inlined = json_get(x, "InlinePolicyIdentifier");
		if (inlined != NULL)
			str_list_add(a, &call->without_inline, json_text(inlined, "PolicyName"));
		else
			str_list_add(a, &call->without_arns, json_text(x, "PolicyArn"));
	}
}

/* The case's parameters as a call; false when the operation is none of this program's. */
static bool call_of(struct arena *a, const struct json *c, struct call *call)
{
	const struct json *p = json_get(c, "params"), *tags = json_get(p, "Tags");
	*call = (struct call){.arena = a, .op = CALL_OP_COUNT};
	for (enum call_op op = 0; op < CALL_OP_COUNT; op++)
		if (str_equal(call_name(op), json_text(c, "operation")))
			call->op = op;
	if (call->op == CALL_OP_COUNT)
		return false;
	call->analyzer = json_text(p, "analyzerArn");
	if (json_text(p, "analyzerName") != NULL)
		call->analyzer = str_printf(
			a, "arn:aws:access-analyzer:us-east-1:123456789012:analyzer/%s",
			json_text(p, "analyzerName"));
	call->finding = json_text(p, "id");
	if (call->op == CALL_UPDATE_FINDING)
		call->finding = json_at(json_get(p, "ids"), 0)->text;
	call->status = call->op == CALL_LIST_FINDINGS ? eq_of(p, "status") : json_text(p, "status");
	call->finding_type = eq_of(p, "findingType");
	call->marker = json_text(p, "nextToken") != NULL ? json_text(p, "nextToken")
							 : json_text(p, "Marker");
	call->role = json_text(p, "RoleName");
	if (call->role == NULL)
		call->role = json_text(p, "UserName");
	call->policy_arn = json_text(p, "PolicyArn");
	call->policy_name = json_text(p, "PolicyName");
	call->path = json_text(p, "Path");
	call->version = json_text(p, "VersionId");
	call->document = json_text(p, "PolicyDocument");
	struct tag *tag = arena_array(a, tags != NULL ? tags->count : 0, sizeof *tag);
	for (const struct json *t = tags != NULL ? tags->first : NULL; t != NULL; t = t->next)
		tag[call->tag_count++] = (struct tag){json_text(t, "Key"), json_text(t, "Value")};
	call->tag = tag;
	take_checks(a, p, call);
	return true;
}

static bool sends_all(const struct call *call, const struct json *params)
{
	for (const struct json *p = params->first; p != NULL; p = p->next)
		if (never_sent(p->key))
			return false;
	/* Findings are always asked for with a status; account details with a page size of our
	 * own. */
	if (call->op == CALL_LIST_FINDINGS &&
	    json_get(json_get(params, "filter"), "status") == NULL)
		return false;
	/* Its body has other white space. */
	return call->op != CALL_GET_ACCOUNT_DETAILS && call->op != CALL_CHECK_NO_NEW_ACCESS;
}

static void check_headers(const char *name, const struct http_exchange *x,
			  const struct json *headers)
{
	size_t wanted = 0;
	for (const struct json *h = headers->first; h != NULL; h = h->next) {
		const char *got = NULL;
		if (str_equal_nocase(h->key, "Content-Length"))
			continue; /* libcurl counts it; test_http looks at what is on the wire */
		wanted++;
		for (size_t i = 0; i < x->header_count; i++)
			if (str_equal_nocase(x->header[i].name, h->key))
				got = x->header[i].value;
		same(name, h->key, got, h->text);
	}
	assert_int_equal(x->header_count, wanted + 1); /* and host */
}

/* "k=v&k=v": the pairs of one are all in the other, in the same order. */
static void check_pairs(struct arena *a, const char *name, const char *some, const char *all)
{
	const char *at = str_printf(a, "&%s&", all);
	for (size_t i = 0;; i++) {
		const char *pair = str_part(a, some, '&', i, false);
		if (pair == NULL)
			return;
		if (str_starts(pair, "MaxItems="))
			continue;
		const char *found = strstr(at, str_printf(a, "&%s&", pair));
		if (found == NULL)
			print_error("%s: '%s' is not in '%s'\n", name, pair, all);
		assert_non_null(found);
		at = found;
	}
}

static void check_json(struct arena *a, const char *name, const char *ours, const char *theirs)
{
	struct err e;
	const struct json *x = json_parse(a, ours, strlen(ours), name, &e);
	const struct json *y = json_parse(a, theirs, strlen(theirs), name, &e);
	assert_non_null(x);
	assert_non_null(y);
	for (const struct json *m = y->first; m != NULL; m = m->next) {
		if (never_sent(m->key))
			continue;
		struct buf *got = buf_new(a, 1 << 20), *want = buf_new(a, 1 << 20);
		assert_non_null(json_get(x, m->key));
		json_print(json_get(x, m->key), got, true);
		json_print(m, want, true);
		same(name, m->key, got->data, want->data);
	}
}

/* As this program would send it. true when every byte can be compared. */
static bool check_own(struct arena *a, const struct json *c, struct call *call, int64_t now_ms)
{
	const char *name = json_text(c, "name");
	const struct json *request = json_get(c, "request");
	const char *url = json_text(request, "url"), *body = json_text(request, "body");
	bool fips = strstr(name, "fips") != NULL;
	const char *custom = strstr(name, "custom-endpoint") != NULL
				     ? "http://127.0.0.1:4566/base/path"
				     : NULL;
	const char *region = json_text(c, "client_region");
	struct credentials keys = {
		.access_key_id = "AKIDEXAMPLE",
		.secret_access_key = arena_strdup(a, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
		.session_token = arena_strdup(
			a, header_of(json_get(request, "headers"), "X-Amz-Security-Token")),
	};
	struct aws_places places;
	struct http_exchange x;
	struct err e;
	assert_true(endpoint_resolve(a, "iam", region, fips, false, custom, &places.iam, &e));
	assert_true(endpoint_resolve(a, "sts", region, fips, false, custom, &places.sts, &e));
	assert_true(endpoint_resolve(a, "accessanalyzer", region, fips, false, custom,
				     &places.analyzer, &e));
	if (!aws_request(a, call, &places, &keys, now_ms, &x, &e)) {
		print_error("%s: %s\n", name, e.message);
		fail();
	}
	same(name, "method", x.method, json_text(request, "method"));
	assert_int_equal(x.once, call_writes(call->op));
	if (sends_all(call, json_get(c, "params"))) {
		same(name, "url", x.url, url);
		same(name, "body", x.body, body);
		assert_int_equal(x.body_len, strlen(body));
		check_headers(name, &x, json_get(request, "headers"));
		return true;
	}
	size_t until = strcspn(url, "?");
	same(name, "url", arena_copy(a, x.url, strcspn(x.url, "?")), arena_copy(a, url, until));
	if (strchr(x.url, '?') != NULL)
		check_pairs(a, name, strchr(x.url, '?') + 1,
			    url[until] == '?' ? url + until + 1 : "");
	if (*body == '{')
		check_json(a, name, x.body, body);
	else
		check_pairs(a, name, x.body, body);
	return false;
}

static void test_golden_requests(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	const struct json *golden = load(a);
	size_t exact = 0, in_part = 0, signer = 0, unsigned_count = 0;
	int64_t now_ms;
	if (golden == NULL) {
		printf("skipped: golden requests: no shared data\n");
		arena_free(a);
		skip();
	}
	assert_true(when_parse(json_text(golden, "clock"), &now_ms));
	for (const struct json *c = json_get(golden, "cases")->first; c != NULL; c = c->next) {
		struct arena *one = arena_new(a);
		struct call call;
		if (header_of(json_get(json_get(c, "request"), "headers"), "Authorization") ==
		    NULL) {
			printf("not signed by its protocol: %s\n", json_text(c, "name"));
			unsigned_count++;
			arena_free(one);
			continue;
		}
		check_signer(one, c, now_ms);
		if (!call_of(one, c, &call))
			signer++;
		else if (check_own(one, c, &call, now_ms))
			exact++;
		else
			in_part++;
		arena_free(one);
	}
	printf("golden requests: %zu as this program sends them, %zu but for parameters it never "
	       "sends, "
	       "%zu of operations it does not have (signer only), %zu unsigned\n",
	       exact, in_part, signer, unsigned_count);
	assert_int_equal(exact + in_part + signer + unsigned_count,
			 json_get(golden, "cases")->count);
	assert_int_equal(unsigned_count, 2);
	assert_true(exact >= 20);
	arena_free(a);
}

/* --- the project's own vectors: always run --- */

struct own {
	struct call call;
	const char *method, *url, *body;
};

static void test_own_requests(void **state)
{
	(void)state;
	static const char analyzer[] =
		"arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/unused";
	static const char query[] = "analyzerArn=arn%3Aaws%3Aaccess-analyzer%3Aeu-west-1%"
				    "3A111122223333%3Aanalyzer%2Funused";
	static const struct tag tags[] = {{"pare:plan", "a b"}, {"x", ""}};
	static const char aa[] = "https://access-analyzer.eu-west-1.amazonaws.com";
	struct arena *a = arena_new(NULL);
	const struct own cases[] = {
		{{.op = CALL_LIST_ANALYZERS}, "GET", str_printf(a, "%s/analyzer", aa), ""},
		{{.op = CALL_LIST_ANALYZERS, .marker = "a/+="},
		 "GET",
		 str_printf(a, "%s/analyzer?nextToken=a%%2F%%2B%%3D", aa),
		 ""},
		{{.op = CALL_GET_ANALYZER, .analyzer = analyzer},
		 "GET",
		 str_printf(a, "%s/analyzer/unused", aa),
		 ""},
		{{.op = CALL_LIST_FINDINGS,
		  .analyzer = "A\"\xc3\xa9",
		  .finding_type = "UnusedPermission"},
		 "POST",
		 str_printf(a, "%s/findingv2", aa),
		 "{\"analyzerArn\":\"A\\\"\\u00e9\",\"filter\":{\"findingType\":{\"eq\":["
		 "\"UnusedPermission\"]},"
		 "\"status\":{\"eq\":[\"ACTIVE\"]}}}"},
		{{.op = CALL_GET_FINDING, .analyzer = analyzer, .finding = "../x y"},
		 "GET",
		 str_printf(a, "%s/findingv2/..%%2Fx%%20y?%s", aa, query),
		 ""},
		{{.op = CALL_GET_RECOMMENDATION,
		  .analyzer = analyzer,
		  .finding = "id",
		  .marker = "t"},
		 "GET",
		 str_printf(a, "%s/recommendation/id?%s&nextToken=t", aa, query),
		 ""},
		{{.op = CALL_UPDATE_FINDING,
		  .analyzer = analyzer,
		  .finding = "id",
		  .status = "ARCHIVED"},
		 "PUT",
		 str_printf(a, "%s/finding", aa),
		 str_printf(a, "{\"analyzerArn\":\"%s\",\"ids\":[\"id\"],\"status\":\"ARCHIVED\"}",
			    analyzer)},
		{{.op = CALL_GET_CALLER_IDENTITY},
		 "POST",
		 "https://sts.eu-west-1.amazonaws.com/",
		 "Action=GetCallerIdentity&Version=2011-06-15"},
		{{.op = CALL_GET_ACCOUNT_DETAILS, .marker = "m m"},
		 "POST",
		 "https://iam.amazonaws.com/",
		 "Action=GetAccountAuthorizationDetails&Version=2010-05-08&Marker=m+m&MaxItems="
		 "1000"},
		{{.op = CALL_CREATE_POLICY,
		  .policy_name = "p",
		  .path = "/pare/",
		  .document = "{\"a\": \"~*\xc3\xa9\"}",
		  .tag = tags,
		  .tag_count = 2},
		 "POST",
		 "https://iam.amazonaws.com/",
		 "Action=CreatePolicy&Version=2010-05-08&PolicyName=p&Path=%2Fpare%2F&"
		 "PolicyDocument=%7B%22a%22%3A+%22~%2A%C3%A9%22%7D&Tags.member.1.Key=pare%3Aplan&"
		 "Tags.member.1.Value=a+b&Tags.member.2.Key=x&Tags.member.2.Value="},
		{{.op = CALL_DETACH_ROLE_POLICY,
		  .role = "r+=,.@-",
		  .policy_arn = "arn:aws:iam::aws:policy/P"},
		 "POST",
		 "https://iam.amazonaws.com/",
		 "Action=DetachRolePolicy&Version=2010-05-08&RoleName=r%2B%3D%2C.%40-&"
		 "PolicyArn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FP"},
	};
	struct aws_places places;
	struct credentials keys = {.access_key_id = "AKIDEXAMPLE",
				   .secret_access_key = arena_strdup(a, "secret"),
				   .session_token = arena_strdup(a, "token"),
				   .source = "test"};
	struct err e;
	assert_true(endpoint_resolve(a, "iam", "eu-west-1", false, false, NULL, &places.iam, &e));
	assert_true(endpoint_resolve(a, "sts", "eu-west-1", false, false, NULL, &places.sts, &e));
	assert_true(endpoint_resolve(a, "accessanalyzer", "eu-west-1", false, false, NULL,
				     &places.analyzer, &e));
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct http_exchange x;
		if (!aws_request(a, &cases[i].call, &places, &keys, 1795489763000, &x, &e))
			fail_msg("%s", e.message);
		same(call_name(cases[i].call.op), "method", x.method, cases[i].method);
		same(call_name(cases[i].call.op), "url", x.url, cases[i].url);
		same(call_name(cases[i].call.op), "body", x.body, cases[i].body);
		bool token = false;
		for (size_t k = 0; k < x.header_count; k++)
			token = token || strcmp(x.header[k].name, "x-amz-security-token") == 0;
		assert_true(token);
		const char *last = x.header[x.header_count - 1].value;
		assert_non_null(strstr(last, "host;x-amz-date;x-amz-security-token"));
	}
	arena_free(a);
}

static void refused(const struct call *call)
{
	struct arena *a = arena_new(NULL);
	const char *method, *path, *query;
	struct err e = {.kind = ERR_NONE};
	struct buf *body = buf_new(a, 1 << 16);
	bool ok = call->op >= CALL_GET_ACCOUNT_DETAILS && call->op != CALL_UPDATE_FINDING
			  ? iam_request(a, call, body, &e)
			  : analyzer_request(a, call, &method, &path, &query, body, &e);
	assert_false(ok);
	assert_int_equal(e.kind, ERR_USAGE);
	arena_free(a);
}

/* A missing parameter would make another request of it. */
static void test_incomplete_calls_are_refused(void **state)
{
	(void)state;
	static const char arn[] = "arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/unused";
	const struct call cases[] = {
		{.op = CALL_GET_ROLE},
		{.op = CALL_GET_ROLE, .role = ""},
		{.op = CALL_DETACH_ROLE_POLICY, .role = "r"},
		{.op = CALL_DETACH_ROLE_POLICY, .policy_arn = "arn:aws:iam::aws:policy/P"},
		{.op = CALL_PUT_ROLE_POLICY, .role = "r", .policy_name = "p"},
		{.op = CALL_CREATE_POLICY, .policy_name = "p"},
		{.op = CALL_DELETE_ROLE_POLICY, .role = "r"},
		{.op = CALL_GET_POLICY_VERSION, .policy_arn = "arn:aws:iam::aws:policy/P"},
		{.op = CALL_LIST_FINDINGS},
		{.op = CALL_GET_FINDING, .analyzer = arn},
		{.op = CALL_GET_FINDING, .analyzer = arn, .finding = ""},
		{.op = CALL_GET_FINDING, .analyzer = arn, .finding = ".."},
		{.op = CALL_GENERATE_RECOMMENDATION, .analyzer = arn, .finding = "."},
		{.op = CALL_UPDATE_FINDING, .analyzer = arn, .finding = "id"},
		{.op = CALL_UPDATE_FINDING, .analyzer = arn, .finding = "id", .status = "RESOLVED"},
		{.op = CALL_UPDATE_FINDING, .analyzer = arn, .status = "ACTIVE"},
		{.op = CALL_GET_ANALYZER,
		 .analyzer = "arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/"},
		{.op = CALL_GET_ANALYZER,
		 .analyzer = "arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/.."},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		refused(&cases[i]);
}

int main(void)
{
	unsetenv("PARE_SIGNING_REGION");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden_requests),
		cmocka_unit_test(test_own_requests),
		cmocka_unit_test(test_incomplete_calls_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
