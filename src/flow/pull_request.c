#include "pare/pull_request.h"

#include <string.h>

#include "markdown.h"
#include "pare/plan.h"
#include "pare/receipt.h"
#include "pare/str.h"

#define BEGIN_MARK "<!-- pare:begin -->"
#define END_MARK   "<!-- pare:end -->"

enum { TEXT_MAX = 4 * 1024 * 1024, ROOM = 4096 };

/* --- the text --- */

/* A fence that no line of the text can end. */
static void put_fenced(struct arena *a, struct buf *b, const char *language, const char *text)
{
	size_t longest = 2;
	for (const char *c = text; *c != '\0'; c++) {
		size_t run = strspn(c, "`");
		longest = run > longest ? run : longest;
		c += run > 0 ? run - 1 : 0;
	}
	char *fence = arena_alloc(a, longest + 2);
	memset(fence, '`', longest + 1);
	buf_printf(b, "%s%s\n%s%s%s\n", fence, language, str_printable(a, text, true),
		   *text != '\0' && !str_ends(text, "\n") ? "\n" : "", fence);
}

static const struct review_file *same_path(const struct review_file *f, size_t count, const char *path)
{
	for (size_t i = 0; i < count; i++)
		if (f[i].bytes != NULL && strcmp(f[i].path, path) == 0)
			return &f[i];
	return NULL;
}

static void put_change(struct arena *a, struct buf *b, const char *path, const char *was, const char *is)
{
	char *diff = text_diff(a, was, is);
	const char *name = strrchr(path, '/') + 1;
	if (diff[0] == '\0')
		return;
	buf_printf(b, "%s%s\n\n", markdown_code(a, name), is[0] == '\0' ? " goes" : was[0] == '\0' ? " comes" : "");
	put_fenced(a, b, "diff", diff);
	buf_putc(b, '\n');
}

/* The policies' files only: the rest repeats them. */
static void put_diffs(struct arena *a, const struct proposal_item *x, struct buf *b)
{
	struct review_file *was, *is;
	size_t was_count, is_count;
	struct err e;
	if (!review_files(a, x->before, NULL, &was, &was_count, &e) ||
	    !review_files(a, x->before, x->plan, &is, &is_count, &e))
		return;
	for (size_t i = 0; i < was_count; i++) {
		const struct review_file *now = same_path(is, is_count, was[i].path);
		if (was[i].bytes != NULL && strstr(was[i].path, "/attachments.json") == NULL)
			put_change(a, b, was[i].path, was[i].bytes, now != NULL ? now->bytes : "");
	}
	for (size_t i = 0; i < is_count; i++)
		if (is[i].bytes != NULL && same_path(was, was_count, is[i].path) == NULL)
			put_change(a, b, is[i].path, "", is[i].bytes);
}

static const char *plan_link(struct arena *a, const struct forge_port *forge, const struct proposal *p,
			     const struct plan *x)
{
	const char *path = str_printf(a, "%s/plan.md", plan_folder(a, x));
	if (forge == NULL)
		return markdown_code(a, path);
	return str_printf(a, "[plan.md](%s)", forge->file_url(forge->self, a, p->commit, path));
}

static char *section(struct arena *a, const struct forge_port *forge, const struct proposal_item *item,
		     const struct proposal *p)
{
	const struct plan *x = item->plan;
	struct buf *b = buf_new(a, TEXT_MAX);
	buf_printf(b, "### %s\n\n", markdown_code(a, x->principal.name));
	if (plan_undoes(x) != NULL)
		buf_printf(b, "Gives back what plan %s took. ", markdown_code(a, plan_undoes(x)));
	else
		buf_printf(b, "%lld of %lld actions go. Finding %s. ", (long long)x->impact.actions_removed,
			   (long long)x->impact.actions_before,
			   markdown_code(a, x->source.finding != NULL ? x->source.finding : "none"));
	buf_printf(b, "Valid until %s. Steps, gates and rules: %s\n\n", markdown_code(a, x->expires_at),
		   plan_link(a, forge, p, x));
	size_t before = b->len;
	buf_puts(b, "<details><summary>Policies</summary>\n\n");
	size_t empty = b->len;
	put_diffs(a, item, b);
	if (b->len == empty) { /* it only archives a finding */
		b->len = before;
		b->data[before] = '\0';
	} else {
		buf_puts(b, "</details>\n\n");
	}
	return buf_ok(b) ? b->data : NULL;
}

