/* sim_disk: the state folder of one machine. A killed process may leave a part of its last append; a
 * full disk takes a part and says so. */
#include <string.h>

#include "pare/str.h"
#include "sim.h"

static struct sim_file *find(struct disk *d, const char *name)
{
	for (size_t i = 0; i < d->count; i++)
		if (strcmp(d->file[i].name, name) == 0)
			return &d->file[i];
	return NULL;
}

static struct sim_file *make(struct disk *d, const char *name)
{
	struct sim_file *f = find(d, name);
	if (f != NULL)
		return f;
	if (d->count == d->cap) {
		d->cap = d->cap == 0 ? 16 : 2 * d->cap;
		struct sim_file *more = arena_array(d->arena, d->cap, sizeof *more);
		if (d->count > 0)
			memcpy(more, d->file, d->count * sizeof *more);
		d->file = more;
	}
	f = &d->file[d->count++];
	*f = (struct sim_file){.name = arena_strdup(d->arena, name)};
	return f;
}

static void put(struct disk *d, struct sim_file *f, size_t at, const void *bytes, size_t len)
{
	char *all = arena_alloc(d->arena, at + len + 1);
	if (at > 0)
		memcpy(all, f->bytes, at);
	if (len > 0)
		memcpy(all + at, bytes, len);
	f->bytes = all;
	f->len = at + len;
}

static bool store_read(void *self, struct arena *a, const char *name, size_t max, const char **bytes,
		       size_t *len, struct err *e)
{
	struct actor *x = self;
	actor_operation(x, name);
	const struct sim_file *f = find(x->disk, name);
	if (f == NULL)
		return err_set(e, ERR_NOT_FOUND, "reading '%s': there is no such file", name);
	if (f->len > max)
		return err_set(e, ERR_LIMIT, "reading '%s': too large", name);
	*bytes = arena_copy(a, f->bytes, f->len);
	*len = f->len;
	return true;
}

static bool full(const char *name, struct err *e)
{
	return err_set(e, ERR_IO, "writing '%s': no space left on device", name);
}

static bool store_write(void *self, const char *name, const void *bytes, size_t len, struct err *e)
{
	struct actor *x = self;
	actor_operation(x, name);
	if (x->disk->full)
		return full(name, e);
	put(x->disk, make(x->disk, name), 0, bytes, len);
	actor_operation(x, "written");
	return true;
}

static bool store_append(void *self, const char *name, size_t at, const void *bytes, size_t len,
			 struct err *e)
{
	struct actor *x = self;
	actor_operation(x, name);
	struct sim_file *f = make(x->disk, name);
	if (at > f->len) {
		sim_fail(x->sim, "J4: '%s' is appended to at %zu of %zu bytes", name, at, f->len);
		return err_set(e, ERR_IO, "writing '%s': it is shorter than expected", name);
	}
	size_t part = sim_random(x->sim->schedule->seed, 4, x->operations) % (len + 1);
	put(x->disk, f, at, bytes, part);
	if (x->disk->full)
		return full(name, e);
	actor_operation(x, "half written");
	put(x->disk, f, at, bytes, len);
	actor_operation(x, "synced");
	return true;
}

static bool store_list(void *self, struct arena *a, const char *folder, struct str_list *names,
		       struct err *e)
{
	struct actor *x = self;
	(void)e;
	const char *prefix = str_printf(a, "%s/", folder);
	for (size_t i = 0; i < x->disk->count; i++)
		if (str_starts(x->disk->file[i].name, prefix))
			str_list_add(a, names, x->disk->file[i].name);
	str_list_sort(names);
	return true;
}

static bool store_lock(void *self, const char *name, struct err *e)
{
	struct actor *x = self;
	actor_operation(x, "lock");
	if (str_list_has(&x->disk->locked, name))
		return err_set(e, ERR_REFUSED, "'%s' is locked by another process", name);
	str_list_add(x->disk->arena, &x->disk->locked, name);
	return true;
}

static void store_unlock(void *self, const char *name)
{
	struct actor *x = self;
	struct str_list *l = &x->disk->locked;
	size_t kept = 0;
	actor_operation(x, "unlock");
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->item[i], name) != 0)
			l->item[kept++] = l->item[i];
	l->count = kept;
}

struct store_port sim_store(struct actor *x)
{
	return (struct store_port){x, store_read, store_write, store_append, store_list, store_lock,
				   store_unlock};
}
