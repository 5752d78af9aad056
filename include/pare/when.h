/* when: instants as milliseconds since 1970-01-01T00:00:00Z, and their texts. */
#ifndef PARE_WHEN_H
#define PARE_WHEN_H

#include <stdbool.h>
#include <stdint.h>

enum { WHEN_TEXT = 32 };

/* RFC 3339 / ISO 8601 as AWS writes it: any number of fraction digits, Z or ±hh:mm; also a bare
 * date, which is its midnight in UTC. false when it is neither. */
bool when_parse(const char *text, int64_t *ms);

void when_iso(int64_t ms, char text[WHEN_TEXT]);     /* 2026-11-24T03:09:23Z, fraction cut */
void when_exact(int64_t ms, char text[WHEN_TEXT]);    /* 2026-11-24T03:09:23.050Z, without .000 */
void when_compact(int64_t ms, char text[WHEN_TEXT]); /* 20261124T030923Z */
void when_date(int64_t ms, char text[WHEN_TEXT]);    /* 20261124 */
/* <0, 0, >0: which instant is earlier; by their bytes where one is none. */
int when_order(const char *x, const char *y);
/* Same second? AWS writes the same instant with and without fractions. */
bool when_same_second(int64_t x_ms, int64_t y_ms);

enum { WHEN_DAY_MS = 86400000 };

#endif
