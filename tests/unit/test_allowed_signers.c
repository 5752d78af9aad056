/* Whose key: OpenSSH's allowed signers, read so that people can be counted. */
#include "ssh_fixture.h"

#include <time.h>

#include "pare/allowed_signers.h"
#include "pare/when.h"

/* Public keys made for these tests; nobody has the private halves. */
#define K1 "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdVnVEoJeQNo2OYGkZ3LfDV+SoyfC+SFw4Vy9bQmB2d"

static const char *key_line(struct bench *b, int n)
{
	struct buf *blob = buf_new(b->arena, 256);
	uint8_t pub[32] = {(uint8_t)n, 7, 7};
	ssh_put_text(blob, "ssh-ed25519");
	ssh_put_string(blob, pub, sizeof pub);
	return str_printf(b->arena, "ssh-ed25519 %s", base64_encode(b->arena, blob->data, blob->len));
}

static struct ssh_key key(struct bench *b, int n)
{
	struct ssh_key k;
	assert_ok(ssh_key_line(b->arena, key_line(b, n), &k, NULL, &b->e));
	return k;
}

static int64_t at(const char *text)
{
	int64_t ms;
	assert_true(when_parse(text, &ms));
	return ms;
}

/* "%1" … "%9" in the text stand for keys. */
static const char *with_keys(struct bench *b, const char *text)
{
	struct buf *out = buf_new(b->arena, 1 << 20);
	for (const char *c = text; *c != '\0'; c++) {
		if (c[0] == '%' && c[1] >= '1' && c[1] <= '9')
			buf_puts(out, key_line(b, *++c - '0'));
		else
			buf_putc(out, *c);
	}
	buf_puts(out, "");
	return out->data != NULL ? out->data : "";
}

static bool parse(struct bench *b, const char *text, struct signers *s)
{
	const char *whole = with_keys(b, text);
	return signers_parse(b->arena, whole, strlen(whole), "allowed", APPROVAL_NAMESPACE, s, &b->e);
}

static const char *whose(struct bench *b, const struct signers *s, int n, const char *now)
{
	const char *why;
	struct ssh_key k = key(b, n);
	const struct signer *x = signers_find(b->arena, s, NULL, &k, at(now), &why);
	return x != NULL ? x->names.item[0] : why;
}

static void test_names_whose_key_it_is(void **state)
{
	struct bench *b = *state;
	struct signers s;
	assert_ok(parse(b, "# people\n\nalice@example.com %1 alice's laptop\n"
			   "bob@example.com namespaces=\"git,plan-approval@pare\" %2\r\n"
			   "  \"carol@example.com\"\t%3\n"
			   "dan@example.com NAMESPACES=\"plan-*\",valid-after=\"20260101Z\" %4", &s));
	assert_int_equal(s.count, 4);
	assert_string_equal(whose(b, &s, 1, "2026-11-25"), "alice@example.com");
	assert_string_equal(whose(b, &s, 2, "2026-11-25"), "bob@example.com");
	assert_string_equal(whose(b, &s, 3, "2026-11-25"), "carol@example.com");
	assert_string_equal(whose(b, &s, 4, "2026-11-25"), "dan@example.com");
	assert_non_null(strstr(whose(b, &s, 5, "2026-11-25"), "is not in 'allowed'"));
	assert_ok(parse(b, "", &s));
	assert_int_equal(s.count, 0);
	assert_non_null(strstr(whose(b, &s, 1, "2026-11-25"), "is not in 'allowed'"));
}

static void test_counts_people_not_keys(void **state)
{
	struct bench *b = *state;
	struct signers s;
	assert_ok(parse(b, "alice@example.com %1\nAlice@Example.com %2\nalice@home.example,alice@example.com %3\n"
			   "alice@home.example %4\nbob@example.com %5\n"
			   "carol@example.com %5\ncarol@example.com %6\ndan@example.com %7\n", &s));
	for (size_t i = 1; i < 4; i++)
		assert_int_equal(s.item[i].person, s.item[0].person);
	assert_int_not_equal(s.item[4].person, s.item[0].person);
	assert_int_equal(s.item[5].person, s.item[4].person); /* one key, two names */
	assert_int_equal(s.item[6].person, s.item[4].person);
	assert_int_not_equal(s.item[7].person, s.item[4].person);
	assert_true(signers_is(&s, s.item[0].person, "ALICE@home.example"));
	assert_false(signers_is(&s, s.item[0].person, "bob@example.com"));
}

