/* Synthetic recommendations made from real policies: every genuine one must be proved on all three
 * questions; of the mutants none may be proved whose change is one. */
#include "test.h"

#include "policies.h"

static const struct catalog *catalog;

struct tally {
	size_t verdict[3][3]; /* question, verdict */
	size_t wrong;
};

static const char *const questions[] = {"g1", "g1b", "g2"};

/* `expected` is fixed where the making of the triple fixes it; what a solver or a reference found
 * is compared, too: PROVED against REFUTED is a contradiction, UNKNOWN on one side is not. */
static size_t check_one(const char *id, const char *question, const struct json *v,
			const struct proof *p, struct policy_set before, struct policy_set after)
{
	char name[16];
	const char *got = proof_verdict_name(p->verdict), *expected = json_text(v, question);
	snprintf(name, sizeof name, "ref_%s", question);
	const char *reference = json_text(v, name);
	bool differs = expected != NULL && strcmp(expected, got) != 0 &&
		       (p->verdict != PROOF_UNKNOWN || strcmp(expected, "PROVED") == 0);
	bool contradicts = reference != NULL && p->verdict != PROOF_UNKNOWN &&
			   strcmp(reference, "UNKNOWN") != 0 && strcmp(reference, got) != 0;
	bool holds = witness_holds(p, before, after);
	if (!differs && !contradicts && holds)
		return 0;
	printf("%s %s: %s, expected %s, reference %s%s: %s\n", id, question, got,
	       expected != NULL ? expected : "-", reference != NULL ? reference : "-",
	       holds ? "" : ", witness does not hold", p->reason);
	if (p->witness != NULL)
		print_request(p->witness);
	return 1;
}

static void check_line(char *line, struct tally *t, size_t *kinds)
{
	struct arena *a = arena_new(NULL);
	struct proof_caps caps = proof_caps_default();
	struct err e;
	const struct json *v = json_parse(a, line, strlen(line), "triple", &e);
	assert_non_null(v);
	const char *id = json_text(v, "id");
	struct policy_set before = policies_of(a, json_get(v, "existing"), "existing");
	struct policy_set after = policies_of(a, json_get(v, "recommended"), "recommended");
	const struct unused *unused = unused_parse(a, json_get(v, "unused"), "unused", &e);
	assert_non_null(unused);
	struct proof p[3] = {
		prove_no_new_allow(a, before, after, catalog, &caps),
		prove_no_lost_deny(a, before, after, catalog, &caps),
		prove_only_unused_lost(a, before, after, unused, catalog, &caps),
	};
	*kinds += strcmp(json_text(v, "kind"), "recommended") == 0;
	for (size_t i = 0; i < 3; i++) {
		t->verdict[i][p[i].verdict]++;
		t->wrong += check_one(id, questions[i], v, &p[i], before, after);
	}
	arena_free(a);
}

static void test_synthetic(void **state)
{
	(void)state;
	struct tally t = {.wrong = 0};
	size_t size = 0, count = 0, genuine = 0;
	char *buffer = NULL, *line;
	FILE *f = shared_xz("policies/synthetic-recommendations.jsonl.xz");
	if (f == NULL) {
		printf("skipped: the shared synthetic recommendations are absent\n");
		skip();
	}
	while ((line = next_line(f, &buffer, &size)) != NULL) {
		check_line(line, &t, &genuine);
		count++;
	}
	free(buffer);
	pclose(f);
	for (size_t i = 0; i < 3; i++)
		printf("%s: proved %zu, refuted %zu, unknown %zu\n", questions[i], t.verdict[i][PROOF_PROVED],
		       t.verdict[i][PROOF_REFUTED], t.verdict[i][PROOF_UNKNOWN]);
	printf("%zu triples, %zu genuine\n", count, genuine);
	assert_int_equal(count, 3540);
	assert_int_equal(t.wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_synthetic)};
	struct arena *a = arena_new(NULL);
	catalog = catalog_embedded(a);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(a);
	return failed;
}
