/* The sandbox's signature check, against vectors that it did not make. */
#include "test.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>

#include "../../src/sandbox/signature.h"
#include "pare/json.h"
#include "pare/str.h"
#include "pare/when.h"
#include "shared_data.h"

static struct wire_key known_key = {
	.access_key_id = "AKIDEXAMPLE",
	.secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
	.account = "111122223333",
	.caller_arn = "arn:aws:iam::111122223333:user/example",
};

static const struct wire_key *find_key(void *self, const char *access_key_id)
{
	struct wire_key *key = self;
	return strcmp(access_key_id, key->access_key_id) == 0 ? key : NULL;
}

/* --- requests as data --- */

enum { HEADERS = 32 };

struct sample {
	struct signature_request r;
	struct signature_header header[HEADERS];
	struct wire_key key;
	const char *service;
	int64_t now_ms;
};

static void add_header(struct sample *s, const char *name, const char *value)
{
	assert_true(s->r.header_count < HEADERS);
	s->header[s->r.header_count++] = (struct signature_header){name, value};
	s->r.header = s->header;
}

static void set_target(struct arena *a, struct sample *s, const char *target)
{
	const char *mark = strchr(target, '?');
	size_t len = mark != NULL ? (size_t)(mark - target) : strlen(target);
	s->r.path = arena_copy(a, target, len);
	s->r.query = mark != NULL ? arena_strdup(a, mark + 1) : NULL;
}

static void set_body(struct sample *s, const char *body)
{
	s->r.body = body;
	s->r.body_len = strlen(body);
}

static void set_now(struct sample *s, const char *text)
{
	assert_true(when_parse(text, &s->now_ms));
}

static struct signature_result verify(struct arena *a, const struct sample *s)
{
	struct signature_result out;
	struct signature_check check = {s->now_ms, s->service, find_key, (void *)&s->key};
	signature_verify(a, &s->r, &check, &out);
	return out;
}

static enum signature_verdict verdict(struct arena *a, const struct sample *s)
{
	struct signature_result out = verify(a, s);
	assert_true((out.verdict == SIGNATURE_GOOD) == (out.message == NULL));
	return out.verdict;
}

static void use_token(struct sample *s)
{
	s->key.session_token = signature_header(&s->r, "x-amz-security-token");
}

#define SCOPE(region, service) "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260301/" region "/" service \
	"/aws4_request, SignedHeaders="

