#include "pare/propose.h"

#include <stdlib.h>
#include <string.h>

#include "approval.h"
#include "markdown.h"
#include "pare/arn.h"
#include "pare/digest.h"
#include "pare/str.h"
#include "pare/ticket.h"

enum { MARKDOWN_MAX = 4 * 1024 * 1024 };

struct proposer {
	struct arena *arena;
	const struct review_port *review;
	const struct config *config;
	const struct proposal_item *item;
	size_t count;
	int64_t now_ms;
	struct proposal *out;
	const char *base; /* commit of the protected branch */
	struct str_list
		superseded; /* open branches that carry a plan for one of these principals */
};

struct files {
	struct review_file *file;
	size_t count, cap;
};

static void add_files(struct arena *a, struct files *f, const struct review_file *more,
		      size_t count)
{
	if (f->count + count > f->cap) {
		size_t cap = 2 * (f->count + count);
		struct review_file *grown = arena_array(a, cap, sizeof *grown);
		if (f->count > 0)
			memcpy(grown, f->file, f->count * sizeof *grown);
		f->file = grown;
		f->cap = cap;
	}
	memcpy(f->file + f->count, more, count * sizeof *more);
	f->count += count;
}

static void add_text(struct arena *a, struct files *f, const char *path, const char *text,
		     size_t len)
{
	struct review_file file = {path, text, len};
	add_files(a, f, &file, 1);
}

static int by_digest(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* The branch is named by what it carries, so that the same proposal is the same branch. */
static const char *branch_of(struct proposer *p)
{
	const char **digest = arena_array(p->arena, p->count, sizeof *digest);
	for (size_t i = 0; i < p->count; i++)
		digest[i] = p->item[i].plan->digest;
	qsort(digest, p->count, sizeof *digest, by_digest);
	struct buf *b = buf_new(p->arena, p->count * SHA256_HEX + 1);
	for (size_t i = 0; i < p->count; i++)
		buf_printf(b, "%s\n", digest[i]);
	char *hex = sha256_hex(p->arena, b->data, b->len);
	return str_printf(p->arena, "pare/%s/%.12s", p->item[0].plan->account, hex);
}

/* A plan that only archives may stand beside another one of its principal, whose files are shown. */
static bool shown_by_another(const struct proposer *p, const struct proposal_item *item)
{
	if (!plan_archives_only(item->plan))
		return false;
	for (const struct proposal_item *y = p->item; y < p->item + p->count; y++)
		if (y != item && str_equal(y->plan->principal.arn, item->plan->principal.arn) &&
		    (y < item || !plan_archives_only(y->plan)))
			return true;
	return false;
}

static bool observed_files(struct proposer *p, struct files *f, struct err *e)
{
	for (size_t i = 0; i < p->count; i++) {
		struct review_file *file;
		size_t count;
		if (shown_by_another(p, &p->item[i]))
			continue;
		if (!review_files(p->arena, p->item[i].before, NULL, &file, &count, e))
			return false;
		add_files(p->arena, f, file, count);
	}
	return true;
}

/* The documents of before, so that they can be given back when the policies themselves are gone. */
static void document_files(struct arena *a, const struct proposal_item *x, struct files *f)
{
	struct document_list list = {0};
	const char *folder = plan_folder(a, x->plan);
	document_add_principal(a, &list, x->before);
	for (size_t i = 0; i < x->documents.count; i++)
		document_add(a, &list, x->documents.item[i].text);
	for (size_t i = 0; i < list.count; i++) {
		const char *text = document_canonical(a, list.item[i].text);
		add_text(a, f, document_path(a, folder, list.item[i].sha256), text, strlen(text));
	}
}

bool proposal_files(struct arena *a, const struct proposal_item *x, struct review_file **file,
		    size_t *count, struct err *e)
{
	struct files f = {0};
	const char *folder = plan_folder(a, x->plan);
	struct buf *md = buf_new(a, MARKDOWN_MAX);
	plan_markdown(a, x->plan, x->before, md);
	if (x->ticket != NULL) {
		const char *line = str_printf(a, "%s\n", x->ticket);
		buf_printf(md, "\nChange ticket: %s\n", markdown_code(a, x->ticket));
		add_text(a, &f, str_printf(a, "%s/ticket", folder), line, strlen(line));
	}
	if (!buf_ok(md))
		return err_set(e, ERR_LIMIT, "plan '%s': plan.md is larger than %d bytes", x->plan->id,
			       MARKDOWN_MAX);
	add_text(a, &f, str_printf(a, "%s/plan.json", folder), x->plan->bytes, x->plan->len);
	add_text(a, &f, str_printf(a, "%s/plan.md", folder), md->data, md->len);
	if (x->finding_json != NULL)
		add_text(a, &f, str_printf(a, "%s/evidence/finding.json", folder), x->finding_json,
			 strlen(x->finding_json));
	if (x->recommendation_json != NULL)
		add_text(a, &f, str_printf(a, "%s/evidence/recommendation.json", folder),
			 x->recommendation_json, strlen(x->recommendation_json));
	document_files(a, x, &f);
	*file = f.file;
	*count = f.count;
	return true;
}

static bool planned_files(struct proposer *p, struct files *f, struct err *e)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct proposal_item *x = &p->item[i];
		struct review_file *file;
		size_t count;
		if (!shown_by_another(p, x)) {
			if (!review_files(p->arena, x->before, x->plan, &file, &count, e))
				return false;
			add_files(p->arena, f, file, count);
		}
		if (!proposal_files(p->arena, x, &file, &count, e))
			return false;
		add_files(p->arena, f, file, count);
	}
	return true;
}

