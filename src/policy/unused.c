#include "pare/unused.h"

#include <string.h>
#include <strings.h>

#include "glob.h"
#include "pare/catalog.h"

static bool lists_action(const struct unused_service *s, const char *name)
{
	for (size_t i = 0; i < s->actions.count; i++)
		if (str_equal_nocase(s->actions.item[i], name))
			return true;
	return false;
}

bool unused_has(const struct unused *u, const char *action)
{
	const char *colon = strchr(action, ':');
	if (colon == NULL)
		return false;
	size_t len = (size_t)(colon - action);
	for (size_t i = 0; i < u->count; i++) {
		const struct unused_service *s = &u->service[i];
		if (strlen(s->namespace) != len || strncasecmp(s->namespace, action, len) != 0)
			continue;
		if (s->whole || lists_action(s, colon + 1))
			return true;
	}
	return false;
}

static bool kept(const struct str_list *patterns, const char *action)
{
	for (size_t i = 0; i < patterns->count; i++)
		if (glob_action(patterns->item[i], action))
			return true;
	return false;
}

/* Could a pattern match an action of this service, known or not? Rules may write any pattern:
 * "s3:Get*", "*:Describe*", "s3*". */
static bool may_touch(struct arena *a, const struct str_list *patterns, const char *namespace)
{
	for (size_t i = 0; i < patterns->count; i++) {
		const char *colon = strchr(patterns->item[i], ':');
		if (colon == NULL)
			return true;
		const char *prefix = arena_copy(a, patterns->item[i], (size_t)(colon - patterns->item[i]));
		if (glob_text(prefix, namespace, true))
			return true;
	}
	return false;
}

static void keep_some(struct arena *a, const struct unused_service *from,
		      const struct str_list *patterns, const struct catalog *catalog,
		      struct unused_service *to)
{
	const struct catalog_service *known = catalog_service(catalog, from->namespace);
	*to = (struct unused_service){.namespace = from->namespace, .last_accessed = from->last_accessed};
	/* An action of a whole service that the catalogue does not know may be one of those kept: then
	 * only what it knows is called unused. */
	size_t count = from->whole ? (known != NULL ? known->action_count : 0) : from->actions.count;
	for (size_t i = 0; i < count; i++) {
		const char *name = from->whole ? known->action[i].name : from->actions.item[i];
		if (!kept(patterns, str_printf(a, "%s:%s", from->namespace, name)))
			str_list_add(a, &to->actions, name);
	}
}

struct unused *unused_without(struct arena *a, const struct unused *u,
			      const struct str_list *patterns, const struct catalog *catalog)
{
	struct unused *out = arena_alloc(a, sizeof *out);
	out->service = arena_array(a, u->count, sizeof *out->service);
	for (size_t i = 0; i < u->count; i++) {
		struct unused_service *to = &out->service[out->count];
		if (!may_touch(a, patterns, u->service[i].namespace))
			*to = u->service[i];
		else
			keep_some(a, &u->service[i], patterns, catalog, to);
		out->count += to->whole || to->actions.count > 0;
	}
	return out;
}

/* --- reading --- */

/* One service of the result: entries of the same service are joined. */
static struct unused_service *service_of(struct arena *a, struct unused *u, const char *namespace)
{
	for (size_t i = 0; i < u->count; i++)
		if (str_equal_nocase(u->service[i].namespace, namespace))
			return &u->service[i];
	struct unused_service *grown = arena_array(a, u->count + 1, sizeof *grown);
	if (u->count > 0)
		memcpy(grown, u->service, u->count * sizeof *grown);
	u->service = grown;
	u->service[u->count].namespace = str_lower(a, namespace);
	return &u->service[u->count++];
}

/* AWS writes bare names; "s3:GetObject" is accepted, too. A pattern is not: it would match nothing
 * here, and whoever wrote it meant that much is unused. */
static bool add_action(struct arena *a, struct unused_service *s, const char *name, const char *what,
		       struct err *e)
{
	const char *colon = strchr(name, ':');
	size_t len = strlen(s->namespace);
	if (colon != NULL && ((size_t)(colon - name) != len || strncasecmp(name, s->namespace, len) != 0))
		return err_set(e, ERR_INPUT, "reading '%s': action '%s' stands under service '%s'", what, name,
			       s->namespace);
	const char *bare = colon != NULL ? colon + 1 : name;
	if (*bare == '\0' || strpbrk(bare, "*?: ") != NULL)
		return err_set(e, ERR_INPUT, "reading '%s': expected the name of one action of '%s', got '%s'", what,
			       s->namespace, name);
	str_list_add(a, &s->actions, bare);
	return true;
}

static bool read_details(struct arena *a, struct unused *u, const struct json *d, const char *what,
			 struct err *e)
{
	const char *namespace = json_text(d, "serviceNamespace");
	if (namespace == NULL)
		return err_set(e, ERR_INPUT, "reading '%s': unusedPermissionDetails without serviceNamespace",
			       what);
	struct unused_service *s = service_of(a, u, namespace);
	s->last_accessed = json_text(d, "lastAccessed");
	const struct json *actions = json_get(d, "actions");
	if (actions == NULL || actions->type == JSON_NULL) {
		s->whole = true;
		return true;
	}
	if (actions->type != JSON_ARRAY)
		return err_set(e, ERR_INPUT, "reading '%s': expected 'actions' to be a list", what);
	for (const struct json *x = actions->first; x != NULL; x = x->next) {
		const char *name = x->type == JSON_STRING ? x->text : json_text(x, "action");
		if (str_empty(name))
			return err_set(e, ERR_INPUT, "reading '%s': an unused action of '%s' without its name",
				       what, namespace);
		if (!add_action(a, s, name, what, e))
			return false;
	}
	return true;
}

static bool read_item(struct arena *a, struct unused *u, const struct json *v, const char *what,
		      struct err *e)
{
	if (v->type == JSON_STRING) {
		const char *colon = strchr(v->text, ':');
		if (colon == NULL) {
			service_of(a, u, v->text)->whole = true;
			return true;
		}
		const char *prefix = arena_copy(a, v->text, (size_t)(colon - v->text));
		return add_action(a, service_of(a, u, prefix), v->text, what, e);
	}
	const struct json *details = json_get(v, "unusedPermissionDetails");
	if (details != NULL)
		return read_details(a, u, details, what, e);
	if (json_get(v, "serviceNamespace") != NULL)
		return read_details(a, u, v, what, e);
	if (v->type == JSON_OBJECT)
		return true; /* details of another kind of finding */
	return err_set(e, ERR_INPUT,
		       "reading '%s': expected \"service\", \"service:Action\" or unusedPermissionDetails",
		       what);
}

struct unused *unused_parse(struct arena *a, const struct json *value, const char *what,
			    struct err *e)
{
	struct unused *u = arena_alloc(a, sizeof *u);
	const struct json *list = value;
	if (value->type == JSON_OBJECT)
		list = json_get(value, "findingDetails");
	if (list == NULL || list->type != JSON_ARRAY) {
		err_set(e, ERR_INPUT,
			"reading '%s': expected a list, or an object with 'findingDetails' as get-finding-v2 "
			"prints it",
			what);
		return NULL;
	}
	for (const struct json *v = list->first; v != NULL; v = v->next)
		if (!read_item(a, u, v, what, e))
			return NULL;
	return u;
}
