#include "pare/http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <curl/curl.h>

#include "pare/digest.h"
#include "pare/str.h"

enum { MAX_HEADER_BYTES = 256 * 1024, KEPT_HOSTS = 4 };

struct http {
	struct arena *arena;
	struct http_setting setting;
	CURLM *multi;
	struct transfer *under_way;
	size_t connections;
};

/* Outlives its exchange's arena: libcurl writes into it until it is dropped. */
struct transfer {
	struct transfer *next, *previous;
	struct http *http;
	struct http_exchange *exchange;
	CURL *easy;
	struct curl_slist *headers;
	struct buf *body;
	size_t header_bytes, header_cap;
	size_t body_sent;
	bool headers_ended; /* by their empty line; libcurl takes a connection's end for it too */
	char message[CURL_ERROR_SIZE];
};

struct http_setting http_setting_default(void)
{
	return (struct http_setting){
		.connect_timeout_ms = 5000,
		.total_timeout_ms = 60000,
		.max_response_bytes = 32u * 1024 * 1024,
		.connections_per_host = 8,
	};
}

static void drop(struct transfer *t)
{
	struct http *h = t->http;
	curl_multi_remove_handle(h->multi, t->easy);
	for (struct curl_slist *x = t->headers; x != NULL; x = x->next)
		wipe(x->data, strlen(x->data)); /* one of them may be a token */
	curl_slist_free_all(t->headers);
	curl_easy_cleanup(t->easy);
	if (t->next != NULL)
		t->next->previous = t->previous;
	if (t->previous != NULL)
		t->previous->next = t->next;
	else
		h->under_way = t->next;
	free(t);
}

static void release(void *handle)
{
	struct http *h = handle;
	while (h->under_way != NULL)
		drop(h->under_way);
	curl_multi_cleanup(h->multi);
}

struct http *http_new(struct arena *a, const struct http_setting *setting, struct err *e)
{
	struct http *h = arena_alloc(a, sizeof *h);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (h->multi = curl_multi_init()) == NULL) {
		err_set(e, ERR_IO, "starting the HTTP client: libcurl does not start");
		return NULL;
	}
	h->arena = a;
	h->setting = *setting;
	curl_multi_setopt(h->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
			  (long)setting->connections_per_host);
	/* Else it keeps four for each transfer of the moment, and a time with little to do closes them. */
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)(KEPT_HOSTS * setting->connections_per_host));
	arena_defer(a, release, h);
	return h;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *user)
{
	struct transfer *t = user;
	buf_put(t->body, bytes, size * count);
	t->exchange->oversize = !buf_ok(t->body);
	return t->exchange->oversize ? 0 : size * count;
}

static void add_header(struct transfer *t, char *line)
{
	struct http_exchange *x = t->exchange;
	char *colon = strchr(line, ':');
	if (colon == NULL)
		return;
	*colon = '\0';
	for (char *end = colon; end > line && (end[-1] == ' ' || end[-1] == '\t'); end--)
		end[-1] = '\0';
	for (char *c = line; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	char *value = colon + 1 + strspn(colon + 1, " \t");
	value[strcspn(value, "\r\n")] = '\0';
	for (char *end = value + strlen(value); end > value && (end[-1] == ' ' || end[-1] == '\t');
	     end--)
		end[-1] = '\0';
	x->response_header = arena_grow(x->arena, x->response_header, x->response_header_count,
					&t->header_cap, sizeof *x->response_header);
	x->response_header[x->response_header_count++] = (struct http_header){line, value};
}

static size_t take_header(char *bytes, size_t size, size_t count, void *user)
{
	struct transfer *t = user;
	size_t len = size * count;
	bool first = len >= 5 && memcmp(bytes, "HTTP/", 5) == 0;
	if (first) {
		t->exchange->response_header_count =
			0; /* a further header block replaces the last */
		t->headers_ended = false;
	}
	t->header_bytes += len;
	if (t->header_bytes > MAX_HEADER_BYTES) {
		t->exchange->oversize = true;
		return 0;
	}
	if (len <= 2 && (bytes[0] == '\r' || bytes[0] == '\n'))
		t->headers_ended = true; /* what follows the body are trailers */
	if (first)
		return len;
	add_header(t, arena_copy(t->exchange->arena, bytes, len));
	return len;
}

static bool set_headers(struct transfer *t)
{
	const struct http_exchange *x = t->exchange;
	struct arena *scratch = arena_new(NULL);
	bool ok = true, content_type = false;
	for (size_t i = 0; i < x->header_count && ok; i++) {
		const struct http_header *h = &x->header[i];
		if (strpbrk(h->name, ": \r\n") != NULL || strpbrk(h->value, "\r\n") != NULL) {
			ok = err_set(&t->exchange->err, ERR_INPUT, "header '%s' holds a line end",
				     h->name);
			break;
		}
		content_type = content_type || strcasecmp(h->name, "content-type") == 0;
		char *line = h->value[0] == '\0' ? str_printf(scratch, "%s;", h->name)
						 : str_printf(scratch, "%s: %s", h->name, h->value);
		t->headers = curl_slist_append(t->headers, line);
		wipe(line, strlen(line));
	}
	/* What is signed is what is sent: nothing of libcurl's own. */
	t->headers = curl_slist_append(t->headers, "Expect:");
	t->headers = curl_slist_append(t->headers, "Accept:");
	if (!content_type)
		t->headers = curl_slist_append(t->headers, "Content-Type:");
	arena_free(scratch);
	return ok;
}

static size_t give_body(char *to, size_t size, size_t count, void *user)
{
	struct transfer *t = user;
	const struct http_exchange *x = t->exchange;
	size_t room = size * count, rest = x->body_len - t->body_sent;
	size_t len = rest < room ? rest : room;
	memcpy(to, x->body + t->body_sent, len);
	t->body_sent += len;
	return len;
}

/* Where a kept connection turns out to be dead, libcurl sends the request again on another by
 * itself, also when the server took it. It does not when the body, given piece by piece, would have
 * to be given from its start again; and what was sent without any of its body is no request yet. */
static void set_once(struct transfer *t)
{
	const struct http_exchange *x = t->exchange;
	if (x->body_len == 0) {
		curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, 1L);
		return;
	}
	curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, NULL);
	curl_easy_setopt(t->easy, CURLOPT_READFUNCTION, give_body);
	curl_easy_setopt(t->easy, CURLOPT_READDATA, t);
}

