/* How fast the policy language is: parse, both printed forms, digest, refine and fit over the
 * managed policies of the shared corpus, else over documents made here; and the catalogue. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../unit/corpus.h"
#include "pare/catalog.h"
#include "pare/document.h"
#include "pare/refine.h"

struct document {
	char *text;
	size_t len;
};

struct bench {
	struct document *doc;
	size_t count, cap, bytes, largest;
};

static void add(struct bench *b, const char *text, size_t len)
{
	if (b->count == b->cap) {
		b->cap = b->cap == 0 ? 1024 : b->cap * 2;
		b->doc = realloc(b->doc, b->cap * sizeof *b->doc);
		if (b->doc == NULL)
			abort();
	}
	char *copy = malloc(len + 1);
	if (copy == NULL)
		abort();
	memcpy(copy, text, len);
	copy[len] = '\0';
	b->doc[b->count++] = (struct document){copy, len};
	b->bytes += len;
	if (len > b->largest)
		b->largest = len;
}

static void visit(void *user, const struct corpus_entry *x)
{
	add(user, x->text, x->len);
}

/* Documents of 1 to 8 statements with wildcards and names of the catalogue. */
static void make_documents(struct bench *b)
{
	struct arena *a = arena_new(NULL);
	const struct catalog *c = catalog_embedded(a);
	unsigned seed = 1;
	for (size_t i = 0; i < 1000; i++) {
		struct buf *t = buf_new(a, 1 << 20);
		size_t statements = 1 + i % 8;
		buf_puts(t, "{\"Version\":\"2012-10-17\",\"Statement\":[");
		for (size_t k = 0; k < statements; k++) {
			seed = seed * 1103515245u + 12345u;
			const struct catalog_service *s =
				catalog_service_at(c, (seed >> 16) % catalog_service_count(c));
			buf_printf(t, "%s{\"Effect\":\"Allow\",\"Action\":[\"%s:Get*\",\"%s:List*\"", k > 0 ? "," : "",
				   s->prefix, s->prefix);
			for (size_t n = 0; n < s->action_count && n < 20; n++)
				buf_printf(t, ",\"%s\"", s->action[n].full);
			buf_puts(t, "],\"Resource\":\"*\",\"Condition\":{\"StringEquals\":{\"aws:ResourceTag/x\":\"y\"}}}");
		}
		buf_puts(t, "]}");
		add(b, t->data, t->len);
	}
	arena_free(a);
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Every third action of the first service that the document names. */
static struct unused *some_unused(struct arena *a, const struct policy *p, const struct catalog *c)
{
	struct unused *u = arena_alloc(a, sizeof *u);
	u->service = arena_array(a, 1, sizeof *u->service);
	for (size_t i = 0; i < p->count && u->count == 0; i++)
		for (size_t k = 0; k < p->statements[i].actions.count && u->count == 0; k++) {
			const char *x = p->statements[i].actions.item[k], *colon = strchr(x, ':');
			const struct catalog_service *s =
				colon != NULL ? catalog_service(c, arena_copy(a, x, (size_t)(colon - x))) : NULL;
			if (s == NULL)
				continue;
			u->service[0].namespace = s->prefix;
			for (size_t n = 0; n < s->action_count; n += 3)
				str_list_add(a, &u->service[0].actions, s->action[n].name);
			u->count = 1;
		}
	return u;
}

enum what { PARSE, COMPACT, CANONICAL, DIGEST, REFINE, FIT, WHAT_COUNT };

static double run(const struct bench *b, enum what what, const struct catalog *c, size_t *worked,
		  double *worst)
{
	double spent = 0;
	*worked = 0;
	*worst = 0;
	for (size_t i = 0; i < b->count; i++) {
		struct arena *a = arena_new(NULL);
		struct err e;
		struct buf *out = buf_new(a, 64u << 20);
		size_t parts;
		double start = now();
		struct policy *p = policy_parse(a, b->doc[i].text, b->doc[i].len, "bench", &e);
		if (p != NULL && what != PARSE) {
			const struct unused *u = what >= REFINE ? some_unused(a, p, c) : NULL;
			const struct fit_setting s = {p, NULL, c, 6144, 1000};
			start = now();
			if (what == COMPACT)
				policy_print_compact(p, out);
			else if (what == CANONICAL)
				policy_print_canonical(p, out);
			else if (what == DIGEST)
				policy_digest(a, p);
			else if (what == REFINE)
				policy_refine(a, p, u, c);
			else
				policy_fit(a, p, &s, &parts, &e);
		}
		double took = now() - start;
		spent += took;
		*worked += p != NULL;
		if (took > *worst)
			*worst = took;
		arena_free(a);
	}
	return spent;
}

static void run_catalog(void)
{
	struct arena *a = arena_new(NULL);
	double start = now();
	const struct catalog *c = catalog_embedded(a);
	double opened = now();
	bool found = catalog_action(c, "s3:GetObject") != NULL;
	double first = now();
	for (size_t i = 0; i < 100000; i++)
		found = catalog_action(c, "s3:getobject") != NULL && found;
	double looked = now();
	for (size_t i = 0; i < catalog_service_count(c); i++)
		catalog_service_at(c, i);
	double unpacked = now();
	printf("catalogue: open %.2f ms, first look-up %.3f ms, look-up %.0f ns, unpack all %.1f ms%s\n",
	       (opened - start) * 1e3, (first - opened) * 1e3, (looked - first) * 1e4,
	       (unpacked - looked) * 1e3, found ? "" : " (not found)");
	arena_free(a);
}

int main(void)
{
	static const char *const names[] = {"parse", "compact", "canonical", "digest", "refine", "fit"};
	static const char *const documents[] = {"document", NULL};
	struct bench b = {0};
	bool shared = corpus_each("aws-managed-policies.jsonl", documents, visit, &b);
	if (!shared)
		make_documents(&b);
	struct arena *a = arena_new(NULL);
	const struct catalog *c = catalog_embedded(a);
	printf("%zu %s, %.2f MB, the largest %zu bytes\n", b.count, shared ? "managed policies" : "made documents",
	       (double)b.bytes / 1e6, b.largest);
	for (enum what w = PARSE; w < WHAT_COUNT; w++) {
		size_t worked;
		double worst, best = 1e9;
		for (int round = 0; round < (w >= REFINE ? 1 : 3); round++) {
			double spent = run(&b, w, c, &worked, &worst);
			best = spent < best ? spent : best;
		}
		printf("%-9s %7.1f µs each, %7.1f MB/s, worst %.2f ms\n", names[w], best * 1e6 / (double)worked,
		       (double)b.bytes / best / 1e6, worst * 1e3);
	}
	run_catalog();
	arena_free(a);
	for (size_t i = 0; i < b.count; i++)
		free(b.doc[i].text);
	free(b.doc);
	return 0;
}
