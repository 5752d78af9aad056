/* pare-sandbox: an AWS account in memory behind HTTP, for trying and testing pare without AWS. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "pare/sandbox.h"
#include "pare/str.h"
#include "pare/version.h"
#include "sandbox_options.h"

enum { SEED_MAX = 64 << 20 };

static void complain(const struct err *e)
{
	fprintf(stderr, "pare-sandbox: %s\n", e->message);
}

/* --- the clock: signals end the program elsewhere, so it is never interrupted --- */

static int64_t now_ms(void *self)
{
	struct timespec t;
	(void)self;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void sleep_until(void *self, int64_t until_ms)
{
	int64_t rest = until_ms - now_ms(self);
	if (rest <= 0)
		return;
	struct timespec t = {rest / 1000, rest % 1000 * 1000000};
	nanosleep(&t, NULL);
}

static bool interrupted(void *self)
{
	(void)self;
	return false;
}

/* --- files --- */

static bool read_file(struct arena *a, const char *path, struct buf **out, struct err *e)
{
	char piece[65536];
	size_t got;
	struct buf *b = buf_new(a, SEED_MAX);
	FILE *f = fopen(path, "rb");
	if (f == NULL)
		return err_set(e, ERR_IO, "reading seed '%s': %s", path, strerror(errno));
	while ((got = fread(piece, 1, sizeof piece, f)) > 0)
		buf_put(b, piece, got);
	bool ok = ferror(f) == 0;
	int why = errno;
	fclose(f);
	if (!ok)
		return err_set(e, ERR_IO, "reading seed '%s': %s", path, strerror(why));
	if (!buf_ok(b))
		return err_set(e, ERR_LIMIT, "reading seed '%s': larger than %d bytes", path, SEED_MAX);
	*out = b;
	return true;
}

/* Whoever waits for the file sees it whole or not at all. */
static bool write_port_file(struct arena *a, const char *path, int port, struct err *e)
{
	const char *partial = str_printf(a, "%s.%ld", path, (long)getpid());
	FILE *f = fopen(partial, "w");
	if (f == NULL)
		return err_set(e, ERR_IO, "writing port file '%s': %s", path, strerror(errno));
	bool ok = fprintf(f, "%d\n", port) > 0;
	ok = fclose(f) == 0 && ok;
	if (ok && rename(partial, path) == 0)
		return true;
	err_set(e, ERR_IO, "writing port file '%s': %s", path, strerror(errno));
	unlink(partial);
	return false;
}

/* --- the account --- */

static bool fill(struct arena *a, struct sandbox *s, const struct sandbox_options *o, struct err *e)
{
	struct buf *seed;
	if (o->seed != NULL &&
	    (!read_file(a, o->seed, &seed, e) || !sandbox_seed(s, seed->data, seed->len, o->seed, e)))
		return false;
	return o->generate_roles == 0 ||
	       sandbox_generate(s, (size_t)o->generate_roles, (uint64_t)o->generate_seed, e);
}

static struct sandbox *open_account(struct arena *a, const struct sandbox_options *o,
				    const struct clock_port *clock, struct err *e)
{
	/* Whoever only looks leaves no new file behind. */
	bool looks = o->show != NULL && o->state != NULL && access(o->state, F_OK) != 0;
	struct sandbox_setting setting = {
		.latency_ms = o->latency_ms,
		.lag_ms = o->lag_ms,
		.faults = o->faults,
		.seed = (uint64_t)o->generate_seed,
		.state_file = looks ? NULL : o->state,
	};
	struct sandbox *s = sandbox_new(a, &setting, clock, e);
	return s != NULL && fill(a, s, o, e) ? s : NULL;
}

/* --- serving --- */

/* Hundreds of connections are ordinary here; the usual limit of 1024 files is not. */
static void allow_many_files(void)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

static bool serve(struct arena *a, struct sandbox *s, const struct sandbox_options *o, struct err *e)
{
	int port = 0, signal_seen = 0;
	sigset_t ending;
	sigemptyset(&ending);
	sigaddset(&ending, SIGTERM);
	sigaddset(&ending, SIGINT);
	sigprocmask(SIG_BLOCK, &ending, NULL);
	signal(SIGPIPE, SIG_IGN);
	allow_many_files();
	struct sandbox_server *server = sandbox_serve(a, s, o->host, o->port, &port, e);
	if (server == NULL)
		return false;
	bool ok = o->port_file == NULL || write_port_file(a, o->port_file, port, e);
	if (ok) {
		fprintf(stderr, strchr(o->host, ':') != NULL
			? "pare-sandbox: listening on http://[%s]:%d, access key AKIDEXAMPLE\n"
			: "pare-sandbox: listening on http://%s:%d, access key AKIDEXAMPLE\n",
			o->host, port);
		sigwait(&ending, &signal_seen);
		if (o->port_file != NULL)
			unlink(o->port_file);
	}
	sandbox_server_stop(server);
	return ok;
}

static bool print(const char *text, struct err *e)
{
	if (fputs(text, stdout) >= 0 && fflush(stdout) == 0)
		return true;
	return err_set(e, ERR_IO, "writing to standard output: %s", strerror(errno));
}

static bool show(struct arena *a, struct sandbox *s, const char *role, struct err *e)
{
	struct buf *out = buf_new(a, SEED_MAX);
	if (sandbox_role(s, a, role) == NULL && sandbox_principal(s, a, PRINCIPAL_USER, role) == NULL)
		return err_set(e, ERR_NOT_FOUND, "showing role '%s': there is no such role or user", role);
	sandbox_show(s, role, out);
	return print(out->data, e);
}

static bool run(struct arena *a, const struct sandbox_options *o, struct err *e)
{
	struct clock_port clock = {NULL, now_ms, sleep_until, interrupted};
	if (o->help)
		return print(sandbox_options_help(a), e);
	if (o->version)
		return print("pare-sandbox " PARE_VERSION "\n", e);
	struct sandbox *s = open_account(a, o, &clock, e);
	if (s == NULL)
		return false;
	return o->show != NULL ? show(a, s, o->show, e) : serve(a, s, o, e);
}

int main(int argc, char **argv)
{
	struct arena *a = arena_new(NULL);
	struct sandbox_options o;
	struct err e = {0};
	bool ok = sandbox_options_parse(a, argc, argv, &o, &e) && run(a, &o, &e);
	if (!ok)
		complain(&e);
	arena_free(a);
	return ok ? 0 : e.kind == ERR_USAGE ? 2 : 1;
}
