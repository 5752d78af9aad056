/* cli: the talk. Options are parsed into one struct, a command builds what it needs from a context,
 * calls the flow, and hands the result to a view. The only layer that prints.
 *
 * To add a command: a row in commands.c, a file of its name here, its options in options.c, its
 * section in docs/pare.1, and a test. */
#ifndef PARE_CLI_H
#define PARE_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pare/apply.h"
#include "pare/aws.h"
#include "pare/config.h"
#include "pare/draft.h"
#include "pare/outcome.h"
#include "pare/port.h"

/* What state the world is in. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,  /* nothing changed */
	EXIT_USAGE = 2,
	EXIT_REFUSED = 3,
	EXIT_UNKNOWN = 4, /* a proof could not decide; apply: failed and rolled back */
	EXIT_PERSON = 5,  /* partial or uncertain */
	EXIT_PLANS = 10,  /* plan --detailed-exitcode */
	EXIT_INTERRUPTED = 130,
};
int exit_code_of(const struct err *e);

enum color_mode { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct options {
	/* for every command */
	const char *config, *state, *color, *now;
	bool json, verbose, quiet, help;
	/* of one command */
	const char *analyzer, *role, *finding, *repo, *branch, *forge, *unused, *url;
	struct str_list findings, account_state, old_files, new_files;
	int64_t limit, max_changes;
	bool detailed_exitcode, dry_run;
	/* the rest */
	const char *command;
	struct str_list words;
};

struct command {
	const char *name;
	const char *arguments; /* for the usage line */
	const char *summary;
	const char *options;   /* names of the options it takes, space-separated */
	size_t max_words;      /* positional arguments */
	bool refuses_now;      /* expiry is judged by the real clock */
	int (*run)(struct arena *a, const struct options *o);
};
const struct command *command_find(const char *name);
const struct command *command_at(size_t index); /* NULL past the end */

struct option_row {
	const char *name;    /* "--role" */
	const char *letter;  /* "-v" or NULL */
	const char *value;   /* "GLOB", or NULL for a switch */
	const char *help;
	size_t offset;       /* in struct options */
	enum { OPTION_SWITCH, OPTION_TEXT, OPTION_LIST, OPTION_COUNT } kind;
	bool global;
};
const struct option_row *option_at(size_t index); /* NULL past the end */
bool options_parse(struct arena *a, int argc, char **argv, struct options *o, struct err *e);

/* --- what a command works with; built on demand from options, configuration, environment --- */

struct context {
	struct arena *arena;
	const struct options *o;
	struct config config;
	struct clock_port clock;
	struct store_port store;
	const char *state_dir;
	int64_t now_ms; /* --now, else the clock */
	struct progress_port progress;
	const struct catalog *catalog;
};
/* --state, $PARE_STATE, or below $XDG_STATE_HOME or $HOME; NULL: none of them. */
const char *context_state_dir(struct arena *a, const struct options *o);
/* The newer of the embedded catalogue and the state folder's, without making that folder. A broken
 * one in the state folder is said and not used. embedded may be NULL. */
const struct catalog *context_catalog(struct arena *a, const struct options *o, bool *embedded);
bool context_open(struct arena *a, const struct options *o, struct context *c, struct err *e);
bool context_aws(struct context *c, const char *region_hint, struct aws **aws, struct err *e);
bool context_rules(struct context *c, struct str_list *paths, struct err *e);
bool context_review(struct context *c, struct review_port *review, struct err *e);
/* GetCallerIdentity. */
bool context_caller(struct context *c, const struct read_port *aws, const char **arn,
		    const char **account, struct err *e);

/* --- plans in the state folder --- */

struct kept_plan {
	struct plan *plan;
	struct principal *before; /* as it was when the plan was drafted */
	const char *finding_json, *recommendation_json; /* NULL where none */
};
bool keep_plan(struct context *c, const struct outcome *o, struct err *e);
bool keep_plan_of(struct context *c, const struct plan *p, const struct principal *before,
		  const struct finding *finding, const struct recommendation *r, struct err *e);
bool kept_plans(struct context *c, struct kept_plan **out, size_t *count, struct err *e);
/* By id (or a unique prefix), digest (or a prefix of 8 or more) or role name; the newest of a role. */
bool kept_plan_find(struct context *c, const char *word, struct kept_plan *out, struct err *e);
bool kept_run(struct context *c, struct run_record **out, struct err *e);

/* --- output --- */

enum style { PLAIN, BOLD, DIM, RED, GREEN, YELLOW, CYAN };

/* To stdout; control characters in the text are replaced, colours only where wanted. */
void say(const struct context *c, enum style s, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void say_raw(const char *bytes, size_t len); /* JSON: printed as it is */
void say_diff(const struct context *c, const char *diff, const char *indent);
/* To stderr: "pare: …". */
void complain(const struct err *e);
void note(const struct context *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool output_color(const struct options *o);
struct progress_port progress_open(struct arena *a, const struct options *o);
void progress_clear(void);

/* --- views --- */

void view_run(const struct context *c, const struct run *r);
void view_plan_table(const struct context *c, const struct plan *p, const struct principal *before);
void view_plan(const struct context *c, const struct plan *p, const struct principal *before);
void view_gates(const struct context *c, const struct gate *gate, size_t count, bool all);
void view_decision(const struct context *c, const struct decision *d, bool all);
char *step_sentence(struct arena *a, const struct action *action, const char *principal);

/* --- commands --- */

int command_plan(struct arena *a, const struct options *o);
int command_show(struct arena *a, const struct options *o);
int command_explain(struct arena *a, const struct options *o);
int command_catalog(struct arena *a, const struct options *o);
int command_check(struct arena *a, const struct options *o);
int command_propose(struct arena *a, const struct options *o);
int command_apply(struct arena *a, const struct options *o);
int command_rollback(struct arena *a, const struct options *o);
int command_status(struct arena *a, const struct options *o);
int command_verify(struct arena *a, const struct options *o);
int command_rules(struct arena *a, const struct options *o);
int command_init(struct arena *a, const struct options *o);
int command_help(struct arena *a, const struct options *o);
int command_version(struct arena *a, const struct options *o);

#endif
