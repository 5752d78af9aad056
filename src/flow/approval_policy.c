/* approval_policy: did enough of the right people approve exactly these bytes?
 *
 * P1 nothing but the executor's own configuration and lists says what counts; P2 a signature counts
 * for the digests its list names, at their paths, and no others; P3 a person counts once, the plan's
 * author not at all; P4 validity is judged at our clock's now; P5 what cannot be read, understood or
 * asked counts for nobody, and says so. */
#include "approval.h"

#include <string.h>

#include "pare/allowed_signers.h"
#include "pare/sshsig.h"
#include "pare/str.h"
#include "pare/sums.h"
#include "pare/when.h"

enum { LISTS_MAX = 20000, NAMES_SHOWN = 8, WHY_SHOWN = 4 };

/* One approvals/…/x.sums with its signature. */
struct ballot {
	const char *path;
	const char *bytes;
	size_t len;
	struct sums sums;
	struct ssh_key key;
	const char *wrong; /* why it counts for nobody */
	bool checked;      /* the signature was looked at */
};

struct roll { /* the lists of one pair of files, read once a desk */
	const char *signers_file, *revoked_file;
	struct signers signers;
	struct revoked_keys revoked;
	const char *wrong;
	struct roll *next;
};

struct approval_desk {
	struct arena *arena;
	const struct review_port *review;
	const struct config *config;
	const struct approval_port *port;
	const char *commit;
	int64_t now_ms;
	struct ballot *ballot;
	size_t count;
	struct roll *rolls;
};

static void read_ballot(struct approval_desk *d, struct ballot *b)
{
	struct err e;
	const struct review_port *r = d->review;
	if (!r->read(r->self, d->arena, d->commit, b->path, SUMS_MAX_BYTES, &b->bytes, &b->len, &e) ||
	    !sums_parse(d->arena, b->bytes, b->len, &b->sums, &e)) {
		b->wrong = str_printf(d->arena, "'%s': %s", b->path, e.message);
		b->sums.count = 0;
	}
}

bool approval_desk_open(struct arena *a, const struct review_port *review,
			const struct config *config, const struct approval_port *port,
			const char *commit, int64_t now_ms, struct approval_desk **out, struct err *e)
{
	struct str_list paths = {0};
	struct approval_desk *d = arena_alloc(a, sizeof *d);
	*d = (struct approval_desk){.arena = a, .review = review, .config = config, .port = port,
				    .commit = arena_strdup(a, commit), .now_ms = now_ms};
	*out = d;
	const struct config *c = config;
	if (!c->approval.by_function && c->approval.signatures == 0)
		return true;
	if (!review->list(review->self, a, commit, "approvals", &paths, e))
		return false;
	if (paths.count > 2 * LISTS_MAX)
		return err_set(e, ERR_LIMIT, "the folder 'approvals' holds more than %d files", 2 * LISTS_MAX);
	d->ballot = arena_array(a, paths.count, sizeof *d->ballot);
	for (size_t i = 0; i < paths.count; i++) {
		if (!str_ends(paths.item[i], ".sums"))
			continue;
		d->ballot[d->count].path = paths.item[i];
		read_ballot(d, &d->ballot[d->count++]);
	}
	return true;
}

/* Only what names a plan that is asked for is worth the arithmetic. */
static void check_ballot(struct approval_desk *d, struct ballot *b)
{
	struct err e;
	const char *armor;
	size_t len;
	const struct review_port *r = d->review;
	const char *path = str_printf(d->arena, "%s.sig", b->path);
	if (b->checked || b->wrong != NULL)
		return;
	b->checked = true;
	if (!r->read(r->self, d->arena, d->commit, path, SSHSIG_MAX, &armor, &len, &e)) {
		b->wrong = e.kind == ERR_NOT_FOUND ? str_printf(d->arena, "'%s' has no signature beside it", b->path)
						   : str_printf(d->arena, "'%s': %s", path, e.message);
		return;
	}
	if (!sshsig_verify(d->arena, armor, len, APPROVAL_NAMESPACE, b->bytes, b->len, &b->key, &e))
		b->wrong = str_printf(d->arena, "'%s': %s", path, e.message);
}

/* --- whose key --- */

