/* worker_beat: keeps messages hidden while they are worked on (Q4): a clock and a read port that, as
 * often as they are used, hide what is not done anew once a third of its time is over. Private to
 * src/flow. */
#ifndef PARE_FLOW_WORKER_BEAT_H
#define PARE_FLOW_WORKER_BEAT_H

#include "pare/port.h"

struct beat {
	const struct queue_port *queue;
	const struct clock_port *clock;
	int hidden_s;
	int64_t next_ms;
	const struct queue_message *message[QUEUE_BATCH];
	size_t count;
};

void beat_open(struct beat *b, const struct queue_port *queue, const struct clock_port *clock,
	       int hidden_s, const struct queue_message *message, size_t count);
void beat_drop(struct beat *b, const struct queue_message *message);
void beat_now(struct beat *b);
/* The clock and the port with the beat in them. */
struct clock_port beat_clock(struct beat *b);
struct read_port beat_aws(struct arena *a, struct beat *b, struct read_port aws);

#endif