static void put_verdict(struct arena *a, struct buf *b, const struct proposal_item *item, size_t count)
{
	size_t proved = 0, backs = 0;
	for (size_t i = 0; i < count; i++) {
		const struct gate *g = plan_gate(item[i].plan, "no-new-access");
		backs += plan_undoes(item[i].plan) != NULL;
		proved += plan_undoes(item[i].plan) == NULL && g != NULL && g->result == GATE_PASS;
	}
	buf_printf(b, "**%zu plan%s for account %s.** ", count, count == 1 ? "" : "s",
		   markdown_code(a, item[0].plan->account));
	if (proved == count)
		buf_puts(b, "Pure reduction: proved for every plan that nothing is granted that was not granted "
			    "before.\n\n");
	else
		buf_printf(b, "**Not a pure reduction:** %zu of the plans give%s permissions back.\n\n", backs,
			   backs == 1 ? "s" : "");
}

static void put_replaced(struct arena *a, struct buf *b, const struct proposal *p)
{
	const struct str_list *lists[] = {&p->superseded, &p->overlapping};
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < lists[k]->count; i++)
			buf_printf(b, "%s- branch %s\n",
				   i > 0    ? ""
				   : k == 0 ? "\nThis takes the place of:\n\n"
					    : "\nSome of these roles are proposed in an older way here; leave them out "
					      "there:\n\n",
				   markdown_code(a, lists[k]->item[i]));
	if (p->superseded.count + p->overlapping.count > 0)
		buf_putc(b, '\n');
}

static char *head_text(struct arena *a, const struct proposal_item *item, size_t count,
		       const struct proposal *p)
{
	struct buf *b = buf_new(a, TEXT_MAX);
	put_verdict(a, b, item, count);
	buf_puts(b, "| principal | actions | removed | plan |\n|---|---|---|---|\n");
	for (size_t i = 0; i < count; i++) {
		const struct plan *x = item[i].plan;
		buf_printf(b, "| %s | %lld → %lld | %lld | %s |\n", markdown_cell(a, x->principal.name),
			   (long long)x->impact.actions_before, (long long)x->impact.actions_after,
			   (long long)x->impact.actions_removed, markdown_cell(a, x->id));
	}
	put_replaced(a, b, p);
	buf_puts(b, "\n### How to approve\n\nA plan's digest, the SHA-256 of its `plan.json`, is what is approved:\n\n");
	struct buf *sums = buf_new(a, TEXT_MAX);
	for (size_t i = 0; i < count; i++)
		buf_printf(sums, "%s  %s/plan.json\n", item[i].plan->digest, plan_folder(a, item[i].plan));
	put_fenced(a, b, "", sums->data);
	buf_puts(b, "\nReview and merge. Where signatures are asked for: `pare approve`, or write the lines above to "
		    "`approvals/NAME.sums` and sign that file with "
		    "`ssh-keygen -Y sign -n plan-approval@pare -f KEY approvals/NAME.sums`. "
		    "To leave a role out, delete its plan's folder in this branch before merging.\n\n"
		    "Nothing changes in AWS before `pare apply`, which checks approval and every gate again against "
		    "the live state, reads everything back, and can be taken back with `pare rollback`.\n\n");
	return b->data;
}

