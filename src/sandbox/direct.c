/* direct: the door for tests: struct call in, struct call out, on any clock. Effects happen when a
 * call is started, reads look at the world at that moment (less the lag), and the answer is due
 * half to one and a half latencies later. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "direct.h"
#include "model.h"

static struct account *home(struct sandbox *s)
{
	const struct box_key *first = s->keys;
	while (first != NULL && first->next != NULL)
		first = first->next; /* newest first: the oldest is the caller */
	struct account *a = first != NULL ? box_account(s, first->wire.account) : NULL;
	return a != NULL ? a : s->account[0];
}

static enum err_kind kind_of(const struct problem *p, bool writes)
{
	static const struct {
		const char *code;
		enum err_kind kind;
	} known[] = {
		{"NoSuchEntity", ERR_NOT_FOUND},      {"ResourceNotFoundException", ERR_NOT_FOUND},
		{"EntityAlreadyExists", ERR_CONFLICT}, {"DeleteConflict", ERR_CONFLICT},
		{"LimitExceeded", ERR_LIMIT},         {"Throttling", ERR_THROTTLED},
		{"ThrottlingException", ERR_THROTTLED}, {"AccessDenied", ERR_AUTH},
	};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(p->code, known[i].code) == 0)
			return known[i].kind;
	return p->status >= 500 ? (writes ? ERR_UNCERTAIN : ERR_UNAVAILABLE) : ERR_INPUT;
}

static void refuse(struct call *c, const struct problem *p)
{
	c->ok = false;
	err_set(&c->err, kind_of(p, call_writes(c->op)), "%s: %s: %s", call_name(c->op), p->code, p->message);
	snprintf(c->err.code, sizeof c->err.code, "%s", p->code);
	if (c->request_id != NULL)
		snprintf(c->err.request_id, sizeof c->err.request_id, "%s", c->request_id);
}

static void no_answer(struct call *c)
{
	c->ok = false;
	err_set(&c->err, call_writes(c->op) ? ERR_UNCERTAIN : ERR_UNAVAILABLE,
		"%s: the connection ended before an answer came", call_name(c->op));
}

static void perform(struct sandbox *s, struct call *c, const struct view *v)
{
	struct problem p = {0};
	c->request_id = box_uuid(s, c->arena);
	c->attempts = 1;
	bool ok = direct_call(v, c, &p);
	if (s->broken[0] != '\0')
		ok = problem_set(&p, 500, "ServiceFailure", "%s", s->broken);
	if (ok)
		c->ok = true;
	else
		refuse(c, &p);
}

bool sandbox_act_at(struct sandbox *s, struct call *call, int64_t as_of_ms)
{
	struct view v = view_now(s, home(s));
	if (!call_writes(call->op))
		v.as_of_ms = as_of_ms;
	perform(s, call, &v);
	return call->ok;
}

bool sandbox_act(struct sandbox *s, struct call *call)
{
	struct view v = view_now(s, home(s));
	perform(s, call, &v);
	return call->ok;
}

static void enqueue(struct sandbox *s, struct call *c)
{
	struct pending *x = malloc(sizeof *x);
	if (x == NULL)
		abort();
	double latency = (double)s->setting.latency_ms;
	int64_t due = box_now(s) + (int64_t)(latency * (0.5 + box_chance(s)));
	*x = (struct pending){c, due, ++s->pending_number, NULL};
	struct pending **at = &s->pending;
	while (*at != NULL && (*at)->due_ms <= due)
		at = &(*at)->next;
	x->next = *at;
	*at = x;
}

static void start_any(struct sandbox *s, struct call *c)
{
	if (s->killed)
		return;
	struct problem p = {0};
	struct view v = call_writes(c->op) ? view_now(s, home(s)) : view_read(s, home(s));
	enum box_fate fate = faults_next(s, call_writes(c->op));
	if (fate == FATE_KILL_BEFORE) {
		s->killed = true;
		return;
	}
	if (fate == FATE_ANSWER || fate == FATE_UNAVAILABLE_AFTER || fate == FATE_CUT_AFTER ||
	    fate == FATE_KILL_AFTER)
		perform(s, c, &v);
	if (fate == FATE_KILL_AFTER) {
		s->killed = true;
		return;
	}
	if (fate == FATE_THROTTLE)
		problem_set(&p, 400, "Throttling", "Rate exceeded");
	if (fate == FATE_UNAVAILABLE_BEFORE || fate == FATE_UNAVAILABLE_AFTER)
		problem_set(&p, 500, "ServiceFailure", "The service failed.");
	if (p.status != 0)
		refuse(c, &p);
	if (fate == FATE_CUT_BEFORE || fate == FATE_CUT_AFTER)
		no_answer(c);
	enqueue(s, c);
}

static void start_read(void *self, struct call *c)
{
	if (call_writes(c->op))
		abort(); /* a programming error: whoever only reads has no means to write */
	start_any(self, c);
}

static void start_write(void *self, struct call *c)
{
	start_any(self, c);
}

static struct call *next(void *self, int64_t until_ms)
{
	struct sandbox *s = self;
	struct pending *x = s->pending;
	if (s->killed || x == NULL)
		return NULL;
	if (x->due_ms > until_ms) {
		s->clock->sleep_until(s->clock->self, until_ms);
		return NULL;
	}
	s->clock->sleep_until(s->clock->self, x->due_ms);
	struct call *c = x->call;
	s->pending = x->next;
	free(x);
	return c;
}

static void forget_pending(void *handle)
{
	struct sandbox *s = handle;
	while (s->pending != NULL) {
		struct pending *x = s->pending;
		s->pending = x->next;
		free(x);
	}
}

static void own_pending(struct sandbox *s)
{
	if (!s->pending_owned)
		arena_defer(s->arena, forget_pending, s);
	s->pending_owned = true;
}

struct read_port sandbox_read_port(struct sandbox *s)
{
	own_pending(s);
	return (struct read_port){s, start_read, next};
}

struct write_port sandbox_write_port(struct sandbox *s)
{
	own_pending(s);
	return (struct write_port){s, start_write, next};
}

/* The calls that were under way belonged to the process that died. */
void sandbox_revive(struct sandbox *s)
{
	forget_pending(s);
	s->killed = false;
}
