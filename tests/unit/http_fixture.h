/* The HTTP client and a request to the test's own server. */
#ifndef PARE_HTTP_FIXTURE_H
#define PARE_HTTP_FIXTURE_H

#include "test.h"

#include "pare/http.h"
#include "pare/str.h"
#include "server.h"

static inline struct http *client(struct arena *a, struct http_setting *s)
{
	struct err e;
	struct http *h = http_new(a, s, &e);
	assert_non_null(h);
	return h;
}

static inline struct http_exchange get(struct arena *a, const struct server *s, const char *path)
{
	return (struct http_exchange){.arena = a,
				      .method = "GET",
				      .url = str_printf(a, "http://127.0.0.1:%d%s", s->port, path)};
}

#endif
