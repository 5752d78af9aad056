#include "pattern.h"

#include <string.h>

#include "pare/str.h"

unsigned char fold_ascii(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c - 'A' + 'a') : c;
}

enum { BEYOND = 1 };

char *pattern_latin1(struct arena *a, const char *utf8, bool *beyond)
{
	char *out = arena_alloc(a, strlen(utf8) + 1);
	size_t n = 0;
	if (beyond != NULL)
		*beyond = false;
	for (const unsigned char *c = (const unsigned char *)utf8; *c != '\0'; c++) {
		if (*c < 0x80) {
			out[n++] = (char)*c;
		} else if ((*c == 0xc2 || *c == 0xc3) && (c[1] & 0xc0) == 0x80) {
			out[n++] = (char)((*c & 3) << 6 | (c[1] & 0x3f));
			c++;
		} else {
			while ((c[1] & 0xc0) == 0x80)
				c++;
			out[n++] = BEYOND;
			if (beyond != NULL)
				*beyond = true;
		}
	}
	out[n] = '\0';
	return out;
}

char *pattern_utf8(struct arena *a, const char *latin1)
{
	char *out = arena_alloc(a, 2 * strlen(latin1) + 1);
	size_t n = 0;
	for (const unsigned char *c = (const unsigned char *)latin1; *c != '\0'; c++) {
		if (*c < 0x80) {
			out[n++] = (char)*c;
			continue;
		}
		out[n++] = (char)(0xc0 | *c >> 6);
		out[n++] = (char)(0x80 | (*c & 0x3f));
	}
	out[n] = '\0';
	return out;
}

/* --- variables --- */

struct variable {
	const char *key;      /* NULL: cannot be read */
	const char *fallback; /* or NULL */
	char literal;         /* ${*}, ${?}, ${$} */
	const char *end;      /* behind the '}' */
};

static bool key_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr(":/_.+=@-", c) != NULL);
}

/* at stands on "${". The form with a default: ${key, 'text'}. */
static struct variable read_variable(struct arena *a, const char *at)
{
	struct variable v = {.end = strchr(at, '}')};
	const char *from = at + 2, *c = from;
	if (v.end == NULL)
		return (struct variable){.end = at + strlen(at)};
	v.end++;
	if (v.end - from == 2 && strchr("*?$", from[0]) != NULL) {
		v.literal = from[0];
		return v;
	}
	while (key_character(*c))
		c++;
	if (c == from)
		return v;
	if (*c == '}') {
		v.key = str_lower(a, arena_copy(a, from, (size_t)(c - from)));
		return v;
	}
	const char *key = str_lower(a, arena_copy(a, from, (size_t)(c - from)));
	if (strncmp(c, ", '", 3) != 0)
		return v;
	const char *text = c + 3, *quote = strchr(text, '\'');
	if (quote == NULL || quote[1] != '}' || memchr(text, '}', (size_t)(quote - text)) != NULL)
		return v;
	v.key = key;
	v.fallback = arena_copy(a, text, (size_t)(quote - text));
	return v;
}

static bool starts_variable(const char *c)
{
	return c[0] == '$' && c[1] == '{';
}

void pattern_variables(struct arena *a, const char *text, struct str_list *keys)
{
	for (const char *c = strstr(text, "${"); c != NULL && *c != '\0'; c = strstr(c, "${")) {
		struct variable v = read_variable(a, c);
		if (v.key != NULL && !str_list_has(keys, v.key))
			str_list_add(a, keys, v.key);
		c = v.end;
	}
}

char *pattern_canonical(struct arena *a, const char *text)
{
	char *out = arena_strdup(a, text);
	for (char *c = strstr(out, "${"); c != NULL; c = strstr(c, "${"))
		for (c += 2; key_character(*c); c++)
			*c = (char)fold_ascii((unsigned char)*c);
	return out;
}

/* --- reading --- */

