#include "pare/shard.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pare/digest.h"

static bool number(const char *text, size_t len, size_t *out)
{
	*out = 0;
	if (len == 0 || len > 5)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*out = *out * 10 + (size_t)(text[i] - '0');
	}
	return true;
}

bool shard_parse(const char *text, struct shard *out, struct err *e)
{
	const char *slash = strchr(text, '/');
	if (slash == NULL || !number(text, (size_t)(slash - text), &out->index) ||
	    !number(slash + 1, strlen(slash + 1), &out->count) || out->count < 1 ||
	    out->count > SHARDS_MAX || out->index >= out->count)
		return err_set(e, ERR_USAGE,
			       "shard '%s': expected I/N with I from 0 to N-1 and N from 1 to %d, as 0/4", text,
			       SHARDS_MAX);
	return true;
}

bool shard_has(struct shard s, const char *arn)
{
	uint64_t hash = 0;
	if (s.count <= 1)
		return true;
	if (arn == NULL)
		return s.index == 0;
	const struct sha256 digest = sha256_of(arn, strlen(arn));
	for (size_t i = 0; i < 8; i++)
		hash = hash << 8 | digest.byte[i];
	return hash % s.count == s.index;
}
