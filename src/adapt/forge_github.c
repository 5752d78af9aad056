/* forge_github: GitHub's REST interface, version 2022-11-28; and what Gitea has in the same shape.
 * docs.github.com/rest: pulls, issues, reviews, statuses. */
#include <stdlib.h>
#include <string.h>

#include "forge_private.h"
#include "pare/str.h"
#include "pare/when.h"

enum { PAGE = 100, COMMITS_MAX = 250 };

/* --- pull requests --- */

bool hub_read_pull(struct forge *f, struct arena *a, const struct json *v, struct pull *out,
		   bool *ours, struct err *e)
{
	const struct json *head = json_get(v, "head"), *base = json_get(v, "base");
	const char *from = json_text(json_get(head, "repo"), "full_name");
	const char *state = json_text(v, "state"), *updated = json_text(v, "updated_at");
	const char *author = json_text(json_get(v, "user"), "login");
	bool merged = json_text(v, "merged_at") != NULL || json_bool(v, "merged", false);
	/* Gitea: where a branch was removed, its ref is the pull request's own. */
	const char *branch = json_text(head, f->kind == &forge_gitea ? "label" : "ref");
	*out = (struct pull){.branch = branch, .head = json_text(head, "sha"),
			     .title = json_text(v, "title"), .body = json_text(v, "body")};
	/* A fork that is gone has no repository. */
	*ours = from != NULL && str_equal_nocase(from, f->place.project) && out->branch != NULL &&
		str_equal(json_text(base, "ref"), f->base);
	if (!json_integer(json_get(v, "number"), &out->number) || out->number < 1 || state == NULL ||
	    out->head == NULL || !forge_commit_valid(out->head) || updated == NULL ||
	    !when_parse(updated, &out->updated_ms))
		return err_set(e, ERR_INPUT, "asking %s: a pull request without number, state, head or date",
			       f->kind->name);
	out->state = merged ? PULL_MERGED : strcmp(state, "open") == 0 ? PULL_OPEN : PULL_CLOSED;
	out->author = author != NULL ? author : "";
	out->title = out->title != NULL ? out->title : "";
	out->body = out->body != NULL ? out->body : "";
	out->url = str_printf(a, "%s%s%lld", f->place.web, f->kind->pull_below, (long long)out->number);
	return true;
}

static bool find(void *self, struct arena *a, const char *branch, struct pull **out, struct err *e)
{
	struct forge *f = self;
	const char *owner = str_part(a, f->place.project, '/', 0, false);
	const char *path = str_printf(a, "%s/pulls?state=all&head=%s&base=%s", f->repo,
				      str_percent_encode(a, str_printf(a, "%s:%s", owner, branch), NULL),
				      str_percent_encode(a, f->base, NULL));
	*out = NULL;
	return forge_search(f, a, path, branch, out, e);
}

bool hub_create(void *self, struct arena *a, const char *branch, const char *title, const char *body,
		struct pull **out, struct err *e)
{
	struct forge *f = self;
	struct json_writer w;
	forge_body(a, &w);
	json_member_text(&w, "title", title);
	json_member_text(&w, "head", branch);
	json_member_text(&w, "base", f->base);
	json_member_text(&w, "body", body);
	if (f->kind == &forge_github) {
		json_member_bool(&w, "draft", false);
		json_member_bool(&w, "maintainer_can_modify", false);
	}
	return forge_create(f, a, &w, out, e);
}

static void put_list(struct json_writer *w, const char *key, const struct str_list *list, bool teams)
{
	json_key(w, key);
	json_open(w, '[');
	for (size_t i = 0; i < list->count; i++) {
		const char *slash = strchr(list->item[i], '/');
		if ((slash != NULL) == teams)
			json_put_text(w, teams ? slash + 1 : list->item[i]);
	}
	json_close(w, ']');
}

static bool label(void *self, int64_t number, const struct str_list *labels, struct err *e)
{
	struct forge *f = self;
	struct arena *scratch = arena_new(f->arena);
	struct json_writer w;
	forge_body(scratch, &w);
	json_member_list(&w, "labels", labels);
	bool ok = forge_send(f, "POST", str_printf(scratch, "%s/issues/%lld/labels", f->repo, (long long)number),
			     &w, e);
	arena_free(scratch);
	return ok;
}

bool hub_ask(void *self, int64_t number, const struct str_list *people, struct err *e)
{
	struct forge *f = self;
	struct arena *scratch = arena_new(f->arena);
	struct json_writer w;
	forge_body(scratch, &w);
	put_list(&w, "reviewers", people, false);
	put_list(&w, "team_reviewers", people, true);
	const char *path = str_printf(scratch, "%s/pulls/%lld/requested_reviewers", f->repo, (long long)number);
	bool ok = forge_send(f, "POST", path, &w, e);
	arena_free(scratch);
	return ok;
}