struct reading {
	struct arena *arena;
	const struct pattern_rules *rules;
	struct pattern *p;
	size_t part;  /* the colon-separated part we are in */
	size_t parts; /* how many the pattern has, at most six */
};

static void add(struct reading *r, enum symbol_kind kind, char c)
{
	struct pattern *p = r->p;
	bool run = kind == SYMBOL_RUN || kind == SYMBOL_RUN_INSIDE;
	struct symbol *last = p->count > 0 ? &p->symbol[p->count - 1] : NULL;
	if (run && last != NULL && (last->kind == SYMBOL_RUN || last->kind == SYMBOL_RUN_INSIDE)) {
		if (kind == SYMBOL_RUN)
			last->kind = SYMBOL_RUN;
		return;
	}
	unsigned char byte = (unsigned char)c;
	p->symbol[p->count++] = (struct symbol){(unsigned char)kind, p->fold ? fold_ascii(byte) : byte};
}

/* May a wildcard at c go past a colon? Only resources and ARN conditions know parts, and the
 * readings differ in the first five of them (docs/proof.md). */
static bool stays_inside(const struct reading *r, const char *c)
{
	const struct pattern_rules *rules = r->rules;
	bool first_five = r->part < 5;
	if (rules->kind == PATTERN_ARN)
		return first_five;
	if (rules->kind != PATTERN_RESOURCE || !first_five)
		return false;
	switch (rules->reading) {
	case ARN_FLAT:
		return false;
	case ARN_HYBRID:
		return *c == '?' || (c[1] != ':' && c[1] != '\0');
	case ARN_SEGMENTED:
	case ARN_PADDED:
	case ARN_READING_COUNT:
		break;
	}
	return r->part + 1 < r->parts; /* the last part takes what is left, also of a short ARN */
}

static void add_value(struct reading *r, const char *value)
{
	bool parted = (r->rules->kind == PATTERN_RESOURCE || r->rules->kind == PATTERN_ARN) && r->part < 5;
	if (parted && strchr(value, ':') != NULL)
		r->p->unread = "a variable's value with ':' in the first five parts of an ARN";
	for (; *value != '\0'; value++)
		add(r, SYMBOL_CHAR, *value);
}

static const char *add_variable(struct reading *r, const char *at)
{
	struct variable v = read_variable(r->arena, at);
	const char *value = NULL;
	if (v.literal != '\0') {
		add(r, SYMBOL_CHAR, v.literal);
		return v.end;
	}
	if (v.key == NULL) {
		r->p->unread = "a policy variable of an unusual form";
		return v.end;
	}
	switch (r->rules->lookup.find(r->rules->lookup.context, v.key, &value)) {
	case LOOKUP_VALUE:
		break;
	case LOOKUP_ABSENT:
		value = v.fallback;
		r->p->never = r->p->never || value == NULL;
		break;
	case LOOKUP_OPEN:
		r->p->open = true;
		add(r, SYMBOL_RUN, 0);
		return v.end;
	case LOOKUP_UNCLEAR:
		r->p->unread = "a policy variable whose key has a list or an unusual value";
		return v.end;
	}
	if (value != NULL)
		add_value(r, value);
	return v.end;
}

size_t pattern_parts(const char *text, bool variables)
{
	size_t parts = 1;
	for (const char *c = text; *c != '\0'; c++) {
		const char *end = variables && starts_variable(c) ? strchr(c, '}') : NULL;
		if (end != NULL)
			c = end;
		else
			parts += *c == ':';
	}
	return parts < 6 ? parts : 6;
}

static void add_character(struct reading *r, const char *c)
{
	bool wild = r->rules->kind != PATTERN_EXACT;
	if (wild && *c == '*') {
		add(r, stays_inside(r, c) ? SYMBOL_RUN_INSIDE : SYMBOL_RUN, 0);
	} else if (wild && *c == '?') {
		add(r, stays_inside(r, c) ? SYMBOL_ONE_INSIDE : SYMBOL_ONE, 0);
	} else {
		r->part += *c == ':';
		add(r, SYMBOL_CHAR, *c);
	}
}

