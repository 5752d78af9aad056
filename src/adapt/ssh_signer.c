/* ssh_signer: signs as `ssh-keygen -Y sign` does, with a key file or the agent that holds its key. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "pare/digest.h"
#include "pare/ssh_wire.h"
#include "pare/sshsig.h"
#include "pare/str.h"
#include "pare/world.h"
#include "ssh_private.h"

enum { KEY_FILE_MAX = 65536 };

struct ssh_signer {
	struct ssh_key key;
	struct privkey secret;
	bool by_agent;
};

static bool sign_by_file(struct arena *a, const struct ssh_signer *s, struct bytes data,
			 struct bytes *out, struct err *e)
{
	struct signature_bytes sig;
	struct buf *b = buf_new(a, SSHSIG_MAX), *pair = buf_new(a, SSHSIG_MAX);
	if (!privkey_sign(a, &s->secret, KEY_HASH_SHA512, data.at, data.len, &sig, e))
		return false;
	ssh_put_text(b, s->key.pub.kind == KEY_RSA ? "rsa-sha2-512" : s->key.type);
	if (sig.r.len > 0) {
		ssh_put_number(pair, sig.r);
		ssh_put_number(pair, sig.s);
		ssh_put_string(b, pair->data, pair->len);
	} else {
		ssh_put_string(b, sig.whole.at, sig.whole.len);
	}
	*out = (struct bytes){(const uint8_t *)b->data, b->len};
	return true;
}

/* What was signed is checked before anybody relies on it. */
static bool sign(void *self, struct arena *a, const char *namespace, const void *message, size_t len,
		 const char **armor, struct err *e)
{
	const struct ssh_signer *s = self;
	struct ssh_key again;
	struct bytes signature, data = sshsig_to_sign(a, namespace, message, len);
	if (!(s->by_agent ? ssh_agent_sign(a, &s->key, data, &signature, e)
			  : sign_by_file(a, s, data, &signature, e)))
		return false;
	*armor = sshsig_armor(a, &s->key, namespace, signature);
	return sshsig_verify(a, *armor, strlen(*armor), namespace, message, len, &again, e) ||
	       err_wrap(e, "checking the new signature");
}

static bool read_key_file(struct arena *a, const char *path, const char **text, size_t *len,
			  unsigned *mode, struct err *e)
{
	struct stat st;
	FILE *f = fopen(path, "re");
	if (f == NULL)
		return err_set(e, ERR_USAGE, "reading key '%s': %s", path, strerror(errno));
	char *bytes = arena_alloc(a, KEY_FILE_MAX + 1);
	bool known = fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode);
	*len = known ? fread(bytes, 1, KEY_FILE_MAX + 1, f) : 0;
	*mode = (unsigned)st.st_mode;
	fclose(f);
	*text = bytes;
	return (known && *len > 0 && *len <= KEY_FILE_MAX) ||
	       err_set(e, ERR_USAGE, "reading key '%s': expected a key file of at most %d bytes", path,
		       KEY_FILE_MAX);
}

static bool open_private(struct arena *a, const char *text, size_t len, unsigned mode,
			 struct ssh_signer *s, const char **comment, struct err *e)
{
	struct ssh_private_key k;
	if (!ssh_private_key_parse(a, text, len, &k, e))
		return false;
	if (!k.locked && (mode & 077) != 0)
		return err_set(e, ERR_REFUSED, "others may read it (mode %04o): chmod 600", mode & 07777);
	s->key = k.pub;
	s->secret = k.key;
	s->by_agent = k.locked;
	*comment = k.comment;
	return true;
}

static bool open_public(struct arena *a, const char *text, size_t len, struct ssh_signer *s,
			const char **comment, struct err *e)
{
	char *line = arena_copy(a, text, len);
	line[strcspn(line, "\r\n")] = '\0';
	s->by_agent = true;
	return ssh_key_line(a, line, &s->key, comment, e);
}

bool ssh_signer_open(struct arena *a, const char *path, struct signer_port *out, struct err *e)
{
	const char *text = "", *comment = "";
	size_t len = 0;
	unsigned mode = 0;
	struct ssh_signer *s = arena_alloc(a, sizeof *s);
	if (!read_key_file(a, path, &text, &len, &mode, e))
		return false;
	bool ok = str_starts(text, "-----BEGIN ") ? open_private(a, text, len, mode, s, &comment, e)
						  : open_public(a, text, len, s, &comment, e);
	wipe((char *)text, len);
	if (!ok)
		return err_wrap(e, "reading key '%s'", path);
	*out = (struct signer_port){s, s->key, comment, sign};
	return true;
}
