#include "pare/autofix.h"

#include <string.h>

#include "approval.h"
#include "guard.h"
#include "pare/allowed_signers.h"
#include "pare/digest.h"
#include "pare/sshsig.h"
#include "pare/str.h"
#include "pare/when.h"

enum { LOG_TRIES = 30, RECEIPT_MAX = 1 << 20 };

/* --- whose signatures --- */

struct lists {
	struct signers signers;
	struct revoked_keys revoked;
};

static bool read_lists(struct autofix *x, struct lists *out, struct err *e)
{
	const struct config *c = x->config;
	const struct approval_port *p = x->approvals;
	const char *bytes;
	size_t len;
	*out = (struct lists){0};
	if (p == NULL || p->file == NULL || c->autofix.signers == NULL)
		return err_set(e, ERR_REFUSED, "'autofix.signers' names no file of people who may sign");
	if (!p->file(p->self, x->arena, c->autofix.signers, SIGNERS_MAX_BYTES, &bytes, &len, e) ||
	    !signers_parse(x->arena, bytes, len, c->autofix.signers, STANDING_NAMESPACE, &out->signers, e))
		return err_wrap(e, "the allowed signers");
	if (c->autofix.revoked != NULL &&
	    (!p->file(p->self, x->arena, c->autofix.revoked, SIGNERS_MAX_BYTES, &bytes, &len, e) ||
	     !revoked_parse(x->arena, bytes, len, c->autofix.revoked, &out->revoked, e)))
		return err_wrap(e, "the revoked keys");
	return true;
}

static const struct signer *signer_of(struct autofix *x, const struct lists *l, const char *path,
				      const char *bytes, size_t len, int64_t now_ms, const char **why)
{
	const char *armor;
	size_t armor_len;
	struct ssh_key key;
	struct err e;
	const struct review_port *r = x->review;
	if (!r->read(r->self, x->arena, x->tip, path, SSHSIG_MAX, &armor, &armor_len, &e) ||
	    !sshsig_verify(x->arena, armor, armor_len, STANDING_NAMESPACE, bytes, len, &key, &e)) {
		*why = str_printf(x->arena, "'%s': %s", path, e.message);
		return NULL;
	}
	const struct signer *s = signers_find(x->arena, &l->signers, &l->revoked, &key, now_ms, why);
	if (s == NULL)
		*why = str_printf(x->arena, "'%s': %s", path, *why);
	else if (signers_is(&l->signers, s->person, x->config->author))
		*why = str_printf(x->arena, "'%s': %s is who writes the plans", path, s->names.item[0]);
	else
		return s;
	return NULL;
}

/* standing/NAME.json.sig, and standing/NAME.json.WHO.sig for further people. */
static const char *signatures_missing(struct autofix *x, const struct lists *l,
				      struct standing_approval *s, const char *path, const char *bytes,
				      size_t len, int64_t now_ms)
{
	struct str_list files = {0};
	struct err e;
	const char *not_counted = "";
	const struct review_port *r = x->review;
	const char *prefix = str_printf(x->arena, "%s.", path);
	if (!r->list(r->self, x->arena, x->tip, "standing", &files, &e))
		return arena_strdup(x->arena, e.message);
	size_t *person = arena_array(x->arena, files.count, sizeof *person);
	for (size_t i = 0; i < files.count; i++) {
		const char *why = NULL;
		if (!str_starts(files.item[i], prefix) || !str_ends(files.item[i], ".sig"))
			continue;
		const struct signer *who = signer_of(x, l, files.item[i], bytes, len, now_ms, &why);
		for (size_t k = 0; who != NULL && k < s->signers.count; k++)
			if (person[k] == who->person) {
				why = str_printf(x->arena, "'%s': %s counts once", files.item[i],
						 who->names.item[0]);
				who = NULL;
			}
		if (who == NULL) {
			not_counted = str_printf(x->arena, "%s; not counted: %s", not_counted, why);
			continue;
		}
		person[s->signers.count] = who->person;
		str_list_add(x->arena, &s->signers, who->names.item[0]);
	}
	if ((int64_t)s->signers.count >= s->standing->signers)
		return NULL;
	return str_printf(x->arena, "%zu of %lld signatures%s", s->signers.count,
			  (long long)s->standing->signers, not_counted);
}

/* --- one standing approval (A1) --- */

