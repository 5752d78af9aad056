/* approval_sums: what `pare approve` does, and sha256sum, ssh-keygen -Y sign and git do as well: a list
 * of digests beside the plans, signed, on the proposal's branch. */
#include <stdlib.h>
#include <string.h>

#include "approval.h"
#include "pare/arn.h"
#include "pare/digest.h"
#include "pare/sshsig.h"
#include "pare/str.h"
#include "pare/sums.h"

enum { PUBLISH_TRIES = 10, SHORT_DIGEST = 12, SHORT_FINGERPRINT = 16, LISTS_MAX = 40000 };

static const char HEADS[] = "refs/heads/";

struct finder {
	struct arena *arena;
	const struct review_port *review;
	const struct config *config;
	int64_t now_ms;
	char main[OID_HEX], log[OID_HEX];
	const struct str_list *only;
	struct approval_draft *out;
};

/* --- which branch --- */

static bool is_short_digest(const char *word)
{
	return strlen(word) == SHORT_DIGEST && strspn(word, "0123456789abcdef") == SHORT_DIGEST;
}

/* A word that names a branch, as the end of its ref's name. */
static const char *branch_suffix(struct finder *f, const char *word)
{
	const char *account = str_part(f->arena, word, '/', 0, false);
	const char *digest = str_part(f->arena, word, '/', 1, true);
	if (str_starts(word, HEADS))
		word += strlen(HEADS);
	if (str_starts(word, "origin/"))
		word += strlen("origin/");
	if (str_starts(word, "pare/"))
		return word;
	if (digest != NULL && account_id_valid(account) && is_short_digest(digest))
		return str_printf(f->arena, "pare/%s", word);
	return is_short_digest(word) ? str_printf(f->arena, "/%s", word) : NULL;
}

static bool branch_found(struct finder *f, const char *suffix, const char *word, struct err *e)
{
	struct str_list refs = {0};
	const struct review_port *r = f->review;
	const char *found = NULL;
	if (!r->refs(r->self, f->arena, "refs/heads/pare/", &refs, e))
		return false;
	for (size_t i = 0; i < refs.count; i++) {
		const char *branch = refs.item[i] + strlen(HEADS);
		bool same = suffix[0] == '/' ? str_ends(branch, suffix) : strcmp(branch, suffix) == 0;
		const char *account = str_part(f->arena, branch, '/', 1, false);
		if (!same || account == NULL || !account_id_valid(account))
			continue;
		if (found != NULL)
			return err_set(e, ERR_USAGE, "'%s' is both '%s' and '%s': give the whole branch name", word,
				       found, branch);
		found = branch;
		f->out->account = account;
	}
	if (found == NULL)
		return err_set(e, ERR_NOT_FOUND,
			       "the review repository has no proposal '%s'; 'pare status' lists the plans, and a merged "
			       "plan is named by its id or digest",
			       word);
	f->out->branch = found;
	return r->resolve(r->self, str_printf(f->arena, "%s%s", HEADS, found), f->out->tip, e);
}

/* --- which plans --- */

static bool add_plan(struct finder *f, struct plan *p, const char *path, struct err *e)
{
	struct approval_draft *d = f->out;
	const char *why = plan_obstacle(f->arena, f->config, p, f->now_ms, false);
	if (why != NULL)
		return err_set(e, ERR_REFUSED, "plan '%s': %s", p->id, why);
	d->plan[d->count] = p;
	d->path[d->count++] = path;
	return true;
}

static bool role_wanted(const struct finder *f, const struct plan *p)
{
	if (f->only == NULL || f->only->count == 0)
		return true;
	for (size_t i = 0; i < f->only->count; i++)
		if (str_equal_nocase(f->only->item[i], p->principal.name) ||
		    str_equal(f->only->item[i], p->principal.arn))
			return true;
	return false;
}

static bool only_found(const struct finder *f, struct err *e)
{
	for (size_t i = 0; f->only != NULL && i < f->only->count; i++) {
		bool found = false;
		for (size_t k = 0; k < f->out->count; k++)
			found = found || str_equal_nocase(f->only->item[i], f->out->plan[k]->principal.name) ||
				str_equal(f->only->item[i], f->out->plan[k]->principal.arn);
		if (!found)
			return err_set(e, ERR_NOT_FOUND, "the proposal has no open plan for the role '%s'",
				       f->only->item[i]);
	}
	return true;
}

/* Does the protected branch hold these very bytes? */
static bool on_main(struct finder *f, const struct plan *p, const char *path)
{
	const char *bytes;
	size_t len;
	struct err e;
	const struct review_port *r = f->review;
	return r->read(r->self, f->arena, f->main, path, PLAN_MAX_BYTES, &bytes, &len, &e) && len == p->len &&
	       memcmp(bytes, p->bytes, len) == 0;
}

