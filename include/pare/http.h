/* http: HTTP exchanges over one event loop: many at once, connections kept and reused. The only
 * door to libcurl. TLS verification cannot be switched off; redirects are never followed; netrc,
 * cookies and URLs with a user in them are not used. Proxies are those of HTTPS_PROXY, HTTP_PROXY,
 * ALL_PROXY and NO_PROXY (or in lower case, which comes first); loopback addresses and those of
 * instance and container metadata never go through one. */
#ifndef PARE_HTTP_H
#define PARE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pare/arena.h"
#include "pare/buf.h"
#include "pare/err.h"
#include "pare/str.h"

struct http_setting {
	const char *ca_bundle;      /* PEM file that replaces the system's store; NULL */
	const char *user_agent;
	long connect_timeout_ms;    /* 5000 */
	long total_timeout_ms;      /* 60000 */
	size_t max_response_bytes;  /* 32 MiB */
	size_t connections_per_host; /* 8 */
};
struct http_setting http_setting_default(void);

struct http_header {
	const char *name;
	const char *value;
};

struct http_exchange {
	struct arena *arena; /* the response is allocated here */
	void *owner;         /* the caller's own */
	/* request: sent exactly as given; the path is not normalised */
	const char *method;
	const char *url;     /* http or https only */
	struct http_header *header;
	size_t header_count;
	const char *body;    /* may hold NULs */
	size_t body_len;
	bool once; /* leaves this machine once at most: not again by itself when a kept connection turns
		      out to be dead, where once too often does harm */
	long timeout_ms; /* to connect and in all; 0: the setting's */
	bool direct;	 /* never through a proxy: a machine's own metadata */
	/* response */
	long status;         /* 0: no response, see err */
	struct http_header *response_header; /* names lower-case */
	size_t response_header_count;
	const char *response;
	size_t response_len;
	/* ERR_UNAVAILABLE: nothing was sent (DNS, connect, TLS). ERR_UNCERTAIN: sent, no whole
	 * answer. */
	struct err err;
	bool transport_ok;
	bool oversize;  /* the answer passed max_response_bytes */
	bool timed_out;
};

struct http;

struct http *http_new(struct arena *a, const struct http_setting *setting, struct err *e);
void http_start(struct http *h, struct http_exchange *x);
/* Waits at most timeout_ms for one exchange to end; NULL when none did (or a signal came). */
struct http_exchange *http_next(struct http *h, long timeout_ms);
/* start, and next until it is done. */
bool http_do(struct http *h, struct http_exchange *x);
const char *http_response_header(const struct http_exchange *x, const char *lower_name);
size_t http_connections_opened(const struct http *h);

#endif
