#include "pare/err.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "pare/str.h"

/* Messages carry names and texts from outside: nothing in them may steer a terminal. What was cut
 * in the middle of a character ends before it. */
static void put_message(struct err *e, char *message)
{
	size_t len = strlen(message), last = len;
	uint32_t code;
	while (last > 0 && len - last < 4 && ((unsigned char)message[last - 1] & 0xc0) == 0x80)
		last--;
	if (len == sizeof e->message - 1 && last > 0 && ((unsigned char)message[last - 1] & 0x80) != 0 &&
	    utf8_decode(message + last - 1, len - last + 1, &code) == 0)
		message[last - 1] = '\0';
	str_make_printable(message, false);
	snprintf(e->message, sizeof e->message, "%s", message);
}

bool err_set(struct err *e, enum err_kind kind, const char *format, ...)
{
	char message[sizeof e->message];
	va_list args;
	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	*e = (struct err){.kind = kind};
	put_message(e, message);
	return false;
}

bool err_wrap(struct err *e, const char *format, ...)
{
	char before[sizeof e->message], message[2 * sizeof e->message + 2];
	va_list args;
	va_start(args, format);
	vsnprintf(before, sizeof before, format, args);
	va_end(args);
	snprintf(message, sizeof message, "%s: %s", before, e->message);
	message[sizeof e->message - 1] = '\0';
	put_message(e, message);
	return false;
}

const char *err_kind_name(enum err_kind kind)
{
	static const char *const names[] = {
		[ERR_NONE] = "none",           [ERR_USAGE] = "usage",
		[ERR_INPUT] = "input",         [ERR_LIMIT] = "limit",
		[ERR_REFUSED] = "refused",     [ERR_STALE] = "stale",
		[ERR_AUTH] = "auth",           [ERR_NOT_FOUND] = "not-found",
		[ERR_CONFLICT] = "conflict",   [ERR_THROTTLED] = "throttled",
		[ERR_UNAVAILABLE] = "unavailable", [ERR_UNCERTAIN] = "uncertain",
		[ERR_IO] = "io",               [ERR_INTERRUPTED] = "interrupted",
	};
	return (size_t)kind < sizeof names / sizeof names[0] ? names[kind] : "unknown";
}