/* --- reviews --- */

struct writers {
	struct forge_verdicts *all;
	size_t count;
};

static bool take_commit(void *user, const struct json *item, bool *enough, struct err *e)
{
	struct writers *x = user;
	(void)enough;
	(void)e;
	x->count++;
	forge_exclude(x->all, json_text(json_get(item, "author"), "login"));
	forge_exclude(x->all, json_text(json_get(item, "committer"), "login"));
	return true;
}

/* Who wrote to the branch may not approve it. */
static bool exclude_writers(struct forge *f, struct arena *a, const struct pull *p,
			    struct forge_verdicts *out, struct err *e)
{
	struct writers x = {out, 0};
	const char *path = str_printf(a, "%s/pulls/%lld/commits", f->repo, (long long)p->number);
	forge_exclude(out, p->author);
	if (!forge_pages(f, a, path, 50, take_commit, &x, e))
		return false;
	return x.count < COMMITS_MAX ||
	       err_set(e, ERR_REFUSED, "pull request %lld has %d commits or more, and %s does not list them all: "
				       "who wrote to it is not known", (long long)p->number, COMMITS_MAX,
		       f->kind->name);
}

struct hearing {
	const struct forge *f;
	struct forge_verdicts *all;
	const struct pull *pull;
};

static bool take_review(void *user, const struct json *item, bool *enough, struct err *e)
{
	struct hearing *x = user;
	const struct json *person = json_get(item, "user");
	const char *commit = json_text(item, "commit_id");
	struct forge_verdict v = {.name = json_text(person, "login"), .commit = commit != NULL ? commit : "",
				  .at = json_text(item, "submitted_at"), .pull = x->pull};
	(void)enough;
	if (person == NULL || person->type != JSON_OBJECT || !x->f->kind->says(item, &v.approves))
		return true; /* a remark, or of an account that is gone */
	if (v.name == NULL || !json_integer(json_get(person, "id"), &v.person) || v.at == NULL ||
	    !when_parse(v.at, &v.at_ms))
		return err_set(e, ERR_INPUT, "a review of pull request %lld without a person or date",
			       (long long)x->pull->number);
	forge_say(x->all, v);
	return true;
}

bool hub_verdicts(struct forge *f, struct arena *a, const struct pull *p,
		  struct forge_verdicts *out, struct err *e)
{
	struct hearing x = {f, out, p};
	const char *path = str_printf(a, "%s/pulls/%lld/reviews", f->repo, (long long)p->number);
	return exclude_writers(f, a, p, out, e) && forge_pages(f, a, path, f->kind->pull_page, take_review, &x, e);
}

/* Only people who belong to the repository: on a public one anybody may say "approved". */
static bool belongs(const struct json *item)
{
	const char *how = json_text(item, "author_association");
	return str_equal(json_text(json_get(item, "user"), "type"), "User") &&
	       (str_equal(how, "OWNER") || str_equal(how, "MEMBER") || str_equal(how, "COLLABORATOR"));
}

static bool says(const struct json *review, bool *approves)
{
	const char *state = json_text(review, "state");
	*approves = str_equal(state, "APPROVED") && belongs(review);
	return str_equal(state, "APPROVED") || str_equal(state, "CHANGES_REQUESTED") ||
	       str_equal(state, "DISMISSED");
}

static const char *recent_query(const struct forge *f, struct arena *a, int64_t since_ms)
{
	(void)since_ms; /* cannot be asked for; the reader stops there */
	return str_printf(a, "%s/pulls?state=closed&base=%s&sort=updated&direction=desc", f->repo,
			  str_percent_encode(a, f->base, NULL));
}

static void fill(struct forge_port *port)
{
	port->find = find;
	port->label = label;
}

/* Body: 65536 characters at most (GitHub's own message); bytes are never fewer. */
const struct forge_kind forge_github = {
	.name = "github", .scheme = "Bearer", .page_size = "per_page", .pull_page = PAGE,
	.pull_ref = "refs/pull/", .body_max = 65536, .file_below = "/blob/", .pull_below = "/pull/",
	.request = "pull request", .pulls = "/pulls", .method = "PATCH", .text_key = "body",
	.close_key = "state", .close_value = "closed",
	.comments_of = "/issues/", .comments_below = "/comments", .status_bad = "failure", .status_name = "context",
	.recent_query = recent_query, .read_pull = hub_read_pull, .says = says, .verdicts = hub_verdicts, .fill = fill,
};
