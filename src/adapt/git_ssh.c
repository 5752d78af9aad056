/* git_ssh: git's protocol through OpenSSH's `ssh`, which knows all kinds of keys, agents and the
 * user's hosts. The host's key must be known: nobody is asked, nothing is learnt. Silence ends.
 * Protocol: git-upload-pack and git-receive-pack with the quoted path as one word. */
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

#include "git_private.h"
#include "pare/str.h"

extern char **environ;

enum { STDERR_MAX = 2000, END_WAIT_MS = 2000 };

struct address {
	const char *user; /* or NULL */
	const char *host;
	const char *port; /* or NULL */
	const char *path;
};

struct link { /* what libgit2 knows as a subtransport */
	git_smart_subtransport base;
	struct git *git;
	struct talk *current;
};

struct talk { /* one ssh and what goes through it */
	git_smart_subtransport_stream base;
	struct link *link;
	struct arena *arena;
	pid_t pid;
	int io, words; /* its stdin and stdout; its stderr */
	bool pushes, sent;
	char said[STDERR_MAX];
	size_t said_len;
};

/* --- where to --- */

static bool word_valid(const char *text)
{
	if (text[0] == '-' || text[0] == '\0')
		return false;
	for (const char *c = text; *c != '\0'; c++)
		if (*c <= ' ' || *c >= 0x7f || strchr("'\"\\`$;&|<>(){}", *c) != NULL)
			return false;
	return true;
}

static bool read_address(struct arena *a, const char *url, struct address *out, struct err *e)
{
	bool scheme = str_starts(url, "ssh://");
	char *host = arena_strdup(a, scheme ? url + strlen("ssh://") : url);
	char *end = host[0] == '[' || (strchr(host, '@') != NULL && strchr(host, '@')[1] == '[')
			    ? strchr(host, ']')
			    : host;
	char *path = end == NULL ? NULL : strchr(end, scheme ? '/' : ':');
	*out = (struct address){.user = NULL};
	if (path == NULL)
		return err_set(e, ERR_USAGE, "'%s': expected ssh://host/path or user@host:path",
			       url);
	out->path = arena_strdup(a, scheme ? path : path + 1);
	if (str_starts(out->path, "/~")) /* ssh://host/~user/path */
		out->path++;
	*path = '\0';
	char *at = strrchr(host, '@');
	if (at != NULL) {
		*at = '\0';
		out->user = host;
		host = at + 1;
	}
	char *port = scheme ? strrchr(host, ':') : NULL;
	if (port != NULL && strchr(port, ']') == NULL) {
		*port = '\0';
		out->port = port + 1;
	}
	if (host[0] == '[' && str_ends(host, "]")) {
		host[strlen(host) - 1] = '\0';
		host++;
	}
	out->host = host;
	if (!word_valid(host) || (out->user != NULL && !word_valid(out->user)) ||
	    (out->port != NULL &&
	     (out->port[0] == '\0' || strspn(out->port, "0123456789") != strlen(out->port))) ||
	    out->path[0] == '\0' || strpbrk(out->path, "\r\n") != NULL)
		return err_set(e, ERR_USAGE, "'%s': user, host, port or path is none", url);
	return true;
}

/* One word for the other side's shell. */
static const char *quoted(struct arena *a, const char *text)
{
	struct buf *b = buf_new(a, 8 * strlen(text) + 16);
	buf_putc(b, '\'');
	for (const char *c = text; *c != '\0'; c++) {
		if (*c == '\'' || *c == '!')
			buf_printf(b, "'\\%c'", *c);
		else
			buf_putc(b, *c);
	}
	buf_putc(b, '\'');
	return b->data;
}

/* ssh splits the value at spaces and expands '%'. */
static const char *file_option(struct arena *a, const char *name, const char *path)
{
	struct buf *b = buf_new(a, 2 * strlen(path) + 64);
	buf_printf(b, "%s=\"", name);
	for (const char *c = path; *c != '\0'; c++) {
		if (*c == '%')
			buf_putc(b, '%');
		buf_putc(b, *c);
	}
	buf_putc(b, '"');
	return b->data;
}

