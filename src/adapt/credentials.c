/* credentials: the search through the sources, and renewing what it found. A source is a row of the
 * table and a file of its name.
 *
 * K1  The first source that is configured serves or ends the search.
 * K2  Credentials are renewed from the source that they came from, and for the same account: a run
 *     does not become somebody else half-way.
 * K3  No secret is in a message; what a search read is overwritten with it. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "credentials_private.h"
#include "pare/digest.h"
#include "pare/str.h"
#include "pare/when.h"

enum {
	AHEAD_MS = 15 * 60 * 1000, /* renewed so long before the end, as the SDKs do */
	AGAIN_MS = 60 * 1000,	   /* and not tried more often than this */
};

struct credential_chain {
	struct arena *arena;
	struct credential_setting setting;
	struct clock_port clock;
	struct arena *generation; /* holds `now` */
	struct credentials now;
	size_t source; /* row of the table, +1; 0: none found yet */
	int64_t next_try_ms;
	struct credential_note *note;
	size_t note_count;
	struct credential_chain *base; /* a member's role is assumed with these; NULL: none is */
	struct member_role member;
};

/* --- what sources say --- */

enum found search_nothing(struct search *s, const char *format, ...)
{
	char text[512];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	s->why = arena_strdup(s->arena, text);
	return NOT_HERE;
}

enum found search_broken(struct search *s, const char *format, ...)
{
	char text[768];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	err_set(s->e, ERR_AUTH, "%s", text);
	return BROKEN;
}

enum found search_failed(struct search *s, const char *format, ...)
{
	char text[256];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	err_wrap(s->e, "%s", text);
	return BROKEN;
}

void search_note(struct search *s, const char *line)
{
	const struct progress_port *p = s->setting->progress;
	if (p != NULL && p->note != NULL)
		p->note(p->self, line);
}

int64_t search_now(const struct search *s)
{
	return s->setting->clock->now_ms(s->setting->clock->self);
}

/* Set to nothing, or to nothing but spaces, is not set. */
static const char *value_of(const char *text)
{
	return text == NULL || text[strspn(text, " \t\r\n")] == '\0' ? NULL : text;
}

const char *search_variable(const char *name)
{
	return value_of(getenv(name));
}

const char *search_key(const struct search *s, const char *profile, const char *key)
{
	return value_of(profile_get(s->set, "profile", profile, key));
}

bool search_read(struct search *s, const char *path, const char **text, size_t *len)
{
	FILE *f = fopen(path, "re");
	if (f == NULL)
		return err_set(s->e, ERR_IO, "reading '%s': %s", path, strerror(errno));
	setvbuf(f, NULL, _IONBF, 0); /* no copy that is not overwritten */
	char *bytes = arena_alloc(s->arena, CREDENTIALS_MAX_BYTES + 1);
	*len = fread(bytes, 1, CREDENTIALS_MAX_BYTES + 1, f);
	bool ok = ferror(f) == 0;
	int why = errno;
	fclose(f);
	if (!ok)
		return err_set(s->e, ERR_IO, "reading '%s': %s", path, strerror(why));
	if (*len > CREDENTIALS_MAX_BYTES)
		return err_set(s->e, ERR_LIMIT, "reading '%s': larger than 64 KiB", path);
	bytes[*len] = '\0';
	*text = bytes;
	return true;
}

/* What a header can carry and a signature can be made with. */
static bool printable(const char *text)
{
	for (; text != NULL && *text != '\0'; text++)
		if ((unsigned char)*text <= 0x20 || (unsigned char)*text >= 0x7f)
			return false;
	return true;
}

enum found search_found(struct search *s, const struct credentials *keys, struct credentials *out)
{
	if (str_empty(keys->access_key_id) || str_empty(keys->secret_access_key))
		return search_broken(s, "%s: a key is missing", keys->source);
	if (!printable(keys->access_key_id) || !printable(keys->secret_access_key) ||
	    !printable(keys->session_token))
		return search_broken(s,
				     "%s: a key or token holds a space, a line end or another "
				     "character that none has; copy it again",
				     keys->source);
	if (keys->expires_ms != 0 && keys->expires_ms <= search_now(s) && !keys->instance) {
		char end[WHEN_TEXT];
		when_iso(keys->expires_ms, end);
		return search_broken(s, "%s: its credentials are over since %s", keys->source, end);
	}
	*out = *keys;
	if (str_empty(out->session_token))
		out->session_token = NULL;
	return FOUND;
}

/* --- the environment --- */

