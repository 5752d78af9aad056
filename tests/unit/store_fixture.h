/* A state folder of one test's own. */
#ifndef PARE_STORE_FIXTURE_H
#define PARE_STORE_FIXTURE_H

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pare/str.h"
#include "pare/world.h"

struct fixture {
	struct arena *arena;
	char dir[64];
	struct store_port port;
};

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct err e;
	f->arena = arena_new(NULL);
	strcpy(f->dir, "/tmp/pare-store-XXXXXX");
	if (mkdtemp(f->dir) == NULL || !store_open(f->arena, f->dir, &f->port, &e))
		return -1;
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];
	arena_free(f->arena);
	snprintf(command, sizeof command, "rm -rf %s", f->dir);
	int result = system(command);
	free(f);
	return result;
}

static inline const char *path_in(struct fixture *f, const char *name)
{
	return str_printf(f->arena, "%s/%s", f->dir, name);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