static bool load(struct approval_desk *d, struct roll *roll, struct err *e)
{
	const char *bytes;
	size_t len;
	const struct approval_port *p = d->port;
	if (p == NULL || p->file == NULL)
		return err_set(e, ERR_REFUSED, "signatures cannot be checked here");
	if (!p->file(p->self, d->arena, roll->signers_file, SIGNERS_MAX_BYTES, &bytes, &len, e) ||
	    !signers_parse(d->arena, bytes, len, roll->signers_file, APPROVAL_NAMESPACE, &roll->signers, e))
		return err_wrap(e, "the allowed signers");
	if (roll->revoked_file != NULL &&
	    (!p->file(p->self, d->arena, roll->revoked_file, SIGNERS_MAX_BYTES, &bytes, &len, e) ||
	     !revoked_parse(d->arena, bytes, len, roll->revoked_file, &roll->revoked, e)))
		return err_wrap(e, "the revoked keys");
	return true;
}

static struct roll *roll_of(struct approval_desk *d, const struct approval_terms *t)
{
	struct err e;
	for (struct roll *x = d->rolls; x != NULL; x = x->next)
		if (str_equal(x->signers_file, t->signers) && str_equal(x->revoked_file, t->revoked))
			return x;
	struct roll *x = arena_alloc(d->arena, sizeof *x);
	*x = (struct roll){.signers_file = t->signers, .revoked_file = t->revoked, .next = d->rolls};
	d->rolls = x;
	if (!load(d, x, &e))
		x->wrong = arena_strdup(d->arena, e.message);
	return x;
}

/* --- one plan --- */

struct count {
	struct approval_desk *desk;
	const struct plan *plan;
	struct approval_terms terms;
	const struct roll *roll; /* or NULL: no list is needed */
	size_t *person;          /* who signed already, as numbers of the roll */
	struct str_list names;   /* their names */
	size_t signed_by;
	struct str_list reviewers;
	struct str_list why;   /* why others do not count */
	struct approval_note *note;
	size_t note_count, note_cap;
};

static void add_note(struct count *c, struct approval_note note)
{
	c->note = arena_grow(c->desk->arena, c->note, c->note_count, &c->note_cap, sizeof *c->note);
	c->note[c->note_count++] = note;
}

static bool signed_already(const struct count *c, size_t person)
{
	for (size_t i = 0; i < c->signed_by; i++)
		if (c->person[i] == person)
			return true;
	return false;
}

static const char *now_text(struct approval_desk *d)
{
	char *at = arena_alloc(d->arena, WHEN_TEXT);
	when_iso(d->now_ms, at);
	return at;
}

static void count_ballot(struct count *c, const struct roll *roll, struct ballot *b)
{
	struct approval_desk *d = c->desk;
	const char *why;
	check_ballot(d, b);
	if (b->wrong != NULL) {
		str_list_add(d->arena, &c->why, b->wrong);
		return;
	}
	const struct signer *s = signers_find(d->arena, &roll->signers, &roll->revoked, &b->key, d->now_ms, &why);
	if (s == NULL) {
		str_list_add(d->arena, &c->why, str_printf(d->arena, "'%s': %s", b->path, why));
		return;
	}
	const char *name = s->names.item[0];
	if (signers_is(&roll->signers, s->person, c->plan->author)) {
		str_list_add(d->arena, &c->why,
			     str_printf(d->arena, "'%s': %s is the plan's author", b->path, name));
		return;
	}
	if (signed_already(c, s->person)) {
		str_list_add(d->arena, &c->why, str_printf(d->arena, "'%s': %s counts once", b->path, name));
		return;
	}
	c->person[c->signed_by++] = s->person;
	str_list_add(d->arena, &c->names, name);
	/* approval_evidence reads it again */
	add_note(c, (struct approval_note){
			    "signature", name,
			    str_printf(d->arena, "%s key %s, %s at %.12s, checked at %s", b->key.type,
				       b->key.fingerprint, b->path, d->commit, now_text(d))});
}

static const char *join_names(struct arena *a, const struct str_list *names, const char *none)
{
	const char *text = "";
	for (size_t i = 0; i < names->count && i < NAMES_SHOWN; i++)
		text = str_printf(a, "%s%s%s", text, i > 0 ? ", " : "", names->item[i]);
	if (names->count > NAMES_SHOWN)
		text = str_printf(a, "%s and %zu more", text, names->count - NAMES_SHOWN);
	return names->count > 0 ? text : none;
}

