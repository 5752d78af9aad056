#include "pare/decision.h"

#include <string.h>

#include "pare/when.h"

static const char *const names[] = {"pass", "keep", "exempt", "archive", "hold"};

const char *verdict_name(enum verdict_kind k)
{
	return names[k];
}

bool verdict_parse(const char *name, enum verdict_kind *k)
{
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(names[i], name) == 0) {
			*k = (enum verdict_kind)i;
			return true;
		}
	return false;
}

/* A date alone ends with its day. */
static bool ended(const char *until, int64_t end_ms, int64_t now_ms)
{
	return now_ms >= end_ms + (strlen(until) == 10 ? (int64_t)WHEN_DAY_MS : 0);
}

bool decision_until_passed(const char *until, int64_t now_ms)
{
	int64_t end_ms;
	return until != NULL && when_parse(until, &end_ms) && ended(until, end_ms, now_ms);
}

static void settle(struct verdict *v, int64_t now_ms)
{
	int64_t end_ms;
	if (v->until == NULL || v->kind == VERDICT_PASS)
		return;
	if (!when_parse(v->until, &end_ms)) {
		v->kind = VERDICT_HOLD;
		v->reason = "its 'until' is no date such as 2027-06-30, so nobody can tell when it ends";
	} else if (ended(v->until, end_ms, now_ms)) {
		v->kind = VERDICT_PASS;
	}
}

void decision_combine(struct decision *d, int64_t now_ms)
{
	d->outcome = VERDICT_PASS;
	for (size_t i = 0; i < d->count; i++) {
		settle(&d->verdict[i], now_ms);
		if (d->verdict[i].kind > d->outcome)
			d->outcome = d->verdict[i].kind;
	}
}

const struct verdict *decision_deciding(const struct decision *d)
{
	if (d->outcome == VERDICT_PASS)
		return NULL;
	for (size_t i = 0; i < d->count; i++)
		if (d->verdict[i].kind == d->outcome)
			return &d->verdict[i];
	return NULL;
}
