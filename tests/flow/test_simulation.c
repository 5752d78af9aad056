/* Seeded schedules of everything that goes wrong, and by name those that once broke an invariant.
 * SIM_SEEDS says how many; `make simulate` runs any range. */
#include "../unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim.h"

static void holds(const struct schedule *s)
{
	struct arena *a = arena_new(NULL);
	uint64_t events = 0;
	const char *failure = simulate(a, s, false, &events);
	if (failure != NULL) {
		schedule_print(s);
		print_error("%s\n", failure);
	}
	assert_null(failure);
	assert_true(events > 0);
	arena_free(a);
}

static void seeds(void **state)
{
	const char *text = getenv("SIM_SEEDS");
	uint64_t count = text != NULL ? strtoull(text, NULL, 10) : 20000;
	(void)state;
	for (uint64_t seed = 1; seed <= count; seed++) {
		struct schedule s = schedule_of(seed);
		holds(&s);
	}
}

/* The last role that lets go of a shared policy removes it, although another plan had made it. */
static void regression_shared_policy_left_over(void **state)
{
	const struct schedule s = {.seed = 8, .scenario = 6, .latency_ms = 38, .back = true};
	(void)state;
	holds(&s);
}

/* A process that stood still for two hours has not waited for two hours. */
static void regression_frozen_is_not_patient(void **state)
{
	const struct schedule s = {.seed = 36, .scenario = 6, .latency_ms = 382, .lag_ms = 4730,
				   .disturbance = {{FROZEN, 279, 1, 0}}, .count = 1};
	(void)state;
	holds(&s);
}

/* Without the journal the role itself says how far the plan has come. */
static void regression_bridge_on_a_new_machine(void **state)
{
	const struct schedule s = {.seed = 56, .scenario = 4, .latency_ms = 1, .new_machine = true,
				   .disturbance = {{KILLED, 273, 1, 0}}, .count = 1};
	(void)state;
	holds(&s);
}

static void regression_expired_in_the_middle(void **state)
{
	const struct schedule s = {.seed = 69, .scenario = 4, .latency_ms = 1, .new_machine = true,
				   .disturbance = {{CALLS_EXPIRED, 56, 1, 0}}, .count = 1};
	(void)state;
	holds(&s);
}

/* Undoing what was denied takes its own additions away at once. */
static void regression_denied_rollback(void **state)
{
	const struct schedule s = {.seed = 3472, .scenario = 6, .latency_ms = 1, .lag_ms = 299,
				   .steady_lag = true, .back = true,
				   .disturbance = {{CALLS_DENIED, 28, 8, 0}}, .count = 1};
	(void)state;
	holds(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(regression_shared_policy_left_over),
		cmocka_unit_test(regression_frozen_is_not_patient),
		cmocka_unit_test(regression_bridge_on_a_new_machine),
		cmocka_unit_test(regression_expired_in_the_middle),
		cmocka_unit_test(regression_denied_rollback),
		cmocka_unit_test(seeds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
