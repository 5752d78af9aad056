#include "pare/sshsig.h"

#include <string.h>

#include "pare/digest.h"
#include "pare/ssh_wire.h"
#include "pare/str.h"

static const char MAGIC[] = "SSHSIG";
static const char BEGIN[] = "-----BEGIN SSH SIGNATURE-----\n";
static const char END[] = "-----END SSH SIGNATURE-----";
enum { MAGIC_LEN = 6, ARMOR_COLUMNS = 70, COLUMNS_MAX = 76, TOUCHED = 1 };

struct sshsig {
	struct bytes key, reserved, signature;
	const char *namespace, *hash;
};

/* --- the armor --- */

/* The base64 text between the two lines, without its line ends; NULL when it is anything else. */
static char *inner_text(struct arena *a, const char *armor, size_t len)
{
	size_t head = sizeof BEGIN - 1, foot = sizeof END - 1;
	if (len > 0 && armor[len - 1] == '\n')
		len--;
	if (len > SSHSIG_MAX || len <= head + foot || memcmp(armor, BEGIN, head) != 0 ||
	    memcmp(armor + len - foot, END, foot) != 0)
		return NULL;
	const char *at = armor + head, *end = armor + len - foot;
	char *text = arena_alloc(a, len), *to = text;
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		if (stop == NULL || stop == at || stop - at > COLUMNS_MAX)
			return NULL;
		memcpy(to, at, (size_t)(stop - at));
		to += stop - at;
		at = stop + 1;
	}
	*to = '\0';
	return strlen(text) == (size_t)(to - text) ? text : NULL;
}

static bool read_blob(struct arena *a, const char *armor, size_t armor_len, struct sshsig *out,
		      struct err *e)
{
	size_t len = 0;
	const char *text = inner_text(a, armor, armor_len);
	const char *blob = text != NULL ? base64_decode(a, text, &len) : NULL;
	if (blob == NULL)
		return err_set(e, ERR_INPUT,
			       "expected an armored SSH signature of at most %d bytes, as ssh-keygen -Y sign writes it",
			       SSHSIG_MAX);
	struct ssh_reader r = ssh_reader_of(blob, len);
	if (len < MAGIC_LEN || memcmp(blob, MAGIC, MAGIC_LEN) != 0)
		return err_set(e, ERR_INPUT, "it is no SSH signature");
	r.at += MAGIC_LEN;
	r.left -= MAGIC_LEN;
	uint32_t version = ssh_take_u32(&r);
	if (!r.bad && version != 1)
		return err_set(e, ERR_INPUT, "a signature of version %u: expected 1", version);
	out->key = ssh_take_string(&r);
	out->namespace = ssh_take_text(&r, a);
	out->reserved = ssh_take_string(&r);
	out->hash = ssh_take_text(&r, a);
	out->signature = ssh_take_string(&r);
	return ssh_reader_done(&r) || err_set(e, ERR_INPUT, "the signature is damaged");
}

/* --- what is signed --- */

static void put_digest(struct buf *b, const char *hash, const void *message, size_t len)
{
	ssh_put_text(b, hash);
	if (strcmp(hash, "sha256") == 0) {
		struct sha256 digest = sha256_of(message, len);
		ssh_put_string(b, digest.byte, sizeof digest.byte);
	} else {
		struct sha512 digest = sha512_of(message, len);
		ssh_put_string(b, digest.byte, sizeof digest.byte);
	}
}

static struct buf *signed_data(struct arena *a, const char *namespace, struct bytes reserved,
			       const char *hash, const void *message, size_t len)
{
	struct buf *b = buf_new(a, (size_t)2 * SSHSIG_MAX);
	buf_put(b, MAGIC, MAGIC_LEN);
	ssh_put_text(b, namespace);
	ssh_put_string(b, reserved.at, reserved.len);
	put_digest(b, hash, message, len);
	return b;
}

struct bytes sshsig_to_sign(struct arena *a, const char *namespace, const void *message, size_t len)
{
	struct buf *b = signed_data(a, namespace, (struct bytes){(const uint8_t *)"", 0}, "sha512", message, len);
	return (struct bytes){(const uint8_t *)b->data, b->len};
}

