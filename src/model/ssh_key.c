#include "pare/ssh_key.h"

#include <string.h>

#include "pare/digest.h"
#include "pare/ssh_wire.h"
#include "pare/str.h"

static const struct key_type {
	const char *name, *curve;
	enum key_kind kind;
	bool security_key;
} types[] = {
	{"ssh-ed25519", NULL, KEY_ED25519, false},
	{"ecdsa-sha2-nistp256", "nistp256", KEY_P256, false},
	{"ecdsa-sha2-nistp384", "nistp384", KEY_P384, false},
	{"ecdsa-sha2-nistp521", "nistp521", KEY_P521, false},
	{"ssh-rsa", NULL, KEY_RSA, false},
	{"sk-ssh-ed25519@openssh.com", NULL, KEY_ED25519, true},
	{"sk-ecdsa-sha2-nistp256@openssh.com", "nistp256", KEY_P256, true},
};

static const struct key_type *type_named(const char *name)
{
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	return NULL;
}

static const char *fingerprint_of(struct arena *a, const void *blob, size_t len)
{
	struct sha256 digest = sha256_of(blob, len);
	char *text = base64_encode(a, digest.byte, sizeof digest.byte);
	text[strcspn(text, "=")] = '\0';
	return str_printf(a, "SHA256:%s", text);
}

static bool take_numbers(struct ssh_reader *r, struct arena *a, const struct key_type *t,
			 struct ssh_key *out)
{
	out->pub = (struct pubkey){.kind = t->kind};
	if (t->kind == KEY_RSA) {
		out->pub.e = ssh_take_number(r);
		out->pub.n = ssh_take_number(r);
	} else {
		if (t->curve != NULL && !str_equal(ssh_take_text(r, a), t->curve))
			r->bad = true;
		out->pub.point = ssh_take_string(r);
	}
	if (t->security_key)
		out->application = ssh_take_text(r, a);
	return ssh_reader_done(r);
}

bool ssh_key_parse(struct arena *a, const void *blob, size_t len, struct ssh_key *out, struct err *e)
{
	const void *own = arena_copy(a, blob, len);
	struct ssh_reader r = ssh_reader_of(own, len);
	const char *name = len <= SSH_KEY_MAX ? ssh_take_text(&r, a) : NULL;
	*out = (struct ssh_key){.type = name, .blob = {own, len}};
	if (name == NULL)
		return err_set(e, ERR_INPUT, "it is no SSH public key");
	const struct key_type *t = type_named(name);
	if (t == NULL)
		return err_set(e, ERR_REFUSED,
			       "a key of type '%.64s': expected ssh-ed25519, ecdsa-sha2-nistp256/384/521, ssh-rsa, "
			       "sk-ssh-ed25519@openssh.com or sk-ecdsa-sha2-nistp256@openssh.com",
			       name);
	if (!take_numbers(&r, a, t, out))
		return err_set(e, ERR_INPUT, "it is no SSH public key of type '%s'", name);
	out->fingerprint = fingerprint_of(a, own, len);
	return pubkey_check(&out->pub, e) || err_wrap(e, "key %s", out->fingerprint);
}

bool ssh_key_line(struct arena *a, const char *line, struct ssh_key *out, const char **comment,
		  struct err *e)
{
	size_t type_len = strcspn(line, " \t");
	const char *text = line + type_len + strspn(line + type_len, " \t");
	size_t text_len = strcspn(text, " \t"), len = 0;
	const char *rest = text + text_len + strspn(text + text_len, " \t");
	const char *type = arena_copy(a, line, type_len);
	const char *blob = text_len <= 2 * SSH_KEY_MAX ? base64_decode(a, arena_copy(a, text, text_len), &len)
						       : NULL;
	if (comment != NULL)
		*comment = arena_strdup(a, rest);
	if (blob == NULL || len == 0)
		return err_set(e, ERR_INPUT, "expected a public key: its type and its base64 text");
	if (!ssh_key_parse(a, blob, len, out, e))
		return false;
	return strcmp(out->type, type) == 0 ||
	       err_set(e, ERR_INPUT, "the key is of type '%s', and the line says '%.64s'", out->type, type);
}

bool ssh_key_same(const struct ssh_key *x, const struct ssh_key *y)
{
	return x->blob.len == y->blob.len && memcmp(x->blob.at, y->blob.at, x->blob.len) == 0;
}
