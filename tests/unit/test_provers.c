/* The prover against an SMT solver (tests/oracle/smt.py, which shares nothing with it): random
 * pairs, the project's own cases, and real edits where they are. Neither may call proved what the
 * other refutes. Skipped where Python's z3 is not there. */
#include "test.h"

#include <sys/wait.h>
#include <unistd.h>

#include "policies.h"
#include "policy_random.h"

static const struct catalog *catalog;
static char python[64];

/* Debian's python3-z3 belongs to the system's Python. */
static bool find_python(void)
{
	static const char *const names[] = {"python3", "/usr/bin/python3"};
	for (size_t i = 0; i < 2; i++) {
		char command[256];
		snprintf(command, sizeof command, "%s tests/oracle/smt.py --probe >/dev/null 2>&1", names[i]);
		snprintf(python, sizeof python, "%s", names[i]);
		if (system(command) == 0)
			return true;
	}
	return false;
}

struct pairs {
	FILE *file;
	char path[64];
	enum proof_verdict *verdict;
	size_t count, cap;
};

static void open_pairs(struct pairs *p)
{
	*p = (struct pairs){.cap = 4096};
	snprintf(p->path, sizeof p->path, "/tmp/pare-oracle-XXXXXX");
	int fd = mkstemp(p->path);
	assert_true(fd >= 0);
	p->file = fdopen(fd, "w+");
	p->verdict = calloc(p->cap, sizeof *p->verdict);
	assert_non_null(p->verdict);
}

static void put_side(struct buf *b, const char *name, struct policy_set set)
{
	buf_printf(b, ",\"%s\":[", name);
	for (size_t i = 0; i < set.count; i++) {
		if (i > 0)
			buf_putc(b, ',');
		policy_print_compact(set.policy[i], b);
	}
	buf_putc(b, ']');
}

static void add_pair(struct arena *a, struct pairs *pairs, struct policy_set before,
		     struct policy_set after, bool deny)
{
	struct proof_caps caps = proof_caps_default();
	struct proof p = deny ? prove_no_lost_deny(a, before, after, catalog, &caps)
			      : prove_no_new_allow(a, before, after, catalog, &caps);
	struct buf *b = buf_new(a, 1 << 20);
	buf_printf(b, "{\"question\":\"%s\"", p.question);
	put_side(b, "before", before);
	put_side(b, "after", after);
	buf_puts(b, "}");
	assert_true(buf_ok(b) && pairs->count < pairs->cap);
	fprintf(pairs->file, "%s\n", b->data);
	pairs->verdict[pairs->count++] = p.verdict;
}

/* One reading's answer against the verdict, which is about all readings. */
static bool contradicts(const char *smt, enum proof_verdict v)
{
	return (v == PROOF_PROVED && strcmp(smt, "sat") == 0) ||
	       (v == PROOF_REFUTED && strcmp(smt, "unsat") == 0);
}

static void show_line(const struct pairs *p, size_t number)
{
	char *buffer = NULL, *line = NULL;
	size_t size = 0;
	FILE *f = fopen(p->path, "r");
	for (size_t i = 0; f != NULL && i <= number; i++)
		line = next_line(f, &buffer, &size);
	printf("%.3000s\n", line != NULL ? line : "");
	if (f != NULL)
		fclose(f);
	free(buffer);
}

