#include "form.h"

#include <string.h>

#include "pare/str.h"

static const char *decoded(struct arena *a, const char *text, size_t len)
{
	char *copy = arena_copy(a, text, len);
	for (char *c = copy; *c != '\0'; c++)
		if (*c == '+')
			*c = ' ';
	return str_percent_decode(a, copy);
}

static bool add(struct arena *a, struct form *form, const char *name, const char *value)
{
	if (name == NULL || value == NULL || form->count == FORM_MAX_PARAMS)
		return false;
	form->param = arena_grow(a, form->param, form->count, &form->cap, sizeof *form->param);
	form->param[form->count++] = (struct wire_param){name, value};
	return true;
}

bool form_read(struct arena *a, const char *text, size_t len, struct form *form)
{
	if (len > 0 && memchr(text, '\0', len) != NULL)
		return false;
	for (const char *at = text, *end = text + len; at < end;) {
		const char *stop = memchr(at, '&', (size_t)(end - at));
		if (stop == NULL)
			stop = end;
		const char *equals = memchr(at, '=', (size_t)(stop - at));
		const char *name = decoded(a, at, (size_t)((equals != NULL ? equals : stop) - at));
		const char *value =
			equals != NULL ? decoded(a, equals + 1, (size_t)(stop - equals - 1)) : "";
		if (stop > at && !add(a, form, name, value))
			return false;
		at = stop + 1;
	}
	return true;
}

const char *form_get(const struct form *form, const char *name)
{
	for (size_t i = 0; i < form->count; i++)
		if (strcmp(form->param[i].name, name) == 0)
			return form->param[i].value;
	return NULL;
}