/* IAM's simulator fills a short ARN up with ":*"; the whole "*" is not an ARN. */
static const char *padded(struct arena *a, const char *text, size_t parts)
{
	if (strcmp(text, "*") == 0)
		return text;
	for (; parts < 6; parts++)
		text = str_printf(a, "%s:*", text);
	return text;
}

/* Room for every symbol: the text, and each variable's longest value. */
static size_t room(struct arena *a, const char *text, const struct pattern_rules *rules)
{
	size_t n = strlen(text) + 1;
	for (const char *c = strstr(text, "${"); rules->variables && c != NULL; c = strstr(c, "${")) {
		struct variable v = read_variable(a, c);
		const char *value = NULL;
		if (v.key != NULL &&
		    rules->lookup.find(rules->lookup.context, v.key, &value) == LOOKUP_VALUE)
			n += strlen(value);
		c = v.end;
	}
	return n;
}

struct pattern pattern_read(struct arena *a, const char *utf8, const struct pattern_rules *rules)
{
	bool beyond;
	const char *text = pattern_latin1(a, utf8, &beyond);
	bool variables = rules->variables && rules->kind != PATTERN_ACTION;
	struct pattern p = {.fold = rules->fold || rules->kind == PATTERN_ACTION};
	struct reading r = {a, rules, &p, 0, pattern_parts(text, variables)};
	if (beyond)
		p.unread = "characters beyond U+00FF";
	if (rules->kind == PATTERN_ARN && r.parts < 6)
		p.unread = "an ARN with fewer than six parts";
	if (rules->kind == PATTERN_RESOURCE && rules->reading == ARN_PADDED && r.parts < 6) {
		text = padded(a, text, r.parts);
		r.parts = pattern_parts(text, variables);
	}
	p.symbol = arena_array(a, room(a, text, rules), sizeof *p.symbol);
	for (const char *c = text; *c != '\0';) {
		if (variables && starts_variable(c))
			c = add_variable(&r, c);
		else
			add_character(&r, c++);
	}
	return p;
}

/* --- matching --- */

bool symbol_takes(struct symbol s, bool fold, unsigned char c)
{
	switch (s.kind) {
	case SYMBOL_CHAR:
		return s.c == (fold ? fold_ascii(c) : c);
	case SYMBOL_ONE_INSIDE:
	case SYMBOL_RUN_INSIDE:
		return c != ':';
	default:
		return true;
	}
}

static bool is_run(struct symbol s)
{
	return s.kind == SYMBOL_RUN || s.kind == SYMBOL_RUN_INSIDE;
}

/* Every position the pattern can be in after each character: no guessing, no backtracking. */
static bool simulate(struct arena *scratch, const struct pattern *p, const char *text)
{
	unsigned char *now = arena_alloc(scratch, p->count + 2);
	unsigned char *then = arena_alloc(scratch, p->count + 2);
	now[0] = 1;
	for (;; text++) {
		for (size_t i = 0; i < p->count; i++)
			if (now[i] && is_run(p->symbol[i]))
				now[i + 1] = 1;
		if (*text == '\0')
			return now[p->count] != 0;
		memset(then, 0, p->count + 1);
		bool alive = false;
		for (size_t i = 0; i < p->count; i++)
			if (now[i] && symbol_takes(p->symbol[i], p->fold, (unsigned char)*text)) {
				then[is_run(p->symbol[i]) ? i : i + 1] = 1;
				alive = true;
			}
		if (!alive)
			return false;
		unsigned char *swap = now;
		now = then;
		then = swap;
	}
}

enum answer pattern_matches(struct arena *scratch, const struct pattern *p, const char *latin1)
{
	if (p->unread != NULL)
		return ANSWER_UNKNOWN;
	if (p->never || !simulate(scratch, p, latin1))
		return ANSWER_NO;
	return p->open ? ANSWER_UNKNOWN : ANSWER_YES;
}
