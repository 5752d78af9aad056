#include "pare/allowed_signers.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "pare/buf.h"
#include "pare/when.h"

struct parser {
	struct arena *arena;
	const char *file, *namespace;
	size_t line;
	struct err *e;
};

static bool wrong(struct parser *p, const char *what)
{
	return err_set(p->e, ERR_INPUT, "'%s' line %zu: %s", p->file, p->line, what);
}

/* --- words: white space ends one, except within double quotes --- */

static size_t word_length(const char *s)
{
	size_t i = 0;
	bool quoted = false;
	for (; s[i] != '\0' && (quoted || (s[i] != ' ' && s[i] != '\t')); i++) {
		if (quoted && s[i] == '\\' && s[i + 1] == '"')
			i++;
		else if (s[i] == '"')
			quoted = !quoted;
	}
	return quoted ? 0 : i;
}

static const char *next_word(struct parser *p, const char **at)
{
	const char *s = *at + strspn(*at, " \t");
	size_t len = word_length(s);
	*at = s + len;
	return len > 0 ? arena_copy(p->arena, s, len) : NULL;
}

/* --- times --- */

static bool digits(const char *s, size_t count, int *out)
{
	*out = 0;
	for (size_t i = 0; i < count; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		*out = *out * 10 + (s[i] - '0');
	}
	return true;
}

static int month_days(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return days[month - 1] + (month == 2 && leap);
}

/* YYYYMMDD[HHMM[SS]][Z]; without the Z it is in the local time zone, as for ssh-keygen. */
static bool read_time(const char *text, int64_t *ms)
{
	int year, month, day, hour = 0, minute = 0, second = 0;
	size_t len = strspn(text, "0123456789");
	bool utc = strcmp(text + len, "Z") == 0;
	if ((len != 8 && len != 12 && len != 14) || (!utc && text[len] != '\0') || !digits(text, 4, &year) ||
	    !digits(text + 4, 2, &month) || !digits(text + 6, 2, &day) ||
	    (len >= 12 && (!digits(text + 8, 2, &hour) || !digits(text + 10, 2, &minute))) ||
	    (len == 14 && !digits(text + 12, 2, &second)))
		return false;
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > month_days(year, month) || hour > 23 ||
	    minute > 59 || second > 59)
		return false;
	struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour,
			.tm_min = minute, .tm_sec = second, .tm_isdst = -1};
	time_t at = utc ? timegm(&tm) : mktime(&tm);
	*ms = (int64_t)at * 1000;
	return at != (time_t)-1;
}

/* --- options --- */

/* OpenSSH's pattern lists: '!' before a pattern forbids what it matches. */
static bool list_matches(struct arena *a, const char *list, const char *text)
{
	bool found = false;
	for (size_t i = 0;; i++) {
		const char *pattern = str_part(a, list, ',', i, false);
		if (pattern == NULL)
			return found;
		if (pattern[0] == '!' && str_glob(pattern + 1, text))
			return false;
		found = found || str_glob(pattern, text);
	}
}

static bool read_option(struct parser *p, const char *name, const char *value, struct signer *out)
{
	if (value == NULL) {
		if (!str_equal_nocase(name, "cert-authority"))
			return wrong(p, str_printf(p->arena, "unknown option '%.64s'", name));
		out->refused = "the line is a certificate authority's: it stands for whoever holds a certificate, and "
			       "people are counted by their own keys";
		return true;
	}
	if (str_equal_nocase(name, "namespaces")) {
		if (!list_matches(p->arena, value, p->namespace))
			out->refused = str_printf(p->arena, "the line is for the namespaces '%.100s' only", value);
		return true;
	}
	if (str_equal_nocase(name, "valid-after"))
		return read_time(value, &out->after_ms) ||
		       wrong(p, "valid-after: expected YYYYMMDD[HHMM[SS]][Z]");
	if (str_equal_nocase(name, "valid-before"))
		return read_time(value, &out->before_ms) ||
		       wrong(p, "valid-before: expected YYYYMMDD[HHMM[SS]][Z]");
	return wrong(p, str_printf(p->arena, "unknown option '%.64s'", name));
}

