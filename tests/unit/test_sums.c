/* Lists of digests: what sha256sum prints, and nothing else. */
#include "review_fixture.h"

#include "pare/sums.h"

#define D1 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define D2 "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define P1 "accounts/111122223333/plans/20261124T030923Z-111122223333-App-01234567/plan.json"
#define P2 "accounts/111122223333/plans/20261124T030923Z-111122223333-Web-01234567/plan.json"

static void test_reads_what_sha256sum_prints(void **state)
{
	struct bench *b = *state;
	struct sums s;
	run_shell(b, NULL, "cd %s && mkdir -p $(dirname %s) $(dirname %s) && echo one >%s && echo two >%s", b->dir, P1,
		  P2, P1, P2);
	for (int binary = 0; binary < 2; binary++) {
		const char *text = run_shell(b, NULL, "cd %s && sha256sum %s accounts/*/plans/*/plan.json", b->dir,
					     binary ? "-b" : "");
		assert_ok(sums_parse(b->arena, text, strlen(text), &s, &b->e));
		assert_int_equal(s.count, 2);
		assert_string_equal(s.line[0].path, P1);
		assert_string_equal(sums_find(&s, P1), sha256_hex(b->arena, "one\n", 4));
		assert_string_equal(sums_find(&s, P2), sha256_hex(b->arena, "two\n", 4));
		assert_null(sums_find(&s, "accounts"));
	}
	/* and sha256sum checks what is printed here */
	struct buf *out = buf_new(b->arena, SUMS_MAX_BYTES);
	sums_print(&s, out);
	FILE *f = fopen(str_printf(b->arena, "%s/x.sums", b->dir), "w");
	fwrite(out->data, 1, out->len, f);
	fclose(f);
	run_shell(b, NULL, "cd %s && sha256sum --strict -c x.sums", b->dir);
}

static void test_refuses_everything_else(void **state)
{
	static const struct {
		const char *text, *words;
	} bad[] = {
		{"", "whole lines"},
		{D1 "  " P1, "whole lines"},
		{D1 "  " P1 "\n" D1 "  " P2, "whole lines"},
		{"\n", "line 1"},
		{D1 "  " P1 "\n\n", "line 2"},
		{D1 " " P1 "\n", "line 1: expected a line of sha256sum"},
		{D1 "\t" P1 "\n", "line 1: expected a line of sha256sum"},
		{D1 "   " P1 "\n", "expected a path"},
		{D1 "  " P1 "\r\n", "expected a path"},
		{D1 "  " P1 " \n", "expected a path"},
		{"\\" D1 "  " P1 "\n", "line 1"},
		{D1 "  ./" P1 "\n", "expected a path"},
		{D1 "  /" P1 "\n", "expected a path"},
		{D1 "  ../" P1 "\n", "expected a path"},
		{D1 "  accounts/111122223333/plans/../plan.json\n", "expected a path"},
		{D1 "  accounts/111122223333/plans/x/y/plan.json\n", "expected a path"},
		{D1 "  accounts/111122223333/plans/x/plan.md\n", "expected a path"},
		{D1 "  accounts/11112222333/plans/x/plan.json\n", "expected a path"},
		{D1 "  accounts/111122223333/plans//plan.json\n", "expected a path"},
		{D1 "  accounts/111122223333/plans/x\xe2\x80\xaey/plan.json\n", "expected a path"},
		{D1 "  accounts/111122223333/plans/x\x1b[2Ky/plan.json\n", "expected a path"},
		{"0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef  " P1 "\n", "64 small hex"},
		{"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde   " P1 "\n", "line 1"},
		{D1 "  " P1 "\n" D2 "  " P1 "\n", "stands twice"},
		{D1 "  " P1 "\n" D1 "  " P1 "\n", "stands twice"},
		{"# comment\n" D1 "  " P1 "\n", "line 1"},
		{"-----BEGIN PGP SIGNED MESSAGE-----\n", "line 1"},
		{"SHA256 (" P1 ") = " D1 "\n", "line 1"},
	};
	struct bench *b = *state;
	struct sums s;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_refused(sums_parse(b->arena, bad[i].text, strlen(bad[i].text), &s, &b->e), ERR_INPUT, bad[i].words);
	static const char zero[] = D1 "  " P1 "\0\n";
	assert_refused(sums_parse(b->arena, zero, sizeof zero - 1, &s, &b->e), ERR_INPUT, "zero byte");
}

static void test_bounds_the_list(void **state)
{
	struct bench *b = *state;
	struct sums s;
	struct buf *text = buf_new(b->arena, 1 << 20);
	for (int i = 0; i < SUMS_MAX_LINES + 1; i++)
		buf_printf(text, D1 "  accounts/111122223333/plans/p%d/plan.json\n", i);
	assert_refused(sums_parse(b->arena, text->data, text->len, &s, &b->e), ERR_LIMIT, "more than 1000 lines");
	buf_clear(text);
	for (int i = 0; text->len <= SUMS_MAX_BYTES; i++)
		buf_printf(text, D1 "  accounts/111122223333/plans/p%d%0200d/plan.json\n", i, 0);
	assert_refused(sums_parse(b->arena, text->data, text->len, &s, &b->e), ERR_INPUT, "bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reads_what_sha256sum_prints, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_refuses_everything_else, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_bounds_the_list, bench_setup, bench_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
