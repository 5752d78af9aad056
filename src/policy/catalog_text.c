#include "catalog_text.h"

#include <string.h>

#include "pare/arena.h"
#include "pare/catalog.h"
#include "pare/str.h"

enum { NAME_MAX_BYTES = 256, TYPES_MAX = 4096 };

struct check {
	const char *at, *end;
	size_t line;
	size_t services, types;
	char prefix[NAME_MAX_BYTES]; /* of the service before */
	char action[NAME_MAX_BYTES]; /* the action before in this service */
	const char *wrong;
};

static bool wrong(struct check *c, const char *words)
{
	c->wrong = words;
	return false;
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '_' || c == '.';
}

/* The word at *at up to a space or the end; *at goes behind it and the space. */
static size_t take_word(const char **at, const char *end, const char **word)
{
	const char *space = *at < end ? memchr(*at, ' ', (size_t)(end - *at)) : NULL;
	const char *stop = space != NULL ? space : end;
	*word = *at;
	size_t len = (size_t)(stop - *at);
	*at = space != NULL ? space + 1 : end;
	return len;
}

static bool check_head(struct check *c, const char *word, const char *line, const char *end)
{
	size_t len = strlen(word);
	if ((size_t)(end - line) <= len || memcmp(line, word, len) != 0)
		return wrong(c, len == 5 ? "expected 'date YYYY-MM-DD'" : "expected 'source WORDS'");
	for (const char *x = line; x < end; x++)
		if ((unsigned char)*x < 0x20 || (unsigned char)*x >= 0x7f)
			return wrong(c, "expected printable ASCII");
	if (len != 5)
		return true;
	static const char form[] = "0000-00-00";
	bool ok = (size_t)(end - line) == len + 10;
	for (size_t i = 0; i < 10 && ok; i++) {
		char x = line[len + i];
		ok = form[i] == '-' ? x == '-' : x >= '0' && x <= '9';
	}
	return ok || wrong(c, "expected 'date YYYY-MM-DD'");
}

static bool check_service(struct check *c, const char *at, const char *end)
{
	size_t len = (size_t)(end - at);
	if (len == 0 || len >= NAME_MAX_BYTES)
		return wrong(c, "expected a service prefix");
	for (const char *x = at; x < end; x++)
		if (!is_name(*x) || (*x >= 'A' && *x <= 'Z'))
			return wrong(c, "expected a service prefix of small letters, digits and '-'");
	char prefix[NAME_MAX_BYTES];
	memcpy(prefix, at, len);
	prefix[len] = '\0';
	if (c->services++ > 0 && strcmp(c->prefix, prefix) >= 0)
		return wrong(c, "expected the services in order, each once");
	memcpy(c->prefix, prefix, len + 1);
	c->action[0] = '\0';
	c->types = 0;
	return true;
}

static bool check_type(struct check *c, const char *at, const char *end)
{
	const char *word;
	if (c->action[0] != '\0' || ++c->types > TYPES_MAX)
		return wrong(c, "expected the resource types before the actions, and not too many");
	for (const char *x = at; x < end; x++)
		if ((unsigned char)*x < 0x20 || (unsigned char)*x >= 0x7f)
			return wrong(c, "expected printable ASCII");
	do {
		if (take_word(&at, end, &word) == 0)
			return wrong(c, "expected 'r TYPE ARN…'");
	} while (at < end);
	return end[-1] != ' ' || wrong(c, "expected nothing behind the last ARN");
}

static bool check_marks(struct check *c, const char *at, const char *end)
{
	while (at < end) {
		size_t n = 0, digits = 0;
		for (; at < end && *at >= '0' && *at <= '9' && digits < 5; at++, digits++)
			n = n * 10 + (size_t)(*at - '0');
		if (at < end && *at == '+')
			at++;
		if (digits == 0 || n >= c->types || (at < end && *at != ','))
			return wrong(c, "expected numbers of the service's resource types");
		at += at < end;
		if (at == end && at[-1] == ',')
			return wrong(c, "expected a number behind ','");
	}
	return true;
}

