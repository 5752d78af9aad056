/* glob: IAM's wildcards; private to src/policy. '*' any run, '?' exactly one character. */
#ifndef PARE_GLOB_H
#define PARE_GLOB_H

#include <stdbool.h>

/* Actions: without case. */
bool glob_action(const char *pattern, const char *action);
/* Text: with case unless ignore_case. */
bool glob_text(const char *pattern, const char *text, bool ignore_case);
/* Everything that inner matches, outer matches: sound; inner's own text is read as symbols ('*' of
 * outer absorbs anything, '?' one character or '?' of inner, never a '*' or a variable). */
bool glob_within(const char *inner, const char *outer, bool ignore_case);
/* Can no text match both? Sound: true means certainly disjoint. */
bool glob_disjoint(const char *x, const char *y, bool ignore_case);

#endif
