#include "pare/forge.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "forge_private.h"
#include "pare/str.h"
#include "pare/version.h"

enum { ANSWER_MAX = 32 * 1024 * 1024 };

static const struct forge_kind *kind_of(const char *name)
{
	static const struct forge_kind *const kinds[] = {&forge_github, &forge_gitlab, &forge_gitea};
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (str_equal(kinds[i]->name, name))
			return kinds[i];
	return NULL;
}

static bool exchange(void *with, struct http_exchange *x)
{
	return http_do(with, x);
}

static bool start_http(struct forge *f, struct err *e)
{
	struct http_setting s = http_setting_default();
	const char *bundle = getenv("GIT_SSL_CAINFO");
	if (str_empty(bundle))
		bundle = getenv("AWS_CA_BUNDLE");
	if (!str_empty(bundle) && access(bundle, R_OK) != 0)
		return err_set(e, ERR_USAGE, "GIT_SSL_CAINFO or AWS_CA_BUNDLE '%s': it cannot be read", bundle);
	s.ca_bundle = str_empty(bundle) ? NULL : bundle;
	s.user_agent = "pare/" PARE_VERSION; /* GitHub refuses requests without one */
	s.max_response_bytes = ANSWER_MAX;
	f->with = f->http = http_new(f->arena, &s, e);
	f->exchange = exchange;
	return f->http != NULL;
}

static const char *file_url(void *self, struct arena *a, const char *commit, const char *path)
{
	const struct forge *f = self;
	return str_printf(a, "%s%s%s/%s", f->place.web, f->kind->file_below, commit,
			  str_percent_encode(a, path, "/@+=,"));
}

struct search {
	struct forge *f;
	struct arena *arena;
	const char *branch;
	struct pull **best;
};

static bool better(const struct pull *x, const struct pull *than)
{
	return x->state != than->state ? x->state < than->state : x->number > than->number;
}

static bool take_pull(void *user, const struct json *item, bool *enough, struct err *e)
{
	struct search *s = user;
	struct pull p;
	bool ours;
	(void)enough;
	if (!s->f->kind->read_pull(s->f, s->arena, item, &p, &ours, e))
		return false;
	if (!ours || strcmp(p.branch, s->branch) != 0 || (*s->best != NULL && !better(&p, *s->best)))
		return true;
	*s->best = arena_alloc(s->arena, sizeof p);
	**s->best = p;
	return true;
}

bool forge_search(struct forge *f, struct arena *a, const char *path, const char *branch,
		  struct pull **out, struct err *e)
{
	struct search s = {f, a, branch, out};
	return forge_pages(f, a, path, f->kind->pull_page, take_pull, &s, e);
}

/* --- what pare says --- */

bool forge_create(struct forge *f, struct arena *a, struct json_writer *w, struct pull **out, struct err *e)
{
	struct forge_call c = {.arena = a, .method = "POST", .path = str_printf(a, "%s%s", f->repo, f->kind->pulls),
			       .body = w->out};
	bool ours;
	json_close(w, '}');
	*out = arena_alloc(a, sizeof **out);
	if (!buf_ok(w->out))
		return err_set(e, ERR_LIMIT, "the %s's text is too large", f->kind->request);
	if (!forge_do(f, &c, e))
		return false;
	if (f->kind->read_pull(f, a, c.json, *out, &ours, e))
		return true;
	e->kind = ERR_UNCERTAIN;
	return false;
}

bool forge_change(struct forge *f, int64_t number, const char *key, const char *value, struct err *e)
{
	struct arena *scratch = arena_new(f->arena);
	struct json_writer w;
	forge_body(scratch, &w);
	json_member_text(&w, key, value);
	bool ok = forge_send(f, f->kind->method,
			     str_printf(scratch, "%s%s/%lld", f->repo, f->kind->pulls, (long long)number), &w, e);
	arena_free(scratch);
	return ok;
}

static bool edit(void *self, int64_t number, const char *body, struct err *e)
{
	struct forge *f = self;
	return forge_change(f, number, f->kind->text_key, body, e);
}

