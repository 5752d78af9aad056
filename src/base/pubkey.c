#include "pare/pubkey.h"

#include <limits.h>
#include <string.h>

#include "openssl_private.h"

enum { ED25519_POINT = 32, ED25519_SIG = 64, SCALAR_MAX = 66 };

struct curve {
	const char *group;
	size_t bytes; /* of a coordinate */
	const EVP_MD *(*hash)(void);
};

static const struct curve *curve_of(enum key_kind kind)
{
	static const struct curve curves[] = {{SN_X9_62_prime256v1, 32, EVP_sha256},
					      {SN_secp384r1, 48, EVP_sha384},
					      {SN_secp521r1, 66, EVP_sha512}};
	return kind >= KEY_P256 && kind <= KEY_P521 ? &curves[kind - KEY_P256] : NULL;
}

static const EVP_MD *hash_of(enum key_kind kind, enum key_hash hash)
{
	if (kind == KEY_ED25519)
		return NULL;
	if (kind != KEY_RSA)
		return curve_of(kind)->hash();
	return hash == KEY_HASH_SHA256 ? EVP_sha256() : EVP_sha512();
}

static BIGNUM *number(struct bytes b)
{
	return b.len > INT_MAX ? NULL : BN_bin2bn(b.at, (int)b.len, NULL);
}

/* Adds a number to the parameters; the builder borrows it until they are made. */
static bool push(OSSL_PARAM_BLD *bld, const char *name, BIGNUM *n)
{
	return n != NULL && OSSL_PARAM_BLD_push_BN(bld, name, n) == 1;
}

static EVP_PKEY *make(const char *type, OSSL_PARAM_BLD *bld, bool secret)
{
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	int selection = secret ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
	if (ctx == NULL || params == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, selection, params) != 1)
		key = NULL;
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* n, e and d suffice; the factors would make signing faster, which nobody waits for. */
static EVP_PKEY *make_rsa(const struct pubkey *k, const struct privkey *x)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *n = number(k->n), *e = number(k->e), *d = x != NULL ? number(x->secret) : NULL;
	bool ok = bld != NULL && push(bld, OSSL_PKEY_PARAM_RSA_N, n) && push(bld, OSSL_PKEY_PARAM_RSA_E, e) &&
		  (x == NULL || push(bld, OSSL_PKEY_PARAM_RSA_D, d));
	EVP_PKEY *key = ok ? make("RSA", bld, x != NULL) : NULL;
	OSSL_PARAM_BLD_free(bld);
	BN_free(n);
	BN_free(e);
	BN_clear_free(d);
	return key;
}

static EVP_PKEY *make_ec(const struct pubkey *k, const struct privkey *x)
{
	const struct curve *c = curve_of(k->kind);
	BIGNUM *d = x != NULL ? number(x->secret) : NULL;
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	bool ok = bld != NULL && k->point.len == 2 * c->bytes + 1 && k->point.at[0] == 4 &&
		  OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, c->group, 0) == 1 &&
		  OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, k->point.at, k->point.len) == 1 &&
		  (x == NULL || push(bld, OSSL_PKEY_PARAM_PRIV_KEY, d));
	EVP_PKEY *key = ok ? make("EC", bld, x != NULL) : NULL;
	OSSL_PARAM_BLD_free(bld);
	BN_clear_free(d);
	return key;
}

static EVP_PKEY *make_key(const struct pubkey *k, const struct privkey *x)
{
	if (k->kind == KEY_RSA)
		return make_rsa(k, x);
	if (k->kind != KEY_ED25519)
		return make_ec(k, x);
	if (k->point.len != ED25519_POINT || (x != NULL && x->secret.len != ED25519_POINT))
		return NULL;
	return x != NULL ? EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, x->secret.at, x->secret.len)
			 : EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, k->point.at, k->point.len);
}

static bool sound(EVP_PKEY *key)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	bool ok = ctx != NULL && EVP_PKEY_public_check(ctx) == 1;
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static EVP_PKEY *public_key(const struct pubkey *k, struct err *e)
{
	EVP_PKEY *key = make_key(k, NULL);
	int bits = key != NULL ? EVP_PKEY_bits(key) : 0;
	if (key == NULL) {
		err_set(e, ERR_INPUT, "it is no valid public key");
	} else if (k->kind == KEY_RSA && (bits < RSA_LEAST_BITS || bits > RSA_MOST_BITS)) {
		err_set(e, ERR_REFUSED, "an RSA key of %d bits: expected %d to %d", bits, RSA_LEAST_BITS,
			RSA_MOST_BITS);
		EVP_PKEY_free(key);
		return NULL;
	} else if (k->kind != KEY_ED25519 && !sound(key)) {
		err_set(e, ERR_INPUT, "it is no valid public key: its numbers do not fit together");
		EVP_PKEY_free(key);
		return NULL;
	}
	return key;
}

