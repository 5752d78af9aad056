/* limits: what IAM checks before it looks at anything: lengths, characters, sizes. Numbers and
 * patterns: the IAM API's model and "IAM and AWS STS quotas". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "pare/arn.h"
#include "pare/digest.h"
#include "pare/json.h"

static const char *lower_first(const char *member, char text[64])
{
	size_t len = strlen(member) < 63 ? strlen(member) : 63;
	memcpy(text, member, len);
	text[len] = '\0';
	if (text[0] >= 'A' && text[0] <= 'Z')
		text[0] = (char)(text[0] - 'A' + 'a');
	return text;
}

static bool constraint(const char *value, const char *member, struct problem *p, const char *what)
{
	char name[64];
	return problem_set(p, 400, "ValidationError",
			   "1 validation error detected: Value '%.100s' at '%s' failed to satisfy constraint: %s",
			   value, lower_first(member, name), what);
}

bool check_present(const char *value, const char *member, struct problem *p)
{
	char name[64];
	if (value != NULL)
		return true;
	return problem_set(p, 400, "ValidationError",
			   "1 validation error detected: Value null at '%s' failed to satisfy constraint: Member "
			   "must not be null",
			   lower_first(member, name));
}

bool check_name(const char *value, const char *member, size_t max, struct problem *p)
{
	char what[96];
	if (!check_present(value, member, p))
		return false;
	if (*value == '\0')
		return constraint(value, member, p, "Member must have length greater than or equal to 1");
	if (strlen(value) > max) {
		snprintf(what, sizeof what, "Member must have length less than or equal to %zu", max);
		return constraint(value, member, p, what);
	}
	if (!iam_name_valid(value, max))
		return problem_set(p, 400, "ValidationError",
				   "The specified value for %s is invalid. It must contain only alphanumeric "
				   "characters and/or the following: +=,.@_-",
				   lower_first(member, what));
	return true;
}

static bool policy_path_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       strchr(".,+@=_-", c) != NULL;
}

bool check_path(const char *value, const char *member, bool policy, struct problem *p)
{
	bool ok = value[0] == '/' && value[strlen(value) - 1] == '/' && strlen(value) <= 512;
	for (const char *c = value; ok && *c != '\0'; c++) {
		if (policy)
			ok = *c == '/' ? c == value || c[-1] != '/' : policy_path_char(*c);
		else
			ok = *c >= 0x21 && *c <= 0x7e;
	}
	if (ok)
		return true;
	char name[64];
	return problem_set(p, 400, "ValidationError",
			   "The specified value for %s is invalid. It must begin and end with / and contain only "
			   "alphanumeric characters and/or / characters.",
			   lower_first(member, name));
}

bool check_policy_arn(const char *value, struct problem *p)
{
	if (!check_present(value, "PolicyArn", p))
		return false;
	if (strlen(value) < 20 || strlen(value) > 2048)
		return constraint(value, "PolicyArn", p,
				  strlen(value) < 20 ? "Member must have length greater than or equal to 20"
						     : "Member must have length less than or equal to 2048");
	if (!arn_is_policy(value))
		return problem_set(p, 400, "InvalidInput", "ARN %.300s is not valid.", value);
	return true;
}

bool check_tags(const struct tag *tag, size_t count, size_t existing, struct problem *p)
{
	for (size_t i = 0; i < count; i++) {
		if (str_empty(tag[i].key) || strlen(tag[i].key) > 512)
			return constraint(tag[i].key != NULL ? tag[i].key : "", "Tags", p,
					  "Member must have length between 1 and 128");
		if (tag[i].value == NULL || strlen(tag[i].value) > 1024)
			return constraint("", "Tags", p, "Member must have length less than or equal to 256");
		if (strncmp(tag[i].key, "aws:", 4) == 0)
			return problem_set(p, 400, "InvalidInput",
					   "System tags may not be added or modified: %.128s", tag[i].key);
		for (size_t k = 0; k < i; k++)
			if (str_equal_nocase(tag[i].key, tag[k].key))
				return problem_set(p, 400, "InvalidInput",
						   "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
	}
	if (count + existing > TAGS_MAX)
		return problem_set(p, 409, "LimitExceeded",
				   "The number of tags has reached the maximum limit.");
	return true;
}

/* U+0009 U+000A U+000D U+0020..U+00FF, in UTF-8. */
static bool document_characters(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
		if (*c < 0x20 && *c != '\t' && *c != '\n' && *c != '\r')
			return false;
		if (*c < 0x80)
			continue;
		if ((*c != 0xc2 && *c != 0xc3) || (c[1] & 0xc0) != 0x80)
			return false;
		c++;
	}
	return true;
}

