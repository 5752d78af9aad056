/* digest: SHA-256, SHA-512, HMAC, base64, hex and wiping. */
#ifndef PARE_DIGEST_H
#define PARE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pare/arena.h"

enum { SHA256_BYTES = 32, SHA256_HEX = 65, SHA512_BYTES = 64 };

struct sha256 {
	uint8_t byte[SHA256_BYTES];
};

struct sha512 {
	uint8_t byte[SHA512_BYTES];
};

struct sha256 sha256_of(const void *bytes, size_t len);
struct sha512 sha512_of(const void *bytes, size_t len);
struct sha256 hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len);

/* 64 lower-case hex digits. */
char *sha256_hex(struct arena *a, const void *bytes, size_t len);
void sha256_print(const struct sha256 *digest, char hex[SHA256_HEX]);
bool sha256_hex_valid(const char *hex); /* exactly 64 lower-case hex digits */

/* SHA-1 in lower-case hex: names of files that others chose it for; nothing rests on it. */
char *sha1_hex(struct arena *a, const void *bytes, size_t len);

char *base64_encode(struct arena *a, const void *bytes, size_t len);
/* NULL when it is not canonical base64. The length goes to *len; a NUL follows the bytes. */
char *base64_decode(struct arena *a, const char *text, size_t *len);

/* Compares in constant time. */
bool digest_equal(const void *x, const void *y, size_t len);

/* Overwrites memory in a way the compiler keeps: for secrets. */
void wipe(void *bytes, size_t len);

/* Random bytes from the system's generator. Aborts when there are none. */
void random_bytes(void *bytes, size_t len);

#endif
