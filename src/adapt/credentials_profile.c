/* credentials_profile: what a profile of the shared files says: static keys, and roles assumed with
 * the credentials of another profile or of a named source. */
#include <stdlib.h>
#include <string.h>

#include "credentials_private.h"
#include "pare/str.h"

bool has_keys(const struct search *s, const char *profile)
{
	return search_key(s, profile, "aws_access_key_id") != NULL ||
	       search_key(s, profile, "aws_secret_access_key") != NULL;
}

/* A token of the file that the key is not from belongs to another key. */
static const char *token_of(const struct search *s, const char *profile, bool credentials_file)
{
	static const char *const keys[] = {"aws_session_token", "aws_security_token"};
	for (size_t i = 0; i < 2; i++) {
		const struct profile_property *p = profile_find(s->set, profile, keys[i]);
		if (p != NULL && p->of_credentials == credentials_file &&
		    search_key(s, profile, keys[i]) != NULL)
			return p->value;
	}
	return NULL;
}

enum found from_keys(struct search *s, const char *profile, bool credentials_file,
		     struct credentials *out)
{
	const char *id = search_key(s, profile, "aws_access_key_id");
	const char *key = search_key(s, profile, "aws_secret_access_key");
	if (!profile_exists(s->set, profile))
		return search_nothing(s, "there is no profile '%s'", profile);
	const struct profile_property *p = profile_find(
		s->set, profile, id != NULL ? "aws_access_key_id" : "aws_secret_access_key");
	if ((id == NULL && key == NULL) || p->of_credentials != credentials_file)
		return search_nothing(s, "profile '%s' has no aws_access_key_id there", profile);
	if (id == NULL || key == NULL)
		return search_broken(s,
				     "profile '%s': it has one of aws_access_key_id and "
				     "aws_secret_access_key, not both: %s is missing",
				     profile,
				     id == NULL ? "aws_access_key_id" : "aws_secret_access_key");
	if (profile_find(s->set, profile, "aws_secret_access_key")->of_credentials !=
	    credentials_file)
		return search_broken(s,
				     "profile '%s': its aws_access_key_id and aws_secret_access_key are "
				     "in different files",
				     profile);
	struct credentials keys = {
		.access_key_id = id,
		.secret_access_key = arena_strdup(s->arena, key),
		.session_token = arena_strdup(s->arena, token_of(s, profile, credentials_file)),
		.source = str_printf(s->arena, "profile '%s'", profile),
		.account = search_key(s, profile, "aws_account_id"),
	};
	return search_found(s, &keys, out);
}

/* --- what a role is assumed with --- */

static enum found from_named(struct search *s, const char *profile, const char *name,
			     struct credentials *out)
{
	static const struct {
		const char *name;
		enum found (*find)(struct search *s, struct credentials *out);
	} sources[] = {{"Environment", from_environment},
		       {"Ec2InstanceMetadata", from_instance},
		       {"EcsContainer", from_container}};
	for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
		if (!str_equal_nocase(name, sources[i].name))
			continue;
		enum found f = sources[i].find(s, out);
		if (f != NOT_HERE)
			return f == FOUND ? FOUND
					  : search_failed(s, "profile '%s': credential_source %s",
							  profile, sources[i].name);
		return search_broken(s, "profile '%s': credential_source %s: %s", profile,
				     sources[i].name, s->why);
	}
	return search_broken(s,
			     "profile '%s': credential_source '%s': expected Environment, "
			     "Ec2InstanceMetadata or EcsContainer",
			     profile, name);
}

/* A source profile: its own credentials; its role only where it has no static keys. The environment
 * says nothing about it. */
static enum found from_source(struct search *s, const char *parent, const char *profile,
			      struct credentials *out)
{
	bool seen = str_list_has(&s->visited, profile);
	enum found f = NOT_HERE;
	if (!profile_exists(s->set, profile))
		return search_broken(s, "profile '%s': its source_profile '%s' is in neither file",
				     parent, profile);
	if (seen && (strcmp(parent, profile) != 0 || !has_keys(s, profile)))
		return search_broken(s, "profile '%s': source_profile '%s' closes a loop", parent,
				     profile);
	if (!has_keys(s, profile))
		f = from_role(s, profile, out);
	if (f == NOT_HERE)
		f = from_web_identity(s, profile, false, out);
	if (f == NOT_HERE)
		f = from_sso(s, profile, out);
	if (f == NOT_HERE)
		f = from_keys(s, profile, true, out);
	if (f == NOT_HERE)
		f = from_process(s, profile, out);
	if (f == NOT_HERE)
		f = from_keys(s, profile, false, out);
	if (f == NOT_HERE)
		return search_broken(s, "profile '%s': its source_profile '%s' has no credentials",
				     parent, profile);
	return f;
}

static enum found check_role(struct search *s, const char *profile, const struct role *r)
{
	const char *source = search_key(s, profile, "source_profile");
	const char *named = search_key(s, profile, "credential_source");
	if (source != NULL && named != NULL)
		return search_broken(
			s, "profile '%s': it has both source_profile and credential_source; leave one",
			profile);
	if (source == NULL && named == NULL)
		return search_broken(s,
				     "profile '%s': it has role_arn and none of source_profile, "
				     "credential_source and web_identity_token_file",
				     profile);
	if (search_key(s, profile, "mfa_serial") != NULL)
		return search_broken(
			s,
			"profile '%s': mfa_serial asks for a code from a person's device, which an "
			"unattended run does not have; run 'aws configure export-credentials --profile "
			"%s --format env' and set what it prints",
			profile, profile);
	if (r->duration != NULL && (strspn(r->duration, "0123456789") != strlen(r->duration) ||
				    strlen(r->duration) > 5 || atoi(r->duration) < 900 ||
				    atoi(r->duration) > 43200))
		return search_broken(
			s, "profile '%s': duration_seconds '%s': expected a number from 900 to 43200",
			profile, r->duration);
	return FOUND;
}

enum found from_role(struct search *s, const char *profile, struct credentials *out)
{
	struct credentials base;
	struct role r = {
		.arn = search_key(s, profile, "role_arn"),
		.session = search_key(s, profile, "role_session_name"),
		.external_id = search_key(s, profile, "external_id"),
		.duration = search_key(s, profile, "duration_seconds"),
		.subject = str_printf(s->arena, "profile '%s'", profile),
	};
	if (r.arn == NULL || search_key(s, profile, "web_identity_token_file") != NULL)
		return search_nothing(s, "profile '%s' has no role_arn with a source", profile);
	enum found f = check_role(s, profile, &r);
	if (f != FOUND)
		return f;
	str_list_add(s->arena, &s->visited, profile);
	const char *source = search_key(s, profile, "source_profile");
	f = source != NULL ? from_source(s, profile, source, &base)
			   : from_named(s, profile, search_key(s, profile, "credential_source"), &base);
	return f == FOUND ? role_assume(s, &r, &base, out) : f;
}
