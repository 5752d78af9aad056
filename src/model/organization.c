#include "pare/organization.h"

#include <string.h>

static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";

/* So many of a-z0-9 up to `end`, and what follows that; NULL: not so. */
static const char *run(const char *text, size_t least, size_t most, char end)
{
	size_t len = strspn(text, letters);
	return len >= least && len <= most && text[len] == end ? text + len + 1 : NULL;
}

bool unit_id_valid(const char *text)
{
	if (text != NULL && str_starts(text, "r-"))
		return run(text + 2, 4, 32, '\0') != NULL;
	if (text == NULL || !str_starts(text, "ou-"))
		return false;
	const char *second = run(text + 3, 4, 32, '-');
	return second != NULL && run(second, 8, 32, '\0') != NULL;
}

bool account_tag_valid(const char *pair)
{
	enum { KEY_MAX = 4 * 128, VALUE_MAX = 4 * 256 }; /* characters of up to 4 bytes */
	const char *equals = pair != NULL ? strchr(pair, '=') : NULL;
	return equals != NULL && equals != pair && (size_t)(equals - pair) <= KEY_MAX &&
	       strlen(equals + 1) <= VALUE_MAX;
}

bool account_tag_is(const char *pair, const struct tag *tag)
{
	size_t len = strcspn(pair, "=");
	return strlen(tag->key) == len && strncmp(tag->key, pair, len) == 0 && pair[len] == '=' &&
	       strcmp(tag->value, pair + len + 1) == 0;
}
