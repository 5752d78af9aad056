/* progress: one line that rewrites itself on a terminal; nothing of it elsewhere, where only
 * events worth a line are written. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "pare/str.h"

struct progress {
	bool terminal;
	bool quiet;
};

static void clear_line(void)
{
	fputs("\r\033[K", stderr);
}

void progress_clear(void)
{
	if (isatty(STDERR_FILENO) == 1)
		clear_line();
}

static void show_step(void *self, const char *activity, size_t done, size_t total)
{
	const struct progress *p = self;
	if (!p->terminal || p->quiet)
		return;
	struct arena *scratch = arena_new(NULL);
	const char *text = str_printable(scratch, activity, false);
	clear_line();
	if (total > 0)
		fprintf(stderr, "%s %zu/%zu", text, done, total);
	else
		fprintf(stderr, "%s", text);
	fflush(stderr);
	arena_free(scratch);
}

static void show_note(void *self, const char *line)
{
	const struct progress *p = self;
	if (p->quiet)
		return;
	struct arena *scratch = arena_new(NULL);
	if (p->terminal)
		clear_line();
	fprintf(stderr, "%s\n", str_printable(scratch, line, false));
	arena_free(scratch);
}

struct progress_port progress_open(struct arena *a, const struct options *o)
{
	struct progress *p = arena_alloc(a, sizeof *p);
	p->terminal = isatty(STDERR_FILENO) == 1;
	p->quiet = o->quiet;
	return (struct progress_port){p, show_step, show_note};
}
