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
#include "pare/evidence.h"
#include "pare/outcome.h"
#include "pare/port.h"
#include "pare/session.h"
#include "pare/shard.h"

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
	bool refresh, all_analyzers;
	int64_t wait_s;
	struct str_list regions, account, ou, account_tag;
	const char *analyzer, *role, *finding, *repo, *branch, *forge, *unused, *url, *ticket, *key;
	const char *from, *to, *run_id, *queue, *shard;
	struct str_list findings, account_state, old_files, new_files, only, services, actions;
	int64_t limit, max_changes, concurrency, visibility;
	bool detailed_exitcode, dry_run, yes, withdraw, csv, untouched, inverse_commands, once;
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
	enum { OPTION_SWITCH, OPTION_TEXT, OPTION_LIST, OPTION_EACH, OPTION_COUNT } kind;
	bool global;
};
const struct option_row *option_at(size_t index); /* NULL past the end */
bool options_parse(struct arena *a, int argc, char **argv, struct options *o, struct err *e);

/* --- what a command works with; built on demand from options, configuration, environment --- */

struct kept_plan;
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
	struct credential_chain *credentials; /* for every client; NULL: each opens its own */
	struct {
		struct kept_plan *plan;
		size_t count;
		bool read;
	} kept; /* kept.c's own */
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
/* The forge that is configured; self NULL: none is. review must live as long. */
bool context_forge(struct context *c, const struct review_port *review, struct forge_port *forge,
		   struct err *e);
void context_approvals(struct context *c, const struct review_port *review, struct forge_port *forge,
		       struct approval_port *out);
/* --shard, or what the engine that started this run says (cli/shard.c). */
bool context_shard(struct arena *a, const struct options *o, struct shard *out, struct err *e);
/* The first of the regions of --all-analyzers; NULL: none is named. */
const char *region_of_all(const struct context *c);
/* accounts.c: the caller's own AWS and, by accounts.assume_role, that of other accounts. */
struct accounts {
	struct context *context;
	const char *region;
	struct credential_chain *chain;
	struct aws *own;
	const char *caller_arn, *caller_account;
	struct account_choice *choice; /* NULL: Organizations was not asked */
};
struct account_access {
	struct aws *aws;
	const char *caller_arn;
	const char *account;
	struct credential_chain *chain;
};
bool accounts_open(struct context *c, const char *region_hint, struct accounts *out, struct err *e);
void account_own(const struct accounts *all, struct account_access *out);
/* Lives in a. planning: gives up sooner. */
bool account_open(struct accounts *all, struct arena *a, const char *account, const char *session,
		  bool planning, struct account_access *out, struct err *e);
/* Calls about this analyzer go to its own account and region from now on, with its account's own
 * credentials. Where there is no way in, they are answered with the reason. */
bool account_route(struct accounts *all, struct arena *a, const struct account_access *x,
		   const char *session, const char *analyzer, struct err *e);
/* The same for the analyzers whose findings a plan archives or un-archives. */
bool account_route_plan(struct accounts *all, struct arena *a, const struct account_access *x,
			const char *session, const struct plan *p, struct err *e);

/* rollout.c: works in the accounts, which are in the order of their waves, one after the other. A wave
 * that did not end well is the last one; so is what a signal interrupts. How many were begun; *why the
 * others were not, NULL: interrupted. work: false where it did not end well. */
size_t rollout(struct context *c, const struct str_list *accounts, bool (*work)(void *self, const char *account),
	       void *self, const char **why);
/* What became of the plans of all accounts. */
struct reports {
	struct apply_report *item;
	size_t count;
};
void reports_add(struct arena *a, struct reports *all, const struct apply_report *more, size_t count);

/* account_choice.c: --account, --ou and --account-tag as given; */
bool account_options_valid(const struct options *o, struct err *e);
/* the accounts they mean, empty: all, asking AWS Organizations where it must; */
bool accounts_choose(struct accounts *all, struct str_list *out, struct err *e);
/* the configuration's waves by unit and tag, for the accounts of a run (with one there is no order); */
bool accounts_waves(struct accounts *all, const struct str_list *of_run, struct err *e);
/* the first wave that an account is in, else the one after the last; */
size_t account_wave(const struct config *c, const char *account);
/* and "SUSPENDED" or the like of an account that Organizations said so of, else NULL. */
const char *accounts_inactive(const struct accounts *all, const char *account);

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
		  const struct finding *finding, const struct recommendation *r,
		  const struct document_list *more, struct err *e);
