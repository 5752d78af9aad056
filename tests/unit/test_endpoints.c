/* Hosts and signing regions: AWS's own endpoint cases, the precedence of configured endpoints, and
 * what is refused. */
#include "test.h"

#include "json_at.h"

#include <stdio.h>
#include <string.h>

#include "../../src/adapt/aws_private.h"
#include "aws_env.h"
#include "pare/json.h"
#include "pare/str.h"
#include "shared_data.h"

static const struct json *load(struct arena *a, const char *name)
{
	struct err e;
	size_t len = 0;
	char *text = shared_file(name, &len);
	if (text == NULL)
		return NULL;
	const struct json *v = json_parse(a, text, len, name, &e);
	free(text);
	if (v == NULL)
		fail_msg("%s", e.message);
	return v;
}

/* The global STS endpoint is asked for with a setting: AWS_STS_REGIONAL_ENDPOINTS=legacy. */
static bool about_global(const struct json *params)
{
	return json_bool(params, "UseGlobalEndpoint", false);
}

static bool resolve(struct arena *a, const char *service, const struct json *p, const char *region,
		    struct aws_endpoint *out, struct err *e)
{
	bool fips = json_bool(p, "UseFIPS", false), dual = json_bool(p, "UseDualStack", false);
	const char *custom = json_text(p, "Endpoint");
	struct profile_set none = {0};
	if (!about_global(p))
		return endpoint_resolve(a, service, region, fips, dual, custom, out, e);
	setenv("AWS_STS_REGIONAL_ENDPOINTS", "legacy", 1);
	setenv("AWS_USE_FIPS_ENDPOINT", fips ? "true" : "false", 1);
	setenv("AWS_USE_DUALSTACK_ENDPOINT", dual ? "true" : "false", 1);
	if (custom != NULL)
		setenv("AWS_ENDPOINT_URL_STS", custom, 1);
	bool ok = endpoint_of(a, service, region, &none, out, e);
	aws_env_clear();
	return ok;
}

static void one_case(struct arena *a, const char *service, const struct json *t)
{
	const struct json *p = json_get(t, "params"), *expect = json_get(t, "expect");
	const struct json *endpoint = json_get(expect, "endpoint");
	struct aws_endpoint out;
	struct err e = {.kind = ERR_NONE};
	const char *region = json_text(p, "Region"), *custom = json_text(p, "Endpoint");
	if (region == NULL && custom != NULL)
		region = "us-east-1"; /* the SDKs sign with whatever the client is set to */
	bool ok = resolve(a, service, p, region, &out, &e);
	const char *what = json_text(t, "documentation");
	if (endpoint == NULL) {
		if (ok || e.kind != ERR_USAGE)
			fail_msg("%s: %s: gave %s", service, what, out.url);
		return;
	}
	if (!ok)
		fail_msg("%s: %s: %s", service, what, e.message);
	if (strcmp(out.url, json_text(endpoint, "url")) != 0)
		fail_msg("%s: %s: got %s, wanted %s", service, what, out.url,
			 json_text(endpoint, "url"));
	const struct json *scheme = json_at(
		json_get(json_get(endpoint, "properties"), "authSchemes"), 0);
	const char *signs = json_text(scheme, "signingRegion");
	if (signs == NULL && custom == NULL)
		signs = region;
	if (signs != NULL && strcmp(out.signing_region, signs) != 0)
		fail_msg("%s: %s: signs for %s, wanted %s", service, what, out.signing_region,
			 signs);
	assert_int_equal(out.custom, custom != NULL);
}

static void test_endpoint_cases(void **state)
{
	(void)state;
	static const struct {
		const char *service;
		size_t count, global;
	} suites[] = {{"iam", 26, 0}, {"accessanalyzer", 0, 0}, {"sts", 69, 18},
			{"sso", 0, 0}, {"sso_oidc", 0, 0}, {"sqs", 0, 0}, {"organizations", 0, 0}};
	struct arena *a = arena_new(NULL);
	for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
		char name[128];
		size_t global = 0;
		snprintf(name, sizeof name, "endpoints/tests/%s/endpoint-tests-1.json",
			 strcmp(suites[i].service, "sso_oidc") == 0 ? "sso-oidc" : suites[i].service);
		const struct json *v = load(a, name);
		if (v == NULL) {
			printf("skipped: endpoint cases: no shared data\n");
			arena_free(a);
			skip();
		}
		const struct json *cases = json_get(v, "testCases");
		for (const struct json *t = cases->first; t != NULL; t = t->next) {
			one_case(a, suites[i].service, t);
			global += about_global(json_get(t, "params"));
		}
		printf("%s: %zu endpoint cases, %zu of them about the legacy global endpoint\n",
		       suites[i].service, cases->count, global);
		assert_true(cases->count >= 20);
		assert_int_equal(global, suites[i].global);
	}
	arena_free(a);
}

