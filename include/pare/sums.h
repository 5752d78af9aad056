/* sums: a list of plan digests, as `sha256sum accounts/…/plan.json` prints it at the root of the
 * review repository: what is signed. */
#ifndef PARE_SUMS_H
#define PARE_SUMS_H

#include "pare/buf.h"
#include "pare/err.h"

enum { SUMS_MAX_BYTES = 256 * 1024, SUMS_MAX_LINES = 1000 };

struct sums {
	struct sum {
		const char *digest; /* 64 hex digits */
		const char *path;   /* accounts/<account>/plans/<id>/plan.json */
	} *line;
	size_t count;
};

/* Every line is one: digest, two spaces (or " *"), path. A path stands once; the last line ends
 * like the others; nothing else is taken. */
bool sums_parse(struct arena *a, const char *text, size_t len, struct sums *out, struct err *e);
void sums_print(const struct sums *s, struct buf *out);
/* The digest that it gives a path, or NULL. */
const char *sums_find(const struct sums *s, const char *path);

#endif
