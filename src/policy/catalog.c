/* catalog: read lazily. Finding the services is one pass over the text; a service's actions are
 * unpacked when it is first asked for. The text form is described in tools/catalog-pack; only what
 * catalog_text_check has accepted is read, so that nothing here needs to doubt a line. */
#include "pare/catalog.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "catalog_table.h"
#include "catalog_text.h"
#include "pare/str.h"

struct entry {
	struct catalog_service service;
	const char *text; /* the lines behind "s PREFIX" */
	const char *end;
	bool unpacked;
};

struct catalog {
	struct arena *arena;
	const char *date, *source;
	struct entry *entry; /* sorted by prefix */
	size_t count;
	const char *text, *end; /* the lines of all services */
};

static size_t count_lines(const char *text, const char *end, char kind)
{
	size_t count = 0;
	for (const char *line = text; line < end;) {
		count += line[0] == kind;
		const char *next = memchr(line, '\n', (size_t)(end - line));
		line = next != NULL ? next + 1 : end;
	}
	return count;
}

static int compare_entries(const void *x, const void *y)
{
	const struct entry *p = x, *q = y;
	return strcmp(p->service.prefix, q->service.prefix);
}

/* The text behind a line's word, and the next line. */
static const char *head_line(struct arena *a, const char **line, const char *word)
{
	const char *end = strchr(*line, '\n');
	const char *from = *line + strlen(word);
	*line = end + 1;
	return arena_copy(a, from, (size_t)(end - from));
}

/* Of a text that catalog_text_check has accepted, or that the build made. */
static struct catalog *read_index(struct arena *a, const char *text, size_t len)
{
	struct catalog *c = arena_alloc(a, sizeof *c);
	const char *line = text;
	c->arena = a;
	c->end = text + len;
	c->date = head_line(a, &line, "date ");
	c->source = head_line(a, &line, "source ");
	c->text = line;
	c->entry = arena_array(a, count_lines(line, c->end, 's'), sizeof *c->entry);
	while (line < c->end) {
		const char *next = memchr(line, '\n', (size_t)(c->end - line));
		if (line[0] == 's') {
			struct entry *open = &c->entry[c->count++];
			open->service.prefix = arena_copy(a, line + 2, (size_t)(next - line) - 2);
			open->text = next + 1;
		}
		c->entry[c->count - 1].end = next + 1;
		line = next + 1;
	}
	if (c->count > 1)
		qsort(c->entry, c->count, sizeof *c->entry, compare_entries);
	return c;
}

const struct catalog *catalog_parse(struct arena *a, const char *text, size_t len, const char *what,
				    struct err *e)
{
	if (!catalog_text_check(text, len, what, e))
		return NULL;
	return read_index(a, text, len);
}

const struct catalog *catalog_embedded(struct arena *a)
{
	return read_index(a, catalog_table, catalog_table_len);
}

/* --- unpacking one service --- */

struct unpack {
	struct arena *arena;
	struct catalog_service *service;
	struct catalog_action *action;
	struct catalog_type *type;
	const char **arn; /* of all types, one behind the other */
	const char *before;
};

static void take_type(struct unpack *u, char *line)
{
	char *save = NULL;
	struct catalog_type *t = &u->type[u->service->type_count++];
	char *name = strtok_r(line, " ", &save);
	for (char *c = name; *c != '\0'; c++)
		if (*c == '+')
			*c = ' ';
	t->name = name;
	t->arn = u->arn + u->service->arn_format_count;
	for (char *w; (w = strtok_r(NULL, " ", &save)) != NULL; t->arn_count++)
		u->arn[u->service->arn_format_count++] = w;
}