static const char **arguments(struct talk *t, const struct address *to, const char *service)
{
	struct arena *a = t->arena;
	const char *key = getenv("PARE_GIT_SSH_KEY"), *hosts = getenv("PARE_GIT_KNOWN_HOSTS");
	struct str_list w = {0};
	long seconds = (t->link->git->list_timeout_ms + 999) / 1000;
	static const char *const fixed[] = {"ssh", "-T",
					    "-x",  "-a",
					    "-o",  "BatchMode=yes",
					    "-o",  "StrictHostKeyChecking=yes",
					    "-o",  "UpdateHostKeys=no",
					    "-o",  "ClearAllForwardings=yes",
					    "-o",  "PermitLocalCommand=no",
					    "-o",  "ControlMaster=no"};
	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
		str_list_add(a, &w, fixed[i]);
	str_list_add(a, &w, "-o");
	str_list_add(a, &w, str_printf(a, "ConnectTimeout=%ld", seconds));
	if (!str_empty(hosts)) {
		str_list_add(a, &w, "-o");
		str_list_add(a, &w, file_option(a, "UserKnownHostsFile", hosts));
		str_list_add(a, &w, "-o");
		str_list_add(a, &w, "GlobalKnownHostsFile=/dev/null");
	}
	if (!str_empty(key)) {
		str_list_add(a, &w, "-o");
		str_list_add(a, &w, "IdentitiesOnly=yes");
		str_list_add(a, &w, "-o");
		str_list_add(a, &w, file_option(a, "IdentityFile", key));
	}
	if (to->port != NULL) {
		str_list_add(a, &w, "-p");
		str_list_add(a, &w, to->port);
	}
	if (to->user != NULL) {
		str_list_add(a, &w, "-l");
		str_list_add(a, &w, to->user);
	}
	str_list_add(a, &w, "--");
	str_list_add(a, &w, to->host);
	str_list_add(a, &w, str_printf(a, "%s %s", service, quoted(a, to->path)));
	str_list_add(a, &w, NULL);
	return w.item;
}

/* --- its end --- */

static int64_t monotonic_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void take_words(struct talk *t)
{
	char spare[256];
	for (;;) {
		size_t left = sizeof t->said - 1 - t->said_len;
		ssize_t got = recv(t->words, left > 0 ? t->said + t->said_len : spare,
				   left > 0 ? left : sizeof spare, MSG_DONTWAIT);
		if (got <= 0)
			return;
		if (left > 0)
			t->said_len += (size_t)got;
	}
}

/* Its exit code; -1 when it had to be killed. */
static int end_child(struct talk *t, bool at_once)
{
	int status = 0;
	int64_t until = monotonic_ms() + (at_once ? 0 : END_WAIT_MS);
	const struct timespec pause = {0, 5000000L};
	while (waitpid(t->pid, &status, WNOHANG) == 0) {
		if (monotonic_ms() >= until) {
			kill(t->pid, SIGKILL);
			waitpid(t->pid, &status, 0);
			break;
		}
		nanosleep(&pause, NULL);
	}
	t->pid = 0;
	take_words(t);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int broken(struct talk *t, enum err_kind kind, const char *words)
{
	err_set(&t->link->git->net_err, kind, "%s", words);
	git_error_set_str(GIT_ERROR_SSH, words);
	return kind == ERR_AUTH ? GIT_EAUTH : -1;
}

static bool says(const struct talk *t, const char *words)
{
	return strstr(t->said, words) != NULL;
}

/* Why it ended before git did. */
static int ended(struct talk *t)
{
	int code = t->pid != 0 ? end_child(t, false) : 0;
	const char *line = str_printable(t->arena, t->said, false);
	enum err_kind kind = t->pushes && t->sent ? ERR_UNCERTAIN : ERR_UNAVAILABLE;
	if (says(t, "REMOTE HOST IDENTIFICATION HAS CHANGED"))
		return broken(t, ERR_AUTH,
			      "the host's key is not the one in known_hosts: somebody may stand in "
			      "between; "
			      "nothing was sent");
	if (says(t, "Host key verification failed") || says(t, "host key is known for"))
		return broken(t, ERR_AUTH,
			      "the host's key is not known: compare its fingerprint, then add it "
			      "to known_hosts "
			      "(or to the file PARE_GIT_KNOWN_HOSTS)");
	if (says(t, "Permission denied"))
		return broken(
			t, ERR_AUTH,
			str_printf(
				t->arena,
				"the ssh server takes none of our keys: load one into the agent, "
				"or set PARE_GIT_SSH_KEY to its file; ssh says: %s",
				line));
	return broken(t, kind,
		      str_printf(t->arena, "ssh ended (%d) before git's answer was whole%s%s", code,
				 line[0] != '\0' ? "; it says: " : "", line));
}

/* --- talking --- */

/* Waits for io, emptying stderr meanwhile. 1 ready, 0 silent for too long, -1 failed. */
static int wait_for(struct talk *t, short what)
{
	int64_t until = monotonic_ms() + t->link->git->list_timeout_ms;
	bool listening = true;
	for (;;) {
		struct pollfd p[2] = {{t->io, what, 0}, {listening ? t->words : -1, POLLIN, 0}};
		int64_t left = until - monotonic_ms();
		if (left <= 0)
			return 0;
		int n = poll(p, 2, (int)left);
		if (n < 0 && errno != EINTR)
			return -1;
		if (n <= 0)
			continue;
		if (p[1].revents != 0) {
			take_words(t);
			listening = (p[1].revents & (POLLHUP | POLLERR)) == 0;
		}
		if (p[0].revents != 0)
			return 1;
	}
}

static int silent(struct talk *t)
{
	end_child(t, true);
	return broken(t, t->pushes && t->sent ? ERR_UNCERTAIN : ERR_UNAVAILABLE,
		      str_printf(t->arena, "the ssh server was silent for %ld ms",
				 t->link->git->list_timeout_ms));
}

static int talk_read(git_smart_subtransport_stream *base, char *buffer, size_t size, size_t *got)
{
	struct talk *t = (struct talk *)base;
	*got = 0;
	int ready = wait_for(t, POLLIN);
	if (ready == 0)
		return silent(t);
	ssize_t n = ready > 0 ? recv(t->io, buffer, size, 0) : -1;
	if (n <= 0)
		return ended(t);
	*got = (size_t)n;
	return 0;
}

static int talk_write(git_smart_subtransport_stream *base, const char *bytes, size_t len)
{
	struct talk *t = (struct talk *)base;
	while (len > 0) {
		int ready = wait_for(t, POLLOUT);
		if (ready == 0)
			return silent(t);
		ssize_t n = ready > 0 ? send(t->io, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT) : -1;
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return ended(t);
		t->sent = true;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

static void talk_free(git_smart_subtransport_stream *base)
{
	struct talk *t = (struct talk *)base;
	if (t->link->current == t)
		t->link->current = NULL;
	shutdown(t->io, SHUT_RDWR);
	if (t->pid != 0)
		end_child(t, false);
	close(t->io);
	close(t->words);
	arena_free(t->arena);
}

static bool spawn(struct talk *t, const char **argv, const int io[2], const int words[2])
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, usual;
	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, io[1], 0);
	posix_spawn_file_actions_adddup2(&files, io[1], 1);
	posix_spawn_file_actions_adddup2(&files, words[1], 2);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &usual);
	/* A group of its own: Ctrl-C is pare's to judge. */
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
						      POSIX_SPAWN_SETPGROUP);
	errno = posix_spawnp(&t->pid, argv[0], &files, &attributes, (char *const *)argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return errno == 0;
}

