/* forge_token: the token for a forge's interface, from the environment or a git credential helper.
 * The helper's protocol: git-credential(1), "INPUT/OUTPUT FORMAT". It is started without a shell,
 * has half a minute, and may say 64 KiB. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "forge_private.h"
#include "pare/digest.h"
#include "pare/str.h"

extern char **environ;

enum { HELPER_LIMIT_MS = 30000, HELPER_SAYS_MAX = 65536, TOKEN_MAX = 8192 };

/* Their owners made these for one address; the wrong forge must not see them. */
struct native {
	const struct forge_kind *kind;
	const char *token, *address, *suffix; /* names of variables; what makes the address the API's */
	const char *usual;                    /* where there is no address */
};
static const struct native natives[] = {
	{&forge_github, "GITHUB_TOKEN", "GITHUB_API_URL", "", "https://api.github.com"},
	{&forge_gitlab, "GITLAB_TOKEN", "CI_API_V4_URL", "", "https://gitlab.com/api/v4"},
	{&forge_gitea, "GITEA_TOKEN", "GITEA_SERVER_URL", "/api/v1", NULL},
};

static const char *native_token(struct arena *a, const struct forge *f)
{
	for (size_t i = 0; i < sizeof natives / sizeof natives[0]; i++) {
		const struct native *n = &natives[i];
		const char *address = getenv(n->address), *token = getenv(n->token);
		if (n->kind != f->kind || str_empty(token))
			continue;
		const char *api = !str_empty(address) ? str_printf(a, "%s%s", address, n->suffix) : n->usual;
		return str_equal(api, f->place.api) ? token : NULL;
	}
	return NULL;
}

/* --- the helper --- */

static int64_t monotonic_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static pid_t start_helper(struct arena *a, const struct str_list *words, int io)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, usual;
	struct str_list argv = {0};
	pid_t pid = 0;
	for (size_t i = 0; i < words->count; i++)
		str_list_add(a, &argv, words->item[i]);
	str_list_add(a, &argv, "get");
	str_list_add(a, &argv, NULL);
	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, io, 0);
	posix_spawn_file_actions_adddup2(&files, io, 1);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &usual);
	posix_spawnattr_setpgroup(&attributes, 0); /* so that what it starts ends with it */
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
						      POSIX_SPAWN_SETPGROUP);
	errno = posix_spawnp(&pid, argv.item[0], &files, &attributes, (char *const *)argv.item, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return errno == 0 ? pid : 0;
}

/* Until it closes its output; false: too late or too much. */
static bool hear(int fd, struct buf *said)
{
	int64_t until = monotonic_ms() + HELPER_LIMIT_MS;
	char part[4096];
	bool ended = false;
	while (!ended && buf_ok(said)) {
		int64_t left = until - monotonic_ms();
		struct pollfd p = {fd, POLLIN, 0};
		if (left <= 0)
			break;
		if (poll(&p, 1, (int)left) <= 0)
			continue;
		ssize_t got = recv(fd, part, sizeof part, 0);
		if (got > 0)
			buf_put(said, part, (size_t)got);
		ended = got == 0 || (got < 0 && errno != EINTR);
	}
	wipe(part, sizeof part);
	return ended && buf_ok(said);
}

