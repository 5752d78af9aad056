/* Any bytes: a tree within its bounds, or an error with words; the same bytes give the same
 * tree. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pare/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t walk(const struct xml *x, unsigned depth)
{
	size_t sum = strlen(x->name) + strlen(x->text);
	if (depth > 32 || x->name[0] == '\0' || strchr(x->name, ':') != NULL)
		abort();
	for (const struct xml *child = x->first; child != NULL; child = child->next) {
		if (xml_child(x, child->name) == NULL || xml_text(x, child->name) == NULL)
			abort();
		sum += walk(child, depth + 1);
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(NULL);
	struct err e = {.kind = ERR_NONE};
	const struct xml *x = xml_parse(a, (const char *)data, size, &e);
	if (x == NULL && (e.kind != ERR_INPUT || e.message[0] == '\0'))
		abort();
	/* Entities beyond the five cannot be declared, so text never outgrows what was sent. */
	if (x != NULL && walk(x, 1) > size * 3)
		abort();
	arena_free(a);
	return 0;
}
