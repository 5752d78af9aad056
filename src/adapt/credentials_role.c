/* credentials_role: STS's AssumeRole, and AssumeRoleWithWebIdentity, which no key signs. */
#include <string.h>

#include "credentials_private.h"
#include "pare/str.h"
#include "pare/when.h"
#include "pare/xml.h"

enum { FORM_MAX_BYTES = 128 * 1024, TOKEN_MAX_BYTES = 20000 };

static void pair(struct search *s, struct buf *b, const char *key, const char *value)
{
	if (value != NULL)
		buf_printf(b, "&%s=%s", key, str_percent_encode(s->arena, value, NULL));
}

static const char *region_of(struct search *s)
{
	const char *region = search_variable("AWS_REGION");
	if (region == NULL)
		region = search_variable("AWS_DEFAULT_REGION");
	if (region == NULL)
		region = search_key(s, s->profile, "region");
	return region != NULL ? region : s->setting->region;
}

/* A role of another partition would be looked for where it cannot be. */
static enum found check_arn(struct search *s, const struct role *r, const char *region)
{
	const char *partition = str_part(s->arena, r->arn, ':', 1, false);
	if (!str_starts(r->arn, "arn:") || str_part(s->arena, r->arn, ':', 5, true) == NULL)
		return search_broken(s,
				     "%s: role_arn '%s': expected a role's ARN such as "
				     "arn:aws:iam::111122223333:role/Name",
				     r->subject, r->arn);
	if (!str_equal(partition, region_partition(region)))
		return search_broken(s,
				     "%s: role '%s' is in partition '%s' and region '%s' in '%s'; set "
				     "AWS_REGION to a region of the role's partition",
				     r->subject, r->arn, partition, region, region_partition(region));
	return FOUND;
}

static enum found read_answer(struct search *s, const struct role *r, const struct http_exchange *x,
			      struct credentials *out)
{
	const char *name = r->token != NULL ? "AssumeRoleWithWebIdentityResult" : "AssumeRoleResult";
	const struct xml *root = xml_parse(s->arena, x->response, x->response_len, s->e);
	if (root == NULL)
		return search_failed(s, "%s: assuming role '%s'", r->subject, r->arn);
	const struct xml *result = xml_child(root, name);
	const struct xml *c = xml_child(result, "Credentials");
	const char *arn = xml_text(xml_child(result, "AssumedRoleUser"), "Arn");
	const char *expires = xml_text(c, "Expiration");
	struct credentials keys = {
		.access_key_id = xml_text(c, "AccessKeyId"),
		.secret_access_key = arena_strdup(s->arena, xml_text(c, "SecretAccessKey")),
		.session_token = arena_strdup(s->arena, xml_text(c, "SessionToken")),
		.source = str_printf(s->arena, "%s, role '%s'", r->subject, r->arn),
		.account = str_part(s->arena, arn != NULL ? arn : r->arn, ':', 4, false),
	};
	if (str_empty(keys.access_key_id) || str_empty(keys.secret_access_key) ||
	    str_empty(keys.session_token) || expires == NULL ||
	    !when_parse(expires, &keys.expires_ms))
		return search_broken(
			s, "%s: assuming role '%s': STS's answer lacks a key, a token or their end",
			r->subject, r->arn);
	/* Whoever reads the trail relies on it. */
	if (r->source_identity != NULL &&
	    !str_equal(xml_text(result, "SourceIdentity"), r->source_identity))
		return search_broken(s,
				     "%s: assuming role '%s': the session has not the source identity '%s' that "
				     "was asked for",
				     r->subject, r->arn, r->source_identity);
	return search_found(s, &keys, out);
}

/* AWS says AssumeRole or SetSourceIdentity, whichever is not allowed; where it says neither, both may
 * be meant. */
static const char *identity_advice(struct search *s, const struct role *r, const char *refusal)
{
	bool denied = strstr(refusal, "AccessDenied") != NULL;
	bool named = strstr(refusal, "sts:SetSourceIdentity") != NULL;
	if (r->source_identity == NULL || !(denied || named) ||
	    (!named && strstr(refusal, "sts:AssumeRole") != NULL))
		return "";
	return str_printf(s->arena,
			  "; the source identity '%s' needs sts:SetSourceIdentity in the role's trust policy, beside "
			  "sts:AssumeRole, and in the caller's own policies, and cannot replace another one that the "
			  "caller's session has: allow it, or take source_identity out of 'accounts' in pare.lua",
			  r->source_identity);
}

