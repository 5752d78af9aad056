/* profile: the shared configuration files' grammar (AWS SDKs and Tools reference guide, "Shared
 * config and credentials files"). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aws_private.h"
#include "pare/digest.h"
#include "pare/str.h"

enum { PROFILE_MAX_BYTES = 4 * 1024 * 1024 };

struct reader {
	struct arena *arena;
	struct profile_set *set;
	const char *what;
	bool credentials;
	size_t line;
	struct profile_section *section; /* NULL: none yet, or one that is ignored */
	bool any_section;
	struct profile_property *property; /* a continuation belongs to it */
	bool nested; /* its value is empty: continuations are sub-properties */
	bool property_ignored;
	struct err *e;
};

static bool fail(struct reader *r, const char *words)
{
	return err_set(r->e, ERR_USAGE, "reading '%s': line %zu: %s", r->what, r->line, words);
}

static bool space(char c)
{
	return c == ' ' || c == '\t';
}

/* Values may be secrets: overwritten with their arena. */
static void wipe_text(void *handle)
{
	wipe(handle, strlen(handle));
}

static char *wiped_later(struct arena *a, char *text)
{
	if (*text != '\0')
		arena_defer(a, wipe_text, text);
	return text;
}

static char *trimmed(struct arena *a, const char *text, size_t len)
{
	while (len > 0 && (space(text[0]) || text[0] == '\r')) {
		text++;
		len--;
	}
	while (len > 0 && (space(text[len - 1]) || text[len - 1] == '\r'))
		len--;
	return wiped_later(a, arena_copy(a, text, len));
}

static bool name_valid(const char *name)
{
	if (*name == '\0')
		return false;
	for (; *name != '\0'; name++)
		if (!((*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
		      (*name >= '0' && *name <= '9') || strchr("-_/.%@:+", *name) != NULL))
			return false;
	return true;
}

static struct profile_section *section_of(struct arena *a, struct profile_set *set,
					  const char *kind, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->section[i].kind, kind) == 0 &&
		    strcmp(set->section[i].name, name) == 0)
			return &set->section[i];
	set->section = arena_grow(a, set->section, set->count, &set->cap, sizeof *set->section);
	set->section[set->count] = (struct profile_section){.kind = kind, .name = name};
	return &set->section[set->count++];
}

static struct profile_property *property_of(struct arena *a, struct profile_section *s,
					    const char *key)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->property[i].key, key) == 0)
			return &s->property[i];
	s->property = arena_grow(a, s->property, s->count, &s->cap, sizeof *s->property);
	s->property[s->count] = (struct profile_property){.key = key, .value = ""};
	return &s->property[s->count++];
}

/* "[profile NAME]", "[default]", "[sso-session NAME]", "[services NAME]" in the config file, plain
 * "[NAME]" in the credentials file. Others are ignored. */
static void open_section(struct reader *r, const char *inside)
{
	const char *kind = "profile", *name = inside;
	r->section = NULL;
	r->any_section = true;
	r->property = NULL;
	if (!r->credentials) {
		size_t word = strcspn(inside, " \t");
		const char *rest = inside + word + strspn(inside + word, " \t");
		if (word == 7 && strncmp(inside, "profile", 7) == 0 && *rest != '\0')
			name = rest;
		else if (word == 11 && strncmp(inside, "sso-session", 11) == 0 && *rest != '\0') {
			kind = "sso-session";
			name = rest;
		} else if (word == 8 && strncmp(inside, "services", 8) == 0 && *rest != '\0') {
			kind = "services";
			name = rest;
		} else if (strcmp(inside, "default") != 0) {
			return;
		} else {
			kind = "bare-default"; /* [profile default] beats [default] */
		}
	}
	size_t len = strlen(name);
	if (len > 2 && name[0] == '"' && name[len - 1] == '"')
		name = arena_copy(r->arena, name + 1, len - 2);
	else if (!name_valid(name))
		return;
	r->section = section_of(r->arena, r->set, kind, arena_strdup(r->arena, name));
}

static bool read_section(struct reader *r, const char *line, size_t len)
{
	const char *close = memchr(line, ']', len);
	if (close == NULL)
		return fail(r, "Profile definition must end with ']'");
	const char *rest = close + 1;
	size_t left = len - (size_t)(rest - line);
	while (left > 0 && (space(*rest) || *rest == '\r')) {
		rest++;
		left--;
	}
	if (left > 0 && *rest != '#' && *rest != ';')
		return fail(r, "Profile definition must end with ']'");
	open_section(r, trimmed(r->arena, line + 1, (size_t)(close - line) - 1));
	return true;
}

