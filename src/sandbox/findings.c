/* findings: what of a role's permissions it does not use, computed from its policies over the
 * catalogue and from the list of actions that it really uses.
 *
 * Findings follow the live state when Access Analyzer is next asked. A finding's id stands for the
 * role and the set of unused permissions: a role cleaned up in part resolves its finding and gets a
 * new one for the remainder; a role put back as it was opens the old one again. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "model.h"
#include "pare/digest.h"
#include "pare/when.h"

struct grant {
	const struct catalog_service *service;
	bool *action; /* one a catalogue action */
};

struct grants {
	struct grant *grant;
	size_t count, cap;
	bool everything; /* "*" */
};

/* IAM's own wildcards over action names, without case. */
static bool matches(const char *pattern, const char *text)
{
	const char *star = NULL, *back = NULL;
	while (*text != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			back = text;
		} else if (*pattern == '?' || strncasecmp(pattern, text, 1) == 0) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star;
			text = ++back;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

static struct grant *grant_of(struct arena *a, struct grants *g, const struct catalog_service *service)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->grant[i].service == service)
			return &g->grant[i];
	g->grant = arena_grow(a, g->grant, g->count, &g->cap, sizeof *g->grant);
	struct grant *x = &g->grant[g->count++];
	*x = (struct grant){service, arena_array(a, service->action_count, sizeof *x->action)};
	return x;
}

static void grant_pattern(struct sandbox *s, struct arena *a, struct grants *g, const char *pattern)
{
	const char *colon = strchr(pattern, ':');
	if (colon == NULL) {
		g->everything = g->everything || strcmp(pattern, "*") == 0;
		return;
	}
	struct arena *scratch = arena_new(NULL);
	const char *prefix = arena_copy(scratch, pattern, (size_t)(colon - pattern));
	const struct catalog_service *service = catalog_service(s->catalog, prefix);
	arena_free(scratch);
	if (service == NULL)
		return;
	struct grant *x = grant_of(a, g, service);
	for (size_t i = 0; i < service->action_count; i++)
		x->action[i] = x->action[i] || matches(colon + 1, service->action[i].name);
}

/* An Allow with NotAction grants every service that it does not name. */
static void grant_statement(struct sandbox *s, struct arena *a, struct grants *g,
			    const struct statement *x)
{
	if (x->effect != EFFECT_ALLOW)
		return;
	if (x->not_action)
		g->everything = true;
	for (size_t i = 0; !x->not_action && i < x->actions.count; i++)
		grant_pattern(s, a, g, x->actions.item[i]);
}

static const struct grants *grants_of(struct sandbox *s, struct document *d)
{
	if (d->grants != NULL)
		return d->grants;
	d->grants = arena_alloc(s->arena, sizeof *d->grants);
	for (size_t i = 0; d->policy != NULL && i < d->policy->count; i++)
		grant_statement(s, s->arena, d->grants, &d->policy->statements[i]);
	return d->grants;
}

static void add_grants(struct sandbox *s, struct arena *a, struct grants *all, struct document *d)
{
	const struct grants *g = grants_of(s, d);
	all->everything = all->everything || g->everything;
	for (size_t i = 0; i < g->count; i++) {
		struct grant *x = grant_of(a, all, g->grant[i].service);
		for (size_t k = 0; k < x->service->action_count; k++)
			x->action[k] = x->action[k] || g->grant[i].action[k];
	}
}

static bool uses_service(const struct role *r, const char *prefix)
{
	size_t len = strlen(prefix);
	for (size_t i = 0; i < r->used.count; i++)
		if (strncasecmp(r->used.item[i], prefix, len) == 0 && r->used.item[i][len] == ':')
			return true;
	return false;
}

static bool uses_action(const struct role *r, const char *action)
{
	for (size_t i = 0; i < r->used.count; i++)
		if (strcasecmp(r->used.item[i], action) == 0)
			return true;
	return false;
}

