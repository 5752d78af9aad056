/* ssh_private_key: OpenSSH's own format of private keys, without a passphrase. One with a passphrase
 * is not opened here: its agent signs, and the passphrase stays where it belongs. */
#include <string.h>

#include "pare/digest.h"
#include "pare/ssh_wire.h"
#include "pare/str.h"
#include "ssh_private.h"

static const char BEGIN[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
static const char END[] = "-----END OPENSSH PRIVATE KEY-----";
static const char MAGIC[] = "openssh-key-v1"; /* with its zero byte */
enum { PRIVATE_KEY_MAX = 65536 };

static bool inner(struct arena *a, const char *text, size_t len, struct bytes *out)
{
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	size_t head = sizeof BEGIN - 1, foot = sizeof END - 1, n = 0, blob_len;
	if (len > PRIVATE_KEY_MAX || len <= head + foot || memcmp(text, BEGIN, head) != 0 ||
	    memcmp(text + len - foot, END, foot) != 0)
		return false;
	char *joined = arena_alloc(a, len);
	for (size_t i = head; i < len - foot; i++)
		if (text[i] != '\n' && text[i] != '\r')
			joined[n++] = text[i];
	char *blob = base64_decode(a, joined, &blob_len);
	wipe(joined, n);
	if (blob == NULL || blob_len < sizeof MAGIC || memcmp(blob, MAGIC, sizeof MAGIC) != 0)
		return false;
	*out = (struct bytes){(uint8_t *)blob + sizeof MAGIC, blob_len - sizeof MAGIC};
	return true;
}

static bool take_secret(struct ssh_reader *r, struct arena *a, struct ssh_private_key *out)
{
	struct privkey *k = &out->key;
	k->pub = out->pub.pub;
	if (!str_equal(ssh_take_text(r, a), out->pub.type))
		return false;
	if (k->pub.kind == KEY_ED25519) {
		(void)ssh_take_string(r);
		struct bytes both = ssh_take_string(r); /* the seed, then the public key */
		if (both.len != 64)
			return false;
		k->secret = (struct bytes){both.at, 32};
	} else if (k->pub.kind == KEY_RSA) {
		(void)ssh_take_number(r);
		(void)ssh_take_number(r);
		k->secret = ssh_take_number(r);
		(void)ssh_take_number(r); /* the inverse of q, then p and q */
		(void)ssh_take_number(r);
		(void)ssh_take_number(r);
	} else {
		(void)ssh_take_string(r);
		(void)ssh_take_string(r);
		k->secret = ssh_take_number(r);
	}
	struct bytes comment = ssh_take_string(r);
	out->comment = str_printable(a, arena_copy(a, comment.at, comment.len), false);
	for (uint8_t pad = 1; r->left > 0; pad++)
		if (ssh_take_byte(r) != pad)
			return false;
	return !r->bad;
}

static void wipe_blob(void *b)
{
	struct bytes *blob = b;
	wipe((uint8_t *)blob->at, blob->len);
}

bool ssh_private_key_parse(struct arena *a, const char *text, size_t len, struct ssh_private_key *out,
			   struct err *e)
{
	struct bytes *blob = arena_alloc(a, sizeof *blob);
	*out = (struct ssh_private_key){.comment = ""};
	if (!inner(a, text, len, blob))
		return err_set(e, ERR_INPUT,
			       "expected a private key in OpenSSH's format or a public key; 'ssh-keygen -p -f FILE' "
			       "rewrites an older format");
	arena_defer(a, wipe_blob, blob);
	struct ssh_reader r = ssh_reader_of(blob->at, blob->len);
	const char *cipher = ssh_take_text(&r, a);
	(void)ssh_take_text(&r, a); /* how the cipher's key is derived */
	(void)ssh_take_string(&r);
	uint32_t count = ssh_take_u32(&r);
	struct bytes pub = ssh_take_string(&r), secret = ssh_take_string(&r);
	if (r.bad || count != 1)
		return err_set(e, ERR_INPUT, "the private key is damaged");
	if (!ssh_key_parse(a, pub.at, pub.len, &out->pub, e))
		return false;
	out->locked = !str_equal(cipher, "none") || out->pub.application != NULL;
	if (out->locked)
		return true;
	struct ssh_reader s = ssh_reader_of(secret.at, secret.len);
	uint32_t check = ssh_take_u32(&s);
	return (check == ssh_take_u32(&s) && take_secret(&s, a, out)) ||
	       err_set(e, ERR_INPUT, "the private key is damaged");
}
