/* Random small policies against brute force: every request of a small universe is judged by the
 * second evaluator (reference.h), and no PROVED may have a violation among them. */
#include "test.h"

#include "policy_random.h"
#include "reference.h"

static const struct catalog *catalog;
/* --- the universe --- */

struct universe {
	const char *action[128], *resource[256], *user[8];
	size_t actions, resources, users;
	struct ref_value value[2][32]; /* of the keys of the two families */
	size_t values[2];
};

static void all_texts(struct arena *a, const char *prefix, const char *letters, int max,
		      const char **out, size_t *count)
{
	for (const char *c = letters; *c != '\0'; c++) {
		const char *text = str_printf(a, "%s%c", prefix, *c);
		out[(*count)++] = text;
		if (max > 1)
			all_texts(a, text, letters, max - 1, out, count);
	}
}

static void add_value(struct universe *u, size_t which, const char *key, int count, const char *x,
		      const char *y)
{
	u->value[which][u->values[which]++] = (struct ref_value){key, count, {x, y}};
}

static void fill_values(struct universe *u, size_t which, unsigned family)
{
	static const char *const texts[] = {"u", "v", "U", "uv", "uu", "*", "w", "vU", "?u", "V"};
	static const char *const numbers[] = {"0", "0.25", "0.5", "1", "1.5", "2", "2.5", "9", "-1"};
	static const char *const dates[] = {"2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z",
					    "2026-01-02T12:00:00Z", "2026-01-03T00:00:00Z",
					    "2026-01-04T00:00:00Z", "2026-01-05T00:00:00Z"};
	static const char *const addresses[] = {"10.0.0.1", "10.1.2.3", "10.200.0.1", "192.168.3.4",
						"11.0.0.0", "9.255.255.255", "10.127.255.255"};
	static const char *const arns[] = {"arn:p:s:r:1:u", "arn:p:s::1:v", "arn:p:s:q:1:uv",
					   "arn:p:s:r:1:w", "arn:p:s:r:2:u", "u"};
	static const char *const truths[] = {"true", "false"};
	static const struct {
		const char *key;
		const char *const *value;
		size_t count;
	} lists[] = {
		{"aws:PrincipalTag/t", texts, 10}, {"aws:TagKeys", texts, 4},
		{"aws:MultiFactorAuthAge", numbers, 9}, {"aws:CurrentTime", dates, 6},
		{"aws:SourceIp", addresses, 7}, {"aws:SecureTransport", truths, 2},
		{"aws:SourceArn", arns, 6}, {"aws:PrincipalTag/t", texts, 4},
	};
	const char *key = lists[family].key;
	add_value(u, which, key, -1, NULL, NULL);
	for (size_t i = 0; i < lists[family].count; i++)
		add_value(u, which, key, family == 1 ? 1 : -2, lists[family].value[i], NULL);
	if (family != 1)
		return;
	add_value(u, which, key, 0, NULL, NULL);
	for (size_t i = 0; i < 4; i++)
		for (size_t k = i + 1; k < 4; k++)
			add_value(u, which, key, 2, texts[i], texts[k]);
}

static void fill(struct arena *a, struct universe *u)
{
	static const char *const places[] = {"arn:p:s:r:1:", "arn:p:s:q:1:", "arn:p:s::12:",
					     "arn:p:s:r:2:", "arn:p:sv:r:1:"};
	memset(u, 0, sizeof *u);
	all_texts(a, "a:", "xyz", 3, u->action, &u->actions);
	all_texts(a, "b:", "xy", 2, u->action, &u->actions);
	u->resource[u->resources++] = "*";
	for (size_t i = 0; i < 5; i++)
		all_texts(a, places[i], i == 0 ? "uv:*" : "uv", i == 0 ? 3 : 2, u->resource,
			  &u->resources);
	u->user[u->users++] = NULL;
	if (with_variables)
		for (const char *const *x = (const char *const[]){"u", "v", "uv", "w", NULL}; *x != NULL; x++)
			u->user[u->users++] = *x;
	fill_values(u, 0, families[0]);
	fill_values(u, 1, families[1]);
}

/* --- brute force --- */

struct masks { /* one bit for each statement of both sides */
	uint64_t allow[2], deny[2];
	const struct statement *statement[16];
	size_t count;
};

static void add_masks(struct masks *m, const struct policy *p, int side)
{
	for (size_t i = 0; i < p->count; i++) {
		uint64_t bit = (uint64_t)1 << m->count;
		*(p->statements[i].effect == EFFECT_ALLOW ? &m->allow[side] : &m->deny[side]) |= bit;
		m->statement[m->count++] = &p->statements[i];
	}
}

static bool allowed(const struct masks *m, int side, uint64_t hit)
{
	return (hit & m->allow[side]) != 0 && (hit & m->deny[side]) == 0;
}

