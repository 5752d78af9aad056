/* How long `pare version` takes from fork to exit, beside a program that does nothing: what every
 * call of pare pays before its own work. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double run_ms(char *const argv[])
{
	struct timespec from, to;
	int status;
	clock_gettime(CLOCK_MONOTONIC, &from);
	pid_t child = fork();
	if (child == 0) {
		int null = open("/dev/null", O_WRONLY);
		if (null >= 0 && dup2(null, STDOUT_FILENO) >= 0)
			execvp(argv[0], argv);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
		fprintf(stderr, "startup: '%s' did not run to its end\n", argv[0]);
		exit(1);
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	return (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6;
}

int main(void)
{
	const char *pare = getenv("PARE");
	char word[] = "version", true_program[] = "true", path[4096];
	snprintf(path, sizeof path, "%s", pare != NULL ? pare : "build/pare");
	char *version[] = {path, word, NULL}, *nothing[] = {true_program, NULL};
	for (int i = 0; i < 50; i++) {
		printf("bench: startup-pare-version %.3f ms\n", run_ms(version));
		printf("bench: startup-nothing %.3f ms\n", run_ms(nothing));
		fflush(stdout);
	}
	puts("ratio: startup-pare-version startup-nothing");
	return 0;
}
