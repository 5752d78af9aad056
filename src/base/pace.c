#include "pare/pace.h"

#include <string.h>

enum {
	LONGEST_HOLD_MS = 300000, /* also when the clock was set back */
	SPAN_MIN_MS = 500,        /* a shorter time says nothing of a rate */
	CUT_EVERY_MS = 1000,      /* what a decrease does shows in the second after it */
	SPAN_MAX_MS = PACE_SLOTS * PACE_SLOT_MS,
};
static const double window_cut = 0.7;
static const double overload_cut = 0.8;
static const double rate_min = 0.5;  /* as the SDKs' adaptive mode */
static const double step_min = 1, step_part = 0.15; /* requests a second; of the rate */
static const double burst_s = 0.1;   /* of the rate may be sent at once */

void pace_open(struct pace *p, size_t window_max, int64_t now_ms)
{
	*p = (struct pace){.tokens_ms = now_ms, .grown_ms = now_ms, .cut_ms = now_ms - 1, .slowed_ms = now_ms};
	p->window = p->window_max = window_max < 1 ? 1 : (double)window_max;
}

/* --- the last second --- */

static void count(struct pace *p, bool accepted, int64_t now_ms)
{
	int64_t number = now_ms / PACE_SLOT_MS;
	size_t i = (size_t)(number % PACE_SLOTS);
	if (p->slot[i].number != number)
		memset(&p->slot[i], 0, sizeof p->slot[i]);
	p->slot[i].number = number;
	p->slot[i].accepted += accepted;
	p->slot[i].refused += !accepted;
}

static void tally(const struct pace *p, int64_t now_ms, int64_t span_ms, unsigned *accepted,
		  unsigned *refused)
{
	int64_t last = now_ms / PACE_SLOT_MS;
	*accepted = *refused = 0;
	for (size_t i = 0; i < PACE_SLOTS; i++)
		if (p->slot[i].number > last - span_ms / PACE_SLOT_MS && p->slot[i].number <= last) {
			*accepted += p->slot[i].accepted;
			*refused += p->slot[i].refused;
		}
}

/* --- the rate --- */

static double burst(const struct pace *p)
{
	return p->rate * burst_s > 1 ? p->rate * burst_s : 1;
}

static void fill(struct pace *p, int64_t now_ms)
{
	int64_t passed = now_ms - p->tokens_ms;
	p->tokens_ms = now_ms;
	if (p->rate == 0 || passed <= 0)
		return; /* a clock set back gives nothing and takes nothing */
	p->tokens += p->rate * (double)passed / 1000;
	if (p->tokens > burst(p))
		p->tokens = burst(p);
}

static void slow_down(struct pace *p, int64_t now_ms)
{
	unsigned accepted, refused;
	int64_t span = now_ms - p->slowed_ms;
	if (p->rate != 0 && span >= 0 && span < CUT_EVERY_MS)
		return;
	span = span < SPAN_MIN_MS ? SPAN_MIN_MS : span > SPAN_MAX_MS ? SPAN_MAX_MS : span;
	fill(p, now_ms);
	tally(p, now_ms, span, &accepted, &refused);
	double taken = accepted * 1000.0 / (double)span;
	double part = refused == 0 ? 1 : (double)refused / (accepted + refused);
	/* Most of it refused: what was taken is all there is, and less clears the way. Else it is cut by
	   what was refused: where others share the limit, what we got is no measure of it. */
	if (p->rate == 0 || (part >= 0.5 && taken < p->rate))
		p->rate = taken;
	p->rate *= part >= 0.5 ? overload_cut : 1 - part;
	if (p->rate < rate_min)
		p->rate = rate_min;
	p->step = p->rate * step_part > step_min ? p->rate * step_part : step_min;
	p->tokens = p->tokens > 1 ? 1 : p->tokens;
	p->slowed_ms = p->grown_ms = now_ms;
}

/* Only while the rate is what limits: else it would grow without having been tried. */
static void speed_up(struct pace *p, int64_t now_ms)
{
	unsigned accepted, refused;
	int64_t passed = now_ms - p->grown_ms;
	p->grown_ms = now_ms;
	if (p->rate == 0 || passed <= 0)
		return;
	tally(p, now_ms, SPAN_MAX_MS, &accepted, &refused);
	if (accepted + refused + 1 >= p->rate / 2)
		p->rate += p->step * (double)(passed > 1000 ? 1000 : passed) / 1000;
}

/* --- asking and telling --- */

int64_t pace_due_ms(struct pace *p, int64_t now_ms)
{
	if (p->hold_ms - now_ms > LONGEST_HOLD_MS)
		p->hold_ms = now_ms;
	if ((double)(p->under_way + 1) > p->window)
		return INT64_MAX;
	int64_t due = p->hold_ms > now_ms ? p->hold_ms : now_ms;
	fill(p, now_ms);
	if (p->rate == 0 || p->tokens >= 1)
		return due;
	int64_t token = now_ms + 1 + (int64_t)((1 - p->tokens) * 1000 / p->rate);
	return token > due ? token : due;
}

void pace_sent(struct pace *p, int64_t now_ms)
{
	fill(p, now_ms);
	p->under_way++;
	if (p->rate != 0)
		p->tokens -= 1;
}

void pace_answered(struct pace *p, enum pace_answer answer, int64_t sent_ms, int64_t now_ms,
		   int64_t hold_ms)
{
	if (p->under_way > 0)
		p->under_way--;
	if (hold_ms > LONGEST_HOLD_MS)
		hold_ms = LONGEST_HOLD_MS;
	if (hold_ms > 0 && now_ms + hold_ms > p->hold_ms)
		p->hold_ms = now_ms + hold_ms;
	if (answer == PACE_NEITHER)
		return;
	count(p, answer == PACE_ACCEPTED, now_ms);
	if (answer == PACE_ACCEPTED) {
		p->window += 1 / p->window;
		if (p->window > p->window_max)
			p->window = p->window_max;
		speed_up(p, now_ms);
		return;
	}
	slow_down(p, now_ms);
	if (sent_ms <= p->cut_ms && p->cut_ms <= now_ms)
		return;
	p->cut_ms = now_ms;
	p->window = p->window * window_cut < 1 ? 1 : p->window * window_cut;
}
