/* sim_remote: the review repository, its references changed by compare-and-swap only. */
#include <stdlib.h>
#include <string.h>

#include "pare/digest.h"
#include "pare/str.h"
#include "sim.h"

const struct sim_commit *remote_commit(const struct remote *r, const char *oid)
{
	for (size_t i = r->count; i > 0; i--)
		if (strcmp(r->commit[i - 1]->oid, oid) == 0)
			return r->commit[i - 1];
	return NULL;
}

const char *remote_resolve(const struct remote *r, const char *ref)
{
	for (size_t i = 0; i < r->ref_count; i++)
		if (strcmp(r->ref[i].name, ref) == 0)
			return r->ref[i].oid;
	return "";
}

void remote_set(struct remote *r, const char *name, const char *oid)
{
	for (size_t i = 0; i < r->ref_count; i++) {
		if (strcmp(r->ref[i].name, name) != 0)
			continue;
		memcpy(r->ref[i].oid, oid, strlen(oid) + 1);
		return;
	}
	if (r->ref_count == r->ref_cap) {
		r->ref_cap = r->ref_cap == 0 ? 16 : 2 * r->ref_cap;
		struct sim_ref *more = arena_array(r->arena, r->ref_cap, sizeof *more);
		if (r->ref_count > 0)
			memcpy(more, r->ref, r->ref_count * sizeof *more);
		r->ref = more;
	}
	r->ref[r->ref_count].name = arena_strdup(r->arena, name);
	memcpy(r->ref[r->ref_count++].oid, oid, strlen(oid) + 1);
}

static int by_path(const void *x, const void *y)
{
	return strcmp(((const struct review_file *)x)->path, ((const struct review_file *)y)->path);
}

static bool below(const char *path, const char *folder)
{
	size_t len = strlen(folder);
	return len > 0 && folder[len - 1] == '/' && strncmp(path, folder, len) == 0;
}

static bool replaced(const char *path, const struct review_file *file, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(path, file[i].path) == 0 || (file[i].bytes == NULL && below(path, file[i].path)))
			return true;
	return false;
}

static void make_commit(struct remote *r, const char *parent, const struct review_file *file,
			size_t count, const char *message, char oid[OID_HEX])
{
	const struct sim_commit *p = parent[0] != '\0' ? remote_commit(r, parent) : NULL;
	struct sim_commit *c = arena_alloc(r->arena, sizeof *c);
	struct buf *b = buf_new(r->arena, 64u * 1024 * 1024);
	char hex[SHA256_HEX];
	c->parent = arena_strdup(r->arena, parent);
	c->file = arena_array(r->arena, (p != NULL ? p->count : 0) + count, sizeof *c->file);
	for (size_t i = 0; p != NULL && i < p->count; i++)
		if (!replaced(p->file[i].path, file, count))
			c->file[c->count++] = p->file[i];
	for (size_t i = 0; i < count; i++)
		if (file[i].bytes != NULL)
			c->file[c->count++] = (struct review_file){
				arena_strdup(r->arena, file[i].path),
				arena_copy(r->arena, file[i].bytes, file[i].len), file[i].len};
	if (c->count > 0)
		qsort(c->file, c->count, sizeof *c->file, by_path);
	buf_printf(b, "%s\n%s\n", parent, message);
	for (size_t i = 0; i < c->count; i++) {
		buf_printf(b, "%s %zu\n", c->file[i].path, c->file[i].len);
		buf_put(b, c->file[i].bytes, c->file[i].len);
	}
	struct sha256 digest = sha256_of(b->data, b->len);
	sha256_print(&digest, hex);
	memcpy(c->oid, hex, OID_HEX - 1);
	memcpy(oid, c->oid, OID_HEX);
	if (remote_commit(r, oid) != NULL)
		return;
	if (r->count == r->cap) {
		r->cap = r->cap == 0 ? 16 : 2 * r->cap;
		struct sim_commit **more = arena_array(r->arena, r->cap, sizeof(struct sim_commit *));
		if (r->count > 0)
			memcpy(more, r->commit, r->count * sizeof(struct sim_commit *));
		r->commit = more;
	}
	r->commit[r->count++] = c;
}

void remote_put(struct remote *r, const char *ref, const struct review_file *file, size_t count)
{
	char oid[OID_HEX];
	make_commit(r, remote_resolve(r, ref), file, count, "merge", oid);
	remote_set(r, ref, oid);
}

/* --- the port --- */

