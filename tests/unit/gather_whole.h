/* Both halves of gathering over one port, for tests with one account. */
#ifndef PARE_GATHER_WHOLE_H
#define PARE_GATHER_WHOLE_H

#include "pare/gather.h"

static inline bool gather_live(struct arena *a, const struct read_port *aws,
			       const struct clock_port *clock, const char *analyzer,
			       const struct gather_filter *filter,
			       const struct progress_port *progress, struct gathered *out, struct err *e)
{
	return gather_findings(a, aws, clock, analyzer, filter, progress, out, e) &&
	       gather_principals(a, aws, clock, filter, progress, out, e);
}

#endif
