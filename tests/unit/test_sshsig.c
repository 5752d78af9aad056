/* Detached signatures, with ssh-keygen as the judge: what it signs is verified here, what is signed
 * here it verifies, for every kind of key that it can make. */
#include "ssh_fixture.h"

#include <signal.h>

static const char MESSAGE[] = "the bytes that were looked at\n";
static const size_t LEN = sizeof MESSAGE - 1;
static const struct {
	const char *name, *options;
} kinds[] = {{"ed25519", "-t ed25519"}, {"p256", "-t ecdsa -b 256"}, {"p384", "-t ecdsa -b 384"},
	     {"p521", "-t ecdsa -b 521"}, {"rsa2048", "-t rsa -b 2048"}, {"rsa3072", "-t rsa -b 3072"}};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static const char *file(struct bench *b, const char *name)
{
	return str_printf(b->arena, "%s/%s", b->dir, name);
}

static const char *keygen_sign(struct bench *b, const char *key, const char *namespace,
			       const char *options, size_t *len)
{
	spit(b, file(b, "message"), MESSAGE, LEN);
	run_shell(b, NULL, "rm -f %s/message.sig; ssh-keygen -q -Y sign %s -n %s -f %s %s/message", b->dir, options,
		  namespace, key, b->dir);
	return slurp(b, file(b, "message.sig"), len);
}

static bool verify(struct bench *b, const char *armor, size_t len, struct ssh_key *key)
{
	return sshsig_verify(b->arena, armor, len, APPROVAL_NAMESPACE, MESSAGE, LEN, key, &b->e);
}

static void test_verifies_what_ssh_keygen_signs(void **state)
{
	struct bench *b = *state;
	struct ssh_key key, line;
	NEED_SSH_KEYGEN();
	for (size_t i = 0; i < KINDS; i++) {
		const char *path = make_key(b, kinds[i].name, kinds[i].options);
		assert_ok(ssh_key_line(b->arena, public_line(b, path), &line, NULL, &b->e));
		for (int hash = 0; hash < 2; hash++) {
			size_t len;
			const char *armor = keygen_sign(b, path, APPROVAL_NAMESPACE,
							hash == 0 ? "-O hashalg=sha512" : "-O hashalg=sha256", &len);
			assert_ok(verify(b, armor, len, &key));
			assert_true(ssh_key_same(&key, &line));
			const char *said = run_shell(b, NULL, "ssh-keygen -lf %s.pub", path);
			assert_non_null(strstr(said, key.fingerprint));
			assert_refused(sshsig_verify(b->arena, armor, len, APPROVAL_NAMESPACE, MESSAGE, LEN - 1, &key, &b->e),
				       ERR_REFUSED, "not of this key over these bytes");
		}
	}
}

static void test_ssh_keygen_verifies_what_is_signed_here(void **state)
{
	struct bench *b = *state;
	NEED_SSH_KEYGEN();
	for (size_t i = 0; i < KINDS; i++) {
		struct signer_port signer;
		struct ssh_key key;
		const char *armor, *path = make_key(b, kinds[i].name, kinds[i].options);
		assert_ok(ssh_signer_open(b->arena, path, &signer, &b->e));
		assert_string_equal(signer.comment, str_printf(b->arena, "%s@example.com", kinds[i].name));
		for (int round = 0; round < 20; round++) { /* r and s of every length */
			assert_ok(signer.sign(signer.self, b->arena, APPROVAL_NAMESPACE, MESSAGE, LEN, &armor, &b->e));
			assert_ok(verify(b, armor, strlen(armor), &key));
			if (round > 2 && (i == 0 || i > 3))
				break;
			spit(b, file(b, "message"), MESSAGE, LEN);
			spit(b, file(b, "message.sig"), armor, strlen(armor));
			const char *said = run_shell(
				b, NULL, "echo \"a@example.com $(cat %s.pub)\" >%s/allowed && ssh-keygen -Y verify -n %s -I "
				"a@example.com -f %s/allowed -s %s/message.sig <%s/message", path, b->dir,
				APPROVAL_NAMESPACE, b->dir, b->dir, b->dir);
			assert_non_null(strstr(said, "Good"));
		}
	}
}

