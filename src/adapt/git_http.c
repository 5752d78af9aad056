/* git_http: git's smart HTTP over our own HTTP client: TLS by OpenSSL, time limits, no redirects.
 * Protocol: gitprotocol-http. */
#include <stdlib.h>
#include <string.h>

#include "git_private.h"
#include "pare/digest.h"
#include "pare/str.h"

enum { GIT_BODY_MAX = 256 * 1024 * 1024, SAID_MAX = 200 };

struct carrier { /* what libgit2 knows as a subtransport */
	git_smart_subtransport base;
	struct git *git;
};

struct stream {
	git_smart_subtransport_stream base;
	struct git *git;
	struct arena *arena;
	const char *url, *method, *expects, *sends;
	struct buf *body;
	struct http *http;
	bool pushes;
	struct http_exchange exchange;
	bool done;
	size_t at;
};

static int broken(struct stream *s, enum err_kind kind, const char *words)
{
	err_set(&s->git->net_err, kind, "%s", words);
	git_error_set_str(GIT_ERROR_NET, words);
	return kind == ERR_AUTH ? GIT_EAUTH : -1;
}

/* The first line of a refusal in plain text: forges say why. */
static const char *said(struct stream *s)
{
	const struct http_exchange *x = &s->exchange;
	const char *type = http_response_header(x, "content-type");
	if (type == NULL || !str_starts(type, "text/plain") || x->response_len == 0)
		return "";
	char *line = str_printable(s->arena, x->response, true);
	line[strcspn(line, "\n")] = '\0';
	return str_printf(s->arena, "; it says: %.*s", SAID_MAX, line);
}

static int judge_status(struct stream *s)
{
	const struct http_exchange *x = &s->exchange;
	const char *auth = s->git->auth.name != NULL
				   ? "PARE_GIT_TOKEN (and PARE_GIT_USERNAME) may not do this"
				   : "set PARE_GIT_TOKEN (and PARE_GIT_USERNAME)";
	if (x->status == 401 || x->status == 403)
		return broken(s, ERR_AUTH,
			      str_printf(s->arena, "the git server answered %ld: %s%s", x->status,
					 auth, said(s)));
	if (x->status == 404)
		return broken(
			s, ERR_NOT_FOUND,
			str_printf(s->arena,
				   "the git server knows no such repository (404), or does not "
				   "show it to these credentials%s",
				   said(s)));
	if (x->status >= 300 && x->status < 400)
		return broken(s, ERR_UNAVAILABLE,
			      "the git server redirects; redirects are not followed, so that "
			      "credentials go "
			      "nowhere else: give the final URL");
	if (x->status != 200)
		return broken(
			s, s->pushes && x->status >= 500 ? ERR_UNCERTAIN : ERR_UNAVAILABLE,
			str_printf(s->arena, "the git server answered %ld%s", x->status, said(s)));
	return 0;
}

static int judge_answer(struct stream *s)
{
	const struct http_exchange *x = &s->exchange;
	if (!x->transport_ok)
		return broken(s, s->pushes ? x->err.kind : ERR_UNAVAILABLE, x->err.message);
	int rc = judge_status(s);
	if (rc < 0)
		return rc;
	const char *type = http_response_header(x, "content-type");
	if (!str_equal(type, s->expects))
		return broken(
			s, ERR_INPUT,
			"the server's answer is not git's smart protocol: is this the URL of a git "
			"repository?");
	return 0;
}

static int exchange(struct stream *s)
{
	struct http_header *header = arena_array(s->arena, 4, sizeof *header);
	size_t count = 0;
	header[count++] = (struct http_header){"accept", s->expects};
	if (s->sends != NULL)
		header[count++] = (struct http_header){"content-type", s->sends};
	if (s->git->auth.name != NULL)
		header[count++] = s->git->auth;
	s->exchange = (struct http_exchange){.arena = s->arena,
					     .method = s->method,
					     .url = s->url,
					     .header = header,
					     .header_count = count,
					     .body = s->body->data,
					     .body_len = s->body->len};
	http_do(s->http, &s->exchange);
	s->done = true;
	return judge_answer(s);
}

static int stream_read(git_smart_subtransport_stream *base, char *buffer, size_t size, size_t *got)
{
	struct stream *s = (struct stream *)base;
	int rc = s->done ? 0 : exchange(s);
	*got = 0;
	if (rc < 0)
		return rc;
	size_t left = s->exchange.response_len - s->at;
	*got = left < size ? left : size;
	memcpy(buffer, s->exchange.response + s->at, *got);
	s->at += *got;
	return 0;
}

static int stream_write(git_smart_subtransport_stream *base, const char *bytes, size_t len)
{
	struct stream *s = (struct stream *)base;
	buf_put(s->body, bytes, len);
	return buf_ok(s->body) ? 0 : broken(s, ERR_LIMIT, "what is to be pushed is too large");
}

