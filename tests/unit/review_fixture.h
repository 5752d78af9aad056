/* Shared by the tests of the review repository: a scratch folder, git's own command line as the
 * judge, principals and plans by hand. */
#ifndef PARE_REVIEW_FIXTURE_H
#define PARE_REVIEW_FIXTURE_H

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pare/digest.h"
#include "pare/plan.h"
#include "pare/port.h"
#include "pare/str.h"
#include "pare/world.h"

struct bench {
	struct arena *arena;
	char dir[64];	    /* scratch folder */
	const char *remote; /* bare repository below it */
	const char *state;
	struct store_port store;
	struct err e;
};

/* Runs a command line and gives its output; *code may be NULL: then it must be 0. */
static inline char *run_shell(struct bench *b, int *code, const char *format, ...)
{
	char line[8192], part[4096];
	va_list list;
	struct buf *out = buf_new(b->arena, 64u * 1024 * 1024);
	va_start(list, format);
	int len = vsnprintf(line, sizeof line - 8, format, list);
	va_end(list);
	assert_true(len > 0 && (size_t)len < sizeof line - 8);
	strcat(line, " 2>&1");
	FILE *f = popen(line, "r");
	assert_non_null(f);
	for (size_t got; (got = fread(part, 1, sizeof part, f)) > 0;)
		buf_put(out, part, got);
	int status = pclose(f);
	int result = WIFEXITED(status) ? WEXITSTATUS(status) : 255;
	if (code != NULL)
		*code = result;
	else if (result != 0)
		fail_msg("'%s': exit %d: %s", line, result, out->data);
	buf_puts(out, "");
	return out->data != NULL ? out->data : arena_strdup(b->arena, "");
}

static inline bool have_git(void)
{
	return system("git --version >/dev/null 2>&1") == 0;
}

/* A bare repository with one commit on main, and a state folder. */
static inline int bench_setup(void **state)
{
	struct bench *b = calloc(1, sizeof *b);
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	setenv("GIT_CONFIG_SYSTEM", "/dev/null", 1);
	setenv("GIT_AUTHOR_NAME", "Reviewer", 1);
	setenv("GIT_AUTHOR_EMAIL", "reviewer@example.com", 1);
	setenv("GIT_COMMITTER_NAME", "Reviewer", 1);
	setenv("GIT_COMMITTER_EMAIL", "reviewer@example.com", 1);
	b->arena = arena_new(NULL);
	strcpy(b->dir, "/tmp/pare-test-XXXXXX");
	if (mkdtemp(b->dir) == NULL)
		return -1;
	b->remote = str_printf(b->arena, "%s/review.git", b->dir);
	b->state = str_printf(b->arena, "%s/state", b->dir);
	if (!store_open(b->arena, b->state, &b->store, &b->e))
		return -1;
	*state = b;
	if (!have_git())
		return 0;
	run_shell(b, NULL, "git init -q --bare -b main %s", b->remote);
	run_shell(b, NULL,
		  "git clone -q %s %s/work 2>/dev/null; cd %s/work && git checkout -q -b main && "
		  "echo '# review' >README.md && git add . && git commit -q -m start && "
		  "git push -q origin main",
		  b->remote, b->dir, b->dir);
	return 0;
}

static inline int bench_teardown(void **state)
{
	struct bench *b = *state;
	char line[256];
	arena_free(b->arena);
	snprintf(line, sizeof line, "chmod -R u+w %.63s; rm -rf %.63s", b->dir, b->dir);
	int rc = system(line);
	free(b);
	return rc == 0 ? 0 : -1;
}

#define NEED_GIT()                                                                                 \
	do {                                                                                       \
		if (!have_git()) {                                                                 \
			printf("skipped: git is not here\n");                                      \
			skip();                                                                    \
		}                                                                                  \
	} while (0)

/* The port under test. */
static inline struct review_port open_review(struct bench *b, const char *url)
{
	struct review_port r;
	if (!git_open(b->arena, url, b->state, &r, &b->e))
		fail_msg("opening '%s': %s", url, b->e.message);
	return r;
}

static inline struct review_port fetched(struct bench *b, const char *url)
{
	struct review_port r = open_review(b, url);
	if (!r.fetch(r.self, &b->e))
		fail_msg("fetching '%s': %s", url, b->e.message);
	return r;
}

#define assert_ok(call)                                                                            \
	do {                                                                                       \
		if (!(call))                                                                       \
			fail_msg("%s: %s", #call, b->e.message);                                   \
	} while (0)
#define assert_refused(call, want, words)                                                          \
	do {                                                                                       \
		if (call)                                                                          \
			fail_msg("%s: succeeded", #call);                                          \
		if (b->e.kind != (want) || strstr(b->e.message, words) == NULL)                    \
			fail_msg("%s: %s: %s", #call, err_kind_name(b->e.kind), b->e.message);     \
	} while (0)

static inline const char *tip(struct bench *b, const struct review_port *r, const char *ref)
{
	char *oid = arena_alloc(b->arena, OID_HEX);
	assert_ok(r->resolve(r->self, ref, oid, &b->e));
	return oid;
}

static inline const char *commit_text(struct bench *b, const struct review_port *r,
				      const char *parent, const char *path, const char *text)
{
	char *oid = arena_alloc(b->arena, OID_HEX);
	struct review_file f = {path, text, strlen(text)};
	assert_ok(r->commit(r->self, parent, &f, 1, "change\n", "pare@localhost", 1700000000000,
			    oid, &b->e));
	return oid;
}

/* The folder of the one mirror below the state folder. */
static inline const char *mirror_of(struct bench *b)
{
	char *out = run_shell(b, NULL, "ls -d %s/mirrors/*.git", b->state);
	out[strcspn(out, "\n")] = '\0';
	return out;
}

static inline void assert_fsck(struct bench *b)
{
	run_shell(b, NULL, "git -C %s fsck --strict --no-dangling", b->remote);
}

#endif
