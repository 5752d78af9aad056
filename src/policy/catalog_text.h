/* catalog_text: the catalogue's text form, checked and written; private to src/policy. */
#ifndef PARE_CATALOG_TEXT_H
#define PARE_CATALOG_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "pare/err.h"

/* Every line is what tools/catalog-pack says, in its order; the error names the line. */
bool catalog_text_check(const char *text, size_t len, const char *what, struct err *e);

#endif
