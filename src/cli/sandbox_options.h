/* sandbox_options: the command line of pare-sandbox; private to src/cli. */
#ifndef PARE_CLI_SANDBOX_OPTIONS_H
#define PARE_CLI_SANDBOX_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "pare/arena.h"
#include "pare/err.h"

struct sandbox_options {
	const char *host; /* numeric */
	int port;         /* 0: any */
	const char *port_file, *seed, *state, *faults, *show; /* NULL where not given */
	int64_t generate_roles, generate_seed;
	int64_t latency_ms, lag_ms;
	bool allow_network; /* other machines may connect */
	bool help, version;
};

/* Errors are ERR_USAGE. An address beyond loopback is refused unless allow_network is set. */
bool sandbox_options_parse(struct arena *a, int argc, char **argv, struct sandbox_options *o,
			   struct err *e);
const char *sandbox_options_help(struct arena *a);

#endif
