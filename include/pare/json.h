/* json: the only way JSON enters or leaves.
 *
 * Reading (RFC 8259, stricter): refuses duplicate keys in an object, bytes behind the value,
 * \u0000, lone surrogates, invalid UTF-8, a byte order mark, nesting past 64 and text past the
 * caller's ceiling. Look-ups are case-sensitive. Values know where they stood.
 * Writing: canonical form: ASCII (everything else as \uXXXX), two spaces, LF, one element a line,
 * keys in the order given, integers only. */
#ifndef PARE_JSON_H
#define PARE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pare/arena.h"
#include "pare/buf.h"
#include "pare/err.h"

struct str_list;

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
	enum json_type type;
	bool boolean;
	const char *text;         /* string: decoded UTF-8; number: as written */
	const char *key;          /* inside an object: its member name */
	size_t offset;            /* byte offset of the value in the text that was parsed */
	size_t length;            /* length of the value's own text there, in bytes */
	size_t count;             /* array and object: children */
	const struct json *first; /* array and object: first child */
	const struct json *next;  /* next sibling */
};

enum { JSON_MAX_DEPTH = 64 };

/* Parses text[0..len). The result lives in a and borrows nothing. The error names line, column
 * and what was expected; `what` is the subject, e.g. a file name. */
const struct json *json_parse(struct arena *a, const char *text, size_t len, const char *what,
			      struct err *e);

/* The same for a value with further bytes behind it, e.g. several documents in one file: *end is
 * where it ended. */
const struct json *json_parse_next(struct arena *a, const char *text, size_t len, size_t *end,
				   const char *what, struct err *e);

/* 1-based line and column (in bytes) of an offset. */
void json_position(const char *text, size_t offset, size_t *line, size_t *column);

/* Members. NULL/false when value is NULL, is no object, or has no such member. */
const struct json *json_get(const struct json *object, const char *key);
const char *json_text(const struct json *object, const char *key); /* only when it is a string */
bool json_bool(const struct json *object, const char *key, bool otherwise);
/* false unless it is an integer that fits. */
bool json_integer(const struct json *value, int64_t *out);

/* Refuses an object with a member that is not in allowed, naming it and the nearest allowed one. */
bool json_only(const struct json *object, const char *const *allowed, size_t count,
	       const char *what, struct err *e);

/* Printing a parsed value, its keys in their own order. compact: no white space, and text beyond
 * ASCII still as \uXXXX. */
void json_print(const struct json *value, struct buf *out, bool compact);

/* Writing by hand. */
struct json_writer {
	struct buf *out;
	bool compact;
	unsigned depth;
	bool first[JSON_MAX_DEPTH + 1];
	bool after_key;
};

void json_start(struct json_writer *w, struct buf *out, bool compact);
void json_open(struct json_writer *w, char bracket);  /* '{' or '[' */
void json_close(struct json_writer *w, char bracket); /* '}' or ']' ; empty ones print as {} [] */
void json_key(struct json_writer *w, const char *key);
void json_put_text(struct json_writer *w, const char *text); /* NULL writes null */
void json_put_integer(struct json_writer *w, int64_t value);
void json_put_bool(struct json_writer *w, bool value);
void json_put_null(struct json_writer *w);
void json_put_value(struct json_writer *w, const struct json *value);
/* Key and value in one line. */
void json_member_text(struct json_writer *w, const char *key, const char *text);
void json_member_integer(struct json_writer *w, const char *key, int64_t value);
void json_member_bool(struct json_writer *w, const char *key, bool value);
/* An array of texts. */
void json_member_list(struct json_writer *w, const char *key, const struct str_list *list);

#endif