/* The project's own vectors; the signatures were computed by other means. */
static struct sample form_sample(struct arena *a)
{
	struct sample s = {.key = known_key, .service = "iam", .r.method = "POST"};
	set_now(&s, "2026-03-01T10:15:00Z");
	set_target(a, &s, "/");
	add_header(&s, "Host", "127.0.0.1:8080");
	add_header(&s, "Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
	add_header(&s, "X-Amz-Date", "20260301T101500Z");
	add_header(&s, "Authorization", SCOPE("eu-west-1", "iam") "content-type;host;x-amz-date, Signature="
		   "5662a303d1f507062e087a7a66eacd45b0cd741aa006601fe52f06cd0d99de40");
	set_body(&s, "Action=GetRole&Version=2010-05-08&RoleName=App");
	return s;
}

static struct sample rest_sample(struct arena *a)
{
	struct sample s = {.key = known_key, .service = "access-analyzer", .r.method = "GET"};
	set_now(&s, "2026-03-01T10:15:00Z");
	set_target(a, &s, "/./x/..//findingv2/a%20b%2Fc?maxResults&&analyzerArn="
			  "arn:aws%3aaccess-analyzer:us-east-1:111122223333%3Aanalyzer/u");
	add_header(&s, "host", "  localhost ");
	add_header(&s, "My-List", " a \t  b");
	add_header(&s, "x-amz-date", "20260301T101500Z");
	add_header(&s, "my-list", "c  ");
	add_header(&s, "X-Amz-Security-Token", "TOKEN+/=");
	add_header(&s, "User-Agent", "not signed");
	add_header(&s, "authorization",
		   SCOPE("us-east-1", "access-analyzer")
		   "host;my-list;x-amz-date;x-amz-security-token,Signature="
		   "e1b1d85b52aa5d5b883f0b7d5835cc9d5a57d5940dc2cd15e3fa66558bd5145d");
	use_token(&s);
	set_body(&s, "");
	return s;
}

static void set_header(struct sample *s, const char *name, const char *value)
{
	for (size_t i = 0; i < s->r.header_count; i++)
		if (strcasecmp(s->header[i].name, name) == 0)
			s->header[i].value = value;
	s->r.header = s->header;
}

static void drop_header(struct sample *s, const char *name)
{
	for (size_t i = 0; i < s->r.header_count; i++)
		if (strcasecmp(s->header[i].name, name) == 0)
			s->header[i].name = "x-dropped";
	s->r.header = s->header;
}

static const char *authorization(const struct sample *s)
{
	return signature_header(&s->r, "authorization");
}

/* The authorization header with one text replaced by another. */
static const char *replaced(struct arena *a, const struct sample *s, const char *from, const char *to)
{
	const char *text = authorization(s), *at = strstr(text, from);
	assert_non_null(at);
	return str_printf(a, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static void good_requests_verify(void **state)
{
	struct arena *a = arena_new(NULL);
	(void)state;
	struct sample s = form_sample(a);
	s.r.header = s.header;
	struct signature_result out = verify(a, &s);
	assert_int_equal(out.verdict, SIGNATURE_GOOD);
	assert_string_equal(out.region, "eu-west-1");
	assert_string_equal(out.key->account, "111122223333");
	struct sample t = rest_sample(a);
	t.r.header = t.header;
	assert_int_equal(verdict(a, &t), SIGNATURE_GOOD);
	assert_string_equal(signature_service(a, &t.r), "access-analyzer");
	arena_free(a);
}

static void time_window(void **state)
{
	static const struct {
		const char *now;
		const char *says; /* NULL: good */
	} cases[] = {
		{"2026-03-01T10:20:00Z", NULL},
		{"2026-03-01T10:10:00Z", NULL},
		{"2026-03-01T10:20:01Z", "Signature expired: 20260301T101500Z is now earlier than "
					 "20260301T101501Z (20260301T102001Z - 5 min.)"},
		{"2026-03-01T10:09:59Z", "Signature not yet current: 20260301T101500Z is still later than "
					 "20260301T101459Z (20260301T100959Z + 5 min.)"},
		{"2027-03-01T10:15:00Z", "Signature expired: "},
	};
	struct arena *a = arena_new(NULL);
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct sample s = form_sample(a);
		s.r.header = s.header;
		set_now(&s, cases[i].now);
		struct signature_result out = verify(a, &s);
		if (cases[i].says == NULL) {
			assert_int_equal(out.verdict, SIGNATURE_GOOD);
			continue;
		}
		assert_int_equal(out.verdict, SIGNATURE_MISMATCH);
		assert_true(str_starts(out.message, cases[i].says));
	}
	arena_free(a);
}

static void keys_and_tokens(void **state)
{
	struct arena *a = arena_new(NULL);
	(void)state;
	struct sample s = form_sample(a);
	s.r.header = s.header;
	s.key.secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEZ";
	assert_int_equal(verdict(a, &s), SIGNATURE_MISMATCH);
	s = form_sample(a);
	s.r.header = s.header;
	s.key.access_key_id = "AKIDOTHER";
	assert_int_equal(verdict(a, &s), SIGNATURE_KEY_UNKNOWN);
	s = form_sample(a);
	s.r.header = s.header;
	s.key.session_token = "T";
	assert_int_equal(verdict(a, &s), SIGNATURE_TOKEN_WRONG);
	s.key.session_token = NULL;
	add_header(&s, "X-Amz-Security-Token", "T");
	assert_int_equal(verdict(a, &s), SIGNATURE_TOKEN_WRONG);

	s = rest_sample(a);
	s.r.header = s.header;
	s.key.session_token = "TOKEN+/";
	assert_int_equal(verdict(a, &s), SIGNATURE_TOKEN_WRONG);
	s = rest_sample(a);
	s.r.header = s.header;
	s.key.expires_ms = s.now_ms;
	assert_int_equal(verdict(a, &s), SIGNATURE_TOKEN_EXPIRED);
	s.key.expires_ms = s.now_ms + 1;
	assert_int_equal(verdict(a, &s), SIGNATURE_GOOD);
	arena_free(a);
}

static void parts_missing_or_malformed(void **state)
{
	static const struct {
		const char *from, *to;
		enum signature_verdict verdict;
		const char *says;
	} cases[] = {
		{"Credential=", "Credentials=", SIGNATURE_INCOMPLETE, "requires 'Credential'"},
		{"SignedHeaders=", "Signed=", SIGNATURE_INCOMPLETE, "requires 'SignedHeaders'"},
		{"Signature=", "Signature", SIGNATURE_INCOMPLETE, "requires 'Signature'"},
		{"AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1", SIGNATURE_INCOMPLETE, "'AWS4-HMAC-SHA1'"},
		{"AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256x ", SIGNATURE_INCOMPLETE, "algorithm"},
		{"AKIDEXAMPLE/", "", SIGNATURE_INCOMPLETE, "5 slash-delimited"},
		{"AKIDEXAMPLE/", "AKIDEXAMPLE/x/", SIGNATURE_INCOMPLETE, "5 slash-delimited"},
		{"eu-west-1", "", SIGNATURE_INCOMPLETE, "5 slash-delimited"},
		{"content-type;host;", "content-type;", SIGNATURE_INCOMPLETE, "'host' must be"},
		{"host;x-amz-date", "host", SIGNATURE_INCOMPLETE, "'x-amz-date' must be"},
		{"/iam/", "/sts/", SIGNATURE_MISMATCH, "correct service: 'iam'"},
		{"aws4_request", "aws4_requests", SIGNATURE_MISMATCH, "terminator"},
		{"/20260301/", "/20260302/", SIGNATURE_MISMATCH, "'20260302' != '20260301'"},
		{"/20260301/", "/2026030/", SIGNATURE_MISMATCH, "Date in Credential scope"},
		{"/eu-west-1/", "/eu-west-2/", SIGNATURE_MISMATCH, "does not match"},
		{"content-type;", "content-length;content-type;", SIGNATURE_MISMATCH, "does not match"},
		{"9de40", "9de4", SIGNATURE_MISMATCH, "does not match"},
		{"9de40", "9de400", SIGNATURE_MISMATCH, "does not match"},
		{"5662a303", "5662A303", SIGNATURE_MISMATCH, "does not match"},
	};
	struct arena *a = arena_new(NULL);
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct sample s = form_sample(a);
		set_header(&s, "authorization", replaced(a, &s, cases[i].from, cases[i].to));
		struct signature_result out = verify(a, &s);
		if (out.verdict != cases[i].verdict || strstr(out.message, cases[i].says) == NULL)
			fail_msg("'%s' as '%s': verdict %d, %s", cases[i].from, cases[i].to, out.verdict,
				 out.message);
	}
	arena_free(a);
}

static void headers_missing_or_doubled(void **state)
{
	static const char *const dates[] = {"", "20260301", "2026-03-01T10:15:00Z", "20260301T101500",
					    "20260301T101500z", "20261301T101500Z", "20260301T101500Z ",
					    "2026030xT101500Z", "20260301T10150TZ"};
	static const char *const once[] = {"authorization", "x-amz-date", "x-amz-security-token"};
	struct arena *a = arena_new(NULL);
	(void)state;
	struct sample s = form_sample(a);
	drop_header(&s, "authorization");
	assert_int_equal(verdict(a, &s), SIGNATURE_ABSENT);
	assert_null(signature_service(a, &s.r));
	s = form_sample(a);
	drop_header(&s, "x-amz-date");
	assert_int_equal(verdict(a, &s), SIGNATURE_INCOMPLETE);
	s = form_sample(a);
	drop_header(&s, "content-type");
	assert_int_equal(verdict(a, &s), SIGNATURE_MISMATCH);
	s = form_sample(a);
	add_header(&s, "X-Amz-Target", "x");
	assert_int_equal(verdict(a, &s), SIGNATURE_INCOMPLETE);
	for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
		s = form_sample(a);
		set_header(&s, "x-amz-date", dates[i]);
		assert_int_equal(verdict(a, &s), SIGNATURE_INCOMPLETE);
	}
	for (size_t i = 0; i < sizeof once / sizeof once[0]; i++) {
		s = rest_sample(a);
		s.r.header = s.header;
		add_header(&s, once[i], signature_header(&s.r, once[i]));
		assert_int_equal(verdict(a, &s), SIGNATURE_INCOMPLETE);
	}
	arena_free(a);
}

