/* Recorded scenarios of other SDKs, their HTTP included; chains of roles; which container and
 * instance URLs are asked. What is left out is named with its reason. */
#include "test.h"

#include <dirent.h>

#include "fake_sources.h"
#include "json_at.h"
#include "pare/digest.h"
#include "pare/json.h"
#include "shared_data.h"

#define ROOT "config/smithy-rs/aws-config-test-data/"

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

static char *replaced(struct arena *a, const char *text, const char *word, const char *with)
{
	struct buf *b = buf_new(a, 1 << 20);
	for (const char *at; (at = strstr(text, word)) != NULL; text = at + strlen(word)) {
		buf_put(b, text, (size_t)(at - text));
		buf_puts(b, with);
	}
	buf_puts(b, text);
	return arena_strdup(a, b->data);
}

/* --- recorded scenarios --- */

struct tape {
	struct fake fake;
	const struct json *event;
	const char *name;
};

static const struct json *part(const struct json *event, const char *name)
{
	return json_get(json_get(event, "action"), name);
}

/* Order of a query's parameters is nobody's business. */
static bool same_url(struct arena *a, const char *x, const char *y)
{
	size_t path = strcspn(x, "?");
	struct str_list p = {0}, q = {0};
	size_t with = path > 0 && x[path - 1] == '/' ? path - 1 : path;
	size_t other = strcspn(y, "?");
	other -= other > 0 && y[other - 1] == '/';
	if (with != other || strncmp(x, y, with) != 0)
		return false;
	const char *rest[] = {x + path, y + strcspn(y, "?")};
	struct str_list *list[] = {&p, &q};
	for (size_t i = 0; i < 2; i++) {
		for (size_t k = 0; *rest[i] != '\0'; k++) {
			const char *one = str_part(a, rest[i] + 1, '&', k, false);
			if (one == NULL)
				break;
			str_list_add(a, list[i], one);
		}
		str_list_sort(list[i]);
	}
	if (p.count != q.count)
		return false;
	for (size_t i = 0; i < p.count; i++)
		if (strcmp(p.item[i], q.item[i]) != 0)
			return false;
	return true;
}

/* The recorded form's parameters. Their values were blotted out and are not all the files' own. */
static void same_form(struct tape *t, const char *recorded, const struct http_exchange *x)
{
	for (size_t i = 0;; i++) {
		const char *one = str_part(x->arena, recorded, '&', i, false);
		if (str_empty(one))
			return;
		if (!str_starts(one, "Action=") && !str_starts(one, "Version="))
			one = str_printf(x->arena, "&%.*s=", (int)strcspn(one, "="), one);
		if (x->body == NULL || strstr(x->body, one) == NULL)
			fail_msg("%s: '%s' is not in '%s'", t->name, one, x->body);
	}
}

static bool play(void *self, struct http_exchange *x)
{
	struct tape *t = self;
	struct buf *body = buf_new(x->arena, 1 << 20);
	while (t->event != NULL && part(t->event, "Request") == NULL)
		t->event = t->event->next;
	if (t->event == NULL)
		return fake_nobody(&t->fake, x);
	const struct json *request = json_get(part(t->event, "Request"), "request");
	if (!same_url(x->arena, x->url, json_text(request, "uri")))
		fail_msg("%s: asked %s, recorded %s", t->name, x->url, json_text(request, "uri"));
	assert_string_equal(x->method, json_text(request, "method"));
	static const char *const told[] = {"x-amz-sso_bearer_token", "x-aws-ec2-metadata-token",
					   "x-aws-ec2-metadata-token-ttl-seconds"};
	for (size_t i = 0; i < 3; i++) {
		const struct json *h = json_at(json_get(json_get(request, "headers"), told[i]), 0);
		if (h != NULL)
			assert_string_equal(fake_header(x, told[i]), h->text);
	}
	const struct json *answer = NULL;
	for (t->event = t->event->next; t->event != NULL && part(t->event, "Request") == NULL;
	     t->event = t->event->next) {
		const struct json *data = part(t->event, "Data");
		if (part(t->event, "Response") != NULL)
			answer = json_get(json_get(part(t->event, "Response"), "response"), "Ok");
		const char *text = json_text(json_get(data, "data"), "Utf8");
		if (text != NULL && strcmp(json_text(data, "direction"), "Response") == 0)
			buf_puts(body, text);
		else if (text != NULL)
			same_form(t, text, x);
	}
	int64_t status = 0;
	if (!json_integer(json_get(answer, "status"), &status))
		return fake_nobody(&t->fake, x);
	return fake_answer(x, (long)status, body->data);
}

