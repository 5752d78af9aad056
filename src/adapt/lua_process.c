/* lua_process: the parent's side of the process that rules run in: started, told, heard, ended.
 *
 * P1 a process that is late, gone or talks nonsense is killed and reaped before anything else.
 * P2 nothing it says is believed beyond one bounded message that parses.
 * P3 it never outlives pare. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lua_private.h"

enum { LIFE_MAX_MS = 60000 };

void lua_process_stop(void *self)
{
	struct lua_process *p = self;
	if (p->pid == 0)
		return;
	kill(p->pid, SIGKILL);
	while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(p->wire.fd);
	p->pid = 0;
}

_Noreturn static void become_child(struct lua_process *p, int fd, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) /* pare ended before the line above */
		_exit(0);
	p->child(fd);
	_exit(0);
}

bool lua_process_start(struct lua_process *p, struct err *e)
{
	int pair[2];
	pid_t parent = getpid();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return err_set(e, ERR_IO, "starting the rules' process: %s", strerror(errno));
	pid_t pid = fork();
	if (pid == 0)
		become_child(p, pair[1], parent);
	int why = errno;
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return err_set(e, ERR_IO, "starting the rules' process: %s", strerror(why));
	}
	p->pid = pid;
	p->started_ms = lua_clock_ms();
	p->wire.fd = pair[0];
	p->wire.at = p->wire.have = 0;
	return true;
}

bool lua_process_worn(const struct lua_process *p)
{
	return lua_clock_ms() - p->started_ms > LIFE_MAX_MS;
}

bool lua_process_tell(struct lua_process *p, const struct buf *message, int timeout_ms, struct err *e)
{
	if (!buf_ok(message) || message->len > LUA_MESSAGE_MAX)
		return err_set(e, ERR_LIMIT, "more than %d MiB to say to the rules' process",
			       LUA_MESSAGE_MAX / 1024 / 1024);
	bool babbles = lua_babbles(&p->wire);
	if (!babbles && lua_send(&p->wire, message, timeout_ms))
		return true;
	lua_process_stop(p);
	return err_set(e, ERR_INPUT, "%s",
		       babbles ? "the rules' process talks nonsense" : "the rules' process ended");
}

const char *lua_process_hear(struct lua_process *p, struct arena *a, int timeout_ms, size_t *len,
			     struct err *e)
{
	bool late = false;
	const char *text = lua_receive(a, &p->wire, LUA_ANSWER_MAX, timeout_ms, len, &late);
	if (text != NULL)
		return text;
	lua_process_stop(p);
	if (late)
		err_set(e, ERR_INPUT, "it ran longer than %d s", timeout_ms / 1000);
	else
		err_set(e, ERR_INPUT, "its process ended");
	return NULL;
}

const struct json *lua_process_read(struct lua_process *p, struct arena *a, const char *text,
				    size_t len, struct err *e)
{
	const struct json *v = json_parse(a, text, len, "the rules' process", e);
	if (v != NULL && v->type == JSON_OBJECT)
		return v;
	lua_process_stop(p);
	err_set(e, ERR_INPUT, "its process talks nonsense");
	return NULL;
}

const struct json *lua_process_ask(struct lua_process *p, struct arena *a, const struct buf *message,
				   int timeout_ms, struct err *e)
{
	if (!lua_process_tell(p, message, timeout_ms, e))
		return NULL;
	size_t len;
	const char *text = lua_process_hear(p, a, timeout_ms, &len, e);
	const struct json *v = text != NULL ? lua_process_read(p, a, text, len, e) : NULL;
	if (v == NULL || json_bool(v, "ok", false))
		return v;
	err_set(e, ERR_USAGE, "%s", json_text(v, "error") != NULL ? json_text(v, "error") : "failed");
	return NULL;
}