/* Plans of a commit: those not merged, or (merged) those merged and without a receipt. A file that is
 * no plan is a refusal: somebody is meant to look. */
static bool collect(struct finder *f, const char *commit, bool merged, const char *wanted, struct err *e)
{
	struct str_list paths = {0};
	struct approval_draft *d = f->out;
	const struct review_port *r = f->review;
	const char *folder = d->account != NULL ? str_printf(f->arena, "accounts/%s/plans", d->account)
						: "accounts";
	if (!r->list(r->self, f->arena, commit, folder, &paths, e))
		return false;
	d->plan = arena_array(f->arena, paths.count, sizeof *d->plan);
	d->path = arena_array(f->arena, paths.count, sizeof *d->path);
	for (size_t i = 0; i < paths.count; i++) {
		const char *account, *id, *wrong;
		struct receipt *receipt = NULL;
		if (!plan_path_read(f->arena, paths.item[i], &account, &id))
			continue;
		struct plan *p = plan_at(f->arena, r, commit, paths.item[i], &wrong);
		if (wanted != NULL && strcmp(id, wanted) != 0 &&
		    (strlen(wanted) < SHORT_DIGEST || !str_starts(p->digest, wanted)))
			continue;
		if (wrong == NULL && on_main(f, p, paths.item[i]) != merged)
			continue;
		if (wrong != NULL && merged && wanted == NULL)
			continue;
		if (wrong != NULL)
			return err_set(e, ERR_REFUSED, "plan '%s': %s", id, wrong);
		if (!receipt_find(f->arena, r, f->log, p, &receipt, e))
			return false;
		if ((receipt == NULL || wanted != NULL) && role_wanted(f, p) && !add_plan(f, p, paths.item[i], e))
			return false;
	}
	return true;
}

/* Named by itself: on the protected branch. Its proposal's branch may be gone, so it gets the name
 * that a proposal of this plan alone has. */
static bool plan_found(struct finder *f, const char *word, struct err *e)
{
	struct approval_draft *d = f->out;
	if (!collect(f, f->main, true, word, e))
		return false;
	if (d->count != 1)
		return err_set(e, d->count == 0 ? ERR_NOT_FOUND : ERR_USAGE,
			       d->count == 0 ? "the review repository has no proposal and no merged plan '%s'"
					     : "'%s' stands for several plans",
			       word);
	d->account = d->plan[0]->account;
	const char *line = str_printf(f->arena, "%s\n", d->plan[0]->digest);
	d->branch = str_printf(f->arena, "pare/%s/%.12s", d->account, sha256_hex(f->arena, line, strlen(line)));
	return f->review->resolve(f->review->self, str_printf(f->arena, "%s%s", HEADS, d->branch), d->tip, e);
}

static bool find_plans(struct finder *f, const char *word, struct err *e)
{
	const char *suffix = branch_suffix(f, word);
	struct approval_draft *d = f->out;
	struct err missing;
	if (suffix == NULL)
		return plan_found(f, word, e);
	if (!branch_found(f, suffix, word, &missing)) {
		if (missing.kind == ERR_NOT_FOUND && is_short_digest(word) && plan_found(f, word, e))
			return true;
		*e = missing;
		return false;
	}
	if (!collect(f, d->tip, false, NULL, e) || (d->count == 0 && !collect(f, d->tip, true, NULL, e)))
		return false;
	return d->count > 0 || (f->only != NULL && f->only->count > 0) ||
	       err_set(e, ERR_NOT_FOUND, "branch '%s' carries no plan that waits for approval", d->branch);
}

/* On top of the branch; once that is merged, on top of the protected branch. */
static bool find_base(struct finder *f, struct err *e)
{
	struct approval_draft *d = f->out;
	bool merged = d->tip[0] == '\0';
	if (!merged && !f->review->descends(f->review->self, f->main, d->tip, &merged, e))
		return false;
	memcpy(d->base, merged ? f->main : d->tip, OID_HEX);
	return true;
}

/* --- the list --- */

static const char *slug(struct arena *a, const char *text)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+.@-";
	char *s = arena_strdup(a, text);
	for (char *c = s; *c != '\0'; c++)
		if (strchr(safe, *c) == NULL)
			*c = '-';
	if (strlen(s) > 64)
		s[64] = '\0';
	return s;
}

