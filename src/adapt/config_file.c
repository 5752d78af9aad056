/* config_file: pare.lua's bytes, and the folder that its relative paths are below. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua_private.h"
#include "pare/str.h"

enum { CONFIG_MAX_BYTES = 1024 * 1024 };

const char *config_file_read(struct arena *a, const char *path, size_t *len, struct err *e)
{
	FILE *f = fopen(path, "re");
	if (f == NULL) {
		err_set(e, ERR_USAGE, "reading the configuration '%s': %s", path, strerror(errno));
		return NULL;
	}
	char *text = arena_alloc(a, CONFIG_MAX_BYTES + 1);
	*len = fread(text, 1, CONFIG_MAX_BYTES + 1, f);
	int why = ferror(f) ? errno : 0;
	fclose(f);
	if (why == 0 && *len <= CONFIG_MAX_BYTES)
		return text;
	if (why != 0)
		err_set(e, ERR_USAGE, "reading the configuration '%s': %s", path, strerror(why));
	else
		err_set(e, ERR_USAGE, "reading the configuration '%s': larger than %d bytes", path,
			CONFIG_MAX_BYTES);
	return NULL;
}

const char *config_file_folder(struct arena *a, const char *path)
{
	char *real = realpath(path, NULL);
	char *folder = arena_strdup(a, real != NULL ? real : path);
	free(real);
	char *slash = strrchr(folder, '/');
	if (slash == NULL)
		return ".";
	*slash = '\0';
	return folder;
}