/* ssh-keygen -Y find-principals reads our armor, too, with the agent as the signer. */
static void test_signs_with_an_agent(void **state)
{
	struct bench *b = *state;
	NEED_SSH_KEYGEN();
	const char *sock = file(b, "agent");
	run_shell(b, NULL, "ssh-agent -a %s | sed -n 's/^SSH_AGENT_PID=\\([0-9]*\\).*/\\1/p' >%s/agent.pid", sock, b->dir);
	setenv("SSH_AUTH_SOCK", sock, 1);
	for (size_t i = 0; i < KINDS; i++) {
		struct signer_port signer;
		struct ssh_key key;
		const char *armor, *path = make_key(b, kinds[i].name, kinds[i].options);
		/* one with a passphrase: its file alone does not sign */
		run_shell(b, NULL, "ssh-keygen -q -p -N secret123 -P '' -f %s", path);
		assert_ok(ssh_signer_open(b->arena, path, &signer, &b->e));
		assert_refused(signer.sign(signer.self, b->arena, APPROVAL_NAMESPACE, MESSAGE, LEN, &armor, &b->e),
			       ERR_REFUSED, "ssh-add");
		run_shell(b, NULL, "cp %s %s.open && ssh-keygen -q -p -N '' -P secret123 -f %s.open && ssh-add -q %s.open",
			  path, path, path, path);
		assert_ok(signer.sign(signer.self, b->arena, APPROVAL_NAMESPACE, MESSAGE, LEN, &armor, &b->e));
		assert_ok(verify(b, armor, strlen(armor), &key));
		assert_ok(ssh_signer_open(b->arena, str_printf(b->arena, "%s.pub", path), &signer, &b->e));
		assert_ok(signer.sign(signer.self, b->arena, APPROVAL_NAMESPACE, MESSAGE, LEN, &armor, &b->e));
		assert_ok(verify(b, armor, strlen(armor), &key));
		assert_true(ssh_key_same(&key, &signer.key));
	}
	run_shell(b, NULL, "kill $(cat %s/agent.pid)", b->dir);
	struct signer_port signer;
	const char *armor;
	assert_ok(ssh_signer_open(b->arena, file(b, "ed25519.pub"), &signer, &b->e));
	assert_false(signer.sign(signer.self, b->arena, APPROVAL_NAMESPACE, MESSAGE, LEN, &armor, &b->e));
	unsetenv("SSH_AUTH_SOCK");
	assert_refused(signer.sign(signer.self, b->arena, APPROVAL_NAMESPACE, MESSAGE, LEN, &armor, &b->e), ERR_USAGE,
		       "SSH_AUTH_SOCK is not set");
}

static void test_refuses_key_files(void **state)
{
	struct bench *b = *state;
	struct signer_port signer;
	NEED_SSH_KEYGEN();
	const char *path = make_key(b, "k", "-t ed25519");
	run_shell(b, NULL, "chmod 644 %s", path);
	assert_refused(ssh_signer_open(b->arena, path, &signer, &b->e), ERR_REFUSED, "chmod 600");
	assert_refused(ssh_signer_open(b->arena, "/nonexistent/key", &signer, &b->e), ERR_USAGE, "No such file");
	assert_refused(ssh_signer_open(b->arena, b->dir, &signer, &b->e), ERR_USAGE, "");
	path = make_key(b, "pem", "-t rsa -b 2048 -m PEM");
	assert_refused(ssh_signer_open(b->arena, path, &signer, &b->e), ERR_INPUT, "ssh-keygen -p");
	path = make_key(b, "weak", "-t rsa -b 1024");
	assert_refused(ssh_signer_open(b->arena, path, &signer, &b->e), ERR_REFUSED, "RSA key of 1024 bits");
	path = make_key(b, "cut", "-t ed25519");
	run_shell(b, NULL, "sed -i 3,4d %s", path);
	assert_refused(ssh_signer_open(b->arena, path, &signer, &b->e), ERR_INPUT, "");
	run_shell(b, NULL, "echo nothing >%s/x", b->dir);
	assert_refused(ssh_signer_open(b->arena, file(b, "x"), &signer, &b->e), ERR_INPUT, "public key");
}

static void test_refuses_another_namespace(void **state)
{
	struct bench *b = *state;
	struct ssh_key key;
	size_t len;
	NEED_SSH_KEYGEN();
	const char *path = make_key(b, "k", "-t ed25519");
	static const char *const others[] = {"git", "file", "plan-approval@pare.dev", "plan-approval@par",
					     "Plan-approval@pare"};
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		const char *armor = keygen_sign(b, path, others[i], "", &len);
		assert_refused(verify(b, armor, len, &key), ERR_REFUSED, "made for the namespace");
	}
}

