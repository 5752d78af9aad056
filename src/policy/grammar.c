#include "grammar.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pare/str.h"
#include "pare/when.h"

bool grammar_sid(const char *text)
{
	for (; *text != '\0'; text++)
		if (!((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
		      (*text >= '0' && *text <= '9')))
			return false;
	return true;
}

const char *grammar_action(const char *text)
{
	const char *colon = strchr(text, ':');
	if (strcmp(text, "*") == 0)
		return NULL;
	if (strstr(text, "${") != NULL)
		return "expected no policy variable: only Resource and Condition take one";
	if (colon == NULL)
		return "expected '*' or service:Action";
	if (strchr(colon + 1, ':') != NULL)
		return "expected exactly one ':'";
	if (colon == text || colon[1] == '\0')
		return "expected a service before ':' and an action behind it";
	for (const char *c = text; c < colon; c++) {
		if (*c == '*' || *c == '?')
			return "a service prefix takes no wildcard";
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
		      *c == '-' || *c == '_' || *c == '.'))
			return "expected a service prefix of letters, digits and '-'";
	}
	return NULL;
}

/* --- policy variables (IAM User Guide, "Policy variables") --- */

/* The text between the braces: a key, or a key, ", " and a default in single quotes, or one of the
 * escapes for '*', '?' and '$'. NULL when it is. */
static const char *one_variable(const char *at, const char *end)
{
	size_t len = (size_t)(end - at);
	const char *comma = memchr(at, ',', len);
	const char *key_end = comma != NULL ? comma : end;
	if (len == 1 && strchr("*?$", *at) != NULL)
		return NULL;
	if (memchr(at, '{', len) != NULL)
		return "expected '}' before the next '{': a variable takes no variable";
	if (key_end == at || memchr(at, ' ', (size_t)(key_end - at)) != NULL)
		return "expected a variable's name without a space";
	if (comma == NULL)
		return NULL;
	size_t rest = (size_t)(end - comma);
	if (rest < 4 || comma[1] != ' ' || comma[2] != '\'' || end[-1] != '\'' ||
	    memchr(comma + 3, '\'', rest - 4) != NULL)
		return "expected a variable's default as in ${aws:username, 'nobody'}";
	return NULL;
}

static const char *variables(const char *text, struct remark *remark)
{
	for (const char *at = strstr(text, "${"); at != NULL; at = strstr(at, "${")) {
		const char *end = strchr(at, '}');
		if (end == NULL)
			return "expected '}' behind '${'";
		if (end == at + 2)
			return "expected a variable's name between '${' and '}'";
		const char *wrong = one_variable(at + 2, end);
		if (wrong != NULL) {
			remark->unknown = "a policy variable in a form that IAM does not describe";
			remark->invalid = wrong;
		}
		at = end;
	}
	return NULL;
}

/* Behind a variable at text, else text itself. */
static const char *skip_variable(const char *text, bool version_2012)
{
	const char *end = version_2012 && text[0] == '$' && text[1] == '{' ? strchr(text, '}') : NULL;
	return end != NULL ? end + 1 : text;
}

const char *grammar_resource(const char *text, bool version_2012, struct remark *remark)
{
	size_t colons = 0;
	bool early = false;
	if (strcmp(text, "*") == 0)
		return NULL;
	if (strncmp(text, "arn:", 4) != 0) {
		if (text[0] != '*' && text[0] != '?' && strncmp(text, "arn", 3) != 0)
			return "expected '*' or an ARN";
		remark->unknown = "a resource that is neither '*' nor an ARN with its six parts";
		return NULL;
	}
	const char *wrong = version_2012 ? variables(text, remark) : NULL;
	if (wrong != NULL)
		return wrong;
	for (const char *c = text; *c != '\0' && colons < 5;) {
		const char *behind = skip_variable(c, version_2012);
		early = early || behind != c;
		colons += *c == ':';
		c = behind != c ? behind : c + 1;
	}
	if (colons < 5)
		remark->invalid = "expected the six parts arn:partition:service:region:account:resource";
	else if (early)
		remark->unknown = "a policy variable before the fifth ':' of an ARN";
	return NULL;
}

/* --- condition values --- */

static bool is_number(const char *text)
{
	const char *c = text + (*text == '-' || *text == '+');
	size_t whole = strspn(c, "0123456789"), fraction = 0;
	c += whole;
	if (*c == '.') {
		fraction = strspn(c + 1, "0123456789");
		c += 1 + fraction;
	}
	return whole + fraction > 0 && *c == '\0';
}

static bool is_date(const char *text)
{
	int64_t ms;
	bool epoch = *text != '\0' && text[strspn(text, "0123456789")] == '\0';
	return epoch || when_parse(text, &ms);
}

static bool is_bool(const char *text)
{
	return strcasecmp(text, "true") == 0 || strcasecmp(text, "false") == 0;
}

/* An address, or a block: 203.0.113.0/24, 2001:db8::/32. */
static bool is_block(const char *text)
{
	unsigned char bytes[16];
	char address[64];
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	if (len >= sizeof address)
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	bool v4 = inet_pton(AF_INET, address, bytes) == 1;
	if (!v4 && inet_pton(AF_INET6, address, bytes) != 1)
		return false;
	if (slash == NULL)
		return true;
	size_t digits = strspn(slash + 1, "0123456789");
	if (digits == 0 || digits > 3 || slash[1 + digits] != '\0')
		return false;
	return atoi(slash + 1) <= (v4 ? 32 : 128);
}