/* --- precedence of configured endpoints --- */

static void apply_environment(const struct json *environment, bool set)
{
	for (const struct json *v = environment->first; v != NULL; v = v->next) {
		if (set)
			setenv(v->key, v->text, 1);
		else
			unsetenv(v->key);
	}
}

static const char *config_text(struct arena *a, const struct json *suite)
{
	struct buf *b = buf_new(a, 1 << 20);
	for (const struct json *p = json_get(suite, "profiles")->first; p != NULL; p = p->next) {
		buf_printf(b, strcmp(p->key, "default") == 0 ? "[default]\n" : "[profile %s]\n",
			   p->key);
		for (const struct json *k = p->first; k != NULL; k = k->next)
			buf_printf(b, "%s = %s\n", k->key, k->text);
	}
	for (const struct json *s = json_get(suite, "services")->first; s != NULL; s = s->next) {
		buf_printf(b, "[services %s]\n", s->key);
		for (const struct json *one = s->first; one != NULL; one = one->next) {
			buf_printf(b, "%s =\n", one->key);
			for (const struct json *k = one->first; k != NULL; k = k->next)
				buf_printf(b, "  %s = %s\n", k->key, k->text);
		}
	}
	return b->data;
}

static void test_precedence_suites(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	const struct json *v = load(a,
				    "config/botocore/configured-endpoint-url-profile-tests.json");
	if (v == NULL) {
		printf("skipped: endpoint precedence: no shared data\n");
		arena_free(a);
		skip();
	}
	size_t count = 0, in_code = 0;
	for (const struct json *suite = json_get(v, "testSuites")->first; suite != NULL;
	     suite = suite->next) {
		struct profile_set set = {0};
		struct err e;
		const char *text = config_text(a, suite);
		assert_true(profile_add(a, &set, text, strlen(text), "config", false, &e));
		for (const struct json *t = json_get(suite, "endpointUrlTests")->first; t != NULL;
		     t = t->next) {
			count++;
			if (strcmp(json_text(t, "client_config"), "default") != 0) {
				in_code++; /* a setting in code: there is none here */
				continue;
			}
			const struct json *environment = json_get(json_get(suite, "environments"),
								  json_text(t, "environment"));
			const char *wanted = json_text(json_get(t, "output"), "endpointUrl");
			aws_env_clear();
			apply_environment(environment, true);
			setenv("AWS_PROFILE", json_text(t, "profile"), 1);
			const char *url = endpoint_configured(a, json_text(t, "service"), &set);
			bool none = wanted == NULL || strstr(wanted, "amazonaws.com") != NULL;
			if (none ? url != NULL : !str_equal(url, wanted))
				fail_msg("%s: got %s, wanted %s", json_text(t, "name"),
					 url ? url : "(none)", wanted ? wanted : "(none)");
			apply_environment(environment, false);
		}
	}
	printf("endpoint precedence: %zu cases, %zu of them about settings in code (skipped)\n",
	       count, in_code);
	assert_int_equal(count, 39);
	assert_int_equal(in_code, 20);
	aws_env_clear();
	arena_free(a);
}

/* --- the project's own --- */

static void test_own_precedence(void **state)
{
	(void)state;
	static const char config[] =
		"[default]\nendpoint_url = http://127.0.0.1:1\nservices = s\n"
		"[services s]\niam =\n  other = 1\n  endpoint_url = http://127.0.0.1:2\n"
		"[profile off]\nendpoint_url = http://127.0.0.1:1\nignore_configured_endpoint_urls "
		"= true\n"
		"[profile none]\nservices = missing\n";
	struct arena *a = arena_new(NULL);
	struct profile_set set = {0};
	struct err e;
	aws_env_clear();
	assert_true(profile_add(a, &set, config, strlen(config), "config", false, &e));
	assert_string_equal(endpoint_configured(a, "iam", &set), "http://127.0.0.1:2");
	assert_string_equal(endpoint_configured(a, "accessanalyzer", &set), "http://127.0.0.1:1");
	setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:3", 1);
	assert_string_equal(endpoint_configured(a, "iam", &set), "http://127.0.0.1:3");
	setenv("AWS_ENDPOINT_URL_IAM", "http://127.0.0.1:4", 1);
	assert_string_equal(endpoint_configured(a, "iam", &set), "http://127.0.0.1:4");
	assert_string_equal(endpoint_configured(a, "sts", &set), "http://127.0.0.1:3");
	setenv("AWS_ENDPOINT_URL_ACCESSANALYZER", "http://127.0.0.1:5", 1);
	assert_string_equal(endpoint_configured(a, "accessanalyzer", &set), "http://127.0.0.1:5");
	setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "TRUE", 1);
	assert_null(endpoint_configured(a, "iam", &set));
	aws_env_clear();
	setenv("AWS_PROFILE", "off", 1);
	assert_null(endpoint_configured(a, "iam", &set));
	setenv("AWS_PROFILE", "none", 1);
	assert_null(endpoint_configured(a, "iam", &set));
	aws_env_clear();
	arena_free(a);
}