static void test_refuses_a_weak_rsa_key(void **state)
{
	struct bench *b = *state;
	struct ssh_key key;
	size_t len;
	NEED_SSH_KEYGEN();
	const char *path = make_key(b, "weak", "-t rsa -b 1024");
	const char *armor = keygen_sign(b, path, APPROVAL_NAMESPACE, "", &len);
	assert_refused(verify(b, armor, len, &key), ERR_REFUSED, "1024 bits");
}

static void touch_needed(struct bench *b, bool ecdsa, uint8_t flags)
{
	struct ssh_key key;
	struct sk_key k = make_sk(b, ecdsa);
	const char *armor = sk_sign(b, &k, flags, APPROVAL_NAMESPACE, MESSAGE, LEN);
	EVP_PKEY_free(k.pkey);
	if ((flags & 1) != 0) {
		assert_ok(verify(b, armor, strlen(armor), &key));
		assert_true(ssh_key_same(&key, &k.key));
	} else {
		assert_refused(verify(b, armor, strlen(armor), &key), ERR_REFUSED, "nobody touched");
	}
	if (!have_ssh_keygen())
		return;
	/* ssh-keygen takes both: that the untouched one is well made is what it shows. */
	spit(b, file(b, "message"), MESSAGE, LEN);
	spit(b, file(b, "message.sig"), armor, strlen(armor));
	const char *said = run_shell(b, NULL,
				     "echo 'a@example.com %s' >%s/allowed && ssh-keygen -Y verify -n %s -I "
				     "a@example.com -f %s/allowed -s %s/message.sig <%s/message",
				     k.line, b->dir, APPROVAL_NAMESPACE, b->dir, b->dir, b->dir);
	assert_non_null(strstr(said, "Good"));
}

static void test_security_key_needs_a_touch(void **state)
{
	static const uint8_t flags[] = {0, 1, 4, 5};
	for (size_t i = 0; i < 8; i++)
		touch_needed(*state, i < 4, flags[i % 4]);
}

/* --- the armor, byte by byte --- */

static const char *signed_here(struct bench *b)
{
	static const char *kept;
	struct sk_key k = make_sk(b, false);
	kept = sk_sign(b, &k, 1, APPROVAL_NAMESPACE, MESSAGE, LEN);
	EVP_PKEY_free(k.pkey);
	return kept;
}