static void authorization_of_all_kinds(void **state)
{
	static const char *const values[] = {
		"", " ", ",", "=", "Basic dXNlcjpwYXNz", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 ",
		"AWS4-HMAC-SHA256 ,,,", "AWS4-HMAC-SHA256 Credential=,SignedHeaders=,Signature=",
		"AWS4-HMAC-SHA256 Credential=////,SignedHeaders=;;,Signature=x",
		"AWS4-HMAC-SHA256 Credential=a/b/c/d/e,SignedHeaders=;,Signature=x",
		"AWS AKIDEXAMPLE:signature"};
	struct arena *a = arena_new(NULL);
	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
		struct sample s = form_sample(a);
		set_header(&s, "authorization", values[i]);
		assert_int_equal(verdict(a, &s), SIGNATURE_INCOMPLETE);
		signature_service(a, &s.r);
	}
	arena_free(a);
}

static void paths_and_queries(void **state)
{
	static const char *const paths[][2] = {
		{"", "/"}, {"/", "/"}, {"//", "/"}, {"/.", "/"}, {"/..", "/"}, {"/a/..", "/"},
		{"/a/../..", "/"}, {"/a/./b", "/a/b"}, {"/a//b/", "/a/b/"}, {"/a/b/..", "/a/"},
		{"/a/b/.", "/a/b/"}, {"/a%2Fb", "/a%252Fb"}, {"/...", "/..."}, {"/~a-_.", "/~a-_."},
		{"/a b", "/a%20b"}, {"/\xc3\xa4", "/%C3%A4"}, {"/:@", "/%3A%40"}, {"a", "/a"},
	};
	static const char *const queries[][2] = {
		{"", ""}, {"b&a", "a=&b="}, {"a=2&a=1", "a=1&a=2"}, {"a=1=2", "a=1%3D2"},
		{"a=%7E%41", "a=~A"}, {"a=%zz", "a=%25zz"}, {"a=%4", "a=%254"}, {"a=%", "a=%25"},
		{"&&", ""}, {"=", "="}, {"aa=1&a-=2", "a-=2&aa=1"}, {"a=%e1%88%b4", "a=%E1%88%B4"},
		{"a=%00b", "a=%00b"}, {"a=b c", "a=b%20c"},
	};
	struct arena *a = arena_new(NULL);
	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
		assert_string_equal(signature_canonical_path(a, paths[i][0]), paths[i][1]);
	for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++)
		assert_string_equal(signature_canonical_query(a, queries[i][0]), queries[i][1]);
	assert_string_equal(signature_canonical_query(a, NULL), "");
	arena_free(a);
}

