/* credentials_ci: the identity that GitHub Actions and GitLab give a job, exchanged for a role's
 * credentials without an action or script in between. Only where AWS_ROLE_ARN says so.
 *
 *   GitHub  a job with `permissions: id-token: write`: ACTIONS_ID_TOKEN_REQUEST_URL, _TOKEN
 *   GitLab  a job with `id_tokens: GITLAB_OIDC_TOKEN: aud: …`: the token, or a file that holds it */
#include <string.h>

#include "credentials_private.h"
#include "pare/json.h"
#include "pare/str.h"

enum { TOKEN_MAX_BYTES = 20000 };

/* The variable belongs to whoever wrote the job: the token goes over TLS or stays here. */
static bool url_fits(const char *url)
{
	return str_starts(url, "https://") || str_starts(url, "http://127.0.0.1:");
}

static enum found github(struct search *s, const char *url, const char *bearer, const char **token)
{
	static const struct search_try tries = {3, 3, 1000};
	const char *audience = search_variable("PARE_OIDC_AUDIENCE");
	bool china = str_starts(search_variable("AWS_ROLE_ARN"), "arn:aws-cn:");
	if (audience == NULL)
		audience = china ? "sts.amazonaws.com.cn" : "sts.amazonaws.com";
	if (!url_fits(url))
		return search_broken(s, "ACTIONS_ID_TOKEN_REQUEST_URL: expected an https:// URL");
	struct http_header header[] = {
		{"accept", "application/json"},
		{"authorization", str_printf(s->arena, "bearer %s", bearer)}};
	struct http_exchange x = {
		.arena = s->arena,
		.method = "GET",
		.url = str_printf(s->arena, "%s%caudience=%s", url, strchr(url, '?') ? '&' : '?',
				  str_percent_encode(s->arena, audience, NULL)),
		.header = header,
		.header_count = 2,
	};
	struct err ignored;
	if (!search_send(s, &x, &tries)) {
		s->e->message[0] = '\0'; /* the URL is the job's own */
		return search_broken(s, "GitHub Actions: asking for the job's token: no answer");
	}
	if (x.status != 200)
		return search_broken(s, "GitHub Actions: asking for the job's token: %s",
				     search_refusal(s, &x));
	*token = json_text(json_parse(s->arena, x.response, x.response_len, "answer", &ignored),
			   "value");
	return *token != NULL ? FOUND
			      : search_broken(s, "GitHub Actions: the answer holds no token");
}

static enum found gitlab(struct search *s, const char *value, const char **token)
{
	size_t len;
	*token = value;
	if (value[0] != '/')
		return FOUND;
	if (!search_read(s, value, token, &len))
		return search_failed(s, "GITLAB_OIDC_TOKEN");
	*token = arena_copy(s->arena, *token, strcspn(*token, "\r\n"));
	return FOUND;
}

enum found from_ci(struct search *s, struct credentials *out)
{
	const char *url = search_variable("ACTIONS_ID_TOKEN_REQUEST_URL");
	const char *bearer = search_variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN");
	const char *value = search_variable("GITLAB_OIDC_TOKEN");
	struct role r = {
		.arn = search_variable("AWS_ROLE_ARN"),
		.session = search_variable("AWS_ROLE_SESSION_NAME"),
		.subject = url != NULL ? "GitHub Actions" : "GitLab",
	};
	if (url == NULL && value == NULL)
		return search_nothing(s, "neither ACTIONS_ID_TOKEN_REQUEST_URL nor GITLAB_OIDC_TOKEN is "
					 "set");
	if (r.arn == NULL)
		return search_nothing(s, "AWS_ROLE_ARN is not set");
	if (url != NULL && bearer == NULL)
		return search_broken(s, "ACTIONS_ID_TOKEN_REQUEST_URL is set and "
					"ACTIONS_ID_TOKEN_REQUEST_TOKEN is not");
	enum found f = url != NULL ? github(s, url, bearer, &r.token) : gitlab(s, value, &r.token);
	if (f != FOUND)
		return f;
	size_t len = strlen(r.token);
	if (len < 4 || len > TOKEN_MAX_BYTES || strpbrk(r.token, " \t\r\n") != NULL)
		return search_broken(s, "%s: what it gives for a token is none", r.subject);
	return role_assume(s, &r, NULL, out);
}
