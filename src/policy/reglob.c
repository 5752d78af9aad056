#include "reglob.h"

#include <string.h>
#include <strings.h>

static bool upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Does a word of a name like "GetEC2Recommendation" end before len? */
static bool word_ends(const char *name, size_t len)
{
	if (len == 0 || name[len] == '\0')
		return true;
	return upper(name[len]) && !upper(name[len - 1]) && !digit(name[len - 1]);
}

static bool shares(const char *x, const char *y, size_t len)
{
	return strncasecmp(x, y, len) == 0;
}

/* The actions that start like action i in len characters stand together: [*from, *to). */
static void range_of(const struct catalog_service *s, size_t i, size_t len, size_t *from, size_t *to)
{
	*from = i;
	*to = i + 1;
	while (*from > 0 && shares(s->action[*from - 1].name, s->action[i].name, len))
		(*from)--;
	while (*to < s->action_count && shares(s->action[*to].name, s->action[i].name, len))
		(*to)++;
}

static bool all_granted(const struct reglob *r, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (!r->granted[i])
			return false;
	return true;
}

static bool meets_unused(const struct reglob *r, const char *name, size_t len)
{
	for (size_t i = 0; r->unused != NULL && i < r->unused->count; i++) {
		const struct unused_service *u = &r->unused->service[i];
		if (!str_equal_nocase(u->namespace, r->service->prefix))
			continue;
		if (u->whole)
			return true;
		for (size_t k = 0; k < u->actions.count; k++)
			if (shares(u->actions.item[k], name, len))
				return true;
	}
	return false;
}

/* The shortest wildcard for action i and its neighbours; NULL when there is none. */
static const char *shortest(const struct reglob *r, size_t i, size_t *to)
{
	const char *name = r->service->action[i].name;
	for (size_t len = 0; len <= strlen(name); len++) {
		size_t from;
		if (r->words && !word_ends(name, len))
			continue;
		range_of(r->service, i, len, &from, to);
		if (*to - from < 2)
			return NULL;
		if (!all_granted(r, from, *to) || meets_unused(r, name, len))
			continue;
		const char *pattern = str_printf(r->arena, "%s:%.*s*", r->service->prefix, (int)len, name);
		if (r->inside(r->user, pattern))
			return pattern;
	}
	return NULL;
}

static bool listed(const struct str_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (str_equal_nocase(list->item[i], text))
			return true;
	return false;
}

void reglob(const struct reglob *r, struct str_list *out)
{
	for (size_t i = 0; i < r->service->action_count;) {
		size_t to = i + 1;
		if (r->granted[i]) {
			const char *pattern = shortest(r, i, &to);
			if (pattern == NULL) {
				pattern = r->service->action[i].full;
				to = i + 1;
			}
			if (!listed(out, pattern))
				str_list_add(r->arena, out, pattern);
		}
		i = to;
	}
}
