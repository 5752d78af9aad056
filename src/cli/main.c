#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "cli.h"
#include "pare/world.h"

/* Secrets live in this process: no core file, no other process of the same user reading along. */
static void keep_secrets(void)
{
	struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* What failed after a signal failed by it. */
static int after_signals(struct arena *a, const struct options *o, int code)
{
	struct clock_port clock = clock_system(a);
	struct err e;
	if (code != EXIT_FAILED || !clock.interrupted(clock.self))
		return code;
	err_set(&e, ERR_INTERRUPTED, "interrupted: run 'pare %s' again to go on", o->command);
	complain(&e);
	return EXIT_INTERRUPTED;
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
		code = after_signals(a, &o, command_find(o.command)->run(a, &o));
	}
	progress_clear();
	arena_free(a);
	if (fflush(stdout) != 0 || ferror(stdout) != 0) {
		err_set(&e, ERR_IO, "writing to standard output: not all of it could be written");
		complain(&e);
		/* What acts on the world says with its code what became of the world, also unheard. */
		const struct command *c = command_find(o.command != NULL ? o.command : "");
		return code == EXIT_DONE && (c == NULL || !c->refuses_now) ? EXIT_FAILED : code;
	}
	return code;
}
