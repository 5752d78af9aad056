/* Elements of a JSON array by their index, as tests want them. */
#ifndef PARE_JSON_AT_H
#define PARE_JSON_AT_H

#include "pare/json.h"

static inline const struct json *json_at(const struct json *array, size_t index)
{
	if (array == NULL || array->type != JSON_ARRAY || index >= array->count)
		return NULL;
	const struct json *x = array->first;
	while (index-- > 0)
		x = x->next;
	return x;
}

#endif