/* The first request of the universe that breaks the claim, in words; or NULL. Side 0 is before. */
static const char *find_violation(struct arena *a, const struct masks *m, const struct universe *u,
				  enum arn_reading reading, bool deny)
{
	uint64_t of_action[128] = {0}, of_resource[256];
	for (size_t i = 0; i < u->actions; i++)
		for (size_t s = 0; s < m->count; s++)
			of_action[i] |= (uint64_t)ref_action(m->statement[s], u->action[i]) << s;
	for (size_t user = 0; user < u->users; user++) {
		struct ref_request q = {.context_count = 1};
		q.context[0] = (struct ref_value){"aws:username", u->user[user] != NULL ? -2 : -1,
						  {u->user[user]}};
		for (size_t i = 0; i < u->resources; i++) {
			q.resource = u->resource[i];
			of_resource[i] = 0;
			for (size_t s = 0; s < m->count; s++)
				of_resource[i] |= (uint64_t)ref_resources(m->statement[s], &q, reading) << s;
		}
		q.context_count = 3;
		for (size_t x = 0; x < u->values[0]; x++)
			for (size_t y = 0; y < u->values[1]; y++) {
				uint64_t of_context = 0;
				q.context[1] = u->value[0][x];
				q.context[2] = u->value[1][y];
				for (size_t s = 0; s < m->count; s++)
					of_context |= (uint64_t)ref_conditions(m->statement[s], &q) << s;
				for (size_t i = 0; of_context != 0 && i < u->actions; i++)
					for (size_t k = 0; k < u->resources; k++) {
						uint64_t hit = of_action[i] & of_resource[k] & of_context;
						bool was = deny ? (hit & m->deny[0]) != 0 : allowed(m, 0, hit);
						bool is = deny ? (hit & m->deny[1]) != 0 : allowed(m, 1, hit);
						if (deny ? was && !is : is && !was)
							return str_printf(a, "%s on %s, values %zu and %zu, user %s",
									  u->action[i], u->resource[k], x, y,
									  u->user[user] != NULL ? u->user[user]
												: "absent");
					}
			}
	}
	return NULL;
}

static void show(struct arena *a, const char *name, const struct policy *p)
{
	struct buf *b = buf_new(a, 1 << 16);
	policy_print_compact(p, b);
	printf("  %s %s\n", name, b->data);
}

struct counts {
	size_t verdict[3], violations, wrong, missed;
};

static void check_pair(struct arena *a, const struct policy *before, const struct policy *after,
		       bool deny, struct counts *n)
{
	struct universe u;
	struct masks m = {.count = 0};
	struct proof_caps caps = proof_caps_default();
	struct policy_set was = {&before, 1}, is = {&after, 1};
	struct proof p = deny ? prove_no_lost_deny(a, was, is, catalog, &caps)
			      : prove_no_new_allow(a, was, is, catalog, &caps);
	const char *found[ARN_READING_COUNT];
	bool any = false, all = true;
	n->verdict[p.verdict]++;
	fill(a, &u);
	add_masks(&m, before, 0);
	add_masks(&m, after, 1);
	for (int r = 0; r < ARN_READING_COUNT; r++) {
		found[r] = r == ARN_PADDED && !with_short_arns
				   ? found[ARN_SEGMENTED]
				   : find_violation(a, &m, &u, (enum arn_reading)r, deny);
		any = any || found[r] != NULL;
		all = all && found[r] != NULL;
	}
	n->violations += any;
	n->missed += all && p.verdict == PROOF_UNKNOWN;
	if ((p.verdict != PROOF_PROVED || !any) && witness_holds(&p, was, is))
		return;
	n->wrong++;
	printf("seed %016llx: %s %s: %s\n", (unsigned long long)random_seed, p.question,
	       proof_verdict_name(p.verdict), p.reason);
	for (int r = 0; r < ARN_READING_COUNT; r++)
		printf("  %s: %s\n", arn_reading_name((enum arn_reading)r), found[r] != NULL ? found[r] : "-");
	show(a, "before", before);
	show(a, "after", after);
	if (p.witness != NULL)
		print_request(p.witness);
}

static struct counts run(uint64_t from, size_t pairs)
{
	struct counts n = {.wrong = 0};
	random_start(from);
	for (size_t i = 0; i < pairs && n.wrong < 5; i++) {
		struct arena *a = arena_new(NULL);
		const struct policy *before, *after;
		random_pair(a, &before, &after);
		check_pair(a, before, after, random_chance(20), &n);
		arena_free(a);
	}
	printf("proved %zu, refuted %zu, unknown %zu; %zu with a violation in the universe, %zu of those "
	       "undecided\n", n.verdict[PROOF_PROVED], n.verdict[PROOF_REFUTED],
	       n.verdict[PROOF_UNKNOWN], n.violations, n.missed);
	return n;
}

static uint64_t first_seed(void)
{
	const char *text = getenv("SEED0");
	return text != NULL ? strtoull(text, NULL, 10) : 1;
}

static size_t pairs(size_t otherwise)
{
	const char *text = getenv("PAIRS");
	return text != NULL ? (size_t)strtoull(text, NULL, 10) : otherwise;
}

static void test_plain(void **state)
{
	(void)state;
	with_variables = with_short_arns = false;
	size_t count = pairs(4000);
	struct counts n = run(first_seed(), count);
	assert_int_equal(n.wrong, 0);
	assert_true(n.verdict[PROOF_PROVED] > count / 50);
	assert_true(n.verdict[PROOF_UNKNOWN] < count / 20);
}

static void test_variables(void **state)
{
	(void)state;
	with_variables = true;
	with_short_arns = false;
	struct counts n = run(first_seed() + 1000000, pairs(2500));
	assert_int_equal(n.wrong, 0);
}

static void test_short_arns(void **state)
{
	(void)state;
	with_variables = false;
	with_short_arns = true;
	struct counts n = run(first_seed() + 2000000, pairs(2000));
	assert_int_equal(n.wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_short_arns),
	};
	struct arena *a = arena_new(NULL);
	catalog = catalog_embedded(a);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(a);
	return failed;
}