static const char *not_honoured(struct autofix *x, const struct lists *l, struct standing_approval *s,
				int64_t now_ms)
{
	const char *bytes, *path = str_printf(x->arena, "standing/%s.json", s->name);
	size_t len;
	int64_t expires;
	struct err e;
	const struct review_port *r = x->review;
	if (!r->read(r->self, x->arena, x->tip, path, STANDING_MAX_BYTES, &bytes, &len, &e))
		return arena_strdup(x->arena, e.message);
	s->standing = standing_parse(x->arena, bytes, len, path, &e);
	if (s->standing == NULL)
		return arena_strdup(x->arena, e.message);
	if (!str_equal(s->standing->name, s->name))
		return str_printf(x->arena, "'%s' holds the standing approval '%s'", path, s->standing->name);
	if (!str_equal(s->standing->repository, x->config->repository.url) ||
	    !str_equal(s->standing->branch, x->config->repository.branch))
		return str_printf(x->arena, "it is for repository '%s', branch '%s'", s->standing->repository,
				  s->standing->branch);
	if (!when_parse(s->standing->expires_at, &expires) || now_ms >= expires)
		return str_printf(x->arena, "it expired at %s", s->standing->expires_at);
	return signatures_missing(x, l, s, path, bytes, len, now_ms);
}

/* Whatever came of it: what was begun counts. */
static bool count_receipts(struct autofix *x, int64_t now_ms, struct err *e)
{
	struct str_list paths = {0};
	const struct review_port *r = x->review;
	if (x->log[0] == '\0')
		return true;
	if (!r->list(r->self, x->arena, x->log, "receipts", &paths, e))
		return false;
	for (size_t i = 0; i < paths.count; i++) {
		struct arena *scratch = arena_new(NULL);
		const char *bytes;
		size_t len;
		int64_t at_ms = 0;
		struct receipt *got = NULL;
		if (r->read(r->self, scratch, x->log, paths.item[i], RECEIPT_MAX, &bytes, &len, e))
			got = receipt_parse(scratch, bytes, len, paths.item[i], e);
		bool recent = got != NULL && (!when_parse(got->finished_at, &at_ms) ||
					      at_ms > now_ms - WHEN_DAY_MS);
		for (size_t k = 0; recent && k < x->count; k++)
			x->item[k].counted = x->item[k].counted ||
					     str_equal(x->item[k].item.plan->digest, got->plan_digest);
		for (size_t k = 0; recent && k < got->approval_count; k++)
			for (size_t n = 0; n < x->standing_count; n++)
				x->standing[n].today +=
					str_equal(got->approval[k].method, "standing") &&
					str_equal(got->approval[k].who, x->standing[n].name);
		arena_free(scratch);
		if (got == NULL)
			return false; /* a count that may be too low is no cap */
	}
	return true;
}

static bool read_standings(struct autofix *x, int64_t now_ms, struct err *e)
{
	struct lists lists;
	struct err bad;
	const struct str_list *names = &x->config->autofix.standing;
	const struct review_port *r = x->review;
	if (!protected_tip(x->arena, r, x->store, x->config, x->tip, e) ||
	    !r->resolve(r->self, "refs/heads/pare/log", x->log, e))
		return err_wrap(e, "reading standing approvals");
	bool listed = read_lists(x, &lists, &bad);
	x->standing = arena_array(x->arena, names->count, sizeof *x->standing);
	x->standing_count = names->count;
	for (size_t i = 0; i < names->count; i++) {
		struct standing_approval *s = &x->standing[i];
		s->name = names->item[i];
		s->wrong = !listed ? arena_strdup(x->arena, bad.message) : not_honoured(x, &lists, s, now_ms);
	}
	return count_receipts(x, now_ms, e) || err_wrap(e, "reading standing approvals");
}

/* --- which plans (A2) --- */

static size_t chosen_under(const struct autofix *x, const struct standing_approval *s, bool counted_too)
{
	size_t count = 0;
	for (size_t i = 0; i < x->count; i++)
		count += x->item[i].under == s && !x->item[i].resumed && (counted_too || !x->item[i].counted);
	return count;
}

/* A run over several accounts is one run; what its earlier accounts did is among the receipts of the
 * day already. */
static const char *cap_reached(struct autofix *x, const struct standing_approval *s)
{
	const struct standing *t = s->standing;
	size_t share = x->principals_seen * (size_t)t->percent / 100;
	size_t run = chosen_under(x, s, true);
	size_t day = s->today + chosen_under(x, s, false);
	if (share < 1)
		share = 1; /* in a small account a percentage would allow nothing at all */
	if ((int64_t)run >= t->per_run)
		return str_printf(x->arena, "standing approval '%s' allows %lld a run", s->name,
				  (long long)t->per_run);
	if ((int64_t)day >= t->per_day)
		return str_printf(x->arena, "standing approval '%s' allows %lld a day, and %zu were carried out",
				  s->name, (long long)t->per_day, s->today);
	if (day >= share)
		return str_printf(x->arena, "standing approval '%s' allows %lld %% of %zu principals a day",
				  s->name, (long long)t->percent, x->principals_seen);
	return NULL;
}

