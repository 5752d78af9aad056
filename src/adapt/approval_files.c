/* approval_files: the lists that say whose signature counts, read anew each time: a key taken off
 * the list while a run waits for its lock counts no more. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lua_private.h"
#include "pare/world.h"

static bool terms(void *self, struct arena *a, const struct plan *plan, struct approval_terms *out,
		  struct err *e)
{
	const struct config *c = self;
	return lua_approval_terms(a, c->approval.function, plan, out, e);
}

/* Whoever may write the list is who approves: it may not be everybody. */
static bool trusted(const char *path, const struct stat *st, struct err *e)
{
	if (!S_ISREG(st->st_mode))
		return err_set(e, ERR_REFUSED, "'%s' is no regular file", path);
	return (st->st_mode & S_IWOTH) == 0 ||
	       err_set(e, ERR_REFUSED, "'%s' may be written by everybody (mode %04o): chmod o-w", path,
		       (unsigned)st->st_mode & 07777);
}

static bool file(void *self, struct arena *a, const char *path, size_t max, const char **bytes,
		 size_t *len, struct err *e)
{
	struct stat st;
	(void)self;
	FILE *f = fopen(path, "re");
	if (f == NULL)
		return err_set(e, ERR_REFUSED, "reading '%s': %s", path, strerror(errno));
	bool ok = fstat(fileno(f), &st) == 0 ? trusted(path, &st, e)
					     : err_set(e, ERR_REFUSED, "reading '%s': %s", path, strerror(errno));
	if (ok) {
		char *text = arena_alloc(a, max + 1);
		*len = fread(text, 1, max + 1, f);
		*bytes = text;
		ok = ferror(f) == 0 && *len <= max;
		if (!ok)
			err_set(e, ERR_REFUSED, "reading '%s': it is larger than %zu bytes, or cannot be read", path, max);
	}
	fclose(f);
	return ok;
}

void approval_open(const struct config *c, struct approval_port *out)
{
	*out = (struct approval_port){(void *)c, c->approval.by_function ? terms : NULL, file, NULL};
}
