/* forge_http: one request to a forge and its answer.
 *
 * F1 The token goes to the configured address only: redirects are not followed, and of a page's links
 *    only their presence is used, never their address.
 * F2 A POST leaves this machine a second time only when the first certainly did nothing.
 * F3 What a forge says reaches a person without the token, printable and short. */
#include <stdlib.h>
#include <string.h>

#include "forge_private.h"
#include "pare/digest.h"
#include "pare/str.h"

enum { TRIES = 4, WAIT_MAX_MS = 120000, PAGES_MAX = 100, WORDS_MAX = 300, BODY_MAX = 8 * 1024 * 1024 };

/* --- words --- */

char *forge_redacted(const struct forge *f, struct arena *a, const char *text)
{
	char *safe = str_printable(a, text, false);
	size_t len = f->token != NULL ? strlen(f->token) : 0;
	for (char *at = safe; len > 0 && (at = strstr(at, f->token)) != NULL; at += len)
		memset(at, '*', len);
	return safe;
}

static void put_words(struct buf *b, const struct json *v)
{
	if (v == NULL)
		return;
	if (v->type == JSON_STRING) {
		buf_printf(b, "%s%s", b->len > 0 ? "; " : "", v->text);
		return;
	}
	for (const struct json *x = v->first; x != NULL; x = x->next)
		if (x->type == JSON_STRING || x->type == JSON_ARRAY || x->type == JSON_OBJECT)
			put_words(b, x);
}

/* GitHub and Gitea: message, errors[]; GitLab: message (a text, a list or an object) or error. */
static char *words_of(const struct forge *f, struct arena *a, const struct json *v)
{
	struct buf *b = buf_new(a, 65536);
	put_words(b, json_get(v, "message"));
	put_words(b, json_get(v, "error"));
	put_words(b, json_get(v, "errors"));
	if (b->len == 0)
		return arena_strdup(a, "");
	char *words = forge_redacted(f, a, b->data);
	if (strlen(words) > WORDS_MAX) {
		words[WORDS_MAX] = '\0';
		words = str_printable(a, words, false);
	}
	return str_printf(a, "; it says: %s", words);
}

/* --- waiting --- */

static int64_t now(const struct forge *f)
{
	return f->clock->now_ms(f->clock->self);
}

static bool pause_until(const struct forge *f, int64_t until_ms, struct err *e)
{
	while (now(f) < until_ms) {
		if (f->clock->interrupted(f->clock->self))
			return err_set(e, ERR_INTERRUPTED, "interrupted while waiting for the forge");
		f->clock->sleep_until(f->clock->self, until_ms);
	}
	return true;
}

static bool number(const char *text, int64_t *out)
{
	size_t len = text != NULL ? strspn(text, "0123456789") : 0;
	if (len == 0 || len > 15 || text[len] != '\0')
		return false;
	*out = strtoll(text, NULL, 10);
	return true;
}

static bool used_up(const struct http_exchange *x)
{
	return str_equal(http_response_header(x, "x-ratelimit-remaining"), "0") ||
	       str_equal(http_response_header(x, "ratelimit-remaining"), "0");
}

static bool throttled(const struct http_exchange *x, const struct json *v)
{
	const char *words = json_text(v, "message");
	if (x->status == 429)
		return true;
	return x->status == 403 && (used_up(x) || http_response_header(x, "retry-after") != NULL ||
				    (words != NULL && strstr(words, "rate limit") != NULL));
}

/* GitHub: without a word, at least a minute. */
static int64_t asked_wait_ms(const struct forge *f, const struct http_exchange *x)
{
	int64_t value;
	const char *reset = http_response_header(x, "x-ratelimit-reset");
	if (reset == NULL)
		reset = http_response_header(x, "ratelimit-reset");
	if (number(http_response_header(x, "retry-after"), &value))
		return value * 1000;
	if (used_up(x) && number(reset, &value))
		return value * 1000 > now(f) ? value * 1000 - now(f) + 1000 : 1000;
	return 60000;
}

/* --- one attempt --- */