/* --- one changed byte --- */

/* Another byte that means something else wherever it stands: %2f is %2F, so letters keep case. */
static char other(char c)
{
	if (c >= '0' && c <= '9')
		return c == '9' ? '0' : (char)(c + 1);
	if ((c >= 'a' && c < 'z') || (c >= 'A' && c < 'Z'))
		return (char)(c + 1);
	return c == 'x' ? 'y' : 'x';
}

static void expect_refused(struct arena *parent, const struct sample *s, const char *what, size_t at)
{
	struct arena *a = arena_new(parent);
	if (verdict(a, s) == SIGNATURE_GOOD)
		fail_msg("%s: byte %zu changed and still good", what, at);
	arena_free(a);
}

/* Changes each byte of *text in turn. */
static void change_text(struct arena *a, struct sample *s, const char **text, const char *what)
{
	const char *before = *text;
	char *changed = arena_strdup(a, before);
	*text = changed;
	for (size_t i = 0; changed[i] != '\0'; i++) {
		changed[i] = other(before[i]);
		expect_refused(a, s, what, i);
		changed[i] = before[i];
	}
	*text = before;
}

static void change_everything(struct arena *a, struct sample *s, const char *name)
{
	s->r.header = s->header;
	change_text(a, s, &s->r.method, str_printf(a, "%s: method", name));
	if (strcmp(s->r.path, "/") != 0)
		change_text(a, s, &s->r.path, str_printf(a, "%s: path", name));
	if (s->r.query != NULL)
		change_text(a, s, &s->r.query, str_printf(a, "%s: query", name));
	char *changed = arena_copy(a, s->r.body, s->r.body_len);
	s->r.body = changed;
	for (size_t i = 0; i < s->r.body_len; i++) {
		char before = changed[i];
		changed[i] = other(before);
		expect_refused(a, s, str_printf(a, "%s: body", name), i);
		changed[i] = before;
	}
	for (size_t i = 0; i < s->r.header_count; i++) {
		const char *signed_one = str_lower(a, s->header[i].name);
		if (strcmp(signed_one, "authorization") == 0 ||
		    strstr(authorization(s), signed_one) != NULL)
			change_text(a, s, &s->header[i].value, str_printf(a, "%s: %s", name, signed_one));
	}
	if (verdict(a, s) != SIGNATURE_GOOD)
		fail_msg("%s: no longer good", name);
}

