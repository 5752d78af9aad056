/* Adapters for the disk, the clock, git and the rules: constructors of the ports of port.h. */
#ifndef PARE_WORLD_H
#define PARE_WORLD_H

#include "pare/config.h"
#include "pare/port.h"
#include "pare/window.h"

/* adapt/clock.c: the system's clock; installs handlers for SIGINT, SIGTERM, SIGHUP (interrupted
 * becomes true; a second SIGINT leaves at once) and ignores SIGPIPE. */
struct clock_port clock_system(struct arena *a);

/* adapt/store.c: the state folder, made with mode 0700 when missing. */
bool store_open(struct arena *a, const char *dir, struct store_port *out, struct err *e);

/* Many files at once, for what can be made again: between begin and end, writes are collected; at the
 * end they are made durable together and take their names in the order in which they were written.
 * A crash before that leaves none of them, one during it the first ones. `end` also closes a batch
 * that is given up (keep false): nothing of it is left. Reads in between see what was there before. */
void store_batch_begin(const struct store_port *store);
bool store_batch_end(const struct store_port *store, bool keep, struct err *e);

/* adapt/approval_files.c, lua_approval.c: the executor's own say on approval, for this configuration
 * (which must live as long); its forge is left NULL. */
void approval_open(const struct config *c, struct approval_port *out);

/* adapt/ssh_signer.c: the key of a file, to sign with. A private key in OpenSSH's format without a
 * passphrase signs by itself; for every other (a public key, one with a passphrase, a security key)
 * the agent at SSH_AUTH_SOCK does. A private key that others may read is refused. */
bool ssh_signer_open(struct arena *a, const char *path, struct signer_port *out, struct err *e);

/* adapt/files.c: a file, a folder (its regular *.json files, sorted), or "-" for standard input. */
bool files_read(struct arena *a, const char *path, struct saved_text **texts, size_t *count,
		struct err *e);

/* adapt/fetch.c: over HTTP(S), 8 connections a host, answers of at most 16 MiB; ca_bundle replaces
 * the system's store, or NULL. */
bool fetch_open(struct arena *a, const char *ca_bundle, struct fetch_port *out, struct err *e);

/* adapt/change_calendar.c: AWS Systems Manager, with the credentials and endpoints of the environment
 * (AWS_ENDPOINT_URL_SSM); the region comes from each calendar's ARN. */
struct calendar_port change_calendar(struct arena *a, const struct clock_port *clock);

/* adapt/git.c: a bare mirror below the state folder and its remote (path, file://, http(s)://,
 * ssh). Credentials: PARE_GIT_USERNAME / PARE_GIT_TOKEN for http(s); for ssh, which is OpenSSH's
 * program, the agent or the key file PARE_GIT_SSH_KEY, and hosts that known_hosts (or the file
 * PARE_GIT_KNOWN_HOSTS) names. A remote may be silent for a minute and a transfer over HTTP take
 * five; PARE_GIT_TIMEOUT_MS says otherwise. The user's and the system's git configuration are not
 * read. A damaged mirror is made anew by the next fetch. */
bool git_open(struct arena *a, const char *url, const char *state_dir, struct review_port *out,
	      struct err *e);

/* adapt/rules.c: loads rule files (folders: *.lua in name order, not their tests/) in a separate,
 * limited process, which lives as long as the arena. A file that does not load is an error that
 * names file and line. Every rule is judged in globals of its own: no judgement can influence
 * another. */
bool rules_open(struct arena *a, const struct str_list *paths, struct rules_port *out,
		struct err *e);
struct rule_info {
	const char *name, *about, *file, *sha256;
};
bool rules_list(struct arena *a, const struct str_list *paths, struct rule_info **out,
		size_t *count, struct err *e);
/* Runs the tests of folders (DIR/tests, all *.lua) and of files (DIR/tests/NAME_test.lua) in the same
 * limited process, and gives the rules, too. */
struct rule_test {
	const char *file, *name, *rule;
	bool ok;
	const char *detail; /* why not */
};
bool rules_test(struct arena *a, const struct str_list *paths, struct rule_info **rules,
		size_t *rule_count, struct rule_test **out, size_t *count, struct err *e);

#endif
