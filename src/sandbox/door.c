#include "door.h"

#include <string.h>

#include "form.h"
#include "organization.h"
#include "pare/str.h"

/* One request on its way in. */
struct visit {
	struct sandbox *sandbox;
	struct arena *arena;
	struct signature_request signed_as;
	struct wire_request wire;
	struct form form;
	bool is_form;
	struct wire_answer *out;
};

static const char *service_name(enum wire_service service)
{
	static const char *const names[] = {
		[WIRE_IAM] = "iam", [WIRE_STS] = "sts", [WIRE_ANALYZER] = "access-analyzer",
		[WIRE_ORGANIZATIONS] = "organizations"};
	return names[service];
}

/* The same trouble has another name in the services that answer in JSON, and sometimes another
 * status in STS. */
struct trouble {
	const char *query_code, *json_code;
	int query_status, json_status, sts_status;
};

static const struct trouble troubles[] = {
	[SIGNATURE_ABSENT] = {"MissingAuthenticationToken", "MissingAuthenticationTokenException", 403,
			      403, 403},
	[SIGNATURE_INCOMPLETE] = {"IncompleteSignature", "IncompleteSignatureException", 400, 403, 400},
	[SIGNATURE_KEY_UNKNOWN] = {"InvalidClientTokenId", "UnrecognizedClientException", 403, 403, 403},
	[SIGNATURE_TOKEN_WRONG] = {"InvalidClientTokenId", "UnrecognizedClientException", 403, 403, 403},
	[SIGNATURE_TOKEN_EXPIRED] = {"ExpiredToken", "ExpiredTokenException", 403, 403, 400},
	[SIGNATURE_MISMATCH] = {"SignatureDoesNotMatch", "InvalidSignatureException", 403, 403, 403},
};

static const struct trouble too_large = {"RequestEntityTooLarge", "RequestEntityTooLargeException",
					 413, 413, 413};
static const struct trouble malformed = {"MalformedQueryString", "ValidationException", 404, 400, 404};

static bool in_json(const struct visit *v)
{
	return v->wire.service == WIRE_ANALYZER || v->wire.service == WIRE_ORGANIZATIONS;
}

static void refuse(struct visit *v, const struct trouble *t, const char *message)
{
	bool json = in_json(v);
	int status = v->wire.service == WIRE_ORGANIZATIONS && t->json_status == 403 ? 400
		     : json ? t->json_status
		     : v->wire.service == WIRE_STS ? t->sts_status : t->query_status;
	wire_error(v->sandbox, v->wire.service, v->arena, status, json ? t->json_code : t->query_code,
		   message, v->out);
}

/* The services share one address here, so the request's shape says whom it means: the path of a
 * REST call, the target of a JSON call, the version of a form. The credential scope only breaks the tie; were it trusted
 * alone, a scope for the wrong service would never be noticed. */
static enum wire_service find_service(const struct visit *v, const char *scope)
{
	const char *version = form_get(&v->form, "Version");
	bool root = strcmp(v->wire.path, "/") == 0 || *v->wire.path == '\0';
	if (root && v->wire.target != NULL)
		return WIRE_ORGANIZATIONS;
	bool action = form_get(&v->form, "Action") != NULL;
	if (!root || (!action && !v->is_form && str_equal(scope, "access-analyzer")))
		return WIRE_ANALYZER;
	if (str_equal(version, "2011-06-15"))
		return WIRE_STS;
	if (str_equal(version, "2010-05-08"))
		return WIRE_IAM;
	return str_equal(scope, "sts") ? WIRE_STS : WIRE_IAM;
}

static bool says_form(const char *content_type)
{
	static const char form[] = "application/x-www-form-urlencoded";
	if (content_type == NULL)
		return true;
	size_t len = strcspn(content_type, "; \t");
	return len == strlen(form) && strncasecmp(content_type, form, len) == 0;
}

static void take_apart(struct visit *v, const struct door_request *in, bool *readable)
{
	size_t path = strcspn(in->target, "?");
	v->wire = (struct wire_request){
		.arena = in->arena,
		.method = in->method,
		.path = arena_copy(in->arena, in->target, path),
		.body = in->body->data,
		.body_len = in->body->len,
	};
	v->signed_as = (struct signature_request){
		.method = in->method,
		.path = v->wire.path,
		.query = in->target[path] == '?' ? in->target + path + 1 : NULL,
		.header = in->header,
		.header_count = in->header_count,
		.body = in->body->data,
		.body_len = in->body->len,
	};
	v->wire.target = organization_operation(signature_header(&v->signed_as, "x-amz-target"));
	bool root = strcmp(v->wire.path, "/") == 0;
	const char *query = v->signed_as.query != NULL ? v->signed_as.query : "";
	*readable = form_read(in->arena, query, strlen(query), &v->form);
	v->is_form = root && in->body->len > 0 &&
		     says_form(signature_header(&v->signed_as, "content-type"));
	if (*readable && v->is_form)
		*readable = form_read(in->arena, in->body->data, in->body->len, &v->form);
	v->wire.param = v->form.param;
	v->wire.param_count = v->form.count;
}

static const struct wire_key *find_key(void *self, const char *access_key_id)
{
	return wire_key(self, access_key_id);
}

/* The JSON services show what they computed; it is how people find out what they did wrong. */
static const char *explained(struct visit *v, const struct signature_result *r)
{
	if (!in_json(v) || r->to_sign == NULL || r->verdict != SIGNATURE_MISMATCH)
		return r->message;
	return str_printf(v->arena, "%s\n\nThe Canonical String for this request should have been\n'%s'"
			  "\n\nThe String-to-Sign should have been\n'%s'\n",
			  r->message, r->canonical, r->to_sign);
}

static bool authenticate(struct visit *v)
{
	struct signature_result r;
	struct signature_check check = {
		.now_ms = wire_now_ms(v->sandbox),
		.service = service_name(v->wire.service),
		.key = find_key,
		.self = v->sandbox,
	};
	signature_verify(v->arena, &v->signed_as, &check, &r);
	if (r.verdict != SIGNATURE_GOOD) {
		refuse(v, &troubles[r.verdict], explained(v, &r));
		return false;
	}
	v->wire.account = r.key->account;
	v->wire.caller_arn = r.key->caller_arn;
	v->wire.region = r.region;
	return true;
}

void door_answer(struct sandbox *s, const struct door_request *in, struct wire_answer *out)
{
	struct visit v = {.sandbox = s, .arena = in->arena, .out = out};
	bool readable;
	*out = (struct wire_answer){0};
	take_apart(&v, in, &readable);
	v.wire.service = find_service(&v, signature_service(in->arena, &v.signed_as));
	if (in->too_large)
		refuse(&v, &too_large, str_printf(in->arena, "Request body is larger than %d bytes.",
						  DOOR_BODY_MAX));
	else if (authenticate(&v) && !readable)
		refuse(&v, &malformed, "The query string contains a syntax error.");
	else if (readable && v.wire.account != NULL)
		wire_handle(s, &v.wire, out);
}