static void sort_one(struct autofix *x, struct autofix_item *item)
{
	const struct plan *p = item->item.plan;
	const struct principal *role = item->resumed ? NULL : item->item.before;
	item->under = NULL;
	item->waits = false;
	item->why = "the configuration honours no standing approval";
	for (size_t i = 0; i < x->standing_count && item->under == NULL && !item->waits; i++) {
		const struct standing_approval *s = &x->standing[i];
		const char *wrong = s->wrong != NULL ? s->wrong
						     : standing_outside(x->arena, s->standing, p, role);
		if (wrong == NULL && !item->resumed) {
			wrong = cap_reached(x, s);
			item->waits = wrong != NULL;
		}
		if (wrong == NULL)
			item->under = s;
		item->why = wrong == NULL ? NULL
			    : item->waits ? wrong
					  : str_printf(x->arena, "standing approval '%s': %s", s->name, wrong);
	}
}

/* Of the plans on pare/log, those that no receipt ends. */
static bool read_open(struct autofix *x, const struct plan ***out, size_t *count, struct err *e)
{
	struct str_list paths = {0};
	const struct review_port *r = x->review;
	const char *folder = x->accounts.count == 1
				     ? str_printf(x->arena, "accounts/%s/plans", x->accounts.item[0])
				     : "accounts";
	*count = 0;
	if (x->log[0] == '\0' || !r->list(r->self, x->arena, x->log, folder, &paths, e))
		return x->log[0] == '\0';
	*out = arena_array(x->arena, paths.count, sizeof **out);
	for (size_t i = 0; i < paths.count; i++) {
		const char *account, *id, *wrong;
		struct receipt *receipt;
		if (!plan_path_read(x->arena, paths.item[i], &account, &id) ||
		    (x->accounts.count > 0 && !str_list_has(&x->accounts, account)))
			continue;
		const struct plan *p = plan_at(x->arena, r, x->log, paths.item[i], &wrong);
		if (wrong != NULL)
			continue;
		if (!receipt_find(x->arena, r, x->log, p, &receipt, e))
			return false;
		if (receipt == NULL || str_equal(receipt->result, "partial"))
			(*out)[(*count)++] = p;
	}
	return true;
}

static const struct autofix_item *item_for(const struct autofix_item *item, size_t count, const struct plan *p)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(item[i].item.plan->principal.arn, p->principal.arn))
			return &item[i];
	return NULL;
}

static void sort_one(struct autofix *x, struct autofix_item *item);

/* Others can write to the log and make marks; the state folder holds what this machine planned. */
static bool planned_here(struct autofix *x, const struct plan *p)
{
	const char *bytes;
	size_t len;
	struct err e;
	const char *name = str_printf(x->arena, "%s/plan.json", plan_folder(x->arena, p));
	return x->store->read(x->store->self, x->arena, name, PLAN_MAX_BYTES, &bytes, &len, &e) &&
	       str_equal(sha256_hex(x->arena, bytes, len), p->digest);
}

/* A run of this machine that ended between its marks and this plan's journal: the plan is judged as if
 * it were new, for the role as it was read now, and left alone where it does not pass. */
static bool goes_on(struct autofix *x, const struct plan *p, int64_t now_ms, struct autofix_item *out,
		    bool *yes, struct err *e)
{
	char mark[OID_HEX];
	const struct autofix_item *twin = item_for(x->item, x->count, p);
	*yes = false;
	if (twin == NULL || !planned_here(x, p))
		return true;
	if (!x->review->resolve(x->review->self, applied_ref(x->arena, p->digest), mark, e))
		return false;
	if (mark[0] == '\0' || plan_obstacle(x->arena, x->config, p, now_ms, false) != NULL)
		return true;
	*out = (struct autofix_item){.item = twin->item, .recorded = true};
	out->item.plan = p;
	sort_one(x, out);
	*yes = out->under != NULL || out->waits;
	out->under = NULL;
	out->waits = false;
	return true;
}

/* A3: a plan on pare/log that this machine's own journal says was begun, and no receipt ends; then those
 * that were only marked. What is there is ended before anything new for that role. */
