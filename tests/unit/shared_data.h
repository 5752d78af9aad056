/* Larger public corpora beside the project: PARE_SHARED_DATA names their folder, else
 * ../shared/data. Tests that need them are skipped, saying so, where they are not. */
#ifndef PARE_SHARED_DATA_H
#define PARE_SHARED_DATA_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* The folder, or NULL. */
static inline const char *shared_data(void)
{
	struct stat st;
	const char *dir = getenv("PARE_SHARED_DATA");
	if (dir == NULL)
		dir = "../shared/data";
	if (stat(dir, &st) == 0 && S_ISDIR(st.st_mode))
		return dir;
	return NULL;
}

/* The whole file below the folder, malloc'ed with a NUL behind it; NULL when absent. */
static inline char *shared_file(const char *name, size_t *len)
{
	char path[4096];
	const char *dir = shared_data();
	if (dir == NULL)
		return NULL;
	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "rb");
	if (f == NULL)
		return NULL;
	fseek(f, 0, SEEK_END);
	long size = ftell(f);
	rewind(f);
	char *text = malloc((size_t)size + 1);
	size_t got = text != NULL ? fread(text, 1, (size_t)size, f) : 0;
	fclose(f);
	if (text == NULL || got != (size_t)size) {
		free(text);
		return NULL;
	}
	text[got] = 0;
	if (len != NULL)
		*len = got;
	return text;
}

#endif