/* The documents from before a kept plan, and those kept beside it; none is no error. */
bool kept_documents(struct context *c, const struct plan *p, struct document_list *out,
		    struct err *e);
bool kept_plans(struct context *c, struct kept_plan **out, size_t *count, struct err *e);
/* By id (or a unique prefix), digest (or a prefix of 8 or more) or role name; the newest of a role. */
bool kept_plan_find(struct context *c, const char *word, struct kept_plan *out, struct err *e);
bool kept_run(struct context *c, struct run_record **out, struct err *e);

/* --- output --- */

enum style { PLAIN, BOLD, DIM, RED, GREEN, YELLOW, CYAN };

/* To stdout; control characters in the text are replaced, colours only where wanted. */
void say(const struct context *c, enum style s, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void say_raw(const char *bytes, size_t len); /* printed as it is */
/* What --json prints: one value of at most max bytes, written with the writer, then said. */
struct json_writer json_page(struct arena *a, size_t max);
void say_json(struct json_writer *w);
void say_diff(const struct context *c, const char *diff, const char *indent);
/* To stderr: "pare: …". */
void complain(const struct err *e);
void note(const struct context *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool output_color(const struct options *o);
struct progress_port progress_open(struct arena *a, const struct options *o);
void progress_clear(void);

/* --- views --- */

void view_run(const struct context *c, const struct run *r);
/* counted: what is lost, where somebody counted it already, or NULL. */
void view_plan_table(const struct context *c, const struct plan *p, const struct principal *before,
		     const struct loss *counted);
void view_plan(const struct context *c, const struct plan *p, const struct principal *before);
void view_gates(const struct context *c, const struct gate *gate, size_t count, bool all);
void view_decision(const struct context *c, const struct decision *d, bool all);
/* view_inverse.c: an action as an AWS CLI command line for a POSIX shell; */
char *action_command(struct arena *a, const struct plan *p, const struct action *x);
void view_inverse_commands(const struct context *c, const struct plan *p);
char *step_sentence(struct arena *a, const struct action *action, const char *principal);

/* --- what commands have in common --- */

/* plan.c: gathers, judges, drafts and proves; keeps the result in the state folder. */
bool make_run(struct context *c, struct run *r, struct err *e);
bool keep_run(struct context *c, const struct run *r, struct buf *json, struct err *e);
/* propose.c: is a change ticket given where one is required, and does it match? */
bool ticket_given(const struct context *c, struct err *e);
/* Sorted by account; prints what it does, and into w. */
bool propose_all(struct context *c, const struct review_port *review, const struct forge_port *forge,
		 const struct kept_plan *k, size_t count, struct json_writer *w, struct err *e);
/* apply.c */
struct session executor_session(struct context *c, struct aws *aws, const struct review_port *review,
				const struct approval_port *approvals, const char *caller_arn,
				const char *caller_account);
void say_reports(const struct context *c, const struct apply_report *r, size_t count);
int worst(const struct apply_report *r, size_t count);

/* --- commands --- */

int command_plan(struct arena *a, const struct options *o);
int command_show(struct arena *a, const struct options *o);
int command_explain(struct arena *a, const struct options *o);
int command_catalog(struct arena *a, const struct options *o);
int command_check(struct arena *a, const struct options *o);
int command_propose(struct arena *a, const struct options *o);
int command_approve(struct arena *a, const struct options *o);
int command_codeowners(struct arena *a, const struct options *o);
int command_apply(struct arena *a, const struct options *o);
int command_autofix(struct arena *a, const struct options *o);
int command_rollback(struct arena *a, const struct options *o);
int command_status(struct arena *a, const struct options *o);
int command_verify(struct arena *a, const struct options *o);
int command_audit(struct arena *a, const struct options *o);
int command_rules(struct arena *a, const struct options *o);
int command_worker(struct arena *a, const struct options *o);
int command_whoami(struct arena *a, const struct options *o);
int command_init(struct arena *a, const struct options *o);
int command_help(struct arena *a, const struct options *o);
int command_version(struct arena *a, const struct options *o);

#endif
