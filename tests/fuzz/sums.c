/* A list of digests that is taken prints as itself, but for sha256sum's mark of binary files. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pare/digest.h"
#include "pare/sums.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(int true_here)
{
	if (!true_here)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(NULL);
	struct sums s;
	struct err e;
	char *text = arena_copy(a, data, size);
	if (sums_parse(a, text, size, &s, &e)) {
		struct buf *b = buf_new(a, SUMS_MAX_BYTES + 1);
		sums_print(&s, b);
		need(s.count > 0 && b->len == size);
		for (size_t i = 0; i < size; i++)
			need(b->data[i] == text[i] || (b->data[i] == ' ' && text[i] == '*'));
		for (size_t i = 0; i < s.count; i++) {
			need(sha256_hex_valid(s.line[i].digest) && strstr(s.line[i].path, "/.") == NULL);
			need(strcmp(sums_find(&s, s.line[i].path), s.line[i].digest) == 0);
		}
	}
	arena_free(a);
	return 0;
}
