/* Preloaded into pare by the end-to-end scripts: something happens at its Nth write to AWS over
 * plain HTTP. The program itself knows nothing of it.
 *
 *   AT_WRITE=N AT_WRITE_HOW=before       the connection breaks instead of the request
 *                          after        the request is carried out, the answer is lost
 *                          kill-before  SIGKILL instead of the request
 *                          kill-after   the request is carried out, SIGKILL instead of its answer
 *                          stop         as after, but SIGINT comes with the answer, which stays whole
 *                          gone         from there on the network is gone
 *   AT_WRITE_HIT=FILE                   is made when it happens */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int writes, armed = -1, gone;

static int writing(const char *bytes, size_t len)
{
	static const char *const starts[] = {"Action=Create", "Action=Attach", "Action=Detach", "Action=Put",
					     "Action=Delete", "PUT /finding"};
	for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
		if (len > strlen(starts[i]) && memcmp(bytes, starts[i], strlen(starts[i])) == 0)
			return 1;
	return 0;
}

static int how(const char *word)
{
	const char *value = getenv("AT_WRITE_HOW");
	return value != NULL && strcmp(value, word) == 0;
}

static void hit(void)
{
	const char *file = getenv("AT_WRITE_HIT");
	int fd = file != NULL ? open(file, O_WRONLY | O_CREAT, 0600) : -1;
	if (fd >= 0)
		close(fd);
}

static void die(void)
{
	kill(getpid(), SIGKILL);
}

ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
	static ssize_t (*real)(int, const void *, size_t, int);
	const char *at = getenv("AT_WRITE");
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "send");
	if (gone) {
		errno = ENETUNREACH;
		return -1;
	}
	if (at == NULL || !writing(bytes, len) || ++writes != atoi(at))
		return real(fd, bytes, len, flags);
	hit();
	if (how("kill-before"))
		die();
	gone = how("gone");
	if (gone || how("before")) {
		errno = ECONNRESET;
		return -1;
	}
	armed = fd;
	return real(fd, bytes, len, flags);
}

ssize_t recv(int fd, void *bytes, size_t len, int flags)
{
	static ssize_t (*real)(int, void *, size_t, int);
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "recv");
	ssize_t got = real(fd, bytes, len, flags);
	if (fd != armed || got <= 0 || (flags & MSG_PEEK) != 0)
		return got;
	armed = -1;
	if (how("kill-after"))
		die();
	if (how("stop")) {
		raise(SIGINT);
		return got;
	}
	errno = ECONNRESET;
	return -1;
}

int connect(int fd, const struct sockaddr *to, socklen_t len)
{
	static int (*real)(int, const struct sockaddr *, socklen_t);
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "connect");
	if (!gone || to->sa_family != AF_INET)
		return real(fd, to, len);
	errno = ENETUNREACH;
	return -1;
}
