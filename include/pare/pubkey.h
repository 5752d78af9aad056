/* pubkey: signatures of Ed25519, ECDSA and RSA (PKCS #1 v1.5) keys, made and checked; numbers are
 * big-endian bytes as they stand on the wire. Nothing here knows SHA-1. */
#ifndef PARE_PUBKEY_H
#define PARE_PUBKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pare/arena.h"
#include "pare/err.h"

struct bytes {
	const uint8_t *at;
	size_t len;
};

enum key_kind { KEY_ED25519, KEY_P256, KEY_P384, KEY_P521, KEY_RSA };
/* RSA alone may choose; the others have theirs: Ed25519 its own, P-256, 384, 521 SHA-256, 384, 512. */
enum key_hash { KEY_HASH_OWN, KEY_HASH_SHA256, KEY_HASH_SHA512 };

enum { RSA_LEAST_BITS = 2048, RSA_MOST_BITS = 16384 };

struct pubkey {
	enum key_kind kind;
	struct bytes point; /* Ed25519: 32 bytes; ECDSA: an uncompressed point */
	struct bytes n, e;  /* RSA */
};

struct privkey {
	struct pubkey pub;
	struct bytes secret; /* Ed25519: 32 bytes; ECDSA: the scalar; RSA: d */
};

struct signature_bytes {
	struct bytes whole; /* Ed25519: 64 bytes; RSA */
	struct bytes r, s;  /* ECDSA */
};

/* A point on its curve, an RSA modulus of 2048 to 16384 bits? The error says what is wrong. */
bool pubkey_check(const struct pubkey *k, struct err *e);
bool pubkey_verify(const struct pubkey *k, enum key_hash hash, const void *message, size_t len,
		   const struct signature_bytes *sig, struct err *e);
bool privkey_sign(struct arena *a, const struct privkey *k, enum key_hash hash, const void *message,
		  size_t len, struct signature_bytes *out, struct err *e);

#endif