/* One option at *at, and *at moved behind it: name or name="value", where \" is a quote. */
static bool next_option(struct parser *p, const char **at, const char **name, const char **value)
{
	size_t len = strcspn(*at, "=,\"");
	*name = arena_copy(p->arena, *at, len);
	*value = NULL;
	*at += len;
	if (len == 0)
		return wrong(p, "expected options such as valid-before=\"20271231Z\", separated by commas");
	if (**at == '=') {
		if ((*at)[1] != '"')
			return wrong(p, str_printf(p->arena, "option '%.64s': expected its value in double quotes", *name));
		struct buf *b = buf_new(p->arena, 4096);
		for (*at += 2; **at != '"'; (*at)++) {
			if (**at == '\\' && (*at)[1] == '"')
				(*at)++;
			if (**at == '\0')
				return wrong(p, "a double quote is missing");
			buf_putc(b, **at);
		}
		++*at;
		buf_puts(b, "");
		if (!buf_ok(b))
			return wrong(p, "an option is too long");
		*value = b->data != NULL ? b->data : "";
	}
	return **at == '\0' || **at == ',' || wrong(p, "expected a comma between options");
}

static bool read_options(struct parser *p, const char *text, struct signer *out)
{
	struct str_list seen = {0};
	for (;;) {
		const char *name, *value;
		if (!next_option(p, &text, &name, &value))
			return false;
		if (str_list_has(&seen, str_lower(p->arena, name)))
			return wrong(p, str_printf(p->arena, "option '%.64s' stands twice", name));
		str_list_add(p->arena, &seen, str_lower(p->arena, name));
		if (!read_option(p, name, value, out))
			return false;
		if (*text == '\0')
			return true;
		text++;
	}
}

/* --- lines --- */

static bool read_names(struct parser *p, const char *word, struct signer *out)
{
	size_t len = strlen(word);
	if (word[0] == '"') {
		word = len >= 2 && word[len - 1] == '"' ? arena_copy(p->arena, word + 1, len - 2) : "\"";
	}
	if (strchr(word, '"') != NULL)
		return wrong(p, "expected principals, whole in double quotes or without any");
	for (size_t i = 0;; i++) {
		const char *name = str_part(p->arena, word, ',', i, false);
		if (name == NULL)
			break;
		if (name[0] == '\0')
			return wrong(p, "expected principals separated by single commas");
		if (strpbrk(name, "*?!") != NULL && out->refused == NULL)
			out->refused = str_printf(p->arena, "'%.100s' is a pattern: it stands for many people", name);
		str_list_add(p->arena, &out->names, name);
	}
	return true;
}

/* What begins like a type of key is one; everything else there is options. */
static bool is_key_type(const char *word)
{
	static const char *const heads[] = {"ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-", "webauthn-", "rsa-"};
	if (strchr(word, '=') != NULL)
		return false;
	for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
		if (str_starts(word, heads[i]))
			return true;
	return false;
}

static bool read_key(struct parser *p, const char *text, struct signer *out)
{
	struct err e;
	if (ssh_key_line(p->arena, text, &out->key, NULL, &e))
		return true;
	if (e.kind != ERR_REFUSED)
		return wrong(p, arena_strdup(p->arena, e.message));
	if (out->refused == NULL)
		out->refused = arena_strdup(p->arena, e.message);
	return true;
}

static bool read_signer(struct parser *p, const char *line, struct signer *out)
{
	const char *at = line;
	*out = (struct signer){.line = p->line, .after_ms = INT64_MIN, .before_ms = INT64_MAX};
	const char *names = next_word(p, &at);
	if (names == NULL)
		return wrong(p, "a double quote is missing");
	if (!read_names(p, names, out))
		return false;
	const char *rest = at + strspn(at, " \t");
	const char *word = next_word(p, &at);
	if (word == NULL)
		return wrong(p, "expected: principals [options] key-type base64-key");
	if (is_key_type(word))
		return read_key(p, rest, out);
	return read_options(p, word, out) && read_key(p, at + strspn(at, " \t"), out);
}

/* Each line of text that is none of blank and comment; false ends the walk. */
static bool each_line(struct parser *p, const char *text, size_t len,
		      bool (*take)(struct parser *p, const char *line, void *self), void *self)
{
	for (const char *at = text, *end = text + len; at < end;) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((stop != NULL ? stop : end) - at);
		char *line = arena_copy(p->arena, at, n);
		p->line++;
		if (strlen(line) != n)
			return wrong(p, "it holds a zero byte");
		if (n > 0 && line[n - 1] == '\r')
			line[n - 1] = '\0';
		line += strspn(line, " \t");
		if (*line != '\0' && *line != '#' && !take(p, line, self))
			return false;
		at += n + 1;
	}
	return true;
}

static bool too_large(const char *file, size_t len, struct err *e)
{
	return len > SIGNERS_MAX_BYTES &&
	       !err_set(e, ERR_LIMIT, "'%s' is larger than %d bytes", file, SIGNERS_MAX_BYTES);
}

/* --- people --- */

static bool share_a_name(const struct signer *x, const struct signer *y)
{
	for (size_t i = 0; i < x->names.count; i++)
		for (size_t k = 0; k < y->names.count; k++)
			if (str_equal_nocase(x->names.item[i], y->names.item[k]))
				return true;
	return false;
}

