/* Preloaded into pare by kill.sh: the process dies by SIGKILL at its Nth journal sync, before or
 * after the bytes are durable. The program itself knows nothing of it. */
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int fdatasync(int fd)
{
	static int calls;
	static int (*real)(int);
	const char *at = getenv("KILL_AT"), *when = getenv("KILL_WHEN");
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "fdatasync");
	calls++;
	int hit = at != NULL && atoi(at) == calls;
	if (hit && when != NULL && strcmp(when, "before") == 0)
		kill(getpid(), SIGKILL);
	int result = real(fd);
	if (hit)
		kill(getpid(), SIGKILL);
	return result;
}