char *pull_request_block(struct arena *a, const struct forge_port *forge,
			 const struct proposal_item *item, size_t count, const struct proposal *p,
			 size_t max, size_t *cut)
{
	struct buf *b = buf_new(a, TEXT_MAX);
	const char **line = arena_array(a, count, sizeof *line);
	size_t reserve = strlen(END_MARK) + 256;
	struct buf *rest = buf_new(a, TEXT_MAX);
	*cut = 0;
	for (size_t i = 0; i < count; i++) {
		line[i] = str_printf(a, "- %s: %s\n", markdown_code(a, item[i].plan->principal.name),
				     plan_link(a, forge, p, item[i].plan));
		reserve += strlen(line[i]);
	}
	buf_printf(b, BEGIN_MARK "\n%s", head_text(a, item, count, p));
	for (size_t i = 0; i < count; i++) {
		const char *text = section(a, forge, &item[i], p);
		if (text != NULL && b->len + strlen(text) + reserve <= max) {
			buf_puts(b, text);
			reserve -= strlen(line[i]);
		} else {
			buf_puts(rest, line[i]);
			++*cut;
		}
	}
	if (*cut > 0)
		buf_printf(b, "**%zu more plan%s, too long to be shown here:**\n\n%s\n", *cut, *cut == 1 ? "" : "s",
			   rest->data);
	buf_puts(b, END_MARK);
	return b->data;
}

/* A line that is exactly the mark, but for white space at its end. */
static const char *mark_line(const char *text, const char *mark, bool last)
{
	const char *found = NULL;
	size_t len = strlen(mark);
	for (const char *line = text; *line != '\0';) {
		size_t width = strcspn(line, "\n"), rest = width;
		while (rest > len && strchr(" \t\r", line[rest - 1]) != NULL)
			rest--;
		if (rest == len && memcmp(line, mark, len) == 0 && (last || found == NULL))
			found = line;
		line += width + (line[width] == '\n');
	}
	return found;
}

char *pull_request_body(struct arena *a, const char *there, const char *block)
{
	const char *begin = mark_line(there, BEGIN_MARK, false), *end = mark_line(there, END_MARK, true);
	if (begin != NULL && end != NULL && end > begin)
		return str_printf(a, "%.*s%s%s", (int)(begin - there), there, block, end + strlen(END_MARK));
	if (there[strspn(there, " \t\r\n")] == '\0')
		return arena_strdup(a, block);
	return str_printf(a, "%s%s%s", there, str_ends(there, "\n") ? "\n" : "\n\n", block);
}

/* --- the pull request --- */

struct opening {
	struct arena *arena;
	const struct forge_port *forge;
	const struct config *config;
	const struct proposal_item *item;
	size_t count;
	const struct proposal *proposal;
	struct pull_report *out;
};

static void add_note(struct arena *a, struct str_list *notes, const char *what, const struct err *why)
{
	str_list_add(a, notes, str_printf(a, "%s: %s", what, why->message));
}

static size_t outside(struct arena *a, const char *there)
{
	return strlen(pull_request_body(a, there, ""));
}

static bool write_body(struct opening *o, const char *there, char **body, size_t *cut, struct err *e)
{
	size_t kept = outside(o->arena, there), max = o->forge->body_max - ROOM;
	size_t room = kept < max ? max - kept : 0;
	char *block = pull_request_block(o->arena, o->forge, o->item, o->count, o->proposal, room, cut);
	*body = pull_request_body(o->arena, there, block);
	if (strlen(*body) <= o->forge->body_max)
		return true;
	return err_set(e, ERR_LIMIT,
		       "the pull request's text has %zu bytes that people wrote, and %s takes %zu in all: shorten "
		       "it, or propose fewer plans at once",
		       kept, o->forge->name, o->forge->body_max);
}

