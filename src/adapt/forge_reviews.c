/* forge_reviews: whose review counts for a plan.
 *
 * V1 A review counts for the bytes that its commit shows at the plan's path, read from our own mirror;
 *    the commit is one of the pull request's.
 * V2 The last thing a person said decides, over all pull requests that carry the plan; remarks do not.
 * V3 Who wrote the plan, who opened the pull request and who wrote to it do not count.
 * V4 What cannot be found out does not count, or refuses. */
#include <stdlib.h>
#include <string.h>

#include "forge_private.h"
#include "pare/plan.h"
#include "pare/receipt.h"
#include "pare/str.h"
#include "pare/when.h"

enum { ALLOWANCE_MS = 3600 * 1000 }; /* the forge's clock against ours */

bool forge_commit_valid(const char *text)
{
	return strlen(text) == OID_HEX - 1 && strspn(text, "0123456789abcdef") == OID_HEX - 1;
}

void forge_exclude(struct forge_verdicts *all, const char *name)
{
	if (!str_empty(name))
		str_list_add(all->arena, &all->excluded, str_lower(all->arena, name));
}

void forge_say(struct forge_verdicts *all, struct forge_verdict said)
{
	for (size_t i = 0; i < all->count; i++) {
		struct forge_verdict *old = &all->item[i];
		if (old->person != said.person)
			continue;
		/* Of one moment the later in the list, but never a yes over a no. */
		if (said.at_ms > old->at_ms || (said.at_ms == old->at_ms && !said.approves))
			*old = said;
		return;
	}
	all->item = arena_grow(all->arena, all->item, all->count, &all->cap, sizeof *all->item);
	all->item[all->count++] = said;
}

/* --- which pull requests carry a plan --- */

struct recent {
	struct forge *f;
	int64_t since_ms;
	struct pull *item;
	size_t count, cap;
};

static bool take_recent(void *user, const struct json *item, bool *enough, struct err *e)
{
	struct recent *r = user;
	struct pull p;
	bool ours;
	if (!r->f->kind->read_pull(r->f, r->f->arena, item, &p, &ours, e))
		return false;
	if (p.updated_ms < r->since_ms) { /* the newest come first */
		*enough = true;
		return true;
	}
	if (!ours || p.state != PULL_MERGED || !str_starts(p.branch, "pare/"))
		return true;
	r->item = arena_grow(r->f->arena, r->item, r->count, &r->cap, sizeof *r->item);
	p.body = ""; /* not needed, and large */
	r->item[r->count++] = p;
	return true;
}

/* A pull request that carries a plan was opened, and so changed, after the plan was made. */
static bool know_recent(struct forge *f, int64_t since_ms, struct err *e)
{
	struct recent r = {.f = f, .since_ms = since_ms};
	if (f->recent_known && f->recent_since_ms <= since_ms)
		return true;
	if (!forge_pages(f, f->arena, f->kind->recent_query(f, f->arena, since_ms), f->kind->pull_page, take_recent,
			 &r, e))
		return false;
	f->recent = r.item;
	f->recent_count = r.count;
	f->recent_since_ms = since_ms;
	f->recent_known = true;
	return true;
}

/* Does the commit hold exactly this plan? An absent file is a no; what cannot be read is an error. */
static bool holds(struct forge *f, struct arena *a, const char *commit, const struct plan *plan, bool *yes,
		  struct err *e)
{
	const struct review_port *r = f->review;
	const char *bytes;
	size_t len;
	*yes = false;
	if (!r->read(r->self, a, commit, str_printf(a, "%s/plan.json", plan_folder(a, plan)), PLAN_MAX_BYTES,
		     &bytes, &len, e))
		return e->kind == ERR_NOT_FOUND || e->kind == ERR_REFUSED;
	*yes = len == plan->len && memcmp(bytes, plan->bytes, len) == 0;
	return true;
}