static bool close_pull(void *self, int64_t number, struct err *e)
{
	struct forge *f = self;
	return forge_change(f, number, f->kind->close_key, f->kind->close_value, e);
}

static bool status(void *self, const char *commit, bool good, const char *context,
		   const char *description, const char *url, struct err *e)
{
	struct forge *f = self;
	struct arena *scratch = arena_new(f->arena);
	struct json_writer w;
	forge_body(scratch, &w);
	json_member_text(&w, "state", good ? "success" : f->kind->status_bad);
	json_member_text(&w, f->kind->status_name, context);
	json_member_text(&w, "description", description);
	if (!str_empty(url))
		json_member_text(&w, "target_url", url);
	bool ok = forge_send(f, "POST", str_printf(scratch, "%s/statuses/%s", f->repo, commit), &w, e);
	arena_free(scratch);
	return ok;
}

struct echo {
	const char *body;
	bool found;
};

/* Forges turn line ends into CRLF, and trim. */
static bool same_text(const char *x, const char *y)
{
	for (;; x++, y++) {
		while (*x == '\r')
			x++;
		while (*y == '\r')
			y++;
		if (*x != *y || *x == '\0')
			return x[strspn(x, " \r\n")] == '\0' && y[strspn(y, " \r\n")] == '\0';
	}
}

static bool take_comment(void *user, const struct json *item, bool *enough, struct err *e)
{
	struct echo *x = user;
	const char *body = json_text(item, "body");
	(void)e;
	if (body != NULL && same_text(body, x->body))
		x->found = *enough = true;
	return true;
}

/* Does one of the comments that come in pages from path hold this text? */
static bool said_already(struct forge *f, struct arena *a, const char *path, const char *body,
			 bool *yes, struct err *e)
{
	struct echo x = {body, false};
	if (!forge_pages(f, a, path, 50, take_comment, &x, e))
		return false;
	*yes = x.found;
	return true;
}

static bool comment(void *self, int64_t number, const char *body, struct err *e)
{
	struct forge *f = self;
	struct arena *scratch = arena_new(f->arena);
	struct json_writer w;
	const char *path = str_printf(scratch, "%s%s%lld%s", f->repo, f->kind->comments_of, (long long)number,
				      f->kind->comments_below);
	bool there;
	bool ok = said_already(f, scratch, path, body, &there, e);
	if (ok && !there) {
		forge_body(scratch, &w);
		json_member_text(&w, "body", body);
		ok = forge_send(f, "POST", path, &w, e);
	}
	arena_free(scratch);
	return ok;
}

struct forge_port forge_port_of(struct forge *f)
{
	struct forge_port port = {.self = f,
				  .name = f->kind->name,
				  .body_max = f->kind->body_max,
				  .create = hub_create,
				  .edit = edit,
				  .ask = hub_ask,
				  .comment = comment,
				  .close = close_pull,
				  .status = status,
				  .carriers = forge_carriers,
				  .file_url = file_url,
				  .reviews = forge_reviews};
	f->kind->fill(&port);
	return port;
}

bool forge_open(struct arena *a, const struct config *config, const struct review_port *review,
		const struct clock_port *clock, struct forge_port *out, struct err *e)
{
	struct forge *f = arena_alloc(a, sizeof *f);
	f->arena = a;
	f->kind = kind_of(config->repository.forge);
	f->review = review;
	f->clock = clock;
	f->base = config->repository.branch;
	if (f->kind == NULL)
		return err_set(e, ERR_USAGE, "forge '%s': expected github, gitlab, gitea or none",
			       config->repository.forge);
	if (!forge_place_find(a, config, f->kind, &f->place, e) || !start_http(f, e) ||
	    !forge_token_find(f, config, e))
		return err_wrap(e, "opening the forge");
	f->repo = f->kind == &forge_gitlab
			  ? str_printf(a, "/projects/%s", str_percent_encode(a, f->place.project, NULL))
			  : str_printf(a, "/repos/%s", f->place.project);
	*out = forge_port_of(f);
	return true;
}