/* The signer's earlier list stays in force for plans that are still the same: read, if it is theirs. */
static void keep_earlier(struct finder *f, const struct ssh_key *key, struct sums *all)
{
	const char *bytes, *armor;
	size_t len, armor_len;
	struct sums before;
	struct ssh_key by;
	struct err e;
	const struct review_port *r = f->review;
	const struct approval_draft *d = f->out;
	if (!r->read(r->self, f->arena, d->base, d->file, SUMS_MAX_BYTES, &bytes, &len, &e) ||
	    !r->read(r->self, f->arena, d->base, str_printf(f->arena, "%s.sig", d->file), SSHSIG_MAX, &armor,
		     &armor_len, &e) ||
	    !sums_parse(f->arena, bytes, len, &before, &e) ||
	    !sshsig_verify(f->arena, armor, armor_len, APPROVAL_NAMESPACE, bytes, len, &by, &e) ||
	    !ssh_key_same(&by, key))
		return;
	for (size_t i = 0; i < before.count && all->count < SUMS_MAX_LINES; i++) {
		const char *wrong;
		if (sums_find(all, before.line[i].path) != NULL)
			continue;
		const struct plan *p = plan_at(f->arena, r, d->base, before.line[i].path, &wrong);
		if (wrong == NULL && strcmp(p->digest, before.line[i].digest) == 0)
			all->line[all->count++] = before.line[i];
	}
}

static int by_path(const void *x, const void *y)
{
	return strcmp(((const struct sum *)x)->path, ((const struct sum *)y)->path);
}

static bool write_list(struct finder *f, const struct ssh_key *key, struct err *e)
{
	struct approval_draft *d = f->out;
	struct sums all = {arena_array(f->arena, SUMS_MAX_LINES, sizeof *all.line), 0};
	struct buf *b = buf_new(f->arena, SUMS_MAX_BYTES);
	if (d->count > SUMS_MAX_LINES)
		return err_set(e, ERR_LIMIT, "more than %d plans at once; give '--only'", SUMS_MAX_LINES);
	for (size_t i = 0; i < d->count; i++)
		all.line[all.count++] = (struct sum){d->plan[i]->digest, d->path[i]};
	keep_earlier(f, key, &all);
	qsort(all.line, all.count, sizeof *all.line, by_path);
	sums_print(&all, b);
	d->sums = b->data;
	return buf_ok(b) || err_set(e, ERR_LIMIT, "the list of digests is larger than %d bytes", SUMS_MAX_BYTES);
}

static bool name_signer(struct finder *f, const struct approval_port *port, const struct ssh_key *key,
			const char *comment, struct err *e)
{
	struct approval_desk *desk;
	struct approval_draft *d = f->out;
	if (!approval_desk_open(f->arena, f->review, f->config, port, d->base, f->now_ms, &desk, e))
		return false;
	d->signer = NULL;
	for (size_t i = 0; i < d->count; i++) {
		const char *why, *name = approval_signer(desk, d->plan[i], key, &why);
		if (d->signer == NULL)
			d->signer = name;
		if (d->warning == NULL)
			d->warning = why;
	}
	if (d->signer == NULL)
		d->signer = !str_empty(comment)
				    ? comment
				    : str_printf(f->arena, "%.*s", SHORT_FINGERPRINT, key->fingerprint + strlen("SHA256:"));
	const char *digest = strrchr(d->branch, '/') + 1;
	d->file = str_printf(f->arena, "approvals/%s/%.12s-%s.sums", d->account, digest, slug(f->arena, d->signer));
	return true;
}

bool approval_find(struct arena *a, const struct review_port *review, const struct config *config,
		   const struct approval_port *port, const struct ssh_key *key, const char *comment,
		   const char *proposal, const struct str_list *only, int64_t now_ms,
		   struct approval_draft *out, struct err *e)
{
	struct finder f = {.arena = a, .review = review, .config = config, .now_ms = now_ms, .only = only,
			   .out = out};
	*out = (struct approval_draft){.account = NULL};
	if (!review->fetch(review->self, e) ||
	    !review->resolve(review->self, str_printf(a, "%s%s", HEADS, config->repository.branch), f.main, e) ||
	    !review->resolve(review->self, "refs/heads/pare/log", f.log, e))
		return false;
	if (f.main[0] == '\0')
		return err_set(e, ERR_REFUSED, "the review repository has no branch '%s'",
			       config->repository.branch);
	return find_plans(&f, proposal, e) && only_found(&f, e) && find_base(&f, e) &&
	       name_signer(&f, port, key, comment, e) && write_list(&f, key, e);
}

/* --- onto the branch --- */

/* What was shown is what is approved: the plans may not have changed under the reader. */
static bool still_there(struct arena *a, const struct review_port *r, const char *commit,
			const struct approval_draft *d, struct err *e)
{
	for (size_t i = 0; i < d->count; i++) {
		const char *bytes;
		size_t len;
		if (!r->read(r->self, a, commit, d->path[i], PLAN_MAX_BYTES, &bytes, &len, e) ||
		    len != d->plan[i]->len || memcmp(bytes, d->plan[i]->bytes, len) != 0)
			return err_set(e, ERR_STALE, "plan '%s' changed while it was looked at: look again",
				       d->plan[i]->id);
	}
	return true;
}

