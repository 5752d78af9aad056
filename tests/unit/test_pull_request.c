/* What a pull request says, and that there is one. */
#include "plan_fixture.h"

#include "pare/pull_request.h"

/* --- a forge in memory --- */

struct memory {
	struct bench *b;
	struct pull pull[8];
	size_t count;
	struct str_list said; /* "comment 1 …", "close 1", "label 1 pare", … */
	enum err_kind create_fails, other_fails;
	bool created_anyway;
	struct pull carrier;
};

static bool find(void *self, struct arena *a, const char *branch, struct pull **out, struct err *e)
{
	struct memory *m = self;
	(void)a;
	(void)e;
	*out = NULL;
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->pull[i].branch, branch) == 0)
			*out = &m->pull[i];
	return true;
}

static void remember(struct memory *m, const char *branch, const char *body)
{
	struct arena *a = m->b->arena;
	m->pull[m->count] = (struct pull){.number = (int64_t)m->count + 1, .branch = arena_strdup(a, branch),
					  .body = arena_strdup(a, body), .title = "", .author = "", .head = "h",
					  .url = str_printf(a, "https://f/%zu", m->count + 1)};
	m->count++;
}

static bool create(void *self, struct arena *a, const char *branch, const char *title, const char *body,
		   struct pull **out, struct err *e)
{
	struct memory *m = self;
	(void)a;
	(void)title;
	if (m->create_fails != ERR_NONE) {
		if (m->created_anyway)
			remember(m, branch, body);
		return err_set(e, m->create_fails, "no");
	}
	remember(m, branch, body);
	*out = &m->pull[m->count - 1];
	return true;
}

static bool say(struct memory *m, const char *what, int64_t number, const char *text, struct err *e)
{
	if (m->other_fails != ERR_NONE)
		return err_set(e, m->other_fails, "may not %s", what);
	str_list_add(m->b->arena, &m->said, str_printf(m->b->arena, "%s %lld %s", what, (long long)number, text));
	return true;
}

static bool edit(void *self, int64_t number, const char *body, struct err *e)
{
	struct memory *m = self;
	m->pull[number - 1].body = arena_strdup(m->b->arena, body);
	return say(m, "edit", number, "", e);
}

static bool label(void *self, int64_t number, const struct str_list *labels, struct err *e)
{
	bool ok = true;
	for (size_t i = 0; ok && i < labels->count; i++)
		ok = say(self, "label", number, labels->item[i], e);
	return ok;
}

static bool ask(void *self, int64_t number, const struct str_list *people, struct err *e)
{
	return say(self, "ask", number, people->item[0], e);
}

static bool comment(void *self, int64_t number, const char *body, struct err *e)
{
	return say(self, "comment", number, body, e);
}

static bool close_pull(void *self, int64_t number, struct err *e)
{
	((struct memory *)self)->pull[number - 1].state = PULL_CLOSED;
	return say(self, "close", number, "", e);
}

static bool status(void *self, const char *commit, bool good, const char *context,
		   const char *description, const char *url, struct err *e)
{
	struct memory *m = self;
	(void)url;
	assert_true(strlen(description) <= 140);
	return say(m, "status", good, str_printf(m->b->arena, "%s %s %s", context, commit, description), e);
}

static bool carriers(void *self, struct arena *a, const struct plan *plan, struct pull **out,
		     size_t *count, struct err *e)
{
	struct memory *m = self;
	(void)a;
	(void)plan;
	(void)e;
	*out = &m->carrier;
	*count = m->carrier.number != 0;
	return true;
}

static const char *file_url(void *self, struct arena *a, const char *commit, const char *path)
{
	(void)self;
	return str_printf(a, "https://f/%s/%s", commit, path);
}

static struct forge_port port_of(struct memory *m)
{
	return (struct forge_port){.self = m, .name = "memory", .body_max = 65536, .find = find, .create = create,
				   .edit = edit, .label = label, .ask = ask, .comment = comment, .close = close_pull,
				   .status = status, .carriers = carriers, .file_url = file_url};
}

static bool was_said(const struct memory *m, const char *start)
{
	for (size_t i = 0; i < m->said.count; i++)
		if (str_starts(m->said.item[i], start))
			return true;
	return false;
}

/* --- proposals --- */

struct made {
	struct proposal_item *item;
	size_t count;
	struct proposal p;
};

