/* xml: AWS's query answers, read strictly: no DOCTYPE, no processing instructions beyond the
 * declaration, bounded depth, nodes and text. Names are local names; namespaces are ignored. */
#ifndef PARE_XML_H
#define PARE_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "pare/arena.h"
#include "pare/err.h"

struct xml {
	const char *name;
	const char *text; /* all character data directly inside; "" when none */
	const struct xml *first;
	const struct xml *next;
};

const struct xml *xml_parse(struct arena *a, const char *text, size_t len, struct err *e);
const struct xml *xml_child(const struct xml *node, const char *name); /* first, or NULL */
const char *xml_text(const struct xml *node, const char *name); /* child's text, or NULL */

#endif