/* A branch that was removed after its merge lives on under the pull request's own ref. */
static bool head_here(struct forge *f, struct arena *a, const struct pull *p, struct err *e)
{
	const struct review_port *r = f->review;
	struct str_list some = {0};
	if (r->list(r->self, a, p->head, "accounts", &some, e))
		return true;
	if (r->bring == NULL)
		return false;
	return r->bring(r->self, str_printf(a, "%s%lld/head", f->kind->pull_ref, (long long)p->number), e) &&
	       r->list(r->self, a, p->head, "accounts", &some, e);
}

bool forge_carriers(void *self, struct arena *a, const struct plan *plan, struct pull **out,
		    size_t *count, struct err *e)
{
	struct forge *f = self;
	int64_t made_ms;
	const char *prefix = str_printf(a, "pare/%s/", plan->account);
	struct err last = {.kind = ERR_NONE};
	if (f->review == NULL || !when_parse(plan->created_at, &made_ms))
		return err_set(e, ERR_INPUT, "plan '%s': its pull request cannot be looked for", plan->id);
	if (!know_recent(f, made_ms - ALLOWANCE_MS, e))
		return err_wrap(e, "looking for the pull request of plan '%s'", plan->id);
	*out = arena_array(a, f->recent_count + 1, sizeof **out);
	*count = 0;
	for (size_t i = 0; i < f->recent_count; i++) {
		const struct pull *p = &f->recent[i];
		bool yes = false;
		if (!str_starts(p->branch, prefix) || !forge_commit_valid(p->head))
			continue;
		/* One that cannot be read any more is not it, unless no other is. */
		if (!head_here(f, a, p, &last))
			continue;
		if (!holds(f, a, p->head, plan, &yes, e))
			return false;
		if (yes)
			(*out)[(*count)++] = *p;
	}
	if (*count == 0 && last.kind != ERR_NONE) {
		*e = last;
		return err_wrap(e, "looking for the pull request of plan '%s'", plan->id);
	}
	return true;
}

/* --- who counts --- */

/* pare-bot@example.com, 123+pare-bot@users.noreply.github.com: pare-bot. */
static bool is_author(struct arena *a, const struct plan *plan, const char *name)
{
	char *local = arena_strdup(a, plan->author);
	if (str_equal_nocase(local, name))
		return true;
	local[strcspn(local, "@")] = '\0';
	const char *plus = strchr(local, '+');
	return str_equal_nocase(local, name) || (plus != NULL && str_equal_nocase(plus + 1, name));
}

static bool counts(struct forge *f, struct arena *a, const struct plan *plan,
		   const struct forge_verdicts *all, const struct forge_verdict *v, bool *yes, struct err *e)
{
	const struct review_port *r = f->review;
	*yes = false;
	if (!v->approves || !forge_commit_valid(v->commit) || is_author(a, plan, v->name) ||
	    str_list_has(&all->excluded, str_lower(a, v->name)))
		return true;
	if (!r->descends(r->self, v->pull->head, v->commit, yes, e))
		return false;
	return !*yes || holds(f, a, v->commit, plan, yes, e);
}

bool forge_reviews(void *self, struct arena *a, const struct plan *plan,
		   struct approval_note **notes, size_t *count, struct err *e)
{
	struct forge *f = self;
	struct forge_verdicts all = {.arena = a};
	struct pull *pulls;
	size_t pull_count;
	*notes = NULL;
	*count = 0;
	if (!forge_carriers(f, a, plan, &pulls, &pull_count, e))
		return false;
	for (size_t i = 0; i < pull_count; i++)
		if (!f->kind->verdicts(f, a, &pulls[i], &all, e))
			return err_wrap(e, "reading the reviews of plan '%s'", plan->id);
	*notes = arena_array(a, all.count + 1, sizeof **notes);
	for (size_t i = 0; i < all.count; i++) {
		const struct forge_verdict *v = &all.item[i];
		bool yes;
		if (!counts(f, a, plan, &all, v, &yes, e))
			return err_wrap(e, "reading the reviews of plan '%s'", plan->id);
		if (yes)
			(*notes)[(*count)++] = (struct approval_note){
				"review", v->name,
				str_printf(a, "approved %s at commit %.12s on %s", v->pull->url, v->commit,
					   str_printable(a, v->at, false))};
	}
	return true;
}
