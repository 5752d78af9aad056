/* Saved AWS answers, findings before a line "---" and account states behind it: whatever they say,
 * they are read or refused, and what is read can be printed and read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pare/gather.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(int true_here)
{
	if (!true_here)
		abort();
}

static void print_and_read(struct arena *a, const struct gathered_item *x)
{
	struct err e;
	struct buf *b = buf_new(a, 64u << 20);
	finding_print(x->finding, b);
	const struct json *v = json_parse(a, b->data, b->len, "fuzz", &e);
	need(v != NULL && finding_parse(a, v, "fuzz", &e) != NULL);
	if (x->recommendation != NULL) {
		buf_clear(b);
		recommendation_print(x->recommendation, b);
		v = json_parse(a, b->data, b->len, "fuzz", &e);
		need(v != NULL && recommendation_parse(a, v, "fuzz", &e) != NULL);
	}
	if (x->principal != NULL) {
		struct account_state s = {0};
		buf_clear(b);
		principal_print(x->principal, b);
		v = json_parse(a, b->data, b->len, "fuzz", &e);
		need(v != NULL && account_state_add(a, &s, v, "fuzz", &e) && account_state_settle(a, &s, &e));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char mark[] = "\n---\n";
	struct arena *a = arena_new(NULL);
	const char *text = arena_copy(a, data, size);
	const char *cut = memmem(text, size, mark, strlen(mark));
	size_t before = cut != NULL ? (size_t)(cut - text) : size;
	const char *behind = cut != NULL ? cut + strlen(mark) : text + size;
	struct saved_text findings = {"findings", arena_copy(a, text, before), before};
	size_t rest = size - (size_t)(behind - text);
	struct saved_text states = {"state", arena_copy(a, behind, rest), rest};
	struct gather_filter filter = {0};
	struct gathered *g = arena_alloc(a, sizeof *g);
	struct err e;
	if (gather_saved(a, &findings, 1, &states, cut != NULL ? 1 : 0, &filter, g, &e))
		for (size_t i = 0; i < g->count; i++)
			print_and_read(a, &g->item[i]);
	arena_free(a);
	return 0;
}