/* Home's files below the fake's folder, absolute paths of the recording led there. */
static void copy_home(struct fake *f, const char *folder, const char *below)
{
	const char *path = str_printf(f->arena, "%s/%s%s", shared_data(), folder, below);
	DIR *dir = opendir(path);
	if (dir == NULL)
		return;
	for (struct dirent *d; (d = readdir(dir)) != NULL;) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		const char *name = str_printf(f->arena, "%s/%s", below, d->d_name);
		if (d->d_type == DT_DIR) {
			copy_home(f, folder, name);
			continue;
		}
		char *text = shared_file(str_printf(f->arena, "%s%s", folder, name), NULL);
		assert_non_null(text);
		fake_file(f, name + strlen("/fs/"),
			  replaced(f->arena, text, "/token.jwt",
				   str_printf(f->arena, "%s/token.jwt", f->folder)));
		free(text);
	}
	closedir(dir);
}

static void environment(struct fake *f, const struct json *env, bool only_profile)
{
	aws_env_clear();
	for (const struct json *v = env->first; v != NULL; v = v->next)
		if (!only_profile || (strcmp(v->key, "AWS_ACCESS_KEY_ID") != 0 &&
				      strcmp(v->key, "AWS_SECRET_ACCESS_KEY") != 0))
			setenv(v->key, strcmp(v->text, "/token.jwt") == 0
					       ? str_printf(f->arena, "%s/token.jwt", f->folder)
					       : v->text, 1);
	setenv("HOME", str_printf(f->arena, "%s%s", f->folder,
				  json_text(env, "HOME") != NULL ? json_text(env, "HOME") : ""), 1);
}

static void scenario(const char *group, const char *name)
{
	struct tape t = {.name = name};
	struct fake *f = &t.fake;
	struct err e;
	fake_open(f, "", "");
	struct arena *a = f->arena;
	const char *folder = str_printf(a, ROOT "%s/%s", group, name);
	const struct json *env = load(a, str_printf(a, "%s/env.json", folder));
	const struct json *traffic = load(a, str_printf(a, "%s/http-traffic.json", folder));
	const struct json *wanted = json_get(load(a, str_printf(a, "%s/test-case.json", folder)),
					     "result");
	copy_home(f, folder, "/fs");
	/* A profile's provider alone was recorded there, not the chain. */
	environment(f, env, strcmp(group, "profile-provider") == 0);
	t.event = json_get(traffic, "events") != NULL ? json_get(traffic, "events")->first : NULL;
	f->setting.exchange = play;
	f->setting.self = &t;
	struct credential_chain *c = credentials_open(a, &f->setting);
	const struct credentials *k = credentials_get(c, &e);
	const struct json *ok = json_get(wanted, "Ok");
	if ((k != NULL) != (ok != NULL))
		fail_msg("%s: %s", name, k != NULL ? "found some" : e.message);
	if (k != NULL) {
		int64_t expiry = 0;
		assert_string_equal(k->access_key_id, json_text(ok, "access_key_id"));
		assert_string_equal(k->secret_access_key, json_text(ok, "secret_access_key"));
		if (!str_equal(k->session_token, json_text(ok, "session_token")))
			fail_msg("%s: another token", name);
		if (json_text(ok, "account_id") != NULL)
			assert_string_equal(k->account, json_text(ok, "account_id"));
		if (json_integer(json_get(ok, "expiry"), &expiry))
			assert_int_equal(k->expires_ms / 1000, expiry);
		while (t.event != NULL && part(t.event, "Request") == NULL)
			t.event = t.event->next;
		assert_null(t.event); /* everything recorded was asked for */
	} else {
		assert_null(strstr(e.message, "correct"));
		assert_null(strstr(e.message, "SECRETKEY"));
	}
	fake_close(f);
}

static void test_recorded_scenarios(void **state)
{
	(void)state;
	static const struct {
		const char *name, *why;
	} left[] = {
		{"credential_process", "a pipeline of a shell: commands are run without one"},
		{"credential_process_account_id_fallback", "the same"},
	};
	static const char *const groups[] = {"default-credential-provider-chain",
					     "profile-provider"};
	size_t count = 0;
	if (shared_data() == NULL) {
		printf("skipped: recorded scenarios: no shared data\n");
		skip();
	}
	printf("left out: default-token-provider-chain: bearer tokens are not used\n"
	       "left out: login-provider-test-cases: 'aws login' is not supported\n");
	for (size_t i = 0; i < 2; i++) {
		char path[512];
		snprintf(path, sizeof path, "%s/" ROOT "%s", shared_data(), groups[i]);
		DIR *dir = opendir(path);
		assert_non_null(dir);
		for (struct dirent *d; (d = readdir(dir)) != NULL;) {
			bool out = d->d_name[0] == '.';
			for (size_t k = 0; k < 2; k++)
				if (strcmp(d->d_name, left[k].name) == 0) {
					printf("left out: %s: %s\n", left[k].name, left[k].why);
					out = true;
				}
			if (out)
				continue;
			scenario(groups[i], d->d_name);
			count++;
		}
		closedir(dir);
	}
	printf("%zu recorded scenarios\n", count);
	assert_int_equal(count, 29 + 18 - 2);
}