/* For titles and commit messages, which forges search for @names and commands, too. */
static const char *plain_name(struct arena *a, const char *name)
{
	struct buf *b = buf_new(a, 8 * strlen(name) + 8);
	for (const char *c = name; *c != '\0'; c++) {
		if (*c == '@')
			buf_puts(b, "(at)");
		else
			buf_putc(b,
				 *c > ' ' && *c < 0x7f && strchr("#!<>[]`*&$%~^/\\|\"'", *c) == NULL
					 ? *c
					 : '?');
	}
	return b->len > 0 ? b->data : "?";
}

static void put_table(struct proposer *p, struct buf *b)
{
	struct arena *a = p->arena;
	buf_puts(b, "| principal | actions | removed | plan |\n|---|---|---|---|\n");
	for (size_t i = 0; i < p->count; i++) {
		const struct plan *x = p->item[i].plan;
		buf_printf(b, "| %s | %lld → %lld | %lld | %s |\n",
			   markdown_cell(a, x->principal.name), (long long)x->impact.actions_before,
			   (long long)x->impact.actions_after, (long long)x->impact.actions_removed,
			   markdown_cell(a, x->id));
	}
}

static const char *title_of(struct proposer *p)
{
	struct arena *a = p->arena;
	const struct plan *first = p->item[0].plan;
	size_t backs = 0;
	for (size_t i = 0; i < p->count; i++)
		backs += plan_undoes(p->item[i].plan) != NULL;
	if (p->count == 1)
		return str_printf(a, "%s %s (%s)",
				  backs == 0			    ? "Remove unused permissions of"
				  : first->undo_scope == UNDO_WHOLE ? "Roll back"
								    : "Roll back a part of",
				  plain_name(a, first->principal.name), first->account);
	if (backs == p->count)
		return str_printf(a, "Roll back %zu roles (%s)", p->count, first->account);
	return str_printf(a, "%s %zu roles (%s)",
			  backs == 0 ? "Remove unused permissions of"
				     : "Remove permissions of or roll back",
			  p->count, first->account);
}

