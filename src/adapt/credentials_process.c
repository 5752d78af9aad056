/* credentials_process: credential_process, run without a shell.
 *
 * It has a minute and 64 KiB. Whatever it started goes with it: it leads a process group of its own,
 * which is killed. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "credentials_private.h"
#include "pare/json.h"
#include "pare/str.h"

enum { LIMIT_MS = 60000, WORDS_MAX = 256 };

extern char **environ;

/* One word from *at on; NULL: a quote that does not end. */
static char *word(struct arena *a, const char **at)
{
	char *out = arena_alloc(a, strlen(*at) + 1);
	size_t n = 0;
	char quote = '\0';
	const char *c = *at;
	for (; *c != '\0'; c++) {
		if (quote == '\'' && *c != '\'') {
			out[n++] = *c;
		} else if (*c == '\\') {
			/* Between double quotes it stands for itself before most characters. */
			if (quote == '"' && c[1] != '"' && c[1] != '\\')
				out[n++] = '\\';
			if (*++c == '\0')
				return NULL;
			out[n++] = *c;
		} else if (quote != '\0' && *c == quote) {
			quote = '\0';
		} else if (quote == '\0' && (*c == '\'' || *c == '"')) {
			quote = *c;
		} else if (quote == '\0' && strchr(" \t\r\n", *c) != NULL) {
			break;
		} else {
			out[n++] = *c;
		}
	}
	*at = c;
	return quote == '\0' ? out : NULL;
}

bool process_split(struct arena *a, const char *line, struct str_list *words)
{
	for (;;) {
		line += strspn(line, " \t\r\n");
		if (*line == '\0')
			return true;
		char *one = word(a, &line);
		if (one == NULL)
			return false;
		str_list_add(a, words, one);
	}
}

_Noreturn static void become(char *const *argv, int out)
{
	static const int usual[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGXFSZ};
	int null = open("/dev/null", O_RDONLY);
	for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
		signal(usual[i], SIG_DFL);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
		_exit(126);
	execvp(argv[0], argv);
	_exit(errno == ENOENT ? 127 : 126);
}

static int64_t monotonic_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* What it prints until its end of the pipe closes. NULL: all is well. */
static const char *hear(struct search *s, int fd, struct buf *b, int64_t until_ms)
{
	const struct clock_port *clock = s->setting->clock;
	for (;;) {
		char piece[4096];
		struct pollfd p = {fd, POLLIN, 0};
		int64_t rest = until_ms - monotonic_ms();
		if (clock->interrupted(clock->self))
			return "interrupted";
		if (rest <= 0)
			return "it did not end in time";
		if (poll(&p, 1, rest > 200 ? 200 : (int)rest) <= 0)
			continue;
		ssize_t got = read(fd, piece, sizeof piece);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return NULL;
		buf_put(b, piece, (size_t)got);
		explicit_bzero(piece, (size_t)got);
		if (!buf_ok(b))
			return "it printed more than 64 KiB";
	}
}

/* After its output ended it has what is left of its time to end itself. */
static const char *await(pid_t pid, int64_t until_ms, int *status)
{
	static const struct timespec nap = {0, 5000000};
	for (;;) {
		pid_t got = waitpid(pid, status, WNOHANG);
		if (got == pid)
			return NULL;
		if (got < 0 && errno != EINTR)
			return "it cannot be waited for";
		if (monotonic_ms() >= until_ms)
			return "it did not end in time";
		nanosleep(&nap, NULL);
	}
}

static void end(pid_t pid, bool reaped)
{
	kill(-pid, SIGKILL);
	if (reaped)
		return;
	kill(pid, SIGKILL); /* before it made its group */
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static enum found run(struct search *s, const char *profile, char *const *argv, struct buf *b)
{
	int fd[2], status = 0;
	int limit = s->setting->process_limit_ms > 0 ? s->setting->process_limit_ms : LIMIT_MS;
	int64_t until_ms = monotonic_ms() + limit;
	if (pipe2(fd, O_CLOEXEC) != 0)
		return search_broken(s, "profile '%s': credential_process: %s", profile,
				     strerror(errno));
	pid_t pid = fork();
	if (pid == 0)
		become(argv, fd[1]);
	int why = errno;
	close(fd[1]);
	if (pid < 0) {
		close(fd[0]);
		return search_broken(s, "profile '%s': credential_process: %s", profile,
				     strerror(why));
	}
	const char *wrong = hear(s, fd[0], b, until_ms);
	bool reaped = false;
	if (wrong == NULL) {
		wrong = await(pid, until_ms, &status);
		reaped = wrong == NULL;
	}
	end(pid, reaped);
	close(fd[0]);
	if (wrong != NULL)
		return search_broken(s, "profile '%s': credential_process '%s': %s", profile, argv[0],
				     wrong);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return search_broken(s,
				     "profile '%s': credential_process '%s': there is no such program "
				     "(it is run without a shell)",
				     profile, argv[0]);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return search_broken(s, "profile '%s': credential_process '%s': it failed (%s %d)",
				     profile, argv[0], WIFEXITED(status) ? "exit code" : "signal",
				     WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	return FOUND;
}

enum found process_answer(struct search *s, const char *text, size_t len, struct credentials *out)
{
	static const struct search_names names = {"AccessKeyId", "SecretAccessKey", "SessionToken",
						  "Expiration", "AccountId", false};
	struct err ignored;
	int64_t version;
	const struct json *v = json_parse(s->arena, text, len, "output", &ignored);
	if (v == NULL || v->type != JSON_OBJECT)
		return search_broken(s, "credential_process: what it printed is not a JSON object");
	if (!json_integer(json_get(v, "Version"), &version) || version != 1)
		return search_broken(s, "credential_process: expected 'Version' 1 in what it printed");
	return search_json(s, v, &names, "credential_process", out);
}

enum found from_process(struct search *s, const char *profile, struct credentials *out)
{
	const char *line = search_key(s, profile, "credential_process");
	struct str_list words = {0};
	if (line == NULL)
		return search_nothing(s, "profile '%s' has no credential_process", profile);
	if (!process_split(s->arena, line, &words) || words.count == 0 || words.count > WORDS_MAX)
		return search_broken(s,
				     "profile '%s': credential_process: expected a program and at most "
				     "%d arguments, with every quote closed",
				     profile, WORDS_MAX);
	char **argv = arena_array(s->arena, words.count + 1, sizeof *argv);
	for (size_t i = 0; i < words.count; i++)
		argv[i] = arena_strdup(s->arena, words.item[i]);
	struct buf *b = buf_new(s->arena, CREDENTIALS_MAX_BYTES);
	enum found f = run(s, profile, argv, b);
	if (f == FOUND)
		f = process_answer(s, b->data, b->len, out);
	if (f != FOUND)
		return strstr(s->e->message, "profile '") != NULL
			       ? f
			       : search_failed(s, "profile '%s'", profile);
	out->source = str_printf(s->arena, "profile '%s', credential_process", profile);
	if (out->account == NULL)
		out->account = search_key(s, profile, "aws_account_id");
	return FOUND;
}
