#include "pare/window.h"

#include <string.h>

#include "pare/when.h"

enum { MINUTE_MS = 60000, DAY_MIN = 24 * 60, STEPS_MAX = 1000000 };

const struct zone zone_utc = {.name = "UTC"};

/* --- reading --- */

static bool take_day(const char **at, int *day)
{
	static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	for (int i = 0; i < 7; i++)
		if (str_starts(*at, days[i])) {
			*at += 3;
			*day = i;
			return true;
		}
	return false;
}

/* "Fri-Mon" goes over the week's end. */
static bool take_days(const char **at, struct window_span *out)
{
	for (;;) {
		int from, to;
		if (!take_day(at, &from))
			return false;
		to = from;
		if (**at == '-' && ((*at)++, !take_day(at, &to)))
			return false;
		for (int day = from;; day = (day + 1) % 7) {
			out->day[day] = true;
			if (day == to)
				break;
		}
		if (**at != ',')
			return true;
		(*at)++;
	}
}

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool take_clock(const char **at, int *minutes)
{
	const char *s = *at;
	if (!digit(s[0]) || !digit(s[1]) || s[2] != ':' || !digit(s[3]) || !digit(s[4]))
		return false;
	int h = (s[0] - '0') * 10 + s[1] - '0', m = (s[3] - '0') * 10 + s[4] - '0';
	if (h > 24 || m > 59 || (h == 24 && m > 0))
		return false;
	*minutes = h * 60 + m;
	*at += 5;
	return true;
}

static bool take_zone(struct arena *a, const char *at, const char **zone)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
	*zone = NULL;
	if (*at == '\0')
		return true;
	if (*at++ != ' ' || *at == '\0' || *at == '/' || strlen(at) > 100 ||
	    strspn(at, allowed) != strlen(at)) /* no dot: none leads out of the folder */
		return false;
	*zone = arena_strdup(a, at);
	return true;
}

const char *window_span_parse(struct arena *a, const char *text, struct window_span *out,
			      const char **zone)
{
	static const char expected[] = "windows such as \"Mon-Thu 09:00-16:00 Europe/Berlin\"";
	const char *at = text;
	*out = (struct window_span){.zone = &zone_utc, .text = arena_strdup(a, text)};
	if (!take_days(&at, out) || *at++ != ' ' || !take_clock(&at, &out->from_min) || *at++ != '-' ||
	    !take_clock(&at, &out->to_min) || !take_zone(a, at, zone))
		return expected;
	if (out->from_min == out->to_min || out->from_min == DAY_MIN)
		return "windows whose end differs from their beginning, such as \"Sat 00:00-24:00\"";
	return NULL;
}

const char *window_freeze_parse(struct arena *a, const char *text, struct window_freeze *out,
				const char **zone)
{
	static const char expected[] = "date ranges such as \"2026-12-18/2027-01-07\"";
	int64_t from_ms, to_ms;
	*out = (struct window_freeze){.text = arena_strdup(a, text)};
	if (strlen(text) < 21 || text[10] != '/')
		return expected;
	if (!when_parse(arena_copy(a, text, 10), &from_ms) ||
	    !when_parse(arena_copy(a, text + 11, 10), &to_ms) || from_ms > to_ms ||
	    !take_zone(a, text + 21, zone))
		return expected;
	out->from_day = from_ms / WHEN_DAY_MS;
	out->to_day = to_ms / WHEN_DAY_MS;
	if (from_ms < 0)
		return "dates from 1970 on";
	return NULL;
}

/* --- the wall clock --- */

static int64_t floor_div(int64_t x, int64_t y)
{
	return x >= 0 ? x / y : -((y - 1 - x) / y);
}

