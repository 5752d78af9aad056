/* Signature Version 4 against AWS's two published suites, byte for byte, and small vectors of the
 * project's own, whose expected values were derived with the openssl command. */
#include "test.h"

#include "json_at.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "pare/digest.h"
#include "pare/json.h"
#include "pare/sigv4.h"
#include "pare/str.h"
#include "pare/when.h"
#include "shared_data.h"

struct parsed {
	struct sigv4_request r;
	struct http_header header[32];
};

/* A request file of the suites: request line, headers (folded lines belong to the one before), an
 * empty line, the body. */
static void parse_request(struct arena *a, const char *text, struct parsed *out)
{
	char *copy = arena_strdup(a, text), *at = copy;
	char *end = strchr(at, '\n');
	if (end != NULL)
		*end = '\0';
	char *space = strchr(at, ' '), *last = strrchr(at, ' ');
	assert_non_null(space);
	assert_true(last > space);
	*space = *last = '\0';
	char *question = strchr(space + 1, '?');
	if (question != NULL)
		*question = '\0';
	out->r.method = at;
	out->r.path = space + 1;
	out->r.query = question != NULL ? question + 1 : "";
	out->r.header = out->header;
	out->r.body = "";
	while (end != NULL) {
		at = end + 1;
		end = strchr(at, '\n');
		if (*at == '\0' || *at == '\n') {
			if (*at == '\n') {
				out->r.body = at + 1;
				out->r.body_len = strlen(at + 1);
			}
			break;
		}
		if (end != NULL)
			*end = '\0';
		if (*at == ' ' || *at == '\t') {
			struct http_header *h = &out->header[out->r.header_count - 1];
			h->value = str_printf(a, "%s %s", h->value, at);
			continue;
		}
		char *colon = strchr(at, ':');
		assert_non_null(colon);
		*colon = '\0';
		out->header[out->r.header_count++] = (struct http_header){at, colon + 1};
	}
}

static bool has_header(const struct parsed *p, const char *name)
{
	for (size_t i = 0; i < p->r.header_count; i++)
		if (str_equal_nocase(p->header[i].name, name))
			return true;
	return false;
}

static void add_header(struct parsed *p, const char *name, const char *value)
{
	p->header[p->r.header_count++] = (struct http_header){name, value};
}

static char *file_of(struct arena *a, const char *folder, const char *name, const char *file)
{
	size_t len;
	char *text = shared_file(str_printf(a, "%s/%s/%s", folder, name, file), &len);
	if (text == NULL)
		return NULL;
	char *kept = arena_copy(a, text, len);
	free(text);
	return kept;
}

static void same(const char *name, const char *what, const char *got, const char *wanted)
{
	if (strcmp(got, wanted) != 0) {
		print_error("%s: %s\n--- got\n%s\n--- wanted\n%s\n", name, what, got, wanted);
		fail();
	}
}

/* --- aws-c-auth --- */

static void one_of_crt(const char *name)
{
	static const char folder[] = "sigv4/aws-c-auth/v4";
	struct arena *a = arena_new(NULL);
	struct err e;
	struct parsed p = {0};
	char *context = file_of(a, folder, name, "context.json");
	char *request = file_of(a, folder, name, "request.txt");
	assert_non_null(context);
	assert_non_null(request);
	const struct json *c = json_parse(a, context, strlen(context), name, &e);
	const struct json *keys = json_get(c, "credentials");
	assert_non_null(c);
	parse_request(a, request, &p);
	p.r.region = json_text(c, "region");
	p.r.service = json_text(c, "service");
	p.r.keep_path = !json_bool(c, "normalize", true);
	if (p.r.keep_path) /* as on the wire: encoded once already */
		p.r.path = str_percent_encode(a, p.r.path, "/%");
	assert_true(when_parse(json_text(c, "timestamp"), &p.r.now_ms));
	char stamp[WHEN_TEXT];
	when_compact(p.r.now_ms, stamp);
	add_header(&p, "X-Amz-Date", stamp);
	if (json_bool(c, "sign_body", false))
		add_header(&p, "x-amz-content-sha256", sha256_hex(a, p.r.body, p.r.body_len));
	if (json_text(keys, "token") != NULL && !json_bool(c, "omit_session_token", false))
		add_header(&p, "X-Amz-Security-Token", json_text(keys, "token"));
	struct sigv4 s = sigv4_sign(a, &p.r, json_text(keys, "access_key_id"),
				    json_text(keys, "secret_access_key"));
	same(name, "canonical request", s.canonical_request,
	     file_of(a, folder, name, "header-canonical-request.txt"));
	same(name, "string to sign", s.string_to_sign,
	     file_of(a, folder, name, "header-string-to-sign.txt"));
	same(name, "signature", s.signature, file_of(a, folder, name, "header-signature.txt"));
	const char *sent = file_of(a, folder, name, "header-signed-request.txt");
	const char *line = strstr(sent, "Authorization:");
	assert_non_null(line);
	line += strlen("Authorization:");
	line += strspn(line, " ");
	same(name, "authorization", s.authorization, arena_copy(a, line, strcspn(line, "\n")));
	arena_free(a);
}

