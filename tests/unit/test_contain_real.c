/* Real policies: every AWS-managed one inside itself and inside more; refined by random lists of
 * unused actions and proved both ways; every pair of consecutive versions. */
#include "test.h"

#include "pare/refine.h"
#include "policies.h"

static const struct catalog *catalog;
static uint64_t seed = 20261125;

static unsigned below(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % n;
}

static bool expect(const char *name, const struct proof *p, enum proof_verdict verdict)
{
	if (p->verdict == verdict)
		return true;
	printf("%s: %s is %s: %s\n", name, p->question, proof_verdict_name(p->verdict), p->reason);
	if (p->witness != NULL)
		print_request(p->witness);
	return false;
}

/* p with one more statement. */
static const struct policy *more(struct arena *a, const struct policy *p, const struct policy *other)
{
	struct policy *q = arena_alloc(a, sizeof *q);
	*q = *p;
	q->statements = arena_array(a, p->count + 1, sizeof *q->statements);
	memcpy(q->statements, p->statements, p->count * sizeof *q->statements);
	q->statements[q->count++] = other->statements[0];
	for (size_t i = 0; i < q->count; i++) {
		q->statements[i].index = i;
		q->statements[i].policy = q;
	}
	return q;
}

static size_t check_self(struct arena *a, const struct policy *p, const struct policy *extra)
{
	struct proof_caps caps = proof_caps_default();
	const struct policy *wide = more(a, p, extra);
	struct policy_set x = {&p, 1}, y = {&wide, 1};
	struct unused none = {.count = 0};
	struct proof self = prove_no_new_allow(a, x, x, catalog, &caps);
	struct proof deny = prove_no_lost_deny(a, x, x, catalog, &caps);
	struct proof lost = prove_only_unused_lost(a, x, x, &none, catalog, &caps);
	struct proof inside = prove_no_new_allow(a, y, x, catalog, &caps);
	struct proof outside = prove_no_new_allow(a, x, y, catalog, &caps);
	size_t wrong = 0;
	wrong += !expect(p->source, &self, PROOF_PROVED);
	wrong += !expect(p->source, &deny, PROOF_PROVED);
	wrong += !expect(p->source, &lost, PROOF_PROVED);
	wrong += !expect(p->source, &inside, PROOF_PROVED);
	/* the extra statement grants what no managed policy but the widest does */
	wrong += outside.verdict == PROOF_UNKNOWN || !witness_holds(&outside, x, y);
	return wrong;
}

/* Some catalogued actions that the policy's own patterns name. */
static struct unused *random_unused(struct arena *a, const struct policy *p)
{
	struct buf *b = buf_new(a, 1 << 20);
	struct err e;
	unsigned one_in = 2 + below(4);
	const char *comma = "";
	buf_putc(b, '[');
	for (size_t i = 0; i < p->count; i++)
		for (size_t k = 0; k < p->statements[i].actions.count; k++) {
			const char *action = p->statements[i].actions.item[k];
			const char *colon = strchr(action, ':');
			if (colon == NULL || below(one_in) != 0)
				continue;
			char *prefix = arena_copy(a, action, (size_t)(colon - action));
			const struct catalog_service *s = catalog_service(catalog, prefix);
			if (strpbrk(action, "*?") == NULL) {
				buf_printf(b, "%s\"%s\"", comma, action);
			} else if (s != NULL && s->action_count > 0 && below(4) != 0) {
				buf_printf(b, "%s\"%s\"", comma,
					   s->action[below((unsigned)s->action_count)].full);
			} else {
				buf_printf(b, "%s\"%s\"", comma, prefix);
			}
			comma = ",";
		}
	buf_putc(b, ']');
	struct unused *u = unused_parse(a, json_parse(a, b->data, b->len, "unused", &e), "unused", &e);
	assert_non_null(u);
	return u;
}

