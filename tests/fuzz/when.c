/* Every time that is read is written so that it reads as the same second. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pare/when.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), again[WHEN_TEXT];
	int64_t ms, back;
	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	/* Offsets may lead out of the years that four digits can say. */
	if (when_parse(text, &ms) && ms >= -62167219200000 && ms < 253402300800000) {
		when_iso(ms, again);
		if (!when_parse(again, &back) || !when_same_second(ms, back))
			abort();
	}
	free(text);
	return 0;
}
