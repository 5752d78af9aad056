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

/* official: of somebody who may write, or whom the branch's protection names. */
static bool says(const struct json *review, bool *approves)
{
	const char *state = json_text(review, "state");
	int64_t person;
	*approves = str_equal(state, "APPROVED") && json_bool(review, "official", false) &&
		    !json_bool(review, "stale", true) && !json_bool(review, "dismissed", true);
	if (json_integer(json_get(json_get(review, "user"), "id"), &person) && person <= 0)
		return false; /* "Ghost" and Gitea's own actors */
	return str_equal(state, "APPROVED") || str_equal(state, "REQUEST_CHANGES");
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
	.request = "pull request", .pulls = "/pulls", .method = "PATCH", .text_key = "body",
	.close_key = "state", .close_value = "closed",
	.comments_of = "/issues/", .comments_below = "/comments", .status_bad = "failure", .status_name = "context",
	.recent_query = recent_query, .read_pull = hub_read_pull, .says = says, .verdicts = hub_verdicts, .fill = fill,
};
