/* Whatever is taken for a standing approval prints as the same bytes; ticket patterns and time zone
 * files of any bytes do no harm. */
#include <stdlib.h>
#include <string.h>

#include "pare/standing.h"
#include "pare/ticket.h"
#include "pare/window.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(NULL);
	struct err e;
	struct zone *z;
	const char *zone;
	struct window_span span;
	struct window_freeze freeze;
	struct standing *s = standing_parse(a, (const char *)data, size, "input", &e);
	if (s != NULL) {
		struct buf *b = buf_new(a, 4 * STANDING_MAX_BYTES);
		standing_print(s, b);
		if (b->len != size || memcmp(b->data, data, size) != 0)
			abort();
	}
	if (timezone_parse(a, (const char *)data, size, "input", &z, &e))
		for (size_t i = 1; i < z->count; i++)
			if (z->at_s[i] < z->at_s[i - 1])
				abort();
	const char *text = arena_copy(a, (const char *)data, size);
	if (ticket_pattern_wrong(text) == NULL)
		ticket_matches(text, "CHG0030001");
	if (window_span_parse(a, text, &span, &zone) == NULL) {
		const struct window w = {.span = &span, .span_count = 1};
		if (window_next(&w, 0, true, 14ll * 86400000) == INT64_MAX)
			abort(); /* every span opens within two weeks of UTC */
	}
	window_freeze_parse(a, text, &freeze, &zone);
	arena_free(a);
	return 0;
}