static void write_words(struct proposer *p)
{
	struct arena *a = p->arena;
	struct buf *b = buf_new(a, MARKDOWN_MAX);
	p->out->title = title_of(p);
	put_table(p, b);
	buf_puts(b, "\nEach plan's digest, the SHA-256 of its `plan.json`, is what is "
		    "approved:\n\n```\n");
	for (size_t i = 0; i < p->count; i++)
		buf_printf(b, "%s  %s/plan.json\n", p->item[i].plan->digest,
			   plan_folder(a, p->item[i].plan));
	buf_puts(b, "```\n\nEvery gate passed when the plans were made, and passes again before "
		    "anything is "
		    "written. To leave a role out, delete its plan's folder in this branch before "
		    "merging. "
		    "Nothing changes in AWS before `pare apply`.\n");
	if (p->config->approval.signatures > 0 || p->config->approval.by_function)
		buf_printf(b,
			   "\nTo approve, look at the plans and sign the lines above: `pare approve %s --key FILE`. By "
			   "hand: write them to a file `approvals/NAME.sums` of this branch, run `ssh-keygen -Y sign -n "
			   "plan-approval@pare -f KEY approvals/NAME.sums`, commit both files and push.\n",
			   p->out->branch);
	for (size_t i = 0; i < p->superseded.count; i++)
		buf_printf(b, "%s- branch %s\n",
			   i == 0 ? "\nThis takes the place of what is still open for the same "
				    "roles; close that "
				    "without merging:\n\n"
				  : "",
			   markdown_code(a, p->superseded.item[i]));
	p->out->body = b->data;
}

/* --- what is there already --- */

static const char *plan_file(struct proposer *p, size_t i)
{
	return str_printf(p->arena, "%s/plan.json", plan_folder(p->arena, p->item[i].plan));
}

/* How many of our plans does a commit carry, byte for byte? false: it carries other bytes in the
 * place of one, or cannot be read. */
static bool count_carried(struct proposer *p, const char *commit, size_t *carried, struct err *e)
{
	*carried = 0;
	for (size_t i = 0; i < p->count; i++) {
		const char *bytes;
		size_t len;
		const struct plan *x = p->item[i].plan;
		if (!p->review->read(p->review->self, p->arena, commit, plan_file(p, i),
				     PLAN_MAX_BYTES, &bytes, &len, e)) {
			if (e->kind != ERR_NOT_FOUND)
				return false;
			continue;
		}
		if (len != x->len || memcmp(bytes, x->bytes, len) != 0)
			return err_set(e, ERR_CONFLICT, "plan '%s' stands there with other bytes",
				       x->id);
		++*carried;
	}
	return true;
}

/* A branch of our name is our proposal only if it carries our plans; a reviewer may have taken some
 * out. *found false: there is none. */
static bool find_existing(struct proposer *p, const char *ref, bool *found, struct err *e)
{
	char there[OID_HEX];
	size_t carried;
	*found = false;
	if (!p->review->resolve(p->review->self, ref, there, e))
		return false;
	if (there[0] == '\0')
		return true;
	if (!count_carried(p, there, &carried, e))
		return err_wrap(e, "branch '%s' is there already", p->out->branch);
	if (carried == 0)
		return err_set(e, ERR_CONFLICT,
			       "branch '%s' is there already and carries none of these plans: "
			       "somebody else made "
			       "it; look at it and delete it",
			       p->out->branch);
	memcpy(p->out->commit, there, OID_HEX);
	p->out->existed = *found = true;
	return true;
}

/* For one of our principals; what archives one finding takes the place of nothing that is about
 * another. */
static bool about_us(struct proposer *p, const struct plan *x)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct plan *y = p->item[i].plan;
		bool policies = !plan_archives_only(x) && !plan_archives_only(y);
		if (str_equal(y->principal.arn, x->principal.arn) &&
		    (policies || str_equal(y->source.finding, x->source.finding)))
			return true;
	}
	return false;
}

