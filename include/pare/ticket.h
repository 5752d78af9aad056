/* ticket: the change ticket's id that a proposal carries: in the plan's folder (file `ticket`), in
 * plan.md, in the commit's trailer Change-Ticket and in the receipt. It says what a change is for; it
 * approves nothing.
 *
 * A pattern is matched against the whole id: characters stand for themselves, %d is a digit, %a a
 * letter, %u and %l an upper and a lower case letter, %w a letter or digit, % before anything else
 * takes that literally; + * ? behind one of them repeat it. Matching takes time proportional to the
 * id's length. */
#ifndef PARE_TICKET_H
#define PARE_TICKET_H

#include <stdbool.h>
#include <stddef.h>

enum { TICKET_MAX = 64 };

/* What was expected, when it is no pattern; else NULL. */
const char *ticket_pattern_wrong(const char *pattern);
/* Letters, digits and . _ : / # - only, at most TICKET_MAX of them: safe in trailers and Markdown. */
bool ticket_valid(const char *id);
bool ticket_matches(const char *pattern, const char *id);

#endif
