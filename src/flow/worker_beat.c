#include "worker_beat.h"

static int64_t now(const struct beat *b)
{
	return b->clock->now_ms(b->clock->self);
}

void beat_open(struct beat *b, const struct queue_port *queue, const struct clock_port *clock,
	       int hidden_s, const struct queue_message *message, size_t count)
{
	*b = (struct beat){.queue = queue, .clock = clock, .hidden_s = hidden_s, .count = count};
	for (size_t i = 0; i < count; i++)
		b->message[i] = &message[i];
	b->next_ms = now(b) + (int64_t)hidden_s * 1000 / 3;
}

void beat_drop(struct beat *b, const struct queue_message *message)
{
	size_t kept = 0;
	for (size_t i = 0; i < b->count; i++)
		if (b->message[i] != message)
			b->message[kept++] = b->message[i];
	b->count = kept;
}

void beat_now(struct beat *b)
{
	struct err e;
	if (now(b) < b->next_ms)
		return;
	b->next_ms = now(b) + (int64_t)b->hidden_s * 1000 / 3;
	/* One that cannot be hidden comes to somebody else too, and finds what is done. */
	for (size_t i = 0; i < b->count; i++)
		b->queue->hide(b->queue->self, b->message[i], b->hidden_s, &e);
}

/* Never past the next beat. */
static int64_t at_most(const struct beat *b, int64_t until_ms)
{
	return b->count > 0 && b->next_ms < until_ms ? b->next_ms : until_ms;
}

static int64_t clock_now(void *self)
{
	return now(self);
}

static void clock_sleep(void *self, int64_t until_ms)
{
	struct beat *b = self;
	beat_now(b);
	b->clock->sleep_until(b->clock->self, at_most(b, until_ms));
	beat_now(b);
}

static bool clock_interrupted(void *self)
{
	struct beat *b = self;
	return b->clock->interrupted(b->clock->self);
}

struct clock_port beat_clock(struct beat *b)
{
	return (struct clock_port){b, clock_now, clock_sleep, clock_interrupted};
}

struct beating {
	struct beat *beat;
	struct read_port aws;
};

static void aws_start(void *self, struct call *call)
{
	struct beating *x = self;
	beat_now(x->beat);
	x->aws.start(x->aws.self, call);
}

/* NULL before its time only when nothing is under way: then it stays NULL. */
static struct call *aws_next(void *self, int64_t until_ms)
{
	struct beating *x = self;
	struct beat *b = x->beat;
	for (;;) {
		int64_t until = at_most(b, until_ms);
		struct call *c = x->aws.next(x->aws.self, until);
		beat_now(b);
		if (c != NULL || until == until_ms || now(b) < until)
			return c;
	}
}

struct read_port beat_aws(struct arena *a, struct beat *b, struct read_port aws)
{
	struct beating *x = arena_alloc(a, sizeof *x);
	*x = (struct beating){b, aws};
	return (struct read_port){x, aws_start, aws_next};
}
