/* A signature that is taken is armor around exactly one blob; whatever comes in, nothing is read past
 * its end. The first byte chooses what the rest is: armor, a key's blob, a key's line, a private key. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pare/digest.h"
#include "pare/sshsig.h"
#include "pare/ssh_wire.h"
#include "../../src/adapt/ssh_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char message[] = "the bytes that were looked at\n";

static void need(int true_here)
{
	if (!true_here)
		abort();
}

static void check_key(struct arena *a, const struct ssh_key *k)
{
	struct ssh_key again;
	struct err e;
	need(strncmp(k->fingerprint, "SHA256:", 7) == 0 && strlen(k->fingerprint) == 50);
	need(ssh_key_parse(a, k->blob.at, k->blob.len, &again, &e) && ssh_key_same(k, &again));
	need(strcmp(k->type, again.type) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ssh_key key;
	struct ssh_private_key secret;
	struct err e;
	if (size == 0)
		return 0;
	struct arena *a = arena_new(NULL);
	const char *rest = arena_copy(a, data + 1, size - 1);
	switch (data[0] % 4) {
	case 0:
		if (sshsig_verify(a, rest, size - 1, APPROVAL_NAMESPACE, message, sizeof message - 1, &key, &e)) {
			check_key(a, &key);
			need(!sshsig_verify(a, rest, size - 1, "git", message, sizeof message - 1, &key, &e));
			need(!sshsig_verify(a, rest, size - 1, APPROVAL_NAMESPACE, message, 3, &key, &e));
		}
		break;
	case 1:
		if (ssh_key_parse(a, rest, size - 1, &key, &e))
			check_key(a, &key);
		break;
	case 2:
		if (ssh_key_line(a, rest, &key, NULL, &e))
			check_key(a, &key);
		break;
	default:
		if (ssh_private_key_parse(a, rest, size - 1, &secret, &e))
			check_key(a, &secret.pub);
		break;
	}
	arena_free(a);
	return 0;
}
