/* pattern: one action, resource or condition text of a policy, read into symbols; private to
 * src/policy. The plain evaluator matches symbols against a text, the automaton walks through them;
 * both read a text in this one way.
 *
 * Texts are Latin-1 here, one byte a character, because '?' is a character: IAM policies end at
 * U+00FF. A character of a request beyond that is byte 1, which no policy can hold. */
#ifndef PARE_PATTERN_H
#define PARE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "pare/evaluate.h"

enum pattern_kind {
	PATTERN_ACTION,   /* wildcards, ASCII letters without case, no variables */
	PATTERN_RESOURCE, /* wildcards as the reading says, variables */
	PATTERN_EXACT,    /* StringEquals: no wildcards, variables and ${*} */
	PATTERN_LIKE,     /* StringLike: wildcards over everything, variables */
	PATTERN_ARN,      /* ArnLike: six parts, wildcards inside each; variables */
};

enum symbol_kind {
	SYMBOL_CHAR,
	SYMBOL_ONE,        /* any one character */
	SYMBOL_ONE_INSIDE, /* any one character but ':' */
	SYMBOL_RUN,        /* any run, also empty */
	SYMBOL_RUN_INSIDE, /* any run without ':' */
};

struct symbol {
	unsigned char kind;
	unsigned char c;
};

struct pattern {
	struct symbol *symbol; /* never two runs side by side */
	size_t count;
	bool fold;          /* ASCII letters compare without case; symbols are lower case */
	bool open;          /* holds a variable whose value is not known: read as any run */
	bool never;         /* a variable has no value: matches nothing */
	const char *unread; /* NULL, or why it cannot be read: then nothing is known of it */
};

/* What a policy variable stands for. */
enum lookup_result {
	LOOKUP_VALUE,
	LOOKUP_ABSENT,  /* the request has no such key */
	LOOKUP_OPEN,    /* not decided: the pattern becomes `open` */
	LOOKUP_UNCLEAR, /* a list, or characters beyond Latin-1: the pattern is unread */
};
struct lookup {
	enum lookup_result (*find)(const void *context, const char *key, const char **value);
	const void *context;
};

struct pattern_rules {
	enum pattern_kind kind;
	bool fold;
	bool variables; /* Version 2012-10-17 */
	enum arn_reading reading; /* of PATTERN_RESOURCE */
	struct lookup lookup;     /* needed with variables */
};

struct pattern pattern_read(struct arena *a, const char *text, const struct pattern_rules *rules);

/* NO, YES; UNKNOWN when unread, or open and matched with any run for the variable. */
enum answer pattern_matches(struct arena *scratch, const struct pattern *p, const char *latin1);

/* UTF-8 to Latin-1; *beyond (may be NULL) tells whether a character was beyond it. */
char *pattern_latin1(struct arena *a, const char *utf8, bool *beyond);
char *pattern_utf8(struct arena *a, const char *latin1);

/* The variables a text names, keys in lower case, added to `keys` once each. */
void pattern_variables(struct arena *a, const char *text, struct str_list *keys);

/* A name that stands for the same variables in any spelling of their keys: equal names, equal
 * languages for equal values. */
char *pattern_canonical(struct arena *a, const char *text);

/* The colon-separated parts of an ARN, the colons of variables left out; at most six. */
size_t pattern_parts(const char *text, bool variables);

bool symbol_takes(struct symbol s, bool fold, unsigned char c);
unsigned char fold_ascii(unsigned char c);

#endif