static void own_requests_changed(void **state)
{
	struct arena *a = arena_new(NULL);
	(void)state;
	struct sample s = form_sample(a);
	change_everything(a, &s, "form");
	arena_free(a);
}

/* --- published vectors --- */

static void host_of(struct arena *a, struct sample *s, const char *url)
{
	const char *start = strstr(url, "://");
	assert_non_null(start);
	size_t len = strcspn(start + 3, "/");
	add_header(s, "Host", arena_copy(a, start + 3, len));
	set_target(a, s, *(start + 3 + len) != '\0' ? start + 3 + len : "/");
}

static void golden_case(struct arena *a, const struct json *one, const char *clock)
{
	const struct json *request = json_get(one, "request");
	struct sample s = {.key = known_key};
	s.r.method = json_text(request, "method");
	s.service = json_text(json_get(one, "signing"), "signing_name");
	set_now(&s, clock);
	host_of(a, &s, json_text(request, "url"));
	for (const struct json *h = json_get(request, "headers")->first; h != NULL; h = h->next)
		add_header(&s, h->key, h->text);
	set_body(&s, json_text(request, "body"));
	use_token(&s);
	const char *name = json_text(one, "name");
	if (signature_header(&s.r, "authorization") == NULL) {
		assert_int_equal(verdict(a, &s), SIGNATURE_ABSENT);
		return;
	}
	struct signature_result out = verify(a, &s);
	if (out.verdict != SIGNATURE_GOOD)
		fail_msg("%s: %s", name, out.message);
	assert_string_equal(out.canonical, json_text(json_get(one, "signing"), "canonical_request"));
	assert_string_equal(out.to_sign, json_text(json_get(one, "signing"), "string_to_sign"));
	change_everything(a, &s, name);
}

static void golden_requests(void **state)
{
	size_t len, cases = 0;
	struct err e;
	(void)state;
	char *text = shared_file("golden/requests.json", &len);
	if (text == NULL) {
		puts("skipped: golden requests: no shared data");
		skip();
	}
	struct arena *a = arena_new(NULL);
	const struct json *all = json_parse(a, text, len, "requests.json", &e);
	assert_non_null(all);
	const struct json *list = json_get(all, "cases");
	for (const struct json *one = list->first; one != NULL; one = one->next, cases++) {
		struct arena *own = arena_new(a);
		golden_case(own, one, json_text(all, "clock"));
		arena_free(own);
	}
	assert_true(cases > 50);
	arena_free(a);
	free(text);
}