static void test_validity_is_at_our_clock(void **state)
{
	struct bench *b = *state;
	struct signers s;
	setenv("TZ", "Asia/Tokyo", 1); /* nine hours before UTC, without summer time */
	tzset();
	assert_ok(parse(b, "a@x valid-after=\"20260601Z\",valid-before=\"202607011200Z\" %1\n"
			   "b@x valid-before=\"20260701090000\" %2\n"
			   "c@x valid-before=\"20260101Z\" %3\nc@x %3\n", &s));
	assert_string_equal(whose(b, &s, 1, "2026-05-31T23:59:59Z"),
			    "the key of a@x is valid from 2026-06-01T00:00:00Z on");
	assert_string_equal(whose(b, &s, 1, "2026-06-01T00:00:00Z"), "a@x");
	assert_string_equal(whose(b, &s, 1, "2026-07-01T11:59:59Z"), "a@x");
	assert_string_equal(whose(b, &s, 1, "2026-07-01T12:00:00Z"),
			    "the key of a@x was valid until 2026-07-01T12:00:00Z");
	assert_string_equal(whose(b, &s, 2, "2026-06-30T23:59:59Z"), "b@x"); /* local time, as ssh-keygen reads it */
	assert_string_equal(whose(b, &s, 2, "2026-07-01T00:00:00Z"),
			    "the key of b@x was valid until 2026-07-01T00:00:00Z");
	assert_string_equal(whose(b, &s, 3, "2026-07-01"), "c@x");
	unsetenv("TZ");
	tzset();
}

/* Understood, and not counted: each says why. */
static void test_lines_that_count_for_nobody(void **state)
{
	static const struct {
		const char *line, *words;
	} refused[] = {
		{"alice@example.com cert-authority %1\n", "certificate authority"},
		{"*@example.com %1\n", "'*@example.com' is a pattern"},
		{"alice@example.com,*@corp.example %1\n", "'*@corp.example' is a pattern"},
		{"a?ice@example.com %1\n", "is a pattern"},
		{"alice@example.com,!bob@example.com %1\n", "is a pattern"},
		{"alice@example.com namespaces=\"git\" %1\n", "for the namespaces 'git' only"},
		{"alice@example.com namespaces=\"plan-approval@pare.dev,file\" %1\n", "only"},
		{"alice@example.com namespaces=\"*,!plan-approval@pare\" %1\n", "only"},
		{"alice@example.com namespaces=\"\" %1\n", "only"},
	};
	struct bench *b = *state;
	struct signers s;
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		assert_ok(parse(b, refused[i].line, &s));
		const char *said = whose(b, &s, 1, "2026-11-25");
		if (strstr(said, refused[i].words) == NULL)
			fail_msg("'%s': %s", refused[i].line, said);
	}
	/* Kinds of keys that cannot sign here are skipped, the others stand. */
	assert_ok(parse(b, "a@x ssh-dss AAAAB3NzaC1kc3MAAAAA\n"
			   "a@x ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAAA==\n"
			   "b@x %1\n", &s));
	assert_string_equal(whose(b, &s, 1, "2026-11-25"), "b@x");
}

/* Not understood: the whole file is refused, with its line. */
static void test_refuses_what_it_does_not_understand(void **state)
{
	static const char *const bad[] = {
		"alice@example.com\n",
		"alice@example.com ssh-ed25519\n",
		"alice@example.com ssh-ed25519 AAAA\n",
		"%1\n",
		"alice@example.com valid-before=20260101Z %1\n",
		"alice@example.com valid-before=\"2026-01-01\" %1\n",
		"alice@example.com valid-before=\"20260230Z\" %1\n",
		"alice@example.com valid-before=\"20261301Z\" %1\n",
		"alice@example.com valid-before=\"202601012400Z\" %1\n",
		"alice@example.com valid-before=\"20260101z\" %1\n",
		"alice@example.com valid-before=\"\" %1\n",
		"alice@example.com valid-before=\"20260101Z %1\n",
		"alice@example.com valid-before=\"20260101Z\",valid-before=\"20990101Z\" %1\n",
		"alice@example.com valid-before=\"20260101Z\"namespaces=\"git\" %1\n",
		"alice@example.com valid-before=\"20260101Z\", %1\n",
		"alice@example.com valid-befor=\"20260101Z\" %1\n",
		"alice@example.com verify-required %1\n",
		"alice@example.com no-touch-required %1\n",
		"alice@example.com ,namespaces=\"git\" %1\n",
		"alice@example.com,,bob@example.com %1\n",
		"alice@example.com, %1\n",
		"\"alice@example.com %1\n",
		"ali\"ce@exam\"ple.com %1\n",
		"fine@example.com %1\nalice@example.com namespaces %2\n",
	};
	struct bench *b = *state;
	struct signers s;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (parse(b, bad[i], &s))
			fail_msg("'%s' is taken", bad[i]);
		if (b->e.kind != ERR_INPUT || strstr(b->e.message, "'allowed' line ") == NULL)
			fail_msg("'%s': %s", bad[i], b->e.message);
	}
	static const char zero[] = "alice@example.com \0 " K1 "\n";
	assert_refused(signers_parse(b->arena, zero, sizeof zero - 1, "allowed", APPROVAL_NAMESPACE, &s, &b->e),
		       ERR_INPUT, "zero byte");
	const char *large = arena_alloc(b->arena, SIGNERS_MAX_BYTES + 1);
	assert_refused(signers_parse(b->arena, large, SIGNERS_MAX_BYTES + 1, "allowed", APPROVAL_NAMESPACE, &s, &b->e),
		       ERR_LIMIT, "larger than");
}

