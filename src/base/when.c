#include "pare/when.h"

#include <stdio.h>
#include <string.h>

/* Days since 1970-01-01 of a proleptic Gregorian date, and back: after Howard Hinnant's
 * days_from_civil and civil_from_days (public domain). */
static int64_t days_from_civil(int64_t y, int m, int d)
{
	y -= m <= 2;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + doe - 719468;
}

static void civil_from_days(int64_t z, int64_t *y, int *m, int *d)
{
	z += 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	*d = (int)(doy - (153 * mp + 2) / 5 + 1);
	*m = (int)(mp < 10 ? mp + 3 : mp - 9);
	*y = yoe + era * 400 + (*m <= 2);
}

static bool digits(const char **at, int count, int *value)
{
	*value = 0;
	for (int i = 0; i < count; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return false;
		*value = *value * 10 + (**at - '0');
	}
	return true;
}

static bool take(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

static int month_days(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return month == 2 && leap ? 29 : days[month - 1];
}

static bool parse_date(const char **at, int64_t *days)
{
	int y, m, d;
	if (!digits(at, 4, &y) || !take(at, '-') || !digits(at, 2, &m) || !take(at, '-') ||
	    !digits(at, 2, &d))
		return false;
	if (m < 1 || m > 12 || d < 1 || d > month_days(y, m))
		return false;
	*days = days_from_civil(y, m, d);
	return true;
}

static bool parse_fraction(const char **at, int *ms)
{
	*ms = 0;
	if (!take(at, '.'))
		return true;
	int scale = 100, count = 0;
	for (; **at >= '0' && **at <= '9'; (*at)++, count++, scale /= 10)
		*ms += (**at - '0') * scale;
	return count > 0;
}

static bool parse_zone(const char **at, int64_t *offset_ms)
{
	int h, m;
	*offset_ms = 0;
	if (take(at, 'Z') || take(at, 'z'))
		return true;
	int sign = **at == '-' ? -1 : 1;
	if (!take(at, '+') && !take(at, '-'))
		return false;
	if (!digits(at, 2, &h))
		return false;
	take(at, ':');
	if (!digits(at, 2, &m) || h > 23 || m > 59)
		return false;
	*offset_ms = sign * ((int64_t)h * 60 + m) * 60000;
	return true;
}

bool when_parse(const char *text, int64_t *ms)
{
	int64_t days, zone;
	int h, m, s, fraction;
	if (text == NULL || !parse_date(&text, &days))
		return false;
	if (*text == '\0') {
		*ms = days * WHEN_DAY_MS;
		return true;
	}
	if (!take(&text, 'T') && !take(&text, 't') && !take(&text, ' '))
		return false;
	if (!digits(&text, 2, &h) || !take(&text, ':') || !digits(&text, 2, &m) || !take(&text, ':') ||
	    !digits(&text, 2, &s) || h > 23 || m > 59 || s > 60)
		return false;
	if (!parse_fraction(&text, &fraction) || !parse_zone(&text, &zone) || *text != '\0')
		return false;
	*ms = days * WHEN_DAY_MS + (((int64_t)h * 60 + m) * 60 + s) * 1000 + fraction - zone;
	return true;
}

struct civil {
	int64_t year;
	int month, day, hour, minute, second;
};

static struct civil civil_of(int64_t ms)
{
	struct civil c;
	int64_t days = ms / WHEN_DAY_MS, rest = ms % WHEN_DAY_MS;
	if (rest < 0) {
		rest += WHEN_DAY_MS;
		days--;
	}
	civil_from_days(days, &c.year, &c.month, &c.day);
	c.hour = (int)(rest / 3600000);
	c.minute = (int)(rest / 60000 % 60);
	c.second = (int)(rest / 1000 % 60);
	return c;
}

void when_iso(int64_t ms, char text[WHEN_TEXT])
{
	struct civil c = civil_of(ms);
	snprintf(text, WHEN_TEXT, "%04d-%02d-%02dT%02d:%02d:%02dZ", (int)(c.year % 10000), c.month, c.day,
		 c.hour, c.minute, c.second);
}

void when_exact(int64_t ms, char text[WHEN_TEXT])
{
	when_iso(ms, text);
	int part = (int)(ms % 1000);
	if (part == 0)
		return;
	size_t z = strlen(text) - 1;
	snprintf(text + z, WHEN_TEXT - z, ".%03dZ", part < 0 ? part + 1000 : part);
}

int when_order(const char *x, const char *y)
{
	int64_t at, by;
	if (!when_parse(x, &at) || !when_parse(y, &by))
		return strcmp(x, y);
	return at < by ? -1 : at > by;
}

void when_compact(int64_t ms, char text[WHEN_TEXT])
{
	struct civil c = civil_of(ms);
	snprintf(text, WHEN_TEXT, "%04d%02d%02dT%02d%02d%02dZ", (int)(c.year % 10000), c.month, c.day,
		 c.hour, c.minute, c.second);
}

void when_date(int64_t ms, char text[WHEN_TEXT])
{
	struct civil c = civil_of(ms);
	snprintf(text, WHEN_TEXT, "%04d%02d%02d", (int)(c.year % 10000), c.month, c.day);
}

static int64_t floor_second(int64_t ms)
{
	return ms >= 0 ? ms / 1000 : -((999 - ms) / 1000);
}

bool when_same_second(int64_t x_ms, int64_t y_ms)
{
	return floor_second(x_ms) == floor_second(y_ms);
}