char *sshsig_armor(struct arena *a, const struct ssh_key *key, const char *namespace,
		   struct bytes signature)
{
	struct buf *b = buf_new(a, SSHSIG_MAX), *out = buf_new(a, (size_t)2 * SSHSIG_MAX);
	buf_put(b, MAGIC, MAGIC_LEN);
	ssh_put_u32(b, 1);
	ssh_put_string(b, key->blob.at, key->blob.len);
	ssh_put_text(b, namespace);
	ssh_put_string(b, "", 0);
	ssh_put_text(b, "sha512");
	ssh_put_string(b, signature.at, signature.len);
	const char *text = base64_encode(a, b->data, b->len);
	buf_puts(out, BEGIN);
	for (size_t len = strlen(text), at = 0; at < len; at += ARMOR_COLUMNS)
		buf_printf(out, "%.*s\n", ARMOR_COLUMNS, text + at);
	buf_printf(out, "%s\n", END);
	return out->data;
}

/* --- checking --- */

/* RSA says which hash; ssh-rsa would be SHA-1. */
static bool kind_fits(const struct ssh_key *key, const char *kind, enum key_hash *hash, struct err *e)
{
	*hash = KEY_HASH_OWN;
	if (key->pub.kind != KEY_RSA)
		return str_equal(kind, key->type) ||
		       err_set(e, ERR_INPUT, "a signature of another kind than its key '%s'", key->type);
	*hash = str_equal(kind, "rsa-sha2-256") ? KEY_HASH_SHA256 : KEY_HASH_SHA512;
	if (str_equal(kind, "rsa-sha2-256") || str_equal(kind, "rsa-sha2-512"))
		return true;
	return err_set(e, ERR_REFUSED, "an RSA signature of kind '%.32s': expected rsa-sha2-512 or rsa-sha2-256",
		       kind != NULL ? kind : "?");
}

static bool take_pair(struct bytes blob, struct signature_bytes *out)
{
	struct ssh_reader r = ssh_reader_of(blob.at, blob.len);
	out->r = ssh_take_number(&r);
	out->s = ssh_take_number(&r);
	return ssh_reader_done(&r);
}

/* A security key signs the digests of its application and of the message, with its counter and
 * flags between them. */
static struct buf *as_security_key(struct arena *a, const struct ssh_key *key, uint8_t flags,
				   uint32_t counter, const struct buf *data)
{
	struct buf *b = buf_new(a, 256);
	struct sha256 application = sha256_of(key->application, strlen(key->application));
	struct sha256 message = sha256_of(data->data, data->len);
	buf_put(b, application.byte, sizeof application.byte);
	buf_put(b, &flags, 1);
	ssh_put_u32(b, counter);
	buf_put(b, message.byte, sizeof message.byte);
	return b;
}

static bool check_signature(struct arena *a, const struct ssh_key *key, struct bytes signature,
			    const struct buf *data, struct err *e)
{
	struct signature_bytes sig = {{0}, {0}, {0}};
	enum key_hash hash;
	struct ssh_reader r = ssh_reader_of(signature.at, signature.len);
	const char *kind = ssh_take_text(&r, a);
	if (!kind_fits(key, kind, &hash, e))
		return false;
	sig.whole = ssh_take_string(&r);
	bool pair = key->pub.kind >= KEY_P256 && key->pub.kind <= KEY_P521;
	bool ok = !pair || take_pair(sig.whole, &sig);
	if (key->application != NULL) {
		uint8_t flags = ssh_take_byte(&r);
		uint32_t counter = ssh_take_u32(&r);
		if (!r.bad && (flags & TOUCHED) == 0)
			return err_set(e, ERR_REFUSED, "nobody touched the security key for it");
		data = as_security_key(a, key, flags, counter, data);
	}
	if (!ok || !ssh_reader_done(&r))
		return err_set(e, ERR_INPUT, "the signature is damaged");
	return pubkey_verify(&key->pub, hash, data->data, data->len, &sig, e);
}

bool sshsig_verify(struct arena *a, const char *armor, size_t armor_len, const char *namespace,
		   const void *message, size_t len, struct ssh_key *key, struct err *e)
{
	struct sshsig s = {.namespace = NULL};
	if (!read_blob(a, armor, armor_len, &s, e))
		return false;
	if (!ssh_key_parse(a, s.key.at, s.key.len, key, e))
		return false;
	if (strcmp(s.namespace, namespace) != 0)
		return err_set(e, ERR_REFUSED, "made for the namespace '%.64s': expected '%s'", s.namespace,
			       namespace);
	if (strcmp(s.hash, "sha512") != 0 && strcmp(s.hash, "sha256") != 0)
		return err_set(e, ERR_REFUSED, "made with the hash '%.16s': expected sha512 or sha256", s.hash);
	return check_signature(a, key, s.signature,
			       signed_data(a, s.namespace, s.reserved, s.hash, message, len), e);
}
