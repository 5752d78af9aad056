#include "checks_used.h"

#include <string.h>

#include "pare/str.h"
#include "pare/when.h"

enum { POLL_FIRST_MS = 500, POLL_MOST_MS = 5000, POLL_LIMIT_MS = 2 * 60 * 1000, PAGES_MAX = 1000 };

bool checker_ask(struct checker *k, struct call *c, struct err *e)
{
	c->arena = k->arena;
	if (k->checks->aws == NULL)
		return err_set(e, ERR_UNAVAILABLE, "%s: AWS is not asked when the input is saved",
			       call_name(c->op));
	if (read_one(k->checks->aws, c))
		return true;
	*e = c->err;
	return false;
}

/* Without request ids, ARNs of callers and the like. */
const char *checker_why(struct checker *k, const struct err *e)
{
	if (e->code[0] != '\0')
		return str_printf(k->arena, "AWS was asked and said %s", e->code);
	return k->checks->aws == NULL ? "AWS is not asked when the input is saved"
				      : str_printf(k->arena, "AWS was asked and there is no answer to go by (%s)",
						   err_kind_name(e->kind));
}

static bool add_page(struct checker *k, const struct call *c)
{
	struct last_access *all = arena_array(k->arena, k->count + c->access_count, sizeof *all);
	if (k->count > 0)
		memcpy(all, k->access, k->count * sizeof *all);
	if (c->access_count > 0)
		memcpy(all + k->count, c->access, c->access_count * sizeof *all);
	k->access = all;
	k->count += c->access_count;
	return true;
}

/* The report is made by a job: asked for until it is there. */
static bool wait_for_job(struct checker *k, const char *job, struct call *c, struct err *e)
{
	const struct clock_port *clock = k->checks->clock;
	int64_t limit_ms = clock->now_ms(clock->self) + POLL_LIMIT_MS, pause_ms = POLL_FIRST_MS;
	for (;;) {
		*c = (struct call){.op = CALL_GET_LAST_ACCESSED, .job = job};
		if (!checker_ask(k, c, e))
			return false;
		if (strcmp(c->job_status, "COMPLETED") == 0)
			return true;
		if (strcmp(c->job_status, "IN_PROGRESS") != 0)
			return err_set(e, ERR_UNAVAILABLE, "the report of last use failed");
		if (clock->interrupted(clock->self))
			return err_set(e, ERR_INTERRUPTED, "waiting for the report of last use: interrupted");
		if (clock->now_ms(clock->self) >= limit_ms)
			return err_set(e, ERR_UNAVAILABLE, "the report of last use takes too long");
		clock->sleep_until(clock->self, clock->now_ms(clock->self) + pause_ms);
		pause_ms = pause_ms * 2 < POLL_MOST_MS ? pause_ms * 2 : POLL_MOST_MS;
	}
}

static bool fetch(struct checker *k, struct err *e)
{
	struct call start = {.op = CALL_GENERATE_LAST_ACCESSED, .principal_arn = k->plan->principal.arn};
	struct call page;
	if (!checker_ask(k, &start, e) || !wait_for_job(k, start.started_job, &page, e))
		return false;
	for (size_t i = 0; add_page(k, &page) && page.next_marker != NULL; i++) {
		const char *marker = page.next_marker;
		if (i == PAGES_MAX)
			return err_set(e, ERR_LIMIT, "the report of last use has more than %d pages", PAGES_MAX);
		page = (struct call){.op = CALL_GET_LAST_ACCESSED, .job = start.started_job, .marker = marker};
		if (!checker_ask(k, &page, e))
			return false;
	}
	return true;
}

static bool know(struct checker *k, struct err *e)
{
	if (!k->asked) {
		k->asked = true;
		k->known = fetch(k, &k->why);
	}
	if (!k->known)
		*e = k->why;
	return k->known;
}

static bool goes(const struct plan *p, const struct last_access *x, const char *action)
{
	const struct str_list *list = x->action != NULL ? &p->impact.removed : &p->impact.services_removed;
	for (size_t i = 0; i < list->count; i++)
		if (str_equal_nocase(list->item[i], action))
			return true;
	return false;
}

static const char *name_of(struct checker *k, const struct last_access *x)
{
	return x->action == NULL ? x->service : str_printf(k->arena, "%s:%s", x->service, x->action);
}

bool checker_used_since(struct checker *k, const char **used, struct err *e)
{
	int64_t since_ms, at_ms;
	*used = NULL;
	if (!when_parse(k->plan->source.finding_updated_at, &since_ms))
		return err_set(e, ERR_INPUT, "the plan does not say when its finding was made");
	if (!know(k, e))
		return false;
	for (size_t i = 0; i < k->count && *used == NULL; i++) {
		const struct last_access *x = &k->access[i];
		const char *name = name_of(k, x);
		if (x->at == NULL || !goes(k->plan, x, name) || !when_parse(x->at, &at_ms) || at_ms <= since_ms)
			continue;
		*used = str_printf(k->arena, "'%s' was used since: at %s, after the finding of %s",
				   str_printable(k->arena, name, false), x->at,
				   k->plan->source.finding_updated_at);
	}
	return true;
}

bool checker_kept(struct checker *k, struct str_list *actions, struct err *e)
{
	if (!know(k, e))
		return false;
	for (size_t i = 0; i < k->count; i++) {
		const struct last_access *x = &k->access[i];
		const char *name = name_of(k, x);
		if (x->action != NULL && x->at != NULL && !goes(k->plan, x, name))
			str_list_add(k->arena, actions, name);
	}
	str_list_sort(actions);
	return true;
}
