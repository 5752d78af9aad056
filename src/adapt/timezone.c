/* timezone: the system's time zone data, read file by file; the process's own zone (TZ, tzset) plays
 * no part. A file's explicit changes are followed by a rule in POSIX's TZ form for all later years;
 * that rule is laid out as explicit changes, too. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pare/when.h"
#include "pare/window.h"

enum {
	FILE_MAX_BYTES = 256 * 1024,
	HEADER = 44,
	LAST_YEAR = 2200,
	OFFSET_MAX_S = 26 * 3600,
	RULE_HOURS_MAX = 167,
};

struct header {
	uint32_t utc, standard, leap, time, type, chars;
};

static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t big_endian(const unsigned char *p, size_t width)
{
	uint64_t v = (uint64_t)(int64_t)(int32_t)be32(p);
	return (int64_t)(width == 4 ? v : v << 32 | be32(p + 4));
}

static bool read_header(const unsigned char *p, size_t len, struct header *h, char *version)
{
	if (len < HEADER || memcmp(p, "TZif", 4) != 0)
		return false;
	*version = (char)p[4];
	*h = (struct header){be32(p + 20), be32(p + 24), be32(p + 28),
			     be32(p + 32), be32(p + 36), be32(p + 40)};
	return h->type >= 1 && h->type <= 256 && h->time <= FILE_MAX_BYTES && h->chars <= FILE_MAX_BYTES &&
	       h->leap <= FILE_MAX_BYTES && h->utc <= h->type && h->standard <= h->type;
}

static size_t block_bytes(const struct header *h, size_t width)
{
	return (size_t)h->time * (width + 1) + (size_t)h->type * 6 + h->chars +
	       (size_t)h->leap * (width + 4) + h->standard + h->utc;
}

/* --- the rule for later years --- */

struct rule_day {
	char kind; /* 'M', 'J' or '0' */
	int month, week, day;
	int32_t time_s;
};
struct rule {
	int32_t standard_s, summer_s;
	bool has_summer;
	struct rule_day start, end;
};

static bool take_number(const char **at, int most, int *out)
{
	int n = 0;
	if (**at < '0' || **at > '9')
		return false;
	while (**at >= '0' && **at <= '9' && n <= most)
		n = n * 10 + (*(*at)++ - '0');
	*out = n;
	return n <= most;
}

static bool take_name(const char **at)
{
	const char *s = *at;
	if (*s == '<') {
		while (*s != '\0' && *s != '>')
			s++;
		if (*s++ != '>')
			return false;
	} else {
		while ((*s >= 'A' && *s <= 'Z') || (*s >= 'a' && *s <= 'z'))
			s++;
	}
	bool ok = s - *at >= 3;
	*at = s;
	return ok;
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(const char **at, int hours_max, int32_t *out)
{
	int part[3] = {0};
	int sign = **at == '-' ? -1 : 1;
	if (**at == '-' || **at == '+')
		(*at)++;
	if (!take_number(at, hours_max, &part[0]))
		return false;
	for (int i = 1; i < 3 && **at == ':'; i++)
		if ((*at)++, !take_number(at, 59, &part[i]))
			return false;
	*out = sign * (part[0] * 3600 + part[1] * 60 + part[2]);
	return true;
}

static bool take_rule_day(const char **at, struct rule_day *d)
{
	bool ok;
	*d = (struct rule_day){.kind = '0', .time_s = 2 * 3600};
	if (*(*at)++ != ',')
		return false;
	if (**at == 'M') {
		d->kind = *(*at)++;
		ok = take_number(at, 12, &d->month) && *(*at)++ == '.' && take_number(at, 5, &d->week) &&
		     *(*at)++ == '.' && take_number(at, 6, &d->day) && d->month >= 1 && d->week >= 1;
	} else if (**at == 'J') {
		d->kind = *(*at)++;
		ok = take_number(at, 365, &d->day) && d->day >= 1;
	} else {
		ok = take_number(at, 365, &d->day);
	}
	if (!ok || **at != '/')
		return ok;
	(*at)++;
	return take_time(at, RULE_HOURS_MAX, &d->time_s);
}

/* POSIX says how far UTC is ahead of the zone; everybody else says it the other way round. */
static bool parse_rule(const char *at, struct rule *r)
{
	*r = (struct rule){0};
	if (!take_name(&at) || !take_time(&at, 24, &r->standard_s))
		return false;
	r->standard_s = -r->standard_s;
	if (*at == '\0')
		return true;
	if (!take_name(&at))
		return false;
	r->has_summer = true;
	r->summer_s = r->standard_s + 3600;
	if (*at != ',') {
		if (!take_time(&at, 24, &r->summer_s))
			return false;
		r->summer_s = -r->summer_s;
	}
	return take_rule_day(&at, &r->start) && take_rule_day(&at, &r->end) && *at == '\0';
}

static int64_t day_of(int year, int month, int day)
{
	char text[WHEN_TEXT];
	int64_t ms = 0;
	snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, day);
	when_parse(text, &ms);
	return ms / WHEN_DAY_MS;
}