static void test_revoked_keys(void **state)
{
	struct bench *b = *state;
	struct signers s;
	struct revoked_keys r;
	const char *why, *text = with_keys(b, "# left in May\n%1 alice's old laptop\n\n%3\nssh-dss AAAAB3NzaC1kc3MAAAAA\n");
	assert_ok(parse(b, "a@x %1\nb@x %2\n", &s));
	assert_ok(revoked_parse(b->arena, text, strlen(text), "revoked", &r, &b->e));
	struct ssh_key one = key(b, 1), two = key(b, 2);
	assert_null(signers_find(b->arena, &s, &r, &one, 0, &why));
	assert_non_null(strstr(why, "is revoked"));
	assert_non_null(signers_find(b->arena, &s, &r, &two, 0, &why));
	assert_ok(revoked_parse(b->arena, "", 0, "revoked", &r, &b->e));
	static const char *const bad[] = {"ssh-ed25519\n", "nonsense\n", "ssh-ed25519 AAAA\n", "serial: 1\n",
					  "sha256: SHA256:abc\n"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_refused(revoked_parse(b->arena, bad[i], strlen(bad[i]), "revoked", &r, &b->e), ERR_INPUT, "line 1");
}

static void test_a_krl_is_refused_with_its_reason(void **state)
{
	struct bench *b = *state;
	struct revoked_keys r;
	size_t len;
	NEED_SSH_KEYGEN();
	const char *k = make_key(b, "k", "-t ed25519");
	run_shell(b, NULL, "ssh-keygen -q -k -f %s/krl %s.pub", b->dir, k);
	const char *krl = slurp(b, str_printf(b->arena, "%s/krl", b->dir), &len);
	assert_refused(revoked_parse(b->arena, krl, len, "krl", &r, &b->e), ERR_INPUT,
		       "'krl' is a binary key revocation list (KRL)");
}

/* What ssh-keygen takes a line for, in the cases where both count. */
static void test_agrees_with_ssh_keygen(void **state)
{
	static const struct {
		const char *options;
		bool good;
	} cases[] = {
		{"", true},
		{"namespaces=\"plan-approval@pare\"", true},
		{"namespaces=\"git,plan-*\"", true},
		{"namespaces=\"git\"", false},
		{"valid-after=\"20200101\",valid-before=\"20990101\"", true},
		{"valid-before=\"20200101Z\"", false},
		{"valid-after=\"20990101Z\"", false},
		{"valid-before=\"209901010000Z\",namespaces=\"plan-approval@pare\"", true},
		{"valid-before=\"20990101000000\"", true},
	};
	struct bench *b = *state;
	NEED_SSH_KEYGEN();
	const char *k = make_key(b, "k", "-t ed25519");
	run_shell(b, NULL, "echo x >%s/m && ssh-keygen -q -Y sign -n %s -f %s %s/m", b->dir, APPROVAL_NAMESPACE, k,
		  b->dir);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct signers s;
		struct ssh_key pub;
		const char *why;
		int code;
		const char *line = str_printf(b->arena, "a@x %s %s\n", cases[i].options, public_line(b, k));
		spit(b, str_printf(b->arena, "%s/allowed", b->dir), line, strlen(line));
		run_shell(b, &code, "ssh-keygen -Y verify -n %s -I a@x -f %s/allowed -s %s/m.sig <%s/m",
			  APPROVAL_NAMESPACE, b->dir, b->dir, b->dir);
		assert_int_equal(code == 0, cases[i].good);
		assert_ok(signers_parse(b->arena, line, strlen(line), "allowed", APPROVAL_NAMESPACE, &s, &b->e));
		assert_ok(ssh_key_line(b->arena, public_line(b, k), &pub, NULL, &b->e));
		assert_int_equal(signers_find(b->arena, &s, NULL, &pub, (int64_t)time(NULL) * 1000, &why) != NULL,
				 cases[i].good);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names_whose_key_it_is, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_counts_people_not_keys, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_validity_is_at_our_clock, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_lines_that_count_for_nobody, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_refuses_what_it_does_not_understand, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_revoked_keys, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_a_krl_is_refused_with_its_reason, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_agrees_with_ssh_keygen, bench_setup, bench_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