static void send(struct forge *f, struct forge_call *c, struct http_exchange *x)
{
	struct http_header *header = arena_array(c->arena, 5, sizeof *header);
	size_t count = 0;
	bool github = f->kind == &forge_github;
	header[count++] = f->auth;
	header[count++] = (struct http_header){"accept", github ? "application/vnd.github+json"
								: "application/json"};
	if (github)
		header[count++] = (struct http_header){"x-github-api-version", "2022-11-28"};
	if (c->body != NULL)
		header[count++] = (struct http_header){"content-type", "application/json"};
	*x = (struct http_exchange){.arena = c->arena,
				    .method = c->method,
				    .url = str_printf(c->arena, "%s%s", f->place.api, c->path),
				    .header = header,
				    .header_count = count,
				    .body = c->body != NULL ? c->body->data : NULL,
				    .body_len = c->body != NULL ? c->body->len : 0,
				    .once = strcmp(c->method, "POST") == 0};
	f->exchange(f->with, x);
}

static bool json_type(const struct http_exchange *x)
{
	const char *type = http_response_header(x, "content-type");
	return type != NULL && (strstr(type, "/json") != NULL || strstr(type, "+json") != NULL);
}

static void take_links(struct forge_call *c, const struct http_exchange *x)
{
	const char *link = http_response_header(x, "link");
	const char *page = http_response_header(x, "x-next-page");
	c->says_more = link != NULL || page != NULL;
	c->has_more = (link != NULL && strstr(link, "rel=\"next\"") != NULL) || !str_empty(page);
}

static bool good(struct forge *f, struct forge_call *c, const struct http_exchange *x, struct err *e)
{
	bool wrote = strcmp(c->method, "GET") != 0;
	struct err why;
	take_links(c, x);
	if (x->response_len == 0 && wrote)
		return true;
	if (json_type(x)) {
		c->json = json_parse(c->arena, x->response, x->response_len, "the forge's answer", &why);
		if (c->json != NULL)
			return true;
	} else {
		err_set(&why, ERR_INPUT, "the answer is not JSON: is '%s' the address of %s's interface?",
			f->place.api, f->kind->name);
	}
	/* It was done, by the status; what it gave is not known. */
	return err_set(e, wrote ? ERR_UNCERTAIN : ERR_INPUT, "%s", forge_redacted(f, c->arena, why.message));
}

static bool bad(struct forge *f, struct forge_call *c, const struct http_exchange *x,
		const struct json *v, struct err *e)
{
	const char *words = words_of(f, c->arena, v);
	long s = x->status;
	if (s >= 300 && s < 400)
		return err_set(e, ERR_UNAVAILABLE,
			       "it redirects (%ld), and redirects are not followed, so that the token goes nowhere "
			       "else: the project may have a new name; set repository.url, or repository.api and "
			       "repository.project", s);
	if (s == 401)
		return err_set(e, ERR_AUTH, "it does not take the token (401): it is wrong, expired or for "
					    "another forge%s", words);
	if (s == 403)
		return err_set(e, ERR_AUTH, "the token may not do this (403)%s", words);
	if (s == 404)
		return err_set(e, ERR_NOT_FOUND, "it has none (404), or does not show it to this token%s", words);
	if (s == 409)
		return err_set(e, ERR_CONFLICT, "it is there already (409)%s", words);
	if (s == 422 && strstr(words, "already exists") != NULL)
		return err_set(e, ERR_CONFLICT, "it is there already (422)%s", words);
	if (s >= 500)
		return err_set(e, strcmp(c->method, "POST") == 0 ? ERR_UNCERTAIN : ERR_UNAVAILABLE,
			       "it answers with status %ld%s", s, words);
	return err_set(e, ERR_INPUT, "it refuses this (%ld)%s", s, words);
}

/* How long until another attempt; -1: none. */
static int64_t again_ms(const struct forge *f, const struct forge_call *c,
			const struct http_exchange *x, const struct json *v, int tries)
{
	bool repeatable = strcmp(c->method, "POST") != 0;
	if (tries >= TRIES)
		return -1;
	if (!x->transport_ok)
		return !x->oversize && (x->err.kind == ERR_UNAVAILABLE ||
					(repeatable && x->err.kind == ERR_UNCERTAIN))
			       ? 500 << tries : -1;
	if (throttled(x, v))
		return asked_wait_ms(f, x);
	return x->status >= 500 && repeatable ? 500 << tries : -1;
}

