/* The prover over real edits: every pair of consecutive versions of AWS's managed policies. Prints
 * what it measured; the same pairs go through the SMT oracle where that is there. */
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

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

/* --- the same questions to the solver --- */

struct race { /* a sample of small pairs that the first level does not close */
	FILE *file;
	char path[64];
	size_t count, seen;
	double ms;
};

static void enter(struct race *r, struct arena *a, const struct catalog *catalog,
		  struct policy_set before, struct policy_set after)
{
	enum { SAMPLE = 12, ONE_IN = 80, SMALL = 2500 };
	struct proof_caps caps = proof_caps_default();
	struct buf *b = buf_new(a, 1 << 20);
	double from = now_ms();
	struct proof p = prove_no_new_allow(a, before, after, catalog, &caps);
	double ms = now_ms() - from;
	if (p.syntactic || p.verdict == PROOF_UNKNOWN || r->count == SAMPLE)
		return;
	buf_puts(b, "{\"question\":\"no-new-allow\",\"before\":[");
	policy_print_compact(before.policy[0], b);
	buf_puts(b, "],\"after\":[");
	policy_print_compact(after.policy[0], b);
	buf_puts(b, "]}\n");
	if (b->len > SMALL || r->seen++ % ONE_IN != 0)
		return;
	fputs(b->data, r->file);
	r->ms += ms;
	r->count++;
}

static void run_race(struct race *r)
{
	char command[256], answer[3][16];
	double ms, total = 0;
	size_t answers = 0, decided = 0;
	fclose(r->file);
	snprintf(command, sizeof command,
		 "p=python3; $p tests/oracle/smt.py --probe >/dev/null 2>&1 || p=/usr/bin/python3; "
		 "$p tests/oracle/smt.py < %s 2>/dev/null", r->path);
	FILE *f = popen(command, "r");
	for (; f != NULL && fscanf(f, "%15s %15s %15s %lf", answer[0], answer[1], answer[2], &ms) == 4;
	     answers++) {
		total += ms;
		decided += strcmp(answer[0], "skip") != 0 && strcmp(answer[0], "unknown") != 0 &&
			   strcmp(answer[1], "unknown") != 0 && strcmp(answer[2], "unknown") != 0;
	}
	if (f != NULL)
		pclose(f);
	remove(r->path);
	if (answers == 0)
		printf("skipped: contain: the solver is absent (python3-z3)\n");
	else
		printf("against z3: %zu small pairs beyond the first level: pare %.2f ms, z3 %.0f ms for three "
		       "readings (%zu decided): %.0f times\n", answers, r->ms, total, decided,
		       total / (r->ms > 0 ? r->ms : 1e-6));
}

static bool open_race(struct race *r)
{
	*r = (struct race){.count = 0};
	snprintf(r->path, sizeof r->path, "/tmp/pare-race-XXXXXX");
	int fd = mkstemp(r->path);
	r->file = fd >= 0 ? fdopen(fd, "w") : NULL;
	return r->file != NULL;
}

static struct tally forward, backward, denies;

static size_t bench_line(char *line, const struct catalog *catalog, struct race *race)
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
		const struct policy *was = policy_of(a, json_get(x, "document"), "before");
		const struct policy *is = policy_of(a, json_get(x->next, "document"), "after");
		struct policy_set before = {&was, 1}, after = {&is, 1};
		pairs++;
		measure(&forward, name, catalog, before, after, false);
		measure(&backward, name, catalog, after, before, false);
		measure(&denies, name, catalog, before, after, true);
		measure(&denies, name, catalog, after, before, true);
		enter(race, a, catalog, before, after);
	}
	arena_free(a);
	return pairs;
}

int main(void)
{
	struct race race;
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
	if (!open_race(&race))
		return 1;
	while ((line = next_line(f, &buffer, &size)) != NULL)
		pairs += bench_line(line, catalog, &race);
	pclose(f);
	printf("contain: %zu pairs of consecutive versions\n", pairs);
	report(&forward, "no-new-allow, old to new");
	report(&backward, "no-new-allow, new to old");
	report(&denies, "no-lost-deny, both ways");
	run_race(&race);
	free(forward.sample);
	free(backward.sample);
	free(denies.sample);
	free(buffer);
	arena_free(a);
	return 0;
}