static void test_own_endpoints(void **state)
{
	(void)state;
	static const struct {
		const char *service, *region;
		bool fips, dual;
		const char *url, *signs, *name;
	} cases[] = {
		{"iam", "eu-west-1", false, false, "https://iam.amazonaws.com", "us-east-1", "iam"},
		{"iam", "cn-northwest-1", false, false, "https://iam.cn-north-1.amazonaws.com.cn",
		 "cn-north-1", "iam"},
		{"iam", "us-gov-east-1", true, false, "https://iam.us-gov.amazonaws.com",
		 "us-gov-west-1", "iam"},
		{"iam", "us-isob-east-1", false, false, "https://iam.us-isob-east-1.sc2s.sgov.gov",
		 "us-isob-east-1", "iam"},
		{"accessanalyzer", "eusc-de-east-1", false, false,
		 "https://access-analyzer.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1",
		 "access-analyzer"},
		{"accessanalyzer", "us-gov-east-1", true, true,
		 "https://access-analyzer-fips.us-gov-east-1.api.aws", "us-gov-east-1",
		 "access-analyzer"},
		{"ssm", "eu-west-1", false, false, "https://ssm.eu-west-1.amazonaws.com", "eu-west-1", "ssm"},
		{"ssm", "cn-north-1", false, false, "https://ssm.cn-north-1.amazonaws.com.cn", "cn-north-1", "ssm"},
		{"sts", "mx-central-1", false, false, "https://sts.mx-central-1.amazonaws.com",
		 "mx-central-1", "sts"},
		{"sts", "zz-new-1", false, false, "https://sts.zz-new-1.amazonaws.com", "zz-new-1",
		 "sts"},
	};
	struct arena *a = arena_new(NULL);
	struct aws_endpoint out;
	struct err e;
	aws_env_clear();
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_true(endpoint_resolve(a, cases[i].service, cases[i].region, cases[i].fips,
					     cases[i].dual, NULL, &out, &e));
		assert_string_equal(out.url, cases[i].url);
		assert_string_equal(out.signing_region, cases[i].signs);
		assert_string_equal(out.signing_name, cases[i].name);
		assert_false(out.custom);
	}
	/* A custom endpoint is signed for the configured region, unless told otherwise. */
	assert_true(endpoint_resolve(a, "iam", "eu-west-1", false, false,
				     "http://127.0.0.1:4566/base//", &out, &e));
	assert_string_equal(out.url, "http://127.0.0.1:4566/base");
	assert_string_equal(out.signing_region, "eu-west-1");
	setenv("PARE_SIGNING_REGION", "us-east-1", 1);
	assert_true(endpoint_resolve(a, "iam", "eu-west-1", false, false, "https://proxy.example",
				     &out, &e));
	assert_string_equal(out.signing_region, "us-east-1");
	aws_env_clear();
	arena_free(a);
}

static void test_refused(void **state)
{
	(void)state;
	static const char *const regions[] = {
		"",
		"-x",
		"EU-WEST-1",
		"eu west",
		"a.b",
		"a/b",
		"eu-west-1\n",
		"@evil.example",
		"x\xc3\xa9",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	static const char *const urls[] = {"",
					   "127.0.0.1:4566",
					   "ftp://x",
					   "http://",
					   "http:///x",
					   "http://:80",
					   "https://user:pw@x",
					   "http://x?y",
					   "http://x#y",
					   "http://x y",
					   "http://x\n",
					   "http://x\\y",
					   "javascript://x",
					   "http://x/\xc3\xa9"};
	struct arena *a = arena_new(NULL);
	struct aws_endpoint out;
	struct err e;
	aws_env_clear();
	for (size_t i = 0; i < sizeof regions / sizeof regions[0]; i++) {
		if (endpoint_resolve(a, "sts", regions[i], false, false, NULL, &out, &e))
			fail_msg("region '%s' gave %s", regions[i], out.url);
		assert_int_equal(e.kind, ERR_USAGE);
	}
	for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
		if (endpoint_resolve(a, "sts", "eu-west-1", false, false, urls[i], &out, &e))
			fail_msg("'%s' gave %s", urls[i], out.url);
		assert_int_equal(e.kind, ERR_USAGE);
		assert_null(strstr(e.message, "pw"));
	}
	assert_false(endpoint_resolve(a, "iam", NULL, false, false, NULL, &out, &e));
	assert_false(endpoint_resolve(a, "iam", NULL, false, false, "http://x", &out, &e));
	assert_false(endpoint_resolve(a, "iam", "us-iso-east-1", false, true, NULL, &out, &e));
	assert_false(endpoint_resolve(a, "iam", "us-iso-east-1", true, true, NULL, &out, &e));
	arena_free(a);
}

