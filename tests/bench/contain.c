/* The prover over real edits: every pair of consecutive versions of AWS's managed policies. Prints
 * what it measured; the same pairs go through the SMT oracle where that is there. */
#include <sys/resource.h>
#include <time.h>

#include "../unit/policies.h"

struct sample {
	double ms;
	char name[160];
	const char *question;
};

struct tally {
	size_t verdict[3];
	struct sample *sample;
	size_t count, cap;
	double total_ms;
	struct {
		char reason[200];
		size_t count;
	} unknown[64];
	size_t unknown_count;
};

/* Processor time: the machine may have other things to do. */
static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void count_unknown(struct tally *t, const char *reason)
{
	size_t i = 0;
	while (i < t->unknown_count && strncmp(t->unknown[i].reason, reason, 60) != 0)
		i++;
	if (i == sizeof t->unknown / sizeof t->unknown[0])
		return;
	if (i == t->unknown_count)
		snprintf(t->unknown[t->unknown_count++].reason, sizeof t->unknown[0].reason, "%s", reason);
	t->unknown[i].count++;
}

static void measure(struct tally *t, const char *name, const struct catalog *catalog,
		    struct policy_set before, struct policy_set after, bool deny)
{
	struct arena *a = arena_new(NULL);
	struct proof_caps caps = proof_caps_default();
	double from = now_ms();
	struct proof p = deny ? prove_no_lost_deny(a, before, after, catalog, &caps)
			      : prove_no_new_allow(a, before, after, catalog, &caps);
	double ms = now_ms() - from;
	if (t->count == t->cap) {
		t->cap = t->cap == 0 ? 4096 : t->cap * 2;
		t->sample = realloc(t->sample, t->cap * sizeof *t->sample);
		if (t->sample == NULL)
			abort();
	}
	struct sample *s = &t->sample[t->count++];
	s->ms = ms;
	s->question = p.question;
	snprintf(s->name, sizeof s->name, "%s (%s)", name, proof_verdict_name(p.verdict));
	t->total_ms += ms;
	t->verdict[p.verdict]++;
	if (p.verdict == PROOF_UNKNOWN) {
		count_unknown(t, p.reason);
		if (getenv("PARE_BENCH_VERBOSE") != NULL)
			printf("unknown: %s %s: %s\n", name, p.question, p.reason);
	}
	if (!witness_holds(&p, before, after))
		printf("WRONG WITNESS: %s %s\n", name, p.question);
	arena_free(a);
}

static int by_time(const void *x, const void *y)
{
	const struct sample *p = x, *q = y;
	return (p->ms > q->ms) - (p->ms < q->ms);
}

static void report(struct tally *t, const char *what)
{
	struct rusage usage;
	size_t n = t->count;
	if (n == 0)
		return;
	qsort(t->sample, n, sizeof *t->sample, by_time);
	getrusage(RUSAGE_SELF, &usage);
	printf("%s: %zu questions in %.1f ms: proved %zu, refuted %zu, unknown %zu (%.2f %% decided)\n", what,
	       n, t->total_ms, t->verdict[PROOF_PROVED], t->verdict[PROOF_REFUTED],
	       t->verdict[PROOF_UNKNOWN],
	       100.0 * (double)(n - t->verdict[PROOF_UNKNOWN]) / (double)n);
	printf("  median %.3f ms, p99 %.3f ms, worst %.3f ms; peak memory %ld KiB\n", t->sample[n / 2].ms,
	       t->sample[n - 1 - n / 100].ms, t->sample[n - 1].ms, usage.ru_maxrss);
	for (size_t i = n > 3 ? n - 3 : 0; i < n; i++)
		printf("  slow: %.3f ms %s %s\n", t->sample[i].ms, t->sample[i].name, t->sample[i].question);
	for (size_t i = 0; i < t->unknown_count; i++)
		printf("  unknown %zu times: %s\n", t->unknown[i].count, t->unknown[i].reason);
}

static size_t bench_line(char *line, const struct catalog *catalog, struct tally *forward,
			 struct tally *backward)
{
	struct arena *a = arena_new(NULL);
	struct err e;
	char name[128];
	const struct json *v = json_parse(a, line, strlen(line), "versions", &e);
	const struct json *list = json_get(v, "versions");
	size_t pairs = 0;
	for (const struct json *x = list != NULL ? list->first : NULL; x != NULL && x->next != NULL;
	     x = x->next) {
		snprintf(name, sizeof name, "%s %s", json_text(v, "name"), json_text(x->next, "v"));
		const struct policy *was = policy_within_limit(a, json_get(x, "document"), "before");
		const struct policy *is = policy_within_limit(a, json_get(x->next, "document"), "after");
		struct policy_set before = {&was, 1}, after = {&is, 1};
		if (was == NULL || is == NULL) {
			printf("left out: %s: over IAM's limit of bytes\n", name);
			continue;
		}
		pairs++;
		for (int deny = 0; deny < 2; deny++) {
			measure(forward, name, catalog, before, after, deny != 0);
			measure(backward, name, catalog, after, before, deny != 0);
		}
	}
	arena_free(a);
	return pairs;
}

int main(void)
{
	static struct tally forward, backward;
	struct arena *a = arena_new(NULL);
	const struct catalog *catalog = catalog_embedded(a);
	FILE *f = shared_xz("policies/managed-policy-versions.jsonl.xz");
	char *buffer = NULL, *line;
	size_t size = 0, pairs = 0;
	if (f == NULL) {
		printf("skipped: contain: the shared policy versions are absent\n");
		arena_free(a);
		return 0;
	}
	while ((line = next_line(f, &buffer, &size)) != NULL)
		pairs += bench_line(line, catalog, &forward, &backward);
	pclose(f);
	printf("contain: %zu pairs of consecutive versions\n", pairs);
	report(&forward, "old to new");
	report(&backward, "new to old");
	free(forward.sample);
	free(backward.sample);
	free(buffer);
	arena_free(a);
	return 0;
}
