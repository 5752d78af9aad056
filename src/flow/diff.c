/* diff: a unified diff of two small texts, by longest common subsequence of lines. */
#include <string.h>

#include "pare/propose.h"
#include "pare/str.h"

enum { CONTEXT_LINES = 3, DIFF_MAX_BYTES = 1 << 24, TABLE_MAX = 1 << 24 };

struct lines {
	const char **text;
	size_t count;
};

struct edit {
	char mark; /* ' ', '-', '+' */
	const char *line;
};

static struct lines split(struct arena *a, const char *text)
{
	struct lines l = {0};
	char *copy = arena_strdup(a, text);
	size_t max = 1;
	for (const char *c = copy; *c != '\0'; c++)
		max += *c == '\n';
	l.text = arena_array(a, max, sizeof *l.text);
	for (char *line = copy; *line != '\0';) {
		char *end = strchr(line, '\n');
		l.text[l.count++] = line;
		if (end == NULL)
			break;
		*end = '\0';
		line = end + 1;
	}
	return l;
}

/* Longest common subsequence lengths of the tails, row by row from the end. */
static size_t edits_of(struct arena *a, struct lines x, struct lines y, struct edit *out)
{
	size_t width = y.count + 1, count = 0, i = 0, k = 0;
	unsigned *longest = arena_array(a, (x.count + 1) * width, sizeof *longest);
	for (size_t r = x.count; r-- > 0;)
		for (size_t c = y.count; c-- > 0;) {
			unsigned below = longest[(r + 1) * width + c], right = longest[r * width + c + 1];
			longest[r * width + c] = strcmp(x.text[r], y.text[c]) == 0
							 ? longest[(r + 1) * width + c + 1] + 1
							 : (below > right ? below : right);
		}
	while (i < x.count || k < y.count) {
		if (i < x.count && k < y.count && strcmp(x.text[i], y.text[k]) == 0) {
			out[count++] = (struct edit){' ', x.text[i++]};
			k++;
		} else if (i < x.count &&
			   (k == y.count || longest[(i + 1) * width + k] >= longest[i * width + k + 1])) {
			out[count++] = (struct edit){'-', x.text[i++]};
		} else {
			out[count++] = (struct edit){'+', y.text[k++]};
		}
	}
	return count;
}

static size_t whole_edits(struct lines x, struct lines y, struct edit *out)
{
	size_t count = 0;
	for (size_t i = 0; i < x.count; i++)
		out[count++] = (struct edit){'-', x.text[i]};
	for (size_t i = 0; i < y.count; i++)
		out[count++] = (struct edit){'+', y.text[i]};
	return count;
}

/* The end of the hunk that starts at `from`: up to twice the context without a change between. */
static size_t hunk_end(const struct edit *e, size_t count, size_t from)
{
	size_t last = from;
	for (size_t i = from; i < count && i <= last + 2 * CONTEXT_LINES + 1; i++)
		if (e[i].mark != ' ')
			last = i;
	last += CONTEXT_LINES + 1;
	return last < count ? last : count;
}

static void put_hunk(struct buf *b, const struct edit *e, size_t from, size_t to)
{
	size_t old_line = 1, new_line = 1, old_count = 0, new_count = 0;
	for (size_t i = 0; i < from; i++) {
		old_line += e[i].mark != '+';
		new_line += e[i].mark != '-';
	}
	for (size_t i = from; i < to; i++) {
		old_count += e[i].mark != '+';
		new_count += e[i].mark != '-';
	}
	buf_printf(b, "@@ -%zu,%zu +%zu,%zu @@\n", old_count == 0 ? old_line - 1 : old_line, old_count,
		   new_count == 0 ? new_line - 1 : new_line, new_count);
	for (size_t i = from; i < to; i++)
		buf_printf(b, "%c%s\n", e[i].mark, e[i].line);
}

char *text_diff(struct arena *a, const char *old_text, const char *new_text)
{
	struct arena *scratch = arena_new(a);
	struct lines x = split(scratch, old_text), y = split(scratch, new_text);
	struct edit *e = arena_array(scratch, x.count + y.count + 1, sizeof *e);
	struct buf *b = buf_new(scratch, DIFF_MAX_BYTES);
	/* Past the table's size a diff is not worth its memory: everything goes, everything comes. */
	size_t count = (x.count + 1) * (y.count + 1) <= TABLE_MAX ? edits_of(scratch, x, y, e)
								  : whole_edits(x, y, e);
	for (size_t i = 0; i < count;) {
		if (e[i].mark == ' ') {
			i++;
			continue;
		}
		size_t from = i > CONTEXT_LINES ? i - CONTEXT_LINES : 0;
		size_t to = hunk_end(e, count, i);
		put_hunk(b, e, from, to);
		i = to;
	}
	char *out = arena_copy(a, b->data, b->len);
	arena_free(scratch);
	return out;
}