static size_t check_refined(struct arena *a, const struct policy *p)
{
	struct proof_caps caps = proof_caps_default();
	struct unused *unused = random_unused(a, p);
	const struct policy *narrow = policy_refine(a, p, unused, catalog);
	struct policy_set was = {&p, 1}, is = {&narrow, narrow != NULL};
	struct proof allow = prove_no_new_allow(a, was, is, catalog, &caps);
	struct proof deny = prove_no_lost_deny(a, was, is, catalog, &caps);
	struct proof lost = prove_only_unused_lost(a, was, is, unused, catalog, &caps);
	return !expect(p->source, &allow, PROOF_PROVED) + !expect(p->source, &deny, PROOF_PROVED) +
	       !expect(p->source, &lost, PROOF_PROVED);
}

static void test_managed(void **state)
{
	(void)state;
	size_t len, count = 0, wrong = 0;
	char *rest = NULL, *text = shared_file("policies/aws-managed-policies.jsonl", &len);
	struct arena *outer = arena_new(NULL);
	struct err e;
	if (text == NULL) {
		printf("skipped: the shared managed policies are absent\n");
		arena_free(outer);
		skip();
	}
	struct policy_set extra = policies_of_text(
		outer, "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"pare:*\","
		       "\"Resource\":\"arn:aws:pare:*:*:thing/*\"}}", "extra");
	for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		struct arena *a = arena_new(NULL);
		const struct json *v = json_parse(a, line, strlen(line), "policy", &e);
		const struct policy *p = policy_of(a, json_get(v, "document"), json_text(v, "name"));
		wrong += check_self(a, p, extra.policy[0]) + check_refined(a, p);
		count++;
		arena_free(a);
	}
	free(text);
	arena_free(outer);
	printf("%zu managed policies\n", count);
	assert_int_equal(count, 1644);
	assert_int_equal(wrong, 0);
}

struct versions {
	size_t pairs, verdict[3], wrong;
};

static void check_versions(char *line, struct versions *n)
{
	struct arena *a = arena_new(NULL);
	struct proof_caps caps = proof_caps_default();
	struct err e;
	const struct json *v = json_parse(a, line, strlen(line), "versions", &e);
	const struct json *x = json_get(v, "versions")->first;
	for (; x != NULL && x->next != NULL; x = x->next) {
		const struct policy *old = policy_of(a, json_get(x, "document"), "before");
		const struct policy *new = policy_of(a, json_get(x->next, "document"), "after");
		struct policy_set was = {&old, 1}, is = {&new, 1};
		n->pairs++;
		struct proof p[4] = {
			prove_no_new_allow(a, was, is, catalog, &caps),
			prove_no_lost_deny(a, was, is, catalog, &caps),
			prove_no_new_allow(a, is, was, catalog, &caps),
			prove_no_lost_deny(a, is, was, catalog, &caps),
		};
		for (size_t i = 0; i < 4; i++) {
			bool holds = i < 2 ? witness_holds(&p[i], was, is) : witness_holds(&p[i], is, was);
			n->verdict[p[i].verdict]++;
			n->wrong += !holds;
			if (!holds)
				printf("%s: the witness of %s does not hold\n", json_text(v, "name"),
				       p[i].question);
		}
	}
	arena_free(a);
}

static void test_versions(void **state)
{
	(void)state;
	struct versions n = {.pairs = 0};
	char *buffer = NULL, *line;
	size_t size = 0;
	FILE *f = shared_xz("policies/managed-policy-versions.jsonl.xz");
	if (f == NULL) {
		printf("skipped: the shared policy versions are absent\n");
		skip();
	}
	while ((line = next_line(f, &buffer, &size)) != NULL)
		check_versions(line, &n);
	free(buffer);
	pclose(f);
	printf("%zu pairs: proved %zu, refuted %zu, unknown %zu\n", n.pairs, n.verdict[PROOF_PROVED],
	       n.verdict[PROOF_REFUTED], n.verdict[PROOF_UNKNOWN]);
	assert_int_equal(n.pairs, 2969);
	assert_int_equal(n.wrong, 0);
	assert_true(n.verdict[PROOF_UNKNOWN] <= 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_managed),
		cmocka_unit_test(test_versions),
	};
	struct arena *a = arena_new(NULL);
	catalog = catalog_embedded(a);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(a);
	return failed;
}
