#include "pare/window.h"

#include <string.h>

#include "guard.h"
#include "pare/str.h"
#include "pare/when.h"

enum { ASK_EVERY_MS = 5000, LOOK_AHEAD_DAYS = 400 };

static const char *iso(struct arena *a, int64_t ms)
{
	char text[WHEN_TEXT];
	when_iso(ms, text);
	return arena_strdup(a, text);
}

static bool configured(const struct config *c)
{
	return c->window.open.count + c->window.freeze.count > 0;
}

static const char *joined(struct arena *a, const struct str_list *list)
{
	const char *text = "";
	for (size_t i = 0; i < list->count; i++)
		text = str_printf(a, "%s%s%s", text, i > 0 ? ", " : "", list->item[i]);
	return text;
}

/* "the change window (…) is shut", "the freeze … holds" */
static const char *why_shut(struct arena *a, const struct config *c, int64_t now_ms)
{
	const struct window_freeze *f = window_frozen(c->window.read, now_ms);
	return f != NULL ? str_printf(a, "the freeze %s holds", f->text)
			 : str_printf(a, "the change window (%s) is shut", joined(a, &c->window.open));
}

struct gate window_gate(struct arena *a, const struct config *c, const struct plan *p, int64_t now_ms)
{
	struct gate g = {"window", GATE_PASS, "no change window is configured"};
	const char *calendar = c->window.calendar.count > 0
				       ? "; the change calendar is asked when it is applied"
				       : "";
	int64_t expires;
	if (plan_undoes(p) != NULL) {
		g.evidence = "a rollback may be applied at any time";
		return g;
	}
	if (!configured(c)) {
		if (c->window.calendar.count > 0)
			g.evidence = "the change calendar is asked when it is applied";
		return g;
	}
	g.result = GATE_UNKNOWN;
	g.evidence = "the configured change windows were not understood";
	if (c->window.read == NULL || !when_parse(p->expires_at, &expires))
		return g;
	int64_t opens = window_next(c->window.read, now_ms, true, expires);
	if (opens == INT64_MAX) {
		g.result = GATE_FAIL;
		g.evidence = str_printf(a, "%s, and nothing opens before the plan expires at %s",
					why_shut(a, c, now_ms), p->expires_at);
		return g;
	}
	g.result = GATE_PASS;
	if (opens > now_ms) {
		g.evidence = str_printf(a, "opens at %s, before the plan expires%s", iso(a, opens), calendar);
		return g;
	}
	int64_t shuts = window_next(c->window.read, now_ms, false, expires);
	g.evidence = shuts == INT64_MAX ? str_printf(a, "open until the plan expires%s", calendar)
					: str_printf(a, "open until %s%s", iso(a, shuts), calendar);
	return g;
}

const char *window_obstacle(struct arena *a, const struct config *c, const struct plan *p,
			    int64_t now_ms)
{
	if (!configured(c) || plan_undoes(p) != NULL)
		return NULL;
	if (c->window.read == NULL)
		return "the configured change windows were not understood";
	if (window_is_open(c->window.read, now_ms))
		return NULL;
	int64_t opens = window_next(c->window.read, now_ms, true,
				    now_ms + (int64_t)LOOK_AHEAD_DAYS * WHEN_DAY_MS);
	const char *shut = why_shut(a, c, now_ms);
	return opens == INT64_MAX
		       ? str_printf(a, "%s, and nothing opens within %d days", shut, LOOK_AHEAD_DAYS)
		       : str_printf(a, "%s; it opens at %s", shut, iso(a, opens));
}

static void ask(struct guard *g, int64_t now_ms)
{
	const struct calendar_port *p = g->calendar;
	if (g->asked && now_ms >= g->asked_ms && now_ms - g->asked_ms < ASK_EVERY_MS)
		return;
	g->asked = true;
	g->asked_ms = now_ms;
	g->calendar_err = (struct err){.kind = ERR_NONE};
	g->calendar_open = false;
	if (p == NULL)
		err_set(&g->calendar_err, ERR_REFUSED, "it cannot be asked here");
	else
		p->state(p->self, &g->config->window.calendar, &g->calendar_open, &g->calendar_next_ms,
			 &g->calendar_err);
}

/* Fails closed: a calendar that does not answer is not open. */
static bool calendar_allows(struct guard *g, int64_t now_ms, struct err *e)
{
	if (g->config->window.calendar.count == 0)
		return true;
	ask(g, now_ms);
	if (g->calendar_err.kind != ERR_NONE) {
		*e = g->calendar_err;
		return err_wrap(e, "asking the change calendar, without which nothing is changed");
	}
	if (g->calendar_open)
		return true;
	return err_set(e, ERR_REFUSED, "the change calendar (%s) is closed%s%s",
		       joined(g->arena, &g->config->window.calendar),
		       g->calendar_next_ms > now_ms ? "; it changes at " : "",
		       g->calendar_next_ms > now_ms ? iso(g->arena, g->calendar_next_ms) : "");
}

bool guard_window(struct guard *g, const struct plan *plan, bool undoing, int64_t now_ms,
		  struct err *e)
{
	if (undoing || plan_undoes(plan) != NULL)
		return true;
	const char *obstacle = window_obstacle(g->arena, g->config, plan, now_ms);
	if (obstacle != NULL)
		return err_set(e, ERR_REFUSED, "%s", obstacle);
	return calendar_allows(g, now_ms, e);
}
