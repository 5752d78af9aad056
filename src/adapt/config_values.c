/* config_values: what the texts of pare.lua look like. Each check gives what was expected of a text
 * that is wrong, else NULL. */
#include "config_values.h"

#include <string.h>

#include "pare/arn.h"
#include "pare/aws.h"
#include "pare/standing.h"
#include "pare/str.h"
#include "pare/ticket.h"

const char *check_analyzer(struct arena *a, const char *text)
{
	struct arn arn;
	struct err bad;
	bool ok = arn_parse(a, text, &arn, &bad) && strcmp(arn.service, "access-analyzer") == 0;
	return ok ? NULL : "an analyzer's ARN (arn:aws:access-analyzer:REGION:ACCOUNT:analyzer/NAME)";
}

const char *check_forge(struct arena *a, const char *text)
{
	static const char *const forges[] = {"none", "github", "gitlab", "gitea"};
	(void)a;
	for (size_t i = 0; i < sizeof forges / sizeof forges[0]; i++)
		if (strcmp(forges[i], text) == 0)
			return NULL;
	return "\"none\", \"github\", \"gitlab\" or \"gitea\"";
}

const char *check_api(struct arena *a, const char *text)
{
	(void)a;
	return str_starts(text, "https://") || str_starts(text, "http://")
		       ? NULL
		       : "the URL of the forge's interface, such as \"https://git.example/api/v4\"";
}

const char *check_project(struct arena *a, const char *text)
{
	(void)a;
	return strchr(text, '/') != NULL && text[0] != '/' && !str_ends(text, "/")
		       ? NULL
		       : "owner and name of the repository, such as \"acme/iam-review\"";
}

const char *check_label(struct arena *a, const char *text)
{
	(void)a;
	return strlen(text) <= 50 && strchr(text, ',') == NULL ? NULL : "names of at most 50 bytes, without commas";
}

/* "alice", or a team: "acme/team". */
const char *check_reviewer(struct arena *a, const char *text)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-/";
	(void)a;
	return strspn(text, safe) == strlen(text) && text[0] != '/' && !str_ends(text, "/")
		       ? NULL
		       : "names as the forge has them, without '@'; a team is \"group/team\"";
}

/* Whose is it: an account, a path of its roles, one role, or everything else. */
const char *check_owned(const char *text)
{
	const char *rest = text;
	if (strcmp(text, "*") == 0)
		return NULL;
	size_t digits = strspn(text, "0123456789");
	bool ok = digits == 12 && (text[12] == '\0' || text[12] == '/');
	for (rest += ok ? 12 : 0; ok && *rest != '\0'; rest++)
		ok = *rest >= '!' && *rest <= '~' && (*rest != '/' || rest[1] != '/');
	return ok && !str_ends(text, "/.") && strstr(text, "/../") == NULL
		       ? NULL
		       : "as keys \"111122223333\", \"111122223333/path/\", \"111122223333/path/Role\" or \"*\"";
}

/* "@alice @acme/team someone@example.com" */
const char *check_owners(const char *text)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-/@+";
	static const char expected[] = "owners such as \"@acme/cloud-sec @alice someone@example.com\"";
	for (const char *at = text; *at != '\0'; at += at[0] == ' ') {
		size_t len = strcspn(at, " ");
		const char *sign = memchr(at, '@', len);
		if (len < 2 || strspn(at, safe) < len || sign == NULL || sign + 1 == at + len ||
		    memchr(sign + 1, '@', len - (size_t)(sign + 1 - at)) != NULL || (at[0] == '@' && at[1] == '/') ||
		    at[len - 1] == '/' || (at[0] != '@' && memchr(at, '/', len) != NULL))
			return expected;
		at += len;
		if (at[0] == ' ' && (at[1] == '\0' || at[1] == ' '))
			return expected;
	}
	return NULL;
}

