#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pare/buf.h"
#include "pare/str.h"
#include "pare/world.h"

enum { FILE_MAX_BYTES = 1024 * 1024 * 1024 };

static bool read_stream(struct arena *a, FILE *f, const char *name, struct saved_text *out,
			struct err *e)
{
	struct buf *b = buf_new(a, FILE_MAX_BYTES);
	char piece[65536];
	size_t got;
	while ((got = fread(piece, 1, sizeof piece, f)) > 0)
		buf_put(b, piece, got);
	if (ferror(f) != 0)
		return err_set(e, ERR_IO, "reading '%s': %s", name, strerror(errno));
	if (!buf_ok(b))
		return err_set(e, ERR_LIMIT, "reading '%s': larger than 1 GiB", name);
	*out = (struct saved_text){arena_strdup(a, name), b->data, b->len};
	return true;
}

static bool read_file(struct arena *a, const char *path, struct saved_text *out, struct err *e)
{
	FILE *f = fopen(path, "re");
	if (f == NULL)
		return err_set(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "reading '%s': %s",
			       path, strerror(errno));
	bool ok = read_stream(a, f, path, out, e);
	fclose(f);
	return ok;
}

static bool list_json(struct arena *a, const char *path, struct str_list *names, struct err *e)
{
	DIR *dir = opendir(path);
	if (dir == NULL)
		return err_set(e, ERR_IO, "reading folder '%s': %s", path, strerror(errno));
	bool ok = true;
	while (ok) {
		struct stat st;
		errno = 0;
		struct dirent *x = readdir(dir);
		if (x == NULL) {
			ok = errno == 0 ||
			     err_set(e, ERR_IO, "reading folder '%s': %s", path, strerror(errno));
			break;
		}
		if (x->d_name[0] == '.' || !str_ends(x->d_name, ".json"))
			continue;
		const char *file = str_printf(a, "%s/%s", path, x->d_name);
		if (stat(file, &st) !=
		    0) /* left out silently it would be a finding that nobody sees */
			ok = err_set(e, ERR_IO, "reading '%s': %s", file, strerror(errno));
		else if (S_ISREG(st.st_mode))
			str_list_add(a, names, file);
	}
	closedir(dir);
	str_list_sort(names);
	return ok &&
	       (names->count > 0 ||
		err_set(e, ERR_INPUT, "reading folder '%s': there is no *.json file in it", path));
}

bool files_read(struct arena *a, const char *path, struct saved_text **texts, size_t *count,
		struct err *e)
{
	struct stat st;
	struct str_list names = {0};
	*count = 0;
	if (strcmp(path, "-") == 0) {
		*texts = arena_array(a, 1, sizeof **texts);
		*count = 1;
		return read_stream(a, stdin, "standard input", &(*texts)[0], e);
	}
	if (stat(path, &st) != 0)
		return err_set(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "reading '%s': %s",
			       path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		str_list_add(a, &names, path);
	else if (!list_json(a, path, &names, e))
		return false;
	*texts = arena_array(a, names.count, sizeof **texts);
	for (; *count < names.count; (*count)++)
		if (!read_file(a, names.item[*count], &(*texts)[*count], e))
			return false;
	return true;
}
