/* shard: many runs share one account's principals: each principal belongs to exactly one shard, by a
 * hash of its ARN that never changes (the first 8 bytes of its SHA-256, big-endian, modulo the
 * count), so that no two runs of one array plan for the same principal. */
#ifndef PARE_SHARD_H
#define PARE_SHARD_H

#include <stdbool.h>
#include <stddef.h>

#include "pare/err.h"

enum { SHARDS_MAX = 10000 }; /* AWS Batch: an array job has at most 10,000 */

struct shard {
	size_t index; /* from 0 */
	size_t count; /* 0 or 1: everything is in it */
};

/* "2/8": the third of eight. */
bool shard_parse(const char *text, struct shard *out, struct err *e);
/* arn NULL belongs to shard 0. */
bool shard_has(struct shard s, const char *arn);

#endif
