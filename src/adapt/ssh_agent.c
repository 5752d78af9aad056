/* ssh_agent: asks the agent that holds a key to sign (draft-miller-ssh-agent). The agent may ask its
 * owner, or wait for a touch: it has two minutes. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "pare/ssh_wire.h"
#include "pare/str.h"
#include "ssh_private.h"

enum {
	AGENT_SIGN_REQUEST = 13,
	AGENT_SIGN_RESPONSE = 14,
	AGENT_RSA_SHA2_512 = 4,
	AGENT_WAIT_MS = 120000,
	AGENT_MESSAGE_MAX = 65536,
};

static int connect_agent(struct err *e)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	const char *path = getenv("SSH_AUTH_SOCK");
	if (str_empty(path)) {
		err_set(e, ERR_USAGE, "no ssh-agent: SSH_AUTH_SOCK is not set; start one and add the key with ssh-add");
		return -1;
	}
	if (strlen(path) >= sizeof at.sun_path) {
		err_set(e, ERR_USAGE, "SSH_AUTH_SOCK: the path is too long");
		return -1;
	}
	memcpy(at.sun_path, path, strlen(path));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&at, sizeof at) == 0)
		return fd;
	err_set(e, ERR_UNAVAILABLE, "connecting to the ssh-agent '%s': %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool send_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

static bool receive_all(int fd, uint8_t *bytes, size_t len)
{
	while (len > 0) {
		struct pollfd p = {fd, POLLIN, 0};
		if (poll(&p, 1, AGENT_WAIT_MS) <= 0)
			return false;
		ssize_t n = recv(fd, bytes, len, 0);
		if (n <= 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

static bool ask(struct arena *a, int fd, const struct buf *message, struct bytes *answer)
{
	uint8_t head[4];
	struct buf *whole = buf_new(a, AGENT_MESSAGE_MAX);
	ssh_put_string(whole, message->data, message->len);
	if (!buf_ok(whole) || !send_all(fd, whole->data, whole->len) || !receive_all(fd, head, sizeof head))
		return false;
	struct ssh_reader r = ssh_reader_of(head, sizeof head);
	uint32_t len = ssh_take_u32(&r);
	if (len == 0 || len > AGENT_MESSAGE_MAX)
		return false;
	uint8_t *bytes = arena_alloc(a, len);
	*answer = (struct bytes){bytes, len};
	return receive_all(fd, bytes, len);
}

bool ssh_agent_sign(struct arena *a, const struct ssh_key *key, struct bytes data, struct bytes *out,
		    struct err *e)
{
	struct bytes answer;
	struct buf *b = buf_new(a, AGENT_MESSAGE_MAX);
	int fd = connect_agent(e);
	if (fd < 0)
		return false;
	buf_putc(b, AGENT_SIGN_REQUEST);
	ssh_put_string(b, key->blob.at, key->blob.len);
	ssh_put_string(b, data.at, data.len);
	ssh_put_u32(b, key->pub.kind == KEY_RSA ? AGENT_RSA_SHA2_512 : 0);
	bool ok = ask(a, fd, b, &answer);
	close(fd);
	if (!ok)
		return err_set(e, ERR_UNAVAILABLE, "the ssh-agent gave no answer");
	struct ssh_reader r = ssh_reader_of(answer.at, answer.len);
	uint8_t kind = ssh_take_byte(&r);
	*out = ssh_take_string(&r);
	if (kind == AGENT_SIGN_RESPONSE && ssh_reader_done(&r))
		return true;
	return err_set(e, ERR_REFUSED,
		       "the ssh-agent does not sign with key %s: it does not hold it (add it with ssh-add), or its "
		       "owner said no",
		       key->fingerprint);
}