static void add_unused(struct arena *a, struct unused *u, const struct role *r, const struct grant *x)
{
	char used[WHEN_TEXT];
	struct unused_service out = {.namespace = x->service->prefix};
	out.whole = !uses_service(r, x->service->prefix);
	bool any = false;
	for (size_t i = 0; i < x->service->action_count; i++) {
		const char *action = x->service->action[i].full;
		/* iam:PassRole is in no last-accessed data: it is never called unused by itself. */
		if (!x->action[i] || (!out.whole && (uses_action(r, action) || strcmp(action, "iam:PassRole") == 0)))
			continue;
		any = true;
		if (!out.whole)
			str_list_add(a, &out.actions, x->service->action[i].name);
	}
	if (!any)
		return;
	if (!out.whole && r->last_used_ms != 0) {
		when_iso(r->last_used_ms, used);
		out.last_accessed = arena_strdup(a, used);
	}
	u->service[u->count++] = out;
}

static int compare_services(const void *x, const void *y)
{
	const struct unused_service *p = x, *q = y;
	return strcmp(p->namespace, q->namespace);
}

/* "*": services without any use are whole; of the others every action is granted. */
static void expand_everything(struct sandbox *s, struct arena *a, const struct role *r,
			      struct grants *all, struct unused *u)
{
	for (size_t i = 0; i < catalog_service_count(s->catalog); i++) {
		const char *prefix = catalog_prefix_at(s->catalog, i);
		if (!uses_service(r, prefix)) {
			u->service[u->count++] = (struct unused_service){.namespace = prefix, .whole = true};
			continue;
		}
		struct grant *x = grant_of(a, all, catalog_service_at(s->catalog, i));
		for (size_t k = 0; k < x->service->action_count; k++)
			x->action[k] = true;
		add_unused(a, u, r, x);
	}
}

struct unused *role_unused(struct sandbox *s, struct arena *a, const struct role *r)
{
	struct grants all = {0};
	struct unused *u = arena_alloc(a, sizeof *u);
	for (size_t i = 0; i < r->attached_count; i++) {
		const struct managed *m = slot_now(r->attached[i]);
		const struct policy_version *v = m != NULL ? policy_version_of(m, m->default_version) : NULL;
		if (v != NULL)
			add_grants(s, a, &all, v->document);
	}
	for (size_t i = 0; i < r->inline_count; i++)
		add_grants(s, a, &all, r->inlines[i].document);
	u->service = arena_array(a, all.everything ? catalog_service_count(s->catalog) : all.count,
				 sizeof *u->service);
	if (all.everything) {
		expand_everything(s, a, r, &all, u);
		return u;
	}
	for (size_t i = 0; i < all.count; i++)
		add_unused(a, u, r, &all.grant[i]);
	if (u->count > 1)
		qsort(u->service, u->count, sizeof *u->service, compare_services);
	return u;
}

/* --- the findings of a role --- */

const char *box_status(const struct box_finding *f)
{
	static const char *const names[] = {"ACTIVE", "ARCHIVED", "RESOLVED"};
	return names[f->status];
}

enum { FINDING_TYPES = 4 };
static const char *const finding_types[FINDING_TYPES] = {
	[BOX_UNUSED_PERMISSION] = "UnusedPermission",
	[BOX_UNUSED_ROLE] = "UnusedIAMRole",
	[BOX_UNUSED_KEY] = "UnusedIAMUserAccessKey",
	[BOX_UNUSED_PASSWORD] = "UnusedIAMUserPassword",
};

const char *box_finding_type(const struct box_finding *f)
{
	return finding_types[f->type];
}

int box_finding_type_of(const char *name)
{
	for (int i = 0; i < FINDING_TYPES; i++)
		if (strcmp(finding_types[i], name) == 0)
			return i;
	return -1;
}

const char *box_resource_type(const struct box_finding *f)
{
	return f->principal == PRINCIPAL_USER ? "AWS::IAM::User" : "AWS::IAM::Role";
}

