#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "pare/catalog_update.h"
#include "pare/str.h"
#include "pare/world.h"

enum { JSON_MAX_BYTES = 64 * 1024 * 1024 };

/* --- the catalogue in force --- */

static const struct catalog *kept_catalog(struct arena *a, const struct options *o)
{
	const char *dir = context_state_dir(a, o);
	const char *path = dir != NULL ? str_printf(a, "%s/%s", dir, CATALOG_FILE) : NULL;
	struct context c = {.arena = a, .o = o};
	struct store_port store;
	struct err e;
	const char *text;
	size_t len;
	if (path == NULL || access(path, F_OK) != 0)
		return NULL;
	const struct catalog *kept = NULL;
	if (store_open(a, dir, &store, &e) &&
	    store.read(store.self, a, CATALOG_FILE, CATALOG_MAX_BYTES, &text, &len, &e))
		kept = catalog_parse(a, text, len, path, &e);
	if (kept == NULL)
		note(&c, "pare: the embedded action catalogue is used instead: %s", e.message);
	return kept;
}

const struct catalog *context_catalog(struct arena *a, const struct options *o, bool *embedded)
{
	const struct catalog *built_in = catalog_embedded(a), *kept = kept_catalog(a, o);
	bool newer = kept != NULL && strcmp(catalog_date(kept), catalog_date(built_in)) > 0;
	if (embedded != NULL)
		*embedded = !newer;
	return newer ? kept : built_in;
}

/* --- showing it --- */

static int show_summary(const struct context *c, bool embedded)
{
	const struct catalog *k = c->catalog;
	const char *place = embedded ? "embedded" : str_printf(c->arena, "%s/%s", c->state_dir, CATALOG_FILE);
	if (c->o->json) {
		struct json_writer w = json_page(c->arena, JSON_MAX_BYTES);
		json_open(&w, '{');
		json_member_text(&w, "date", catalog_date(k));
		json_member_text(&w, "source", catalog_source(k));
		json_member_text(&w, "place", place);
		json_member_integer(&w, "services", (int64_t)catalog_service_count(k));
		json_member_integer(&w, "actions", (int64_t)catalog_action_count(k));
		json_close(&w, '}');
		say_json(&w);
		return EXIT_DONE;
	}
	say(c, PLAIN, "action catalogue of %s, %s\nsource: %s\n%zu services, %zu actions\n", catalog_date(k),
	    embedded ? "embedded in pare" : place, catalog_source(k), catalog_service_count(k),
	    catalog_action_count(k));
	return EXIT_DONE;
}

static const char *level_word(char level)
{
	return level == 'R'   ? "read"
	       : level == 'L' ? "list"
	       : level == 'W' ? "write"
	       : level == 'T' ? "tagging"
			      : "permissions";
}

static void put_action(struct json_writer *w, const struct catalog_action *x)
{
	json_open(w, '{');
	json_member_text(w, "action", x->full);
	json_member_text(w, "level", level_word(x->level));
	json_key(w, "resourceTypes");
	json_open(w, '[');
	for (size_t i = 0; i < x->resource_type_count; i++)
		json_put_text(w, x->resource_types[i]);
	json_close(w, ']');
	json_close(w, '}');
}

static void put_type(struct json_writer *w, const struct catalog_type *t)
{
	json_open(w, '{');
	json_member_text(w, "name", t->name);
	json_key(w, "arnFormats");
	json_open(w, '[');
	for (size_t i = 0; i < t->arn_count; i++)
		json_put_text(w, t->arn[i]);
	json_close(w, ']');
	json_close(w, '}');
}

static void say_action(const struct context *c, const struct catalog_action *x)
{
	say(c, PLAIN, "%-44s %-11s", x->full, level_word(x->level));
	for (size_t i = 0; i < x->resource_type_count; i++)
		say(c, DIM, "%s%s", i == 0 ? " " : ", ", x->resource_types[i]);
	say(c, PLAIN, "\n");
}

static void put_service(struct json_writer *w, const struct catalog_service *s)
{
	json_open(w, '{');
	json_member_text(w, "service", s->prefix);
	json_key(w, "actions");
	json_open(w, '[');
	for (size_t i = 0; i < s->action_count; i++)
		put_action(w, &s->action[i]);
	json_close(w, ']');
	json_key(w, "resourceTypes");
	json_open(w, '[');
	for (size_t i = 0; i < s->type_count; i++)
		put_type(w, &s->type[i]);
	json_close(w, ']');
	json_close(w, '}');
}

static int show_all(const struct context *c)
{
	struct json_writer w = json_page(c->arena, JSON_MAX_BYTES);
	json_open(&w, '[');
	for (size_t i = 0; i < catalog_service_count(c->catalog); i++) {
		const struct catalog_service *s = catalog_service_at(c->catalog, i);
		if (c->o->json)
			put_service(&w, s);
		else
			say(c, PLAIN, "%-32s %5zu actions\n", s->prefix, s->action_count);
	}
	json_close(&w, ']');
	if (c->o->json)
		say_json(&w);
	return EXIT_DONE;
}

static int show_service(const struct context *c, const struct catalog_service *s)
{
	if (c->o->json) {
		struct json_writer w = json_page(c->arena, JSON_MAX_BYTES);
		put_service(&w, s);
		say_json(&w);
		return EXIT_DONE;
	}
	for (size_t i = 0; i < s->action_count; i++)
		say_action(c, &s->action[i]);
	return EXIT_DONE;
}

static bool names_type(const char *marked, const char *name)
{
	size_t len = strlen(name);
	return strncmp(marked, name, len) == 0 && (marked[len] == '\0' || strcmp(marked + len, "*") == 0);
}

