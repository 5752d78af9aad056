/* markdown: text from elsewhere made harmless; private to src/flow.
 *
 * Forges look for @names, #numbers, links and commands in what Markdown has become, so escaping is
 * not enough: an entity is a plain '@' again by then. Only a code span is left alone by all. */
#ifndef PARE_MARKDOWN_H
#define PARE_MARKDOWN_H

#include "pare/propose.h"

/* A code span that the text cannot end; control, bidirectional and invisible characters are '?'. */
char *markdown_code(struct arena *a, const char *text);
/* The same inside a table, where '|' would end the cell. */
char *markdown_cell(struct arena *a, const char *text);

#endif
