/* An answer, however it was parsed, against botocore's reading of it. */
#ifndef PARE_TREE_MATCH_H
#define PARE_TREE_MATCH_H

#include <stdlib.h>
#include <string.h>

#include "json_at.h"
#include "pare/digest.h"
#include "pare/json.h"
#include "pare/str.h"
#include "pare/when.h"
#include "pare/xml.h"

static const char *current;

static inline void same(const char *what, const char *got, const char *wanted)
{
	if (!str_equal(got, wanted)) {
		print_error("%s: %s: got '%s', wanted '%s'\n", current, what, got ? got : "(none)",
			    wanted ? wanted : "(none)");
		fail();
	}
}

/* The same instant, however written. */
static inline bool same_time(const char *x, const char *y)
{
	int64_t at, other;
	return x != NULL && y != NULL && when_parse(x, &at) && when_parse(y, &other) && at == other;
}

static inline void same_moment(const char *what, const char *got, const char *wanted)
{
	if (got == NULL && wanted == NULL)
		return;
	if (!same_time(got, wanted))
		same(what, got, wanted);
}

static inline void same_number(const char *what, int64_t got, const struct json *wanted)
{
	int64_t n = -1;
	json_integer(wanted, &n);
	if (got != n) {
		print_error("%s: %s: got %lld, wanted %lld\n", current, what, (long long)got,
			    (long long)n);
		fail();
	}
}

/* --- any answer, generically: the parsed tree against botocore's --- */

static inline void xml_matches(const struct xml *x, const struct json *want);
static inline void json_matches(const struct json *got, const struct json *want);

static inline void map_matches(const struct xml *x, const struct json *want)
{
	for (const struct json *m = want->first; m != NULL; m = m->next) {
		const struct xml *entry = x->first;
		while (entry != NULL && !str_equal(xml_text(entry, "key"), m->key))
			entry = entry->next;
		if (entry == NULL)
			same(m->key, "(no entry)", "an entry");
		else
			xml_matches(xml_child(entry, "value"), m);
	}
}

static inline void list_matches(const struct xml *x, const struct json *want)
{
	size_t count = 0;
	for (const struct xml *m = x != NULL ? x->first : NULL; m != NULL; m = m->next, count++)
		if (json_at(want, count) != NULL)
			xml_matches(m, json_at(want, count));
	if (count != want->count)
		fail_msg("%s: %s: %zu elements, wanted %zu", current, want->key, count,
			 want->count);
}

static inline void xml_matches(const struct xml *x, const struct json *want)
{
	struct arena *a = arena_new(NULL);
	if (want->type == JSON_ARRAY) {
		if (want->count > 0 || x != NULL)
			list_matches(x, want);
	} else if (x == NULL) {
		same(want->key != NULL ? want->key : "element", "(absent)", "present");
	} else if (want->type == JSON_OBJECT && x->first == NULL && *x->text != '\0') {
		struct err e; /* a policy document, recorded parsed */
		const char *text = str_percent_decode(a, x->text);
		json_matches(json_parse(a, text, strlen(text), current, &e), want);
	} else if (want->type == JSON_OBJECT) {
		bool map = x->first != NULL && strcmp(x->first->name, "entry") == 0;
		if (map)
			map_matches(x, want);
		for (const struct json *m = want->first; m != NULL && !map; m = m->next)
			if (strcmp(m->key, "ResponseMetadata") != 0)
				xml_matches(xml_child(x, m->key), m);
	} else if (want->type == JSON_BOOL) {
		same(want->key, x->text, want->boolean ? "true" : "false");
	} else if (!same_time(x->text, want->text)) {
		/* Policy documents and blobs: recorded decoded here, as sent there. */
		size_t len;
		const char *decoded = str_percent_decode(a, x->text),
			   *blob = base64_decode(a, x->text, &len);
		if (str_equal(blob, want->text))
			decoded = blob;
		same(want->key, str_equal(decoded, want->text) ? decoded : x->text, want->text);
	}
	arena_free(a);
}

static inline bool is_moment(const struct json *got, const struct json *want)
{
	int64_t at;
	double seconds = got->type == JSON_NUMBER ? atof(got->text) : 0;
	if (want->type != JSON_STRING || !when_parse(want->text, &at))
		return false;
	if (got->type == JSON_NUMBER)
		return (int64_t)(seconds * 1000 + 0.5) == at;
	return got->type == JSON_STRING && same_time(got->text, want->text);
}

static inline void json_matches(const struct json *got, const struct json *want)
{
	if (want->type == JSON_OBJECT) {
		for (const struct json *m = want->first; m != NULL; m = m->next) {
			if (strcmp(m->key, "ResponseMetadata") == 0 ||
			    strcmp(m->key, "SDK_UNKNOWN_MEMBER") == 0)
				continue;
			if (json_get(got, m->key) == NULL)
				same(m->key, "(absent)", "present");
			else
				json_matches(json_get(got, m->key), m);
		}
	} else if (want->type == JSON_ARRAY) {
		assert_int_equal(got->count, want->count);
		for (size_t i = 0; i < want->count; i++)
			json_matches(json_at(got, i), json_at(want, i));
	} else if (want->type == JSON_BOOL) {
		assert_int_equal(got->boolean, want->boolean);
	} else if (!is_moment(got, want)) {
		same(want->key, got->text, want->text);
	}
}

#endif
