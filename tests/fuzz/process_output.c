/* Any bytes as what a credential_process printed; and as the command line that it is. */
#include "fuzz_search.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(NULL);
	struct str_list words = {0};
	const char *line = arena_copy(a, data, size);
	if (process_split(a, line, &words) && words.count > strlen(line))
		abort();
	arena_free(a);
	fuzz_answer(data, size, process_answer);
	return 0;
}
