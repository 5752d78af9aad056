/* retry_rate: the rate that retry mode "adaptive" sends at, with AWS's numbers: a bucket of tokens
 * whose fill follows a cubic curve below the rate at which the service last throttled (AWS SDKs and
 * Tools reference guide, "Retry behavior"). Off until the first throttling. */
#include "aws_private.h"

static const double beta = 0.7, scale = 0.4, smoothing = 0.8;
static const double rate_least = 0.5, capacity_least = 1;

void rate_open(struct retry_rate *r, int64_t now_ms)
{
	double now = (double)now_ms / 1000;
	*r = (struct retry_rate){.fill = rate_least, .capacity = capacity_least, .last = now,
				 .last_fail = now, .bucket = (double)(now_ms / 1000)};
}

static void refill(struct retry_rate *r, double now)
{
	double more = now > r->last ? (now - r->last) * r->fill : 0; /* the clock may be set back */
	r->tokens = r->tokens + more < r->capacity ? r->tokens + more : r->capacity;
	r->last = now;
}

int64_t rate_due_ms(struct retry_rate *r, int64_t now_ms)
{
	if (!r->on)
		return now_ms;
	refill(r, (double)now_ms / 1000);
	if (r->tokens >= 1)
		return now_ms;
	return now_ms + 1 + (int64_t)((1 - r->tokens) / r->fill * 1000);
}

void rate_sent(struct retry_rate *r, int64_t now_ms)
{
	if (!r->on)
		return;
	refill(r, (double)now_ms / 1000);
	r->tokens -= 1;
}

/* Requests a second, smoothed over half seconds. */
static double measure(struct retry_rate *r, int64_t now_ms)
{
	double bucket = (double)(now_ms / 500) / 2;
	r->count++;
	if (bucket > r->bucket) {
		double rate = r->count / (bucket - r->bucket);
		r->measured = rate * smoothing + r->measured * (1 - smoothing);
		r->count = 0;
		r->bucket = bucket;
	}
	return r->measured;
}

/* Newton's method; x is a rate: not negative, and small. */
static double cube_root(double x)
{
	double root = x > 1 ? x : 1;
	for (int i = 0; i < 60 && x > 0; i++)
		root -= (root - x / (root * root)) / 3;
	return x > 0 ? root : 0;
}

void rate_answered(struct retry_rate *r, bool throttled, int64_t now_ms)
{
	double now = (double)now_ms / 1000, rate;
	double measured = measure(r, now_ms);
	if (throttled) {
		r->w_max = r->on && r->fill < measured ? r->fill : measured;
		r->k = cube_root(r->w_max * (1 - beta) / scale);
		r->last_fail = now;
		r->on = true;
		rate = r->w_max * beta;
	} else {
		double since = now - r->last_fail - r->k;
		rate = scale * since * since * since + r->w_max;
	}
	if (rate > 2 * measured)
		rate = 2 * measured;
	refill(r, now);
	r->fill = rate < rate_least ? rate_least : rate;
	r->capacity = rate < capacity_least ? capacity_least : rate;
	if (r->tokens > r->capacity)
		r->tokens = r->capacity;
}
