/* Text from elsewhere in plan.md and pull requests. A small reader of GitHub's own rules for code
 * spans and tables, written from the specification, finds what would be outside of a span. */
#include "plan_fixture.h"

#include "../../src/flow/markdown.h"

static const char *const hostile[] = {
	"@acme/security please",
	"#12 fixes #13",
	"`rm -rf`",
	"``",
	"`",
	"```\n# heading",
	"a`b``c```d",
	" lead",
	"trail ",
	"<img src=x onerror=alert(1)>",
	"<!-- pare:end -->",
	"[x](javascript:alert(1))",
	"![i](http://evil.example/p.png)",
	"www.evil.example http://evil.example",
	"/approve",
	"\n/lgtm\n",
	"a | b || c",
	"\\| \\` \\",
	"|---|---|",
	"- [x] done",
	"**bold** _it_ ~~x~~",
	"&#64;team &lt;b&gt;",
	"\xe2\x80\xae"
	"drowssap",
	"z\xe2\x80\x8bw",
	"\x1b[31mred\x07",
	"\xff\xfe",
	"$x^2$ :smile: ~label %milestone !7 &3",
	"",
	"   ",
	"\\",
	"</code></td><td>",
	"[skip ci]",
	"c:\\users\\`x`",
};

/* The end of the code span that begins at `at` (its first backtick), by CommonMark 6.1. */
static const char *span_end(const char *at)
{
	size_t fence = strspn(at, "`");
	for (const char *c = at + fence; *c != '\0';) {
		size_t run = strspn(c, "`");
		if (run == fence)
			return c + run;
		c += run > 0 ? run : 1;
	}
	return NULL;
}

/* What the span shows: a cell's \| is |, one space at both ends goes. */
static char *span_text(struct arena *a, const char *at, const char *end, bool cell)
{
	size_t fence = strspn(at, "`");
	char *text = arena_alloc(a, (size_t)(end - at) + 1), *to = text;
	for (const char *c = at + fence; c < end - fence; c++)
		if (!(cell && c[0] == '\\' && c[1] == '|'))
			*to++ = *c;
	*to = '\0';
	size_t len = strlen(text);
	if (len >= 2 && text[0] == ' ' && text[len - 1] == ' ' && strspn(text, " ") < len) {
		text[len - 1] = '\0';
		text++;
	}
	return text;
}

static void test_one_span_with_the_text(void **state)
{
	struct bench *b = *state;
	for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++)
		for (int cell = 0; cell < 2; cell++) {
			const char *out = cell ? markdown_cell(b->arena, hostile[i])
					       : markdown_code(b->arena, hostile[i]);
			const char *end = span_end(out);
			if (end == NULL || *end != '\0')
				fail_msg("'%s' gives '%s', which is not one span", hostile[i], out);
			assert_null(strpbrk(out, "\n\r\x1b\x07"));
			const char *want = str_printable(b->arena, hostile[i], false);
			const char *shown = span_text(b->arena, out, end, cell);
			if (strspn(want, " ") != strlen(want))
				assert_string_equal(shown, want);
			if (cell)
				for (const char *c = out; *c != '\0'; c++)
					if (*c == '|' && (c == out || c[-1] != '\\'))
						fail_msg("'%s' ends its cell: '%s'", hostile[i],
							 out);
		}
}

/* Takes all spans out; what is left is ours and must be known words only. */
static char *without_spans(struct bench *b, const char *text)
{
	char *out = arena_alloc(b->arena, strlen(text) + 1), *to = out;
	for (const char *c = text; *c != '\0';) {
		const char *end = *c == '`' ? span_end(c) : NULL;
		if (end != NULL)
			c = end;
		else
			*to++ = *c++;
	}
	return out;
}

static void test_plan_with_hostile_words(void **state)
{
	struct bench *b = *state;
	struct arena *a = b->arena;
	struct principal *role = make_role(a, "/", "Web");
	const struct plan *tame = make_plan(b, role, "/r", "1");
	struct buf *plain = buf_new(a, 1 << 20);
	struct plan base = *tame;
	struct verdict verdict = {.rule = "r", .kind = VERDICT_KEEP, .reason = "why"};
	base.decision.verdict = &verdict;
	base.decision.count = 1;
	str_list_add(a, &base.impact.services_removed, "ec2");
	plan_markdown(a, &base, role, plain);
	const char *frame = without_spans(b, plain->data);
	for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
		const char *h = hostile[i];
		struct plan p = base;
		struct principal who = *role;
		struct inline_policy inlined = {.name = h, .document = LAMBDA_TEXT};
		struct gate gate = {h, GATE_PASS, h};
		struct verdict v = {.rule = h, .kind = VERDICT_KEEP, .reason = h};
		struct buf *md = buf_new(a, 1 << 20);
		who.name = h;
		who.inline_policy = &inlined;
		p.step = arena_array(a, p.step_count, sizeof *p.step);
		memcpy(p.step, base.step, p.step_count * sizeof *p.step);
		p.step[3].action.policy_name = p.step[3].source_policy = h;
		p.principal.name = p.principal.arn = p.id = p.created_at = p.expires_at =
			p.source.finding = h;
		p.gate = &gate;
		p.decision.verdict = &v;
		p.impact.removed.item = p.impact.services_removed.item = &h;
		plan_markdown(a, &p, &who, md);
		const char *left = without_spans(b, md->data);
		if (strcmp(left, frame) != 0)
			fail_msg("'%s' reaches out of its span:\n%s", h, md->data);
	}
}

static void test_plan_says_what_happens(void **state)
{
	struct bench *b = *state;
	const struct principal *role = make_role(b->arena, "/", "Web");
	struct buf *one = buf_new(b->arena, 1 << 20), *two = buf_new(b->arena, 1 << 20);
	const struct plan *p = make_plan(b, role, "/r", "1");
	plan_markdown(b->arena, p, role, one);
	plan_markdown(b->arena, p, role, two);
	assert_string_equal(one->data, two->data);
	assert_non_null(strstr(one->data,
			       "| `" S3_ARN "` | `AmazonS3ReadOnlyAccess-recommended-12345678` |"));
	assert_non_null(strstr(one->data, "| `InlinePolicyListLambda` | **removed** |"));
	assert_non_null(
		strstr(one->data, "| 3 | DetachRolePolicy | `" S3_ARN "` | AttachRolePolicy |"));
	assert_non_null(strstr(one->data, "10 actions before, 7 after, 3 removed"));
	assert_non_null(strstr(one->data, "| `no-new-access` | pass |"));
}

#define BENCH(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {BENCH(test_one_span_with_the_text),
					   BENCH(test_plan_with_hostile_words),
					   BENCH(test_plan_says_what_happens)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
