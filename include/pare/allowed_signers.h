/* allowed_signers: whose key is it? The file of ssh-keygen(1), "ALLOWED SIGNERS", read more
 * narrowly, since people are counted here: a line counts only when it names one person literally.
 * Names that stand on one line, or on lines with the same key, are one person. */
#ifndef PARE_ALLOWED_SIGNERS_H
#define PARE_ALLOWED_SIGNERS_H

#include <stdint.h>

#include "pare/ssh_key.h"
#include "pare/str.h"

enum { SIGNERS_MAX_BYTES = 1024 * 1024, SIGNERS_MAX_LINES = 2000 };

struct signer {
	struct str_list names;        /* principals, as written */
	struct ssh_key key;
	int64_t after_ms, before_ms;  /* valid from, and until */
	const char *refused;          /* why the line counts for nobody; NULL: it counts */
	size_t line, person;
};

struct signers {
	const char *file;
	struct signer *item;
	size_t count;
};

/* A line that cannot be understood refuses the whole file: it may be the one that limits a key.
 * What is understood and cannot count (a certificate authority, a pattern, another namespace, a
 * kind of key that is not supported) is kept with its reason. */
bool signers_parse(struct arena *a, const char *text, size_t len, const char *file,
		   const char *namespace, struct signers *out, struct err *e);

struct revoked_keys {
	struct ssh_key *key;
	size_t count;
};

/* Public keys, one a line ("type base64 comment"), '#' begins a comment. A KRL is refused. */
bool revoked_parse(struct arena *a, const char *text, size_t len, const char *file,
		   struct revoked_keys *out, struct err *e);

/* The line that makes this key count at that moment, or NULL and why not. revoked may be NULL. */
const struct signer *signers_find(struct arena *a, const struct signers *s,
				  const struct revoked_keys *revoked, const struct ssh_key *key,
				  int64_t now_ms, const char **why);
/* Is that e-mail address or name one of this person's? Case does not matter. */
bool signers_is(const struct signers *s, size_t person, const char *name);
/* Do two names stand for one person? By their letters, or by the list (which may be empty). */
bool signers_same(const struct signers *s, const char *x, const char *y);

#endif