static bool put_files(struct arena *a, const struct review_port *r, const struct config *config,
		      const struct approval_draft *d, const struct review_file *file, size_t count,
		      const char *message, int64_t now_ms, char commit[OID_HEX], struct err *e)
{
	const char *ref = str_printf(a, "%s%s", HEADS, d->branch);
	const char *author = strchr(d->signer, '@') != NULL && strpbrk(d->signer, " <>\"") == NULL
				     ? d->signer
				     : config->author;
	char tip[OID_HEX], base[OID_HEX];
	memcpy(tip, d->tip, OID_HEX);
	memcpy(base, d->base, OID_HEX);
	for (int tries = 0; tries < PUBLISH_TRIES; tries++) {
		if (!still_there(a, r, base, d, e) ||
		    !r->commit(r->self, base, file, count, message, author, now_ms, commit, e))
			return false;
		if (strcmp(commit, tip) == 0 || r->publish(r->self, ref, tip, commit, e))
			return true;
		if (e->kind != ERR_CONFLICT || !r->fetch(r->self, e) || !r->resolve(r->self, ref, tip, e))
			return false;
		if (tip[0] != '\0') /* others approve, too: on top of theirs */
			memcpy(base, tip, OID_HEX);
	}
	return err_set(e, ERR_CONFLICT, "branch '%s' keeps moving: try again", d->branch);
}

bool approval_publish(struct arena *a, const struct review_port *review, const struct config *config,
		      const struct signer_port *signer, const struct approval_draft *d, int64_t now_ms,
		      char commit[OID_HEX], struct err *e)
{
	const char *armor;
	size_t len = strlen(d->sums);
	if (!signer->sign(signer->self, a, APPROVAL_NAMESPACE, d->sums, len, &armor, e))
		return false;
	const struct review_file file[] = {{d->file, d->sums, len},
					   {str_printf(a, "%s.sig", d->file), armor, strlen(armor)}};
	const char *message = str_printf(a, "approve: %zu plan%s of account %s\n", d->count,
					 d->count == 1 ? "" : "s", d->account);
	return put_files(a, review, config, d, file, 2, message, now_ms, commit, e);
}

static bool names_one(const struct sums *s, const struct approval_draft *d)
{
	for (size_t i = 0; i < d->count; i++)
		if (str_equal(sums_find(s, d->path[i]), d->plan[i]->digest))
			return true;
	return false;
}

/* Is that list ours, and about these plans? What cannot be read is somebody else's. */
static bool ours(struct arena *a, const struct review_port *r, const struct approval_draft *d,
		 const char *path, const struct ssh_key *key)
{
	const char *bytes, *armor;
	size_t len, armor_len;
	struct sums s;
	struct ssh_key by;
	struct err e;
	return r->read(r->self, a, d->base, path, SUMS_MAX_BYTES, &bytes, &len, &e) &&
	       sums_parse(a, bytes, len, &s, &e) && names_one(&s, d) &&
	       r->read(r->self, a, d->base, str_printf(a, "%s.sig", path), SSHSIG_MAX, &armor, &armor_len, &e) &&
	       sshsig_verify(a, armor, armor_len, APPROVAL_NAMESPACE, bytes, len, &by, &e) &&
	       ssh_key_same(&by, key);
}

bool approval_withdraw(struct arena *a, const struct review_port *review, const struct config *config,
		       const struct ssh_key *key, const struct approval_draft *d, int64_t now_ms,
		       char commit[OID_HEX], struct str_list *files, struct err *e)
{
	struct str_list paths = {0};
	if (!review->list(review->self, a, d->base, "approvals", &paths, e))
		return false;
	if (paths.count > LISTS_MAX)
		return err_set(e, ERR_LIMIT, "the folder 'approvals' holds more than %d files", LISTS_MAX);
	struct review_file *file = arena_array(a, 2 * paths.count, sizeof *file);
	size_t count = 0;
	for (size_t i = 0; i < paths.count; i++) {
		if (!str_ends(paths.item[i], ".sums") || !ours(a, review, d, paths.item[i], key))
			continue;
		str_list_add(a, files, paths.item[i]);
		file[count++] = (struct review_file){paths.item[i], NULL, 0};
		file[count++] = (struct review_file){str_printf(a, "%s.sig", paths.item[i]), NULL, 0};
	}
	if (count == 0)
		return err_set(e, ERR_NOT_FOUND, "no approval by key %s is on branch '%s'", key->fingerprint,
			       d->branch);
	return put_files(a, review, config, d, file, count,
			 str_printf(a, "withdraw: approval of plans of account %s\n", d->account), now_ms, commit, e);
}
