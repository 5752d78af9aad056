/* make simulate SEEDS=N SEED0=K: the N seeds from K on. A failing seed is printed, reduced to the
 * shortest schedule that still fails, and traced. `simulate 1 K trace` shows one seed's whole run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim.h"

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void explain(const struct schedule *s, const char *failure)
{
	struct arena *a = arena_new(NULL);
	printf("FAILED ");
	schedule_print(s);
	printf("  %s\nreduced to\n", failure);
	struct schedule least = schedule_reduce(s);
	schedule_print(&least);
	simulate(a, &least, true, NULL);
	arena_free(a);
}

int main(int argc, char **argv)
{
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 20000;
	uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	bool trace = argc > 3 && strcmp(argv[3], "trace") == 0;
	uint64_t events = 0, failed = 0;
	double start = seconds();
	for (uint64_t seed = first; seed < first + count; seed++) {
		struct arena *a = arena_new(NULL);
		struct schedule s = schedule_of(seed);
		if (trace)
			schedule_print(&s);
		const char *failure = simulate(a, &s, trace, &events);
		if (failure != NULL) {
			failed++;
			explain(&s, failure);
		}
		arena_free(a);
		if (failed == 3)
			break;
	}
	double took = seconds() - start;
	printf("%llu schedules from seed %llu, %llu events, %llu failed; %.0f schedules/s\n",
	       (unsigned long long)count, (unsigned long long)first, (unsigned long long)events,
	       (unsigned long long)failed, (double)count / (took > 0 ? took : 1));
	return failed == 0 ? 0 : 1;
}