/* Every region that AWS lists is in the partition that it is listed under. */
static void test_partitions(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	const struct json *v = load(a, "endpoints/partitions.json");
	size_t count = 0;
	if (v == NULL) {
		printf("skipped: partitions: no shared data\n");
		arena_free(a);
		skip();
	}
	for (const struct json *p = json_get(v, "partitions")->first; p != NULL; p = p->next)
		for (const struct json *r = json_get(p, "regions")->first; r != NULL; r = r->next) {
			assert_string_equal(region_partition(r->key), json_text(p, "id"));
			count++;
		}
	printf("%zu regions in their partitions\n", count);
	assert_true(count > 40);
	arena_free(a);
}

/* Where it is from, and what is wrong when it is from nowhere. */
static void test_region_find(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	char path[] = "/tmp/pare-region-XXXXXX";
	int fd = mkstemp(path);
	const char *region, *from;
	struct err e;
	assert_true(fd >= 0);
	fclose(fdopen(fd, "w"));
	aws_env_clear();
	setenv("AWS_CONFIG_FILE", path, 1);
	assert_false(region_find(a, NULL, &region, &from, &e));
	assert_non_null(strstr(e.message, "set AWS_REGION, or 'region' in profile 'default'"));
	aws_env_file(path, "[default]\nregion = eu-north-1\n");
	assert_true(region_find(a, NULL, &region, &from, &e));
	assert_string_equal(region, "eu-north-1");
	assert_string_equal(from, "profile 'default'");
	aws_env_file(path, "[default]\nregion\n"); /* the file's fault, and said so */
	assert_false(region_find(a, NULL, &region, &from, &e));
	assert_non_null(strstr(e.message, "line 2: Expected an '=' sign"));
	assert_non_null(strstr(e.message, path));
	setenv("AWS_DEFAULT_REGION", "eu-west-2", 1);
	assert_true(region_find(a, "", &region, &from, &e));
	assert_string_equal(from, "AWS_DEFAULT_REGION");
	assert_true(region_find(a, "cn-north-1", &region, &from, &e));
	assert_string_equal(from, "the analyzer's ARN");
	remove(path);
	aws_env_clear();
	arena_free(a);
}

static const char *region_resolve(struct arena *a, const char *hint)
{
	const char *region, *from;
	struct err e;
	return region_find(a, hint, &region, &from, &e) ? region : NULL;
}

static void test_region_order(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	char path[] = "/tmp/pare-region-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	fclose(fdopen(fd, "w"));
	aws_env_clear();
	assert_null(region_resolve(a, NULL));
	setenv("AWS_CONFIG_FILE", path, 1);
	aws_env_file(path, "[default]\nregion = eu-north-1\n[profile empty]\nregion =\n");
	assert_string_equal(region_resolve(a, NULL), "eu-north-1");
	setenv("AWS_PROFILE", "empty", 1);
	assert_null(region_resolve(a, ""));
	setenv("AWS_DEFAULT_REGION", "eu-west-2", 1);
	assert_string_equal(region_resolve(a, NULL), "eu-west-2");
	setenv("AWS_REGION", "eu-west-3", 1);
	assert_string_equal(region_resolve(a, ""), "eu-west-3");
	assert_string_equal(region_resolve(a, "cn-north-1"),
			    "cn-north-1"); /* the analyzer's ARN says so */
	remove(path);
	aws_env_clear();
	arena_free(a);
}

int main(void)
{
	aws_env_clear();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_endpoint_cases), cmocka_unit_test(test_precedence_suites),
		cmocka_unit_test(test_own_precedence), cmocka_unit_test(test_own_endpoints),
		cmocka_unit_test(test_refused),	       cmocka_unit_test(test_region_order),
		cmocka_unit_test(test_region_find),    cmocka_unit_test(test_partitions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
