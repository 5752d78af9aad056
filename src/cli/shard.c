/* shard: which part of the principals this run is about: --shard, or what the engine that started it
 * says: AWS Batch array jobs and Kubernetes indexed jobs count their children from 0. */
#include <stdlib.h>

#include "cli.h"
#include "pare/str.h"

bool context_shard(struct arena *a, const struct options *o, struct shard *out, struct err *e)
{
	const char *index = getenv("AWS_BATCH_JOB_ARRAY_INDEX"), *count = getenv("PARE_SHARD_COUNT");
	const char *variable = "AWS_BATCH_JOB_ARRAY_INDEX";
	*out = (struct shard){0, 1};
	if (o->shard != NULL)
		return shard_parse(o->shard, out, e) || err_wrap(e, "option '--shard'");
	if (str_empty(count) && !str_empty(index))
		count = getenv("AWS_BATCH_JOB_ARRAY_SIZE");
	if (str_empty(index)) {
		variable = "JOB_COMPLETION_INDEX";
		index = getenv(variable);
	}
	if (str_empty(index))
		return str_empty(count) ||
		       err_set(e, ERR_USAGE, "PARE_SHARD_COUNT is set, and neither AWS_BATCH_JOB_ARRAY_INDEX nor "
					     "JOB_COMPLETION_INDEX is: give '--shard I/N'");
	/* Each of them planning everything would be as many proposals as there are. */
	if (str_empty(count))
		return err_set(e, ERR_USAGE,
			       "%s is set, and not how many shards there are: set PARE_SHARD_COUNT, or give "
			       "'--shard I/N' ('--shard 0/1' for everything)",
			       variable);
	return shard_parse(str_printf(a, "%s/%s", index, count), out, e) || err_wrap(e, "%s", variable);
}
