/* change_calendar: AWS Systems Manager's change calendars, asked over JSON 1.1: GetCalendarState. One
 * exchange a region; where several are named all must be open. */
#include <stdlib.h>
#include <string.h>

#include "aws_private.h"
#include "pare/arn.h"
#include "pare/json.h"
#include "pare/sigv4.h"
#include "pare/str.h"
#include "pare/when.h"
#include "pare/world.h"

enum { TRIES = 3, FIRST_WAIT_MS = 200, TIMEOUT_MS = 10000, BODY_MAX = 64 * 1024 };

struct asker {
	struct arena *arena;
	const struct clock_port *clock;
	struct credential_chain *credentials;
};

static const char *request_body(struct arena *a, const struct str_list *names)
{
	struct buf *b = buf_new(a, BODY_MAX);
	struct json_writer w;
	json_start(&w, b, true);
	json_open(&w, '{');
	json_member_list(&w, "CalendarNames", names);
	json_close(&w, '}');
	return b->data;
}

static struct http_exchange sign(struct arena *a, const struct aws_endpoint *at,
				 const struct credentials *keys, const char *body, int64_t now_ms)
{
	struct http_header *h = arena_array(a, 8, sizeof *h);
	size_t count = 0;
	char *date = arena_alloc(a, WHEN_TEXT);
	const char *host = strstr(at->url, "://") + 3;
	size_t host_len = strcspn(host, "/");
	when_compact(now_ms, date);
	h[count++] = (struct http_header){"host", arena_copy(a, host, host_len)};
	h[count++] = (struct http_header){"content-type", "application/x-amz-json-1.1"};
	h[count++] = (struct http_header){"x-amz-date", date};
	h[count++] = (struct http_header){"x-amz-target", "AmazonSSM.GetCalendarState"};
	if (keys->session_token != NULL)
		h[count++] = (struct http_header){"x-amz-security-token", keys->session_token};
	struct sigv4_request q = {
		.method = "POST", .path = str_printf(a, "%s/", host + host_len), .header = h,
		.header_count = count, .body = body, .body_len = strlen(body),
		.region = at->signing_region, .service = at->signing_name, .now_ms = now_ms};
	struct sigv4 s = sigv4_sign(a, &q, keys->access_key_id, keys->secret_access_key);
	h[count++] = (struct http_header){"authorization", s.authorization};
	return (struct http_exchange){.arena = a, .method = "POST", .header = h, .header_count = count,
				      .url = str_printf(a, "%s/", at->url), .body = body,
				      .body_len = strlen(body)};
}

/* Only the words OPEN and CLOSED say anything. */
static bool read_answer(struct arena *a, const struct http_exchange *x, bool *open, int64_t *next_ms,
			struct err *e)
{
	struct err bad;
	const struct json *v = json_parse(a, x->response, x->response_len, "GetCalendarState", &bad);
	if (x->status != 200) {
		const char *type = json_text(v, "__type");
		const char *says = json_text(v, "message") != NULL ? json_text(v, "message")
								   : json_text(v, "Message");
		const char *hash = type != NULL ? strrchr(type, '#') : NULL;
		enum err_kind kind = x->status >= 500 || x->status == 429 ? ERR_UNAVAILABLE : ERR_REFUSED;
		return err_set(e, kind, "status %ld: %s%s%s", x->status,
			       hash != NULL   ? hash + 1
			       : type != NULL ? type
					      : "no error code",
			       says != NULL ? ": " : "", says != NULL ? str_printable(a, says, false) : "");
	}
	if (v == NULL)
		return err_set(e, ERR_INPUT, "%s", bad.message);
	const char *state = json_text(v, "State"), *next = json_text(v, "NextTransitionTime");
	*open = str_equal(state, "OPEN");
	if (!*open && !str_equal(state, "CLOSED"))
		return err_set(e, ERR_INPUT, "the answer's 'State' is neither OPEN nor CLOSED");
	if (next == NULL || !when_parse(next, next_ms))
		*next_ms = 0;
	return true;
}

static bool once(struct asker *c, struct arena *a, struct http *http, const struct aws_endpoint *at,
		 const struct str_list *names, bool *open, int64_t *next_ms, struct err *e)
{
	const struct credentials *keys = credentials_get(c->credentials, e);
	if (keys == NULL)
		return false;
	struct http_exchange x = sign(a, at, keys, request_body(a, names), c->clock->now_ms(c->clock->self));
	if (http_do(http, &x) && x.transport_ok)
		return read_answer(a, &x, open, next_ms, e);
	*e = x.err;
	e->kind = ERR_UNAVAILABLE; /* a question does no harm when it is asked again */
	return false;
}

static bool ask_region(struct asker *c, struct arena *a, const char *region,
		       const struct str_list *names, bool *open, int64_t *next_ms, struct err *e)
{
	struct http_setting setting = http_setting_default();
	struct profile_set set = {0};
	struct aws_endpoint at;
	setting.total_timeout_ms = TIMEOUT_MS;
	setting.user_agent = "pare";
	if (!profile_read(a, &set, e) || !endpoint_of(a, "ssm", region, &set, &at, e))
		return false;
	setting.ca_bundle = arena_strdup(a, profile_setting(&set, "AWS_CA_BUNDLE", "ca_bundle"));
	struct http *http = http_new(a, &setting, e);
	int64_t wait_ms = FIRST_WAIT_MS;
	for (int i = 0; http != NULL && i < TRIES; i++, wait_ms *= 4) {
		if (once(c, a, http, &at, names, open, next_ms, e))
			return true;
		if (e->kind != ERR_UNAVAILABLE || c->clock->interrupted(c->clock->self))
			return false;
		if (i + 1 < TRIES)
			c->clock->sleep_until(c->clock->self, c->clock->now_ms(c->clock->self) + wait_ms);
	}
	return false;
}

static bool state(void *self, const struct str_list *names, bool *open, int64_t *next_ms,
		  struct err *e)
{
	struct asker *c = self;
	struct arena *a = arena_new(NULL);
	struct str_list regions = {0};
	bool ok = true;
	*open = true;
	*next_ms = 0;
	for (size_t i = 0; ok && i < names->count; i++) {
		struct arn arn;
		ok = arn_parse(a, names->item[i], &arn, e);
		if (ok && !str_list_has(&regions, arn.region))
			str_list_add(a, &regions, arn.region);
	}
	for (size_t r = 0; ok && r < regions.count && *open; r++) {
		struct str_list here = {0};
		for (size_t i = 0; i < names->count; i++)
			if (str_equal(str_part(a, names->item[i], ':', 3, false), regions.item[r]))
				str_list_add(a, &here, names->item[i]);
		ok = ask_region(c, a, regions.item[r], &here, open, next_ms, e);
	}
	if (!ok)
		*open = false;
	arena_free(a);
	return ok;
}

struct calendar_port change_calendar(struct arena *a, const struct clock_port *clock)
{
	struct asker *c = arena_alloc(a, sizeof *c);
	const struct credential_setting keys = {.clock = clock};
	*c = (struct asker){a, clock, credentials_open(a, &keys)};
	return (struct calendar_port){c, state};
}