static int start(struct link *l, const char *url, const char *service, bool pushes)
{
	struct arena *a = arena_new(l->git->arena);
	struct talk *t = arena_alloc(a, sizeof *t);
	struct address to;
	int io[2], words[2];
	*t = (struct talk){.base = {&l->base, talk_read, talk_write, talk_free},
			   .link = l,
			   .arena = a,
			   .pushes = pushes,
			   .io = -1,
			   .words = -1};
	if (!read_address(a, url, &to, &l->git->net_err) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, io) != 0) {
		arena_free(a);
		return -1;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, words) != 0) {
		close(io[0]);
		close(io[1]);
		arena_free(a);
		return -1;
	}
	t->io = io[0];
	t->words = words[0];
	bool ok = spawn(t, arguments(t, &to, service), io, words);
	close(io[1]);
	close(words[1]);
	if (ok) {
		l->current = t;
		return 0;
	}
	broken(t, ERR_UNAVAILABLE,
	       str_printf(a, "starting 'ssh': %s; install OpenSSH's client", strerror(errno)));
	t->pid = 0;
	talk_free(&t->base);
	return -1;
}

static int act(git_smart_subtransport_stream **out, git_smart_subtransport *base, const char *url,
	       git_smart_service_t action)
{
	struct link *l = (struct link *)base;
	bool upload = action == GIT_SERVICE_UPLOADPACK || action == GIT_SERVICE_UPLOADPACK_LS;
	bool first = action == GIT_SERVICE_UPLOADPACK_LS || action == GIT_SERVICE_RECEIVEPACK_LS;
	if (first) {
		int rc = start(l, url, upload ? "git-upload-pack" : "git-receive-pack", !upload);
		if (rc < 0)
			return rc;
	} else if (l->current == NULL) {
		git_error_set_str(GIT_ERROR_SSH, "the ssh connection is gone");
		return -1;
	}
	*out = &l->current->base;
	return 0;
}

static int link_close(git_smart_subtransport *base)
{
	(void)base; /* its stream is freed by the owner */
	return 0;
}

static void link_free(git_smart_subtransport *base)
{
	(void)base; /* the arena's */
}

static int make_link(git_smart_subtransport **out, git_transport *owner, void *param)
{
	struct git *g = param;
	struct link *l = arena_alloc(g->arena, sizeof *l);
	(void)owner;
	l->base = (git_smart_subtransport){act, link_close, link_free};
	l->git = g;
	*out = &l->base;
	return 0;
}

bool git_ssh_open(struct git *g, struct err *e)
{
	static const char *const names[] = {"PARE_GIT_SSH_KEY", "PARE_GIT_KNOWN_HOSTS"};
	struct address to;
	g->subtransport = (git_smart_subtransport_definition){make_link, 0, g};
	for (size_t i = 0; i < 2; i++) {
		const char *path = getenv(names[i]);
		if (!str_empty(path) &&
		    (strpbrk(path, "\"\r\n") != NULL || access(path, R_OK) != 0))
			return err_set(e, ERR_USAGE, "%s: cannot read '%s'", names[i], path);
	}
	return read_address(g->arena, g->url, &to, e);
}
