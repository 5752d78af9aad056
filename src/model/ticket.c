#include "pare/ticket.h"

#include <stdint.h>
#include <string.h>

enum { ITEMS_MAX = 60 };

struct item {
	char kind; /* 'd' 'a' 'u' 'l' 'w', or 0: literal */
	char literal;
	char repeat; /* '+' '*' '?' or 0 */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool fits(const struct item *x, char c)
{
	switch (x->kind) {
	case 'd':
		return is_digit(c);
	case 'a':
		return is_upper(c) || is_lower(c);
	case 'u':
		return is_upper(c);
	case 'l':
		return is_lower(c);
	case 'w':
		return is_upper(c) || is_lower(c) || is_digit(c);
	default:
		return c == x->literal;
	}
}

static bool parse(const char *at, struct item item[ITEMS_MAX], size_t *count)
{
	for (*count = 0; *at != '\0'; ++*count) {
		if (*count == ITEMS_MAX)
			return false;
		struct item *x = &item[*count];
		*x = (struct item){.literal = *at};
		if (*at == '+' || *at == '*' || *at == '?')
			return false; /* it repeats nothing, or what is repeated already */
		if (*at == '%') {
			if (*++at == '\0')
				return false;
			bool letter = is_upper(*at) || is_lower(*at);
			if (letter && strchr("daulw", *at) == NULL)
				return false;
			x->kind = letter ? *at : '\0';
			x->literal = *at;
		}
		if ((unsigned char)x->literal <= 0x20 || (unsigned char)x->literal >= 0x7f)
			return false;
		at++;
		if (*at == '+' || *at == '*' || *at == '?')
			x->repeat = *at++;
	}
	return *count > 0;
}

const char *ticket_pattern_wrong(const char *pattern)
{
	struct item item[ITEMS_MAX];
	size_t count;
	return parse(pattern, item, &count)
		       ? NULL
		       : "a pattern such as \"CHG%d+\": characters, %d %a %u %l %w, each with + * or ? behind it";
}

bool ticket_valid(const char *id)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/#-";
	size_t len = id != NULL ? strlen(id) : 0;
	return len > 0 && len <= TICKET_MAX && id[0] != '-' && strspn(id, allowed) == len;
}

/* Bit i: items before i have been matched. What may be left out is passed over. */
static uint64_t passed(const struct item *item, size_t count, uint64_t at)
{
	for (size_t i = 0; i < count; i++)
		if ((at >> i & 1) != 0 && (item[i].repeat == '*' || item[i].repeat == '?'))
			at |= (uint64_t)1 << (i + 1);
	return at;
}

bool ticket_matches(const char *pattern, const char *id)
{
	struct item item[ITEMS_MAX];
	size_t count;
	if (!parse(pattern, item, &count))
		return false;
	uint64_t at = passed(item, count, 1);
	for (; *id != '\0' && at != 0; id++) {
		uint64_t next = 0;
		for (size_t i = 0; i < count; i++) {
			if ((at >> i & 1) == 0 || !fits(&item[i], *id))
				continue;
			next |= (uint64_t)1 << (i + 1);
			if (item[i].repeat == '+' || item[i].repeat == '*')
				next |= (uint64_t)1 << i;
		}
		/* An item met again may end, too: "a+" after one a stands both at and behind it. */
		at = passed(item, count, next);
	}
	return (at >> count & 1) != 0;
}
