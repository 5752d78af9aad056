/* fetch: public documents over http.h; no credentials, no redirects. */
#include "pare/port.h"

#include "pare/http.h"
#include "pare/str.h"
#include "pare/version.h"
#include "pare/world.h"

enum { ANSWER_MAX_BYTES = 16 * 1024 * 1024 };

struct fetcher {
	struct http *http;
};

struct pending {
	struct http_exchange exchange;
	struct fetch *fetch;
};

static void start(void *self, struct fetch *f)
{
	struct fetcher *x = self;
	struct pending *p = arena_alloc(f->arena, sizeof *p);
	f->ok = false;
	f->body = "";
	f->len = 0;
	f->err = (struct err){.kind = ERR_NONE};
	p->fetch = f;
	p->exchange = (struct http_exchange){.arena = f->arena, .owner = p, .method = "GET", .url = f->url};
	http_start(x->http, &p->exchange);
}

static void take(struct fetch *f, struct http_exchange *x)
{
	if (!x->transport_ok) {
		f->err = x->err;
		if (f->err.kind == ERR_UNCERTAIN) /* a document read half is just not read */
			f->err.kind = ERR_UNAVAILABLE;
	} else if (x->status == 200) {
		f->ok = true;
		f->body = x->response;
		f->len = x->response_len;
	} else {
		bool later = x->status == 429 || x->status >= 500;
		err_set(&f->err, later ? ERR_UNAVAILABLE : x->status == 404 ? ERR_NOT_FOUND : ERR_INPUT,
			"'%s' answers with status %ld, expected 200", f->url, x->status);
	}
}

static struct fetch *next(void *self, long timeout_ms)
{
	struct fetcher *x = self;
	struct http_exchange *done = http_next(x->http, timeout_ms);
	if (done == NULL)
		return NULL;
	struct pending *p = done->owner;
	take(p->fetch, done);
	return p->fetch;
}

bool fetch_open(struct arena *a, const char *ca_bundle, struct fetch_port *out, struct err *e)
{
	struct fetcher *x = arena_alloc(a, sizeof *x);
	struct http_setting s = http_setting_default();
	s.ca_bundle = ca_bundle;
	s.user_agent = "pare/" PARE_VERSION;
	s.max_response_bytes = ANSWER_MAX_BYTES;
	x->http = http_new(a, &s, e);
	*out = (struct fetch_port){x, start, next};
	return x->http != NULL;
}