/* Who could still sign: known now, not the author, not signed yet; each once. */
static const char *who_could(struct count *c, const struct roll *roll)
{
	struct approval_desk *d = c->desk;
	struct str_list left = {0};
	size_t *seen = arena_array(d->arena, roll->signers.count, sizeof *seen), seen_count = 0;
	for (size_t i = 0; i < roll->signers.count; i++) {
		const struct signer *s = &roll->signers.item[i];
		const char *why;
		bool again = signed_already(c, s->person);
		for (size_t k = 0; k < seen_count; k++)
			again = again || seen[k] == s->person;
		if (again || signers_is(&roll->signers, s->person, c->plan->author) ||
		    signers_find(d->arena, &roll->signers, &roll->revoked, &s->key, d->now_ms, &why) == NULL)
			continue;
		seen[seen_count++] = s->person;
		str_list_add(d->arena, &left, s->names.item[0]);
	}
	return join_names(d->arena, &left, "nobody who is allowed to sign is left");
}

static const char *with_reasons(struct count *c, const char *text)
{
	struct arena *a = c->desk->arena;
	for (size_t i = 0; i < c->why.count && i < WHY_SHOWN; i++)
		text = str_printf(a, "%s; not counted: %s", text, c->why.item[i]);
	if (c->why.count > WHY_SHOWN)
		text = str_printf(a, "%s; and %zu more not counted", text, c->why.count - WHY_SHOWN);
	return text;
}

static const char *missing_signatures(struct count *c, const char *path)
{
	struct approval_desk *d = c->desk;
	struct arena *a = d->arena;
	size_t wanted = (size_t)c->terms.signatures;
	if (wanted == 0)
		return NULL;
	if (c->terms.signers == NULL)
		return "signatures are asked for, and 'approval.signers' names no file of allowed signers";
	const struct roll *roll = c->roll;
	c->person = arena_array(a, d->count, sizeof *c->person);
	for (size_t i = 0; i < d->count; i++) {
		struct ballot *b = &d->ballot[i];
		const char *named = sums_find(&b->sums, path);
		if (str_equal(named, c->plan->digest))
			count_ballot(c, roll, b);
		else if (named != NULL)
			str_list_add(a, &c->why,
				     str_printf(a, "'%s': made for other bytes of this plan, %.12s", b->path, named));
	}
	/* What cannot be read might have been about this plan, too. */
	for (size_t i = 0; i < d->count; i++)
		if (d->ballot[i].sums.count == 0)
			str_list_add(a, &c->why, d->ballot[i].wrong);
	if (c->signed_by >= wanted)
		return NULL;
	return with_reasons(c, str_printf(a, "%zu of %zu signatures: %s; missing %zu of: %s", c->signed_by, wanted,
					  join_names(a, &c->names, "none yet"), wanted - c->signed_by,
					  who_could(c, roll)));
}

static bool among(const struct count *c, const struct str_list *names, const char *who)
{
	static const struct signers nobody;
	for (size_t i = 0; i < names->count; i++)
		if (signers_same(c->roll != NULL ? &c->roll->signers : &nobody, names->item[i], who))
			return true;
	return false;
}

/* Is the forge's name one of the list's? Where signatures are asked for, too, whoever is not might be
 * one of those who sign, under another name. */
static bool could_be_a_signer(const struct count *c, const char *who)
{
	if (c->terms.signatures == 0)
		return false;
	for (size_t i = 0; c->roll != NULL && i < c->roll->signers.count; i++)
		if (signers_is(&c->roll->signers, c->roll->signers.item[i].person, who))
			return false;
	return true;
}

