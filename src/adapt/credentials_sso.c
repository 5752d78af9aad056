/* credentials_sso: IAM Identity Center: the AWS CLI's cached token, exchanged for a role's
 * credentials. The token is refreshed and written back where the cache allows; a person logs in. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "credentials_private.h"
#include "pare/digest.h"
#include "pare/json.h"
#include "pare/str.h"
#include "pare/when.h"

enum { AHEAD_MS = 15 * 60 * 1000 };

struct sso {
	const char *profile, *session; /* session: NULL for the older form */
	const char *start_url, *region, *account, *role;
	const char *path; /* of the cached token */
};

static const struct search_try tries = {3, 3, 1000};

/* --- the profile --- */

/* The session's value, which the profile's must not contradict. */
static enum found value(struct search *s, const struct sso *x, const char *key, const char **out)
{
	const char *own = search_key(s, x->profile, key);
	const char *shared = x->session != NULL
				     ? profile_get(s->set, "sso-session", x->session, key)
				     : NULL;
	*out = str_empty(shared) ? own : shared;
	if (own != NULL && !str_empty(shared) && strcmp(own, shared) != 0)
		return search_broken(s,
				     "profile '%s': its %s is not that of sso-session '%s'; leave it out",
				     x->profile, key, x->session);
	if (*out == NULL)
		return search_broken(s, "profile '%s': it is set up for SSO and has no %s", x->profile,
				     key);
	return FOUND;
}

static bool session_exists(const struct search *s, const char *name)
{
	for (size_t i = 0; i < s->set->count; i++)
		if (strcmp(s->set->section[i].kind, "sso-session") == 0 &&
		    strcmp(s->set->section[i].name, name) == 0)
			return true;
	return false;
}

static enum found configured(struct search *s, struct sso *x)
{
	const char *session = search_key(s, x->profile, "sso_session");
	bool wanted = search_key(s, x->profile, "sso_account_id") != NULL ||
		      search_key(s, x->profile, "sso_role_name") != NULL;
	x->session = session;
	if (!wanted && session == NULL && search_key(s, x->profile, "sso_start_url") == NULL)
		return search_nothing(s, "profile '%s' has no sso_session and no sso_start_url",
				      x->profile);
	if (!wanted && (has_keys(s, x->profile) ||
			search_key(s, x->profile, "credential_process") != NULL))
		return search_nothing(s, "profile '%s' names no sso_account_id and sso_role_name",
				      x->profile);
	if (session != NULL && !session_exists(s, session))
		return search_broken(s, "profile '%s': there is no [sso-session %s]", x->profile,
				     session);
	if (!wanted)
		return search_broken(s,
				     "profile '%s': without sso_account_id and sso_role_name SSO gives a "
				     "token and no credentials",
				     x->profile);
	enum found f = value(s, x, "sso_account_id", &x->account);
	if (f == FOUND)
		f = value(s, x, "sso_role_name", &x->role);
	if (f == FOUND)
		f = value(s, x, "sso_start_url", &x->start_url);
	return f == FOUND ? value(s, x, "sso_region", &x->region) : f;
}

/* --- the cached token --- */

/* Older versions of the CLI wrote "…UTC" for the zone. */
static bool time_parse(struct arena *a, const char *text, int64_t *ms)
{
	if (text == NULL)
		return false;
	size_t len = strlen(text);
	if (str_ends(text, "UTC"))
		text = str_printf(a, "%.*sZ", (int)(len - 3), text);
	return when_parse(text, ms);
}

static bool header_text(const char *text)
{
	for (; text != NULL && *text != '\0'; text++)
		if ((unsigned char)*text <= 0x20 || (unsigned char)*text >= 0x7f)
			return false;
	return true;
}

bool sso_token_parse(struct arena *a, const char *text, size_t len, struct sso_token *out,
		     struct err *e)
{
	struct err ignored;
	const struct json *v = json_parse(a, text, len, "token", &ignored);
	*out = (struct sso_token){
		.access = json_text(v, "accessToken"),
		.refresh = json_text(v, "refreshToken"),
		.client_id = json_text(v, "clientId"),
		.client_secret = json_text(v, "clientSecret"),
	};
	if (str_empty(out->access) || !header_text(out->access) ||
	    !time_parse(a, json_text(v, "expiresAt"), &out->expires_ms))
		return err_set(e, ERR_AUTH, "it is not a token that the AWS CLI wrote");
	if (!time_parse(a, json_text(v, "registrationExpiresAt"), &out->registration_ms))
		out->registration_ms = 0;
	return true;
}

static enum found log_in(struct search *s, const struct sso *x, const char *why)
{
	return search_broken(s, "profile '%s': %s: run 'aws sso login --profile %s'", x->profile, why,
			     x->profile);
}

static bool write_file(const char *path, const struct buf *b)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return false;
	size_t done = 0;
	while (done < b->len) {
		ssize_t put = write(fd, b->data + done, b->len - done);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			break;
		done += (size_t)put;
	}
	bool ok = done == b->len && fsync(fd) == 0;
	return close(fd) == 0 && ok;
}

