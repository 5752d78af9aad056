/* Any bytes as a message of the queue, and as the queue's answer: an event has what it must have, or
 * there are words why it is none. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pare/event.h"
#include "pare/sqs.h"
#include "pare/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_words(const struct err *e)
{
	if (e->kind == ERR_NONE || e->message[0] == '\0')
		abort();
	for (const char *x = e->message; *x != '\0'; x++)
		if ((unsigned char)*x < 0x20)
			abort();
}

static void check_event(struct arena *a, const char *body, size_t len)
{
	struct event x;
	struct err e = {.kind = ERR_NONE};
	if (!event_parse(a, body, len, &x, &e)) {
		check_words(&e);
		if (e.kind != ERR_INPUT && e.kind != ERR_LIMIT)
			abort();
		return;
	}
	if (x.detail_type == NULL)
		abort();
	if (x.kind == EVENT_OTHER)
		return;
	size_t id = strlen(x.finding);
	if (id == 0 || id > 128 || strpbrk(x.finding, "/\\?#% \t\r\n\"") != NULL ||
	    !str_starts(x.analyzer, "arn:") || strstr(x.analyzer, ":access-analyzer:") == NULL)
		abort();
}

static void check_answer(struct arena *a, const char *body, size_t len)
{
	struct queue_message *m;
	size_t count;
	struct err e = {.kind = ERR_NONE};
	if (!sqs_messages(a, 200, NULL, body, len, &m, &count, &e)) {
		check_words(&e);
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (count > QUEUE_BATCH || m[i].id == NULL || m[i].receipt == NULL ||
		    strlen(m[i].body) != m[i].len || m[i].tries < 0)
			abort();
	if (sqs_messages(a, 400, NULL, body, len, &m, &count, &e))
		abort();
	check_words(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(NULL);
	const char *body = arena_copy(a, data, size);
	check_event(a, body, size);
	check_answer(a, body, size);
	arena_free(a);
	return 0;
}