/* --- chains of roles --- */

struct chain {
	struct fake fake;
	const struct json *step; /* of the expected chain */
	const char *key, *name;
	size_t made;
};

static const char *form_value(struct arena *a, const char *body, const char *key)
{
	const char *at = strstr(body, str_printf(a, "&%s=", key));
	return at == NULL ? NULL
			  : str_percent_decode(a, str_part(a, at + strlen(key) + 2, '&', 0, false));
}

static void same_role(struct chain *c, const struct http_exchange *x, const struct json *role)
{
	static const char *const pairs[][2] = {{"role_arn", "RoleArn"},
					       {"external_id", "ExternalId"},
					       {"role_session_name", "RoleSessionName"}};
	assert_non_null(role);
	for (size_t i = 0; i < 3; i++) {
		const char *wanted = json_text(role, pairs[i][0]);
		const char *got = form_value(x->arena, x->body, pairs[i][1]);
		if (wanted == NULL && i == 2)
			wanted = "pare";
		if (!str_equal(wanted, got))
			fail_msg("%s: %s is %s, expected %s", c->name, pairs[i][1], got, wanted);
	}
}

static bool serve_chain(void *self, struct http_exchange *x)
{
	struct chain *c = self;
	bool base = c->made == 0;
	if (strstr(x->url, "/latest/api/token") != NULL)
		return fake_answer(x, 200, "TOKEN");
	if (str_ends(x->url, "/security-credentials/"))
		return fake_answer(x, 200, "r");
	if (strstr(x->url, "/security-credentials/r") != NULL) {
		assert_string_equal(json_text(c->step, "NamedSource"), "Ec2InstanceMetadata");
		c->step = c->step->next;
		c->key = "AKIDINSTANCE";
		return fake_answer(x, 200, "{\"Code\":\"Success\",\"AccessKeyId\":\"AKIDINSTANCE\","
					   "\"SecretAccessKey\":\"s\",\"Token\":\"t\","
					   "\"Expiration\":\"2010-01-01T00:00:00Z\"}");
	}
	if (strstr(x->url, "/federation/credentials") != NULL) {
		assert_non_null(json_get(c->step, "Sso"));
		c->step = c->step->next;
		return fake_answer(x, 200, "{\"roleCredentials\":{\"accessKeyId\":\"AKIDSSO\","
					   "\"secretAccessKey\":\"s\",\"sessionToken\":\"t\","
					   "\"expiration\":1262304000000}}");
	}
	bool web = strstr(x->body, "Action=AssumeRoleWithWebIdentity&") != NULL;
	if (base && json_get(c->step, "AccessKey") != NULL) {
		c->key = json_text(json_get(c->step, "AccessKey"), "access_key_id");
		c->step = c->step->next;
	}
	same_role(c, x, json_get(c->step, web ? "WebIdentityToken" : "AssumeRole"));
	const char *signature = fake_header(x, "authorization");
	if (web)
		assert_null(signature);
	else
		assert_non_null(strstr(signature, str_printf(x->arena, "Credential=%s/", c->key)));
	c->step = c->step->next;
	c->key = str_printf(c->fake.arena, "ASIAROLE%zu", ++c->made);
	const char *verb = web ? "AssumeRoleWithWebIdentity" : "AssumeRole";
	return fake_answer(x, 200, str_printf(x->arena,
		"<%sResponse><%sResult><Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>s"
		"</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2010-01-01T00:00:00Z"
		"</Expiration></Credentials></%sResult></%sResponse>", verb, verb, c->key, verb, verb));
}

static const char *sections(struct arena *a, const struct json *input)
{
	struct buf *b = buf_new(a, 1 << 20);
	static const char *const kinds[][2] = {{"profiles", "profile"},
					       {"sso_sessions", "sso-session"}};
	for (size_t i = 0; i < 2; i++) {
		const struct json *all = json_get(input, kinds[i][0]);
		for (const struct json *p = all != NULL ? all->first : NULL; p; p = p->next) {
			buf_printf(b, "[%s %s]\n", kinds[i][1], p->key);
			for (const struct json *k = p->first; k != NULL; k = k->next)
				buf_printf(b, "%s = %s\n", k->key, k->text);
		}
	}
	return b->data;
}

