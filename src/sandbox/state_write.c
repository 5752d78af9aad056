/* state_write: the state file, written new, synced and renamed, so that a reader sees the state
 * before or after a write and never half of one. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model.h"
#include "pare/json.h"
#include "pare/when.h"

enum { STATE_MAX_BYTES = 1 << 30 };

static void member(struct json_writer *w, const char *key, const char *text)
{
	if (text != NULL)
		json_member_text(w, key, text);
}

static void put_time(struct json_writer *w, const char *key, int64_t ms)
{
	char text[WHEN_TEXT];
	if (ms == 0)
		return;
	when_iso(ms, text);
	json_member_text(w, key, text);
}

static void put_tags(struct json_writer *w, const struct tag *tag, size_t count)
{
	if (count == 0)
		return;
	json_key(w, "tags");
	json_open(w, '{');
	for (size_t i = 0; i < count; i++)
		json_member_text(w, tag[i].key, tag[i].value);
	json_close(w, '}');
}

static void put_accounts(struct json_writer *w, const struct sandbox *s)
{
	for (size_t i = 0; i < s->account_count; i++) {
		const struct account *a = s->account[i];
		json_open(w, '{');
		member(w, "id", a->id);
		member(w, "partition", a->partition);
		member(w, "fault", a->fault != ACCOUNT_WELL ? account_faults[a->fault] : NULL);
		json_member_integer(w, "attachedPerRole", (int64_t)a->attached_quota);
		json_member_integer(w, "attachedPerUser", (int64_t)a->user_attached_quota);
		json_member_integer(w, "policies", (int64_t)a->policies_quota);
		json_member_integer(w, "roles", (int64_t)a->roles_quota);
		json_close(w, '}');
	}
}

/* Oldest first: the first is who the direct door calls as. */
static void put_key(struct json_writer *w, const struct box_key *k)
{
	if (k == NULL)
		return;
	put_key(w, k->next);
	json_open(w, '{');
	member(w, "accessKeyId", k->wire.access_key_id);
	member(w, "secret", k->wire.secret);
	member(w, "token", k->wire.session_token);
	member(w, "account", k->wire.account);
	member(w, "arn", k->wire.caller_arn);
	member(w, "userId", k->user_id);
	member(w, "sourceIdentity", k->source_identity);
	put_time(w, "expiresAt", k->wire.expires_ms);
	json_close(w, '}');
}

static void put_analyzers(struct json_writer *w, const struct sandbox *s)
{
	for (size_t i = 0; i < s->analyzer_count; i++) {
		const struct box_analyzer *z = s->analyzer[i];
		json_open(w, '{');
		member(w, "arn", z->arn);
		member(w, "type", z->type);
		member(w, "status", z->status);
		put_time(w, "createdAt", z->created_ms);
		json_member_integer(w, "unusedAccessAge", z->age_days);
		json_close(w, '}');
	}
}

static void put_regions(struct json_writer *w, const struct sandbox *s)
{
	for (size_t i = 0; i < s->region_count; i++) {
		json_open(w, '{');
		member(w, "name", s->region[i].name);
		member(w, "fault", account_faults[s->region[i].fault]);
		json_close(w, '}');
	}
}

static void put_policies(struct json_writer *w, const struct table *t)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct managed *m = slot_now(t->slot[i]);
		if (m == NULL)
			continue;
		json_open(w, '{');
		member(w, "arn", m->arn);
		member(w, "id", m->id);
		member(w, "description", m->description);
		put_time(w, "createdAt", m->created_ms);
		put_time(w, "updatedAt", m->updated_ms);
		json_member_bool(w, "attachable", m->attachable);
		json_member_integer(w, "lastVersion", (int64_t)m->last_version);
		json_key(w, "versions");
		json_open(w, '[');
		for (size_t k = 0; k < m->version_count; k++) {
			json_open(w, '{');
			json_member_integer(w, "number", (int64_t)m->version[k].number);
			if (m->version[k].number == m->default_version)
				json_member_bool(w, "default", true);
			put_time(w, "createdAt", m->version[k].created_ms);
			member(w, "document", m->version[k].document->text);
			json_close(w, '}');
		}
		json_close(w, ']');
		put_tags(w, m->tag, m->tag_count);
		json_close(w, '}');
	}
}