static size_t each_folder(const char *below, void (*run)(const char *name))
{
	char path[4096];
	size_t count = 0;
	snprintf(path, sizeof path, "%s/%s", shared_data(), below);
	DIR *dir = opendir(path);
	if (dir == NULL)
		return 0;
	for (struct dirent *x; (x = readdir(dir)) != NULL;) {
		if (x->d_name[0] == '.' || strchr(x->d_name, '.') != NULL ||
		    strcmp(x->d_name, "LICENSE") == 0 || strcmp(x->d_name, "NOTICE") == 0 ||
		    strcmp(x->d_name, "normalize-path") == 0 ||
		    strcmp(x->d_name, "post-sts-token") == 0)
			continue;
		run(x->d_name);
		count++;
	}
	closedir(dir);
	return count;
}

static void test_suite_of_the_crt(void **state)
{
	(void)state;
	if (shared_data() == NULL) {
		printf("skipped: AWS's signing suite: no shared data\n");
		skip();
	}
	assert_int_equal(each_folder("sigv4/aws-c-auth/v4", one_of_crt), 38);
}

/* --- the older suite --- */

static const char *older_folder;

static void one_of_older(const char *name)
{
	struct arena *a = arena_new(NULL);
	struct parsed p = {0};
	const char *file = strrchr(name, '/') != NULL ? strrchr(name, '/') + 1 : name;
	const char *folder = older_folder;
	char *request = file_of(a, folder, name, str_printf(a, "%s.req", file));
	assert_non_null(request);
	/* Named by its own readme: the token header is added behind the signature, which the
	 * services of this program never ask for; its request equals post-vanilla's and signs
	 * the same. */
	parse_request(a, request, &p);
	p.r.region = "us-east-1";
	p.r.service = "service";
	assert_true(when_parse("2015-08-30T12:36:00Z", &p.r.now_ms));
	if (!has_header(&p, "X-Amz-Date"))
		add_header(&p, "X-Amz-Date", "20150830T123600Z");
	const char *canonical = file_of(a, folder, name, str_printf(a, "%s.creq", file));
	if (strstr(canonical, "x-amz-security-token:") != NULL &&
	    !has_header(&p, "X-Amz-Security-Token")) {
		/* The suite gives the token only in what it expects. */
		const char *token = strstr(canonical, "x-amz-security-token:") +
				    strlen("x-amz-security-token:");
		add_header(&p, "X-Amz-Security-Token", arena_copy(a, token, strcspn(token, "\n")));
	}
	struct sigv4 s = sigv4_sign(a, &p.r, "AKIDEXAMPLE",
				    "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
	same(name, "canonical request", s.canonical_request, canonical);
	same(name, "string to sign", s.string_to_sign,
	     file_of(a, folder, name, str_printf(a, "%s.sts", file)));
	same(name, "authorization", s.authorization,
	     file_of(a, folder, name, str_printf(a, "%s.authz", file)));
	arena_free(a);
}

static void test_older_suite(void **state)
{
	(void)state;
	if (shared_data() == NULL) {
		printf("skipped: the older signing suite: no shared data\n");
		skip();
	}
	older_folder = "sigv4/botocore/aws4_testsuite";
	assert_int_equal(each_folder(older_folder, one_of_older), 24);
	older_folder = "sigv4/botocore/aws4_testsuite/normalize-path";
	assert_int_equal(each_folder(older_folder, one_of_older), 8);
	older_folder = "sigv4/botocore/aws4_testsuite/post-sts-token";
	assert_int_equal(each_folder(older_folder, one_of_older), 2);
}

/* --- the project's own --- */

static struct sigv4 own(struct arena *a, const char *method, const char *path, const char *query,
			const char *body)
{
	static const struct http_header header[] = {
		{"host", "access-analyzer.eu-west-1.amazonaws.com"},
		{"x-amz-date", "20261124T030923Z"},
		{"X-Amz-Security-Token", "token"},
	};
	struct sigv4_request r = {.method = method,
				  .path = path,
				  .query = query,
				  .header = header,
				  .header_count = 3,
				  .body = body,
				  .body_len = strlen(body),
				  .region = "eu-west-1",
				  .service = "access-analyzer",
				  .now_ms = 1795489763000};
	return sigv4_sign(a, &r, "AKIDEXAMPLE", "secret");
}

static void test_own_vector(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct sigv4 s = own(a, "GET", "/findingv2/a%2Fb", "z=1&analyzerArn=arn%3Aaws&z=0", "");
	assert_string_equal(
		s.canonical_request,
		"GET\n/findingv2/a%252Fb\nanalyzerArn=arn%3Aaws&z=0&z=1\n"
		"host:access-analyzer.eu-west-1.amazonaws.com\nx-amz-date:20261124T030923Z\n"
		"x-amz-security-token:token\n\nhost;x-amz-date;x-amz-security-token\n"
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_string_equal(s.amz_date, "20261124T030923Z");
	assert_string_equal(s.signature,
			    "60ef5507f8824df5147a5dd8635b57eb38c18b3af2086a4d840b302e11f02568");
	arena_free(a);
}

static char *read_file(struct arena *a, const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	if (f == NULL)
		fail_msg("%s: not found; tests run in the project's folder", path);
	char *text = arena_alloc(a, 1 << 20);
	*len = fread(text, 1, (1 << 20) - 1, f);
	fclose(f);
	return text;
}

/* tests/data/aws/sigv4.json says who signed these. */
static void test_own_requests(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct err e;
	size_t len, count = 0;
	const char *text = read_file(a, "tests/data/aws/sigv4.json", &len);
	const struct json *v = json_parse(a, text, len, "sigv4.json", &e);
	assert_non_null(v);
	for (const struct json *c = json_get(v, "cases")->first; c != NULL; c = c->next, count++) {
		struct http_header header[8];
		struct sigv4_request r = {.method = json_text(c, "method"),
					  .path = json_text(c, "path"),
					  .query = json_text(c, "query"),
					  .header = header,
					  .body = json_text(c, "body"),
					  .body_len = strlen(json_text(c, "body")),
					  .region = json_text(c, "region"),
					  .service = json_text(c, "service")};
		assert_true(when_parse(json_text(v, "now"), &r.now_ms));
		for (const struct json *h = json_get(c, "headers")->first; h != NULL; h = h->next)
			header[r.header_count++] = (struct http_header){json_at(h, 0)->text,
									json_at(h, 1)->text};
		struct sigv4 s = sigv4_sign(a, &r, json_text(v, "access_key_id"),
					    json_text(v, "secret_access_key"));
		same(json_text(c, "name"), "authorization", s.authorization,
		     json_text(c, "authorization"));
	}
	assert_int_equal(count, 9);
	arena_free(a);
}

static void test_odd_paths_and_queries(void **state)
{
	(void)state;
	static const struct {
		const char *path, *query, *starts;
	} cases[] = {
		{"", "", "GET\n/\n\n"},
		{NULL, NULL, "GET\n/\n\n"},
		{"//", "", "GET\n/\n\n"},
		{"/a/./b/../c/", "", "GET\n/a/c/\n\n"},
		{"/a/..", "", "GET\n/\n\n"},
		{"/../../x", "", "GET\n/x\n\n"},
		{"/a", "b&a", "GET\n/a\na=&b=\n"},
		{"/a", "&&", "GET\n/a\n\n"},
		{"/a", "x=%zz", "GET\n/a\nx=%25zz\n"},
		{"/a", "x=a+b%20c", "GET\n/a\nx=a%2Bb%20c\n"},
		{"/a", "x=a=b", "GET\n/a\nx=a%3Db\n"},
	};
	struct arena *a = arena_new(NULL);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct sigv4 s = own(a, "GET", cases[i].path, cases[i].query, "");
		if (!str_starts(s.canonical_request, cases[i].starts))
			same(cases[i].path, "start", s.canonical_request, cases[i].starts);
	}
	arena_free(a);
}

static void test_everything_signed_matters(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	const char *base = own(a, "POST", "/x", "a=b", "body").signature;
	assert_string_equal(base, own(a, "POST", "/x", "a=b", "body").signature);
	assert_string_not_equal(base, own(a, "PUT", "/x", "a=b", "body").signature);
	assert_string_not_equal(base, own(a, "POST", "/y", "a=b", "body").signature);
	assert_string_not_equal(base, own(a, "POST", "/x", "a=c", "body").signature);
	assert_string_not_equal(base, own(a, "POST", "/x", "a=b", "Body").signature);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suite_of_the_crt),
		cmocka_unit_test(test_older_suite),
		cmocka_unit_test(test_own_vector),
		cmocka_unit_test(test_own_requests),
		cmocka_unit_test(test_odd_paths_and_queries),
		cmocka_unit_test(test_everything_signed_matters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