static void set_method(struct transfer *t)
{
	const struct http_exchange *x = t->exchange;
	bool get = strcmp(x->method, "GET") == 0;
	if (!get || x->body_len > 0) {
		curl_easy_setopt(t->easy, CURLOPT_POST, 1L);
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->body_len);
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, x->body != NULL ? x->body : "");
	}
	if (x->once)
		set_once(t);
	if (strcmp(x->method, "POST") != 0)
		curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, x->method);
}

/* libcurl would send a user in the URL as credentials of its own, and guess at odd characters. */
static bool url_valid(const char *url)
{
	const char *start = strstr(url, "://");
	if (start == NULL || (!str_starts(url, "http://") && !str_starts(url, "https://")))
		return false;
	for (const char *c = url; *c != '\0'; c++)
		if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f)
			return false;
	size_t host = strcspn(start + 3, "/?#");
	return host > 0 && memchr(start + 3, '@', host) == NULL && strchr(url, '\\') == NULL;
}

/* Loopback, and the link-local addresses that metadata has: what is on this machine is asked
 * directly. */
static bool on_this_machine(const char *url)
{
	static const char *const own[] = {"169.254.169.254", "169.254.170.2", "169.254.170.23"};
	const char *host = strstr(url, "://") + 3;
	if (str_starts(host, "[::1]") || str_starts(host, "[fd00:ec2::254]") ||
	    str_starts(host, "[fd00:ec2::23]"))
		return true;
	size_t len = strcspn(host, ":/?#");
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		if (len == strlen(own[i]) && strncmp(host, own[i], len) == 0)
			return true;
	if (len == 9 && strncasecmp(host, "localhost", 9) == 0)
		return true;
	return len <= 15 && strspn(host, "0123456789.") >= len && str_starts(host, "127.");
}

/* HTTP_PROXY, which libcurl does not read and AWS's tools do. Not below a web server: there it is the
 * Proxy header of a request from outside. */
static const char *plain_proxy(const char *url)
{
	const char *proxy = getenv("HTTP_PROXY");
	return str_starts(url, "http://") && getenv("http_proxy") == NULL &&
			       getenv("REQUEST_METHOD") == NULL && !str_empty(proxy)
		       ? proxy
		       : NULL;
}

static void set_options(struct transfer *t)
{
	const struct http_setting *s = &t->http->setting;
	CURL *c = t->easy;
	curl_easy_setopt(c, CURLOPT_URL, t->exchange->url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (s->ca_bundle != NULL) { /* instead of the system's authorities, not beside them */
		curl_easy_setopt(c, CURLOPT_CAINFO, s->ca_bundle);
		curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
	}
	const char *plain = plain_proxy(t->exchange->url);
	if (t->exchange->direct || on_this_machine(t->exchange->url))
		curl_easy_setopt(c, CURLOPT_PROXY, "");
	else if (plain != NULL)
		curl_easy_setopt(c, CURLOPT_PROXY, plain);
	curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	if (s->user_agent != NULL)
		curl_easy_setopt(c, CURLOPT_USERAGENT, s->user_agent);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	long own_ms = t->exchange->timeout_ms;
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, own_ms > 0 ? own_ms : s->connect_timeout_ms);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, own_ms > 0 ? own_ms : s->total_timeout_ms);
	curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->message);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(c, CURLOPT_PRIVATE, t);
	curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
}

