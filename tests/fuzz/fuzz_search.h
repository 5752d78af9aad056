/* A search for credentials that asks nobody, at a fixed time. */
#ifndef PARE_FUZZ_SEARCH_H
#define PARE_FUZZ_SEARCH_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/adapt/credentials_private.h"
#include "pare/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline int64_t fuzz_now(void *self)
{
	(void)self;
	return 1230768000000; /* 2009-01-01T00:00:00Z */
}

/* What is found can be signed with; what is refused is said, shortly and without its bytes. */
static inline void fuzz_answer(const uint8_t *data, size_t size,
			       enum found (*read)(struct search *, const char *, size_t,
						  struct credentials *))
{
	struct clock_port clock = {NULL, fuzz_now, NULL, NULL};
	struct credential_setting setting = {.clock = &clock};
	struct profile_set set = {0};
	struct err e = {.kind = ERR_NONE};
	struct credentials k = {0};
	struct search s = {.arena = arena_new(NULL), .setting = &setting, .set = &set, .e = &e};
	char *text = arena_copy(s.arena, data, size);
	enum found f = read(&s, text, size, &k);
	if (f == NOT_HERE || (f == BROKEN) != (e.kind != ERR_NONE))
		abort();
	if (f == BROKEN && strlen(e.message) > 200)
		abort();
	const char *part[] = {k.access_key_id, k.secret_access_key, k.session_token};
	for (size_t i = 0; f == FOUND && i < 3; i++) {
		if (i < 2 && str_empty(part[i]))
			abort();
		for (const char *c = part[i]; c != NULL && *c != '\0'; c++)
			if (*c <= 0x20 || *c >= 0x7f)
				abort();
	}
	if (f == FOUND && k.expires_ms != 0 && k.expires_ms <= fuzz_now(NULL))
		abort();
	arena_free(s.arena);
}

#endif
