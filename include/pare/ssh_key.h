/* ssh_key: an SSH public key, as it stands in files and on the wire. Of the kinds that may sign:
 * ssh-ed25519, ecdsa-sha2-nistp256/384/521, ssh-rsa, sk-ssh-ed25519 and sk-ecdsa-sha2-nistp256. */
#ifndef PARE_SSH_KEY_H
#define PARE_SSH_KEY_H

#include "pare/pubkey.h"

enum { SSH_KEY_MAX = 8192 };

struct ssh_key {
	const char *type;        /* "ssh-ed25519" … */
	struct bytes blob;       /* the whole key as on the wire: its identity */
	struct pubkey pub;
	const char *application; /* of a security key ("ssh:"), else NULL */
	const char *fingerprint; /* "SHA256:…", as ssh-keygen prints it */
};

/* ERR_INPUT: no key; ERR_REFUSED: a key that may not sign here (certificate, DSA, short RSA). */
bool ssh_key_parse(struct arena *a, const void *blob, size_t len, struct ssh_key *out, struct err *e);
/* "type base64[ comment]", as in a .pub file; *comment may be NULL when not wanted. */
bool ssh_key_line(struct arena *a, const char *line, struct ssh_key *out, const char **comment,
		  struct err *e);
bool ssh_key_same(const struct ssh_key *x, const struct ssh_key *y);

#endif