static void put_secret(struct json_writer *w, const struct box_secret *x)
{
	json_open(w, '{');
	member(w, "id", x->id);
	put_time(w, "createdAt", x->created_ms);
	put_time(w, "lastUsedAt", x->last_used_ms);
	json_close(w, '}');
}

static void put_user_only(struct json_writer *w, const struct role *r)
{
	json_member_list(w, "groups", &r->groups);
	json_key(w, "accessKeys");
	json_open(w, '[');
	for (size_t i = 0; i < r->secret_count; i++)
		if (r->secret[i].id != NULL)
			put_secret(w, &r->secret[i]);
	json_close(w, ']');
	for (size_t i = 0; i < r->secret_count; i++)
		if (r->secret[i].id == NULL) {
			json_key(w, "password");
			put_secret(w, &r->secret[i]);
		}
}

static void put_role(struct json_writer *w, const struct role *r)
{
	json_open(w, '{');
	member(w, "account", r->account->id);
	member(w, "name", r->name);
	member(w, "path", r->path);
	member(w, "id", r->id);
	member(w, "description", r->description);
	put_time(w, "createdAt", r->created_ms);
	put_time(w, "lastUsedAt", r->last_used_ms);
	if (r->type == PRINCIPAL_USER) {
		put_user_only(w, r);
	} else {
		member(w, "lastUsedRegion", r->last_used_region);
		json_member_integer(w, "maxSessionDuration", r->max_session_s);
		member(w, "trust", r->trust);
	}
	member(w, "boundary", r->boundary != NULL ? r->boundary->arn : NULL);
	put_tags(w, r->tag, r->tag_count);
	json_key(w, "attached");
	json_open(w, '[');
	for (size_t i = 0; i < r->attached_count; i++)
		json_put_text(w, r->attached[i]->arn);
	json_close(w, ']');
	json_key(w, "inline");
	json_open(w, '[');
	for (size_t i = 0; i < r->inline_count; i++) {
		json_open(w, '{');
		member(w, "name", r->inlines[i].name);
		member(w, "document", r->inlines[i].document->text);
		json_close(w, '}');
	}
	json_close(w, ']');
	json_member_list(w, "usedActions", &r->used);
	if (r->late.count > 0)
		json_member_list(w, "lateActions", &r->late);
	json_close(w, '}');
}

static void put_principals(struct json_writer *w, const struct sandbox *s, enum principal_type type)
{
	json_open(w, '[');
	for (size_t i = 0; i < s->account_count; i++) {
		const struct table *t = table_of(s->account[i], type);
		for (size_t k = 0; k < t->count; k++)
			if (slot_now(t->slot[k]) != NULL)
				put_role(w, slot_now(t->slot[k]));
	}
	json_close(w, ']');
}