/* Changes in force at ms; the next one's index. */
static size_t changes_before(const struct zone *z, int64_t ms)
{
	int64_t s = floor_div(ms, 1000);
	size_t low = 0, high = z->count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (z->at_s[mid] <= s)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

int64_t zone_offset_ms(const struct zone *z, int64_t ms)
{
	size_t n = changes_before(z, ms);
	return (int64_t)(n == 0 ? z->before_s : z->offset_s[n - 1]) * 1000;
}

static int64_t local(const struct zone *z, int64_t ms)
{
	return ms + zone_offset_ms(z, ms);
}

static int weekday(int64_t day) /* 1970-01-01 was a Thursday */
{
	return (int)((day % 7 + 7 + 3) % 7);
}

static bool within(const struct window_span *s, int64_t ms)
{
	int64_t wall = local(s->zone, ms), day = floor_div(wall, WHEN_DAY_MS);
	int minute = (int)((wall - day * WHEN_DAY_MS) / MINUTE_MS);
	if (s->to_min > s->from_min)
		return s->day[weekday(day)] && minute >= s->from_min && minute < s->to_min;
	return (s->day[weekday(day)] && minute >= s->from_min) ||
	       (s->day[weekday(day - 1)] && minute < s->to_min);
}

static bool frozen_in(const struct window_freeze *f, const struct zone *z, int64_t ms)
{
	int64_t day = floor_div(local(z, ms), WHEN_DAY_MS);
	return day >= f->from_day && day <= f->to_day;
}

static bool frozen_by(const struct window *w, const struct window_freeze *f, int64_t ms)
{
	if (f->zone != NULL || w->span_count == 0)
		return frozen_in(f, f->zone != NULL ? f->zone : &zone_utc, ms);
	for (size_t i = 0; i < w->span_count; i++)
		if (frozen_in(f, w->span[i].zone, ms))
			return true;
	return false;
}

const struct window_freeze *window_frozen(const struct window *w, int64_t ms)
{
	for (size_t i = 0; i < w->freeze_count; i++)
		if (frozen_by(w, &w->freeze[i], ms))
			return &w->freeze[i];
	return NULL;
}

bool window_is_open(const struct window *w, int64_t ms)
{
	if (window_frozen(w, ms) != NULL)
		return false;
	for (size_t i = 0; i < w->span_count; i++)
		if (within(&w->span[i], ms))
			return true;
	return w->span_count == 0;
}

/* --- what comes next --- */

static int64_t sooner(int64_t x, int64_t y)
{
	return x < y ? x : y;
}

/* The wall clock of z shows this minute of the day next (as long as it is not changed before). */
static int64_t shows(const struct zone *z, int64_t ms, int minute)
{
	int64_t wall = local(z, ms), day = floor_div(wall, WHEN_DAY_MS);
	int64_t then = day * WHEN_DAY_MS + (int64_t)minute * MINUTE_MS;
	return ms + (then > wall ? then : then + WHEN_DAY_MS) - wall;
}

static int64_t changes(const struct zone *z, int64_t ms)
{
	size_t n = changes_before(z, ms);
	return n == z->count ? INT64_MAX : z->at_s[n] * 1000;
}

/* Nothing changes between ms and this: a span's edge, a midnight, or a change of the clocks. */
static int64_t next_edge(const struct window *w, int64_t ms)
{
	int64_t at = shows(&zone_utc, ms, 0);
	for (size_t i = 0; i < w->span_count; i++) {
		const struct window_span *s = &w->span[i];
		at = sooner(at, changes(s->zone, ms));
		at = sooner(at, shows(s->zone, ms, 0));
		at = sooner(at, shows(s->zone, ms, s->from_min));
		at = sooner(at, shows(s->zone, ms, s->to_min));
	}
	for (size_t i = 0; i < w->freeze_count; i++)
		if (w->freeze[i].zone != NULL)
			at = sooner(sooner(at, changes(w->freeze[i].zone, ms)),
				    shows(w->freeze[i].zone, ms, 0));
	return at;
}

int64_t window_next(const struct window *w, int64_t ms, bool open, int64_t until_ms)
{
	for (int steps = 0; ms < until_ms && steps < STEPS_MAX; steps++) {
		if (window_is_open(w, ms) == open)
			return ms;
		ms = next_edge(w, ms);
	}
	return INT64_MAX;
}
