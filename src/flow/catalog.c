/* catalog: the update of the action catalogue: list ─► services, several at once ─► merge with what
 * is known ─► check ─► one write. Nothing is written before everything is read and checked. */
#include "pare/catalog_update.h"

#include <stdlib.h>
#include <string.h>

#include "catalog_read.h"
#include "pare/json.h"
#include "pare/when.h"

enum { SERVICES_MAX = 3000, AT_ONCE = 8, TRIES = 3 };

struct service {
	const char *prefix;
	struct fetch fetch;
	size_t tries;
	const struct catalog_service *read;
};

struct update {
	struct arena *arena;
	const struct catalog_update_setting *setting;
	const char *origin; /* "https://host:port" */
	struct service *service;
	size_t count;
	size_t actions; /* in the answer */
	struct catalog_change *change;
	struct err *e;
};

/* --- where from --- */

static bool on_this_machine(const char *host)
{
	static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		size_t len = strlen(names[i]);
		if (strncmp(host, names[i], len) == 0 && strchr(":/", host[len]) != NULL)
			return true;
	}
	return false;
}

/* A reference from the network in plain text could be anybody's. */
static bool read_origin(struct update *u)
{
	const char *url = u->setting->url;
	const char *host = str_starts(url, "https://")  ? url + 8
			   : str_starts(url, "http://") ? url + 7
							: NULL;
	if (host == NULL || *host == '/' || *host == '\0' || strpbrk(url, " \t\r\n@") != NULL)
		return err_set(u->e, ERR_USAGE, "updating the catalogue: expected an https URL, got '%s'", url);
	if (url[4] == ':' && !on_this_machine(host))
		return err_set(u->e, ERR_USAGE,
			       "updating the catalogue: '%s': expected https, except on this machine", url);
	size_t len = strcspn(host, "/?#");
	u->origin = arena_copy(u->arena, url, (size_t)(host - url) + len);
	return true;
}

/* --- the list --- */

static const char *path_of(const char *url)
{
	const char *host = url != NULL ? strstr(url, "://") : NULL;
	const char *path = host != NULL ? strchr(host + 3, '/') : url;
	return path != NULL && *path == '/' && strpbrk(path, " \t\r\n") == NULL ? path : NULL;
}

static int compare_services(const void *x, const void *y)
{
	const struct service *p = x, *q = y;
	return strcmp(p->prefix, q->prefix);
}

static bool add_service(struct update *u, const struct json *v)
{
	const char *name = json_text(v, "service"), *path = path_of(json_text(v, "url"));
	size_t len = name != NULL ? strlen(name) : 0;
	if (path == NULL || len == 0 || len > 100 ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != len)
		return err_set(u->e, ERR_INPUT,
			       "reading the reference's list: expected entries with 'service' and 'url'");
	struct service *s = &u->service[u->count++];
	s->prefix = name;
	s->fetch = (struct fetch){.url = str_printf(u->arena, "%s%s", u->origin, path),
				  .arena = u->arena};
	return true;
}

static bool read_list(struct update *u, const struct fetch *f)
{
	const struct json *root = json_parse(u->arena, f->body, f->len, f->url, u->e);
	if (root == NULL)
		return false;
	if (root->type != JSON_ARRAY || root->count == 0 || root->count > SERVICES_MAX)
		return err_set(u->e, ERR_INPUT,
			       "reading '%s': expected a list of services, at most %d", f->url, SERVICES_MAX);
	u->service = arena_array(u->arena, root->count, sizeof *u->service);
	for (const struct json *v = root->first; v != NULL; v = v->next)
		if (!add_service(u, v))
			return false;
	qsort(u->service, u->count, sizeof *u->service, compare_services);
	for (size_t i = 0; i < u->count; i++)
		u->service[i].fetch.owner = &u->service[i];
	for (size_t i = 1; i < u->count; i++)
		if (strcmp(u->service[i].prefix, u->service[i - 1].prefix) == 0)
			return err_set(u->e, ERR_INPUT, "reading '%s': service '%s' stands twice", f->url,
				       u->service[i].prefix);
	return true;
}

/* --- fetching --- */

static bool interrupted(const struct update *u)
{
	const struct clock_port *c = u->setting->clock;
	return c->interrupted(c->self) &&
	       !err_set(u->e, ERR_INTERRUPTED, "updating the catalogue: interrupted");
}

static struct fetch *wait_for_one(struct update *u)
{
	while (!interrupted(u)) {
		struct fetch *f = u->setting->web->next(u->setting->web->self, 1000);
		if (f != NULL)
			return f;
	}
	return NULL;
}

/* Every further try after a longer pause. */
static void pause_before(const struct update *u, size_t tries)
{
	const struct clock_port *c = u->setting->clock;
	c->sleep_until(c->self, c->now_ms(c->self) + (int64_t)(1000u << tries));
}

static bool fetch_list(struct update *u)
{
	struct fetch list = {.url = u->setting->url, .arena = u->arena};
	for (size_t tries = 0; tries < TRIES; tries++) {
		u->setting->web->start(u->setting->web->self, &list);
		if (wait_for_one(u) == NULL)
			return false;
		if (list.ok)
			return read_list(u, &list);
		if (list.err.kind != ERR_UNAVAILABLE)
			break;
		pause_before(u, tries);
	}
	*u->e = list.err;
	return err_wrap(u->e, "updating the catalogue");
}

