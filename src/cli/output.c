#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "pare/str.h"

int exit_code_of(const struct err *e)
{
	switch (e->kind) {
	case ERR_USAGE:
		return EXIT_USAGE;
	case ERR_REFUSED:
	case ERR_STALE:
		return EXIT_REFUSED;
	case ERR_UNCERTAIN:
		return EXIT_PERSON;
	case ERR_INTERRUPTED:
		return EXIT_INTERRUPTED;
	default:
		return EXIT_FAILED;
	}
}

bool output_color(const struct options *o)
{
	if (o->color != NULL && strcmp(o->color, "always") == 0)
		return true;
	if (o->color != NULL && strcmp(o->color, "never") == 0)
		return false;
	const char *terminal = getenv("TERM");
	return isatty(STDOUT_FILENO) == 1 && str_empty(getenv("NO_COLOR")) && terminal != NULL &&
	       strcmp(terminal, "dumb") != 0;
}

static const char *style_code(enum style s)
{
	static const char *const code[] = {"", "\033[1m", "\033[2m", "\033[31m", "\033[32m",
					   "\033[33m", "\033[36m"};
	return code[s];
}

static char *format_text(struct arena *a, const char *format, va_list args)
{
	va_list again;
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	char *text = arena_alloc(a, (size_t)(len < 0 ? 0 : len) + 1);
	if (len > 0)
		vsnprintf(text, (size_t)len + 1, format, args);
	return str_printable(a, text, true);
}

void say(const struct context *c, enum style s, const char *format, ...)
{
	progress_clear();
	struct arena *scratch = arena_new(NULL);
	va_list args;
	va_start(args, format);
	const char *text = format_text(scratch, format, args);
	va_end(args);
	if (s != PLAIN && output_color(c->o))
		fprintf(stdout, "%s%s\033[0m", style_code(s), text);
	else
		fputs(text, stdout);
	arena_free(scratch);
}

void say_raw(const char *bytes, size_t len)
{
	progress_clear();
	fwrite(bytes, 1, len, stdout);
}

struct json_writer json_page(struct arena *a, size_t max)
{
	struct json_writer w;
	json_start(&w, buf_new(a, max), false);
	return w;
}

void say_json(struct json_writer *w)
{
	buf_putc(w->out, '\n');
	say_raw(w->out->data, w->out->len);
}

void say_diff(const struct context *c, const char *diff, const char *indent)
{
	struct arena *scratch = arena_new(NULL);
	for (const char *line = diff; *line != '\0';) {
		const char *end = strchr(line, '\n');
		size_t len = end != NULL ? (size_t)(end - line) : strlen(line);
		const char *text = arena_copy(scratch, line, len);
		enum style s = text[0] == '+'   ? GREEN
			       : text[0] == '-' ? RED
			       : text[0] == '@' ? CYAN
						: PLAIN;
		say(c, s, "%s%s", indent, text);
		say(c, PLAIN, "\n");
		line += len + (end != NULL);
	}
	arena_free(scratch);
}

void complain(const struct err *e)
{
	progress_clear();
	struct arena *scratch = arena_new(NULL);
	fprintf(stderr, "pare: %s\n", str_printable(scratch, e->message, false));
	if (e->request_id[0] != '\0')
		fprintf(stderr, "pare: AWS request id %s\n",
			str_printable(scratch, e->request_id, false));
	arena_free(scratch);
}

void note(const struct context *c, const char *format, ...)
{
	if (c->o->quiet)
		return;
	progress_clear();
	struct arena *scratch = arena_new(NULL);
	va_list args;
	va_start(args, format);
	fprintf(stderr, "%s\n", format_text(scratch, format, args));
	va_end(args);
	arena_free(scratch);
}
