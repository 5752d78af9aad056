/* handover: findings about whole roles, access keys and passwords: rules see them, a person acts. */
#ifndef PARE_HANDOVER_H
#define PARE_HANDOVER_H

#include "pare/finding.h"
#include "pare/principal.h"

bool hands_over(enum finding_type type);
const char *handover_reason(struct arena *a, const struct finding *f);
/* The AWS CLI's commands, in order, each word quoted for a POSIX shell. */
void handover_commands(struct arena *a, const struct finding *f, const struct principal *p,
		       struct str_list *out);

#endif
