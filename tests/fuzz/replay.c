/* Replays saved inputs through a fuzz target, so that every build runs the corpus: each in a block
 * of exactly its size. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (f == NULL)
		return -1;
	static uint8_t data[1 << 20];
	size_t size = fread(data, 1, sizeof data, f);
	fclose(f);
	/* Said before, so that the last line names the input that brought the target down. */
	puts(path);
	fflush(stdout);
	uint8_t *exact = malloc(size == 0 ? 1 : size);
	if (exact == NULL)
		return -1;
	memcpy(exact, data, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	DIR *dir = opendir(argv[1]);
	if (dir == NULL) {
		fprintf(stderr, "replay: no corpus at %s\n", argv[1]);
		return 1;
	}
	size_t count = 0;
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		char path[4096];
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
		if (replay_file(path) != 0) {
			fprintf(stderr, "replay: cannot read %s\n", path);
			return 1;
		}
		count++;
	}
	closedir(dir);
	printf("%zu inputs replayed\n", count);
	return count > 0 ? 0 : 1;
}