/* IAM's words for what our grammar calls by line and column. */
static const char *malformed_message(const struct err *e)
{
	static const struct {
		const char *ours, *iams;
	} words[] = {
		{"stands twice", "Statement IDs (SID) in a single policy must be unique."},
		{"Sid", "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular "
			"expression [0-9A-Za-z]*"},
		{"Principal", "Policy document should not specify a principal."},
		{"Version", "Policy document must be version 2012-10-17 or greater."},
		{"prefix", "Action vendors (e.g., aws, ec2, etc.) must not contain wildcards."},
	};
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strstr(e->message, words[i].ours) != NULL)
			return words[i].iams;
	return "Syntax errors in policy.";
}

struct document *check_document(struct sandbox *s, const char *text, size_t quota, struct problem *p)
{
	struct err e;
	if (!check_present(text, "PolicyDocument", p))
		return NULL;
	if (*text == '\0' || strlen(text) > 2 * DOCUMENT_MAX_BYTES || !document_characters(text)) {
		problem_set(p, 400, "ValidationError",
			    "The specified value for policyDocument is invalid. It must contain only printable ASCII "
			    "characters and printable characters in the Basic Latin and Latin-1 Supplement.");
		return NULL;
	}
	struct document *d = document_new(s->arena, text);
	if (d->policy == NULL) {
		struct arena *scratch = arena_new(NULL);
		policy_parse(scratch, text, strlen(text), "document", &e);
		problem_set(p, 400, "MalformedPolicyDocument", "%s", malformed_message(&e));
		arena_free(scratch);
		return NULL;
	}
	if (quota > 0 && d->size > quota) {
		problem_set(p, 409, "LimitExceeded", "Cannot exceed quota for PolicySize: %zu", quota);
		return NULL;
	}
	return d;
}

bool check_trust(const char *text, struct problem *p)
{
	struct err e;
	if (!check_present(text, "AssumeRolePolicyDocument", p))
		return false;
	struct arena *scratch = arena_new(NULL);
	const struct json *v = json_parse(scratch, text, strlen(text), "trust policy", &e);
	const struct json *list = json_get(v, "Statement");
	const struct json *one = list != NULL && list->type == JSON_ARRAY ? list->first : list;
	bool ok = one != NULL;
	for (; ok && one != NULL; one = one->next)
		ok = (json_get(one, "Principal") != NULL || json_get(one, "NotPrincipal") != NULL) &&
		     json_get(one, "Effect") != NULL && json_get(one, "Action") != NULL &&
		     json_get(one, "Resource") == NULL;
	if (v == NULL)
		problem_set(p, 400, "MalformedPolicyDocument", "This policy contains invalid Json");
	else if (!ok)
		problem_set(p, 400, "MalformedPolicyDocument", "Syntax errors in policy.");
	arena_free(scratch);
	if (!ok)
		return false;
	if (policy_size(text) > TRUST_SIZE_MAX)
		return problem_set(p, 409, "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: %d",
				   TRUST_SIZE_MAX);
	return true;
}

/* --- pages: the marker is the last key, in a wrapping that says that it is ours --- */

const char *page_token(struct arena *a, const char *key)
{
	char *text = str_printf(a, "after:%s", key);
	return base64_encode(a, text, strlen(text));
}

bool page_key(struct arena *a, const char *token, const char **key)
{
	size_t len;
	char *text = base64_decode(a, token, &len);
	if (text == NULL || strlen(text) != len || !str_starts(text, "after:"))
		return false;
	*key = text + strlen("after:");
	return true;
}

bool page_start(struct arena *a, const char *marker, const char *max_items, size_t otherwise,
		struct page *out, struct problem *p)
{
	*out = (struct page){.max = otherwise};
	if (max_items != NULL) {
		char *end = NULL;
		long n = strtol(max_items, &end, 10);
		if (*max_items == '\0' || *end != '\0')
			return problem_set(p, 400, "MalformedInput", "Value for MaxItems is not a number.");
		if (n < 1 || n > 1000)
			return constraint(max_items, "MaxItems", p,
					  n < 1 ? "Member must have value greater than or equal to 1"
						: "Member must have value less than or equal to 1000");
		out->max = (size_t)n;
	}
	if (marker != NULL && !page_key(a, marker, &out->after))
		return problem_set(p, 400, "ValidationError", "Invalid Marker.");
	return true;
}

void page_end(struct arena *a, struct page *page, const char *last_key)
{
	page->marker = last_key != NULL ? page_token(a, last_key) : NULL;
}
