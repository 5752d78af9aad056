/* A forge that follows a script: what must be asked, in order, and what is answered. */
#ifndef PARE_FORGE_FIXTURE_H
#define PARE_FORGE_FIXTURE_H

#include "test.h"

#include <stdio.h>

#include "../../src/adapt/forge_private.h"
#include "pare/str.h"
#include "server.h"

#define TOKEN "ghp_0123456789-sekret"

struct turn {
	const char *asked;   /* "GET /api/v3/…": the request line without its version */
	const char *body;    /* what is sent, or NULL: nothing */
	int status;
	const char *headers; /* beside the content type, or NULL */
	const char *answer;
	enum { TURN_JSON, TURN_HTML, TURN_CUT } kind;
};

struct play {
	struct server server;
	const struct turn *turn;
	size_t count;
	char wrong[1024]; /* the first difference */
	struct arena *arena;
	struct config config;
	struct clock_port clock;
	int64_t now_ms, slept_ms;
	struct forge_port port;
	struct err e;
};

static inline void play_differs(struct play *p, size_t n, const char *what, const char *got)
{
	if (p->wrong[0] == '\0')
		snprintf(p->wrong, sizeof p->wrong, "request %zu: %s: %.700s", n, what, got);
}

static inline bool play_turn(struct server *s, int fd, size_t n, const char *request)
{
	struct play *p = s->user;
	char line[2048], head[512];
	if (n >= p->count) {
		play_differs(p, n, "one more than expected", request);
		return server_answer(fd, 500, "", "");
	}
	const struct turn *t = &p->turn[n];
	snprintf(line, sizeof line, "%s HTTP/1.1\r\n", t->asked);
	if (strncmp(request, line, strlen(line)) != 0)
		play_differs(p, n, t->asked, request);
	const char *body = strstr(request, "\r\n\r\n") + 4;
	if (strcmp(body, t->body != NULL ? t->body : "") != 0)
		play_differs(p, n, t->body != NULL ? t->body : "no body", body);
	snprintf(line, sizeof line, "\r\nauthorization: %s" TOKEN "\r\n",
		 str_starts(t->asked + strcspn(t->asked, "/"), "/api/v1") ? "token " : "Bearer ");
	if (strcasestr(request, line) == NULL)
		play_differs(p, n, line, request);
	if (strstr(request, "\r\nUser-Agent: pare/") == NULL)
		play_differs(p, n, "a user agent", request);
	if ((t->body != NULL) != (strcasestr(request, "\r\ncontent-type: application/json\r\n") != NULL))
		play_differs(p, n, "the content type", request);
	snprintf(head, sizeof head, "Content-Type: %s\r\n%s", t->kind == TURN_HTML ? "text/html" : "application/json",
		 t->headers != NULL ? t->headers : "");
	if (t->kind != TURN_CUT)
		return server_answer(fd, t->status, head, t->answer);
	snprintf(line, sizeof line, "HTTP/1.1 %d Words\r\nContent-Length: 100000\r\n%s\r\n%s", t->status, head, t->answer);
	server_send(fd, line);
	return false;
}

static inline int64_t play_now(void *self)
{
	return ((struct play *)self)->now_ms;
}

static inline void play_sleep(void *self, int64_t until_ms)
{
	struct play *p = self;
	p->slept_ms += until_ms - p->now_ms;
	p->now_ms = until_ms;
}

static inline bool play_interrupted(void *self)
{
	(void)self;
	return false;
}

static inline void forget_environment(void)
{
	static const char *const names[] = {"GITHUB_TOKEN", "GITLAB_TOKEN", "GITEA_TOKEN", "GITHUB_API_URL",
					    "CI_API_V4_URL", "GITEA_SERVER_URL", "PARE_FORGE_TOKEN",
					    "GIT_SSL_CAINFO", "AWS_CA_BUNDLE"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		unsetenv(names[i]);
}

/* review may be NULL. */
static inline void play_start(struct play *p, const char *kind, const struct review_port *review,
			      const struct turn *turn, size_t count)
{
	const char *version = strcmp(kind, "github") == 0 ? "v3" : strcmp(kind, "gitlab") == 0 ? "v4" : "v1";
	memset(p, 0, sizeof *p);
	p->arena = arena_new(NULL);
	p->turn = turn;
	p->count = count;
	p->now_ms = 1795500000000;
	p->clock = (struct clock_port){p, play_now, play_sleep, play_interrupted};
	assert_true(server_start(&p->server, play_turn, p));
	config_default(p->arena, &p->config);
	p->config.repository.forge = kind;
	p->config.repository.url = "/srv/review.git";
	p->config.repository.project = "acme/iam-review";
	p->config.repository.api = str_printf(p->arena, "http://127.0.0.1:%d/api/%s", p->server.port, version);
	forget_environment();
	setenv("PARE_FORGE_TOKEN", TOKEN, 1);
	if (!forge_open(p->arena, &p->config, review, &p->clock, &p->port, &p->e))
		fail_msg("%s", p->e.message);
}

/* Everything was asked, and as expected. */
static inline void play_end(struct play *p)
{
	char wrong[1024];
	size_t asked = p->server.requests, count = p->count;
	memcpy(wrong, p->wrong, sizeof wrong);
	arena_free(p->arena);
	server_stop(&p->server);
	if (wrong[0] != '\0')
		fail_msg("%s", wrong);
	assert_int_equal(asked, count);
}

#define PLAY(p, kind, turns) play_start(p, kind, NULL, turns, sizeof turns / sizeof turns[0])
#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

#endif