/* What a new pull request needs beside its text; none of it decides anything. */
static void dress(struct opening *o, const struct pull *p, size_t cut)
{
	const struct forge_port *f = o->forge;
	const struct config *c = o->config;
	struct str_list labels = {0};
	struct err e;
	for (size_t i = 0; i < c->repository.labels.count; i++)
		str_list_add(o->arena, &labels, c->repository.labels.item[i]);
	if (labels.count == 0)
		str_list_add(o->arena, &labels, "pare");
	if (cut > 0)
		str_list_add(o->arena, &labels, "pare:large");
	if (!f->label(f->self, p->number, &labels, &e))
		add_note(o->arena, &o->out->notes, "the labels were not set", &e);
	if (c->repository.reviewers.count > 0 && !f->ask(f->self, p->number, &c->repository.reviewers, &e))
		add_note(o->arena, &o->out->notes, "the reviewers were not asked", &e);
	if (!f->status(f->self, o->proposal->commit, true, "pare/plan",
		       str_printf(o->arena, "%zu plan%s, every gate passes", o->count, o->count == 1 ? "" : "s"), p->url,
		       &e))
		add_note(o->arena, &o->out->notes, "the commit's status was not set", &e);
}

/* Found by somebody else's hand, or made by ours without our knowing. */
static bool create_or_find(struct opening *o, const char *body, struct pull **p, struct err *e)
{
	const struct forge_port *f = o->forge;
	struct err later;
	if (f->create(f->self, o->arena, o->proposal->branch, o->proposal->title, body, p, e))
		return true;
	if (e->kind != ERR_CONFLICT && e->kind != ERR_UNCERTAIN)
		return false;
	return f->find(f->self, o->arena, o->proposal->branch, p, &later) && *p != NULL;
}

static bool open_new(struct opening *o, struct err *e)
{
	struct pull *p;
	char *body;
	size_t cut;
	if (!write_body(o, "", &body, &cut, e) || !create_or_find(o, body, &p, e))
		return false;
	o->out->pull = p;
	o->out->done = "opened";
	dress(o, p, cut);
	return true;
}

/* Forges write line ends as they like. */
static bool same_body(const char *x, const char *y)
{
	for (;; x++, y++) {
		x += *x == '\r';
		y += *y == '\r';
		if (*x != *y)
			return false;
		if (*x == '\0')
			return true;
	}
}

static bool refresh(struct opening *o, const struct pull *p, struct err *e)
{
	const struct forge_port *f = o->forge;
	char *body;
	size_t cut;
	o->out->pull = p;
	if (p->state != PULL_OPEN) {
		o->out->done = p->state == PULL_MERGED ? "merged already" : "closed by somebody";
		return true;
	}
	if (!write_body(o, p->body, &body, &cut, e))
		return false;
	o->out->done = same_body(body, p->body) ? "unchanged" : "updated";
	return same_body(body, p->body) || f->edit(f->self, p->number, body, e);
}

static void replace_one(struct opening *o, const char *branch, bool whole)
{
	const struct forge_port *f = o->forge;
	struct arena *a = o->arena;
	struct pull *old;
	struct err e;
	const char *words =
		str_printf(a, whole ? "Superseded by %s."
				    : "Some of the roles here are proposed anew in %s: leave them out here.",
			   o->out->pull->url);
	bool ok = f->find(f->self, a, branch, &old, &e);
	if (ok && (old == NULL || old->state != PULL_OPEN))
		return;
	if (!ok || !f->comment(f->self, old->number, words, &e) ||
	    (whole && !f->close(f->self, old->number, &e)))
		add_note(a, &o->out->notes,
			 str_printf(a, "the older pull request of branch '%s' was not %s", branch,
				    whole ? "closed" : "commented"),
			 &e);
}

