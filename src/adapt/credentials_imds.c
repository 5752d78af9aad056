/* credentials_imds: EC2's instance metadata, version 2 only: a request that any redirected browser
 * or careless proxy can make (version 1) is not made. */
#include <stdlib.h>
#include <string.h>

#include "credentials_private.h"
#include "pare/json.h"
#include "pare/str.h"

#define ROLE_PATH "/latest/meta-data/iam/security-credentials/"

struct imds {
	const char *url, *token;
	struct search_try tries;
	long limit_ms;
};

bool instance_url(struct arena *a, const struct profile_set *set, const char **url, struct err *e)
{
	const char *own = profile_setting(set, "AWS_EC2_METADATA_SERVICE_ENDPOINT",
					  "ec2_metadata_service_endpoint");
	const char *mode = profile_setting(set, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
					   "ec2_metadata_service_endpoint_mode");
	bool six = mode != NULL && str_equal_nocase(mode, "IPv6");
	if (mode != NULL && !six && !str_equal_nocase(mode, "IPv4"))
		return err_set(e, ERR_USAGE,
			       "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE '%s': expected IPv4 or IPv6",
			       mode);
	*url = six ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
	if (own == NULL)
		return true;
	size_t len = strlen(own);
	if ((!str_starts(own, "http://") && !str_starts(own, "https://")) ||
	    strpbrk(own, " \t\r\n@?#\\") != NULL || strspn(strstr(own, "://") + 3, "/:") > 0 ||
	    strstr(own, "://")[3] == '\0')
		return err_set(e, ERR_USAGE,
			       "AWS_EC2_METADATA_SERVICE_ENDPOINT '%s': expected http:// or https:// "
			       "and a host",
			       own);
	while (own[len - 1] == '/')
		len--;
	*url = arena_copy(a, own, len);
	return true;
}

static bool number(struct search *s, const char *variable, const char *key, long most, long *out)
{
	const char *text = profile_setting(s->set, variable, key);
	if (text == NULL)
		return true;
	long n = strspn(text, "0123456789") == strlen(text) && strlen(text) <= 5 ? atol(text) : 0;
	if (n < 1 || n > most)
		return err_set(s->e, ERR_USAGE, "%s '%s': expected a number from 1 to %ld", variable,
			       text, most);
	*out = n;
	return true;
}

static bool ask(struct search *s, const struct imds *m, const char *method, const char *path,
		struct http_exchange *x)
{
	struct http_header *header = arena_array(s->arena, 1, sizeof *header);
	*header = m->token != NULL
			  ? (struct http_header){"x-aws-ec2-metadata-token", m->token}
			  : (struct http_header){"x-aws-ec2-metadata-token-ttl-seconds", "21600"};
	*x = (struct http_exchange){
		.arena = s->arena,
		.method = method,
		.url = str_printf(s->arena, "%s%s", m->url, path),
		.header = header,
		.header_count = 1,
		.timeout_ms = m->limit_ms,
		.direct = true,
	};
	return search_send(s, x, &m->tries);
}

/* Nobody configures metadata: where nothing answers there is none. */
static enum found get_token(struct search *s, struct imds *m)
{
	struct http_exchange x;
	m->token = NULL;
	if (!ask(s, m, "PUT", "/latest/api/token", &x))
		return s->e->kind == ERR_INTERRUPTED
			       ? BROKEN
			       : search_nothing(s, "%s", s->e->message);
	if (x.status != 200)
		return search_nothing(
			s, "it gives no token (status %ld)%s", x.status,
			x.status == 403 ? ": instance metadata is switched off here"
			: x.status == 404 || x.status == 405 ? ": version 1, which is not used" : "");
	const char *token = arena_strdup(s->arena, x.response);
	if (*token == '\0' || strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					    "0123456789+/=_-.") != strlen(token))
		return search_nothing(s, "what it gives for a token is none");
	m->token = token;
	return FOUND;
}

/* A token that is refused is fetched anew once. */
static enum found get(struct search *s, struct imds *m, const char *path, struct http_exchange *x)
{
	for (int i = 0; i < 2; i++) {
		if (!ask(s, m, "GET", path, x))
			return search_failed(s, "instance metadata");
		if (x->status != 401)
			break;
		enum found f = i == 0 ? get_token(s, m) : FOUND;
		if (f != FOUND)
			return f;
	}
	return FOUND;
}

static enum found read_keys(struct search *s, const struct http_exchange *x, struct credentials *out)
{
	static const struct search_names names = {"AccessKeyId", "SecretAccessKey", "Token",
						  "Expiration", "AccountId", true};
	struct err ignored;
	const struct json *v = json_parse(s->arena, x->response, x->response_len, "answer", &ignored);
	const char *code = json_text(v, "Code");
	if (v == NULL)
		return search_broken(s, "instance metadata: the answer is not JSON");
	if (code != NULL && strcmp(code, "Success") != 0)
		return search_broken(s, "instance metadata: %s", search_refusal(s, x));
	struct credentials found = {0};
	enum found f = search_json(s, v, &names, "instance metadata", &found);
	*out = found;
	return f;
}

enum found from_instance(struct search *s, struct credentials *out)
{
	struct imds m = {.tries = {3, 1, 100}};
	struct http_exchange x;
	long seconds = 1, attempts = 1;
	const char *off = search_variable("AWS_EC2_METADATA_DISABLED");
	if (off != NULL && str_equal_nocase(off, "true"))
		return search_nothing(s, "AWS_EC2_METADATA_DISABLED is set");
	if (!instance_url(s->arena, s->set, &m.url, s->e) ||
	    !number(s, "AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout", 60, &seconds) ||
	    !number(s, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts", 10,
		    &attempts))
		return BROKEN;
	m.limit_ms = seconds * 1000;
	m.tries.unreachable = (unsigned)attempts;
	if (attempts > 1)
		m.tries.attempts = (unsigned)attempts;
	enum found f = get_token(s, &m);
	if (f == FOUND)
		f = get(s, &m, ROLE_PATH, &x);
	if (f != FOUND)
		return f;
	if (x.status == 404)
		return search_nothing(s, "the instance has no role");
	if (x.status != 200)
		return search_broken(s, "instance metadata: asking for the role: %s",
				     search_refusal(s, &x));
	const char *role = arena_copy(s->arena, x.response, strcspn(x.response, "\r\n"));
	if (*role == '\0')
		return search_nothing(s, "the instance has no role");
	f = get(s, &m, str_printf(s->arena, ROLE_PATH "%s",
				  str_percent_encode(s->arena, role, "+=,.@_-")), &x);
	if (f != FOUND)
		return f;
	if (x.status != 200)
		return search_broken(s, "instance metadata: asking for role '%s': %s", role,
				     search_refusal(s, &x));
	f = read_keys(s, &x, out);
	if (f == FOUND)
		out->source = str_printf(s->arena, "instance metadata, role '%s'", role);
	return f;
}
