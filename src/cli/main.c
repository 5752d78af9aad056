#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "cli.h"

/* Secrets live in this process: no core file, no other process of the same user reading along. */
static void keep_secrets(void)
{
	struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int main(int argc, char **argv)
{
	keep_secrets();
	struct arena *a = arena_new(NULL);
	struct options o;
	struct err e;
	int code;
	if (!options_parse(a, argc, argv, &o, &e)) {
		complain(&e);
		code = EXIT_USAGE;
	} else if (o.help) {
		o.words = (struct str_list){0};
		str_list_add(a, &o.words, o.command);
		code = command_help(a, &o);
	} else {
		code = command_find(o.command)->run(a, &o);
	}
	progress_clear();
	arena_free(a);
	if (fflush(stdout) != 0 || ferror(stdout) != 0) {
		err_set(&e, ERR_IO, "writing to standard output: not all of it could be written");
		complain(&e);
		return code == EXIT_DONE ? EXIT_FAILED : code;
	}
	return code;
}
