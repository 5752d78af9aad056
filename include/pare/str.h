/* str: text helpers. Strings are NUL-terminated; NULL is accepted only where it says so. */
#ifndef PARE_STR_H
#define PARE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pare/arena.h"

/* A list of strings, owned by an arena. */
struct str_list {
	const char **item;
	size_t count;
	size_t cap;
};

void str_list_add(struct arena *a, struct str_list *list, const char *text);
bool str_list_has(const struct str_list *list, const char *text);
/* Sorts bytewise and drops duplicates. */
void str_list_sort(struct str_list *list);

char *str_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *str_lower(struct arena *a, const char *text); /* ASCII only */

/* Both may be NULL; NULL equals only NULL. */
bool str_equal(const char *x, const char *y);
bool str_equal_nocase(const char *x, const char *y); /* ASCII only */
int str_compare_nocase(const char *x, const char *y);
bool str_starts(const char *text, const char *prefix);
bool str_ends(const char *text, const char *suffix);
bool str_empty(const char *text); /* NULL or "" */

/* The part between separators at index, or NULL: str_part(a, "a:b:c", ':', 1) is "b".
 * The last part asked for with rest=true swallows further separators. */
char *str_part(struct arena *a, const char *text, char separator, size_t index, bool rest);

/* RFC 3986: everything but A-Za-z0-9-._~ becomes %XX. keep lists further characters left bare. */
char *str_percent_encode(struct arena *a, const char *text, const char *keep);
/* '+' stays '+'. NULL when a % is not followed by two hex digits or the result has a NUL. */
char *str_percent_decode(struct arena *a, const char *text);

/* One character of UTF-8 (Unicode, table 3-7) at s, of which `left` bytes may be read: its length in
 * bytes, or 0 when it is none. A NUL ends every sequence, so for strings left may be SIZE_MAX. */
size_t utf8_decode(const char *s, size_t left, uint32_t *code);

/* Safe for a terminal: control characters, DEL, C1 controls, invalid UTF-8 and bidirectional,
 * zero-width or otherwise invisible characters are replaced by '?'; line feeds too unless keep_lines.
 * The second form works in place: the text never grows. */
char *str_printable(struct arena *a, const char *text, bool keep_lines);
void str_make_printable(char *text, bool keep_lines);

/* Shell-style glob over the whole text: '*' any run, '?' one byte; case-sensitive. */
bool str_glob(const char *pattern, const char *text);

/* The candidate nearest in edit distance, or NULL when none is near: for "did you mean". */
const char *str_nearest(const char *word, const char *const *candidates, size_t count);

/* One word for a POSIX shell, whatever is in it. */
char *str_shell_word(struct arena *a, const char *text);

#endif