static void report(const struct update *u, size_t done)
{
	const struct progress_port *p = u->setting->progress;
	if (p != NULL)
		p->step(p->self, "reading services", done, u->count);
}

/* false: it failed for good. */
static bool took(struct update *u, struct service *s, bool *again)
{
	*again = false;
	if (s->fetch.ok) {
		s->read = service_read(u->arena, s->prefix, s->fetch.body, s->fetch.len, u->e);
		return s->read != NULL;
	}
	*again = s->fetch.err.kind == ERR_UNAVAILABLE && ++s->tries < TRIES;
	if (*again)
		return true;
	*u->e = s->fetch.err;
	return err_wrap(u->e, "updating the catalogue: service '%s'", s->prefix);
}

/* What is under way is waited for, so that nothing is left behind in the adapter. */
static void drain(const struct update *u, size_t under_way)
{
	while (under_way-- > 0 && u->setting->web->next(u->setting->web->self, 5000) != NULL)
		;
}

static bool fetch_services(struct update *u)
{
	size_t started = 0, under_way = 0, done = 0;
	while (done < u->count) {
		bool again;
		for (; started < u->count && under_way < AT_ONCE; under_way++)
			u->setting->web->start(u->setting->web->self, &u->service[started++].fetch);
		struct fetch *f = wait_for_one(u);
		struct service *s = f != NULL ? f->owner : NULL;
		if (s == NULL)
			return false;
		if (!took(u, s, &again)) {
			drain(u, under_way - 1);
			return false;
		}
		if (again) {
			pause_before(u, s->tries - 1);
			u->setting->web->start(u->setting->web->self, &s->fetch);
			continue;
		}
		under_way--;
		u->actions += s->read->action_count;
		report(u, ++done);
	}
	return true;
}

/* --- merging and writing --- */

static bool large_enough(struct update *u)
{
	size_t services = catalog_service_count(u->setting->current);
	size_t actions = catalog_action_count(u->setting->current);
	if (u->count * 5 >= services * 4 && u->actions * 5 >= actions * 4)
		return true;
	return err_set(u->e, ERR_REFUSED,
		       "updating the catalogue: '%s' knows %zu services and %zu actions, the catalogue of %s %zu and "
		       "%zu: it looks cut off, and nothing was replaced",
		       u->setting->url, u->count, u->actions, catalog_date(u->setting->current), services, actions);
}

static void note_new(struct update *u, const struct catalog_service *now,
		     const struct catalog_service *known)
{
	if (known == NULL) {
		str_list_add(u->arena, &u->change->new_services, now->prefix);
		return;
	}
	for (size_t i = 0; i < now->action_count; i++)
		if (catalog_action(u->setting->current, now->action[i].full) == NULL)
			str_list_add(u->arena, &u->change->new_actions, now->action[i].full);
}

/* Both lists are sorted by prefix. */
static const struct catalog_service **merge(struct update *u, size_t *count)
{
	const struct catalog *current = u->setting->current;
	size_t known = catalog_service_count(current), i = 0, k = 0;
	const struct catalog_service **out = arena_array(u->arena, known + u->count, sizeof *out);
	*count = 0;
	while (i < u->count || k < known) {
		int order = i == u->count ? 1
			    : k == known  ? -1
					  : strcmp(u->service[i].prefix, catalog_prefix_at(current, k));
		const struct catalog_service *now = order <= 0 ? u->service[i++].read : NULL;
		const struct catalog_service *before = order >= 0 ? catalog_service_at(current, k++) : NULL;
		if (now != NULL)
			note_new(u, now, before);
		else
			u->change->kept_services++;
		out[(*count)++] = now == NULL	   ? before
				  : before == NULL ? now
						   : service_merge(u->arena, now, before,
								   &u->change->kept_actions);
	}
	return out;
}

static bool write_catalog(struct update *u)
{
	struct catalog_change *x = u->change;
	char date[WHEN_TEXT];
	size_t count;
	const struct catalog_service **all = merge(u, &count);
	struct buf *b = buf_new(u->arena, CATALOG_MAX_BYTES);
	when_iso(u->setting->now_ms, date);
	date[10] = '\0';
	x->date = arena_strdup(u->arena, date);
	x->source = u->setting->url;
	catalog_print(x->date, x->source, all, count, b);
	if (!buf_ok(b))
		return err_set(u->e, ERR_LIMIT, "updating the catalogue: larger than %d bytes", CATALOG_MAX_BYTES);
	const struct catalog *made = catalog_parse(u->arena, b->data, b->len, u->setting->url, u->e);
	if (made == NULL)
		return false;
	x->services_before = catalog_service_count(u->setting->current);
	x->actions_before = catalog_action_count(u->setting->current);
	x->services_after = catalog_service_count(made);
	x->actions_after = catalog_action_count(made);
	const struct store_port *store = u->setting->store;
	return store->write(store->self, CATALOG_FILE, b->data, b->len, u->e);
}

bool catalog_update(struct arena *a, const struct catalog_update_setting *s,
		    struct catalog_change *out, struct err *e)
{
	*out = (struct catalog_change){0};
	struct update u = {.arena = a, .setting = s, .change = out, .e = e};
	return read_origin(&u) && fetch_list(&u) && fetch_services(&u) && large_enough(&u) &&
	       write_catalog(&u);
}
