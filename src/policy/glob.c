#include "glob.h"

#include <stddef.h>
#include <string.h>

static char fold(char c, bool ignore_case)
{
	return ignore_case && c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* '?' is one character, also where UTF-8 spells it in several bytes. */
static const char *next_character(const char *text)
{
	for (text++; (*text & 0xc0) == 0x80; text++)
		;
	return text;
}

bool glob_text(const char *pattern, const char *text, bool ignore_case)
{
	const char *star = NULL, *from = NULL;
	while (*text != '\0') {
		if (*pattern == '*') {
			star = pattern++;
			from = text;
		} else if (*pattern == '?') {
			pattern++;
			text = next_character(text);
		} else if (*pattern != '\0' &&
			   fold(*pattern, ignore_case) == fold(*text, ignore_case)) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star + 1;
			text = from = next_character(from);
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

bool glob_action(const char *pattern, const char *action)
{
	return glob_text(pattern, action, true);
}

enum { TEXT_MAX = 4096, VARIABLES_MAX = 24 };

struct variables {
	const char *text[VARIABLES_MAX];
	size_t len[VARIABLES_MAX];
	size_t count;
};

/* A policy variable is one opaque symbol (codes 1 to VARIABLES_MAX): nobody knows its characters,
 * only that the same variable has the same value. false when there are too many. */
static bool encode(const char *text, struct variables *v, char *out)
{
	size_t n = 0;
	while (*text != '\0') {
		const char *end = text[0] == '$' && text[1] == '{' ? strchr(text, '}') : NULL;
		if (n + 1 >= TEXT_MAX)
			return false;
		if (end == NULL) {
			if ((unsigned char)*text <= VARIABLES_MAX)
				return false;
			out[n++] = *text++;
			continue;
		}
		size_t len = (size_t)(end - text) + 1, i = 0;
		while (i < v->count && (v->len[i] != len || memcmp(v->text[i], text, len) != 0))
			i++;
		if (i == v->count) {
			if (i == VARIABLES_MAX)
				return false;
			v->text[i] = text;
			v->len[i] = len;
			v->count++;
		}
		out[n++] = (char)(i + 1);
		text = end + 1;
	}
	out[n] = '\0';
	return true;
}

/* As glob_text, with inner's symbols as the text: its '*' and its variables are absorbed only by a
 * '*' of outer, or by themselves. */
static bool within(const char *inner, const char *outer, bool ignore_case)
{
	const char *star = NULL, *from = NULL;
	while (*inner != '\0') {
		if (*outer == '*') {
			star = outer++;
			from = inner;
			continue;
		}
		bool same = *outer != '\0' && fold(*outer, ignore_case) == fold(*inner, ignore_case);
		bool one = *outer == '?' && *inner != '*' && (unsigned char)*inner > VARIABLES_MAX;
		if (same || one) {
			outer++;
			inner++;
		} else if (star != NULL) {
			outer = star + 1;
			inner = ++from;
		} else {
			return false;
		}
	}
	while (*outer == '*')
		outer++;
	return *outer == '\0';
}

static bool beyond_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text >= 0x80)
			return true;
	return false;
}

bool glob_within(const char *inner, const char *outer, bool ignore_case)
{
	struct variables v = {.count = 0};
	if (*outer != '*' && *outer != '?' && fold(*outer, ignore_case) != fold(*inner, ignore_case))
		return false;
	if (beyond_ascii(inner) || beyond_ascii(outer)) /* bytes are not characters there */
		return strcmp(inner, outer) == 0;
	char x[TEXT_MAX], y[TEXT_MAX];
	if (strstr(inner, "${") == NULL && strstr(outer, "${") == NULL)
		return within(inner, outer, ignore_case);
	return encode(inner, &v, x) && encode(outer, &v, y) && within(x, y, ignore_case);
}

/* Two patterns meet unless their literal heads or tails disagree. */
bool glob_disjoint(const char *x, const char *y, bool ignore_case)
{
	if (beyond_ascii(x) || beyond_ascii(y))
		return false;
	for (size_t i = 0;; i++) {
		if (x[i] == '*' || y[i] == '*')
			break;
		if (x[i] == '\0' || y[i] == '\0')
			return x[i] != y[i];
		if (x[i] != '?' && y[i] != '?' && fold(x[i], ignore_case) != fold(y[i], ignore_case))
			return true;
	}
	size_t n = strlen(x), m = strlen(y);
	while (n > 0 && m > 0 && x[n - 1] != '*' && y[m - 1] != '*') {
		n--;
		m--;
		if (x[n] != '?' && y[m] != '?' && fold(x[n], ignore_case) != fold(y[m], ignore_case))
			return true;
	}
	return false;
}
