/* config: pare.lua, read once into a plain struct; every member has its default here.
 * It belongs to whoever runs pare and is never read from the reviewed repository. */
#ifndef PARE_CONFIG_H
#define PARE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "pare/arena.h"
#include "pare/err.h"
#include "pare/str.h"

enum on_failure { ON_FAILURE_UNDO, ON_FAILURE_STOP };

struct config {
	const char *file;     /* where it was read from, or NULL: defaults only */
	const char *analyzer; /* ARN or NULL */
	struct str_list rules; /* files or folders, absolute after reading */
	struct {
		const char *url; /* NULL: none */
		const char *branch; /* "main" */
		const char *forge;  /* "none" */
	} repository;
	struct {
		bool merged;       /* the plan must be on the protected branch: default true */
		int signatures, reviews;
		const char *signers, *revoked; /* paths or NULL */
		bool by_function;  /* approval is a Lua function of the plan */
	} approval;
	struct {
		const char *assume_role, *external_id; /* or NULL */
	} accounts;
	struct {
		int changes_per_run, changes_per_account, percent;
		int recommendation_age_days, plan_valid_days;
	} limits; /* 50, 20, 25, 30, 7 */
	struct {
		struct str_list open, freeze;
	} window;
	struct str_list protect; /* ARN globs */
	enum on_failure on_failure;
	const char *author; /* "pare@localhost" unless set */
	bool shared_blocks; /* gate `shared` fails when others use the policy; default false */
};

void config_default(struct arena *a, struct config *c);

/* In adapt/lua_config.c: reads and checks; relative paths become relative to the file. Unknown keys
 * are refused with the nearest known one; the error names file and key. */
bool config_read(struct arena *a, const char *path, struct config *c, struct err *e);

/* The commented example that `pare init` writes; the same text as examples/pare.lua. */
const char *config_sample(void);

#endif
