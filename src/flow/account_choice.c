#include "pare/account_choice.h"

#include <stdlib.h>
#include <string.h>

enum { UNITS_MAX = 10000, NAMED_MAX = 10 };

struct known {
	struct member_account account;
	struct tag *tag;
	size_t tag_count;
	bool tags_read, in; /* in: chosen so far */
};

struct account_choice {
	struct arena *arena;
	const struct organization_port *port;
	const struct clock_port *clock;
	const struct progress_port *progress;
	struct known *known; /* sorted by id */
	size_t count;
};

static int by_id(const void *x, const void *y)
{
	return strcmp(((const struct known *)x)->account.id, ((const struct known *)y)->account.id);
}

static struct known *find(const struct account_choice *c, const char *id)
{
	const struct known key = {.account = {.id = id}};
	return c->count > 0 ? bsearch(&key, c->known, c->count, sizeof key, by_id) : NULL;
}

static bool active(const struct known *k)
{
	return strcmp(k->account.state, "ACTIVE") == 0;
}

static bool step(const struct account_choice *c, const char *activity, size_t done, size_t total,
		 struct err *e)
{
	if (c->progress != NULL)
		c->progress->step(c->progress->self, activity, done, total);
	return !c->clock->interrupted(c->clock->self) ||
	       err_set(e, ERR_INTERRUPTED, "asking AWS Organizations: interrupted");
}

static void tell(const struct account_choice *c, const char *line)
{
	if (c->progress != NULL)
		c->progress->note(c->progress->self, line);
}

struct account_choice *account_choice_open(struct arena *a, const struct organization_port *port,
					   const struct clock_port *clock,
					   const struct progress_port *progress, struct err *e)
{
	struct account_choice *c = arena_alloc(a, sizeof *c);
	struct member_account *list;
	size_t count;
	*c = (struct account_choice){.arena = a, .port = port, .clock = clock, .progress = progress};
	if (!step(c, "listing accounts", 0, 0, e) || !port->accounts(port->self, a, &list, &count, e))
		return NULL;
	c->known = arena_array(a, count + 1, sizeof *c->known);
	for (size_t i = 0; i < count; i++)
		c->known[i].account = list[i];
	if (count > 1)
		qsort(c->known, count, sizeof *c->known, by_id);
	for (size_t i = 0; i < count; i++) /* an account that moved between two pages stands in both */
		if (c->count == 0 || by_id(&c->known[c->count - 1], &c->known[i]) != 0)
			c->known[c->count++] = c->known[i];
	return c;
}

/* Marks every account in the unit and in the units inside it. */
static bool mark_unit(struct account_choice *c, const char *unit, struct err *e)
{
	struct str_list units = {0};
	str_list_add(c->arena, &units, unit);
	for (size_t i = 0; i < units.count; i++) {
		struct str_list accounts = {0}, inside = {0};
		if (units.count > UNITS_MAX)
			return err_set(e, ERR_LIMIT, "listing the units in '%s': more than %d", unit, UNITS_MAX);
		if (!step(c, "listing units", i, 0, e) ||
		    !c->port->inside(c->port->self, c->arena, units.item[i], &accounts, &inside, e))
			return false;
		for (size_t k = 0; k < accounts.count; k++) {
			struct known *known = find(c, accounts.item[k]);
			if (known != NULL)
				known->in = true;
		}
		for (size_t k = 0; k < inside.count; k++)
			if (!str_list_has(&units, inside.item[k]))
				str_list_add(c->arena, &units, inside.item[k]);
	}
	return true;
}

static bool has_tag(struct account_choice *c, struct known *k, const char *pair, bool *has, struct err *e)
{
	*has = false;
	if (!k->tags_read && !c->port->tags(c->port->self, c->arena, k->account.id, &k->tag, &k->tag_count, e))
		return false;
	k->tags_read = true;
	for (size_t i = 0; i < k->tag_count && !*has; i++)
		*has = account_tag_is(pair, &k->tag[i]);
	return true;
}

static void mark_all(struct account_choice *c, bool in)
{
	for (size_t i = 0; i < c->count; i++)
		c->known[i].in = in;
}

/* --- choosing --- */

static void leave_out(struct account_choice *c)
{
	const char *names = "";
	size_t count = 0;
	for (size_t i = 0; i < c->count; i++) {
		struct known *k = &c->known[i];
		if (!k->in || active(k))
			continue;
		k->in = false;
		if (count++ < NAMED_MAX)
			names = str_printf(c->arena, "%s%s%s%s%s%s (%s)", names, *names != '\0' ? ", " : "", k->account.id,
					   str_empty(k->account.name) ? "" : " '", k->account.name,
					   str_empty(k->account.name) ? "" : "'", k->account.state);
	}
	if (count > NAMED_MAX)
		names = str_printf(c->arena, "%s and %zu more", names, count - NAMED_MAX);
	if (count > 0)
		tell(c, str_printf(c->arena, "left out, not active in the organization: %s", names));
}