/* *whole: and for nobody else. */
static bool carries_older(struct proposer *p, const char *commit, bool *yes, bool *whole,
			  struct err *e)
{
	struct str_list paths = {0}, merged = {0};
	const char *folder = str_printf(p->arena, "accounts/%s/plans", p->out->account);
	const struct review_port *r = p->review;
	*yes = false;
	*whole = true;
	if (!r->list(r->self, p->arena, commit, folder, &paths, e) ||
	    !r->list(r->self, p->arena, p->base, folder, &merged, e))
		return false;
	for (size_t i = 0; i < paths.count; i++) {
		const char *account, *id, *wrong;
		if (!plan_path_read(p->arena, paths.item[i], &account, &id) ||
		    str_list_has(&merged, paths.item[i]))
			continue;
		const struct plan *x = plan_at(p->arena, r, commit, paths.item[i], &wrong);
		bool ours = wrong == NULL && about_us(p, x);
		*yes = *yes || ours;
		*whole = *whole && ours;
	}
	return true;
}

static bool find_superseded(struct proposer *p, struct err *e)
{
	struct str_list refs = {0};
	const struct review_port *r = p->review;
	const char *prefix = str_printf(p->arena, "refs/heads/pare/%s/", p->out->account);
	if (!r->refs(r->self, p->arena, prefix, &refs, e))
		return false;
	for (size_t i = 0; i < refs.count; i++) {
		char there[OID_HEX];
		bool merged, older, whole;
		const char *branch = refs.item[i] + strlen("refs/heads/");
		if (!r->resolve(r->self, refs.item[i], there, e))
			return false;
		if (there[0] == '\0' || strcmp(branch, p->out->branch) == 0)
			continue;
		if (!r->descends(r->self, p->base, there, &merged, e) ||
		    (!merged && !carries_older(p, there, &older, &whole, e)))
			return false;
		if (merged || !older)
			continue;
		str_list_add(p->arena, &p->superseded, branch);
		str_list_add(p->arena, whole ? &p->out->superseded : &p->out->overlapping, branch);
	}
	return true;
}

/* For people and searching: nothing takes authority from a commit's message. */
static const char *trailers(struct proposer *p)
{
	struct str_list seen = {0};
	const char *text = "";
	for (size_t i = 0; i < p->count; i++) {
		const char *ticket = p->item[i].ticket;
		if (ticket == NULL || str_list_has(&seen, ticket))
			continue;
		text = str_printf(p->arena, "%s%sChange-Ticket: %s\n", text, seen.count == 0 ? "\n" : "",
				  ticket);
		str_list_add(p->arena, &seen, ticket);
	}
	return text;
}

static bool commit_both(struct proposer *p, char plan_oid[OID_HEX], struct err *e)
{
	struct files observed = {0}, planned = {0};
	char observe_oid[OID_HEX];
	struct arena *a = p->arena;
	const struct review_port *r = p->review;
	if (!observed_files(p, &observed, e) || !planned_files(p, &planned, e))
		return false;
	const char *what = p->count == 1 ? plain_name(a, p->item[0].plan->principal.name)
					 : str_printf(a, "%zu principals", p->count);
	return r->commit(
		       r->self, p->base, observed.file, observed.count,
		       str_printf(a, "observe: %s in account %s as found\n", what, p->out->account),
		       p->config->author, p->now_ms, observe_oid, e) &&
	       r->commit(r->self, observe_oid, planned.file, planned.count,
			 str_printf(a, "plan: %s\n%s", p->out->title, trailers(p)),
			 p->config->author, p->now_ms, plan_oid, e);
}