static bool check_action(struct check *c, const char *at, const char *end)
{
	const char *level, *count, *rest;
	size_t level_len = take_word(&at, end, &level), count_len = take_word(&at, end, &count);
	size_t rest_len = take_word(&at, end, &rest), shared = 0;
	if (c->services == 0)
		return wrong(c, "expected a service before its actions");
	if (level_len != 1 || level[0] == '\0' || strchr("RWLTP", level[0]) == NULL)
		return wrong(c, "expected a level, one of R W L T P");
	for (size_t i = 0; i < count_len && count_len < 4; i++) {
		if (count[i] < '0' || count[i] > '9')
			return wrong(c, "expected how many characters are shared");
		shared = shared * 10 + (size_t)(count[i] - '0');
	}
	if (count_len == 0 || count_len >= 4 || shared > strlen(c->action))
		return wrong(c, "expected how many characters are shared");
	char name[2 * NAME_MAX_BYTES];
	if (rest_len == 1 && rest[0] == '-')
		rest_len = 0;
	if (shared + rest_len == 0 || shared + rest_len >= NAME_MAX_BYTES)
		return wrong(c, "expected an action's name");
	for (size_t i = 0; i < rest_len; i++)
		if (!is_name(rest[i]))
			return wrong(c, "expected an action's name of letters, digits and '-'");
	memcpy(name, c->action, shared);
	memcpy(name + shared, rest, rest_len);
	name[shared + rest_len] = '\0';
	if (str_compare_nocase(c->action, name) >= 0)
		return wrong(c, "expected the actions in order, each once");
	memcpy(c->action, name, shared + rest_len + 1);
	return at == end ? end[-1] != ' ' || wrong(c, "expected nothing behind the action")
			 : check_marks(c, at, end);
}

static bool check_line(struct check *c, const char *line, const char *end)
{
	if (c->line == 1)
		return check_head(c, "date ", line, end);
	if (c->line == 2)
		return check_head(c, "source ", line, end);
	if (end - line < 3 || line[1] != ' ')
		return wrong(c, "expected a service, a resource type or an action");
	if (line[0] == 's')
		return check_service(c, line + 2, end);
	if (line[0] == 'r' && c->services > 0)
		return check_type(c, line + 2, end);
	if (line[0] == 'a')
		return check_action(c, line + 2, end);
	return wrong(c, "expected a service, a resource type or an action");
}

bool catalog_text_check(const char *text, size_t len, const char *what, struct err *e)
{
	struct check c = {.at = text, .end = text + len};
	if (len > CATALOG_MAX_BYTES)
		return err_set(e, ERR_LIMIT, "reading catalogue '%s': larger than %d bytes", what,
			       CATALOG_MAX_BYTES);
	bool ok = true;
	while (ok && c.at < c.end) {
		const char *next = memchr(c.at, '\n', (size_t)(c.end - c.at));
		c.line++;
		ok = next != NULL ? check_line(&c, c.at, next) : wrong(&c, "the last line is cut off");
		c.at = next != NULL ? next + 1 : c.end;
	}
	if (ok && c.services == 0) {
		c.line++;
		ok = wrong(&c, c.line == 1 ? "expected 'date YYYY-MM-DD'" : "expected services");
	}
	return ok || err_set(e, ERR_INPUT, "reading catalogue '%s': line %zu: %s", what, c.line, c.wrong);
}

/* --- writing --- */

static void put_type(const struct catalog_type *t, struct buf *out)
{
	buf_puts(out, "r ");
	for (const char *c = t->name; *c != '\0'; c++)
		buf_putc(out, *c == ' ' ? '+' : *c);
	for (size_t i = 0; i < t->arn_count; i++)
		buf_printf(out, " %s", t->arn[i]);
	buf_putc(out, '\n');
}

/* The number of the type with this name, "*" behind it aside; type_count when there is none. */
static size_t type_number(const struct catalog_service *s, const char *name, bool *required)
{
	size_t len = strlen(name);
	*required = len > 0 && name[len - 1] == '*';
	len -= *required;
	size_t i = 0;
	while (i < s->type_count &&
	       (strlen(s->type[i].name) != len || memcmp(s->type[i].name, name, len) != 0))
		i++;
	return i;
}

static void put_action(const struct catalog_service *s, size_t index, struct buf *out)
{
	const struct catalog_action *x = &s->action[index];
	const char *before = index > 0 ? s->action[index - 1].name : "";
	size_t shared = 0, marks = 0;
	while (before[shared] != '\0' && before[shared] == x->name[shared])
		shared++;
	buf_printf(out, "a %c %zu %s", x->level, shared, x->name[shared] != '\0' ? x->name + shared : "-");
	for (size_t i = 0; i < x->resource_type_count; i++) {
		bool required;
		size_t n = type_number(s, x->resource_types[i], &required);
		if (n < s->type_count)
			buf_printf(out, "%c%zu%s", marks++ == 0 ? ' ' : ',', n, required ? "+" : "");
	}
	buf_putc(out, '\n');
}

void catalog_print(const char *date, const char *source,
		   const struct catalog_service *const *service, size_t count, struct buf *out)
{
	buf_printf(out, "date %s\nsource %s\n", date, source);
	for (size_t i = 0; i < count; i++) {
		buf_printf(out, "s %s\n", service[i]->prefix);
		for (size_t k = 0; k < service[i]->type_count; k++)
			put_type(&service[i]->type[k], out);
		for (size_t k = 0; k < service[i]->action_count; k++)
			put_action(service[i], k, out);
	}
}
