/* Any bytes as a container agent's answer. */
#include "fuzz_search.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_answer(data, size, container_answer);
	return 0;
}