static bool add_begun(struct autofix *x, int64_t now_ms, struct err *e)
{
	const struct plan **open = NULL;
	size_t opened, n = 0;
	if (!read_open(x, &open, &opened, e))
		return false;
	struct autofix_item *all = arena_array(x->arena, x->count + opened, sizeof *all);
	for (size_t i = 0; i < opened; i++)
		if (plan_begun_here(x->arena, x->store, open[i]))
			all[n++] = (struct autofix_item){.item.plan = open[i], .resumed = true};
	for (size_t i = 0; i < opened; i++) {
		bool yes = false;
		if (item_for(all, n, open[i]) == NULL && !goes_on(x, open[i], now_ms, &all[n], &yes, e))
			return false;
		n += yes;
	}
	for (size_t i = 0, earlier = n; i < x->count; i++)
		if (item_for(all, earlier, x->item[i].item.plan) == NULL)
			all[n++] = x->item[i];
	x->item = all;
	x->count = n;
	return true;
}

static void wait_for_window(struct autofix *x, struct autofix_item *item, int64_t now_ms)
{
	if (item->under == NULL || item->resumed)
		return;
	const char *obstacle = window_obstacle(x->arena, x->config, item->item.plan, now_ms);
	if (obstacle == NULL)
		return;
	item->under = NULL;
	item->waits = true;
	item->why = obstacle;
}

static bool not_stopped(struct autofix *x, struct err *e)
{
	struct stop stop;
	if (!stop_read(x->arena, x->review, x->config, &stop, e))
		return false;
	return !stop.ordered || err_set(e, ERR_REFUSED, "a stop is ordered by %s%s%s", stop.by,
					stop.reason != NULL ? ": " : "", stop.reason != NULL ? stop.reason : "");
}

bool autofix_sort(struct autofix *x, const struct proposal_item *item, size_t count, int64_t now_ms,
		  struct err *e)
{
	if (!read_standings(x, now_ms, e) || !not_stopped(x, e))
		return false;
	x->item = arena_array(x->arena, count + 1, sizeof *x->item);
	x->count = count;
	for (size_t i = 0; i < count; i++)
		x->item[i] = (struct autofix_item){.item = item[i]};
	if (!add_begun(x, now_ms, e))
		return err_wrap(e, "looking for plans begun before");
	for (size_t i = 0; i < x->count; i++) {
		sort_one(x, &x->item[i]);
		wait_for_window(x, &x->item[i], now_ms);
	}
	return true;
}

/* --- A4 --- */

static const char *record_message(const struct autofix *x)
{
	const char *text = "autofix: plans under standing approvals\n\n";
	for (size_t i = 0; i < x->standing_count; i++) {
		size_t n = chosen_under(x, &x->standing[i], true);
		if (n > 0)
			text = str_printf(x->arena, "%s%s (sha256 %s): %zu\n", text, x->standing[i].name,
					  x->standing[i].standing->digest, n);
	}
	return text;
}

bool autofix_record(struct autofix *x, int64_t now_ms, struct err *e)
{
	static const char ref[] = "refs/heads/pare/log";
	const struct review_port *r = x->review;
	struct review_file *file = NULL;
	size_t count = 0;
	for (size_t i = 0; i < x->count; i++) {
		struct review_file *more;
		size_t n;
		if (x->item[i].under == NULL || x->item[i].resumed || x->item[i].recorded)
			continue;
		if (!proposal_files(x->arena, &x->item[i].item, &more, &n, e))
			return false;
		struct review_file *all = arena_array(x->arena, count + n, sizeof *all);
		if (count > 0)
			memcpy(all, file, count * sizeof *all);
		memcpy(all + count, more, n * sizeof *all);
		file = all;
		count += n;
	}
	for (int tries = 0; count > 0 && tries < LOG_TRIES; tries++) {
		char oid[OID_HEX];
		if (!r->fetch(r->self, e) || !r->resolve(r->self, ref, x->log, e) ||
		    !r->commit(r->self, x->log, file, count, record_message(x), x->config->author, now_ms, oid, e))
			return err_wrap(e, "recording the plans on 'pare/log'");
		if (strcmp(oid, x->log) == 0 || r->publish(r->self, ref, x->log, oid, e)) {
			memcpy(x->log, oid, OID_HEX);
			return true;
		}
		if (e->kind != ERR_CONFLICT)
			return err_wrap(e, "recording the plans on 'pare/log'");
	}
	return count == 0 || err_wrap(e, "recording the plans on 'pare/log'");
}

