/* window: when changes may be made: recurring spans on the wall clock of a time zone, and freezes.
 *
 * It is open while at least one span's wall clock shows a time within the span, and no freeze has the
 * day; without spans it is always open but for freezes. A wall clock that jumps over a time never
 * shows it; one that shows an hour twice is within the span twice. */
#ifndef PARE_WINDOW_H
#define PARE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pare/arena.h"
#include "pare/err.h"
#include "pare/str.h"

/* What a zone's clocks are ahead of UTC: before_s until the first change, then offset_s[i] from
 * at_s[i] (seconds since 1970) on. */
struct zone {
	const char *name;
	int32_t before_s;
	int64_t *at_s;
	int32_t *offset_s;
	size_t count;
};
int64_t zone_offset_ms(const struct zone *z, int64_t ms);
extern const struct zone zone_utc;

struct window_span {
	bool day[7];           /* on which it begins; Monday first */
	int from_min, to_min;  /* of the day; to <= from: over midnight */
	const struct zone *zone;
	const char *text;      /* as configured */
};
struct window_freeze {
	int64_t from_day, to_day; /* days since 1970-01-01, both frozen */
	const struct zone *zone;  /* NULL: in any zone of the spans, or UTC where there is none */
	const char *text;
};
struct window {
	struct window_span *span;
	size_t span_count;
	struct window_freeze *freeze;
	size_t freeze_count;
};

/* "Mon-Thu,Sat 09:00-16:00 Europe/Berlin", "Fri 22:00-04:00" (over midnight, UTC). Sets all but the
 * zone, whose name is *zone (NULL: none given). Gives what was expected when the text is wrong. */
const char *window_span_parse(struct arena *a, const char *text, struct window_span *out,
			      const char **zone);
/* "2026-12-18/2027-01-07", with a zone behind it where it is not to be the spans'. */
const char *window_freeze_parse(struct arena *a, const char *text, struct window_freeze *out,
				const char **zone);

bool window_is_open(const struct window *w, int64_t ms);
/* The first instant from ms on, and before until_ms, at which it is open (or shut); INT64_MAX when
 * there is none. */
int64_t window_next(const struct window *w, int64_t ms, bool open, int64_t until_ms);
/* The freeze that holds then, or NULL. */
const struct window_freeze *window_frozen(const struct window *w, int64_t ms);

/* In adapt/timezone.c: from the system's time zone data ($TZDIR, else /usr/share/zoneinfo); "UTC"
 * needs none. ERR_NOT_FOUND when there is no such zone. */
bool timezone_load(struct arena *a, const char *name, struct zone **out, struct err *e);
/* The bytes of such a file (RFC 8536, versions 1 to 4); changes are laid out until 2200. */
bool timezone_parse(struct arena *a, const char *bytes, size_t len, const char *name,
		    struct zone **out, struct err *e);

/* A calendar elsewhere that is asked whether changes are allowed now. */
struct calendar_port {
	void *self;
	/* Open only if all of them are. *next_ms: when that changes as far as is known, or 0. */
	bool (*state)(void *self, const struct str_list *names, bool *open, int64_t *next_ms,
		      struct err *e);
};

#endif
