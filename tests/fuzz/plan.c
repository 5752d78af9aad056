/* A plan that is read is its bytes: same text, same digest, and every step has its inverse. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pare/digest.h"
#include "pare/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(int true_here)
{
	if (!true_here)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(NULL);
	struct err e;
	const struct plan *p = plan_parse(a, (const char *)data, size, "fuzz", &e);
	if (p != NULL) {
		need(p->len == size && memcmp(p->bytes, data, size) == 0);
		need(strcmp(p->digest, sha256_hex(a, data, size)) == 0);
		need(p->step_count > 0 && strchr(p->id, '/') == NULL);
		for (size_t i = 0; i < p->step_count; i++)
			need(step_inverse_agrees(&p->step[i], &e));
		struct principal nobody = {.type = p->principal.type, .name = p->principal.name};
		(void)plan_outcome(a, p, &nobody, &e);
		need(!plan_identity_holds(p, &nobody, &e));
	}
	arena_free(a);
	return 0;
}
