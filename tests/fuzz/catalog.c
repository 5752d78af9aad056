/* Any bytes as a catalogue of the state folder, and as one service of AWS's reference: never a crash;
 * what is accepted can be unpacked, printed and read again as the same. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/flow/catalog_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void insist(bool fact)
{
	if (!fact)
		abort();
}

static void check_catalog(struct arena *a, const struct catalog *c)
{
	struct err e;
	size_t count = catalog_service_count(c);
	const struct catalog_service **s = arena_array(a, count, sizeof *s);
	size_t actions = 0;
	for (size_t i = 0; i < count; i++) {
		s[i] = catalog_service_at(c, i);
		insist(catalog_service(c, s[i]->prefix) == s[i]);
		actions += s[i]->action_count;
		for (size_t k = 0; k < s[i]->action_count; k++)
			insist(catalog_action(c, s[i]->action[k].full) == &s[i]->action[k]);
	}
	insist(actions == catalog_action_count(c));
	struct buf *b = buf_new(a, 4 * (size_t)CATALOG_MAX_BYTES);
	catalog_print(catalog_date(c), catalog_source(c), s, count, b);
	const struct catalog *d = catalog_parse(a, b->data, b->len, "printed", &e);
	insist(d != NULL && catalog_service_count(d) == count && catalog_action_count(d) == actions);
}

static void check_service(struct arena *a, const struct catalog_service *s)
{
	struct err e;
	size_t kept = 0;
	const struct catalog_service *merged = service_merge(a, s, s, &kept);
	insist(kept == 0 && merged->action_count == s->action_count);
	struct buf *b = buf_new(a, 4 * (size_t)CATALOG_MAX_BYTES);
	catalog_print("2026-01-02", "fuzz", &merged, 1, b);
	const struct catalog *c = catalog_parse(a, b->data, b->len, "printed", &e);
	insist(c != NULL && catalog_action_count(c) == s->action_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(NULL);
	struct err e;
	const char *text = arena_copy(a, data, size);
	const struct catalog *c = catalog_parse(a, text, size, "fuzz", &e);
	if (c != NULL)
		check_catalog(a, c);
	const struct catalog_service *s = service_read(a, "s3", text, size, &e);
	if (s != NULL)
		check_service(a, s);
	arena_free(a);
	return 0;
}