/* A comment in a value starts behind white space. */
static size_t without_comment(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((text[i] == '#' || text[i] == ';') && i > 0 && space(text[i - 1]))
			return i;
	return len;
}

static bool key_valid(const char *key)
{
	return name_valid(key);
}

static bool read_property(struct reader *r, const char *line, size_t len)
{
	const char *equals = memchr(line, '=', len);
	if (!r->any_section)
		return fail(r, "Expected a profile definition");
	if (equals == NULL)
		return fail(r, "Expected an '=' sign defining a property");
	char *key = trimmed(r->arena, line, (size_t)(equals - line));
	if (*key == '\0')
		return fail(r, "Property did not have a name");
	size_t rest = len - (size_t)(equals + 1 - line);
	const char *value = trimmed(r->arena, equals + 1, without_comment(equals + 1, rest));
	r->property = NULL;
	r->property_ignored = r->section == NULL || !key_valid(key);
	r->nested = *value == '\0';
	if (r->property_ignored)
		return true;
	r->property = property_of(r->arena, r->section, str_lower(r->arena, key));
	r->property->value = value;
	r->property->of_credentials = r->credentials;
	return true;
}

static bool read_continuation(struct reader *r, const char *line, size_t len)
{
	char *text = trimmed(r->arena, line, len);
	if (*text == '\0')
		return true;
	if (!r->any_section)
		return fail(r, "Expected a profile definition");
	if (r->property == NULL && r->property_ignored)
		return true;
	if (r->property == NULL)
		return r->section == NULL
			       ? true
			       : fail(r, "Expected a property definition, found continuation");
	if (r->nested) {
		char *equals = strchr(text, '=');
		if (equals == NULL)
			return fail(r, "Expected an '=' sign defining a sub-property");
		if (equals == text)
			return fail(r, "Sub-property did not have a name");
	}
	r->property->value = wiped_later(r->arena,
					 str_printf(r->arena, "%s\n%s", r->property->value, text));
	return true;
}

static bool read_line(struct reader *r, const char *line, size_t len)
{
	size_t start = 0;
	while (start < len && (space(line[start]) || line[start] == '\r'))
		start++;
	if (start == len)
		return true;
	if (line[0] == '#' || line[0] == ';')
		return true;
	if (line[0] == '[') {
		r->property_ignored = false;
		return read_section(r, line, len);
	}
	if (start > 0)
		return read_continuation(r, line, len);
	return read_property(r, line, len);
}

/* At a config file's end: [default] counts only where there is no [profile default]. */
static void settle_default(struct profile_set *set)
{
	struct profile_section *bare = NULL;
	bool full = false;
	for (size_t i = 0; i < set->count; i++) {
		if (strcmp(set->section[i].kind, "bare-default") == 0)
			bare = &set->section[i];
		full = full || (strcmp(set->section[i].kind, "profile") == 0 &&
				strcmp(set->section[i].name, "default") == 0);
	}
	if (bare != NULL)
		bare->kind = full ? "ignored" : "profile";
}

bool profile_add(struct arena *a, struct profile_set *set, const char *text, size_t len,
		 const char *what, bool credentials, struct err *e)
{
	struct reader r = {
		.arena = a, .set = set, .what = what, .credentials = credentials, .e = e};
	if (memchr(text, '\0', len) != NULL)
		return err_set(e, ERR_USAGE,
			       "reading '%s': it holds a NUL, and is no configuration file", what);
	for (size_t at = 0; at < len;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t line_len = end != NULL ? (size_t)(end - (text + at)) : len - at;
		r.line++;
		if (!read_line(&r, text + at, line_len))
			return false;
		at += line_len + 1;
	}
	if (!credentials)
		settle_default(set);
	return true;
}