/* What it closes its output with, or how it was ended. */
static bool reap(pid_t pid, bool heard)
{
	int status = 0;
	int64_t until = monotonic_ms() + (heard ? 2000 : 0);
	const struct timespec moment = {0, 5000000L};
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (monotonic_ms() >= until) {
			kill(-pid, SIGKILL);
			waitpid(pid, &status, 0);
			return false;
		}
		nanosleep(&moment, NULL);
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool ask_helper(struct arena *a, const struct str_list *words, const char *question,
		       struct buf *said, struct err *e)
{
	int io[2];
	const char *name = words->item[0];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, io) != 0)
		return err_set(e, ERR_IO, "starting the credential helper '%s': %s", name, strerror(errno));
	pid_t pid = start_helper(a, words, io[1]);
	int why = errno;
	close(io[1]);
	if (pid == 0) {
		close(io[0]);
		return err_set(e, ERR_AUTH, "starting the credential helper '%s': %s", name, strerror(why));
	}
	bool sent = send(io[0], question, strlen(question), MSG_NOSIGNAL) == (ssize_t)strlen(question);
	shutdown(io[0], SHUT_WR);
	bool heard = hear(io[0], said);
	close(io[0]);
	if (!reap(pid, heard) || !heard)
		return err_set(e, ERR_AUTH, "the credential helper '%s' %s", name,
			       heard ? "failed" : "said nothing for half a minute, or too much");
	return sent || said->len > 0 || err_set(e, ERR_AUTH, "the credential helper '%s' does not listen", name);
}

static const char *helper_token(struct arena *a, const struct forge *f, const struct str_list *words,
				struct err *e)
{
	struct buf *said = buf_new(a, HELPER_SAYS_MAX);
	const char *host = strstr(f->place.web, "://") + 3;
	const char *question =
		str_printf(a, "protocol=%.*s\nhost=%.*s\npath=%s\n\n", (int)(host - 3 - f->place.web),
			   f->place.web, (int)strcspn(host, "/"), host, f->place.project);
	const char *token = NULL;
	if (ask_helper(a, words, question, said, e)) {
		for (char *line = said->data; line != NULL && *line != '\0';) {
			size_t len = strcspn(line, "\n");
			if (str_starts(line, "password="))
				token = arena_copy(a, line + 9, len > 9 && line[len - 1] == '\r' ? len - 10 : len - 9);
			line += len + (line[len] == '\n');
		}
		if (str_empty(token))
			err_set(e, ERR_AUTH, "the credential helper '%s' knows no password for '%s'", words->item[0],
				f->place.web);
	}
	buf_wipe(said);
	return str_empty(token) ? NULL : token;
}

/* --- both --- */

static bool token_valid(const char *token)
{
	size_t len = strlen(token);
	for (const char *c = token; *c != '\0'; c++)
		if (*c <= ' ' || *c >= 0x7f)
			return false;
	return len >= 8 && len <= TOKEN_MAX;
}

static void forget(void *handle)
{
	struct forge *f = handle;
	wipe(f->token, strlen(f->token));
	wipe((char *)f->auth.value, strlen(f->auth.value));
}

bool forge_token_find(struct forge *f, const struct config *config, struct err *e)
{
	struct arena *scratch = arena_new(NULL);
	const char *token = getenv("PARE_FORGE_TOKEN");
	bool ok = true;
	char *found = NULL;
	if (str_empty(token))
		token = native_token(scratch, f);
	if (token == NULL && config->repository.credential_helper.count > 0) {
		token = found = (char *)helper_token(scratch, f, &config->repository.credential_helper, e);
		ok = token != NULL;
	}
	if (ok && str_empty(token))
		ok = err_set(e, ERR_AUTH, "no token for %s at '%s': set PARE_FORGE_TOKEN, or "
					  "repository.credential_helper in pare.lua", f->kind->name, f->place.api);
	else if (ok && !token_valid(token))
		ok = err_set(e, ERR_AUTH, "the token for %s is none: expected 8 to %d printable characters without "
					  "spaces", f->kind->name, TOKEN_MAX);
	else if (ok && !forge_address_safe(f->place.api))
		ok = err_set(e, ERR_USAGE, "'%s' is not https: the token would be sent readable by everybody on the "
					   "way", f->place.api);
	if (ok) {
		f->token = arena_strdup(f->arena, token);
		f->auth = (struct http_header){"authorization",
					       str_printf(f->arena, "%s %s", f->kind->scheme, token)};
		arena_defer(f->arena, forget, f);
	}
	if (found != NULL)
		wipe(found, strlen(found));
	arena_free(scratch);
	return ok;
}
