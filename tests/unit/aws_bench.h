/* The AWS client before a server of the test's own, on a clock that only waiting moves. */
#ifndef PARE_AWS_BENCH_H
#define PARE_AWS_BENCH_H

#include "../../src/adapt/aws_private.h"
#include "aws_env.h"
#include "pare/str.h"
#include "server.h"

struct virtual_clock {
	int64_t now_ms, slept_ms;
	bool interrupted;
};

static inline int64_t clock_now(void *self)
{
	return ((struct virtual_clock *)self)->now_ms;
}

static inline void clock_sleep(void *self, int64_t until_ms)
{
	struct virtual_clock *c = self;
	if (until_ms > c->now_ms) {
		c->slept_ms += until_ms - c->now_ms;
		c->now_ms = until_ms;
	}
}

static inline bool clock_interrupted(void *self)
{
	return ((struct virtual_clock *)self)->interrupted;
}

struct bench {
	struct arena *arena;
	struct server server;
	struct virtual_clock time;
	struct clock_port clock;
	struct aws *aws;
};

static const int64_t start_ms = 1795489763000; /* 2026-11-24T03:09:23Z */

static inline void bench_open(struct bench *b, server_handler *handle, void *user)
{
	char url[64];
	struct err e;
	aws_env_clear();
	b->arena = arena_new(NULL);
	b->time = (struct virtual_clock){.now_ms = start_ms};
	b->clock = (struct clock_port){&b->time, clock_now, clock_sleep, clock_interrupted};
	assert_true(server_start(&b->server, handle, user));
	snprintf(url, sizeof url, "http://127.0.0.1:%d", b->server.port);
	setenv("AWS_ENDPOINT_URL", url, 1);
	setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "SEKRIT", 1);
	struct aws_setting s = {.region = "eu-west-1"};
	b->aws = aws_new(b->arena, &s, &b->clock, &e);
	if (b->aws == NULL)
		fail_msg("%s", e.message);
}

static inline void bench_close(struct bench *b)
{
	arena_free(b->arena);
	server_stop(&b->server);
	aws_env_clear();
}

static inline struct call read_role(struct bench *b)
{
	return (struct call){.op = CALL_LIST_ROLE_POLICIES, .arena = b->arena, .role = "r"};
}

static inline struct call detach(struct bench *b)
{
	return (struct call){.op = CALL_DETACH_ROLE_POLICY,
			     .arena = b->arena,
			     .role = "r",
			     .policy_arn = "arn:aws:iam::aws:policy/P"};
}

static inline void ask(struct bench *b, struct call *c)
{
	struct write_port port = aws_write_port(b->aws);
	port.start(port.self, c);
	assert_ptr_equal(port.next(port.self, INT64_MAX), c);
	assert_null(port.next(port.self, INT64_MAX));
}

#define LIST_OK "<ListRolePoliciesResponse><ListRolePoliciesResult/></ListRolePoliciesResponse>"
#define DETACH_OK "<DetachRolePolicyResponse><ResponseMetadata/></DetachRolePolicyResponse>"
#define ERROR_OF(code) \
	"<ErrorResponse><Error><Code>" code "</Code><Message>m</Message></Error></ErrorResponse>"

/* One line an answer: the last one is repeated. */
struct script {
	struct {
		int status; /* 0: close without an answer */
		const char *headers, *body;
	} line[8];
	size_t count;
};

static inline bool play(struct server *s, int fd, size_t n, const char *request)
{
	const struct script *x = s->user;
	size_t i = n < x->count ? n : x->count - 1;
	(void)request;
	if (x->line[i].status == 0)
		return false;
	return server_answer(fd, x->line[i].status, x->line[i].headers, x->line[i].body);
}

#endif