static bool keep_tagged(struct account_choice *c, const struct str_list *tags, struct err *e)
{
	size_t total = 0, done = 0;
	for (size_t i = 0; i < c->count; i++)
		total += c->known[i].in;
	for (size_t i = 0; i < c->count; i++) {
		struct known *k = &c->known[i];
		bool has = true;
		if (!k->in)
			continue;
		if (!step(c, "reading accounts' tags", done++, total, e))
			return false;
		for (size_t t = 0; t < tags->count && has; t++)
			if (!has_tag(c, k, tags->item[t], &has, e))
				return false;
		k->in = has;
	}
	return true;
}

static const char *joined(struct arena *a, const char *option, const struct str_list *list)
{
	const char *text = "";
	for (size_t i = 0; i < list->count; i++)
		text = str_printf(a, "%s %s %s", text, option, list->item[i]);
	return text;
}

bool account_choice_select(struct account_choice *c, const struct account_filter *f,
			   struct str_list *out, struct err *e)
{
	*out = (struct str_list){0};
	mark_all(c, f->unit->count == 0);
	for (size_t i = 0; i < f->unit->count; i++)
		if (!mark_unit(c, f->unit->item[i], e))
			return false;
	for (size_t i = 0; i < c->count && f->account->count > 0; i++)
		c->known[i].in = c->known[i].in && str_list_has(f->account, c->known[i].account.id);
	leave_out(c);
	if (f->tag->count > 0 && !keep_tagged(c, f->tag, e))
		return false;
	for (size_t i = 0; i < c->count; i++)
		if (c->known[i].in)
			str_list_add(c->arena, out, c->known[i].account.id);
	return out->count > 0 ||
	       err_set(e, ERR_NOT_FOUND, "choosing accounts by%s%s%s: no active account of the organization fits",
		       joined(c->arena, "--account", f->account), joined(c->arena, "--ou", f->unit),
		       joined(c->arena, "--account-tag", f->tag));
}

/* --- waves --- */

static bool nobody(struct err *e, size_t wave, const char *what, const char *value)
{
	return err_set(e, ERR_NOT_FOUND,
		       "key 'waves[%zu]': no active account of the organization %s '%s'; take it out of the "
		       "wave, or the accounts that were to come first come last",
		       wave + 1, what, value);
}

static void add_to(struct account_choice *c, struct wave *w, const char *account)
{
	if (!str_list_has(&w->account, account))
		str_list_add(c->arena, &w->account, account);
}

static bool by_unit(struct account_choice *c, struct wave *w, size_t number, const char *unit,
		    const struct str_list *of_run, struct err *e)
{
	bool any = false;
	mark_all(c, false);
	if (!mark_unit(c, unit, e))
		return err_wrap(e, "key 'waves[%zu]'", number + 1);
	for (size_t i = 0; i < c->count; i++)
		any = any || (c->known[i].in && active(&c->known[i]));
	for (size_t i = 0; i < of_run->count; i++) {
		const struct known *k = find(c, of_run->item[i]);
		if (k != NULL && k->in)
			add_to(c, w, of_run->item[i]);
	}
	return any || nobody(e, number, "is in", unit);
}

/* The accounts of the run first: the others are asked only when none of them has the tag. */
static bool by_tag(struct account_choice *c, struct wave *w, size_t number, const char *tag,
		   const struct str_list *of_run, struct err *e)
{
	bool any = false, has;
	for (size_t i = 0; i < of_run->count; i++) {
		struct known *k = find(c, of_run->item[i]);
		if (k == NULL || !active(k))
			continue;
		if (!step(c, "reading accounts' tags", i, of_run->count, e) || !has_tag(c, k, tag, &has, e))
			return false;
		if (has)
			add_to(c, w, of_run->item[i]);
		any = any || has;
	}
	for (size_t i = 0; i < c->count && !any; i++)
		if (active(&c->known[i]) && (!step(c, "reading accounts' tags", i, c->count, e) ||
					     !has_tag(c, &c->known[i], tag, &any, e)))
			return false;
	return any || nobody(e, number, "has the tag", tag);
}

bool account_choice_waves(struct account_choice *c, struct wave *wave, size_t count,
			  const struct str_list *of_run, struct err *e)
{
	for (size_t w = 0; w < count; w++) {
		for (size_t i = 0; i < wave[w].unit.count; i++)
			if (!by_unit(c, &wave[w], w, wave[w].unit.item[i], of_run, e))
				return false;
		for (size_t i = 0; i < wave[w].tag.count; i++)
			if (!by_tag(c, &wave[w], w, wave[w].tag.item[i], of_run, e))
				return false;
	}
	return true;
}

const char *account_choice_inactive(const struct account_choice *c, const char *account)
{
	const struct known *k = find(c, account);
	return k != NULL && !active(k) ? k->account.state : NULL;
}