/* A request as text: request line, headers with folded lines, an empty line, the body. */
static void read_raw(struct arena *a, struct sample *s, char *text)
{
	char *body = strstr(text, "\n\n");
	set_body(s, body != NULL ? body + 2 : "");
	if (body != NULL)
		*body = '\0';
	char *line = strtok(text, "\n");
	char *target = strchr(line, ' ') + 1;
	s->r.method = arena_copy(a, line, (size_t)(target - line - 1));
	*strstr(target, " HTTP/1.1") = '\0';
	set_target(a, s, target);
	while ((line = strtok(NULL, "\n")) != NULL) {
		char *colon = strchr(line, ':');
		if (line[0] == ' ') {
			struct signature_header *last = &s->header[s->r.header_count - 1];
			last->value = str_printf(a, "%s %s", last->value, line);
			continue;
		}
		assert_non_null(colon);
		add_header(s, arena_copy(a, line, (size_t)(colon - line)), arena_strdup(a, colon + 1));
	}
	for (size_t i = 0; i < s->r.header_count; i++)
		while (*s->header[i].value == ' ')
			s->header[i].value++;
}

static char *read_text(const char *path)
{
	size_t len;
	return shared_file(path + strlen(shared_data()) + 1, &len);
}

static size_t suite_cases;

/* Signed without normalising, as for S3: what these services normalise must not match. */
static bool left_unnormalized(const char *path)
{
	return strstr(path, "-unnormalized/") != NULL && strstr(path, "get-space-") == NULL;
}

static int suite_case(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)where;
	if (kind != FTW_F || (!str_ends(path, "/header-signed-request.txt") && !str_ends(path, ".sreq")))
		return 0;
	struct arena *a = arena_new(NULL);
	char *text = read_text(path);
	assert_non_null(text);
	struct sample s = {.key = known_key, .service = "service"};
	set_now(&s, "2015-08-30T12:36:00Z");
	read_raw(a, &s, text);
	use_token(&s);
	/* One signed request of the older suite carries a signature that is none; its .authz is right. */
	char *authz = str_ends(path, ".sreq")
		? read_text(str_printf(a, "%.*sauthz", (int)(strlen(path) - 4), path)) : NULL;
	if (authz != NULL)
		set_header(&s, "authorization", authz);
	struct signature_result out = verify(a, &s);
	enum signature_verdict expected = left_unnormalized(path) ? SIGNATURE_MISMATCH : SIGNATURE_GOOD;
	if (out.verdict != expected)
		fail_msg("%s: %s\n%s", path, out.message, out.canonical);
	s.key.secret = "another";
	assert_int_equal(verdict(a, &s), SIGNATURE_MISMATCH);
	suite_cases++;
	free(authz);
	free(text);
	arena_free(a);
	return 0;
}

static void published_suites(void **state)
{
	char dir[4096];
	(void)state;
	if (shared_data() == NULL) {
		puts("skipped: published signature suites: no shared data");
		skip();
	}
	snprintf(dir, sizeof dir, "%s/sigv4", shared_data());
	assert_int_equal(nftw(dir, suite_case, 16, FTW_PHYS), 0);
	assert_true(suite_cases > 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_requests_verify),
		cmocka_unit_test(time_window),
		cmocka_unit_test(keys_and_tokens),
		cmocka_unit_test(parts_missing_or_malformed),
		cmocka_unit_test(headers_missing_or_doubled),
		cmocka_unit_test(authorization_of_all_kinds),
		cmocka_unit_test(paths_and_queries),
		cmocka_unit_test(own_requests_changed),
		cmocka_unit_test(golden_requests),
		cmocka_unit_test(published_suites),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
