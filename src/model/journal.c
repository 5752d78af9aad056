/* Every line is one compact JSON object with its members in one order. The chain makes a change of
 * any line but the last visible, the check at a line's end one of the last. See the invariants J1–J7
 * in pare/journal.h. */
#include "pare/journal.h"

#include <string.h>

#include "pare/digest.h"
#include "pare/json.h"
#include "pare/str.h"

static const char *const kinds[] = {"begin",   "resume",      "intent",       "outcome",
				    "barrier", "undo-intent", "undo-outcome", "end"};
enum { CHECK_HEX = 16, LINE_MAX_BYTES = 1 << 20 };
static const char first_previous[] =
	"0000000000000000000000000000000000000000000000000000000000000000";

char *record_print(struct arena *a, struct record *r, const char *head, uint64_t seq,
		   struct buf *out)
{
	size_t from = out->len;
	char check[SHA256_HEX];
	struct json_writer w;
	r->seq = seq;
	r->previous = head != NULL ? head : first_previous;
	json_start(&w, out, true);
	json_open(&w, '{');
	json_member_integer(&w, "seq", (int64_t)seq);
	json_member_text(&w, "previous", r->previous);
	json_member_text(&w, "time", r->time);
	json_member_text(&w, "kind", kinds[r->kind]);
	json_member_integer(&w, "step", (int64_t)r->step);
	json_member_text(&w, "result", r->result);
	json_member_text(&w, "detail", r->detail);
	json_member_text(&w, "requestId", r->request_id);
	struct sha256 so_far = sha256_of(out->data + from, out->len - from);
	sha256_print(&so_far, check);
	check[CHECK_HEX] = '\0';
	json_member_text(&w, "check", check);
	json_close(&w, '}');
	buf_putc(out, '\n');
	return sha256_hex(a, out->data + from, out->len - from);
}

static bool read_kind(const char *name, enum record_kind *kind)
{
	for (size_t i = 0; name != NULL && i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(kinds[i], name) == 0) {
			*kind = (enum record_kind)i;
			return true;
		}
	return false;
}

/* A line is accepted only when printing what it says gives the same bytes. */
static bool read_line(struct arena *a, const char *line, size_t len, const char *head, uint64_t seq,
		      struct record *r)
{
	struct err e;
	int64_t n;
	const struct json *v = json_parse(a, line, len, "journal", &e);
	if (v == NULL || !read_kind(json_text(v, "kind"), &r->kind) ||
	    !json_integer(json_get(v, "step"), &n) || n < 0 || json_text(v, "time") == NULL)
		return false;
	r->step = (size_t)n;
	r->time = json_text(v, "time");
	r->result = json_text(v, "result");
	r->detail = json_text(v, "detail");
	r->request_id = json_text(v, "requestId");
	struct buf *b = buf_new(a, LINE_MAX_BYTES);
	record_print(a, r, head, seq, b);
	return buf_ok(b) && b->len == len && memcmp(b->data, line, len) == 0;
}

/* A torn line is the beginning of a line. One that is whole and goes on without its line feed was
 * not torn but changed. */
static bool torn(struct arena *a, const char *line, size_t len)
{
	struct err e;
	size_t end;
	return json_parse_next(a, line, len, &end, "journal", &e) == NULL || end == len;
}

static bool damaged(const char *what, size_t record, struct err *e)
{
	return err_set(e, ERR_INPUT,
		       "reading journal '%s': record %zu is damaged; the journal cannot be trusted. Keep the "
		       "file, look at the role, and move the file aside to go on from the live state alone",
		       what, record);
}

struct journal *journal_parse(struct arena *a, const char *text, size_t len, const char *what,
			      struct err *e)
{
	struct journal *j = arena_alloc(a, sizeof *j);
	size_t lines = 0;
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	j->record = arena_array(a, lines, sizeof *j->record);
	while (j->whole_len < len) {
		const char *line = text + j->whole_len;
		const char *end = memchr(line, '\n', len - j->whole_len);
		if (end == NULL) {
			j->torn = true;
			return torn(a, line, len - j->whole_len) || damaged(what, j->count + 1, e) ? j : NULL;
		}
		size_t line_len = (size_t)(end - line) + 1;
		if (!read_line(a, line, line_len, j->head, j->count + 1, &j->record[j->count])) {
			damaged(what, j->count + 1, e);
			return NULL;
		}
		j->head = sha256_hex(a, line, line_len);
		j->whole_len += line_len;
		j->count++;
	}
	return j;
}