void autofix_digests(const struct autofix *x, const char *account, struct str_list *digests)
{
	for (size_t i = 0; i < x->count; i++)
		if (x->item[i].under != NULL && str_equal(x->item[i].item.plan->account, account))
			str_list_add(x->arena, digests, x->item[i].item.plan->digest);
}

/* --- the session's question, under the account's lock: everything anew --- */

static const char *names_of(struct autofix *x, const struct standing_approval *s)
{
	const char *text = "";
	for (size_t i = 0; i < s->signers.count; i++)
		text = str_printf(x->arena, "%s%s%s", text, i > 0 ? ", " : "", s->signers.item[i]);
	return text;
}

static bool approve_one(struct autofix *x, struct autofix_item *item, struct approval *out, int64_t now_ms,
			struct err *e)
{
	char mark[OID_HEX];
	const char *bytes;
	size_t len;
	struct receipt *receipt;
	const struct plan *p = item->item.plan;
	const struct review_port *r = x->review;
	const char *path = str_printf(x->arena, "%s/plan.json", plan_folder(x->arena, p));
	*out = (struct approval){.plan = (struct plan *)p};
	memcpy(out->tip, x->tip, OID_HEX);
	if (!r->read(r->self, x->arena, x->log, path, PLAN_MAX_BYTES, &bytes, &len, e) ||
	    !str_equal(sha256_hex(x->arena, bytes, len), p->digest))
		return err_set(e, ERR_REFUSED, "plan '%s' is not on 'pare/log' as it was recorded", p->id);
	if (!receipt_find(x->arena, r, x->log, p, &receipt, e) ||
	    !r->resolve(r->self, str_printf(x->arena, "refs/pare/applied/%s", p->digest), mark, e))
		return false;
	out->finished = receipt != NULL && !str_equal(receipt->result, "partial");
	out->started = mark[0] != '\0';
	out->missing = plan_obstacle(x->arena, x->config, p, now_ms, item->resumed);
	if (out->missing == NULL)
		out->missing = item->why;
	out->approved = out->missing == NULL && item->under != NULL;
	if (!out->approved)
		return true;
	out->note = arena_alloc(x->arena, sizeof *out->note);
	out->note_count = 1;
	out->note[0] = (struct approval_note){
		"standing", item->under->name,
		str_printf(x->arena, "sha256 %s on %.12s, signed by %s", item->under->standing->digest, x->tip,
			   names_of(x, item->under))};
	out->missing = ticket_missing(x->arena, r, x->log, x->config, out);
	out->approved = out->missing == NULL;
	return true;
}

static int turn_of(const struct autofix *x, const struct autofix_item *y)
{
	return str_equal(y->item.plan->account, x->account) ? 1 : y->asked ? 0 : 2;
}

/* The standing approvals were read anew. */
static const struct standing_approval *again(const struct autofix *x, const char *name)
{
	size_t i = 0;
	while (strcmp(x->standing[i].name, name) != 0)
		i++;
	return &x->standing[i];
}

static bool approved(void *self, struct arena *a, int64_t now_ms, struct approval **out, size_t *count,
		     char tip[OID_HEX], struct err *e)
{
	struct autofix *x = self;
	const struct autofix_item *item = x->item;
	size_t n = x->count, kept = 0;
	if (!read_standings(x, now_ms, e))
		return false;
	memcpy(tip, x->tip, OID_HEX);
	*out = arena_array(a, n + 1, sizeof **out);
	*count = 0;
	/* Only what was chosen and recorded is asked for again. The caps count from nothing: first what
	 * ran in other accounts, then what is asked for now; accounts that come later wait their turn. */
	struct autofix_item *order = arena_array(x->arena, n + 1, sizeof *order);
	for (int turn = 0; turn < 3; turn++)
		for (size_t i = 0; i < n; i++)
			if (item[i].under != NULL && turn_of(x, &item[i]) == turn)
				order[kept++] = item[i];
	x->item = order;
	x->count = 0;
	for (size_t i = 0; i < kept; i++) {
		struct autofix_item *y = &order[i];
		if (turn_of(x, y) != 1) {
			y->under = again(x, y->under->name);
		} else {
			sort_one(x, y);
			y->asked = true;
			x->count = i + 1;
			if (!approve_one(x, y, &(*out)[(*count)++], now_ms, e))
				return false;
		}
		x->count = i + 1;
	}
	return true;
}

struct approved_port autofix_approved(struct autofix *x)
{
	return (struct approved_port){x, approved};
}