static void form(struct search *s, const struct role *r, struct buf *b)
{
	buf_printf(b, "Action=%s&Version=2011-06-15",
		   r->token != NULL ? "AssumeRoleWithWebIdentity" : "AssumeRole");
	pair(s, b, "RoleArn", r->arn);
	/* The same in every run: whoever reads the trail looks for one name. */
	pair(s, b, "RoleSessionName", r->session != NULL ? r->session : "pare");
	pair(s, b, "DurationSeconds", r->duration);
	pair(s, b, "ExternalId", r->external_id);
	pair(s, b, "SourceIdentity", r->source_identity);
	pair(s, b, "WebIdentityToken", r->token);
}

enum found role_assume(struct search *s, const struct role *r, const struct credentials *base,
		       struct credentials *out)
{
	static const struct search_try tries = {3, 3, 1000};
	struct buf *b = buf_new(s->arena, FORM_MAX_BYTES);
	struct aws_endpoint sts;
	struct http_exchange x;
	const char *region = region_of(s);
	if (region == NULL)
		return search_broken(
			s, "%s: no region to ask STS in: set AWS_REGION, or 'region' in the profile",
			r->subject);
	enum found f = check_arn(s, r, region);
	if (f != FOUND)
		return f;
	if (!endpoint_of(s->arena, "sts", region, s->set, &sts, s->e))
		return search_failed(s, "%s", r->subject);
	form(s, r, b);
	struct aws_message m = {
		.endpoint = &sts,
		.method = "POST",
		.path = "/",
		.content_type = "application/x-www-form-urlencoded; charset=utf-8",
		.body = b->data,
		.body_len = b->len,
	};
	if (!buf_ok(b))
		return search_broken(s, "%s: its settings are too long", r->subject);
	aws_sign(s->arena, &m, r->token != NULL ? NULL : base, search_now(s), &x);
	if (!search_send(s, &x, &tries))
		return search_failed(s, "%s: assuming role '%s'", r->subject, r->arn);
	if (x.status != 200) {
		const char *refusal = search_refusal(s, &x);
		return search_broken(s, "%s: assuming role '%s': %s%s", r->subject, r->arn, refusal,
				     identity_advice(s, r, refusal));
	}
	return read_answer(s, r, &x, out);
}

/* --- web identity: the environment's variables before the profile's keys, one by one --- */

static const char *either(const struct search *s, bool environment, const char *variable,
			  const char *profile, const char *key)
{
	const char *value = environment ? search_variable(variable) : NULL;
	return value != NULL ? value : search_key(s, profile, key);
}

enum found from_web_identity(struct search *s, const char *profile, bool environment,
			     struct credentials *out)
{
	const char *path = either(s, environment, "AWS_WEB_IDENTITY_TOKEN_FILE", profile,
				  "web_identity_token_file");
	bool by_variable = environment && search_variable("AWS_WEB_IDENTITY_TOKEN_FILE") != NULL;
	struct role r = {
		.arn = either(s, environment, "AWS_ROLE_ARN", profile, "role_arn"),
		.session = either(s, environment, "AWS_ROLE_SESSION_NAME", profile,
				  "role_session_name"),
		.subject = by_variable ? "AWS_WEB_IDENTITY_TOKEN_FILE"
				       : str_printf(s->arena, "profile '%s', web identity", profile),
	};
	size_t len;
	if (path == NULL)
		return search_nothing(s, "AWS_WEB_IDENTITY_TOKEN_FILE is not set, and profile '%s' has "
					 "no web_identity_token_file", profile);
	if (r.arn == NULL)
		return search_broken(s, "%s is set and %s is not", by_variable
				     ? "AWS_WEB_IDENTITY_TOKEN_FILE"
				     : str_printf(s->arena, "profile '%s': web_identity_token_file",
						  profile),
				     environment ? "AWS_ROLE_ARN (or role_arn)" : "role_arn");
	if (!search_read(s, path, &r.token, &len))
		return search_failed(s, "%s", r.subject);
	while (len > 0 && strchr(" \t\r\n", r.token[len - 1]) != NULL)
		len--;
	r.token = arena_copy(s->arena, r.token, len);
	if (len < 4 || len > TOKEN_MAX_BYTES || strlen(r.token) != len)
		return search_broken(s, "%s: '%s': expected a token of 4 to %d bytes", r.subject, path,
				     TOKEN_MAX_BYTES);
	return role_assume(s, &r, NULL, out);
}
