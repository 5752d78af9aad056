/* J4: what is read of a journal is what its whole lines say, and every cut of it reads as a part. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pare/journal.h"

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
	const struct journal *j = journal_parse(a, (const char *)data, size, "fuzz", &e);
	if (j != NULL) {
		need(j->whole_len <= size && j->torn == (j->whole_len != size));
		need((j->count == 0) == (j->head == NULL));
		struct buf *b = buf_new(a, 64u << 20);
		const char *head = NULL;
		for (size_t i = 0; i < j->count; i++) {
			struct record r = j->record[i];
			need(r.seq == i + 1);
			head = record_print(a, &r, head, i + 1, b);
		}
		need(b->len == j->whole_len && memcmp(b->data, data, b->len) == 0);
		const struct journal *cut = journal_parse(a, (const char *)data, j->whole_len / 2, "fuzz", &e);
		need(cut != NULL && cut->count <= j->count);
	}
	arena_free(a);
	return 0;
}