static int show_action(const struct context *c, const struct catalog_service *s,
		       const struct catalog_action *x)
{
	if (c->o->json) {
		struct json_writer w = json_page(c->arena, JSON_MAX_BYTES);
		put_action(&w, x);
		say_json(&w);
		return EXIT_DONE;
	}
	say_action(c, x);
	for (size_t i = 0; i < x->resource_type_count; i++)
		for (size_t k = 0; k < s->type_count; k++)
			for (size_t n = 0; names_type(x->resource_types[i], s->type[k].name) && n < s->type[k].arn_count; n++)
				say(c, PLAIN, "  %s\n", s->type[k].arn[n]);
	return EXIT_DONE;
}

static int refuse(struct err *e)
{
	complain(e);
	return exit_code_of(e);
}

static const char *nearest(const struct context *c, const struct catalog_service *s, const char *word)
{
	size_t count = s != NULL ? s->action_count : catalog_service_count(c->catalog);
	const char **names = arena_array(c->arena, count, sizeof *names);
	for (size_t i = 0; i < count; i++)
		names[i] = s != NULL ? s->action[i].full : catalog_prefix_at(c->catalog, i);
	return str_nearest(word, names, count);
}

static int show(const struct context *c, const char *word)
{
	const char *colon = strchr(word, ':');
	const char *prefix = colon != NULL ? arena_copy(c->arena, word, (size_t)(colon - word)) : word;
	const struct catalog_service *s = catalog_service(c->catalog, prefix);
	const struct catalog_action *x = catalog_action(c->catalog, word);
	if (s != NULL && colon == NULL)
		return show_service(c, s);
	if (x != NULL)
		return show_action(c, s, x);
	struct err e;
	const char *near = nearest(c, s, s != NULL ? word : prefix);
	err_set(&e, ERR_NOT_FOUND, "the catalogue of %s has no %s '%s'%s%s%s", catalog_date(c->catalog),
		s != NULL ? "action" : "service", s != NULL ? word : prefix, near != NULL ? ": did you mean '" : "",
		near != NULL ? near : "", near != NULL ? "'?" : "");
	return refuse(&e);
}

/* --- updating it --- */

static int say_change(const struct context *c, const struct catalog_change *x)
{
	if (c->o->json) {
		struct json_writer w = json_page(c->arena, JSON_MAX_BYTES);
		json_open(&w, '{');
		json_member_text(&w, "date", x->date);
		json_member_text(&w, "source", x->source);
		json_member_integer(&w, "services", (int64_t)x->services_after);
		json_member_integer(&w, "actions", (int64_t)x->actions_after);
		json_member_list(&w, "newServices", &x->new_services);
		json_member_list(&w, "newActions", &x->new_actions);
		json_member_integer(&w, "keptServices", (int64_t)x->kept_services);
		json_member_integer(&w, "keptActions", (int64_t)x->kept_actions);
		json_close(&w, '}');
		say_json(&w);
		return EXIT_DONE;
	}
	say(c, PLAIN, "action catalogue of %s: %zu services (%zu before), %zu actions (%zu before)\n", x->date,
	    x->services_after, x->services_before, x->actions_after, x->actions_before);
	for (size_t i = 0; i < x->new_services.count; i++)
		say(c, GREEN, "+ %s\n", x->new_services.item[i]);
	for (size_t i = 0; i < x->new_actions.count; i++)
		say(c, GREEN, "+ %s\n", x->new_actions.item[i]);
	if (x->kept_services + x->kept_actions > 0)
		say(c, PLAIN, "%zu services and %zu actions that the reference no longer lists are kept\n",
		    x->kept_services, x->kept_actions);
	return EXIT_DONE;
}

static int update(const struct context *c)
{
	struct err e;
	struct fetch_port web;
	struct catalog_change change;
	const char *bundle = getenv("AWS_CA_BUNDLE");
	const struct catalog_update_setting s = {
		.web = &web, .clock = &c->clock, .store = &c->store, .progress = &c->progress,
		.current = c->catalog, .url = c->o->url != NULL ? c->o->url : CATALOG_URL, .now_ms = c->now_ms,
	};
	if (!fetch_open(c->arena, str_empty(bundle) ? NULL : bundle, &web, &e) ||
	    !catalog_update(c->arena, &s, &change, &e))
		return refuse(&e);
	if (strcmp(change.date, catalog_date(catalog_embedded(c->arena))) <= 0)
		note(c, "pare: the embedded catalogue is not older than %s and stays in force", change.date);
	return say_change(c, &change);
}

int command_catalog(struct arena *a, const struct options *o)
{
	struct context c = {.arena = a, .o = o};
	struct err e;
	bool embedded;
	const char *verb = o->words.count > 0 ? o->words.item[0] : "";
	bool shows = strcmp(verb, "show") == 0, updates = strcmp(verb, "update") == 0;
	if ((!shows && !updates && o->words.count > 0) ||
	    (updates && o->words.count != 1)) {
		err_set(&e, ERR_USAGE, "'pare catalog': expected nothing, 'show [SERVICE|ACTION]' or 'update' behind it");
		return refuse(&e);
	}
	if (o->url != NULL && !updates) {
		err_set(&e, ERR_USAGE, "'pare catalog': '--url' goes with 'update' only");
		return refuse(&e);
	}
	if (updates)
		return context_open(a, o, &c, &e) ? update(&c) : refuse(&e);
	c.state_dir = context_state_dir(a, o);
	c.catalog = context_catalog(a, o, &embedded);
	if (!shows)
		return show_summary(&c, embedded);
	return o->words.count > 1 ? show(&c, o->words.item[1]) : show_all(&c);
}
