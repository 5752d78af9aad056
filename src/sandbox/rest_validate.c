/* rest_validate: ValidatePolicy over the product's own grammar: errors, and the size warning; and
 * CheckNoNewAccess over its prover. */
#include <stdio.h>
#include <string.h>

#include "checks.h"
#include "rest.h"

static const char *issue_of(const char *message)
{
	static const struct {
		const char *words, *code;
	} known[] = {
		{"stands twice", "DUPLICATE_SID"}, /* only Sids and keys stand twice */
		{"Sid", "INVALID_SID_SYNTAX"},
		{"Principal", "UNSUPPORTED_PRINCIPAL"},
		{"Version", "INVALID_VERSION"},
		{"Effect", "INVALID_EFFECT"},
		{"action", "INVALID_ACTION"},
		{"Action", "MISSING_ACTION"},
		{"ARN", "INVALID_ARN_RESOURCE"},
		{"Resource", "MISSING_RESOURCE"},
		{"operator", "INVALID_CONDITION_OPERATOR"},
	};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strstr(message, known[i].words) != NULL)
			return known[i].code;
	return "JSON_SYNTAX_ERROR";
}

static void put_position(struct json_writer *w, const char *key, size_t line, size_t column, size_t offset)
{
	json_key(w, key);
	json_open(w, '{');
	json_member_integer(w, "line", (int64_t)line);
	json_member_integer(w, "column", (int64_t)column); /* AWS counts columns from 0 */
	json_member_integer(w, "offset", (int64_t)offset);
	json_close(w, '}');
}

static size_t offset_of(const char *text, size_t line, size_t column)
{
	size_t at = 0;
	for (size_t n = 1; n < line && text[at] != '\0'; at++)
		n += text[at] == '\n';
	size_t rest = strlen(text) - at;
	return at + (column < rest ? column : rest);
}

static void put_finding(struct rest *q, const char *type, const char *code, const char *details,
			const char *text, size_t line, size_t column)
{
	struct json_writer *w = &q->out;
	size_t offset = offset_of(text, line, column);
	json_open(w, '{');
	json_member_text(w, "findingDetails", details);
	json_member_text(w, "findingType", type);
	json_member_text(w, "issueCode", code);
	json_member_text(w, "learnMoreLink",
			 "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html");
	json_key(w, "locations");
	json_open(w, '[');
	json_open(w, '{');
	json_key(w, "path");
	json_open(w, '[');
	json_close(w, ']');
	json_key(w, "span");
	json_open(w, '{');
	put_position(w, "start", line, column, offset);
	put_position(w, "end", line, column + (text[offset] != '\0'), offset + (text[offset] != '\0'));
	json_close(w, '}');
	json_close(w, '}');
	json_close(w, ']');
	json_close(w, '}');
}

/* The grammar's errors name the place: "…:LINE:COLUMN: …" or "line L, column C". */
static void place_of(const char *message, size_t *line, size_t *column)
{
	const char *at = strstr(message, "line ");
	*line = 1;
	*column = 1;
	if (at == NULL || sscanf(at, "line %zu, column %zu", line, column) < 1)
		*line = 1;
	*column = *column > 0 ? *column - 1 : 0;
	*line = *line > 0 ? *line : 1;
}

bool rest_validate(struct rest *q)
{
	struct err e;
	const char *text = json_text(q->body, "policyDocument"), *type = json_text(q->body, "policyType");
	static const char *const types[] = {"IDENTITY_POLICY", "RESOURCE_POLICY", "SERVICE_CONTROL_POLICY",
					    "RESOURCE_CONTROL_POLICY"};
	bool known = false;
	for (size_t i = 0; i < 4; i++)
		known = known || str_equal(type, types[i]);
	if (text == NULL || !known)
		return problem_set(q->p, 400, "ValidationException",
				   "policyDocument and a policyType of IDENTITY_POLICY, RESOURCE_POLICY, "
				   "SERVICE_CONTROL_POLICY or RESOURCE_CONTROL_POLICY are required");
	json_open(&q->out, '{');
	json_key(&q->out, "findings");
	json_open(&q->out, '[');
	bool identity = strcmp(type, "IDENTITY_POLICY") == 0;
	bool ok = identity ? policy_parse(q->a, text, strlen(text), "policy", &e) != NULL
			   : json_parse(q->a, text, strlen(text), "policy", &e) != NULL;
	if (!ok) {
		size_t line, column;
		place_of(e.message, &line, &column);
		put_finding(q, "ERROR", issue_of(e.message), e.message, text, line, column);
	} else if (identity && policy_size(text) > POLICY_SIZE_MAX) {
		put_finding(q, "WARNING", "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA",
			    str_printf(q->a, "The %zu characters in the identity policy, excluding whitespace, exceed "
				       "the 6144 character maximum for managed policies.", policy_size(text)),
			    text, 1, 0);
	}
	json_close(&q->out, ']');
	json_close(&q->out, '}');
	return true;
}

bool rest_check_no_new_access(struct rest *q)
{
	bool pass;
	if (!check_no_new_access(q->s, q->a, json_text(q->body, "newPolicyDocument"),
				 json_text(q->body, "existingPolicyDocument"), &pass, q->p))
		return false;
	json_open(&q->out, '{');
	json_member_text(&q->out, "result", pass ? "PASS" : "FAIL");
	json_member_text(&q->out, "message",
			 pass ? "The updated permissions do not add new access compared to your existing policy."
			      : "The modified permissions grant new access compared to your existing policy.");
	json_close(&q->out, '}');
	return true;
}
