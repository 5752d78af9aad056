/* Requests to the sandbox's protocols, without a socket. */
#ifndef PARE_SANDBOX_ASK_H
#define PARE_SANDBOX_ASK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/sandbox/wire.h"
#include "pare/sandbox.h"
#include "pare/str.h"
#include "pare/when.h"

struct world {
	struct arena *a;
	struct clock_port *clock;
	struct sandbox *box;
};

static inline struct world blog_world(struct sandbox_setting setting)
{
	struct world w = {.a = arena_new(NULL)};
	struct err e;
	int64_t start;
	assert_true(when_parse("2026-11-24T10:00:00Z", &start));
	w.clock = arena_alloc(w.a, sizeof *w.clock);
	*w.clock = clock_virtual(w.a, start);
	w.box = sandbox_new(w.a, &setting, w.clock, &e);
	assert_non_null(w.box);
	FILE *f = fopen("examples/blog/seed.json", "rb");
	assert_non_null(f);
	char *text = arena_alloc(w.a, 1 << 20);
	size_t len = fread(text, 1, 1 << 20, f);
	fclose(f);
	if (!sandbox_seed(w.box, text, len, "seed", &e))
		fail_msg("%s", e.message);
	return w;
}

static inline char *form_decode(struct arena *a, const char *text, size_t len)
{
	char *copy = arena_copy(a, text, len);
	for (char *c = copy; *c != '\0'; c++)
		if (*c == '+')
			*c = ' ';
	char *decoded = str_percent_decode(a, copy);
	assert_non_null(decoded);
	return decoded;
}

static inline void take_params(struct world *w, struct wire_request *r, const char *text)
{
	r->param = arena_array(w->a, 256, sizeof *r->param);
	while (*text != '\0') {
		size_t len = strcspn(text, "&"), key = strcspn(text, "=");
		assert_true(key < len);
		r->param[r->param_count++] = (struct wire_param){form_decode(w->a, text, key),
								 form_decode(w->a, text + key + 1, len - key - 1)};
		text += len + (text[len] == '&');
	}
}

static inline struct wire_answer send_to(struct world *w, struct wire_request r)
{
	struct wire_answer answer;
	r.arena = w->a;
	r.account = "111122223333";
	r.caller_arn = "arn:aws:iam::111122223333:user/pare";
	r.region = "us-east-1";
	wire_handle(w->box, &r, &answer);
	return answer;
}

static inline struct wire_answer query(struct world *w, enum wire_service service, const char *form)
{
	struct wire_request r = {.service = service, .method = "POST", .path = "/"};
	take_params(w, &r, form);
	return send_to(w, r);
}

#endif
