/* forge_gitlab: GitLab's REST interface, version 4. docs.gitlab.com/api: merge_requests, notes,
 * merge_request_approvals, commits. A person's approval names no commit there: it counts only where
 * the project takes approvals back on every push, and only when it is not older than the last one. */
#include <stdlib.h>
#include <string.h>

#include "forge_private.h"
#include "pare/str.h"
#include "pare/when.h"

enum { PAGE = 20 }; /* descriptions may be 1 MiB each */

static bool read_pull(struct forge *f, struct arena *a, const struct json *v, struct pull *out,
		      bool *ours, struct err *e)
{
	const char *state = json_text(v, "state"), *updated = json_text(v, "updated_at");
	const char *author = json_text(json_get(v, "author"), "username");
	int64_t from = -1, to = -2;
	json_integer(json_get(v, "source_project_id"), &from);
	json_integer(json_get(v, "target_project_id"), &to);
	*out = (struct pull){.branch = json_text(v, "source_branch"), .head = json_text(v, "sha"),
			     .title = json_text(v, "title"), .body = json_text(v, "description")};
	*ours = from == to && out->branch != NULL && str_equal(json_text(v, "target_branch"), f->base);
	if (!json_integer(json_get(v, "iid"), &out->number) || out->number < 1 || state == NULL ||
	    updated == NULL || !when_parse(updated, &out->updated_ms))
		return err_set(e, ERR_INPUT, "asking gitlab: a merge request without number, state or date");
	/* One without commits (its branch is gone) has no head. */
	if (out->head == NULL || !forge_commit_valid(out->head))
		out->head = "";
	out->state = strcmp(state, "merged") == 0   ? PULL_MERGED
		     : strcmp(state, "opened") == 0 ? PULL_OPEN
						    : PULL_CLOSED;
	out->author = author != NULL ? author : "";
	out->title = out->title != NULL ? out->title : "";
	out->body = out->body != NULL ? out->body : "";
	out->url = str_printf(a, "%s%s%lld", f->place.web, f->kind->pull_below, (long long)out->number);
	return true;
}

static bool find(void *self, struct arena *a, const char *branch, struct pull **out, struct err *e)
{
	struct forge *f = self;
	const char *path = str_printf(a, "%s/merge_requests?state=all&source_branch=%s&target_branch=%s", f->repo,
				      str_percent_encode(a, branch, NULL), str_percent_encode(a, f->base, NULL));
	*out = NULL;
	return forge_search(f, a, path, branch, out, e);
}

static bool create(void *self, struct arena *a, const char *branch, const char *title, const char *body,
		   struct pull **out, struct err *e)
{
	struct forge *f = self;
	struct json_writer w;
	forge_body(a, &w);
	json_member_text(&w, "source_branch", branch);
	json_member_text(&w, "target_branch", f->base);
	json_member_text(&w, "title", title);
	json_member_text(&w, "description", body);
	return forge_create(f, a, &w, out, e);
}

static const char *request_path(const struct forge *f, struct arena *a, int64_t number, const char *below)
{
	return str_printf(a, "%s/merge_requests/%lld%s", f->repo, (long long)number, below);
}

static bool label(void *self, int64_t number, const struct str_list *labels, struct err *e)
{
	struct forge *f = self;
	struct arena *scratch = arena_new(f->arena);
	struct buf *all = buf_new(scratch, 65536);
	for (size_t i = 0; i < labels->count; i++)
		buf_printf(all, "%s%s", i > 0 ? "," : "", labels->item[i]);
	bool ok = all->len == 0 || forge_change(f, number, "add_labels", all->data, e);
	arena_free(scratch);
	return ok;
}

/* --- people --- */

static bool user_id(struct forge *f, struct arena *a, const char *name, int64_t *id, struct err *e)
{
	struct forge_call c = {.arena = a, .method = "GET"};
	c.path = str_printf(a, "/users?username=%s", str_percent_encode(a, name, NULL));
	if (!forge_do(f, &c, e))
		return false;
	for (const struct json *x = c.json != NULL ? c.json->first : NULL; x != NULL; x = x->next)
		if (json_text(x, "username") != NULL && str_equal_nocase(json_text(x, "username"), name) &&
		    json_integer(json_get(x, "id"), id))
			return true;
	return err_set(e, ERR_NOT_FOUND, "gitlab knows nobody called '%s'", name);
}

static bool ask(void *self, int64_t number, const struct str_list *people, struct err *e)
{
	struct forge *f = self;
	struct arena *scratch = arena_new(f->arena);
	struct json_writer w;
	bool ok = true;
	forge_body(scratch, &w);
	json_key(&w, "reviewer_ids");
	json_open(&w, '[');
	for (size_t i = 0; ok && i < people->count; i++) {
		int64_t id;
		ok = user_id(f, scratch, people->item[i], &id, e);
		if (ok)
			json_put_integer(&w, id);
	}
	json_close(&w, ']');
	ok = ok && forge_send(f, "PUT", request_path(f, scratch, number, ""), &w, e);
	arena_free(scratch);
	return ok;
}

/* --- approvals --- */

