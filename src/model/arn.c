#include "pare/arn.h"

#include <string.h>

#include "pare/str.h"

bool arn_parse(struct arena *a, const char *text, struct arn *out, struct err *e)
{
	*out = (struct arn){.text = text};
	if (text == NULL || strncmp(text, "arn:", 4) != 0)
		return err_set(e, ERR_INPUT, "reading ARN '%s': expected arn:partition:service:region:account:resource",
			       text != NULL ? text : "");
	out->partition = str_part(a, text, ':', 1, false);
	out->service = str_part(a, text, ':', 2, false);
	out->region = str_part(a, text, ':', 3, false);
	out->account = str_part(a, text, ':', 4, false);
	out->resource = str_part(a, text, ':', 5, true);
	if (out->resource == NULL || str_empty(out->partition) || str_empty(out->service) ||
	    str_empty(out->resource))
		return err_set(e, ERR_INPUT,
			       "reading ARN '%s': expected arn:partition:service:region:account:resource", text);
	return true;
}

bool account_id_valid(const char *text)
{
	return text != NULL && strlen(text) == 12 && strspn(text, "0123456789") == 12;
}

static bool iam_policy(const char *text, bool aws_only)
{
	struct arena *scratch = arena_new(NULL);
	struct err e;
	struct arn x;
	bool yes = arn_parse(scratch, text, &x, &e) && strcmp(x.service, "iam") == 0 &&
		   str_starts(x.resource, "policy/") && x.resource[7] != '\0' &&
		   (strcmp(x.account, "aws") == 0 || (!aws_only && account_id_valid(x.account)));
	arena_free(scratch);
	return yes;
}

bool arn_is_policy(const char *text)
{
	return text != NULL && iam_policy(text, false);
}

bool arn_is_aws_managed(const char *text)
{
	return text != NULL && iam_policy(text, true);
}

const char *arn_name(const char *text)
{
	const char *slash = strrchr(text, '/');
	return slash != NULL ? slash + 1 : text;
}

char *arn_type(struct arena *a, const char *text)
{
	char *resource = str_part(a, text, ':', 5, true);
	return resource == NULL ? arena_strdup(a, "") : str_part(a, resource, '/', 0, false);
}

char *arn_path(struct arena *a, const char *text)
{
	const char *resource = str_part(a, text, ':', 5, true);
	const char *first = resource != NULL ? strchr(resource, '/') : NULL;
	const char *last = resource != NULL ? strrchr(resource, '/') : NULL;
	if (first == NULL)
		return arena_strdup(a, "/");
	return arena_copy(a, first, (size_t)(last - first) + 1);
}

bool iam_name_valid(const char *name, size_t max)
{
	size_t len = strlen(name);
	if (len == 0 || len > max)
		return false;
	return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-") == len;
}
