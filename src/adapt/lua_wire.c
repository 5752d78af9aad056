/* lua_wire: messages between pare and the process its rules run in. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "lua_private.h"

int64_t lua_clock_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool wait_for(int fd, short what, int64_t until_ms, bool *late)
{
	for (;;) {
		int64_t left = until_ms - lua_clock_ms();
		struct pollfd p = {.fd = fd, .events = what};
		if (left <= 0) {
			*late = true;
			return false;
		}
		int n = poll(&p, 1, (int)left);
		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return false;
	}
}

static bool again(int fd, short what, int64_t until_ms, bool *late)
{
	if (errno == EINTR)
		return true;
	return errno == EAGAIN && until_ms >= 0 && wait_for(fd, what, until_ms, late);
}

/* Without a deadline it blocks: the child may not call poll (RLIMIT_NOFILE is 0). */
static int flags(int64_t until_ms)
{
	return MSG_NOSIGNAL | (until_ms >= 0 ? MSG_DONTWAIT : 0);
}

static int64_t deadline(int timeout_ms)
{
	return timeout_ms < 0 ? -1 : lua_clock_ms() + timeout_ms;
}

static bool send_all(int fd, const char *bytes, size_t len, int64_t until_ms)
{
	bool late;
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, flags(until_ms));
		if (n < 0 && again(fd, POLLOUT, until_ms, &late))
			continue;
		if (n <= 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

bool lua_send(struct lua_wire *w, const struct buf *message, int timeout_ms)
{
	char small[4096];
	uint32_t len = (uint32_t)message->len;
	int64_t until_ms = deadline(timeout_ms);
	if (!buf_ok(message) || message->len > LUA_MESSAGE_MAX)
		return false;
	memcpy(small, &len, sizeof len);
	size_t part = message->len < sizeof small - sizeof len ? message->len : sizeof small - sizeof len;
	memcpy(small + sizeof len, message->data, part);
	return send_all(w->fd, small, sizeof len + part, until_ms) &&
	       send_all(w->fd, message->data + part, message->len - part, until_ms);
}

void lua_bundle(struct buf *bundle, const struct buf *message)
{
	uint32_t len = (uint32_t)message->len;
	buf_put(bundle, &len, sizeof len);
	buf_put(bundle, message->data, message->len);
}

bool lua_send_bundle(struct lua_wire *w, struct buf *bundle)
{
	bool ok = buf_ok(bundle) && send_all(w->fd, bundle->data, bundle->len, -1);
	buf_clear(bundle);
	return ok;
}

static ssize_t receive(int fd, char *bytes, size_t room, int64_t until_ms, bool *late)
{
	for (;;) {
		ssize_t n = recv(fd, bytes, room, flags(until_ms));
		if (n >= 0 || !again(fd, POLLIN, until_ms, late))
			return n;
	}
}

/* Small pieces come through the buffer, large ones go straight to their place. */
static bool take(struct lua_wire *w, char *out, size_t len, int64_t until_ms, bool *late)
{
	while (len > 0) {
		size_t part = w->have - w->at < len ? w->have - w->at : len;
		memcpy(out, w->bytes + w->at, part);
		w->at += part;
		out += part;
		len -= part;
		if (len == 0)
			return true;
		bool direct = len >= sizeof w->bytes;
		ssize_t n = receive(w->fd, direct ? out : w->bytes, direct ? len : sizeof w->bytes, until_ms,
				    late);
		if (n <= 0)
			return false;
		if (direct) {
			out += n;
			len -= (size_t)n;
		} else {
			w->at = 0;
			w->have = (size_t)n;
		}
	}
	return true;
}

const char *lua_receive(struct arena *a, struct lua_wire *w, size_t max, int timeout_ms, size_t *len,
			bool *late)
{
	int64_t until_ms = deadline(timeout_ms);
	char head[4];
	uint32_t size;
	*late = false;
	if (!take(w, head, sizeof head, until_ms, late))
		return NULL;
	memcpy(&size, head, sizeof size);
	if (size > max)
		return NULL;
	char *bytes = arena_alloc(a, (size_t)size + 1);
	*len = size;
	return take(w, bytes, size, until_ms, late) ? bytes : NULL;
}

bool lua_babbles(struct lua_wire *w)
{
	char one;
	return w->at < w->have || recv(w->fd, &one, 1, MSG_DONTWAIT | MSG_PEEK) > 0;
}
