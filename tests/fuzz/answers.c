/* Any bytes as the answer to any call: the first byte chooses the call, the second the status.
 * Either the call is ok with what it must have, or it has an error with words; a write with a
 * good status is never anything but ok or uncertain. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/adapt/aws_private.h"
#include "pare/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_ok(const struct call *c)
{
	bool bad = (c->op == CALL_GET_ROLE &&
		    (c->principal == NULL || c->principal->unique_id == NULL)) ||
		   ((c->op == CALL_GET_POLICY || c->op == CALL_CREATE_POLICY) &&
		    (c->policy == NULL || c->policy->arn == NULL)) ||
		   ((c->op == CALL_GET_ROLE_POLICY || c->op == CALL_GET_POLICY_VERSION) &&
		    c->text == NULL) ||
		   (c->op == CALL_GET_ACCOUNT_DETAILS && c->account_details == NULL) ||
		   (c->op == CALL_GET_RECOMMENDATION && c->recommendation == NULL) ||
		   (c->op == CALL_GET_FINDING && c->finding_count != 1) ||
		   (c->op == CALL_GET_ANALYZER && c->analyzer_count != 1) ||
		   (c->op == CALL_GET_CALLER_IDENTITY && c->caller_account == NULL) ||
		   (c->arns.count != 0 && c->arns.count != c->names.count) ||
		   (c->next_marker != NULL &&
		    (c->next_marker[0] == '\0' || str_equal(c->next_marker, c->marker)));
	if (bad)
		abort();
}

static void check_failed(const struct call *c, long status)
{
	if (c->err.kind == ERR_NONE || c->err.message[0] == '\0' || c->next_marker != NULL)
		abort();
	for (const char *x = c->err.message; *x != '\0'; x++)
		if ((unsigned char)*x < 0x20)
			abort();
	if (call_writes(c->op) && status / 100 == 2 && c->err.kind != ERR_UNCERTAIN)
		abort();
	if (status / 100 == 5 && call_writes(c->op) && c->err.kind == ERR_UNAVAILABLE)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const long statuses[] = {200, 400, 403, 404, 409, 429, 500, 503};
	if (size < 2)
		return 0;
	struct arena *a = arena_new(NULL);
	struct call c = {.op = data[0] % CALL_OP_COUNT, .arena = a, .finding = "id", .marker = "m"};
	long status = statuses[data[1] % 8];
	const char *body = arena_copy(a, data + 2, size - 2);
	bool aa = (c.op >= CALL_LIST_ANALYZERS && c.op <= CALL_GET_RECOMMENDATION) ||
		  c.op == CALL_UPDATE_FINDING;
	bool ok = aa ? analyzer_answer(&c, status, data[1] & 0x80 ? body : NULL, body, size - 2)
		     : iam_answer(&c, status, body, size - 2);
	if (ok != c.ok || (ok && status / 100 != 2))
		abort();
	if (ok)
		check_ok(&c);
	else
		check_failed(&c, status);
	arena_free(a);
	return 0;
}
