/* Whatever parses prints, and what was printed parses to the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pare/arena.h"
#include "pare/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(int true_here)
{
	if (!true_here)
		abort();
}

static void inside(const struct json *v, size_t from, size_t to)
{
	need(v->offset >= from && v->length > 0 && v->offset + v->length <= to);
	size_t count = 0;
	for (const struct json *x = v->first; x != NULL; x = x->next, count++)
		inside(x, v->offset, v->offset + v->length);
	need(count == v->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(NULL);
	struct err e;
	size_t end;
	const struct json *v = json_parse(a, (const char *)data, size, "fuzz", &e);
	const struct json *first = json_parse_next(a, (const char *)data, size, &end, "fuzz", &e);
	need(v == NULL || first != NULL);
	need(first == NULL || end <= size);
	for (int compact = 0; v != NULL && compact < 2; compact++) {
		struct buf *once = buf_new(a, 64u << 20), *twice = buf_new(a, 64u << 20);
		inside(v, 0, size);
		json_print(v, once, compact);
		need(buf_ok(once));
		const struct json *again = json_parse(a, once->data, once->len, "fuzz", &e);
		need(again != NULL);
		json_print(again, twice, compact);
		need(once->len == twice->len && memcmp(once->data, twice->data, once->len) == 0);
	}
	arena_free(a);
	return 0;
}
