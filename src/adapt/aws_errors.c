#include <stdio.h>
#include <string.h>

#include "aws_private.h"
#include "pare/json.h"
#include "pare/str.h"

static bool listed(const char *code, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(code, list[i]) == 0)
			return true;
	return false;
}

/* SDK reference guide, "Retry behavior": codes that mean throttling. IAM's own LimitExceeded is a
 * quota and does not belong here. */
static const char *const throttling[] = {
	"Throttling",
	"ThrottlingException",
	"ThrottledException",
	"RequestThrottledException",
	"RequestThrottled",
	"TooManyRequestsException",
	"ProvisionedThroughputExceededException",
	"TransactionInProgressException",
	"RequestLimitExceeded",
	"BandwidthLimitExceeded",
	"LimitExceededException",
	"SlowDown",
	"EC2ThrottledException",
	"PriorRequestNotComplete",
	/* IAM's own: somebody writes the same object at this moment; nothing of ours happened. */
	"ConcurrentModification",
	"ConcurrentModificationException",
};
static const char *const authentication[] = {
	"AccessDenied",
	"AccessDeniedException",
	"ExpiredToken",
	"ExpiredTokenException",
	"InvalidClientTokenId",
	"UnrecognizedClientException",
	"SignatureDoesNotMatch",
	"InvalidSignatureException",
	"RequestExpired",
	"MissingAuthenticationToken",
	"MissingAuthenticationTokenException",
	"IncompleteSignature",
	"IncompleteSignatureException",
	"OptInRequired",
	"AuthFailure",
	"RequestTimeTooSkewed",
	"RequestInTheFuture",
	"RegionDisabledException",
	"InvalidAccessKeyId",
	"NotAuthorized",
};
static const char *const missing[] = {"NoSuchEntity", "NoSuchEntityException",
				      "ResourceNotFoundException"};
static const char *const conflict[] = {"EntityAlreadyExists", "EntityAlreadyExistsException",
				       "DeleteConflict", "DeleteConflictException",
				       "ConflictException"};
/* Quotas: never retried. */
static const char *const limits[] = {"LimitExceeded", "ServiceQuotaExceededException"};
static const char *const invalid[] = {
	"MalformedPolicyDocument",
	"MalformedPolicyDocumentException",
	"InvalidInput",
	"ValidationError",
	"ValidationException",
	"InvalidParameterException",
	"UnmodifiableEntity",
	"PolicyNotAttachable",
	"InvalidAction",
	"UnknownOperationException",
	"RequestEntityTooLarge",
	"InvalidInputException",
	"UnmodifiableEntityException",
	"PolicyNotAttachableException",
	"PackedPolicyTooLarge",
};
static const char *const transient[] = {
	"RequestTimeout",
	"RequestTimeoutException",
	"InternalError",
	"InternalFailure",
	"ServiceFailure",
	"ServiceUnavailable",
	"InternalServerException",
	"UnprocessableEntityException",
	"ServiceFailureException",
	"IDPCommunicationError",
	"ServiceUnavailableException",
};

enum err_kind aws_error_kind(const char *code, long status, bool write)
{
#define IS(list) listed(code, list, sizeof list / sizeof list[0])
	if (IS(throttling))
		return ERR_THROTTLED;
	if (IS(authentication))
		return ERR_AUTH;
	if (IS(missing))
		return ERR_NOT_FOUND;
	if (IS(conflict))
		return ERR_CONFLICT;
	if (IS(limits))
		return ERR_LIMIT;
	if (IS(invalid))
		return ERR_INPUT;
	if (IS(transient))
		return write ? ERR_UNCERTAIN : ERR_UNAVAILABLE;
#undef IS
	if (status == 429)
		return ERR_THROTTLED;
	if (status == 401 || status == 403 || status == 407)
		return ERR_AUTH;
	if (status == 501 || status == 505)
		return ERR_INPUT; /* not implemented, now or later */
	if (status >= 500 || status == 408)
		return write ? ERR_UNCERTAIN : ERR_UNAVAILABLE;
	/* 404 and 409 included: only IAM's own words may mean "gone" or "exists", not a proxy's
	 * page. */
	return ERR_INPUT;
}

/* What a code or a request id may look like; anything else is not printed, compared or kept. */
static const char *token(const char *text)
{
	size_t len = strlen(text);
	bool fits = len < sizeof((struct err *)0)->code &&
		    strspn(text,
			   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
			    len;
	return fits ? text : "";
}

bool aws_error_set(struct call *call, long status, const char *code, const char *message)
{
	code = token(code);
	err_set(&call->err, aws_error_kind(code, status, call_writes(call->op)), "%s: %s%s%s",
		call_name(call->op), code, *code == '\0' || *message == '\0' ? "" : ": ",
		str_printable(call->arena, message, false));
	snprintf(call->err.code, sizeof call->err.code, "%s", code);
	if (call->request_id != NULL)
		snprintf(call->err.request_id, sizeof call->err.request_id, "%s",
			 token(call->request_id));
	call->ok = false;
	return false;
}

/* An answer with a good status that is not what the operation answers. A write may have
 * happened. */
bool aws_error_malformed(struct call *call, const char *why)
{
	err_set(&call->err, call_writes(call->op) ? ERR_UNCERTAIN : ERR_INPUT, "%s: %s",
		call_name(call->op), why);
	if (call->request_id != NULL)
		snprintf(call->err.request_id, sizeof call->err.request_id, "%s",
			 token(call->request_id));
	call->ok = false;
	return false;
}

/* A proxy's page, an emulator's HTML, nothing at all: the first of it, for a person. */
bool aws_error_unreadable(struct call *call, long status, const char *body)
{
	char start[120];
	size_t len = strcspn(body + strspn(body, " \t\r\n"), "\r\n");
	snprintf(start, sizeof start, "%.*s", len > 110 ? 110 : (int)len,
		 body + strspn(body, " \t\r\n"));
	const char *what = *start == '\0'      ? "an empty answer"
			   : status / 100 == 3 ? "a redirect, which is not followed"
					       : "an answer that is none of AWS's";
	const char *message = str_printf(
		call->arena,
		"HTTP status %ld with %s (a proxy, or an endpoint without this "
		"operation?)%s%s",
		status, what, *start == '\0' ? "" : ": ", str_printable(call->arena, start, false));
	return status / 100 == 2 ? aws_error_malformed(call, message)
				 : aws_error_set(call, status, "", message);
}

const char *aws_json_code(struct arena *a, const char *header, const struct json *root)
{
	const char *text = header;
	if (str_empty(text))
		text = json_text(root, "code");
	if (str_empty(text))
		text = json_text(root, "__type");
	if (str_empty(text))
		return "";
	const char *cut = arena_copy(a, text, strcspn(text, ":;"));
	const char *hash = strrchr(cut, '#');
	return hash != NULL ? hash + 1 : cut;
}