static void one_chain(const struct json *t)
{
	struct chain c = {.name = json_text(t, "docs")};
	struct fake *f = &c.fake;
	struct err e;
	fake_open(f, "", "");
	const struct json *output = json_get(t, "output");
	const struct json *steps = json_get(output, "ProfileChain");
	fake_file(f, "token.jwt", "web.identity.token\n");
	aws_env_file(f->config, replaced(f->arena, sections(f->arena, json_get(t, "input")),
					 "/var/token.jwt",
					 str_printf(f->arena, "%s/token.jwt", f->folder)));
	fake_file(f, str_printf(f->arena, ".aws/sso/cache/%s.json",
				sha1_hex(f->arena, "https://foo.bar", 15)),
		  "{\"accessToken\":\"t\",\"expiresAt\":\"2010-01-01T00:00:00UTC\"}");
	setenv("AWS_PROFILE", json_text(json_get(t, "input"), "selected_profile"), 1);
	setenv("AWS_REGION", "us-east-1", 1);
	if (steps == NULL || json_get(steps->first, "NamedSource") == NULL)
		setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	c.step = steps != NULL ? steps->first : NULL;
	f->setting.exchange = serve_chain;
	f->setting.self = &c;
	const struct credentials *k = credentials_get(credentials_open(f->arena, &f->setting), &e);
	/* A token alone is no credentials. */
	bool token = json_text(json_get(json_at(steps, 0), "Sso"), "sso_session") != NULL;
	if ((k != NULL) != (steps != NULL && !token))
		fail_msg("%s: %s", c.name, k != NULL ? "found some" : e.message);
	if (k != NULL && json_get(steps->first, "AccessKey") != NULL && steps->count == 1)
		assert_string_equal(k->access_key_id, json_text(json_get(steps->first, "AccessKey"),
								"access_key_id"));
	else if (k != NULL)
		assert_null(c.step);
	if (k == NULL)
		assert_null(strstr(e.message, "bug_if_returned"));
	fake_close(f);
}

static void test_role_chains(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	const struct json *v = load(a, ROOT "assume-role-tests.json");
	if (v == NULL) {
		printf("skipped: chains of roles: no shared data\n");
		arena_free(a);
		skip();
	}
	for (const struct json *t = v->first; t != NULL; t = t->next)
		one_chain(t);
	printf("%zu chains of roles\n", v->count);
	assert_int_equal(v->count, 28);
	arena_free(a);
}

/* --- URLs --- */

static void set_all(const struct json *env, bool on)
{
	for (const struct json *v = env->first; v != NULL; v = v->next)
		if (on)
			setenv(v->key, v->text, 1);
		else
			unsetenv(v->key);
}

static void test_container_urls(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	const struct json *v = load(a, ROOT "ecs-tests.json");
	if (v == NULL) {
		printf("skipped: container URLs: no shared data\n");
		arena_free(a);
		skip();
	}
	size_t count = 0;
	aws_env_clear();
	for (const struct json *t = json_get(v, "tests")->first; t != NULL; t = t->next, count++) {
		const char *url, *wanted = json_text(json_get(t, "result"), "Ok");
		struct err e;
		set_all(json_get(t, "env"), true);
		bool ok = container_url(a, &url, &e);
		set_all(json_get(t, "env"), false);
		if (wanted != NULL ? !ok || strcmp(url, wanted) != 0 : ok && url != NULL)
			fail_msg("%s: %s", json_text(t, "docs"), ok ? url : e.message);
	}
	assert_int_equal(count, 11);
	arena_free(a);
}

static void test_instance_urls(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	const struct json *v = load(a, ROOT "imds-config/imds-endpoint-tests.json");
	size_t in_code = 0, count = 0;
	if (v == NULL) {
		printf("skipped: instance URLs: no shared data\n");
		arena_free(a);
		skip();
	}
	aws_env_clear();
	for (const struct json *t = json_get(v, "tests")->first; t != NULL; t = t->next, count++) {
		struct profile_set set = {0};
		struct err e;
		const char *url, *text = json_text(json_get(t, "fs"), "config");
		const char *wanted = json_text(json_get(t, "result"), "Ok");
		if (json_get(t, "endpoint_override") != NULL || json_get(t, "mode_override") != NULL) {
			in_code++;
			continue;
		}
		if (text != NULL)
			assert_true(profile_add(a, &set, text, strlen(text), "config", false, &e));
		set_all(json_get(t, "env"), true);
		bool ok = instance_url(a, &set, &url, &e);
		set_all(json_get(t, "env"), false);
		if (ok != (wanted != NULL) ||
		    (ok && strcmp(str_printf(a, "%s/latest/api/token", url), wanted) != 0))
			fail_msg("%s: %s", json_text(t, "docs"), ok ? url : e.message);
	}
	printf("%zu instance URLs, left out %zu: settings in code, which there are not\n", count,
	       in_code);
	assert_int_equal(in_code, 3);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded_scenarios),
		cmocka_unit_test(test_role_chains),
		cmocka_unit_test(test_container_urls),
		cmocka_unit_test(test_instance_urls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