static void take_types(struct unpack *u, struct catalog_action *x, char *marks)
{
	const char **names = arena_array(u->arena, strlen(marks) / 2 + 1, sizeof *names);
	char *save = NULL;
	for (char *m = strtok_r(marks, ",", &save); m != NULL; m = strtok_r(NULL, ",", &save)) {
		char *end = NULL;
		unsigned long n = strtoul(m, &end, 10);
		if (n >= u->service->type_count)
			continue;
		names[x->resource_type_count++] =
			*end == '+' ? str_printf(u->arena, "%s*", u->type[n].name) : u->type[n].name;
	}
	x->resource_types = names;
}

static void take_action(struct unpack *u, char *line)
{
	char *save = NULL;
	const char *level = strtok_r(line, " ", &save);
	size_t shared = strtoul(strtok_r(NULL, " ", &save), NULL, 10);
	const char *rest = strtok_r(NULL, " ", &save);
	char *marks = strtok_r(NULL, " ", &save);
	struct catalog_action *x = &u->action[u->service->action_count++];
	x->level = level[0];
	x->full = str_printf(u->arena, "%s:%.*s%s", u->service->prefix, (int)shared, u->before,
			     strcmp(rest, "-") == 0 ? "" : rest);
	x->name = strchr(x->full, ':') + 1;
	u->before = x->name;
	if (marks != NULL)
		take_types(u, x, marks);
}

static void unpack(struct catalog *c, struct entry *entry)
{
	size_t words = 0;
	for (const char *p = entry->text; p < entry->end; p++)
		words += *p == '\n' || *p == ' ';
	struct unpack u = {.arena = c->arena, .service = &entry->service, .before = ""};
	u.action = arena_array(c->arena, count_lines(entry->text, entry->end, 'a'), sizeof *u.action);
	u.type = arena_array(c->arena, count_lines(entry->text, entry->end, 'r'), sizeof *u.type);
	u.arn = arena_array(c->arena, words, sizeof *u.arn);
	for (const char *line = entry->text; line < entry->end;) {
		const char *next = memchr(line, '\n', (size_t)(entry->end - line));
		char *copy = arena_copy(c->arena, line, (size_t)(next - line));
		if (copy[0] == 'r')
			take_type(&u, copy + 2);
		else
			take_action(&u, copy + 2);
		line = next + 1;
	}
	entry->service.action = u.action;
	entry->service.type = u.type;
	entry->service.arn_formats = u.arn;
	entry->unpacked = true;
}

size_t catalog_action_count(const struct catalog *c)
{
	return count_lines(c->text, c->end, 'a');
}

const char *catalog_source(const struct catalog *c)
{
	return c->source;
}

const char *catalog_date(const struct catalog *c)
{
	return c->date;
}

size_t catalog_service_count(const struct catalog *c)
{
	return c->count;
}

const char *catalog_prefix_at(const struct catalog *c, size_t index)
{
	return c->entry[index].service.prefix;
}

const struct catalog_service *catalog_service_at(const struct catalog *c, size_t index)
{
	struct entry *x = &c->entry[index];
	if (!x->unpacked)
		unpack((struct catalog *)(uintptr_t)c, x);
	return &x->service;
}

static const struct catalog_service *find(const struct catalog *c, const char *prefix, size_t len)
{
	size_t low = 0, high = c->count;
	while (low < high) {
		size_t mid = (low + high) / 2;
		const char *p = c->entry[mid].service.prefix;
		int order = strncasecmp(p, prefix, len);
		if (order == 0 && p[len] != '\0')
			order = 1;
		if (order == 0)
			return catalog_service_at(c, mid);
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

const struct catalog_service *catalog_service(const struct catalog *c, const char *prefix)
{
	return find(c, prefix, strlen(prefix));
}

const struct catalog_action *catalog_action(const struct catalog *c, const char *action)
{
	const char *colon = strchr(action, ':');
	if (colon == NULL)
		return NULL;
	const struct catalog_service *s = find(c, action, (size_t)(colon - action));
	size_t low = 0, high = s != NULL ? s->action_count : 0;
	while (low < high) {
		size_t mid = (low + high) / 2;
		int order = str_compare_nocase(s->action[mid].name, colon + 1);
		if (order == 0)
			return &s->action[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}
