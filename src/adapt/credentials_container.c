/* credentials_container: what ECS, EKS Pod Identity and their like serve on the machine itself. */
#include <string.h>
#include <strings.h>

#include "credentials_private.h"
#include "pare/json.h"
#include "pare/str.h"

enum { LIMIT_MS = 2000 };

/* Plain HTTP carries keys only within this machine: loopback, and the addresses of the agents. */
static bool host_allowed(const char *host, size_t len)
{
	static const char *const own[] = {"169.254.170.2", "169.254.170.23", "localhost", "[::1]",
					  "[fd00:ec2::23]"};
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		if (len == strlen(own[i]) && strncasecmp(host, own[i], len) == 0)
			return true;
	/* 127.0.0.0/8: four numbers, and not a name that starts like one. */
	size_t dots = 0, digits = 0;
	for (size_t i = 0; i < len; i++) {
		if (host[i] >= '0' && host[i] <= '9') {
			if (++digits > 3)
				return false;
		} else if (host[i] == '.' && digits > 0) {
			dots++;
			digits = 0;
		} else {
			return false;
		}
	}
	return dots == 3 && digits > 0 && strncmp(host, "127.", 4) == 0;
}

static bool check_url(const char *url, struct err *e)
{
	bool plain = str_starts(url, "http://");
	if (!plain && !str_starts(url, "https://"))
		return err_set(e, ERR_AUTH,
			       "AWS_CONTAINER_CREDENTIALS_FULL_URI: expected http:// or https:// and a "
			       "host");
	const char *host = strstr(url, "://") + 3;
	size_t len = *host == '[' ? strcspn(host, "]/") + 1 : strcspn(host, ":/?#");
	if (len == 0 || memchr(host, '@', strcspn(host, "/?#")) != NULL ||
	    strpbrk(url, " \t\r\n\\") != NULL)
		return err_set(e, ERR_AUTH,
			       "AWS_CONTAINER_CREDENTIALS_FULL_URI: expected a URL with a host and "
			       "without a user, spaces or backslashes");
	if (plain && !host_allowed(host, len))
		return err_set(e, ERR_AUTH,
			       "AWS_CONTAINER_CREDENTIALS_FULL_URI: '%.*s' is not this machine or its "
			       "container agent (loopback, 169.254.170.2, 169.254.170.23, "
			       "[fd00:ec2::23]): keys are asked for elsewhere over https:// only",
			       (int)(len > 64 ? 64 : len), host);
	return true;
}

bool container_url(struct arena *a, const char **url, struct err *e)
{
	const char *relative = search_variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = search_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	*url = NULL;
	if (relative != NULL && (relative[0] != '/' || strpbrk(relative, " \t\r\n") != NULL))
		return err_set(e, ERR_AUTH,
			       "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI '%s': expected a path that "
			       "starts with '/'",
			       relative);
	if (relative != NULL) {
		*url = str_printf(a, "http://169.254.170.2%s", relative);
		return true;
	}
	if (full != NULL && !check_url(full, e))
		return false;
	*url = full;
	return true;
}

/* The file is read anew each time: the agent replaces it. */
static enum found authorization(struct search *s, const char **value)
{
	const char *path = search_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	size_t len;
	*value = search_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	if (path != NULL && !search_read(s, path, value, &len))
		return search_failed(s, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	if (*value != NULL && strpbrk(*value, "\r\n") != NULL)
		return search_broken(s, "AWS_CONTAINER_AUTHORIZATION_TOKEN%s: a token does not hold a "
					"line end", path != NULL ? "_FILE" : "");
	return FOUND;
}

enum found container_answer(struct search *s, const char *text, size_t len, struct credentials *out)
{
	static const struct search_names names = {"AccessKeyId", "SecretAccessKey", "Token",
						  "Expiration", "AccountId", false};
	const struct json *v = json_parse(s->arena, text, len, "the container's answer", s->e);
	if (v == NULL) {
		/* Not json's own words: they may quote what was read. */
		return search_broken(s, "container: the answer is not JSON");
	}
	return search_json(s, v, &names, "container", out);
}

enum found from_container(struct search *s, struct credentials *out)
{
	static const struct search_try tries = {3, 3, 1000};
	const char *url, *token;
	if (!container_url(s->arena, &url, s->e))
		return BROKEN;
	if (url == NULL)
		return search_nothing(s, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not "
					 "set");
	enum found f = authorization(s, &token);
	if (f != FOUND)
		return f;
	struct http_header header[] = {{"accept", "application/json"}, {"authorization", token}};
	struct http_exchange x = {
		.arena = s->arena,
		.method = "GET",
		.url = url,
		.header = header,
		.header_count = token != NULL ? 2 : 1,
		.timeout_ms = LIMIT_MS,
		.direct = true,
	};
	if (!search_send(s, &x, &tries))
		return search_failed(s, "container");
	if (x.status != 200)
		return search_broken(s, "container: %s%s", search_refusal(s, &x),
				     x.status / 100 == 3 ? " (a redirect is not followed)" : "");
	return container_answer(s, x.response, x.response_len, out);
}
