#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pare/arena.h"
#include "pare/digest.h"

static struct arena *a;

static int set_up(void **state)
{
	(void)state;
	a = arena_new(NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

/* FIPS 180-4 examples and NIST CAVP short messages. */
static void sha256_vectors(void **state)
{
	(void)state;
	assert_string_equal(sha256_hex(a, "", 0),
			    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_string_equal(sha256_hex(a, "abc", 3),
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	const char *two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	assert_string_equal(sha256_hex(a, two, 56),
			    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	const char *four = "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
			   "ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";
	assert_string_equal(sha256_hex(a, four, 112),
			    "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
	char *million = malloc(1000000);
	memset(million, 'a', 1000000);
	assert_string_equal(sha256_hex(a, million, 1000000),
			    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	free(million);
	assert_string_equal(sha256_hex(a, "\xd3", 1),
			    "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1");
}

/* RFC 4231 */
static void hmac_vectors(void **state)
{
	(void)state;
	unsigned char key[131], data[50];
	char hex[SHA256_HEX];
	struct sha256 d;

	memset(key, 0x0b, 20);
	d = hmac_sha256(key, 20, "Hi There", 8);
	sha256_print(&d, hex);
	assert_string_equal(hex, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	d = hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28);
	sha256_print(&d, hex);
	assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, 20);
	memset(data, 0xdd, 50);
	d = hmac_sha256(key, 20, data, 50);
	sha256_print(&d, hex);
	assert_string_equal(hex, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
	for (unsigned char i = 0; i < 25; i++)
		key[i] = (unsigned char)(i + 1);
	memset(data, 0xcd, 50);
	d = hmac_sha256(key, 25, data, 50);
	sha256_print(&d, hex);
	assert_string_equal(hex, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
	memset(key, 0xaa, 131);
	const char *text = "Test Using Larger Than Block-Size Key - Hash Key First";
	d = hmac_sha256(key, 131, text, strlen(text));
	sha256_print(&d, hex);
	assert_string_equal(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	text = "This is a test using a larger than block-size key and a larger than block-size data. "
	       "The key needs to be hashed before being used by the HMAC algorithm.";
	d = hmac_sha256(key, 131, text, strlen(text));
	sha256_print(&d, hex);
	assert_string_equal(hex, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

/* RFC 4648, section 10 */
static void base64_vectors(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {
		{"", ""},         {"f", "Zg=="},     {"fo", "Zm8="},       {"foo", "Zm9v"},
		{"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"},
	};
	size_t len;
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		assert_string_equal(base64_encode(a, pairs[i][0], strlen(pairs[i][0])), pairs[i][1]);
		char *back = base64_decode(a, pairs[i][1], &len);
		assert_non_null(back);
		assert_int_equal(len, strlen(pairs[i][0]));
		assert_string_equal(back, pairs[i][0]);
	}
	unsigned char all[256];
	for (size_t i = 0; i < sizeof all; i++)
		all[i] = (unsigned char)i;
	for (size_t n = 0; n <= sizeof all; n++) {
		char *back = base64_decode(a, base64_encode(a, all, n), &len);
		assert_int_equal(len, n);
		assert_memory_equal(back, all, n);
	}
}

static void base64_takes_the_canonical_form_only(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"Z", "Zg", "Zg=", "Zm9", "Zg==Zg==", "=", "==", "===", "====", "Z===", "Zg==\n", "\nZg==", "Zm9v\n",
		" Zm9v", "Zm9v ", "Zm\n9", "Zm9v====", "Z g=", "Zh==", "Zm9=", "Zm-_", "Zm9\x80", "=Zg=", "Zg=a", "Zm9v=",
	};
	size_t len;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (base64_decode(a, cases[i], &len) != NULL)
			fail_msg("'%s' was accepted", cases[i]);
}

static void hex_digests_are_checked(void **state)
{
	(void)state;
	char *hex = sha256_hex(a, "abc", 3);
	assert_true(sha256_hex_valid(hex));
	assert_false(sha256_hex_valid(""));
	assert_false(sha256_hex_valid(hex + 1));
	hex[5] = 'G';
	assert_false(sha256_hex_valid(hex));
	hex[5] = 'A';
	assert_false(sha256_hex_valid(hex));
	hex[5] = 'a';
	assert_true(sha256_hex_valid(hex));
	char longer[66];
	snprintf(longer, sizeof longer, "%s0", hex);
	assert_false(sha256_hex_valid(longer));
}

static void comparing_and_wiping(void **state)
{
	(void)state;
	char secret[] = "secret";
	assert_true(digest_equal("abc", "abc", 3));
	assert_false(digest_equal("abc", "abd", 3));
	assert_true(digest_equal("abc", "abd", 2));
	assert_true(digest_equal("a", "b", 0));
	wipe(secret, sizeof secret);
	for (size_t i = 0; i < sizeof secret; i++)
		assert_int_equal(secret[i], 0);
	unsigned char x[32] = {0}, y[32] = {0};
	random_bytes(x, sizeof x);
	random_bytes(y, sizeof y);
	assert_memory_not_equal(x, y, sizeof x);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(sha256_vectors), TEST(hmac_vectors), TEST(base64_vectors),
		TEST(base64_takes_the_canonical_form_only), TEST(hex_digests_are_checked),
		TEST(comparing_and_wiping),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
