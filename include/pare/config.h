/* config: pare.lua, read once into a plain struct; every member has its default here.
 * It belongs to whoever runs pare and is never read from the reviewed repository. */
#ifndef PARE_CONFIG_H
#define PARE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "pare/arena.h"
#include "pare/err.h"
#include "pare/str.h"

/* A question to AWS about a plan: not asked; asked, and where it cannot be, the plan goes without it;
 * asked, and must be answered. */
enum check_mode { CHECK_OFF, CHECK_OPTIONAL, CHECK_REQUIRED };

enum on_failure { ON_FAILURE_UNDO, ON_FAILURE_STOP };

/* A wave's accounts, as they stand in the configuration: by id, by organizational unit, and by tag
 * ("KEY=VALUE"). account_choice.h turns the last two into the first. */
struct wave {
	struct str_list account, unit, tag;
};

struct config {
	const char *file;     /* where it was read from, or NULL: defaults only */
	const char *analyzer; /* ARN or NULL */
	struct str_list regions; /* where --all-analyzers looks; none: the one of the environment */
	struct str_list rules; /* files or folders, absolute after reading */
	struct {
		const char *url; /* NULL: none */
		const char *branch; /* "main" */
		const char *forge;  /* "none" */
		const char *api, *project; /* of the forge; NULL: from the URL */
		struct str_list credential_helper; /* a program and its arguments; "get" is added */
		struct str_list labels;    /* of pull requests; nothing set: "pare" */
		struct str_list reviewers; /* asked to review: "alice", "acme/team" */
	} repository;
	struct {
		/* 111122223333 (an account), 111122223333/app/ (a path of roles), 111122223333/app/Web (a
		 * role) or * (the rest); sorted; and beside each its owners */
		struct str_list of, owner;
	} owners;
	struct {
		bool merged;       /* the plan must be on the protected branch: default true */
		int signatures, reviews;
		const char *signers, *revoked; /* paths or NULL */
		bool by_function;  /* approval is a Lua function of the plan: */
		struct lua_approval *function; /* it, for approval_open (world.h) */
	} approval;
	struct {
		const char *assume_role, *external_id, *source_identity; /* or NULL */
	} accounts;
	struct wave *wave; /* of a rollout; an account in two is in the first, those in none come last */
	size_t wave_count;
	int pause_s;           /* between waves */
	struct {
		int changes_per_run, changes_per_account, percent;
		int recommendation_age_days, plan_valid_days;
	} limits; /* 50, 20, 25, 30, 7 */
	struct {
		struct str_list open, freeze;
		struct str_list calendar;  /* ARNs of AWS Systems Manager change calendars */
		const struct window *read; /* open and freeze, understood; NULL: none are configured */
	} window;
	struct {
		enum check_mode validate_policy, no_new_access, simulate, last_accessed;
	} checks; /* off */
	struct {
		const char *pattern; /* NULL: any ticket id (ticket.h) */
		bool required;
	} ticket;
	struct {
		struct str_list standing;      /* names of the standing approvals that are honoured */
		const char *signers, *revoked; /* paths: who may sign them */
	} autofix;
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
