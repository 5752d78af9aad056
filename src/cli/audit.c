/* audit: rows for people, CSV for spreadsheets, JSON for machines. */
#include <string.h>

#include "cli.h"
#include "pare/arn.h"
#include "pare/audit.h"
#include "pare/str.h"
#include "pare/when.h"

static const char *const columns[] = {
	"finished_at", "result", "account",   "principal", "plan",	"digest", "requester", "approved_by",
	"merge_commit", "executor", "window", "gates",	   "aws_calls", "reason",
	"run",
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

static const char *approvals_text(struct arena *a, const struct receipt *r)
{
	const char *text = "";
	for (size_t i = 0; i < r->approval_count; i++)
		text = str_printf(a, "%s%s%s: %s (%s)", text, i > 0 ? "; " : "", r->approval[i].method,
				  r->approval[i].who, r->approval[i].detail);
	return text;
}

static const char *calls_text(struct arena *a, const struct receipt *r)
{
	const char *text = "";
	for (size_t i = 0; i < r->count; i++)
		text = str_printf(a, "%s%s%zu %s %s %s", text, i > 0 ? "; " : "", r->step[i].n, r->step[i].op,
				  r->step[i].result,
				  r->step[i].request_id != NULL ? r->step[i].request_id : "-");
	return text;
}

static void fill(struct arena *a, const struct audit_row *row, const char *field[COLUMNS])
{
	const struct receipt *r = row->receipt;
	const char *values[COLUMNS] = {
		r->finished_at, r->result, r->account, r->principal_arn, r->plan_id, r->plan_digest,
		row->requester, approvals_text(a, r), r->tip, r->executor, row->window,
		row->gates != NULL ? row->gates : row->missing, calls_text(a, r), r->reason, r->run,
	};
	for (size_t i = 0; i < COLUMNS; i++)
		field[i] = values[i] != NULL ? values[i] : "";
}

/* RFC 4180; a cell that a spreadsheet would take for a formula is made text. */
static void put_cell(struct buf *b, const char *text)
{
	buf_putc(b, '"');
	if (*text != '\0' && strchr("=+-@\t\r", *text) != NULL)
		buf_putc(b, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			buf_putc(b, '"');
		buf_putc(b, *text);
	}
	buf_putc(b, '"');
}

static void print_csv(struct arena *a, const struct audit_row *row, size_t count)
{
	struct buf *b = buf_new(a, 256u * 1024 * 1024);
	for (size_t k = 0; k < COLUMNS; k++)
		buf_printf(b, "%s%s", k > 0 ? "," : "", columns[k]);
	buf_puts(b, "\r\n");
	for (size_t i = 0; i < count; i++) {
		const char *field[COLUMNS];
		fill(a, &row[i], field);
		for (size_t k = 0; k < COLUMNS; k++) {
			if (k > 0)
				buf_putc(b, ',');
			put_cell(b, str_printable(a, field[k], false));
		}
		buf_puts(b, "\r\n");
	}
	say_raw(b->data, b->len);
}

static void print_calls(struct json_writer *w, const struct receipt *r)
{
	json_key(w, "awsCalls");
	json_open(w, '[');
	for (size_t i = 0; i < r->count; i++) {
		json_open(w, '{');
		json_member_integer(w, "step", (int64_t)r->step[i].n);
		json_member_text(w, "op", r->step[i].op);
		json_member_text(w, "result", r->step[i].result);
		json_member_text(w, "requestId", r->step[i].request_id);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void print_row(struct json_writer *w, const struct audit_row *row)
{
	const struct receipt *r = row->receipt;
	json_open(w, '{');
	json_member_text(w, "finishedAt", r->finished_at);
	json_member_text(w, "startedAt", r->started_at);
	json_member_text(w, "result", r->result);
	json_member_text(w, "reason", r->reason);
	json_member_text(w, "account", r->account);
	json_member_text(w, "principal", r->principal_arn);
	json_member_text(w, "plan", r->plan_id);
	json_member_text(w, "digest", r->plan_digest);
	json_member_text(w, "planMissing", row->missing);
	json_member_text(w, "requester", row->requester);
	receipt_print_approvals(r, w);
	json_member_text(w, "run", r->run);
	json_member_text(w, "mergeCommit", r->tip);
	json_member_text(w, "executor", r->executor);
	json_member_text(w, "window", row->window);
	json_member_text(w, "gates", row->gates);
	print_calls(w, r);
	json_close(w, '}');
}

static void print_json(struct arena *a, const struct audit_row *row, size_t count)
{
	struct json_writer w = json_page(a, 256u * 1024 * 1024);
	json_open(&w, '[');
	for (size_t i = 0; i < count; i++)
		print_row(&w, &row[i]);
	json_close(&w, ']');
	say_json(&w);
}

static void say_rows(const struct context *c, const struct audit_row *row, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct receipt *r = row[i].receipt;
		bool good = strcmp(r->result, "applied") == 0;
		say(c, PLAIN, "%s  ", r->finished_at);
		say(c, good ? GREEN : RED, "%-8s", r->result);
		say(c, BOLD, " %s", arn_name(r->principal_arn));
		say(c, PLAIN, "  account %s  plan %s\n", r->account, r->plan_id);
		say(c, DIM, "    requested by %s; approved: %s; by %s\n",
		    row[i].requester != NULL ? row[i].requester : "unknown", approvals_text(c->arena, r),
		    r->executor);
		if (r->run != NULL)
			say(c, DIM, "    run %s\n", r->run);
		if (row[i].missing != NULL)
			say(c, RED, "    %s\n", row[i].missing);
		if (r->reason != NULL)
			say(c, PLAIN, "    %s\n", r->reason);
	}
	say(c, BOLD, "%zu change%s\n", count, count == 1 ? "" : "s");
}

static bool read_time(const char *option, const char *text, int64_t *ms, struct err *e)
{
	return text == NULL || when_parse(text, ms) ||
	       err_set(e, ERR_USAGE,
		       "option '%s': expected a date or time such as 2026-11-01 or "
		       "2026-11-24T03:09:23Z, got '%s'",
		       option, text);
}

int command_audit(struct arena *a, const struct options *o)
{
	struct context c;
	struct review_port review;
	struct audit_row *row;
	struct err e;
	int64_t from = INT64_MIN, to = 0;
	size_t count;
	if (o->csv && o->json) {
		err_set(&e, ERR_USAGE, "'--csv' and '--json' exclude each other");
		complain(&e);
		return EXIT_USAGE;
	}
	if (!read_time("--from", o->from, &from, &e) || !read_time("--to", o->to, &to, &e) ||
	    !context_open(a, o, &c, &e) || !context_review(&c, &review, &e) ||
	    !review.fetch(review.self, &e) ||
	    !audit_read(a, &review, &c.config, from, to, &row, &count, &e)) {
		complain(&e);
		return exit_code_of(&e);
	}
	if (o->json)
		print_json(a, row, count);
	else if (o->csv)
		print_csv(a, row, count);
	else
		say_rows(&c, row, count);
	return EXIT_DONE;
}
