/* json_scan: the strict look at JSON text before cJSON reads it. cJSON accepts trailing bytes,
 * raw control characters, invalid UTF-8, a byte order mark, \u0000 and duplicate keys; whoever
 * reviews a plan must see what the executor sees, so none of that may pass.
 * RFC 8259 grammar, one pass, recursion bounded by JSON_MAX_DEPTH. */
#include "json_scan.h"

#include <string.h>

#include "pare/str.h"

struct scan {
	const char *text;
	size_t at, len;
	struct buf *spans;
	const char *expected; /* set on failure */
	unsigned depth;
};

static bool fail(struct scan *s, const char *expected)
{
	s->expected = expected;
	return false;
}

static int peek(const struct scan *s)
{
	return s->at < s->len ? (unsigned char)s->text[s->at] : -1;
}

static void skip_space(struct scan *s)
{
	while (s->at < s->len && strchr(" \t\r\n", s->text[s->at]) != NULL && s->text[s->at] != '\0')
		s->at++;
}

static int hex4(const struct scan *s, size_t at)
{
	int value = 0;
	if (at + 4 > s->len)
		return -1;
	for (size_t i = at; i < at + 4; i++) {
		char c = s->text[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;
		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

static bool scan_unicode_escape(struct scan *s)
{
	int code = hex4(s, s->at);
	if (code < 0)
		return fail(s, "four hex digits behind \\u");
	if (code == 0)
		return fail(s, "no \\u0000 in a string");
	s->at += 4;
	if (code >= 0xdc00 && code <= 0xdfff)
		return fail(s, "a high surrogate before a low one");
	if (code < 0xd800 || code > 0xdbff)
		return true;
	if (s->at + 6 > s->len || s->text[s->at] != '\\' || s->text[s->at + 1] != 'u')
		return fail(s, "a low surrogate behind a high one");
	int low = hex4(s, s->at + 2);
	if (low < 0xdc00 || low > 0xdfff)
		return fail(s, "a low surrogate behind a high one");
	s->at += 6;
	return true;
}

static bool scan_utf8(struct scan *s)
{
	uint32_t code;
	size_t len = utf8_decode(s->text + s->at, s->len - s->at, &code);
	s->at += len;
	return len > 0 || fail(s, "valid UTF-8");
}

static bool scan_string(struct scan *s)
{
	if (peek(s) != '"')
		return fail(s, "a string in double quotes");
	s->at++;
	for (;;) {
		int c = peek(s);
		if (c < 0)
			return fail(s, "a closing double quote");
		if (c == '"') {
			s->at++;
			return true;
		}
		if (c < 0x20)
			return fail(s, "no raw control character in a string");
		if (c >= 0x80) {
			if (!scan_utf8(s))
				return false;
			continue;
		}
		s->at++;
		if (c != '\\')
			continue;
		int escape = peek(s);
		if (escape <= 0 || strchr("\"\\/bfnrtu", escape) == NULL)
			return fail(s, "a known escape behind the backslash");
		s->at++;
		if (escape == 'u' && !scan_unicode_escape(s))
			return false;
	}
}

static size_t scan_digits(struct scan *s)
{
	size_t from = s->at;
	while (peek(s) >= '0' && peek(s) <= '9')
		s->at++;
	return s->at - from;
}

/* cJSON reads numbers of up to 63 characters; longer ones it would tear apart. */
enum { NUMBER_MAX = 60 };

static bool scan_number(struct scan *s)
{
	size_t from = s->at;
	if (peek(s) == '-')
		s->at++;
	if (peek(s) == '0')
		s->at++;
	else if (scan_digits(s) == 0)
		return fail(s, "a value");
	if (peek(s) == '.') {
		s->at++;
		if (scan_digits(s) == 0)
			return fail(s, "a digit behind the decimal point");
	}
	if (peek(s) == 'e' || peek(s) == 'E') {
		s->at++;
		if (peek(s) == '+' || peek(s) == '-')
			s->at++;
		if (scan_digits(s) == 0)
			return fail(s, "a digit in the exponent");
	}
	return s->at - from <= NUMBER_MAX || fail(s, "a number of at most 60 characters");
}

static bool scan_word(struct scan *s, const char *word)
{
	size_t len = strlen(word);
	if (s->len - s->at < len || memcmp(s->text + s->at, word, len) != 0)
		return fail(s, "a value");
	s->at += len;
	return true;
}

static bool scan_value(struct scan *s);

static bool scan_member(struct scan *s)
{
	if (!scan_string(s))
		return false;
	skip_space(s);
	if (peek(s) != ':')
		return fail(s, "':' behind the member's name");
	s->at++;
	return scan_value(s);
}

static bool scan_list(struct scan *s, char close, bool (*item)(struct scan *s))
{
	if (++s->depth > JSON_MAX_DEPTH)
		return fail(s, "at most 64 levels of nesting");
	s->at++;
	skip_space(s);
	if (peek(s) == close) {
		s->at++;
		s->depth--;
		return true;
	}
	for (;;) {
		skip_space(s);
		if (!item(s))
			return false;
		skip_space(s);
		int c = peek(s);
		if (c != ',' && c != close)
			return fail(s, close == '}' ? "',' or '}'" : "',' or ']'");
		s->at++;
		if (c == close)
			break;
	}
	s->depth--;
	return true;
}

static bool scan_value(struct scan *s)
{
	skip_space(s);
	struct json_span span = {s->at, 0};
	size_t slot = s->spans->len;
	buf_put(s->spans, &span, sizeof span);
	if (!buf_ok(s->spans))
		return fail(s, "fewer values");
	int c = peek(s);
	bool ok = c == '{'   ? scan_list(s, '}', scan_member)
		  : c == '[' ? scan_list(s, ']', scan_value)
		  : c == '"' ? scan_string(s)
		  : c == 't' ? scan_word(s, "true")
		  : c == 'f' ? scan_word(s, "false")
		  : c == 'n' ? scan_word(s, "null")
			     : scan_number(s);
	if (!ok)
		return false;
	span.length = s->at - span.offset;
	memcpy(s->spans->data + slot, &span, sizeof span);
	return true;
}

bool json_scan(const char *text, size_t len, struct buf *spans, size_t *end, size_t *bad_at,
	       const char **expected)
{
	struct scan s = {.text = text, .len = len, .spans = spans};
	bool ok = scan_value(&s);
	if (ok && end == NULL) {
		skip_space(&s);
		if (s.at < s.len)
			ok = fail(&s, "nothing behind the value");
	}
	if (end != NULL)
		*end = s.at;
	*bad_at = s.at;
	*expected = s.expected;
	return ok;
}