static bool read_file(struct arena *a, const char *path, struct profile_set *set, bool credentials,
		      struct err *e)
{
	FILE *f = fopen(path, "re");
	if (f == NULL && (errno == ENOENT || errno == ENOTDIR))
		return true;
	if (f == NULL)
		return err_set(e, ERR_IO, "reading '%s': %s", path, strerror(errno));
	/* No stream buffer and no growing: every copy of the secrets is one that is overwritten. */
	setvbuf(f, NULL, _IONBF, 0);
	char *text = malloc(PROFILE_MAX_BYTES + 1);
	size_t len = text != NULL ? fread(text, 1, PROFILE_MAX_BYTES + 1, f) : 0;
	bool ok = text != NULL && ferror(f) == 0;
	struct stat st;
	if (fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & S_IROTH) != 0 &&
	    text != NULL && memmem(text, len, "aws_secret_access_key", 21) != NULL)
		set->readable = arena_strdup(a, path);
	fclose(f);
	if (!ok || len > PROFILE_MAX_BYTES)
		err_set(e, ERR_IO, "reading '%s': %s", path,
			ok ? "larger than 4 MiB" : "it cannot be read");
	ok = ok && len <= PROFILE_MAX_BYTES && profile_add(a, set, text, len, path, credentials, e);
	if (text != NULL)
		wipe(text, len);
	free(text);
	return ok;
}

const char *profile_path(struct arena *a, bool credentials)
{
	const char *path = getenv(credentials ? "AWS_SHARED_CREDENTIALS_FILE" : "AWS_CONFIG_FILE");
	const char *home = getenv("HOME");
	if (str_empty(path))
		return str_empty(home) ? NULL
				       : str_printf(a, "%s/.aws/%s", home,
						    credentials ? "credentials" : "config");
	if (str_starts(path, "~/") && !str_empty(home))
		return str_printf(a, "%s/%s", home, path + 2);
	return path;
}

bool profile_read(struct arena *a, struct profile_set *set, struct err *e)
{
	const char *config = profile_path(a, false), *credentials = profile_path(a, true);
	if (config != NULL && !read_file(a, config, set, false, e))
		return false;
	return credentials == NULL || read_file(a, credentials, set, true, e);
}

const struct profile_property *profile_find(const struct profile_set *set, const char *name,
					    const char *key)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct profile_section *s = &set->section[i];
		if (strcmp(s->kind, "profile") != 0 || strcmp(s->name, name) != 0)
			continue;
		for (size_t k = 0; k < s->count; k++)
			if (strcmp(s->property[k].key, key) == 0)
				return &s->property[k];
	}
	return NULL;
}

const char *profile_setting(const struct profile_set *set, const char *variable, const char *key)
{
	const char *value = getenv(variable);
	if (str_empty(value))
		value = profile_get(set, "profile", profile_selected(), key);
	return str_empty(value) ? NULL : value;
}

bool profile_flag(const struct profile_set *set, const char *variable, const char *key, bool *out,
		  struct err *e)
{
	const char *value = profile_setting(set, variable, key);
	*out = value != NULL && str_equal_nocase(value, "true");
	return value == NULL || *out || str_equal_nocase(value, "false") ||
	       err_set(e, ERR_USAGE, "%s '%s': expected true or false", variable, value);
}

const char *profile_get(const struct profile_set *set, const char *kind, const char *name,
			const char *key)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct profile_section *s = &set->section[i];
		if (strcmp(s->kind, kind) != 0 || strcmp(s->name, name) != 0)
			continue;
		for (size_t k = 0; k < s->count; k++)
			if (strcmp(s->property[k].key, key) == 0)
				return s->property[k].value;
	}
	return NULL;
}

bool profile_has(const struct profile_set *set, const char *name, const char *key)
{
	return !str_empty(profile_get(set, "profile", name, key));
}

bool profile_exists(const struct profile_set *set, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->section[i].kind, "profile") == 0 &&
		    strcmp(set->section[i].name, name) == 0)
			return true;
	return false;
}

const char *profile_selected(void)
{
	if (!str_empty(getenv("AWS_PROFILE")))
		return getenv("AWS_PROFILE");
	if (!str_empty(getenv("AWS_DEFAULT_PROFILE")))
		return getenv("AWS_DEFAULT_PROFILE");
	return "default";
}

const char *profile_nested(struct arena *a, const struct profile_set *set, const char *kind,
			   const char *name, const char *parent, const char *key)
{
	const char *value = profile_get(set, kind, name, parent);
	while (value != NULL && *value != '\0') {
		size_t len = strcspn(value, "\n");
		const char *equals = memchr(value, '=', len);
		if (equals != NULL) {
			const char *found = trimmed(a, value, (size_t)(equals - value));
			if (str_equal_nocase(found, key))
				return trimmed(a, equals + 1, len - (size_t)(equals + 1 - value));
		}
		value += len + (value[len] == '\n');
	}
	return NULL;
}
