/* form: name=value pairs of a query string or a form body; private to src/sandbox. */
#ifndef PARE_SANDBOX_FORM_H
#define PARE_SANDBOX_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "wire.h"

enum { FORM_MAX_PARAMS = 4096 };

struct form {
	struct wire_param *param;
	size_t count, cap;
};

/* Adds the pairs of text[0..len) behind those already there; in both '+' is a space. false when it
 * has a NUL, a '%' without two hex digits behind it, or too many pairs. */
bool form_read(struct arena *a, const char *text, size_t len, struct form *form);
/* The first value of that name, or NULL. */
const char *form_get(const struct form *form, const char *name);

#endif