/* git check-ref-format's rules, for one branch. */
const char *check_branch(struct arena *a, const char *text)
{
	(void)a;
	size_t len = strlen(text);
	bool ok = len <= 200 && strpbrk(text, " ~^:?*[\\") == NULL && strstr(text, "..") == NULL &&
		  strstr(text, "//") == NULL && strstr(text, "@{") == NULL && strstr(text, "/.") == NULL &&
		  strchr("-/.", text[0]) == NULL && strchr("/.", text[len - 1]) == NULL &&
		  !str_ends(text, ".lock") && !str_starts(text, "pare/") && !str_starts(text, "refs/");
	return ok ? NULL : "the name of a branch that git allows, not one of pare's own (pare/…)";
}

/* Whoever writes a bare name protects nothing: it matches no ARN. */
const char *check_arn_glob(struct arena *a, const char *text)
{
	(void)a;
	return str_starts(text, "arn:") || text[0] == '*'
		       ? NULL
		       : "globs over ARNs, such as \"arn:*:iam::*:role/break-glass-*\"";
}

const char *check_role(struct arena *a, const char *text)
{
	(void)a;
	return iam_name_valid(text, 64) ? NULL : "a role's name, without path or ARN";
}

/* STS AssumeRole: 2 to 1224 characters of [\w+=,.@:/-]. */
const char *check_external_id(struct arena *a, const char *text)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@:/-";
	(void)a;
	size_t len = strlen(text);
	return len >= 2 && len <= 1224 && strspn(text, allowed) == len
		       ? NULL
		       : "2 to 1224 characters of A-Z a-z 0-9 _ + = , . @ : / -";
}

/* STS AssumeRole: 2 to 64 characters of [\w+=,.@-]. */
const char *check_source_identity(struct arena *a, const char *text)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-";
	(void)a;
	size_t len = strlen(text);
	return len >= 2 && len <= 64 && strspn(text, allowed) == len
		       ? NULL
		       : "2 to 64 characters of A-Z a-z 0-9 _ + = , . @ -";
}

const char *check_region(struct arena *a, const char *text)
{
	(void)a;
	return region_valid(text) ? NULL : "names of regions, such as \"eu-west-1\"";
}

const char *check_author(struct arena *a, const char *text)
{
	(void)a;
	const char *at = strchr(text, '@');
	return at != NULL && at != text && at[1] != '\0' && strchr(at + 1, '@') == NULL &&
			       strpbrk(text, " <>\"") == NULL
		       ? NULL
		       : "an e-mail address";
}


const char *config_zone(struct arena *a, const char *name, const struct zone **out)
{
	struct zone *z;
	struct err e;
	if (name == NULL)
		return NULL;
	if (!timezone_load(a, name, &z, &e))
		return str_printf(a, "a time zone such as Europe/Berlin: %s", e.message);
	*out = z;
	return NULL;
}

const char *check_freeze(struct arena *a, const char *text)
{
	const char *zone;
	struct window_freeze f;
	const char *expected = window_freeze_parse(a, text, &f, &zone);
	return expected != NULL ? expected : config_zone(a, zone, &f.zone);
}

const char *check_open(struct arena *a, const char *text)
{
	const char *zone;
	struct window_span s;
	const char *expected = window_span_parse(a, text, &s, &zone);
	return expected != NULL ? expected : config_zone(a, zone, &s.zone);
}

const char *check_calendar(struct arena *a, const char *text)
{
	struct arn arn;
	struct err bad;
	bool ok = arn_parse(a, text, &arn, &bad) && strcmp(arn.service, "ssm") == 0 &&
		  !str_empty(arn.region) && str_starts(arn.resource, "document/");
	return ok ? NULL : "change calendars' ARNs (arn:aws:ssm:REGION:ACCOUNT:document/NAME)";
}

const char *check_ticket(struct arena *a, const char *text)
{
	(void)a;
	return ticket_pattern_wrong(text);
}

const char *check_standing(struct arena *a, const char *text)
{
	(void)a;
	return standing_name_valid(text) ? NULL
					 : "names of standing approvals: letters, digits, '-' and '_'";
}
