/* forge_gitea: Gitea's and Forgejo's REST interface, version 1: GitHub's shapes with labels by number,
 * no search by branch, and reviews that know themselves when they are stale. */
#include <stdlib.h>
#include <string.h>

#include "forge_private.h"
#include "pare/str.h"
#include "pare/when.h"

enum { PAGE = 50 }; /* the usual MAX_RESPONSE_ITEMS */

/* --- labels --- */

struct label_search {
	const char *name;
	int64_t id; /* 0: none */
};

static bool take_label(void *user, const struct json *item, bool *enough, struct err *e)
{
	struct label_search *s = user;
	(void)e;
	if (str_equal(json_text(item, "name"), s->name) && json_integer(json_get(item, "id"), &s->id))
		*enough = true;
	return true;
}

static bool make_label(struct forge *f, struct arena *a, const char *name, int64_t *id, struct err *e)
{
	struct json_writer w;
	struct forge_call c = {.arena = a, .method = "POST", .path = str_printf(a, "%s/labels", f->repo),
			       .body = forge_body(a, &w)};
	json_member_text(&w, "name", name);
	json_member_text(&w, "color", "#0e8a16");
	json_close(&w, '}');
	return forge_do(f, &c, e) &&
	       (json_integer(json_get(c.json, "id"), id) ||
		err_set(e, ERR_INPUT, "gitea made the label '%s' and gave no number", name));
}

static bool label(void *self, int64_t number, const struct str_list *labels, struct err *e)
{
	struct forge *f = self;
	struct arena *scratch = arena_new(f->arena);
	struct json_writer w;
	bool ok = true;
	forge_body(scratch, &w);
	json_key(&w, "labels");
	json_open(&w, '[');
	for (size_t i = 0; ok && i < labels->count; i++) {
		struct label_search s = {labels->item[i], 0};
		ok = forge_pages(f, scratch, str_printf(scratch, "%s/labels", f->repo), PAGE, take_label, &s, e) &&
		     (s.id != 0 || make_label(f, scratch, s.name, &s.id, e));
		if (ok)
			json_put_integer(&w, s.id);
	}
	json_close(&w, ']');
	ok = ok && forge_send(f, "POST",
			      str_printf(scratch, "%s/issues/%lld/labels", f->repo, (long long)number), &w, e);
	arena_free(scratch);
	return ok;
}

/* --- pull requests by branch: open ones are few --- */

static bool find(void *self, struct arena *a, const char *branch, struct pull **out, struct err *e)
{
	struct forge *f = self;
	static const char *const states[] = {"open", "closed"};
	*out = NULL;
	for (size_t i = 0; i < 2 && *out == NULL; i++)
		if (!forge_search(f, a, str_printf(a, "%s/pulls?state=%s&sort=recentupdate", f->repo, states[i]),
				  branch, out, e))
			return false;
	return true;
}

/* --- reviews --- */

struct listening {
	struct forge_verdicts *all;
	const struct pull *pull;
};

static bool take_review(void *user, const struct json *item, bool *enough, struct err *e)
{
	struct listening *x = user;
	const struct json *person = json_get(item, "user");
	const char *state = json_text(item, "state"), *commit = json_text(item, "commit_id");
	struct forge_verdict v = {.name = json_text(person, "login"), .commit = commit != NULL ? commit : "",
				  .at = json_text(item, "submitted_at"), .pull = x->pull};
	bool approved = str_equal(state, "APPROVED");
	(void)enough;
	if ((!approved && !str_equal(state, "REQUEST_CHANGES")) || person == NULL || person->type != JSON_OBJECT)
		return true; /* a remark, a request to review, or a team's */
	if (v.name == NULL || !json_integer(json_get(person, "id"), &v.person) || v.at == NULL ||
	    !when_parse(v.at, &v.at_ms))
		return err_set(e, ERR_INPUT, "a review of pull request %lld without a person or date",
			       (long long)x->pull->number);
	if (v.person <= 0)
		return true; /* "Ghost" and Gitea's own actors */
	/* official: of somebody who may write, or whom the branch's protection names. */
	v.approves = approved && json_bool(item, "official", false) && !json_bool(item, "stale", true) &&
		     !json_bool(item, "dismissed", true);
	forge_say(x->all, v);
	return true;
}

static bool verdicts(struct forge *f, struct arena *a, const struct pull *p,
		     struct forge_verdicts *out, struct err *e)
{
	struct listening x = {out, p};
	const char *path = str_printf(a, "%s/pulls/%lld/reviews", f->repo, (long long)p->number);
	return hub_exclude_writers(f, a, p, out, e) && forge_pages(f, a, path, PAGE, take_review, &x, e);
}

static const char *recent_query(const struct forge *f, struct arena *a, int64_t since_ms)
{
	(void)since_ms;
	return str_printf(a, "%s/pulls?state=closed&sort=recentupdate", f->repo);
}

static void fill(struct forge_port *port)
{
	port->find = find;
	port->label = label;
}

const struct forge_kind forge_gitea = {
	.name = "gitea", .scheme = "token", .page_size = "limit", .pull_page = PAGE,
	.pull_ref = "refs/pull/", .body_max = 65536, .file_below = "/src/commit/", .pull_below = "/pulls/",
	.recent_query = recent_query, .read_pull = hub_read_pull, .verdicts = verdicts, .fill = fill,
};
