/* sim_scenarios: small accounts, one for each kind of plan. */
#ifndef PARE_SIM_SCENARIOS_H
#define PARE_SIM_SCENARIOS_H

#include <stddef.h>

/* A sandbox seed; index below SCENARIO_COUNT. */
const char *scenario_seed(size_t index);
const char *scenario_name(size_t index);

#endif
