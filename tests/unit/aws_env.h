/* A test that reads AWS's variables starts from none of them, and with a home of its own. */
#ifndef PARE_AWS_ENV_H
#define PARE_AWS_ENV_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

static inline void aws_env_clear(void)
{
	for (char **at = environ; *at != NULL;) {
		char name[256];
		size_t len = strcspn(*at, "=");
		if ((strncmp(*at, "AWS_", 4) == 0 || strncmp(*at, "PARE_SIGNING", 12) == 0) &&
		    len < sizeof name) {
			snprintf(name, sizeof name, "%.*s", (int)len, *at);
			unsetenv(name);
			at = environ;
		} else {
			at++;
		}
	}
	setenv("HOME", "/nonexistent", 1);
}

/* Writes a file that the test's folder owns. */
static inline void aws_env_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0)
		abort();
}

#endif