/* Paths of the review repository are made of these. */
static bool fits_a_path(const struct plan *x)
{
	static const char safe[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-";
	size_t len = strlen(x->id);
	return account_id_valid(x->account) && len > 0 && len <= 250 && x->id[0] != '.' &&
	       strspn(x->id, safe) == len;
}

static bool refuse_one(const struct proposer *p, const struct proposal_item *item, struct err *e)
{
	const struct plan *x = item->plan;
	if (!plan_all_pass(x))
		return err_set(e, ERR_REFUSED, "plan '%s': not every gate passes", x->id);
	if (!fits_a_path(x))
		return err_set(e, ERR_INPUT,
			       "plan '%s' of account '%s': expected an id of letters, digits and "
			       "_+=,.@-, and twelve digits",
			       x->id, x->account);
	if (item->ticket != NULL && !ticket_valid(item->ticket))
		return err_set(e, ERR_USAGE, "plan '%s': its change ticket is no id", x->id);
	if (strcmp(x->account, p->item[0].plan->account) != 0)
		return err_set(e, ERR_USAGE, "plan '%s' is for another account than '%s'", x->id,
			       p->item[0].plan->id);
	if (!str_equal(x->principal.arn, item->before->arn))
		return err_set(e, ERR_INPUT, "plan '%s' is for '%s', and what was read is '%s'",
			       x->id, x->principal.arn, item->before->arn);
	if (!str_equal(x->repository, p->config->repository.url) ||
	    !str_equal(x->branch, p->config->repository.branch))
		return err_set(e, ERR_REFUSED,
			       "plan '%s' was made for repository '%s', branch '%s', and the "
			       "configuration "
			       "says '%s', '%s': run 'pare plan' again",
			       x->id, x->repository, x->branch, p->config->repository.url,
			       p->config->repository.branch);
	for (const struct proposal_item *y = p->item; y < item; y++)
		if (str_equal(y->plan->principal.arn, x->principal.arn) && !plan_archives_only(x) &&
		    !plan_archives_only(y->plan))
			return err_set(e, ERR_USAGE,
				       "plans '%s' and '%s' are both for '%s': propose one of them",
				       y->plan->id, x->id, x->principal.arn);
	return true;
}

static bool refuse_unfit(const struct proposer *p, struct err *e)
{
	if (p->count == 0 || p->count > PROPOSAL_MAX_PLANS)
		return err_set(e, ERR_LIMIT, "a proposal carries 1 to %d plans, not %zu",
			       PROPOSAL_MAX_PLANS, p->count);
	for (size_t i = 0; i < p->count; i++)
		if (!refuse_one(p, &p->item[i], e))
			return false;
	return true;
}

/* Somebody who proposed the same in this moment did our work. */
static bool publish_or_find(struct proposer *p, const char *ref, struct err *e)
{
	bool found;
	struct err later;
	const struct review_port *r = p->review;
	if (r->publish(r->self, ref, "", p->out->commit, e))
		return true;
	if (e->kind != ERR_CONFLICT || !r->fetch(r->self, &later))
		return false;
	return find_existing(p, ref, &found, &later) && found;
}

bool propose(struct arena *a, const struct review_port *review, const struct config *config,
	     const struct proposal_item *item, size_t count, int64_t now_ms, struct proposal *out,
	     struct err *e)
{
	struct proposer p = {.arena = a,
			     .review = review,
			     .config = config,
			     .item = item,
			     .count = count,
			     .now_ms = now_ms,
			     .out = out};
	char base[OID_HEX];
	bool found;
	size_t merged;
	*out = (struct proposal){.plan_count = count};
	if (!refuse_unfit(&p, e))
		return false;
	out->account = item[0].plan->account;
	out->branch = branch_of(&p);
	const char *ref = str_printf(a, "refs/heads/%s", out->branch);
	const char *target = str_printf(a, "refs/heads/%s", config->repository.branch);
	if (!review->fetch(review->self, e) || !review->resolve(review->self, target, base, e))
		return false;
	if (base[0] == '\0')
		return err_set(e, ERR_REFUSED,
			       "the review repository has no branch '%s': push a first commit "
			       "there ('pare init' "
			       "writes one)",
			       config->repository.branch);
	p.base = base;
	if (!find_superseded(&p, e) || !count_carried(&p, base, &merged, e))
		return false;
	out->merged = merged == count;
	write_words(&p);
	if (!find_existing(&p, ref, &found, e) || found)
		return found;
	if (merged == count) { /* and its branch is gone */
		memcpy(out->commit, base, OID_HEX);
		out->existed = true;
		return true;
	}
	return commit_both(&p, out->commit, e) && publish_or_find(&p, ref, e);
}