static void stream_free(git_smart_subtransport_stream *base)
{
	struct stream *s = (struct stream *)base;
	arena_free(s->arena);
}

static int act(git_smart_subtransport_stream **out, git_smart_subtransport *base, const char *url,
	       git_smart_service_t action)
{
	struct carrier *c = (struct carrier *)base;
	struct arena *a = arena_new(c->git->arena);
	struct stream *s = arena_alloc(a, sizeof *s);
	bool upload = action == GIT_SERVICE_UPLOADPACK || action == GIT_SERVICE_UPLOADPACK_LS;
	bool listing = action == GIT_SERVICE_UPLOADPACK_LS || action == GIT_SERVICE_RECEIVEPACK_LS;
	const char *service = upload ? "git-upload-pack" : "git-receive-pack";
	size_t len = strlen(url);
	while (len > 0 && url[len - 1] == '/')
		len--;
	s->base = (git_smart_subtransport_stream){base, stream_read, stream_write, stream_free};
	s->git = c->git;
	s->arena = a;
	s->http = listing ? c->git->lister : c->git->carrier;
	s->pushes = !upload && !listing;
	s->body = buf_new(a, GIT_BODY_MAX);
	s->method = listing ? "GET" : "POST";
	s->url = listing ? str_printf(a, "%.*s/info/refs?service=%s", (int)len, url, service)
			 : str_printf(a, "%.*s/%s", (int)len, url, service);
	s->expects =
		str_printf(a, "application/x-%s-%s", service, listing ? "advertisement" : "result");
	s->sends = listing ? NULL : str_printf(a, "application/x-%s-request", service);
	*out = &s->base;
	return 0;
}

static int carrier_close(git_smart_subtransport *base)
{
	(void)base;
	return 0;
}

static void carrier_free(git_smart_subtransport *base)
{
	(void)base; /* the arena's */
}

static int make_carrier(git_smart_subtransport **out, git_transport *owner, void *param)
{
	struct git *g = param;
	struct carrier *c = arena_alloc(g->arena, sizeof *c);
	(void)owner;
	c->base = (git_smart_subtransport){act, carrier_close, carrier_free};
	c->git = g;
	*out = &c->base;
	return 0;
}

/* Exactly this machine: "http://127.0.0.1.example" is not. */
static bool is_loopback(struct arena *a, const char *url)
{
	static const char *const hosts[] = {"127.0.0.1", "localhost", "[::1]"};
	char *host = arena_strdup(a, url + strlen("http://"));
	host[strcspn(host, "/?#")] = '\0';
	char *port = strrchr(host, ':');
	if (port != NULL && strchr(port, ']') == NULL)
		*port = '\0';
	for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++)
		if (strcmp(host, hosts[i]) == 0)
			return true;
	return false;
}

static void wipe_header(void *value)
{
	wipe(value, strlen(value));
}

static bool read_token(struct git *g, struct err *e)
{
	const char *user = getenv("PARE_GIT_USERNAME"), *token = getenv("PARE_GIT_TOKEN");
	if (str_empty(token))
		return true;
	if (!str_starts(g->url, "https://") && !is_loopback(g->arena, g->url))
		return err_set(e, ERR_USAGE,
			       "PARE_GIT_TOKEN is set, and the URL is not https: it would be sent "
			       "readable by everybody on the way");
	char *pair =
		str_printf(g->arena, "%s:%s", str_empty(user) ? "x-access-token" : user, token);
	char *encoded = base64_encode(g->arena, pair, strlen(pair));
	char *value = str_printf(g->arena, "Basic %s", encoded);
	wipe(pair, strlen(pair));
	wipe(encoded, strlen(encoded));
	arena_defer(g->arena, wipe_header, value);
	g->auth = (struct http_header){"authorization", value};
	return true;
}

static struct http *client(struct git *g, long timeout_ms, struct err *e)
{
	struct http_setting setting = http_setting_default();
	setting.user_agent = "git/pare";
	setting.total_timeout_ms = timeout_ms;
	if (setting.connect_timeout_ms > timeout_ms)
		setting.connect_timeout_ms = timeout_ms;
	setting.max_response_bytes = GIT_BODY_MAX;
	setting.ca_bundle = getenv("GIT_SSL_CAINFO");
	return http_new(g->arena, &setting, e);
}

bool git_http_open(struct git *g, struct err *e)
{
	g->subtransport = (git_smart_subtransport_definition){make_carrier, 1, g};
	if ((g->lister = client(g, g->list_timeout_ms, e)) == NULL ||
	    (g->carrier = client(g, g->transfer_timeout_ms, e)) == NULL)
		return false;
	return read_token(g, e);
}
