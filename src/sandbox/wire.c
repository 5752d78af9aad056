/* wire: what happens to an authenticated request: faults, then the service's protocol. */
#include "wire.h"

#include <string.h>

#include "model.h"
#include "organization.h"
#include "query.h"
#include "rest.h"

enum { ANSWER_MAX_BYTES = 1 << 30 };

static void prepare(struct sandbox *s, enum wire_service service, struct arena *a,
		    struct wire_answer *answer)
{
	*answer = (struct wire_answer){.status = 200};
	answer->content_type = service == WIRE_ANALYZER		? "application/json"
			       : service == WIRE_ORGANIZATIONS ? "application/x-amz-json-1.1"
							       : "text/xml";
	answer->request_id = box_uuid(s, a);
	answer->body = buf_new(a, ANSWER_MAX_BYTES);
	answer->fate = WIRE_SEND;
}

void wire_error(struct sandbox *s, enum wire_service service, struct arena *a, int status,
		const char *code, const char *message, struct wire_answer *answer)
{
	prepare(s, service, a, answer);
	answer->status = status;
	if (service == WIRE_ANALYZER)
		rest_error(answer, a, arena_strdup(a, code), message);
	else if (service == WIRE_ORGANIZATIONS)
		organization_error(answer, code, message);
	else
		query_error(answer, service == WIRE_STS, status, code, message);
}

static void serve(struct sandbox *s, struct wire_request *request, struct wire_answer *answer)
{
	prepare(s, request->service, request->arena, answer);
	if (request->service == WIRE_ANALYZER)
		rest_handle(s, request, answer);
	else if (request->service == WIRE_ORGANIZATIONS)
		organization_handle(s, request, answer);
	else
		query_handle(s, request, answer);
	if (s->broken[0] != '\0')
		wire_error(s, request->service, request->arena, 500,
			   request->service == WIRE_ANALYZER	     ? "InternalServerException"
			   : request->service == WIRE_ORGANIZATIONS ? "ServiceException"
								      : "ServiceFailure",
			   s->broken, answer);
}

static void throttle(struct sandbox *s, struct wire_request *r, struct wire_answer *answer)
{
	if (r->service == WIRE_ANALYZER)
		wire_error(s, r->service, r->arena, 429, "ThrottlingException", "Rate exceeded", answer);
	else if (r->service == WIRE_ORGANIZATIONS)
		wire_error(s, r->service, r->arena, 400, "TooManyRequestsException",
			   "You have sent too many requests in too short a period of time. Try again later.",
			   answer);
	else
		wire_error(s, r->service, r->arena, 400, "Throttling", "Rate exceeded", answer);
}

static void unavailable(struct sandbox *s, struct wire_request *r, struct wire_answer *answer)
{
	if (r->service == WIRE_ANALYZER)
		wire_error(s, r->service, r->arena, 500, "InternalServerException", "Internal server error", answer);
	else if (r->service == WIRE_ORGANIZATIONS)
		wire_error(s, r->service, r->arena, 500, "ServiceException",
			   "AWS Organizations can't complete your request because of an internal service error. "
			   "Try again later.",
			   answer);
	else if (box_chance(s) < 0.5)
		wire_error(s, r->service, r->arena, 500, "ServiceFailure",
			   "The request processing has failed because of an unknown error.", answer);
	else
		wire_error(s, r->service, r->arena, 503, "ServiceUnavailable",
			   "The request has failed due to a temporary failure of the server.", answer);
}

static void deny(struct sandbox *s, struct wire_request *r, struct wire_answer *answer)
{
	wire_error(s, r->service, r->arena, 403, "AccessDeniedException",
		   str_printf(r->arena, "User: %s is not authorized to perform this action in %s with an explicit deny "
			      "in a service control policy", r->caller_arn, r->region),
		   answer);
}

void wire_handle(struct sandbox *s, struct wire_request *request, struct wire_answer *answer)
{
	bool writes = request->service == WIRE_ANALYZER	     ? rest_writes(request)
		      : request->service == WIRE_ORGANIZATIONS ? false
							       : query_writes(request);
	const struct account *account = box_account(s, request->account);
	enum account_fault fault = ACCOUNT_WELL;
	if (request->service == WIRE_IAM && account != NULL)
		fault = account->fault;
	else if (request->service == WIRE_ANALYZER)
		fault = box_region_fault(s, request->region);
	enum box_fate fate = s->killed ? FATE_KILL_BEFORE : faults_next(s, writes);
	if (fate == FATE_ANSWER && fault == ACCOUNT_THROTTLED)
		fate = FATE_THROTTLE;
	if (fate == FATE_ANSWER && fault == ACCOUNT_UNREACHABLE)
		fate = FATE_CUT_BEFORE;
	switch (fate) {
	case FATE_ANSWER:
		if (request->service == WIRE_ANALYZER && fault == ACCOUNT_DENIED)
			deny(s, request, answer);
		else
			serve(s, request, answer);
		return;
	case FATE_THROTTLE:
		throttle(s, request, answer);
		return;
	case FATE_UNAVAILABLE_AFTER:
		serve(s, request, answer);
		unavailable(s, request, answer);
		return;
	case FATE_UNAVAILABLE_BEFORE:
		unavailable(s, request, answer);
		return;
	case FATE_CUT_AFTER:
	case FATE_KILL_AFTER:
		serve(s, request, answer);
		break;
	case FATE_CUT_BEFORE:
	case FATE_KILL_BEFORE:
		prepare(s, request->service, request->arena, answer);
		break;
	}
	s->killed = fate == FATE_KILL_BEFORE || fate == FATE_KILL_AFTER;
	answer->fate = WIRE_CUT;
}