static bool reachable(struct actor *x, const char *what, struct err *e)
{
	actor_operation(x, what);
	if (x->sim->remote_down == 0 || x->sim->calm)
		return true;
	x->sim->remote_down--;
	return err_set(e, ERR_UNAVAILABLE, "%s: the remote does not answer", what);
}

static bool review_fetch(void *self, struct err *e)
{
	struct actor *x = self;
	const struct remote *r = &x->sim->remote;
	if (!reachable(x, "fetch", e))
		return false;
	x->seen = arena_array(x->arena, r->ref_count, sizeof *x->seen);
	x->seen_count = r->ref_count;
	if (r->ref_count > 0)
		memcpy(x->seen, r->ref, r->ref_count * sizeof *x->seen);
	return true;
}

static bool review_refs(void *self, struct arena *a, const char *prefix, struct str_list *names,
			struct err *e)
{
	struct actor *x = self;
	(void)e;
	for (size_t i = 0; i < x->seen_count; i++)
		if (x->seen[i].oid[0] != '\0' && str_starts(x->seen[i].name, prefix))
			str_list_add(a, names, x->seen[i].name);
	str_list_sort(names);
	return true;
}

static bool review_resolve(void *self, const char *ref, char oid[OID_HEX], struct err *e)
{
	struct actor *x = self;
	(void)e;
	oid[0] = '\0';
	for (size_t i = 0; i < x->seen_count; i++)
		if (strcmp(x->seen[i].name, ref) == 0)
			memcpy(oid, x->seen[i].oid, OID_HEX);
	return true;
}

static bool review_read(void *self, struct arena *a, const char *commit, const char *path, size_t max,
			const char **bytes, size_t *len, struct err *e)
{
	struct actor *x = self;
	const struct sim_commit *c = remote_commit(&x->sim->remote, commit);
	for (size_t i = 0; c != NULL && i < c->count; i++) {
		if (strcmp(c->file[i].path, path) != 0)
			continue;
		if (c->file[i].len > max)
			return err_set(e, ERR_REFUSED, "reading '%s': too large", path);
		*bytes = arena_copy(a, c->file[i].bytes, c->file[i].len);
		*len = c->file[i].len;
		return true;
	}
	return err_set(e, ERR_NOT_FOUND, "reading '%s': not in commit %.12s", path, commit);
}

static bool review_list(void *self, struct arena *a, const char *commit, const char *folder,
			struct str_list *paths, struct err *e)
{
	struct actor *x = self;
	const struct sim_commit *c = remote_commit(&x->sim->remote, commit);
	const char *prefix = str_printf(a, "%s/", folder);
	(void)e;
	for (size_t i = 0; c != NULL && i < c->count; i++)
		if (str_starts(c->file[i].path, prefix))
			str_list_add(a, paths, c->file[i].path);
	return true;
}

static bool review_descends(void *self, const char *commit, const char *ancestor, bool *yes,
			    struct err *e)
{
	struct actor *x = self;
	(void)e;
	*yes = false;
	for (const struct sim_commit *c = remote_commit(&x->sim->remote, commit); c != NULL && !*yes;
	     c = remote_commit(&x->sim->remote, c->parent))
		*yes = strcmp(c->oid, ancestor) == 0;
	return true;
}

static bool review_commit(void *self, const char *parent, const struct review_file *file, size_t count,
			  const char *message, const char *author_email, int64_t when_ms,
			  char oid[OID_HEX], struct err *e)
{
	struct actor *x = self;
	(void)e;
	make_commit(&x->sim->remote, parent, file, count,
		    str_printf(x->arena, "%s %s %lld", message, author_email, (long long)when_ms), oid);
	return true;
}

static bool review_publish(void *self, const char *ref, const char *expected, const char *oid,
			   struct err *e)
{
	struct actor *x = self;
	struct remote *r = &x->sim->remote;
	if (!reachable(x, ref, e))
		return false;
	const char *there = remote_resolve(r, ref);
	if (expected != NULL && strcmp(there, expected) != 0)
		return err_set(e, ERR_CONFLICT, "publishing '%s': it moved", ref);
	remote_set(r, ref, oid);
	actor_operation(x, "published");
	struct err later;
	return review_fetch(self, &later) || true;
}

struct review_port sim_review(struct actor *x)
{
	return (struct review_port){.self = x,
				    .url = "https://git.example/acme/iam-review.git",
				    .fetch = review_fetch,
				    .refs = review_refs,
				    .resolve = review_resolve,
				    .read = review_read,
				    .list = review_list,
				    .descends = review_descends,
				    .commit = review_commit,
				    .publish = review_publish};
}
