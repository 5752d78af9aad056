#include "pare/finding.h"

#include <string.h>

#include "pare/str.h"

static enum finding_type type_of(const char *text)
{
	static const struct {
		const char *text;
		enum finding_type type;
	} known[] = {
		{"UnusedPermission", FINDING_UNUSED_PERMISSION},
		{"UnusedIAMRole", FINDING_UNUSED_ROLE},
		{"UnusedIAMUserAccessKey", FINDING_UNUSED_ACCESS_KEY},
		{"UnusedIAMUserPassword", FINDING_UNUSED_PASSWORD},
	};
	for (size_t i = 0; text != NULL && i < sizeof known / sizeof known[0]; i++)
		if (strcmp(known[i].text, text) == 0)
			return known[i].type;
	return FINDING_OTHER;
}

/* findingDetails of a finding about one thing as a whole; the key of its one member. */
static const char *whole_details(enum finding_type type)
{
	switch (type) {
	case FINDING_UNUSED_ROLE:
		return "unusedIamRoleDetails";
	case FINDING_UNUSED_ACCESS_KEY:
		return "unusedIamUserAccessKeyDetails";
	case FINDING_UNUSED_PASSWORD:
		return "unusedIamUserPasswordDetails";
	default:
		return NULL;
	}
}

static void take_whole(struct finding *f, const struct json *details)
{
	const char *key = whole_details(f->type);
	if (key == NULL || details == NULL || details->type != JSON_ARRAY)
		return;
	for (const struct json *v = details->first; v != NULL; v = v->next) {
		const struct json *x = json_get(v, key);
		if (json_text(x, "accessKeyId") != NULL)
			f->access_key_id = json_text(x, "accessKeyId");
		if (json_text(x, "lastAccessed") != NULL)
			f->last_accessed = json_text(x, "lastAccessed");
	}
}

struct finding *finding_parse(struct arena *a, const struct json *value, const char *what,
			      struct err *e)
{
	struct finding *f = arena_alloc(a, sizeof *f);
	if (value->type != JSON_OBJECT || str_empty(json_text(value, "id"))) {
		err_set(e, ERR_INPUT, "reading '%s': expected a finding, an object with 'id'", what);
		return NULL;
	}
	f->id = json_text(value, "id");
	f->analyzer = json_text(value, "analyzerArn");
	f->type_text = json_text(value, "findingType");
	f->type = type_of(f->type_text);
	f->status = json_text(value, "status");
	f->resource = json_text(value, "resource");
	f->resource_type = json_text(value, "resourceType");
	f->owner_account = json_text(value, "resourceOwnerAccount");
	f->created_at = json_text(value, "createdAt");
	f->updated_at = json_text(value, "updatedAt");
	f->analyzed_at = json_text(value, "analyzedAt");
	f->error = json_text(value, "error");
	if (f->type_text == NULL)
		f->type_text = "unknown";
	if (f->status == NULL) {
		err_set(e, ERR_INPUT, "reading '%s': finding '%s' has no 'status'", what, f->id);
		return NULL;
	}
	const struct json *details = json_get(value, "findingDetails");
	f->detailed = details != NULL && details->type == JSON_ARRAY;
	take_whole(f, details);
	f->unused = f->detailed ? unused_parse(a, value, what, e) : arena_alloc(a, sizeof *f->unused);
	return f->unused != NULL ? f : NULL;
}

bool finding_merge(struct arena *a, struct finding *into, const struct finding *page,
		   struct err *e)
{
	if (strcmp(into->id, page->id) != 0)
		return err_set(e, ERR_INPUT, "reading finding '%s': a page of finding '%s' was mixed in",
			       into->id, page->id);
	if (!str_equal(into->updated_at, page->updated_at))
		return err_set(e, ERR_STALE, "reading finding '%s': it was updated while its pages were read",
			       into->id);
	size_t count = into->unused->count + page->unused->count;
	struct unused *all = arena_alloc(a, sizeof *all);
	all->service = arena_array(a, count, sizeof *all->service);
	for (size_t i = 0; i < into->unused->count; i++)
		all->service[all->count++] = into->unused->service[i];
	for (size_t i = 0; i < page->unused->count; i++)
		all->service[all->count++] = page->unused->service[i];
	into->unused = all;
	into->detailed = into->detailed || page->detailed;
	return true;
}

static void print_whole(struct json_writer *w, const struct finding *f)
{
	json_open(w, '{');
	json_key(w, whole_details(f->type));
	json_open(w, '{');
	if (f->access_key_id != NULL)
		json_member_text(w, "accessKeyId", f->access_key_id);
	if (f->last_accessed != NULL)
		json_member_text(w, "lastAccessed", f->last_accessed);
	json_close(w, '}');
	json_close(w, '}');
}

static void print_service(struct json_writer *w, const struct unused_service *s)
{
	json_open(w, '{');
	json_key(w, "unusedPermissionDetails");
	json_open(w, '{');
	json_member_text(w, "serviceNamespace", s->namespace);
	if (s->last_accessed != NULL)
		json_member_text(w, "lastAccessed", s->last_accessed);
	if (!s->whole) {
		json_key(w, "actions");
		json_open(w, '[');
		for (size_t i = 0; i < s->actions.count; i++) {
			json_open(w, '{');
			json_member_text(w, "action", s->actions.item[i]);
			json_close(w, '}');
		}
		json_close(w, ']');
	}
	json_close(w, '}');
	json_close(w, '}');
}

void finding_print(const struct finding *f, struct buf *out)
{
	const struct {
		const char *key, *text;
	} members[] = {
		{"id", f->id},
		{"analyzerArn", f->analyzer},
		{"findingType", f->type_text},
		{"status", f->status},
		{"resource", f->resource},
		{"resourceType", f->resource_type},
		{"resourceOwnerAccount", f->owner_account},
		{"createdAt", f->created_at},
		{"updatedAt", f->updated_at},
		{"analyzedAt", f->analyzed_at},
		{"error", f->error},
	};
	struct json_writer w;
	json_start(&w, out, false);
	json_open(&w, '{');
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
		if (members[i].text != NULL)
			json_member_text(&w, members[i].key, members[i].text);
	if (f->detailed) {
		json_key(&w, "findingDetails");
		json_open(&w, '[');
		for (size_t i = 0; i < f->unused->count; i++)
			print_service(&w, &f->unused->service[i]);
		if (whole_details(f->type) != NULL)
			print_whole(&w, f);
		json_close(&w, ']');
	}
	json_close(&w, '}');
	buf_putc(out, '\n');
}
