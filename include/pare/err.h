/* err: what went wrong, how to treat it, and the words for a person.
 *
 * Functions that can fail return bool or a pointer and take `struct err *e` as the last
 * parameter; e is never NULL and is written only on failure. Messages are lower case, without a
 * full stop, name the activity and the subject in single quotes, and chain from outside to inside:
 * "applying plan 'x': step 3: creating policy 'y': throttled". */
#ifndef PARE_ERR_H
#define PARE_ERR_H

#include <stdbool.h>
#include <stdarg.h>

enum err_kind {
	ERR_NONE,
	ERR_USAGE,       /* the command line or the configuration is wrong */
	ERR_INPUT,       /* a document, file or answer is not what it must be */
	ERR_LIMIT,       /* a quota or a ceiling; never retried */
	ERR_REFUSED,     /* a gate, an approval or a server's policy says no */
	ERR_STALE,       /* the world moved since the plan was made */
	ERR_AUTH,        /* credentials missing, wrong, expired or not allowed */
	ERR_NOT_FOUND,
	ERR_CONFLICT,    /* exists already, in use, lost a race */
	ERR_THROTTLED,   /* try again later; nothing happened */
	ERR_UNAVAILABLE, /* the other side is down or unreachable; nothing happened */
	ERR_UNCERTAIN,   /* it may have happened: read back before deciding */
	ERR_IO,          /* disk, permissions, pipes */
	ERR_INTERRUPTED, /* a signal asked to stop */
};

struct err {
	enum err_kind kind;
	char code[64];       /* AWS error code, or empty */
	char request_id[64]; /* AWS request id, or empty */
	char message[1024];  /* complete enough to print: as str_printable makes it */
};

/* Writes kind and message and clears code and request id. Returns false, so that reporting and
 * failing is one line: return err_set(e, ERR_INPUT, "…"). */
bool err_set(struct err *e, enum err_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "activity: " before the message and keeps the rest. Returns false. */
bool err_wrap(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The kind's word, for JSON and logs: "throttled". */
const char *err_kind_name(enum err_kind kind);

#endif