static const char *replaced(struct bench *b, const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	assert_non_null(at);
	return str_printf(b->arena, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static void test_bounds_the_armor(void **state)
{
	struct bench *b = *state;
	struct ssh_key key;
	const char *good = signed_here(b);
	assert_ok(verify(b, good, strlen(good), &key));
	assert_ok(verify(b, good, strlen(good) - 1, &key)); /* without its last line end */
	const char *bad[] = {
		"", "\n", "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n",
		str_printf(b->arena, "\n%s", good),
		str_printf(b->arena, "Comment: x\n%s", good),
		str_printf(b->arena, "%s\n", good),
		str_printf(b->arena, "%sx", good),
		str_printf(b->arena, "%s%s", good, good),
		replaced(b, good, "BEGIN SSH", "BEGIN PGP"),
		replaced(b, good, "-----\n", "-----\r\n"),
		replaced(b, good, "-----\n", "-----\n\n"),
		replaced(b, good, "-----\n", "-----\n "),
		replaced(b, good, "-----\n", "-----\nHash: sha512\n"),
		replaced(b, good, "U1NIU0lH", "U1NIU0lI"), /* SSHSIH */
		replaced(b, good, "U1NIU0lHAAAAAQ", "U1NIU0lHAAAAAg"), /* version 2 */
		replaced(b, good, "U1NIU0lHAAAAAQ", "U1NIU0lHAAAAA"),
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (verify(b, bad[i], strlen(bad[i]), &key))
			fail_msg("case %zu is taken", i);
	struct buf *large = buf_new(b->arena, 1 << 20);
	buf_puts(large, "-----BEGIN SSH SIGNATURE-----\n");
	for (int i = 0; i < 5000; i++)
		buf_puts(large, "AAAA\n");
	buf_puts(large, "-----END SSH SIGNATURE-----\n");
	assert_refused(verify(b, large->data, large->len, &key), ERR_INPUT, "at most 16384");
	char *zero = arena_copy(b->arena, good, strlen(good));
	zero[60] = '\0';
	assert_false(verify(b, zero, strlen(good), &key));
}

/* No byte of the signature can be another: every one is compared, signed, or part of the form. */
static void test_every_bit_counts(void **state)
{
	struct bench *b = *state;
	struct ssh_key key;
	const char *good = signed_here(b);
	size_t len, head = strlen("-----BEGIN SSH SIGNATURE-----\n");
	char *text = arena_copy(b->arena, good + head, strlen(good) - head), *to = text;
	*strstr(text, "-----END") = '\0';
	for (char *c = text; *c != '\0'; c++)
		if (*c != '\n')
			*to++ = *c;
	*to = '\0';
	uint8_t *blob = (uint8_t *)base64_decode(b->arena, text, &len);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		blob[bit / 8] ^= (uint8_t)(1u << bit % 8);
		const char *armor = str_printf(b->arena,
					       "-----BEGIN SSH SIGNATURE-----\n%s\n-----END SSH SIGNATURE-----\n",
					       base64_encode(b->arena, blob, len));
		/* one line is longer than the armor's may be: wrap */
		struct buf *wrapped = buf_new(b->arena, 8192);
		const char *body = armor + head;
		buf_put(wrapped, armor, head);
		for (size_t at = 0; at < strcspn(body, "\n"); at += 70)
			buf_printf(wrapped, "%.*s\n", (int)(strcspn(body, "\n") - at < 70 ? strcspn(body, "\n") - at : 70),
				   body + at);
		buf_puts(wrapped, "-----END SSH SIGNATURE-----\n");
		if (verify(b, wrapped->data, wrapped->len, &key))
			fail_msg("bit %zu of %zu does not count", bit, 8 * len);
		blob[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t cut = 0; cut < len; cut++) {
		const char *armor = str_printf(b->arena,
					       "-----BEGIN SSH SIGNATURE-----\n%.70s\n-----END SSH SIGNATURE-----\n",
					       base64_encode(b->arena, blob, cut));
		assert_false(verify(b, armor, strlen(armor), &key));
	}
}

/* An RSA signature that calls itself ssh-rsa would be SHA-1. */
static void test_never_sha1(void **state)
{
	struct bench *b = *state;
	struct signer_port signer;
	struct ssh_key key;
	const char *armor;
	NEED_SSH_KEYGEN();
	assert_ok(ssh_signer_open(b->arena, make_key(b, "r", "-t rsa -b 2048"), &signer, &b->e));
	assert_ok(signer.sign(signer.self, b->arena, APPROVAL_NAMESPACE, MESSAGE, LEN, &armor, &b->e));
	static const char *const names[] = {"ssh-rsa", "rsa-sha2-384", "rsa-sha1", ""};
	for (size_t i = 0; i < 4; i++) {
		struct buf *wire = buf_new(b->arena, 1024);
		uint8_t sig[256] = {1};
		ssh_put_text(wire, names[i]);
		ssh_put_string(wire, sig, sizeof sig);
		const char *bad = sshsig_armor(b->arena, &signer.key, APPROVAL_NAMESPACE,
					       (struct bytes){(const uint8_t *)wire->data, wire->len});
		assert_refused(verify(b, bad, strlen(bad), &key), ERR_REFUSED, "expected rsa-sha2-512");
	}
}

/* Points off the curve, of the wrong length, compressed; keys with bytes behind them. */
static void test_refuses_odd_keys(void **state)
{
	struct bench *b = *state;
	struct ssh_key key;
	uint8_t point[65] = {4, 1, 2, 3};
	for (int i = 0; i < 4; i++) {
		struct buf *blob = buf_new(b->arena, 1024);
		ssh_put_text(blob, "ecdsa-sha2-nistp256");
		ssh_put_text(blob, i == 3 ? "nistp384" : "nistp256");
		point[0] = i == 2 ? 2 : 4;
		ssh_put_string(blob, point, i == 1 ? 64 : i == 2 ? 33 : 65);
		assert_false(ssh_key_parse(b->arena, blob->data, blob->len, &key, &b->e));
	}
	static const char *const lines[] = {
		"", "ssh-ed25519", "ssh-ed25519 ", "ssh-ed25519 AAAA", "ssh-ed25519 !!!!",
		"ssh-dss AAAAB3NzaC1kc3MAAAAA", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAAA==",
	};
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		assert_false(ssh_key_line(b->arena, lines[i], &key, NULL, &b->e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_verifies_what_ssh_keygen_signs, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_ssh_keygen_verifies_what_is_signed_here, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_signs_with_an_agent, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_refuses_key_files, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_refuses_another_namespace, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_refuses_a_weak_rsa_key, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_security_key_needs_a_touch, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_bounds_the_armor, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_every_bit_counts, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_never_sha1, bench_setup, bench_teardown),
		cmocka_unit_test_setup_teardown(test_refuses_odd_keys, bench_setup, bench_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
