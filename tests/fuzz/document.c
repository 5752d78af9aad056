/* Any bytes as a policy document: never a crash; what parses prints to a text that parses to the
 * same digest, and the canonical form is its own canonical form. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pare/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void insist(bool fact)
{
	if (!fact)
		abort();
}

static char *canonical(struct arena *a, const struct policy *p)
{
	struct buf *b = buf_new(a, 64 * DOCUMENT_READ_MAX_BYTES);
	policy_print_canonical(p, b);
	insist(buf_ok(b));
	return b->data;
}

static void check_text(struct arena *a, const struct policy *p, const char *text)
{
	struct err e;
	const struct policy *q = policy_parse(a, text, strlen(text), "printed", &e);
	insist(q != NULL && q->count == p->count);
	insist(strcmp(policy_digest(a, p), policy_digest(a, q)) == 0);
	insist(strcmp(canonical(a, p), canonical(a, q)) == 0);
	for (size_t i = 0; i < p->count; i++) {
		insist((p->statements[i].unknown == NULL) == (q->statements[i].unknown == NULL));
		insist((p->statements[i].invalid == NULL) == (q->statements[i].invalid == NULL));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(NULL);
	struct err e = {.kind = ERR_NONE};
	const struct policy *p = policy_parse(a, (const char *)data, size, "fuzz", &e);
	if (p == NULL) {
		insist(e.kind == ERR_INPUT || e.kind == ERR_LIMIT);
		insist(strchr(e.message, '\n') == NULL);
	} else {
		check_text(a, p, canonical(a, p));
		struct buf *b = buf_new(a, 64 * DOCUMENT_READ_MAX_BYTES);
		policy_print_compact(p, b);
		insist(buf_ok(b) && policy_size(b->data) == b->len);
		check_text(a, p, b->data);
		const struct policy *aligned = policy_align(a, p, p);
		insist(strcmp(policy_digest(a, aligned), policy_digest(a, p)) == 0);
	}
	const char *text = arena_copy(a, data, size);
	insist(strlen(policy_text_digest(a, text)) == 64);
	insist(policy_size(text) <= size);
	arena_free(a);
	return 0;
}
