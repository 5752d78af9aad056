/* The automaton against the plain matcher: what it says of a text is so, and whatever a text can
 * match together, it finds. */
#include "test.h"

#include <string.h>

#include "../../src/policy/automaton.h"

enum { PATTERNS = 3, WIDTH = 1 << PATTERNS };

static uint64_t seed = 7;

static unsigned below(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % n;
}

/* Any mixture of symbols, also ones that no reading makes. */
static struct pattern random_pattern(struct arena *a, bool arn)
{
	struct pattern p = {.fold = !arn && below(4) == 0};
	static const char head[] = "arn:p:s:";
	p.symbol = arena_array(a, 32, sizeof *p.symbol);
	for (size_t i = 0; arn && i < sizeof head - 1; i++)
		p.symbol[p.count++] = (struct symbol){SYMBOL_CHAR, (unsigned char)head[i]};
	for (unsigned n = below(7) + 1; n > 0; n--) {
		struct symbol s = {(unsigned char)below(5), 0};
		bool run = s.kind == SYMBOL_RUN || s.kind == SYMBOL_RUN_INSIDE;
		if (run && p.count > 0 && p.symbol[p.count - 1].kind >= SYMBOL_RUN)
			continue; /* never two runs side by side */
		if (s.kind == SYMBOL_CHAR)
			s.c = (unsigned char)"uv:u"[below(4)];
		p.symbol[p.count++] = s;
	}
	return p;
}

struct found {
	struct arena *arena;
	bool vector[WIDTH];
	size_t wrong;
};

static unsigned vector_of(struct arena *a, const struct pattern *p, const char *text)
{
	unsigned v = 0;
	for (unsigned i = 0; i < PATTERNS; i++)
		v |= (unsigned)(pattern_matches(a, &p[i], text) == ANSWER_YES) << i;
	return v;
}

static enum visit visit(void *context, const struct walk *w, const struct state *s)
{
	struct found *f = context;
	unsigned said = 0;
	if (!s->complete)
		return VISIT_ON;
	for (size_t i = 0; i < s->count; i++)
		said |= (unsigned)place_accepts(w, s->place[i]) << s->place[i].pattern;
	f->wrong += said != vector_of(f->arena, w->pattern, walk_text(f->arena, w, s));
	f->vector[said] = true;
	return VISIT_ON;
}

static void random_text(char *out, bool arn)
{
	static const char *const heads[] = {"arn:p:s:", "arn:p:s:", "arn:q:s:"};
	out[0] = '\0';
	if (arn)
		strcpy(out, heads[below(3)]);
	size_t n = strlen(out);
	for (unsigned k = below(9) + 1; k > 0; k--)
		out[n++] = "uv:Uwu:v"[below(8)];
	out[n] = '\0';
}

/* As the domain has it: six parts, the last not empty. */
static bool is_arn(const char *text)
{
	const char *c = text;
	for (int colons = 0; colons < 5; colons++) {
		c = strchr(c, ':');
		if (c == NULL)
			return false;
		c++;
	}
	return *c != '\0';
}

static void run(bool arn, size_t rounds)
{
	for (size_t i = 0; i < rounds; i++) {
		struct arena *a = arena_new(NULL);
		struct pattern p[PATTERNS];
		struct found f = {.arena = a};
		uint64_t steps = 1000000;
		char text[64];
		for (size_t k = 0; k < PATTERNS; k++)
			p[k] = random_pattern(a, arn);
		struct walk w = {.pattern = p, .pattern_count = PATTERNS,
				 .domain = arn ? DOMAIN_ARN : DOMAIN_TEXT, .max_states = 20000,
				 .steps = &steps, .visit = visit, .context = &f};
		assert_int_equal(walk_texts(a, &w), WALK_DONE);
		assert_int_equal(f.wrong, 0);
		for (size_t k = 0; k < 300; k++) {
			random_text(text, arn);
			if (arn && !is_arn(text))
				continue;
			if (!f.vector[vector_of(a, p, text)])
				fail_msg("round %zu: '%s' is not among what was found", i, text);
		}
		arena_free(a);
	}
}

static void test_texts(void **state)
{
	(void)state;
	run(false, 1500);
}

static void test_arns(void **state)
{
	(void)state;
	run(true, 1500);
}

/* Breadth first: the first text of a kind is a shortest one. */
struct shortest {
	struct arena *arena;
	char *text;
};

static enum visit first_accepted(void *context, const struct walk *w, const struct state *s)
{
	struct shortest *f = context;
	for (size_t i = 0; i < s->count; i++)
		if (s->complete && place_accepts(w, s->place[i])) {
			f->text = walk_text(f->arena, w, s);
			return VISIT_STOP;
		}
	return VISIT_ON;
}

static void test_shortest(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct pattern_rules rules = {.kind = PATTERN_ACTION};
	struct pattern p = pattern_read(a, "s3:*Get?x*", &rules);
	struct shortest f = {.arena = a};
	uint64_t steps = 100000;
	struct walk w = {.pattern = &p, .pattern_count = 1, .domain = DOMAIN_ACTION, .max_states = 1000,
			 .steps = &steps, .visit = first_accepted, .context = &f};
	assert_int_equal(walk_texts(a, &w), WALK_STOPPED);
	assert_int_equal(strlen(f.text), strlen("s3:getyx"));
	assert_int_equal(strncmp(f.text, "s3:get", 6), 0);
	w.max_states = 2;
	assert_int_equal(walk_texts(a, &w), WALK_STATES);
	steps = 3;
	w.max_states = 1000;
	assert_int_equal(walk_texts(a, &w), WALK_STEPS);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_arns),
		cmocka_unit_test(test_shortest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
