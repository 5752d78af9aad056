/* progress: one line that rewrites itself on a terminal; nothing of it elsewhere, where only
 * events worth a line are written, and each step with --verbose. */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"
#include "pare/str.h"

struct progress {
	bool terminal;
	bool quiet, verbose;
};

/* Columns of the terminal: a line that wraps cannot be rewritten. */
static int columns(void)
{
	struct winsize w;
	return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 8 ? w.ws_col : 80;
}

/* The first bytes of a text that fill at most so many columns; a character of several bytes whole. */
static int fitting(const char *text, int room)
{
	int len = 0;
	for (; text[len] != '\0' && room > 0; room--)
		do
			len++;
		while (((unsigned char)text[len] & 0xc0) == 0x80);
	return len;
}

static void clear_line(void)
{
	fputs("\r\033[K", stderr);
}

static bool shown; /* a line stands there that the next output must not follow */

void progress_clear(void)
{
	if (shown)
		clear_line();
	shown = false;
}

static void show_step(void *self, const char *activity, size_t done, size_t total)
{
	const struct progress *p = self;
	if (p->quiet || (!p->terminal && !p->verbose))
		return;
	struct arena *scratch = arena_new(NULL);
	const char *text = str_printable(scratch, activity, false);
	if (total > 0)
		text = str_printf(scratch, "%s %zu/%zu", text, done, total);
	else if (done > 0)
		text = str_printf(scratch, "%s, %zu so far", text, done);
	if (p->terminal) {
		shown = true;
		clear_line();
		fprintf(stderr, "%.*s", fitting(text, columns() - 1), text);
	} else {
		fprintf(stderr, "%s\n", text);
	}
	fflush(stderr);
	arena_free(scratch);
}

static void show_note(void *self, const char *line)
{
	const struct progress *p = self;
	if (p->quiet)
		return;
	struct arena *scratch = arena_new(NULL);
	progress_clear();
	fprintf(stderr, "%s\n", str_printable(scratch, line, false));
	arena_free(scratch);
}

struct progress_port progress_open(struct arena *a, const struct options *o)
{
	struct progress *p = arena_alloc(a, sizeof *p);
	p->terminal = isatty(STDERR_FILENO) == 1;
	p->quiet = o->quiet;
	p->verbose = o->verbose;
	return (struct progress_port){p, show_step, show_note};
}