bool pull_request_open(struct arena *a, const struct forge_port *forge, const struct config *config,
		       const struct proposal_item *item, size_t count, const struct proposal *p,
		       struct pull_report *out, struct err *e)
{
	struct opening o = {a, forge, config, item, count, p, out};
	struct pull *there;
	*out = (struct pull_report){.done = "merged already"};
	if (p->merged)
		return true;
	if (!forge->find(forge->self, a, p->branch, &there, e) ||
	    !(there != NULL ? refresh(&o, there, e) : open_new(&o, e)))
		return err_wrap(e, "opening the pull request of branch '%s'", p->branch);
	if (out->pull->state != PULL_OPEN)
		return true;
	for (size_t i = 0; i < p->superseded.count; i++)
		replace_one(&o, p->superseded.item[i], true);
	for (size_t i = 0; i < p->overlapping.count; i++)
		replace_one(&o, p->overlapping.item[i], false);
	return true;
}

/* --- after apply --- */

static void put_result(struct arena *a, struct buf *b, const struct apply_report *r)
{
	const struct plan *x = r->plan;
	buf_printf(b, "- %s: **%s**, plan %s, digest %s", markdown_code(a, x->principal.name),
		   apply_result_name(r->result), markdown_code(a, x->id), markdown_code(a, x->digest));
	buf_printf(b, "; %zu AWS calls, %zu of them writes", r->aws_calls, r->aws_writes);
	if (r->receipt != NULL && r->receipt->finished_at != NULL)
		buf_printf(b, "; ended %s, by %s", markdown_code(a, r->receipt->finished_at),
			   markdown_code(a, r->receipt->executor != NULL ? r->receipt->executor : "?"));
	if (r->why.kind != ERR_NONE)
		buf_printf(b, "; %s", markdown_code(a, r->why.message));
	buf_putc(b, '\n');
}

static bool good(const struct apply_report *r)
{
	return r->result == APPLY_APPLIED || r->result == APPLY_ALREADY;
}

static void comment_on(struct arena *a, const struct forge_port *f, const struct pull *p,
		       const struct apply_report *const *r, size_t count, struct str_list *notes)
{
	struct buf *b = buf_new(a, TEXT_MAX);
	size_t well = 0, said = 0;
	struct err e;
	buf_puts(b, "`pare apply`:\n\n");
	for (size_t i = 0; i < count; i++) {
		size_t before = b->len;
		put_result(a, b, r[i]);
		well += good(r[i]);
		if (b->len > f->body_max - ROOM) {
			b->len = before;
			b->data[before] = '\0';
			break;
		}
		said++;
	}
	if (said < count)
		buf_printf(b, "- %zu more: their receipts say\n", count - said);
	buf_puts(b, "\nReceipts and journals are on the branch `pare/log`.");
	if (!f->comment(f->self, p->number, b->data, &e))
		add_note(a, notes, str_printf(a, "no comment on %s", p->url), &e);
	if (!f->status(f->self, p->head, well == count, "pare/apply",
		       str_printf(a, "%zu of %zu plans applied", well, count), p->url, &e))
		add_note(a, notes, str_printf(a, "no status on %s", p->url), &e);
}

void pull_request_comment(struct arena *a, const struct forge_port *forge,
			  const struct apply_report *report, size_t count, struct str_list *notes)
{
	struct pull *of = arena_array(a, count + 1, sizeof *of);
	const struct apply_report **group = arena_array(a, count + 1, sizeof *group);
	for (size_t i = 0; i < count; i++) {
		struct pull *found;
		size_t n;
		struct err e;
		if (!forge->carriers(forge->self, a, report[i].plan, &found, &n, &e))
			add_note(a, notes, str_printf(a, "no comment on the pull request of plan '%s'",
						      report[i].plan->id), &e);
		else if (n > 0)
			of[i] = found[0]; /* the one that changed last */
	}
	for (size_t i = 0; i < count; i++) {
		size_t n = 0;
		bool first = of[i].number != 0;
		for (size_t k = 0; k < count && first; k++) {
			first = k >= i || of[k].number != of[i].number;
			if (of[k].number == of[i].number)
				group[n++] = &report[k];
		}
		if (first)
			comment_on(a, forge, &of[i], group, n, notes);
	}
}
