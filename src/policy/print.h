/* print: one statement's canonical text; private to src/policy. */
#ifndef PARE_PRINT_H
#define PARE_PRINT_H

#include "pare/document.h"

/* Canonical and compact: what policy_digest is made of. Two statements with the same text say the
 * same. */
char *policy_statement_text(struct arena *a, const struct statement *s);

#endif
