#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pare/world.h"

/* Signal handlers can reach nothing but this. */
static volatile sig_atomic_t signals_seen;

static void on_signal(int number)
{
	if (number == SIGINT && signals_seen > 0)
		_exit(130); /* the second Ctrl-C means now; the journal makes that safe */
	signals_seen = 1;
}

static int64_t now_ms(void *self)
{
	struct timespec t;
	(void)self;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool interrupted(void *self)
{
	(void)self;
	return signals_seen != 0;
}

static void sleep_until(void *self, int64_t until_ms)
{
	while (signals_seen == 0) {
		int64_t rest = until_ms - now_ms(self);
		if (rest <= 0)
			return;
		if (rest > 1000)
			rest = 1000; /* the clock may be set meanwhile */
		struct timespec t = {rest / 1000, rest % 1000 * 1000000};
		if (nanosleep(&t, NULL) != 0 && errno != EINTR)
			return;
	}
}

struct clock_port clock_system(struct arena *a)
{
	struct sigaction action = {.sa_handler = on_signal};
	(void)a;
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* Under nohup it is ignored, and that is meant. */
	struct sigaction inherited;
	if (sigaction(SIGHUP, NULL, &inherited) != 0 || inherited.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of the write, not a death */
	return (struct clock_port){NULL, now_ms, sleep_until, interrupted};
}
