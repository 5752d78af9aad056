/* ssh: private to src/adapt/ssh_*. */
#ifndef PARE_SSH_PRIVATE_H
#define PARE_SSH_PRIVATE_H

#include "pare/ssh_key.h"

/* A private key file in OpenSSH's format (PROTOCOL.key). */
struct ssh_private_key {
	struct ssh_key pub;
	struct privkey key;
	const char *comment;
	bool locked; /* it has a passphrase, or is in a security key: only pub is known */
};
bool ssh_private_key_parse(struct arena *a, const char *text, size_t len, struct ssh_private_key *out,
			   struct err *e);

/* Asks the agent at SSH_AUTH_SOCK for a signature: *out is as on the wire ("string kind, …"). */
bool ssh_agent_sign(struct arena *a, const struct ssh_key *key, struct bytes data, struct bytes *out,
		    struct err *e);

#endif