static bool leap_year(int y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

/* Mm.w.d: the w-th weekday d (0 Sunday) of month m, 5 the last. */
static int64_t month_week_day(int year, const struct rule_day *d)
{
	int64_t first = day_of(year, d->month, 1);
	int64_t next = d->month == 12 ? day_of(year + 1, 1, 1) : day_of(year, d->month + 1, 1);
	int64_t day = first + ((d->day - (first + 4) % 7) % 7 + 7) % 7 + 7 * (d->week - 1);
	while (day >= next)
		day -= 7;
	return day;
}

static int64_t rule_instant(int year, const struct rule_day *d, int32_t offset_s)
{
	int64_t day;
	if (d->kind == 'M')
		day = month_week_day(year, d);
	else if (d->kind == 'J') /* February 29 is never counted */
		day = day_of(year, 1, 1) + d->day - 1 + (leap_year(year) && d->day >= 60);
	else
		day = day_of(year, 1, 1) + d->day;
	return day * (WHEN_DAY_MS / 1000) + d->time_s - offset_s;
}

static void add_change(struct zone *z, int64_t at_s, int32_t offset_s)
{
	if (z->count > 0 && at_s < z->at_s[z->count - 1])
		return;
	z->at_s[z->count] = at_s;
	z->offset_s[z->count++] = offset_s;
}

static void lay_out(struct zone *z, const struct rule *r)
{
	int64_t last = z->count > 0 ? z->at_s[z->count - 1] : INT64_MIN;
	if (!r->has_summer) {
		if (z->count == 0)
			z->before_s = r->standard_s;
		return;
	}
	for (int year = 1970; year < LAST_YEAR; year++) {
		int64_t start = rule_instant(year, &r->start, r->standard_s);
		int64_t end = rule_instant(year, &r->end, r->summer_s);
		bool summer_first = start < end;
		int64_t x = summer_first ? start : end, y = summer_first ? end : start;
		if (x > last)
			add_change(z, x, summer_first ? r->summer_s : r->standard_s);
		if (y > last)
			add_change(z, y, summer_first ? r->standard_s : r->summer_s);
	}
}

/* --- the file --- */

static bool damaged(const char *name, struct err *e)
{
	return err_set(e, ERR_INPUT, "reading time zone '%s': the file is damaged, or no time zone file", name);
}

static bool read_block(const unsigned char *p, const struct header *h, size_t width, struct zone *z)
{
	const unsigned char *index = p + (size_t)h->time * width;
	const unsigned char *type = index + h->time;
	for (size_t i = 0; i < h->type; i++) {
		int64_t offset = big_endian(type + 6 * i, 4);
		if (offset < -OFFSET_MAX_S || offset > OFFSET_MAX_S)
			return false;
	}
	z->before_s = (int32_t)be32(type);
	for (size_t i = 0; i < h->time; i++) {
		int64_t at = big_endian(p + i * width, width);
		if (index[i] >= h->type || (i > 0 && at <= z->at_s[z->count - 1]))
			return false;
		z->at_s[z->count] = at;
		z->offset_s[z->count++] = (int32_t)be32(type + 6 * (size_t)index[i]);
	}
	return z->count == 0 || z->at_s[z->count - 1] < INT64_MAX / 2000; /* room for milliseconds */
}

/* "\n" rule "\n"; an empty rule: nothing is known of later years. */
static bool read_footer(struct arena *a, const unsigned char *p, size_t left, struct zone *z)
{
	struct rule r;
	const unsigned char *end = left > 1 ? memchr(p + 1, '\n', left - 1) : NULL;
	if (left < 2 || p[0] != '\n' || end == NULL || end - p > 200)
		return false;
	size_t len = (size_t)(end - p - 1);
	if (len == 0)
		return true;
	if (memchr(p + 1, '\0', len) != NULL || !parse_rule(arena_copy(a, (const char *)p + 1, len), &r))
		return false;
	lay_out(z, &r);
	return true;
}

bool timezone_parse(struct arena *a, const char *bytes, size_t len, const char *name,
		    struct zone **out, struct err *e)
{
	const unsigned char *p = (const unsigned char *)bytes, *end = p + len;
	struct header h;
	char version;
	size_t width = 4;
	if (len > FILE_MAX_BYTES || !read_header(p, len, &h, &version))
		return damaged(name, e);
	p += HEADER;
	if (version >= '2') { /* the same again in 64 bits */
		if ((size_t)(end - p) < block_bytes(&h, 4))
			return damaged(name, e);
		p += block_bytes(&h, 4);
		if (!read_header(p, (size_t)(end - p), &h, &version))
			return damaged(name, e);
		p += HEADER;
		width = 8;
	}
	if ((size_t)(end - p) < block_bytes(&h, width))
		return damaged(name, e);
	if (h.leap > 0)
		return err_set(e, ERR_INPUT, "time zone '%s' counts leap seconds, which no other clock here does",
			       name);
	struct zone *z = arena_alloc(a, sizeof *z);
	size_t room = h.time + 2 * (LAST_YEAR - 1970) + 1;
	z->name = arena_strdup(a, name);
	z->at_s = arena_array(a, room, sizeof *z->at_s);
	z->offset_s = arena_array(a, room, sizeof *z->offset_s);
	if (!read_block(p, &h, width, z))
		return damaged(name, e);
	p += block_bytes(&h, width);
	if (width == 8 && !read_footer(a, p, (size_t)(end - p), z))
		return damaged(name, e);
	*out = z;
	return true;
}

static const char *folder(void)
{
	const char *given = getenv("TZDIR");
	return given != NULL && given[0] == '/' ? given : "/usr/share/zoneinfo";
}

bool timezone_load(struct arena *a, const char *name, struct zone **out, struct err *e)
{
	if (strcmp(name, "UTC") == 0) {
		*out = arena_alloc(a, sizeof **out);
		**out = zone_utc;
		return true;
	}
	const char *path = str_printf(a, "%s/%s", folder(), name);
	/* A folder opens, too, and gives nothing to read. */
	FILE *f = strstr(name, "..") == NULL && name[0] != '/' ? fopen(path, "re") : NULL;
	if (f == NULL)
		return err_set(e, ERR_NOT_FOUND, "time zone '%s' is not in '%s'", name, folder());
	char *bytes = arena_alloc(a, FILE_MAX_BYTES + 1);
	size_t len = fread(bytes, 1, FILE_MAX_BYTES + 1, f);
	fclose(f);
	if (len == 0)
		return err_set(e, ERR_NOT_FOUND, "time zone '%s' is not in '%s'", name, folder());
	return timezone_parse(a, bytes, len, name, out, e);
}