static struct made make_proposal(struct bench *b, size_t count, const char *name)
{
	struct made m = {.item = arena_array(b->arena, count, sizeof *m.item), .count = count};
	for (size_t i = 0; i < count; i++) {
		struct principal *role = make_role(b->arena, "/app/", str_printf(b->arena, "%s%zu", name, i));
		m.item[i] = (struct proposal_item){.plan = make_plan(b, role, "/r", name), .before = role};
	}
	m.p = (struct proposal){.account = ACCOUNT, .branch = "pare/" ACCOUNT "/new", .title = "t", .body = "",
				.plan_count = count};
	memcpy(m.p.commit, "cccccccccccccccccccccccccccccccccccccccc", OID_HEX);
	return m;
}

static size_t times(const char *text, const char *word)
{
	size_t n = 0;
	for (const char *at = text; (at = strstr(at, word)) != NULL; at += strlen(word))
		n++;
	return n;
}

static void test_block_is_whole_or_says_so(void **state)
{
	struct bench *b = *state;
	struct memory memory = {.b = b};
	struct forge_port f = port_of(&memory);
	struct made m = make_proposal(b, PROPOSAL_MAX_PLANS, "R");
	size_t cut, last = 0;
	for (size_t max = 30000; max <= 120000; max += 10000) {
		char *text = pull_request_block(b->arena, &f, m.item, m.count, &m.p, max, &cut);
		assert_true(strlen(text) <= max);
		assert_true(str_starts(text, "<!-- pare:begin -->\n"));
		assert_true(str_ends(text, "\n<!-- pare:end -->"));
		/* Every digest is there; every plan has its diff or its link in the list. */
		assert_int_equal(times(text, "/plan.json\n"), m.count);
		assert_int_equal(times(text, "[plan.md]("), m.count);
		assert_int_equal(times(text, "<details>"), m.count - cut);
		assert_int_equal(times(text, "</details>"), m.count - cut);
		assert_int_equal(times(text, "\n- `R"), cut);
		if (cut > 0)
			assert_non_null(strstr(text, str_printf(b->arena, "**%zu more plan", cut)));
		assert_true(max == 30000 || cut <= last);
		last = cut;
	}
	assert_int_equal(cut, 0);
	assert_non_null(strstr(pull_request_block(b->arena, &f, m.item, 1, &m.p, 60000, &cut), "-        \"s3:Describe*\",\n"));
}

/* Nothing from AWS can ping, command, link, end our part or hide: outside code there is only our own. */
static void test_hostile_names(void **state)
{
	static const char *const names[] = {
		"@acme/security", "x`@everyone`", "a\n/approve\n", "a\n<!-- pare:end -->\n", "fixes #1", "<img src=x>",
		"a\xe2\x80\xae" "b", "z\xe2\x80\x8b" "w", "```\n@root", "|cell|", "[x](https://evil.invalid)", "-- \\`",
	};
	struct bench *b = *state;
	struct memory memory = {.b = b};
	struct forge_port f = port_of(&memory);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct made m = make_proposal(b, 1, "R");
		struct plan *p = arena_alloc(b->arena, sizeof *p);
		size_t cut;
		*p = *m.item[0].plan;
		p->principal.name = names[i];
		p->source.finding = names[i];
		p->expires_at = names[i];
		m.item[0].plan = p;
		str_list_add(b->arena, &m.p.superseded, names[i]);
		char *text = pull_request_block(b->arena, &f, m.item, 1, &m.p, 60000, &cut);
		assert_null(strstr(text, "\xe2\x80"));
		assert_int_equal(times(text, "\n<!-- pare:end -->"), 1);
		assert_null(strstr(text, "\n/"));
		/* Take away fences, then spans; what is left has no trace. */
		char *left = arena_strdup(b->arena, text), *to = left;
		for (const char *c = text; *c != '\0';) {
			size_t run = strspn(c, "`");
			const char *end = c + run;
			if (run == 0) {
				*to++ = *c++;
				continue;
			}
			while (*end != '\0') {
				size_t r = strspn(end, "`");
				if (r == run)
					break;
				end += r > 0 ? r : 1;
			}
			if (*end == '\0')
				fail_msg("'%s': a span without an end: %.60s", names[i], c);
			c = end + run;
		}
		*to = '\0';
		static const char *const traces[] = {"@acme", "@everyone", "/approve", "#1", "<img", "@root", "evil", "|cell"};
		for (size_t k = 0; k < sizeof traces / sizeof traces[0]; k++)
			if (strstr(left, traces[k]) != NULL)
				fail_msg("'%s': '%s' is outside code: %s", names[i], traces[k], left);
	}
}

