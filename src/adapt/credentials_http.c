/* credentials_http: asking for credentials over HTTP, and reading what comes. */
#include <string.h>

#include "credentials_private.h"
#include "pare/digest.h"
#include "pare/json.h"
#include "pare/str.h"
#include "pare/version.h"
#include "pare/when.h"
#include "pare/xml.h"

enum { WAIT_MAX_MS = 20000 };

static bool open_http(struct search *s)
{
	struct http_setting h = http_setting_default();
	const char *bundle = profile_setting(s->set, "AWS_CA_BUNDLE", "ca_bundle");
	h.user_agent = "pare/" PARE_VERSION;
	h.ca_bundle = arena_strdup(s->arena, bundle);
	h.total_timeout_ms = 15000;
	h.max_response_bytes = CREDENTIALS_MAX_BYTES;
	if (s->http == NULL)
		s->http = http_new(s->arena, &h, s->e);
	return s->http != NULL;
}

static bool exchange(struct search *s, struct http_exchange *x)
{
	if (s->setting->exchange != NULL)
		return s->setting->exchange(s->setting->self, x);
	return http_do(s->http, x);
}

/* An answer that may be another one later. */
static bool passing(struct search *s, const struct http_exchange *x)
{
	const char *refusal = x->status >= 400 ? search_refusal(s, x) : "";
	return x->status == 429 || x->status >= 500 || str_starts(refusal, "Throttling") ||
	       str_starts(refusal, "IDPCommunicationError") ||
	       str_starts(refusal, "TooManyRequests") || str_starts(refusal, "RequestTimeout");
}

static void pause_before(struct search *s, const struct search_try *t, unsigned attempt)
{
	uint32_t random;
	int64_t ceiling = t->base_ms;
	const struct clock_port *clock = s->setting->clock;
	for (unsigned i = 1; i < attempt && ceiling < WAIT_MAX_MS; i++)
		ceiling *= 2;
	random_bytes(&random, sizeof random);
	ceiling = ceiling > WAIT_MAX_MS ? WAIT_MAX_MS : ceiling;
	clock->sleep_until(clock->self, search_now(s) + ceiling * (random % 1024) / 1024);
}

bool search_send(struct search *s, struct http_exchange *x, const struct search_try *t)
{
	const struct clock_port *clock = s->setting->clock;
	if (s->setting->exchange == NULL && !open_http(s))
		return false;
	for (unsigned attempt = 1;; attempt++) {
		if (clock->interrupted(clock->self))
			return err_set(s->e, ERR_INTERRUPTED, "interrupted");
		bool answered = exchange(s, x);
		if (answered && !passing(s, x))
			return true;
		if (attempt >= (answered ? t->attempts : t->unreachable) || x->oversize) {
			if (!answered) {
				*s->e = x->err;
				s->e->kind = ERR_UNAVAILABLE; /* asking for keys changes nothing */
			}
			return answered;
		}
		pause_before(s, t, attempt);
	}
}

static const char *json_refusal(struct arena *a, const struct json *v)
{
	const char *code = json_text(v, "code"), *message = json_text(v, "message");
	if (code == NULL)
		code = json_text(v, "Code");
	if (code == NULL)
		code = json_text(v, "__type");
	if (code == NULL)
		code = json_text(v, "error");
	if (message == NULL)
		message = json_text(v, "Message");
	if (message == NULL)
		message = json_text(v, "error_description");
	const char *hash = code != NULL ? strrchr(code, '#') : NULL;
	if (code == NULL && message == NULL)
		return NULL;
	return str_printf(a, "%s: %.200s", hash != NULL ? hash + 1 : code != NULL ? code : "error",
			  message != NULL ? message : "no message");
}

const char *search_refusal(struct search *s, const struct http_exchange *x)
{
	struct err ignored;
	const char *first = x->response + strspn(x->response, " \t\r\n"), *text = NULL;
	if (*first == '<') {
		const struct xml *root = xml_parse(s->arena, x->response, x->response_len, &ignored);
		const struct xml *error = xml_child(root, "Error");
		const char *code = xml_text(error, "Code"), *message = xml_text(error, "Message");
		if (code != NULL)
			text = str_printf(s->arena, "%.64s: %.300s", code,
					  message != NULL ? message : "no message");
	} else if (*first == '{') {
		text = json_refusal(s->arena, json_parse(s->arena, x->response, x->response_len,
							 "answer", &ignored));
	}
	return text != NULL ? text : str_printf(s->arena, "status %ld", x->status);
}

enum found search_json(struct search *s, const struct json *v, const struct search_names *names,
		       const char *what, struct credentials *out)
{
	struct credentials keys = {.source = what, .instance = names->instance};
	const char *key = json_text(v, names->key), *token = json_text(v, names->token);
	keys.access_key_id = json_text(v, names->id);
	if (v == NULL || v->type != JSON_OBJECT)
		return search_broken(s, "%s: expected a JSON object", what);
	if (str_empty(keys.access_key_id) || str_empty(key))
		return search_broken(s, "%s: the answer has no '%s'", what,
				     str_empty(keys.access_key_id) ? names->id : names->key);
	const struct json *end = json_get(v, names->expires);
	if (end != NULL && end->type != JSON_NULL &&
	    !(end->type == JSON_STRING ? when_parse(end->text, &keys.expires_ms)
				       : json_integer(end, &keys.expires_ms)))
		return search_broken(s, "%s: '%s' in the answer is no time", what, names->expires);
	keys.secret_access_key = arena_strdup(s->arena, key);
	keys.session_token = arena_strdup(s->arena, token);
	keys.account = names->account != NULL ? json_text(v, names->account) : NULL;
	return search_found(s, &keys, out);
}
