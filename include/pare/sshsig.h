/* sshsig: detached signatures as `ssh-keygen -Y sign` writes them (OpenSSH, PROTOCOL.sshsig). */
#ifndef PARE_SSHSIG_H
#define PARE_SSHSIG_H

#include "pare/ssh_key.h"

#define APPROVAL_NAMESPACE "plan-approval@pare"
enum { SSHSIG_MAX = 16384 };

/* Is this armored text a signature over the message, made for exactly this namespace? Gives the key
 * that made it; whose key that is, and whether it may approve, is not asked here. Refused: SHA-1,
 * RSA below 2048 bits, a security key that nobody touched, anything before, behind or within the
 * armor that does not belong there. */
bool sshsig_verify(struct arena *a, const char *armor, size_t armor_len, const char *namespace,
		   const void *message, size_t len, struct ssh_key *key, struct err *e);

/* What a signer signs: the message's digest bound to the namespace. */
struct bytes sshsig_to_sign(struct arena *a, const char *namespace, const void *message, size_t len);
/* The armored text around a signature as it stands on the wire ("string type, string signature…"). */
char *sshsig_armor(struct arena *a, const struct ssh_key *key, const char *namespace,
		   struct bytes signature);

#endif