static void put_unused(struct json_writer *w, const struct unused *u)
{
	json_key(w, "unused");
	json_open(w, '[');
	for (size_t i = 0; i < u->count; i++) {
		json_open(w, '{');
		member(w, "serviceNamespace", u->service[i].namespace);
		member(w, "lastAccessed", u->service[i].last_accessed);
		if (!u->service[i].whole)
			json_member_list(w, "actions", &u->service[i].actions);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void put_findings(struct json_writer *w, const struct sandbox *s)
{
	for (size_t i = 0; i < s->finding_count; i++) {
		const struct box_finding *f = s->finding[i];
		json_open(w, '{');
		member(w, "id", f->id);
		member(w, "account", f->account->id);
		member(w, f->principal == PRINCIPAL_USER ? "user" : "role", f->role_key);
		member(w, "secret", f->secret);
		member(w, "roleId", f->role_id);
		member(w, "resource", f->resource);
		member(w, "type", box_finding_type(f));
		member(w, "status", box_status(f));
		put_time(w, "createdAt", f->created_ms);
		put_time(w, "updatedAt", f->updated_ms);
		put_time(w, "analyzedAt", f->analyzed_ms);
		put_unused(w, f->unused);
		json_close(w, '}');
	}
}

static void put_recommendations(struct json_writer *w, const struct sandbox *s)
{
	for (size_t i = 0; i < s->recommendation_count; i++) {
		const struct box_recommendation *r = s->recommendation[i];
		json_open(w, '{');
		member(w, "finding", r->finding_id);
		member(w, "resource", r->resource);
		put_time(w, "startedAt", r->started_ms);
		put_time(w, "completedAt", r->completed_ms);
		member(w, "errorCode", r->error_code);
		member(w, "errorMessage", r->error_message);
		json_key(w, "steps");
		json_open(w, '[');
		for (size_t k = 0; k < r->step_count; k++) {
			json_open(w, '{');
			json_member_bool(w, "create", r->step[k].create);
			member(w, "existing", r->step[k].existing_id);
			put_time(w, "updatedAt", r->step[k].updated_ms);
			member(w, "document", r->step[k].document);
			json_close(w, '}');
		}
		json_close(w, ']');
		json_close(w, '}');
	}
}

static void put_all(struct json_writer *w, const struct sandbox *s)
{
	char random[32];
	snprintf(random, sizeof random, "%016llx", (unsigned long long)s->random);
	json_open(w, '{');
	member(w, "schema", "pare.sandbox/v1");
	member(w, "random", random);
	json_member_bool(w, "generated", s->generated);
	json_key(w, "accounts");
	json_open(w, '[');
	put_accounts(w, s);
	json_close(w, ']');
	json_key(w, "keys");
	json_open(w, '[');
	put_key(w, s->keys);
	json_close(w, ']');
	json_key(w, "analyzers");
	json_open(w, '[');
	put_analyzers(w, s);
	json_close(w, ']');
	json_key(w, "regions");
	json_open(w, '[');
	put_regions(w, s);
	json_close(w, ']');
	if (s->organization != NULL) {
		json_key(w, "organization");
		json_put_value(w, s->organization);
	}
	json_key(w, "policies");
	json_open(w, '[');
	put_policies(w, &s->aws_policies);
	for (size_t i = 0; i < s->account_count; i++)
		put_policies(w, &s->account[i]->policies);
	json_close(w, ']');
	json_key(w, "roles");
	put_principals(w, s, PRINCIPAL_ROLE);
	json_key(w, "users");
	put_principals(w, s, PRINCIPAL_USER);
	json_key(w, "findings");
	json_open(w, '[');
	put_findings(w, s);
	json_close(w, ']');
	json_key(w, "recommendations");
	json_open(w, '[');
	put_recommendations(w, s);
	json_close(w, ']');
	json_close(w, '}');
	buf_putc(w->out, '\n');
}

static bool write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);
		if (n < 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

/* A sandbox that cannot keep its state must not go on as if it could: from then on every call is
 * answered with the reason. */
void state_save(struct sandbox *s)
{
	const char *name = s->setting.state_file;
	if (name == NULL || s->quiet)
		return;
	struct arena *scratch = arena_new(NULL);
	struct buf *b = buf_new(scratch, STATE_MAX_BYTES);
	struct json_writer w;
	json_start(&w, b, s->generated); /* small ones are for people */
	put_all(&w, s);
	const char *fresh = str_printf(scratch, "%s.new", name);
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && buf_ok(b) && write_all(fd, b->data, b->len) && fsync(fd) == 0;
	if (fd >= 0)
		ok = close(fd) == 0 && ok;
	ok = ok && rename(fresh, name) == 0;
	if (!ok)
		snprintf(s->broken, sizeof s->broken, "The state file '%.150s' cannot be written: %s", name,
			 strerror(errno));
	arena_free(scratch);
}
