/* credentials: where they come from, in the SDKs' order: the environment, what the profile says
 * (role, SSO, web identity, a process, static keys), then web identity, containers and instance
 * metadata of the environment. A further source is a further row of the table. A source that is
 * configured and not supported ends the search: going on would sign with somebody else's keys. */
#include <stdlib.h>
#include <string.h>

#include "aws_private.h"
#include "pare/digest.h"
#include "pare/str.h"

enum found { FOUND, NOT_HERE, BROKEN };

struct search {
	struct arena *arena;
	const struct profile_set *set;
	const char *profile;
	struct credentials *out;
	struct buf *tried; /* why each source did not serve */
	struct err *e;
};

static void wipe_secret(void *handle)
{
	wipe(handle, strlen(handle));
}

/* A copy that is overwritten when its arena goes. */
static char *secret(struct arena *a, const char *text)
{
	char *copy = arena_strdup(a, text);
	if (copy != NULL && *copy != '\0')
		arena_defer(a, wipe_secret, copy);
	return copy;
}

/* Set to nothing, or to nothing but spaces, is not set. */
static const char *value_of(const char *text)
{
	return text == NULL || text[strspn(text, " \t\r\n")] == '\0' ? NULL : text;
}

static const char *variable(const char *name)
{
	return value_of(getenv(name));
}

/* What a header can carry and a signature can be made with. The value itself is never in a
 * message. */
static bool printable(const char *text)
{
	for (; text != NULL && *text != '\0'; text++)
		if ((unsigned char)*text <= 0x20 || (unsigned char)*text >= 0x7f)
			return false;
	return true;
}

static enum found broken(struct search *s, const char *words)
{
	err_set(s->e, ERR_AUTH, "%s", words);
	return BROKEN;
}

static enum found take(struct search *s, const char *id, const char *key, const char *token,
		       const char *source)
{
	if (!printable(id) || !printable(key) || !printable(token))
		return broken(s,
			      str_printf(s->arena,
					 "%s: a key or token holds a space, a line end or another "
					 "character that none has; copy it again",
					 source));
	*s->out = (struct credentials){arena_strdup(s->arena, id), secret(s->arena, key),
				       token != NULL ? secret(s->arena, token) : NULL, source};
	return FOUND;
}

static enum found from_environment(struct search *s)
{
	const char *id = variable("AWS_ACCESS_KEY_ID"), *key = variable("AWS_SECRET_ACCESS_KEY");
	const char *token = variable("AWS_SESSION_TOKEN");
	if (token == NULL)
		token = variable("AWS_SECURITY_TOKEN");
	if (id == NULL && key == NULL) {
		buf_puts(s->tried, "environment: AWS_ACCESS_KEY_ID is not set");
		return NOT_HERE;
	}
	if (id == NULL || key == NULL)
		return broken(
			s, str_printf(s->arena,
				      "environment: %s is set and %s is not: set both or neither",
				      id == NULL ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID",
				      id == NULL ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY"));
	return take(s, id, key, token, "environment");
}

/* Sources of a profile that come before its static keys, in the SDKs' order. */
static const struct {
	const char *key, *what;
} unsupported[] = {
	{"role_arn", "a role to assume"},	  {"sso_session", "IAM Identity Center"},
	{"sso_start_url", "IAM Identity Center"}, {"sso_account_id", "IAM Identity Center"},
	{"sso_role_name", "IAM Identity Center"}, {"web_identity_token_file", "a web identity"},
	{"login_session", "a login session"},	  {"credential_process", "a credential process"},
};

static enum found from_profile(struct search *s)
{
	const char *name = s->profile;
	const char *id = value_of(profile_get(s->set, "profile", name, "aws_access_key_id"));
	const char *key = value_of(profile_get(s->set, "profile", name, "aws_secret_access_key"));
	const char *token = value_of(profile_get(s->set, "profile", name, "aws_session_token"));
	if (!profile_exists(s->set, name)) {
		if (variable("AWS_PROFILE") != NULL || variable("AWS_DEFAULT_PROFILE") != NULL)
			return broken(s, str_printf(s->arena,
						    "profile '%s': it is in neither the config nor "
						    "the credentials file",
						    name));
		buf_printf(s->tried, "; profile '%s': there is none", name);
		return NOT_HERE;
	}
	for (size_t i = 0; i < sizeof unsupported / sizeof unsupported[0]; i++)
		if (profile_has(s->set, name, unsupported[i].key))
			return broken(s, str_printf(s->arena,
						    "profile '%s': its credentials come from %s "
						    "('%s'), which is not "
						    "supported; run 'aws configure "
						    "export-credentials --profile %s "
						    "--format env' and set what it prints",
						    name, unsupported[i].what, unsupported[i].key,
						    name));
	if (token == NULL)
		token = value_of(profile_get(s->set, "profile", name, "aws_security_token"));
	if (id == NULL && key == NULL) {
		buf_printf(s->tried, "; profile '%s': it holds no aws_access_key_id", name);
		return NOT_HERE;
	}
	if (id == NULL || key == NULL)
		return broken(s, str_printf(s->arena,
					    "profile '%s': it has one of aws_access_key_id and "
					    "aws_secret_access_key, "
					    "not both",
					    name));
	return take(s, id, key, token, str_printf(s->arena, "profile '%s'", name));
}

static enum found from_web_identity(struct search *s)
{
	if (variable("AWS_WEB_IDENTITY_TOKEN_FILE") == NULL)
		return NOT_HERE;
	return broken(s, "AWS_WEB_IDENTITY_TOKEN_FILE is set: credentials of a web identity are "
			 "not supported");
}

static enum found from_container(struct search *s)
{
	static const char *const names[] = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
					    "AWS_CONTAINER_CREDENTIALS_FULL_URI"};
	for (size_t i = 0; i < 2; i++)
		if (variable(names[i]) != NULL)
			return broken(
				s,
				str_printf(
					s->arena,
					"%s is set: credentials of a container are not supported",
					names[i]));
	return NOT_HERE;
}

/* Nobody configures it: it is simply there on an instance. */
static enum found from_instance(struct search *s)
{
	const char *off = variable("AWS_EC2_METADATA_DISABLED");
	buf_puts(s->tried, off != NULL && str_equal_nocase(off, "true")
				   ? "; instance metadata: AWS_EC2_METADATA_DISABLED is set"
				   : "; instance metadata: not supported");
	return NOT_HERE;
}

bool credentials_resolve(struct arena *a, struct credentials *out, struct err *e)
{
	static enum found (*const sources[])(struct search *) = {
		from_profile, from_web_identity, from_container,
		from_instance, /* after the environment */
	};
	struct profile_set set = {0};
	struct arena *scratch = arena_new(NULL); /* holds every profile's secrets */
	struct search s = {a, &set, profile_selected(), out, buf_new(a, 4096), e};
	enum found f = from_environment(&s);
	if (f == NOT_HERE && !profile_read(scratch, &set, e))
		f = BROKEN;
	for (size_t i = 0; f == NOT_HERE && i < sizeof sources / sizeof sources[0]; i++)
		f = sources[i](&s);
	arena_free(scratch);
	if (f == NOT_HERE)
		return err_set(
			e, ERR_AUTH,
			"finding AWS credentials: none found (%s); set AWS_ACCESS_KEY_ID and "
			"AWS_SECRET_ACCESS_KEY, or give a profile with static keys",
			s.tried->data);
	return f == FOUND || err_wrap(e, "finding AWS credentials");
}
