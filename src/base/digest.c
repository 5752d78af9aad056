#include "pare/digest.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "openssl_private.h"

struct sha256 sha256_of(const void *bytes, size_t len)
{
	struct sha256 digest;
	if (SHA256(bytes, len, digest.byte) == NULL)
		abort();
	return digest;
}

struct sha512 sha512_of(const void *bytes, size_t len)
{
	struct sha512 digest;
	if (SHA512(bytes, len, digest.byte) == NULL)
		abort();
	return digest;
}

struct sha256 hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len)
{
	struct sha256 digest;
	unsigned out = SHA256_BYTES;
	if (key_len > INT_MAX)
		abort();
	if (HMAC(EVP_sha256(), key, (int)key_len, bytes, len, digest.byte, &out) == NULL)
		abort();
	return digest;
}

void sha256_print(const struct sha256 *digest, char hex[SHA256_HEX])
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < SHA256_BYTES; i++) {
		hex[2 * i] = digits[digest->byte[i] >> 4];
		hex[2 * i + 1] = digits[digest->byte[i] & 15];
	}
	hex[SHA256_HEX - 1] = '\0';
}

char *sha256_hex(struct arena *a, const void *bytes, size_t len)
{
	struct sha256 digest = sha256_of(bytes, len);
	char *hex = arena_alloc(a, SHA256_HEX);
	sha256_print(&digest, hex);
	return hex;
}

char *sha1_hex(struct arena *a, const void *bytes, size_t len)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned count = 0;
	if (EVP_Digest(bytes, len, digest, &count, EVP_sha1(), NULL) != 1)
		abort();
	char *hex = arena_alloc(a, 2 * count + 1);
	for (unsigned i = 0; i < count; i++) {
		hex[2 * i] = "0123456789abcdef"[digest[i] >> 4];
		hex[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
	}
	return hex;
}

bool sha256_hex_valid(const char *hex)
{
	return strlen(hex) == SHA256_HEX - 1 && strspn(hex, "0123456789abcdef") == SHA256_HEX - 1;
}

char *base64_encode(struct arena *a, const void *bytes, size_t len)
{
	if (len > INT_MAX / 4)
		abort();
	char *text = arena_alloc(a, (len + 2) / 3 * 4 + 1);
	EVP_EncodeBlock((unsigned char *)text, bytes, (int)len);
	return text;
}

/* Decode, encode again and compare: whatever is not canonical (white space, missing padding, stray
 * bits) is refused. */
char *base64_decode(struct arena *a, const char *text, size_t *len)
{
	size_t in = strlen(text);
	if (in % 4 != 0 || in > INT_MAX / 4)
		return NULL;
	unsigned char *out = arena_alloc(a, in / 4 * 3 + 1);
	int got = in == 0 ? 0 : EVP_DecodeBlock(out, (const unsigned char *)text, (int)in);
	if (got < 0)
		return NULL;
	size_t padding = in == 0 ? 0 : (size_t)(text[in - 1] == '=') + (size_t)(text[in - 2] == '=');
	if ((size_t)got < padding)
		return NULL;
	*len = (size_t)got - padding;
	out[*len] = '\0';
	return strcmp(base64_encode(a, out, *len), text) == 0 ? (char *)out : NULL;
}

bool digest_equal(const void *x, const void *y, size_t len)
{
	return CRYPTO_memcmp(x, y, len) == 0;
}

void wipe(void *bytes, size_t len)
{
	OPENSSL_cleanse(bytes, len);
}

void random_bytes(void *bytes, size_t len)
{
	if (len > INT_MAX || RAND_bytes(bytes, (int)len) != 1)
		abort();
}