static void join(struct signers *s, size_t from, size_t to)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->item[i].person == from)
			s->item[i].person = to;
}

/* A pattern stands for nobody, so it makes nobody the same. */
static void find_people(struct signers *s)
{
	for (size_t i = 0; i < s->count; i++)
		s->item[i].person = i;
	for (size_t i = 0; i < s->count; i++)
		for (size_t k = 0; k < i; k++) {
			const struct signer *x = &s->item[i], *y = &s->item[k];
			if (x->person != y->person && (share_a_name(x, y) || ssh_key_same(&x->key, &y->key)))
				join(s, x->person, y->person);
		}
}

static bool take_signer(struct parser *p, const char *line, void *self)
{
	struct signers *s = self;
	if (s->count == SIGNERS_MAX_LINES)
		return wrong(p, "too many lines");
	return read_signer(p, line, &s->item[s->count++]);
}

static size_t lines_in(const char *text, size_t len)
{
	size_t lines = 1;
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	return lines;
}

bool signers_parse(struct arena *a, const char *text, size_t len, const char *file,
		   const char *namespace, struct signers *out, struct err *e)
{
	struct parser p = {a, file, namespace, 0, e};
	*out = (struct signers){.file = file};
	if (too_large(file, len, e))
		return false;
	out->item = arena_array(a, lines_in(text, len), sizeof *out->item);
	if (!each_line(&p, text, len, take_signer, out))
		return false;
	find_people(out);
	return true;
}

static bool take_revoked(struct parser *p, const char *line, void *self)
{
	struct revoked_keys *r = self;
	struct err e;
	struct ssh_key *key = &r->key[r->count];
	/* A key that could not sign anyway need not be known to be revoked. */
	if (!ssh_key_line(p->arena, line, key, NULL, &e))
		return e.kind == ERR_REFUSED || wrong(p, arena_strdup(p->arena, e.message));
	r->count++;
	return true;
}

bool revoked_parse(struct arena *a, const char *text, size_t len, const char *file,
		   struct revoked_keys *out, struct err *e)
{
	struct parser p = {a, file, "", 0, e};
	*out = (struct revoked_keys){0};
	if (len >= 6 && memcmp(text, "SSHKRL", 6) == 0)
		return err_set(e, ERR_INPUT,
			       "'%s' is a binary key revocation list (KRL), which is not read here: list the revoked "
			       "public keys, one a line",
			       file);
	if (too_large(file, len, e))
		return false;
	out->key = arena_array(a, lines_in(text, len), sizeof *out->key);
	return each_line(&p, text, len, take_revoked, out);
}

/* --- asking --- */

static const char *obstacle(struct arena *a, const struct signer *x, int64_t now_ms)
{
	char at[WHEN_TEXT];
	if (x->refused != NULL)
		return x->refused;
	if (now_ms < x->after_ms) {
		when_iso(x->after_ms, at);
		return str_printf(a, "the key of %s is valid from %s on", x->names.item[0], at);
	}
	if (now_ms >= x->before_ms) {
		when_iso(x->before_ms, at);
		return str_printf(a, "the key of %s was valid until %s", x->names.item[0], at);
	}
	return NULL;
}

const struct signer *signers_find(struct arena *a, const struct signers *s,
				  const struct revoked_keys *revoked, const struct ssh_key *key,
				  int64_t now_ms, const char **why)
{
	*why = str_printf(a, "key %s is not in '%s'", key->fingerprint, s->file);
	for (size_t i = 0; revoked != NULL && i < revoked->count; i++)
		if (ssh_key_same(&revoked->key[i], key)) {
			*why = str_printf(a, "key %s is revoked", key->fingerprint);
			return NULL;
		}
	for (size_t i = 0; i < s->count; i++) {
		if (!ssh_key_same(&s->item[i].key, key))
			continue;
		const char *wrong_now = obstacle(a, &s->item[i], now_ms);
		if (wrong_now == NULL)
			return &s->item[i];
		*why = wrong_now;
	}
	return NULL;
}

bool signers_is(const struct signers *s, size_t person, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		for (size_t k = 0; s->item[i].person == person && k < s->item[i].names.count; k++)
			if (str_equal_nocase(s->item[i].names.item[k], name))
				return true;
	return false;
}

bool signers_same(const struct signers *s, const char *x, const char *y)
{
	if (str_equal_nocase(x, y))
		return true;
	for (size_t i = 0; i < s->count; i++)
		if (signers_is(s, s->item[i].person, x) && signers_is(s, s->item[i].person, y))
			return true;
	return false;
}
