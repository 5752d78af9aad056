/* json_scan: private to base/json. */
#ifndef PARE_JSON_SCAN_H
#define PARE_JSON_SCAN_H

#include "pare/json.h"

struct json_span {
	size_t offset, length;
};

/* Checks the grammar and appends a json_span per value, in document order, to spans. With end not
 * NULL, bytes behind the value are allowed and *end tells where it ended. On failure *bad_at and
 * *expected say where and what. */
bool json_scan(const char *text, size_t len, struct buf *spans, size_t *end, size_t *bad_at,
	       const char **expected);

#endif
