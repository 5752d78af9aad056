/* lock: one executor per account (J6), on this machine and on all: a lock file of the state folder,
 * and a create-only ref on the review repository's remote, refs/pare/locks/<account>, whose commit
 * names its holder, its fencing number and when it ends. */
#ifndef PARE_LOCK_H
#define PARE_LOCK_H

#include "pare/port.h"

struct lock {
	const char *account;
	const char *id, *host; /* as written into the ref */
	const char *ref;
	const char *local; /* name of the state folder's lock */
	char oid[OID_HEX]; /* the commit the ref holds while we hold it */
	int64_t number;    /* fencing: grows with every taking over */
	int64_t expires_ms;
};

enum { LOCK_LIFE_MS = 60 * 60 * 1000 };

/* Takes both. An expired remote lock is taken over by compare-and-swap on what was seen; so is one
 * that this state folder left behind: the local lock shows that its process is dead. `host` is for
 * the people who read the lock. ERR_REFUSED names the holder and the end when somebody else has
 * it. */
bool lock_take(struct arena *a, const struct review_port *review, const struct store_port *store,
	       const char *host, const char *account, int64_t now_ms, struct lock *out,
	       struct err *e);
/* Makes it last longer when half its life is over, by compare-and-swap on what we wrote: ERR_CONFLICT
 * when somebody took it over meanwhile, and then nothing more may be written. */
bool lock_keep(struct arena *a, const struct review_port *review, struct lock *lock, int64_t now_ms,
	       struct err *e);
/* Gives both back; an error says that the remote's part stays until it expires. */
bool lock_release(const struct review_port *review, const struct store_port *store,
		  struct lock *lock, struct err *e);

/* A lock on the remote as it was last fetched, for people. */
struct lock_seen {
	const char *account;
	const char *host;  /* NULL: its file cannot be read, `until` neither */
	const char *until; /* time as written */
	bool over;         /* it has expired: whoever comes next takes it */
	bool own;          /* of this state folder: a run of it holds it, or died with it */
};
bool locks_read(struct arena *a, const struct review_port *review, const struct store_port *store,
		int64_t now_ms, struct lock_seen **out, size_t *count, struct err *e);

#endif
