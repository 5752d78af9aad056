/* Shared by the tests of signatures: keys made by ssh-keygen, and security keys made by hand, since
 * ssh-keygen makes those only with the device. */
#ifndef PARE_SSH_FIXTURE_H
#define PARE_SSH_FIXTURE_H

#include "review_fixture.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "pare/ssh_wire.h"
#include "pare/sshsig.h"

static inline bool have_ssh_keygen(void)
{
	return system("command -v ssh-keygen >/dev/null 2>&1") == 0;
}
#define NEED_SSH_KEYGEN()                                             \
	do {                                                          \
		if (!have_ssh_keygen()) {                             \
			printf("skipped: ssh-keygen is not here\n"); \
			skip();                                       \
		}                                                     \
	} while (0)

static inline char *slurp(struct bench *b, const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	if (f == NULL)
		fail_msg("'%s' cannot be read", path);
	char *text = arena_alloc(b->arena, 1 << 20);
	*len = fread(text, 1, (1 << 20) - 1, f);
	fclose(f);
	return text;
}

static inline void spit(struct bench *b, const char *path, const void *bytes, size_t len)
{
	(void)b;
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	fclose(f);
}

/* Makes DIR/NAME and DIR/NAME.pub; gives the private key's path. */
static inline const char *make_key(struct bench *b, const char *name, const char *options)
{
	const char *path = str_printf(b->arena, "%s/%s", b->dir, name);
	run_shell(b, NULL, "rm -f %s %s.pub && ssh-keygen -q %s -N '' -C %s@example.com -f %s", path, path, options,
		  name, path);
	return path;
}

static inline const char *public_line(struct bench *b, const char *key)
{
	size_t len;
	char *line = slurp(b, str_printf(b->arena, "%s.pub", key), &len);
	line[strcspn(line, "\n")] = '\0';
	return line;
}

/* A security key: its public blob, and its signature with the flags asked for. */
struct sk_key {
	EVP_PKEY *pkey;
	bool ecdsa;
	const char *line;
	struct ssh_key key;
};

static inline struct sk_key make_sk(struct bench *b, bool ecdsa)
{
	struct sk_key k = {.ecdsa = ecdsa};
	uint8_t pub[65];
	size_t len = sizeof pub;
	struct buf *blob = buf_new(b->arena, 1024);
	const char *type = ecdsa ? "sk-ecdsa-sha2-nistp256@openssh.com" : "sk-ssh-ed25519@openssh.com";
	k.pkey = ecdsa ? EVP_EC_gen("P-256") : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	ssh_put_text(blob, type);
	if (ecdsa) {
		ssh_put_text(blob, "nistp256");
		assert_int_equal(EVP_PKEY_get_octet_string_param(k.pkey, "pub", pub, sizeof pub, &len), 1);
	} else {
		assert_int_equal(EVP_PKEY_get_raw_public_key(k.pkey, pub, &len), 1);
	}
	ssh_put_string(blob, pub, len);
	ssh_put_text(blob, "ssh:");
	k.line = str_printf(b->arena, "%s %s", type, base64_encode(b->arena, blob->data, blob->len));
	assert_ok(ssh_key_parse(b->arena, blob->data, blob->len, &k.key, &b->e));
	return k;
}

static inline struct bytes number_of(struct bench *b, const BIGNUM *n)
{
	uint8_t *at = arena_alloc(b->arena, 64);
	return (struct bytes){at, (size_t)BN_bn2bin(n, at)};
}

/* r and s of a DER signature, as on the wire. */
static inline void put_pair(struct bench *b, struct buf *wire, const uint8_t *der, size_t len)
{
	struct buf *pair = buf_new(b->arena, 256);
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
	ssh_put_number(pair, number_of(b, ECDSA_SIG_get0_r(sig)));
	ssh_put_number(pair, number_of(b, ECDSA_SIG_get0_s(sig)));
	ECDSA_SIG_free(sig);
	ssh_put_string(wire, pair->data, pair->len);
}

static inline const char *sk_sign(struct bench *b, const struct sk_key *k, uint8_t flags,
				  const char *namespace, const char *message, size_t message_len)
{
	uint8_t sum[32], sig[128];
	size_t len = sizeof sig;
	struct bytes data = sshsig_to_sign(b->arena, namespace, message, message_len);
	struct buf *signed_bytes = buf_new(b->arena, 1024), *wire = buf_new(b->arena, 1024);
	SHA256((const unsigned char *)"ssh:", 4, sum);
	buf_put(signed_bytes, sum, sizeof sum);
	buf_put(signed_bytes, &flags, 1);
	ssh_put_u32(signed_bytes, 7);
	SHA256(data.at, data.len, sum);
	buf_put(signed_bytes, sum, sizeof sum);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestSignInit(ctx, NULL, k->ecdsa ? EVP_sha256() : NULL, NULL, k->pkey), 1);
	assert_int_equal(EVP_DigestSign(ctx, sig, &len, (const uint8_t *)signed_bytes->data, signed_bytes->len), 1);
	EVP_MD_CTX_free(ctx);
	ssh_put_text(wire, k->key.type);
	if (k->ecdsa)
		put_pair(b, wire, sig, len);
	else
		ssh_put_string(wire, sig, len);
	buf_put(wire, &flags, 1);
	ssh_put_u32(wire, 7);
	return sshsig_armor(b->arena, &k->key, namespace, (struct bytes){(const uint8_t *)wire->data, wire->len});
}

#endif