/* The members that the CLI knows; others of the old file stay. */
static void write_back(struct search *s, const struct sso *x, const struct json *old,
		       const struct sso_token *t)
{
	char end[WHEN_TEXT];
	struct buf *b = buf_new(s->arena, 4 * CREDENTIALS_MAX_BYTES);
	struct json_writer w;
	when_iso(t->expires_ms, end);
	json_start(&w, b, false);
	json_open(&w, '{');
	for (const struct json *v = old->first; v != NULL; v = v->next) {
		if (strcmp(v->key, "accessToken") == 0 || strcmp(v->key, "expiresAt") == 0 ||
		    strcmp(v->key, "refreshToken") == 0)
			continue;
		json_key(&w, v->key);
		json_put_value(&w, v);
	}
	json_member_text(&w, "accessToken", t->access);
	json_member_text(&w, "expiresAt", end);
	if (t->refresh != NULL)
		json_member_text(&w, "refreshToken", t->refresh);
	json_close(&w, '}');
	const char *new = str_printf(s->arena, "%s.%ld.new", x->path, (long)getpid());
	if (buf_ok(b) && write_file(new, b) && rename(new, x->path) == 0)
		return;
	unlink(new);
	search_note(s, str_printf(s->arena, "warning: the refreshed SSO token could not be written to "
					    "'%s': %s", x->path, strerror(errno)));
}

/* true: *t is a new token. A refusal is no error: the old one may still be good. */
static bool refresh(struct search *s, const struct sso *x, const struct json *old,
		    struct sso_token *t)
{
	struct aws_endpoint place;
	struct http_exchange http;
	struct json_writer w;
	struct err ignored;
	int64_t seconds;
	struct buf *b = buf_new(s->arena, 4 * CREDENTIALS_MAX_BYTES);
	if (!endpoint_of(s->arena, "sso_oidc", x->region, s->set, &place, &ignored))
		return false;
	json_start(&w, b, true);
	json_open(&w, '{');
	json_member_text(&w, "clientId", t->client_id);
	json_member_text(&w, "clientSecret", t->client_secret);
	json_member_text(&w, "grantType", "refresh_token");
	json_member_text(&w, "refreshToken", t->refresh);
	json_close(&w, '}');
	struct aws_message m = {.endpoint = &place, .method = "POST", .path = "/token",
				.content_type = "application/json", .body = b->data,
				.body_len = b->len};
	aws_sign(s->arena, &m, NULL, search_now(s), &http);
	http.once = true; /* the server may take a refresh token once only */
	static const struct search_try once = {1, 1, 0};
	if (!search_send(s, &http, &once) || http.status != 200)
		return false;
	const struct json *v = json_parse(s->arena, http.response, http.response_len, "answer",
					  &ignored);
	const char *access = json_text(v, "accessToken");
	if (str_empty(access) || !header_text(access) ||
	    !json_integer(json_get(v, "expiresIn"), &seconds) || seconds < 1 ||
	    seconds > INT32_MAX)
		return false;
	t->access = access;
	t->expires_ms = search_now(s) + seconds * 1000;
	if (json_text(v, "refreshToken") != NULL)
		t->refresh = json_text(v, "refreshToken");
	write_back(s, x, old, t);
	return true;
}

static enum found cached_token(struct search *s, struct sso *x, struct sso_token *t)
{
	const char *home = getenv("HOME"), *text;
	const char *key = x->session != NULL ? x->session : x->start_url;
	struct err ignored;
	size_t len;
	x->path = str_printf(s->arena, "%s/.aws/sso/cache/%s.json", str_empty(home) ? "" : home,
			     sha1_hex(s->arena, key, strlen(key)));
	if (!search_read(s, x->path, &text, &len))
		return search_failed(s, "profile '%s': no SSO token: run 'aws sso login --profile %s'",
				     x->profile, x->profile);
	if (!sso_token_parse(s->arena, text, len, t, s->e))
		return search_failed(s, "profile '%s': SSO token '%s'", x->profile, x->path);
	int64_t now_ms = search_now(s);
	bool can = x->session != NULL && t->refresh != NULL && t->client_id != NULL &&
		   t->client_secret != NULL && t->registration_ms > now_ms;
	if (can && t->expires_ms - now_ms < AHEAD_MS)
		refresh(s, x, json_parse(s->arena, text, len, "token", &ignored), t);
	if (t->expires_ms <= now_ms)
		return log_in(s, x, "the SSO session is over");
	return FOUND;
}

/* --- the credentials --- */

enum found from_sso(struct search *s, const char *profile, struct credentials *out)
{
	static const struct search_names names = {"accessKeyId", "secretAccessKey", "sessionToken",
						  "expiration", NULL, false};
	struct sso x = {.profile = profile};
	struct sso_token t;
	struct aws_endpoint place;
	struct http_exchange http;
	struct err ignored;
	enum found f = configured(s, &x);
	if (f == FOUND)
		f = cached_token(s, &x, &t);
	if (f != FOUND)
		return f;
	if (!endpoint_of(s->arena, "sso", x.region, s->set, &place, s->e))
		return search_failed(s, "profile '%s'", profile);
	struct http_header header = {"x-amz-sso_bearer_token", t.access};
	struct aws_message m = {
		.endpoint = &place,
		.method = "GET",
		.path = "/federation/credentials",
		.query = str_printf(s->arena, "role_name=%s&account_id=%s",
				    str_percent_encode(s->arena, x.role, NULL),
				    str_percent_encode(s->arena, x.account, NULL)),
		.header = &header,
		.header_count = 1,
	};
	aws_sign(s->arena, &m, NULL, search_now(s), &http);
	if (!search_send(s, &http, &tries))
		return search_failed(s, "profile '%s': asking SSO for role '%s'", profile, x.role);
	if (http.status == 401)
		return log_in(s, &x, "SSO refuses the token");
	if (http.status != 200)
		return search_broken(s, "profile '%s': asking SSO for role '%s' of account %s: %s",
				     profile, x.role, x.account, search_refusal(s, &http));
	const struct json *v = json_parse(s->arena, http.response, http.response_len, "answer",
					  &ignored);
	f = search_json(s, json_get(v, "roleCredentials"), &names,
			str_printf(s->arena, "profile '%s', SSO role '%s'", profile, x.role), out);
	if (f == FOUND)
		out->account = x.account;
	return f;
}
