#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "pare/arn.h"
#include "pare/forge.h"
#include "pare/str.h"
#include "pare/when.h"
#include "pare/world.h"

static const char *home_file(struct arena *a, const char *below)
{
	const char *home = getenv("HOME");
	return str_empty(home) ? NULL : str_printf(a, "%s/%s", home, below);
}

const char *context_state_dir(struct arena *a, const struct options *o)
{
	if (o->state != NULL)
		return o->state;
	if (!str_empty(getenv("PARE_STATE")))
		return getenv("PARE_STATE");
	const char *xdg = getenv("XDG_STATE_HOME");
	if (!str_empty(xdg) && xdg[0] == '/')
		return str_printf(a, "%s/pare", xdg);
	return home_file(a, ".local/state/pare");
}

/* Never the current directory: whoever can write there must not configure pare. */
static bool read_config(struct context *c, struct err *e)
{
	struct arena *a = c->arena;
	config_default(a, &c->config);
	if (c->o->config != NULL)
		return config_read(a, c->o->config, &c->config, e);
	if (!str_empty(getenv("PARE_CONFIG")))
		return config_read(a, getenv("PARE_CONFIG"), &c->config, e);
	const char *candidates[] = {home_file(a, ".config/pare/pare.lua"), "/etc/pare/pare.lua"};
	for (size_t i = 0; i < 2; i++)
		if (candidates[i] != NULL && access(candidates[i], F_OK) == 0)
			return config_read(a, candidates[i], &c->config, e);
	return true;
}

static bool apply_flags(struct context *c, struct err *e)
{
	const struct options *o = c->o;
	if (o->repo != NULL)
		c->config.repository.url = o->repo;
	if (o->branch != NULL)
		c->config.repository.branch = o->branch;
	if (o->forge != NULL)
		c->config.repository.forge = o->forge;
	static const char *const forges[] = {"none", "github", "gitlab", "gitea"};
	for (size_t i = 0; i < sizeof forges / sizeof forges[0]; i++)
		if (strcmp(c->config.repository.forge, forges[i]) == 0)
			return true;
	const char *near = str_nearest(c->config.repository.forge, forges, 4);
	return err_set(e, ERR_USAGE, "option '--forge': expected none, github, gitlab or gitea, got '%s'%s%s",
		       c->config.repository.forge, near != NULL ? "; did you mean " : "",
		       near != NULL ? near : "");
}

bool context_open(struct arena *a, const struct options *o, struct context *c, struct err *e)
{
	*c = (struct context){.arena = a, .o = o};
	c->clock = clock_system(a);
	c->now_ms = c->clock.now_ms(c->clock.self);
	if (o->now != NULL && !when_parse(o->now, &c->now_ms))
		return err_set(e, ERR_USAGE,
			       "option '--now': expected a time such as 2026-11-24T03:09:23Z, got '%s'",
			       o->now);
	if (!read_config(c, e) || !apply_flags(c, e))
		return false;
	c->state_dir = context_state_dir(a, o);
	if (c->state_dir == NULL)
		return err_set(e, ERR_USAGE,
			       "finding the state folder: HOME is not set; give '--state DIR'");
	if (!store_open(a, c->state_dir, &c->store, e))
		return false;
	c->progress = progress_open(a, o);
	c->catalog = context_catalog(a, o, NULL);
	return true;
}

bool context_aws(struct context *c, const char *region_hint, struct aws **aws, struct err *e)
{
	const char *region, *from;
	if (!region_find(c->arena, region_hint, &region, &from, e))
		return false;
	struct aws_setting s = {
		.region = region,
		.concurrency = (size_t)c->o->concurrency,
		.verbose = c->o->verbose,
		.progress = &c->progress,
		.credentials = c->credentials,
	};
	*aws = aws_new(c->arena, &s, &c->clock, e);
	return *aws != NULL;
}

/* Beside the program: ../share/pare/rules where it is installed, ../rules in a build tree. */
static const char *shipped_rules(struct arena *a)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
	if (len <= 0)
		return NULL;
	self[len] = '\0';
	static const char *const below[] = {"../share/pare/rules", "../rules", "../../rules"};
	char *slash = strrchr(self, '/');
	*slash = '\0';
	for (size_t i = 0; i < sizeof below / sizeof below[0]; i++) {
		const char *path = str_printf(a, "%s/%s", self, below[i]);
		char *real = realpath(path, NULL);
		if (real == NULL)
			continue;
		const char *kept = arena_strdup(a, real);
		free(real);
		return kept;
	}
	return NULL;
}

bool context_rules(struct context *c, struct str_list *paths, struct err *e)
{
	const char *shipped = shipped_rules(c->arena);
	bool wanted = c->config.rules.count == 0 || str_list_has(&c->config.rules, "shipped");
	for (size_t i = 0; i < c->config.rules.count; i++) {
		bool word = strcmp(c->config.rules.item[i], "shipped") == 0;
		str_list_add(c->arena, paths, word && shipped != NULL ? shipped : c->config.rules.item[i]);
	}
	if (!wanted)
		return true;
	if (shipped == NULL)
		return err_set(e, ERR_USAGE,
			       "finding the rules: the shipped ones are not beside the program; set 'rules' in "
			       "pare.lua, so that no backup or recovery role is planned by accident");
	if (paths->count == 0)
		str_list_add(c->arena, paths, shipped);
	return true;
}

bool context_review(struct context *c, struct review_port *review, struct err *e)
{
	if (c->config.repository.url == NULL)
		return err_set(e, ERR_USAGE,
			       "finding the review repository: give '--repo URL' or set 'repository' in "
			       "pare.lua");
	return git_open(c->arena, c->config.repository.url, c->state_dir, review, e);
}

bool context_forge(struct context *c, const struct review_port *review, struct forge_port *forge,
		   struct err *e)
{
	*forge = (struct forge_port){.self = NULL};
	return strcmp(c->config.repository.forge, "none") == 0 ||
	       forge_open(c->arena, &c->config, review, &c->clock, forge, e);
}

/* A forge that cannot be asked is told of; plans that need reviews are then not approved. */
void context_approvals(struct context *c, const struct review_port *review, struct forge_port *forge,
		       struct approval_port *out)
{
	struct err e;
	approval_open(&c->config, out);
	if (review == NULL)
		return;
	if (!context_forge(c, review, forge, &e))
		note(c, "pare: %s", e.message);
	else if (forge->self != NULL)
		out->forge = forge;
}

bool context_caller(struct context *c, const struct read_port *aws, const char **arn,
		    const char **account, struct err *e)
{
	struct call call = {.op = CALL_GET_CALLER_IDENTITY, .arena = c->arena};
	if (!read_one(aws, &call)) {
		*e = call.err;
		return err_wrap(e, "asking AWS who we are");
	}
	*arn = call.caller_arn;
	*account = call.caller_account;
	return true;
}