static void compare(struct pairs *p, const char *what)
{
	char command[256], answer[3][16];
	size_t decided = 0, skipped = 0, wrong = 0, i = 0;
	double ms, total_ms = 0;
	fclose(p->file);
	snprintf(command, sizeof command, "%s tests/oracle/smt.py < %s", python, p->path);
	FILE *f = popen(command, "r");
	assert_non_null(f);
	for (; fscanf(f, "%15s %15s %15s %lf", answer[0], answer[1], answer[2], &ms) == 4; i++) {
		bool bad = false, unknown = false;
		for (size_t r = 0; r < 3; r++) {
			bad = bad || contradicts(answer[r], p->verdict[i]);
			unknown = unknown || strcmp(answer[r], "unknown") == 0;
		}
		total_ms += ms;
		skipped += strcmp(answer[0], "skip") == 0;
		decided += !unknown && strcmp(answer[0], "skip") != 0;
		wrong += bad;
		if (bad) {
			printf("%s: the solver says %s %s %s of\n", proof_verdict_name(p->verdict[i]), answer[0],
			       answer[1], answer[2]);
			show_line(p, i);
		}
	}
	assert_int_equal(pclose(f), 0);
	remove(p->path);
	free(p->verdict);
	printf("%s: %zu pairs, %zu decided by the solver, %zu not taken, %zu contradictions; %.0f ms\n", what,
	       p->count, decided, skipped, wrong, total_ms);
	assert_int_equal(i, p->count);
	assert_int_equal(wrong, 0);
	assert_true(decided * 3 > p->count - skipped);
}

static size_t amount(const char *name, size_t otherwise)
{
	const char *text = getenv(name);
	return text != NULL ? (size_t)strtoull(text, NULL, 10) : otherwise;
}

static void need_solver(void)
{
	if (python[0] != '\0')
		return;
	printf("skipped: Python's z3 is absent\n");
	skip();
}

static void test_random(void **state)
{
	(void)state;
	struct pairs p;
	need_solver();
	open_pairs(&p);
	random_start(amount("SEED0", 1) + 77);
	for (size_t i = amount("PAIRS", 10); i > 0; i--) {
		struct arena *a = arena_new(NULL);
		const struct policy *before, *after;
		random_pair(a, &before, &after);
		add_pair(a, &p, (struct policy_set){&before, 1}, (struct policy_set){&after, 1},
			 random_below(5) == 0);
		arena_free(a);
	}
	compare(&p, "random");
}

static void test_own(void **state)
{
	(void)state;
	struct pairs p;
	struct err e;
	char *buffer = NULL, *line;
	size_t size = 0;
	need_solver();
	open_pairs(&p);
	FILE *f = fopen("tests/data/contain/cases.jsonl", "r");
	assert_non_null(f);
	while ((line = next_line(f, &buffer, &size)) != NULL) {
		struct arena *a = arena_new(NULL);
		const struct json *c = json_parse(a, line, strlen(line), "case", &e);
		const char *check = json_text(c, "check");
		if (strcmp(check, "only-unused-lost") != 0)
			add_pair(a, &p, policies_of(a, json_get(c, "existing"), "existing"),
				 policies_of(a, json_get(c, "recommended"), "recommended"),
				 strcmp(check, "no-lost-deny") == 0);
		arena_free(a);
	}
	fclose(f);
	free(buffer);
	compare(&p, "own cases");
}

static void test_real(void **state)
{
	(void)state;
	struct pairs p;
	struct err e;
	char *buffer = NULL, *line;
	size_t size = 0, number = 0, every = amount("EVERY", 250);
	need_solver();
	FILE *f = shared_xz("policies/managed-policy-versions.jsonl.xz");
	if (f == NULL) {
		printf("skipped: the shared policy versions are absent\n");
		skip();
	}
	open_pairs(&p);
	while ((line = next_line(f, &buffer, &size)) != NULL) {
		if (strlen(line) > 6000 || number++ % every != 0)
			continue;
		struct arena *a = arena_new(NULL);
		const struct json *v = json_parse(a, line, strlen(line), "versions", &e);
		const struct json *x = json_get(v, "versions")->first;
		if (x->next != NULL) {
			struct policy_set was = policies_of(a, json_get(x, "document"), "before");
			struct policy_set is = policies_of(a, json_get(x->next, "document"), "after");
			add_pair(a, &p, was, is, false);
			add_pair(a, &p, is, was, false);
		}
		arena_free(a);
	}
	free(buffer);
	pclose(f);
	compare(&p, "real edits");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_real),
	};
	struct arena *a = arena_new(NULL);
	catalog = catalog_embedded(a);
	if (!find_python())
		python[0] = '\0';
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(a);
	return failed;
}
