/* The hand-worked pairs: the project's own always, the shared ones where they are. Each names the
 * question, the verdict and why. */
#include "test.h"

#include <dirent.h>

#include "policies.h"

static const struct catalog *catalog;

static struct proof ask(struct arena *a, const char *check, struct policy_set before,
			struct policy_set after, const struct unused *unused)
{
	struct proof_caps caps = proof_caps_default();
	if (strcmp(check, "g1") == 0 || strcmp(check, "no-new-allow") == 0)
		return prove_no_new_allow(a, before, after, catalog, &caps);
	if (strcmp(check, "g1b") == 0 || strcmp(check, "no-lost-deny") == 0)
		return prove_no_lost_deny(a, before, after, catalog, &caps);
	return prove_only_unused_lost(a, before, after, unused, catalog, &caps);
}

/* Counts of failures; everything said. */
static size_t run_case(struct arena *a, const struct json *c)
{
	struct err e;
	const char *id = json_text(c, "id");
	struct policy_set before = policies_of(a, json_get(c, "existing"), id);
	struct policy_set after = policies_of(a, json_get(c, "recommended"), id);
	const struct unused *unused = NULL;
	if (json_get(c, "unused") != NULL) {
		unused = unused_parse(a, json_get(c, "unused"), id, &e);
		assert_non_null(unused);
	}
	struct proof p = ask(a, json_text(c, "check"), before, after, unused);
	const char *expected = json_text(c, "expected"), *kind = json_text(c, "witness_class");
	bool right = strcmp(proof_verdict_name(p.verdict), expected) == 0;
	bool holds = witness_holds(&p, before, after);
	/* a catalogued action as witness is better than a made-up one */
	bool same_kind = p.witness == NULL || kind == NULL || strcmp(p.witness->kind, kind) == 0 ||
			 strcmp(p.witness->kind, "feasible") == 0;
	if (right && holds && same_kind && p.reason != NULL)
		return 0;
	printf("%s: %s, expected %s: %s%s\n  because: %s\n", id, proof_verdict_name(p.verdict), expected,
	       p.reason, holds ? "" : " (and the witness does not hold)", json_text(c, "why"));
	if (p.witness != NULL)
		print_request(p.witness);
	return 1;
}

static size_t run_lines(char *text, size_t *count)
{
	size_t failures = 0;
	struct err e;
	char *rest = NULL;
	for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		struct arena *a = arena_new(NULL);
		const struct json *c = json_parse(a, line, strlen(line), "case", &e);
		assert_non_null(c);
		failures += run_case(a, c);
		++*count;
		arena_free(a);
	}
	return failures;
}

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	static char text[1 << 20];
	size_t len = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[len] = '\0';
	return text;
}

static void test_own(void **state)
{
	(void)state;
	size_t count = 0;
	assert_int_equal(run_lines(read_file("tests/data/contain/cases.jsonl"), &count), 0);
	assert_true(count >= 60);
}

static void test_shared(void **state)
{
	(void)state;
	size_t count = 0, len;
	char *text = shared_file("policies/containment-cases.jsonl", &len);
	if (text == NULL) {
		printf("skipped: the shared containment cases are absent\n");
		skip();
	}
	size_t failures = run_lines(text, &count);
	free(text);
	assert_int_equal(failures, 0);
	assert_int_equal(count, 71);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_shared),
	};
	struct arena *a = arena_new(NULL);
	catalog = catalog_embedded(a);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(a);
	return failed;
}