static void test_body_keeps_the_rest(void **state)
{
	static const struct {
		const char *there, *after;
	} cases[] = {
		{"", "B"},
		{"\r\n", "B"},
		{"hello", "hello\n\nB"},
		{"hello\n", "hello\n\nB"},
		{"a\r\n<!-- pare:begin -->\r\nold\r\n<!-- pare:end -->\r\nz", "a\r\nB\r\nz"},
		{"<!-- pare:begin -->\nold\n<!-- pare:end -->", "B"},
		{"<!-- pare:begin --> \nold\n<!-- pare:end -->\t\n", "B\t\n"},
		/* not a mark: within a line; without its other half; the wrong way round */
		{"see `<!-- pare:begin -->`\nx `<!-- pare:end -->`", "see `<!-- pare:begin -->`\nx `<!-- pare:end -->`\n\nB"},
		{"<!-- pare:begin -->\nold", "<!-- pare:begin -->\nold\n\nB"},
		{"<!-- pare:end -->\n<!-- pare:begin -->", "<!-- pare:end -->\n<!-- pare:begin -->\n\nB"},
		/* twice: from the first to the last */
		{"1\n<!-- pare:begin -->\n<!-- pare:end -->\n2\n<!-- pare:begin -->\n<!-- pare:end -->\n3", "1\nB\n3"},
	};
	struct bench *b = *state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_string_equal(pull_request_body(b->arena, cases[i].there, "B"), cases[i].after);
}

static void test_open(void **state)
{
	struct bench *b = *state;
	struct memory memory = {.b = b};
	struct forge_port f = port_of(&memory);
	struct config c = make_config(b, "/r");
	struct made m = make_proposal(b, 2, "R");
	struct pull_report r;
	remember(&memory, "pare/" ACCOUNT "/old", "old");
	remember(&memory, "pare/" ACCOUNT "/both", "both");
	str_list_add(b->arena, &m.p.superseded, "pare/" ACCOUNT "/old");
	str_list_add(b->arena, &m.p.superseded, "pare/" ACCOUNT "/without-a-pull-request");
	str_list_add(b->arena, &m.p.overlapping, "pare/" ACCOUNT "/both");
	str_list_add(b->arena, &c.repository.reviewers, "alice");
	assert_ok(pull_request_open(b->arena, &f, &c, m.item, 2, &m.p, &r, &b->e));
	assert_string_equal(r.done, "opened");
	assert_int_equal(r.notes.count, 0);
	assert_true(was_said(&memory, "label 3 pare"));
	assert_false(was_said(&memory, "label 3 pare:large"));
	assert_true(was_said(&memory, "ask 3 alice"));
	assert_true(was_said(&memory, "status 1 pare/plan cccccccccccccccccccccccccccccccccccccccc 2 plans"));
	assert_true(was_said(&memory, "comment 1 Superseded by https://f/3."));
	assert_true(was_said(&memory, "close 1"));
	assert_true(was_said(&memory, "comment 2 Some of the roles here are proposed anew in https://f/3"));
	assert_false(was_said(&memory, "close 2"));
	/* Again: nothing is written but the comment on what overlaps, which forges keep once. */
	memory.said.count = 0;
	assert_ok(pull_request_open(b->arena, &f, &c, m.item, 2, &m.p, &r, &b->e));
	assert_string_equal(r.done, "unchanged");
	assert_int_equal(memory.said.count, 1);
	memory.pull[2].state = PULL_CLOSED;
	assert_ok(pull_request_open(b->arena, &f, &c, m.item, 2, &m.p, &r, &b->e));
	assert_string_equal(r.done, "closed by somebody");
	memory.pull[2].state = PULL_MERGED;
	assert_ok(pull_request_open(b->arena, &f, &c, m.item, 2, &m.p, &r, &b->e));
	assert_string_equal(r.done, "merged already");
	m.p.merged = true;
	assert_ok(pull_request_open(b->arena, &f, &c, m.item, 2, &m.p, &r, &b->e));
	assert_null(r.pull);
}

