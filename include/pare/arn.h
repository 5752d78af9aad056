/* arn: Amazon Resource Names of IAM and Access Analyzer, taken apart.
 * Form: arn:partition:service:region:account:resource (AWS General Reference). */
#ifndef PARE_ARN_H
#define PARE_ARN_H

#include <stdbool.h>
#include <stddef.h>

#include "pare/arena.h"
#include "pare/err.h"

struct arn {
	const char *text;
	const char *partition; /* "aws", "aws-cn", "aws-us-gov", … */
	const char *service;
	const char *region;  /* "" for IAM */
	const char *account; /* twelve digits, or "aws" for AWS-managed policies */
	const char *resource; /* "role/app/AppRole" */
};

bool arn_parse(struct arena *a, const char *text, struct arn *out, struct err *e);
bool arn_is_policy(const char *text); /* arn:*:iam::(aws|account):policy/… */
bool arn_is_aws_managed(const char *text);
/* The name after the last '/', the path between type and name with both slashes ("/" or "/app/"),
 * and the type ("role"). */
const char *arn_name(const char *text);
char *arn_path(struct arena *a, const char *text);
char *arn_type(struct arena *a, const char *text);
bool account_id_valid(const char *text); /* twelve digits */

/* Names as IAM takes them in writes: [\w+=,.@-]+ up to max characters. */
bool iam_name_valid(const char *name, size_t max);

#endif