static const char *value_doubt(enum operator_family family, const char *text)
{
	switch (family) {
	case FAMILY_NUMERIC:
		return is_number(text) ? NULL : "a value that is no number under a numeric operator";
	case FAMILY_DATE:
		return is_date(text) ? NULL : "a value that is no date under a date operator";
	case FAMILY_IP:
		return is_block(text) ? NULL : "a value that is no address block under an IP operator";
	case FAMILY_BOOL:
	case FAMILY_NULL:
		return is_bool(text) ? NULL : "a value other than true and false under Bool or Null";
	default:
		return NULL;
	}
}

const char *grammar_condition_value(const char *operator, const char *text, bool version_2012,
				    struct remark *remark)
{
	enum operator_family family = operator_parse(operator).family;
	if (family == FAMILY_UNKNOWN)
		return NULL; /* the operator itself is remarked */
	if (version_2012 && strstr(text, "${") != NULL) {
		if (family != FAMILY_STRING && family != FAMILY_ARN) {
			remark->unknown = "a policy variable under an operator that takes none";
			remark->invalid = "expected no policy variable: only String and Arn operators take one";
			return NULL;
		}
		return variables(text, remark);
	}
	const char *doubt = value_doubt(family, text);
	if (doubt != NULL)
		remark->unknown = doubt;
	return NULL;
}

/* --- condition operators --- */

static bool take_prefix(const char **text, const char *prefix)
{
	size_t len = strlen(prefix);
	if (strncasecmp(*text, prefix, len) != 0)
		return false;
	*text += len;
	return true;
}

/* IAM User Guide, "IAM JSON policy elements: Condition operators". */
static const struct {
	const char *name;
	struct operator_parts parts;
} operators[] = {
	{"StringEquals", {.family = FAMILY_STRING}},
	{"StringNotEquals", {.family = FAMILY_STRING, .negated = true}},
	{"StringEqualsIgnoreCase", {.family = FAMILY_STRING, .ignore_case = true}},
	{"StringNotEqualsIgnoreCase", {.family = FAMILY_STRING, .negated = true, .ignore_case = true}},
	{"StringLike", {.family = FAMILY_STRING, .like = true}},
	{"StringNotLike", {.family = FAMILY_STRING, .negated = true, .like = true}},
	{"ArnEquals", {.family = FAMILY_ARN, .like = true}},
	{"ArnLike", {.family = FAMILY_ARN, .like = true}},
	{"ArnNotEquals", {.family = FAMILY_ARN, .negated = true, .like = true}},
	{"ArnNotLike", {.family = FAMILY_ARN, .negated = true, .like = true}},
	{"NumericEquals", {.family = FAMILY_NUMERIC}},
	{"NumericNotEquals", {.family = FAMILY_NUMERIC, .negated = true}},
	{"NumericLessThan", {.family = FAMILY_NUMERIC, .relation = LESS}},
	{"NumericLessThanEquals", {.family = FAMILY_NUMERIC, .relation = LESS_EQUALS}},
	{"NumericGreaterThan", {.family = FAMILY_NUMERIC, .relation = GREATER}},
	{"NumericGreaterThanEquals", {.family = FAMILY_NUMERIC, .relation = GREATER_EQUALS}},
	{"DateEquals", {.family = FAMILY_DATE}},
	{"DateNotEquals", {.family = FAMILY_DATE, .negated = true}},
	{"DateLessThan", {.family = FAMILY_DATE, .relation = LESS}},
	{"DateLessThanEquals", {.family = FAMILY_DATE, .relation = LESS_EQUALS}},
	{"DateGreaterThan", {.family = FAMILY_DATE, .relation = GREATER}},
	{"DateGreaterThanEquals", {.family = FAMILY_DATE, .relation = GREATER_EQUALS}},
	{"IpAddress", {.family = FAMILY_IP}},
	{"NotIpAddress", {.family = FAMILY_IP, .negated = true}},
	{"Bool", {.family = FAMILY_BOOL}},
	{"BinaryEquals", {.family = FAMILY_BINARY}},
	{"Null", {.family = FAMILY_NULL}},
};

struct operator_parts operator_parse(const char *operator)
{
	enum quantifier q = QUANTIFIER_NONE;
	if (take_prefix(&operator, "ForAllValues:"))
		q = QUANTIFIER_ALL;
	else if (take_prefix(&operator, "ForAnyValue:"))
		q = QUANTIFIER_ANY;
	for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
		const char *rest = operator;
		if (!take_prefix(&rest, operators[i].name))
			continue;
		bool if_exists = strcasecmp(rest, "IfExists") == 0;
		if (*rest != '\0' && !if_exists)
			continue;
		struct operator_parts parts = operators[i].parts;
		parts.quantifier = q;
		parts.if_exists = if_exists;
		if (parts.family == FAMILY_NULL && (if_exists || q != QUANTIFIER_NONE))
			break;
		return parts;
	}
	return (struct operator_parts){.family = FAMILY_UNKNOWN};
}

const char *grammar_operator(const char *operator, struct remark *remark)
{
	const char *rest = operator;
	if (take_prefix(&rest, "Null") && strcasecmp(rest, "IfExists") == 0)
		return "expected Null without IfExists: it tests itself whether the key exists";
	if (operator_parse(operator).family == FAMILY_UNKNOWN)
		remark->unknown = "a condition operator that is none of IAM's";
	return NULL;
}