enum found from_environment(struct search *s, struct credentials *out)
{
	const char *id = search_variable("AWS_ACCESS_KEY_ID");
	const char *key = search_variable("AWS_SECRET_ACCESS_KEY");
	const char *token = search_variable("AWS_SESSION_TOKEN");
	const char *expires = search_variable("AWS_CREDENTIAL_EXPIRATION");
	struct credentials keys = {.source = "environment",
				   .account = search_variable("AWS_ACCOUNT_ID")};
	if (id == NULL && key == NULL)
		return search_nothing(s, "AWS_ACCESS_KEY_ID is not set");
	if (id == NULL || key == NULL)
		return search_broken(s, "%s is set and %s is not; set both or neither",
				     id != NULL ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
				     id != NULL ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
	if (expires != NULL && !when_parse(expires, &keys.expires_ms))
		return search_broken(s, "AWS_CREDENTIAL_EXPIRATION '%s': expected a time such as "
					"2026-11-24T03:09:23Z", expires);
	keys.access_key_id = id;
	keys.secret_access_key = arena_strdup(s->arena, key);
	keys.session_token = arena_strdup(
		s->arena, token != NULL ? token : search_variable("AWS_SECURITY_TOKEN"));
	return search_found(s, &keys, out);
}

/* --- the table --- */

static enum found role(struct search *s, struct credentials *out)
{
	return from_role(s, s->profile, out);
}

static enum found web_identity(struct search *s, struct credentials *out)
{
	return from_web_identity(s, s->profile, true, out);
}

static enum found sso(struct search *s, struct credentials *out)
{
	return from_sso(s, s->profile, out);
}

static enum found credentials_file(struct search *s, struct credentials *out)
{
	return from_keys(s, s->profile, true, out);
}

static enum found login(struct search *s, struct credentials *out)
{
	(void)out;
	if (search_key(s, s->profile, "login_session") == NULL)
		return search_nothing(s, "profile '%s' has no login_session", s->profile);
	return search_broken(s,
			     "profile '%s': its credentials come from 'aws login' "
			     "('login_session'), which is not supported; run 'aws configure "
			     "export-credentials --profile %s --format env' and set what it prints",
			     s->profile, s->profile);
}

static enum found process(struct search *s, struct credentials *out)
{
	return from_process(s, s->profile, out);
}

static enum found config_file(struct search *s, struct credentials *out)
{
	return from_keys(s, s->profile, false, out);
}

static const struct row {
	const char *name;
	enum found (*find)(struct search *s, struct credentials *out);
} rows[] = {
	{"environment", from_environment},
	{"role", role},
	{"web identity", web_identity},
	{"SSO", sso},
	{"credentials file", credentials_file},
	{"login session", login},
	{"process", process},
	{"config file", config_file},
	{"CI identity", from_ci},
	{"container", from_container},
	{"instance metadata", from_instance},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

/* --- one search --- */

static void add_note(struct credential_chain *c, const char *source, const char *why)
{
	c->note[c->note_count++] = (struct credential_note){source, arena_strdup(c->arena, why)};
}

/* A profile that was asked for by name and is not there: a typing error that would sign as
 * somebody else. */
static enum found check_profile(struct search *s)
{
	bool named = search_variable("AWS_PROFILE") != NULL ||
		     search_variable("AWS_DEFAULT_PROFILE") != NULL;
	if (!named || profile_exists(s->set, s->profile))
		return NOT_HERE;
	return search_broken(s, "profile '%s': it is in neither the config nor the credentials file",
			     s->profile);
}

static enum found walk(struct credential_chain *c, struct search *s, struct credentials *out)
{
	enum found f = check_profile(s);
	for (size_t i = 0; f == NOT_HERE && i < ROWS; i++) {
		if (c->source != 0 && i != c->source - 1)
			continue; /* K2 */
		s->why = NULL;
		s->visited = (struct str_list){0};
		f = rows[i].find(s, out);
		add_note(c, rows[i].name,
			 f == FOUND    ? NULL
			 : f == BROKEN ? s->e->message
			 : s->why != NULL ? s->why
					  : "not configured");
		if (f == FOUND)
			c->source = i + 1;
	}
	return f;
}

static enum found nothing_found(struct credential_chain *c, struct err *e)
{
	struct buf *b = buf_new(c->generation, 4096);
	for (size_t i = 0; i < c->note_count; i++)
		buf_printf(b, "%s%s: %s", i > 0 ? "; " : "", c->note[i].source, c->note[i].why);
	err_set(e, ERR_AUTH,
		"no credentials found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; "
		"%s", b->data);
	return BROKEN;
}

static enum found same_account(const struct credential_chain *c, const struct credentials *found,
			       struct err *e)
{
	if (c->now.account == NULL || found->account == NULL ||
	    strcmp(c->now.account, found->account) == 0)
		return FOUND;
	err_set(e, ERR_AUTH,
		"renewing the credentials of %s: they were of account %s and are of account %s now; "
		"run again", c->now.source, c->now.account, found->account);
	return BROKEN;
}

/* Makes a new generation of what was found; the old one is overwritten. */
static void keep(struct credential_chain *c, struct arena *generation, const struct credentials *k)
{
	struct credentials now = *k;
	now.access_key_id = arena_strdup(generation, k->access_key_id);
	now.secret_access_key = arena_strdup(generation, k->secret_access_key);
	now.session_token = arena_strdup(generation, k->session_token);
	now.source = arena_strdup(c->arena, k->source); /* outlives its generation, in messages */
	now.account = arena_strdup(c->arena, k->account);
	arena_free(c->generation);
	c->generation = generation;
	c->now = now;
}

/* A role of a member account, with the caller's own keys. */
static enum found assume_member(struct credential_chain *c, struct search *s, struct credentials *out)
{
	const struct credentials *base = credentials_get(c->base, s->e);
	const struct role r = {.arn = c->member.arn, .session = c->member.session,
			       .external_id = c->member.external_id,
			       .source_identity = c->member.source_identity,
			       .subject = str_printf(s->arena, "account %s",
						     str_part(s->arena, c->member.arn, ':', 4, false))};
	enum found f = base != NULL ? role_assume(s, &r, base, out) : BROKEN;
	add_note(c, "member role", f == FOUND ? NULL : s->e->message);
	return f;
}

static bool look(struct credential_chain *c, struct err *e)
{
	struct arena *scratch = arena_new(NULL), *generation = arena_new(c->arena);
	struct profile_set set = {0};
	struct credentials found;
	struct search s = {.arena = scratch, .setting = &c->setting, .set = &set, .e = e};
	arena_wipes(scratch);
	arena_wipes(generation);
	bool first = c->source == 0 && c->base == NULL;
	c->note_count = 0;
	c->next_try_ms = c->clock.now_ms(c->clock.self) + AGAIN_MS;
	s.profile = profile_selected();
	enum found f = !profile_read(scratch, &set, e) ? BROKEN
		       : c->base != NULL	       ? assume_member(c, &s, &found)
						       : walk(c, &s, &found);
	if (set.readable != NULL && first)
		search_note(&s, str_printf(scratch,
					   "warning: '%s' holds keys and every user of this machine can "
					   "read it: chmod 600 it", set.readable));
	if (f == NOT_HERE)
		f = nothing_found(c, e);
	if (f == FOUND)
		f = same_account(c, &found, e);
	if (f == FOUND)
		keep(c, generation, &found);
	else
		arena_free(generation);
	arena_free(scratch);
	return f == FOUND || err_wrap(e, "finding AWS credentials");
}

/* --- the chain --- */

struct credential_chain *credentials_open(struct arena *a, const struct credential_setting *s)
{
	struct credential_chain *c = arena_alloc(a, sizeof *c);
	c->arena = a;
	c->setting = *s;
	c->clock = *s->clock;
	c->setting.clock = &c->clock;
	c->setting.region = arena_strdup(a, s->region);
	c->note = arena_array(a, ROWS, sizeof *c->note);
	c->generation = arena_new(a);
	return c;
}

struct credential_chain *credentials_assume(struct arena *a, const struct credential_setting *s,
					    struct credential_chain *base, const struct member_role *r)
{
	struct credential_chain *c = credentials_open(a, s);
	c->base = base;
	c->member = (struct member_role){.arn = arena_strdup(a, r->arn),
					 .session = arena_strdup(a, r->session),
					 .external_id = arena_strdup(a, r->external_id),
					 .source_identity = arena_strdup(a, r->source_identity)};
	return c;
}

const struct credentials *credentials_get(struct credential_chain *c, struct err *e)
{
	bool have = c->now.access_key_id != NULL;
	int64_t now_ms = c->clock.now_ms(c->clock.self), end_ms = c->now.expires_ms;
	struct err why;
	if (have && (end_ms == 0 || now_ms < end_ms - AHEAD_MS))
		return &c->now;
	if (have && now_ms < c->next_try_ms && (now_ms < end_ms || c->now.instance))
		return &c->now;
	if (look(c, &why) || (have && (now_ms < end_ms || c->now.instance)))
		return &c->now;
	*e = why;
	return NULL;
}

bool credentials_renew(struct credential_chain *c, const char *refused_key_id)
{
	struct err e;
	if (strcmp(c->now.access_key_id, refused_key_id) != 0)
		return true; /* renewed since that request was signed */
	struct sha256 before = sha256_of(c->now.secret_access_key, strlen(c->now.secret_access_key));
	if (!look(c, &e))
		return false;
	struct sha256 after = sha256_of(c->now.secret_access_key, strlen(c->now.secret_access_key));
	return !digest_equal(before.byte, after.byte, SHA256_BYTES);
}

const struct credential_note *credentials_notes(const struct credential_chain *c, size_t *count)
{
	*count = c->note_count;
	return c->note;
}