bool pubkey_check(const struct pubkey *k, struct err *e)
{
	EVP_PKEY *key = public_key(k, e);
	EVP_PKEY_free(key);
	return key != NULL;
}

/* r and s as the DER that OpenSSL takes. */
static unsigned char *der_of(const struct signature_bytes *sig, size_t *len)
{
	unsigned char *der = NULL;
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = sig->r.len <= SCALAR_MAX ? number(sig->r) : NULL;
	BIGNUM *s = sig->s.len <= SCALAR_MAX ? number(sig->s) : NULL;
	*len = 0;
	if (pair == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(pair, r, s) != 1) {
		BN_free(r);
		BN_free(s);
	} else {
		int got = i2d_ECDSA_SIG(pair, &der);
		*len = got > 0 ? (size_t)got : 0;
	}
	ECDSA_SIG_free(pair);
	return *len > 0 ? der : NULL;
}

static bool digest_verify(EVP_PKEY *key, const EVP_MD *hash, const void *message, size_t len,
			  const uint8_t *sig, size_t sig_len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, hash, NULL, key) == 1 &&
		  EVP_DigestVerify(ctx, sig, sig_len, message, len) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

/* RFC 8332 lets leading zeros of an RSA signature be left out: they are put back. */
static bool verify_rsa(EVP_PKEY *key, const EVP_MD *hash, const void *message, size_t len,
		       struct bytes sig)
{
	uint8_t full[RSA_MOST_BITS / 8] = {0};
	size_t size = (size_t)EVP_PKEY_size(key);
	if (sig.len > size || size > sizeof full)
		return false;
	memcpy(full + size - sig.len, sig.at, sig.len);
	return digest_verify(key, hash, message, len, full, size);
}

bool pubkey_verify(const struct pubkey *k, enum key_hash hash, const void *message, size_t len,
		   const struct signature_bytes *sig, struct err *e)
{
	bool ok = false;
	EVP_PKEY *key = public_key(k, e);
	const EVP_MD *md = hash_of(k->kind, hash);
	if (key == NULL)
		return false;
	if (k->kind == KEY_RSA) {
		ok = verify_rsa(key, md, message, len, sig->whole);
	} else if (k->kind == KEY_ED25519) {
		ok = sig->whole.len == ED25519_SIG &&
		     digest_verify(key, NULL, message, len, sig->whole.at, sig->whole.len);
	} else {
		size_t der_len;
		unsigned char *der = der_of(sig, &der_len);
		ok = der != NULL && digest_verify(key, md, message, len, der, der_len);
		OPENSSL_free(der);
	}
	EVP_PKEY_free(key);
	return ok || err_set(e, ERR_REFUSED, "the signature is not of this key over these bytes");
}

static struct bytes number_bytes(struct arena *a, const BIGNUM *n)
{
	uint8_t *at = arena_alloc(a, (size_t)BN_num_bytes(n) + 1);
	return (struct bytes){at, (size_t)BN_bn2bin(n, at)};
}

static bool split_der(struct arena *a, const uint8_t *der, size_t len, struct signature_bytes *out)
{
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)len);
	if (pair == NULL)
		return false;
	out->r = number_bytes(a, ECDSA_SIG_get0_r(pair));
	out->s = number_bytes(a, ECDSA_SIG_get0_s(pair));
	ECDSA_SIG_free(pair);
	return true;
}

bool privkey_sign(struct arena *a, const struct privkey *k, enum key_hash hash, const void *message,
		  size_t len, struct signature_bytes *out, struct err *e)
{
	EVP_PKEY *key = make_key(&k->pub, k);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t size = key != NULL ? (size_t)EVP_PKEY_size(key) : 0;
	uint8_t *sig = arena_alloc(a, size);
	*out = (struct signature_bytes){{0}, {0}, {0}};
	bool ok = key != NULL && ctx != NULL &&
		  EVP_DigestSignInit(ctx, NULL, hash_of(k->pub.kind, hash), NULL, key) == 1 &&
		  EVP_DigestSign(ctx, sig, &size, message, len) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	if (ok && curve_of(k->pub.kind) != NULL)
		ok = split_der(a, sig, size, out);
	else if (ok)
		out->whole = (struct bytes){sig, size};
	return ok || err_set(e, ERR_INPUT, "signing: the private key is not usable");
}