static void test_open_against_odds(void **state)
{
	struct bench *b = *state;
	struct config c = make_config(b, "/r");
	struct made m = make_proposal(b, 1, "R");
	static const enum err_kind kinds[] = {ERR_CONFLICT, ERR_UNCERTAIN, ERR_AUTH};
	for (size_t i = 0; i < 3; i++)
		for (int anyway = 0; anyway < 2; anyway++) {
			struct memory memory = {.b = b, .create_fails = kinds[i], .created_anyway = anyway == 1};
			struct forge_port f = port_of(&memory);
			struct pull_report r;
			bool ok = pull_request_open(b->arena, &f, &c, m.item, 1, &m.p, &r, &b->e);
			assert_int_equal(ok, anyway == 1 && kinds[i] != ERR_AUTH);
			if (!ok)
				assert_int_equal(b->e.kind, kinds[i]);
		}
	/* Labels and the like that fail are told, and that is all. */
	struct memory memory = {.b = b, .other_fails = ERR_AUTH};
	struct forge_port f = port_of(&memory);
	struct pull_report r;
	assert_ok(pull_request_open(b->arena, &f, &c, m.item, 1, &m.p, &r, &b->e));
	assert_int_equal(r.notes.count, 2);
	/* People's text leaves no room: an error, never a cut. */
	memory.other_fails = ERR_NONE;
	char *much = arena_alloc(b->arena, 65001);
	memset(much, 'x', 65000);
	memory.pull[0].body = much;
	assert_refused(pull_request_open(b->arena, &f, &c, m.item, 1, &m.p, &r, &b->e), ERR_LIMIT, "65002 bytes that people");
	assert_string_equal(memory.pull[0].body, much);
	/* Enough for the head, not for the rest: cut, said, and people's text whole. */
	much[60000] = '\0';
	assert_ok(pull_request_open(b->arena, &f, &c, m.item, 1, &m.p, &r, &b->e));
	assert_true(str_starts(memory.pull[0].body, much));
	assert_non_null(strstr(memory.pull[0].body, "more plan"));
	assert_true(strlen(memory.pull[0].body) <= 65536);
}

static void test_large_label(void **state)
{
	struct bench *b = *state;
	struct memory memory = {.b = b};
	struct forge_port f = port_of(&memory);
	struct config c = make_config(b, "/r");
	struct made m = make_proposal(b, PROPOSAL_MAX_PLANS, "R");
	struct pull_report r;
	str_list_add(b->arena, &c.repository.labels, "iam");
	assert_ok(pull_request_open(b->arena, &f, &c, m.item, m.count, &m.p, &r, &b->e));
	assert_true(strlen(memory.pull[0].body) <= 65536);
	assert_true(was_said(&memory, "label 1 iam"));
	assert_true(was_said(&memory, "label 1 pare:large"));
}

static void test_comment(void **state)
{
	struct bench *b = *state;
	struct memory memory = {.b = b, .carrier = {.number = 4, .url = "https://f/4", .head = "dddd"}};
	struct forge_port f = port_of(&memory);
	struct made m = make_proposal(b, 3, "R");
	struct apply_report report[3] = {{.plan = m.item[0].plan, .result = APPLY_APPLIED, .aws_calls = 9, .aws_writes = 4},
					 {.plan = m.item[1].plan, .result = APPLY_REFUSED},
					 {.plan = m.item[2].plan, .result = APPLY_ALREADY}};
	struct str_list notes = {0};
	err_set(&report[1].why, ERR_STALE, "policy '@all`x' moved");
	pull_request_comment(b->arena, &f, report, 3, &notes);
	assert_int_equal(notes.count, 0);
	assert_int_equal(memory.said.count, 2);
	const char *said = memory.said.item[0];
	assert_true(str_starts(said, "comment 4 "));
	assert_int_equal(times(said, "\n- `R"), 3);
	assert_non_null(strstr(said, "``policy '@all`x' moved``"));
	assert_non_null(strstr(said, m.item[0].plan->digest));
	assert_string_equal(memory.said.item[1], "status 0 pare/apply dddd 2 of 3 plans applied");
	/* No pull request: nothing to say, and nothing wrong. A forge that fails: told, no more. */
	memory.carrier.number = 0;
	memory.said.count = 0;
	pull_request_comment(b->arena, &f, report, 3, &notes);
	assert_int_equal(memory.said.count + notes.count, 0);
	memory.carrier.number = 4;
	memory.other_fails = ERR_AUTH;
	pull_request_comment(b->arena, &f, report, 3, &notes);
	assert_int_equal(notes.count, 2);
}

#define BENCH(t) cmocka_unit_test_setup_teardown(t, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BENCH(test_block_is_whole_or_says_so), BENCH(test_hostile_names), BENCH(test_body_keeps_the_rest),
		BENCH(test_open), BENCH(test_open_against_odds), BENCH(test_large_label), BENCH(test_comment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
