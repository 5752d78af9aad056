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

/* A policy that is put again, since its journal was lost, stands since the first time. */
static void regression_put_again_is_no_addition(void **state)
{
	const struct schedule s = {.seed = 20438, .scenario = 6, .latency_ms = 1, .lag_ms = 7706,
				   .steady_lag = true, .back = true,
				   .disturbance = {{DISK_FULL, 73, 1, 0}}, .count = 1};
	(void)state;
	holds(&s);
}

/* Where a role stood by an earlier look is not where it stands: steps that were never taken, and one
 * behind the last, were taken for done. */
static void regression_stale_look_believed(void **state)
{
	const struct schedule one = schedule_of(11356113), other = schedule_of(12305852);
	(void)state;
	holds(&one);
	holds(&other);
}

/* At every operation of a run: it stops, and goes on when it may. */
static void stops_at_any_operation(enum disturbance_kind kind)
{
	for (size_t scenario = 0; scenario < 8; scenario++)
		for (uint64_t at = 1; at < 400; at += 7) {
			const struct schedule s = {.seed = at, .scenario = scenario, .latency_ms = 50,
						   .lag_ms = scenario % 2 == 0 ? 0 : 2000,
						   .back = at % 3 == 0, .new_machine = at % 5 == 0,
						   .disturbance = {{kind, at, 1, 0}}, .count = 1};
			holds(&s);
		}
}

static void window_closes_at_any_operation(void **state)
{
	(void)state;
	stops_at_any_operation(WINDOW_CLOSES);
}

static void stop_ordered_at_any_operation(void **state)
{
	(void)state;
	stops_at_any_operation(STOP_ORDERED);
}

/* What is being undone when the window closes is undone to its end. */
static void window_closes_while_undoing(void **state)
{
	(void)state;
	for (uint64_t at = 20; at < 120; at += 3)
		for (uint64_t shut = 60; shut < 300; shut += 20) {
			const struct schedule s = {.seed = at, .scenario = at % 7, .latency_ms = 20,
						   .disturbance = {{CALLS_DENIED, at, 1, 0},
								   {WINDOW_CLOSES, shut, 1, 0}},
						   .count = 2};
			holds(&s);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(regression_shared_policy_left_over),
		cmocka_unit_test(regression_frozen_is_not_patient),
		cmocka_unit_test(regression_bridge_on_a_new_machine),
		cmocka_unit_test(regression_expired_in_the_middle),
		cmocka_unit_test(regression_denied_rollback),
		cmocka_unit_test(regression_put_again_is_no_addition),
		cmocka_unit_test(regression_stale_look_believed),
		cmocka_unit_test(window_closes_at_any_operation),
		cmocka_unit_test(stop_ordered_at_any_operation),
		cmocka_unit_test(window_closes_while_undoing),
		cmocka_unit_test(seeds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