void http_start(struct http *h, struct http_exchange *x)
{
	struct transfer *t = calloc(1, sizeof *t);
	if (t == NULL)
		abort();
	x->status = 0;
	x->transport_ok = x->oversize = x->timed_out = false;
	x->err = (struct err){.kind = ERR_NONE};
	x->response = "";
	x->response_len = 0;
	x->response_header = NULL;
	x->response_header_count = 0;
	t->http = h;
	t->exchange = x;
	t->next = h->under_way;
	if (t->next != NULL)
		t->next->previous = t;
	h->under_way = t;
	t->body = buf_new(x->arena, h->setting.max_response_bytes);
	t->easy = curl_easy_init();
	if (t->easy == NULL)
		abort();
	if (!url_valid(x->url))
		/* Not printed: it may be a password that makes it wrong. */
		err_set(&x->err, ERR_INPUT,
			"asking a server: the URL is not http:// or https:// with a host, "
			"or holds a user or spaces");
	if (x->err.kind != ERR_NONE || !set_headers(t)) {
		/* Ends in http_next like any other: a URL that cannot be reached. */
		curl_easy_setopt(t->easy, CURLOPT_URL, "refused:");
	} else {
		set_options(t);
		set_method(t);
	}
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	curl_multi_add_handle(h->multi, t->easy);
}

/* Nothing of the request left this machine: it may be sent again whatever it was. */
static bool never_sent(CURL *easy, CURLcode code)
{
	long request_bytes = 0, tunnel = 0;
	curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &request_bytes);
	curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &tunnel);
	if (tunnel != 0 && tunnel / 100 != 2)
		return true; /* the proxy refused: only CONNECT was sent */
	switch (code) {
	case CURLE_SSL_CONNECT_ERROR: /* through a proxy CONNECT was sent, and no more */
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		return true;
	default:
		/* Not by the code: CURLE_UNSUPPORTED_PROTOCOL is also an answer that is no
		 * HTTP, and CURLE_COULDNT_CONNECT follows a request that a kept connection took
		 * with it. */
		return request_bytes == 0;
	}
}

static struct http_exchange *end_transfer(struct http *h, CURLMsg *message)
{
	struct transfer *t;
	CURLcode code = message->data.result;
	long opened = 0;
	curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
	struct http_exchange *x = t->exchange;
	curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &opened);
	h->connections += (size_t)opened;
	x->timed_out = code == CURLE_OPERATION_TIMEDOUT;
	if (code == CURLE_OK && !t->headers_ended) {
		err_set(&x->err, ERR_UNCERTAIN, "'%s': the answer ended within its headers",
			x->url);
	} else if (code == CURLE_OK) {
		curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &x->status);
		x->response = arena_copy(x->arena, t->body->data, t->body->len);
		x->response_len = t->body->len;
		x->transport_ok = true;
	} else if (x->oversize) {
		err_set(&x->err, ERR_UNCERTAIN, "'%s': the answer is larger than %zu bytes", x->url,
			h->setting.max_response_bytes);
	} else if (code == CURLE_SEND_FAIL_REWIND) {
		err_set(&x->err, ERR_UNCERTAIN, "'%s': the connection ended before the answer", x->url);
	} else if (x->err.kind == ERR_NONE) {
		err_set(&x->err, never_sent(t->easy, code) ? ERR_UNAVAILABLE : ERR_UNCERTAIN,
			"'%s': %s", x->url,
			t->message[0] != '\0' ? t->message : curl_easy_strerror(code));
	}
	drop(t);
	return x;
}

static int64_t monotonic_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct http_exchange *take_ended(struct http *h)
{
	int left = 0;
	CURLMsg *message = curl_multi_info_read(h->multi, &left);
	return message != NULL && message->msg == CURLMSG_DONE ? end_transfer(h, message) : NULL;
}

struct http_exchange *http_next(struct http *h, long timeout_ms)
{
	int64_t until = monotonic_ms() + timeout_ms;
	struct http_exchange *ended = take_ended(h); /* several may have ended together */
	if (ended != NULL)
		return ended;
	for (;;) {
		int running = 0;
		curl_multi_perform(h->multi, &running);
		if ((ended = take_ended(h)) != NULL)
			return ended;
		int64_t rest = until - monotonic_ms();
		if (rest <= 0)
			return NULL;
		curl_multi_poll(h->multi, NULL, 0, rest > 1000 ? 1000 : (int)rest, NULL);
	}
}

bool http_do(struct http *h, struct http_exchange *x)
{
	http_start(h, x);
	struct http_exchange *done;
	do
		done = http_next(h, h->setting.total_timeout_ms + 5000);
	while (done != NULL && done != x);
	for (struct transfer *t = h->under_way; done == NULL && t != NULL; t = t->next)
		if (t->exchange == x) {
			/* libcurl's own limit did not end it: x must not be written to any more. */
			err_set(&x->err, ERR_UNCERTAIN, "'%s': no answer in time", x->url);
			drop(t);
			break;
		}
	return x->transport_ok;
}

const char *http_response_header(const struct http_exchange *x, const char *lower_name)
{
	for (size_t i = 0; i < x->response_header_count; i++)
		if (strcmp(x->response_header[i].name, lower_name) == 0)
			return x->response_header[i].value;
	return NULL;
}

size_t http_connections_opened(const struct http *h)
{
	return h->connections;
}