/* What makes an approval mean the last commit, and somebody else's. */
static bool settings_hold(struct forge *f, struct arena *a, struct err *e)
{
	static const struct {
		const char *key, *why;
		bool wanted;
	} settings[] = {
		{"reset_approvals_on_push", "approvals must be taken back when commits are pushed", true},
		{"merge_requests_author_approval", "authors must not approve their own merge requests", false},
		{"merge_requests_disable_committers_approval", "who wrote commits must not approve them", true},
	};
	struct forge_call c = {.arena = a, .method = "GET", .path = str_printf(a, "%s/approvals", f->repo)};
	if (!forge_do(f, &c, e)) {
		if (e->kind == ERR_NOT_FOUND || e->kind == ERR_AUTH) {
			e->kind = ERR_REFUSED;
			return err_wrap(e, "gitlab does not show how the project counts approvals, so they do not count; "
					   "ask for signatures instead");
		}
		return false;
	}
	for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
		const struct json *v = json_get(c.json, settings[i].key);
		if (v == NULL || v->type != JSON_BOOL || v->boolean != settings[i].wanted)
			return err_set(e, ERR_REFUSED,
				       "gitlab does not say which commit an approval is for, so it counts only where %s: "
				       "the project's setting %s is not %s",
				       settings[i].why, settings[i].key, settings[i].wanted ? "true" : "false");
	}
	return true;
}

struct last_push {
	const char *commit;
	int64_t at_ms;
};

static bool take_version(void *user, const struct json *item, bool *enough, struct err *e)
{
	struct last_push *x = user;
	const char *commit = json_text(item, "head_commit_sha"), *at = json_text(item, "created_at");
	int64_t ms;
	(void)enough;
	if (commit == NULL || !forge_commit_valid(commit) || at == NULL || !when_parse(at, &ms))
		return err_set(e, ERR_INPUT, "asking gitlab: a version without a commit or date");
	if (x->commit == NULL || ms > x->at_ms)
		*x = (struct last_push){commit, ms};
	return true;
}

/* Project, group and service accounts are bots; only GitLab knows which. */
static bool is_human(struct forge *f, struct arena *a, int64_t id, bool *yes, struct err *e)
{
	struct forge_call c = {.arena = a, .method = "GET"};
	c.path = str_printf(a, "/users/%lld", (long long)id);
	if (!forge_do(f, &c, e))
		return false;
	const struct json *bot = json_get(c.json, "bot");
	*yes = bot != NULL && bot->type == JSON_BOOL && !bot->boolean &&
	       str_equal(json_text(c.json, "state"), "active");
	return true;
}

static bool take_approval(struct forge *f, struct arena *a, const struct json *item,
			  const struct pull *p, const struct last_push *last, struct forge_verdicts *out,
			  struct err *e)
{
	const struct json *person = json_get(item, "user");
	struct forge_verdict v = {.name = json_text(person, "username"), .commit = last->commit,
				  .at = json_text(item, "approved_at"), .pull = p};
	bool human;
	if (v.name == NULL || !json_integer(json_get(person, "id"), &v.person))
		return err_set(e, ERR_INPUT, "asking gitlab: an approval without a person");
	if (v.at == NULL || !when_parse(v.at, &v.at_ms))
		return err_set(e, ERR_REFUSED,
			       "this gitlab does not say when '%s' approved merge request %lld, so it may have been "
			       "before the last push; ask for signatures instead", v.name, (long long)p->number);
	if (!is_human(f, a, v.person, &human, e))
		return false;
	v.approves = human && v.at_ms >= last->at_ms;
	forge_say(out, v);
	return true;
}

static bool verdicts(struct forge *f, struct arena *a, const struct pull *p,
		     struct forge_verdicts *out, struct err *e)
{
	struct last_push last = {NULL, 0};
	struct forge_call c = {.arena = a, .method = "GET", .path = request_path(f, a, p->number, "/approvals")};
	forge_exclude(out, p->author);
	if (!settings_hold(f, a, e) ||
	    !forge_pages(f, a, request_path(f, a, p->number, "/versions"), PAGE, take_version, &last, e) ||
	    !forge_do(f, &c, e))
		return false;
	if (last.commit == NULL || strcmp(last.commit, p->head) != 0)
		return err_set(e, ERR_REFUSED, "merge request %lld: its last version is not its head: gitlab has not "
					       "caught up; try again", (long long)p->number);
	const struct json *all = json_get(c.json, "approved_by");
	if (all == NULL || all->type != JSON_ARRAY)
		return err_set(e, ERR_INPUT, "asking gitlab: approvals without 'approved_by'");
	for (const struct json *x = all->first; x != NULL; x = x->next)
		if (!take_approval(f, a, x, p, &last, out, e))
			return false;
	return true;
}

static const char *recent_query(const struct forge *f, struct arena *a, int64_t since_ms)
{
	char since[WHEN_TEXT];
	when_iso(since_ms, since);
	return str_printf(a, "%s/merge_requests?state=merged&target_branch=%s&order_by=updated_at&sort=desc"
			     "&updated_after=%s",
			  f->repo, str_percent_encode(a, f->base, NULL), str_percent_encode(a, since, NULL));
}

static void fill(struct forge_port *port)
{
	port->find = find;
	port->create = create;
	port->label = label;
	port->ask = ask;
}

/* Description and notes: 1048576 characters at most; what people are to read is shorter. */
const struct forge_kind forge_gitlab = {
	.name = "gitlab", .scheme = "Bearer", .page_size = "per_page", .pull_page = PAGE,
	.pull_ref = "refs/merge-requests/", .body_max = 500000, .file_below = "/-/blob/",
	.pull_below = "/-/merge_requests/", .request = "merge request", .pulls = "/merge_requests",
	.method = "PUT", .text_key = "description", .close_key = "state_event", .close_value = "close",
	.comments_of = "/merge_requests/", .comments_below = "/notes",
	.status_bad = "failed", .status_name = "name", .recent_query = recent_query, .read_pull = read_pull,
	.verdicts = verdicts, .fill = fill,
};