static size_t finding_place(const struct sandbox *s, const char *id)
{
	size_t low = 0, high = s->finding_count;
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (strcmp(s->finding[mid]->id, id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct box_finding *finding_find(const struct sandbox *s, const char *id)
{
	size_t at = finding_place(s, id);
	return at < s->finding_count && strcmp(s->finding[at]->id, id) == 0 ? s->finding[at] : NULL;
}

void finding_insert(struct sandbox *s, struct box_finding *f)
{
	struct slot *slot = table_add(s->arena, table_of(f->account, f->principal), f->role_key);
	size_t at = finding_place(s, f->id);
	s->finding = arena_grow(s->arena, s->finding, s->finding_count, &s->finding_cap,
			      sizeof(struct box_finding *));
	memmove(&s->finding[at + 1], &s->finding[at],
		(s->finding_count++ - at) * sizeof(struct box_finding *));
	s->finding[at] = f;
	f->next = slot->findings;
	slot->findings = f;
}

static const char *finding_id(struct arena *a, const struct role *r, const struct unused *u, int type,
			      const char *secret)
{
	struct arena *scratch = arena_new(NULL);
	struct buf *b = buf_new(scratch, 16u * 1024 * 1024);
	buf_printf(b, "%s %d", r->id, type);
	if (secret != NULL)
		buf_printf(b, "\n%s", secret);
	for (size_t i = 0; type == BOX_UNUSED_PERMISSION && i < u->count; i++) {
		buf_printf(b, "\n%s", u->service[i].namespace);
		for (size_t k = 0; k < u->service[i].actions.count; k++)
			buf_printf(b, " %s", u->service[i].actions.item[k]);
	}
	char hex[SHA256_HEX];
	struct sha256 digest = sha256_of(b->data, b->len);
	sha256_print(&digest, hex);
	arena_free(scratch);
	return str_printf(a, "%.8s-%.4s-4%.3s-a%.3s-%.12s", hex, hex + 8, hex + 12, hex + 15, hex + 18);
}

static void set_status(struct sandbox *s, struct box_finding *f, int status, bool *changed)
{
	f->analyzed_ms = box_now(s);
	if ((int)f->status == status)
		return;
	f->status = status;
	f->updated_ms = f->analyzed_ms;
	*changed = true;
}

static void open_finding(struct sandbox *s, const struct role *r, int type, struct unused *u,
			 const struct box_secret *secret, bool *changed)
{
	const char *of = secret != NULL ? secret->id : NULL;
	const char *id = finding_id(s->arena, r, u, type, of);
	struct box_finding *f = finding_find(s, id);
	if (f == NULL) {
		f = arena_alloc(s->arena, sizeof *f);
		f->id = id;
		f->principal = r->type;
		f->role_id = r->id;
		f->role_key = r->slot->key;
		f->secret = of;
		f->resource = r->arn;
		f->account = r->account;
		f->type = type;
		f->status = BOX_RESOLVED;
		f->created_ms = box_now(s);
		finding_insert(s, f);
	}
	f->unused = u;
	f->last_used_ms = secret != NULL ? secret->last_used_ms : r->last_used_ms;
	f->seen = true;
	set_status(s, f, f->status == BOX_ARCHIVED ? BOX_ARCHIVED : BOX_ACTIVE, changed);
}

static int analyzer_age(const struct sandbox *s, const struct account *account)
{
	for (size_t i = 0; i < s->analyzer_count; i++)
		if (strstr(s->analyzer[i]->type, "UNUSED_ACCESS") != NULL &&
		    (s->analyzer[i]->account == account || s->analyzer[i]->organization))
			return s->analyzer[i]->age_days;
	return 0;
}

static bool unused_for(const struct sandbox *s, int64_t last_used_ms, int64_t age_ms)
{
	return last_used_ms == 0 || box_now(s) - last_used_ms >= age_ms;
}

static void analyse_secrets(struct sandbox *s, const struct role *r, int64_t age_ms, bool *changed)
{
	for (size_t i = 0; i < r->secret_count; i++) {
		const struct box_secret *x = &r->secret[i];
		if (box_now(s) - x->created_ms >= age_ms && unused_for(s, x->last_used_ms, age_ms))
			open_finding(s, r, x->id != NULL ? BOX_UNUSED_KEY : BOX_UNUSED_PASSWORD,
				     arena_alloc(s->arena, sizeof(struct unused)), x, changed);
	}
}

/* Roles and users must have existed for the whole tracking period; service-linked roles are not
 * analysed. There is no finding for a user that is wholly unused: its keys and password have one. */
static void analyse(struct sandbox *s, const struct role *r, bool *changed)
{
	int64_t age_ms = (int64_t)analyzer_age(s, r->account) * WHEN_DAY_MS;
	if (age_ms == 0 || box_now(s) - r->created_ms < age_ms ||
	    str_starts(r->path, "/aws-service-role/"))
		return;
	analyse_secrets(s, r, age_ms, changed);
	if (r->type == PRINCIPAL_ROLE && unused_for(s, r->last_used_ms, age_ms)) {
		open_finding(s, r, BOX_UNUSED_ROLE, arena_alloc(s->arena, sizeof(struct unused)), NULL,
			     changed);
		return;
	}
	struct unused *u = role_unused(s, s->arena, r);
	if (u->count > 0)
		open_finding(s, r, BOX_UNUSED_PERMISSION, u, NULL, changed);
}

static void refresh_slot(struct sandbox *s, struct slot *slot, bool all, bool *changed)
{
	if (slot->head == NULL || (!all && slot->analysed == slot->head))
		return;
	const struct role *r = slot_now(slot);
	for (struct box_finding *f = slot->findings; f != NULL; f = f->next)
		f->seen = false;
	if (r != NULL)
		analyse(s, r, changed);
	for (struct box_finding *f = slot->findings; f != NULL; f = f->next)
		if (!f->seen)
			set_status(s, f, BOX_RESOLVED, changed);
	slot->analysed = slot->head;
}

void findings_refresh(struct sandbox *s)
{
	bool changed = false;
	bool all = s->versions != s->analysed_versions || box_now(s) - s->analysed_ms >= WHEN_DAY_MS;
	for (size_t i = 0; i < s->account_count; i++)
		for (int type = PRINCIPAL_ROLE; type <= PRINCIPAL_USER; type++) {
			const struct table *t = table_of(s->account[i], type);
			for (size_t k = 0; k < t->count; k++)
				refresh_slot(s, t->slot[k], all, &changed);
		}
	s->analysed_versions = s->versions;
	if (all)
		s->analysed_ms = box_now(s);
	if (changed && !s->quiet)
		state_save(s);
}

const char *finding_alias(const struct sandbox *s, struct arena *a, const struct box_analyzer *z, const char *id)
{
	static const char hex[] = "0123456789abcdef";
	char *own = arena_strdup(a, id);
	size_t n = 0;
	while (n < s->analyzer_count && s->analyzer[n] != z)
		n++;
	uint32_t mask = (uint32_t)n * 0x9e3779b9u;
	for (size_t i = 0; own != NULL && i < 8; i++) {
		const char *digit = own[i] != '\0' ? strchr(hex, own[i]) : NULL;
		if (digit == NULL)
			break; /* no id: it will not be found */
		own[i] = hex[(size_t)(digit - hex) ^ ((mask >> (4 * i)) & 15)];
	}
	return own;
}

bool finding_seen_by(const struct box_analyzer *z, const struct box_finding *f)
{
	return z->organization || z->account == f->account;
}

struct box_finding *finding_get(struct sandbox *s, const struct box_analyzer *z, const char *id,
				struct problem *p)
{
	findings_refresh(s);
	struct box_finding *f = id != NULL ? finding_find(s, id) : NULL;
	if (f != NULL && finding_seen_by(z, f))
		return f;
	problem_set(p, 404, "ResourceNotFoundException", "Finding not found: %s", id != NULL ? id : "");
	return NULL;
}

static bool update_one(struct sandbox *s, struct box_finding *f, bool archive, struct problem *p)
{
	if (f->status == BOX_RESOLVED)
		return problem_set(p, 400, "ValidationException", "Finding %s is resolved.", f->id);
	if ((f->status == BOX_ARCHIVED) == archive)
		return true;
	f->status = archive ? BOX_ARCHIVED : BOX_ACTIVE;
	f->updated_ms = box_now(s);
	return true;
}

bool finding_update(struct sandbox *s, const struct box_analyzer *z, const char *id,
		    const char *resource, const char *status, struct problem *p)
{
	bool archive = str_equal(status, "ARCHIVED");
	if (!archive && !str_equal(status, "ACTIVE"))
		return problem_set(p, 400, "ValidationException",
				   "Value at 'status' failed to satisfy constraint: Member must satisfy enum value set: "
				   "[ACTIVE, ARCHIVED]");
	if (id == NULL && resource == NULL)
		return problem_set(p, 400, "ValidationException", "Either ids or resourceArn must be given.");
	if (id != NULL) {
		struct box_finding *f = finding_get(s, z, id, p);
		if (f == NULL || !update_one(s, f, archive, p))
			return false;
	} else {
		findings_refresh(s);
		for (size_t i = 0; i < s->finding_count; i++)
			if (finding_seen_by(z, s->finding[i]) && str_equal(s->finding[i]->resource, resource) &&
			    s->finding[i]->status != BOX_RESOLVED)
				update_one(s, s->finding[i], archive, p);
	}
	box_changed(s);
	return true;
}