static bool judge(struct forge *f, struct forge_call *c, const struct http_exchange *x,
		  const struct json *v, struct err *e)
{
	if (!x->transport_ok) {
		enum err_kind kind = x->err.kind;
		if (kind == ERR_UNCERTAIN && strcmp(c->method, "GET") == 0)
			kind = x->oversize ? ERR_LIMIT : ERR_UNAVAILABLE;
		return err_set(e, kind, "%s", forge_redacted(f, c->arena, x->err.message));
	}
	if (x->status >= 200 && x->status < 300)
		return good(f, c, x, e);
	if (throttled(x, v))
		return err_set(e, ERR_THROTTLED, "the limit of requests is reached (%ld): it asks to wait %lld s%s",
			       x->status, (long long)(asked_wait_ms(f, x) / 1000), words_of(f, c->arena, v));
	return bad(f, c, x, v, e);
}

bool forge_do(struct forge *f, struct forge_call *c, struct err *e)
{
	int64_t waited_ms = 0;
	for (int tries = 1;; tries++) {
		struct http_exchange x;
		struct err ignored;
		c->json = NULL;
		send(f, c, &x);
		c->status = x.status;
		const struct json *v = NULL;
		if (x.transport_ok && x.status >= 300 && json_type(&x))
			v = json_parse(c->arena, x.response, x.response_len, "the answer", &ignored);
		int64_t wait = again_ms(f, c, &x, v, tries);
		if (wait < 0 || waited_ms + wait > WAIT_MAX_MS) {
			if (judge(f, c, &x, v, e))
				return true;
			return err_wrap(e, "asking %s: %s %s", f->kind->name, c->method,
					str_printable(c->arena, c->path, false));
		}
		waited_ms += wait;
		if (!pause_until(f, now(f) + wait, e))
			return false;
	}
}

/* --- bodies and pages --- */

struct buf *forge_body(struct arena *a, struct json_writer *w)
{
	struct buf *b = buf_new(a, BODY_MAX);
	json_start(w, b, true);
	json_open(w, '{');
	return b;
}

bool forge_send(struct forge *f, const char *method, const char *path, struct json_writer *w,
		struct err *e)
{
	struct arena *scratch = arena_new(f->arena);
	json_close(w, '}');
	struct forge_call c = {.arena = scratch, .method = method, .path = path, .body = w->out};
	bool ok = buf_ok(w->out) ? forge_do(f, &c, e)
				 : err_set(e, ERR_LIMIT, "what is to be sent to %s is larger than %d bytes",
					   f->kind->name, BODY_MAX);
	arena_free(scratch);
	return ok;
}

bool forge_pages(struct forge *f, struct arena *a, const char *path, int page_size,
		 bool (*take)(void *user, const struct json *item, bool *enough, struct err *e),
		 void *user, struct err *e)
{
	bool enough = false;
	for (int page = 1; page <= PAGES_MAX; page++) {
		struct forge_call c = {.arena = a, .method = "GET"};
		c.path = str_printf(a, "%s%c%s=%d&page=%d", path, strchr(path, '?') != NULL ? '&' : '?',
				    f->kind->page_size, page_size, page);
		if (!forge_do(f, &c, e))
			return false;
		if (c.json == NULL || c.json->type != JSON_ARRAY)
			return err_set(e, ERR_INPUT, "asking %s: GET %s: expected a list", f->kind->name, path);
		for (const struct json *x = c.json->first; x != NULL && !enough; x = x->next)
			if (!take(user, x, &enough, e))
				return false;
		bool more = c.says_more ? c.has_more : c.json->count >= (size_t)page_size;
		if (enough || !more)
			return true;
	}
	return err_set(e, ERR_LIMIT, "asking %s: GET %s: more than %d pages", f->kind->name, path, PAGES_MAX);
}