/* The forge's reviewers; a person counts once, the author not. */
static const char *missing_reviews(struct count *c)
{
	struct approval_desk *d = c->desk;
	struct approval_note *note;
	struct str_list author = {0};
	const char *unknown = "";
	struct err e;
	size_t count;
	size_t wanted = (size_t)c->terms.reviews;
	const struct forge_port *f = d->port != NULL ? d->port->forge : NULL;
	if (wanted == 0)
		return NULL;
	if (f == NULL)
		return "reviews are asked for, and no forge is configured that could be asked for them";
	if (!f->reviews(f->self, d->arena, c->plan, &note, &count, &e))
		return str_printf(d->arena, "asking the forge for reviews: %s", e.message);
	str_list_add(d->arena, &author, c->plan->author);
	for (size_t i = 0; i < count; i++) {
		if (str_empty(note[i].who) || among(c, &author, note[i].who) || among(c, &c->reviewers, note[i].who))
			continue;
		if (could_be_a_signer(c, note[i].who)) {
			unknown = str_printf(d->arena,
					     "%s; not counted: %s, whom no line of the allowed signers names: add the forge's "
					     "name to the person's line",
					     unknown, note[i].who);
			continue;
		}
		str_list_add(d->arena, &c->reviewers, note[i].who);
		add_note(c, note[i]);
	}
	return c->reviewers.count >= wanted
		       ? NULL
		       : str_printf(d->arena, "%zu of %zu reviews: %s%s", c->reviewers.count, wanted,
				    join_names(d->arena, &c->reviewers, "none yet"), unknown);
}

/* Who signed and reviewed is one of those who are asked for, not two. */
static const char *missing_people(struct count *c)
{
	size_t wanted = (size_t)c->terms.signatures + (size_t)c->terms.reviews, people = c->signed_by;
	for (size_t i = 0; i < c->reviewers.count; i++)
		people += !among(c, &c->names, c->reviewers.item[i]);
	return people >= wanted || c->terms.signatures == 0 || c->terms.reviews == 0
		       ? NULL
		       : str_printf(c->desk->arena, "%zu of %zu people: who signs and reviews counts once", people,
				    wanted);
}

static bool terms_of(struct approval_desk *d, const struct plan *p, struct approval_terms *out,
		     struct err *e)
{
	const struct config *c = d->config;
	*out = (struct approval_terms){c->approval.merged, c->approval.signatures, c->approval.reviews,
				       c->approval.signers, c->approval.revoked};
	if (c->approval.by_function) {
		if (d->port == NULL || d->port->terms == NULL)
			return err_set(e, ERR_REFUSED, "the configuration's approval function cannot be asked here");
		if (!d->port->terms(d->port->self, d->arena, p, out, e))
			return false;
	}
	return out->merged || out->signatures > 0 || out->reviews > 0 ||
	       err_set(e, ERR_REFUSED, "the configuration asks for nothing: nothing counts as approved");
}

const char *approval_missing(struct approval_desk *d, const struct plan *p, const char *path,
			     struct approval_note **note, size_t *count)
{
	struct count c = {.desk = d, .plan = p};
	struct err e;
	*count = 0;
	if (!terms_of(d, p, &c.terms, &e))
		return arena_strdup(d->arena, e.message);
	if (c.terms.merged)
		add_note(&c, (struct approval_note){
				     "merged", d->config->repository.branch,
				     str_printf(d->arena, "on the branch's tip %.12s when it was fetched", d->commit)});
	if (c.terms.signers != NULL)
		c.roll = roll_of(d, &c.terms);
	if (c.roll != NULL && c.roll->wrong != NULL)
		return c.roll->wrong;
	const char *signatures = missing_signatures(&c, path), *reviews = missing_reviews(&c);
	if (signatures == NULL && reviews == NULL)
		signatures = missing_people(&c);
	*note = c.note;
	*count = c.note_count;
	if (signatures != NULL && reviews != NULL)
		return str_printf(d->arena, "%s; %s", signatures, reviews);
	return signatures != NULL ? signatures : reviews;
}

const char *approval_signer(struct approval_desk *d, const struct plan *p, const struct ssh_key *key,
			    const char **why)
{
	struct approval_terms terms;
	struct err e;
	if (!terms_of(d, p, &terms, &e)) {
		*why = arena_strdup(d->arena, e.message);
		return NULL;
	}
	*why = "the configuration here names no allowed signers";
	if (terms.signers == NULL)
		return NULL;
	const struct roll *roll = roll_of(d, &terms);
	*why = roll->wrong;
	const struct signer *s = roll->wrong == NULL ? signers_find(d->arena, &roll->signers, &roll->revoked, key,
								    d->now_ms, why)
						     : NULL;
	if (s == NULL)
		return NULL;
	*why = signers_is(&roll->signers, s->person, p->author)
		       ? str_printf(d->arena, "%s is the plan's author", s->names.item[0])
		       : NULL;
	return s->names.item[0];
}
