/* aws: calls over HTTP: queued, sent, answered, and sent again where that is safe (retry.c).
 *
 * A call is QUEUED (until it is due), then SENT, then answered; a retry queues it again.
 *
 * C1  A write leaves this machine at most once an attempt, and an attempt follows another only when
 *     the one before certainly did nothing.
 * C2  At most `window` requests are under way at a service. Throttling shrinks the window and holds
 *     the service's queue back; success opens it again.
 * C3  Once a signal was seen nothing more is sent: what is under way is waited for, what is queued
 *     is given back unsent. */
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "aws_private.h"
#include "pare/digest.h"
#include "pare/str.h"
#include "pare/version.h"

struct service {
	double window; /* requests that may be under way */
	size_t under_way;
	int64_t hold_ms; /* nothing is sent before */
};

struct request {
	struct aws *aws;
	struct call *call;
	struct service *service;
	struct arena *arena; /* of one attempt */
	struct http_exchange exchange;
	int64_t due_ms, signed_offset_ms;
	bool skew_tried;
	int cost; /* of the last retry, in the bucket's tokens */
	struct request *next;
};

struct aws {
	struct arena *arena;
	const struct clock_port *clock;
	const struct progress_port *progress;
	struct http *http;
	struct credentials credentials;
	struct aws_places places;
	struct retry retry;
	bool verbose;
	double window_max;
	int64_t offset_ms;     /* AWS's clock minus ours */
	struct request *queue; /* not sent, by due_ms */
	struct service iam, analyzer, sts;
	size_t sent;
	size_t exchanges;
};

static const char *setting(const struct profile_set *set, const char *variable, const char *key)
{
	const char *value = getenv(variable);
	return !str_empty(value) ? value : profile_get(set, "profile", profile_selected(), key);
}

/* Only true and false: a FIPS endpoint asked for with another word must not be forgotten. */
static bool flag(const struct profile_set *set, const char *variable, const char *key, bool *out,
		 struct err *e)
{
	const char *value = setting(set, variable, key);
	*out = value != NULL && str_equal_nocase(value, "true");
	return str_empty(value) || *out || str_equal_nocase(value, "false") ||
	       err_set(e, ERR_USAGE, "%s '%s': expected true or false", variable, value);
}

/* AWS's user agent form; what does not fit a token becomes '-'. */
static const char *user_agent(struct arena *a, const struct profile_set *set)
{
	struct utsname u;
	if (uname(&u) != 0)
		return "pare/" PARE_VERSION;
	char *text = str_printf(a, "pare/%s ua/2.1 os/linux#%s md/arch#%s lang/c#c11", PARE_VERSION,
				u.release, u.machine);
	const char *app = setting(set, "AWS_SDK_UA_APP_ID", "sdk_ua_app_id");
	if (!str_empty(app) && strlen(app) <= 50)
		text = str_printf(a, "%s app/%s", text, str_percent_encode(a, app, NULL));
	for (char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e || *c == '%')
			*c = '-';
	return text;
}

static bool read_settings(struct aws *x, const struct aws_setting *s, const struct profile_set *set,
			  struct http_setting *http, struct err *e)
{
	static const char *const names[] = {"iam", "accessanalyzer", "sts"};
	struct aws_endpoint *places[] = {&x->places.iam, &x->places.analyzer, &x->places.sts};
	bool fips, dual;
	http->user_agent = user_agent(x->arena, set);
	http->ca_bundle = arena_strdup(x->arena, setting(set, "AWS_CA_BUNDLE", "ca_bundle"));
	if (str_empty(http->ca_bundle))
		http->ca_bundle = NULL;
	if (http->ca_bundle != NULL && access(http->ca_bundle, R_OK) != 0)
		return err_set(e, ERR_USAGE, "AWS_CA_BUNDLE '%s': it cannot be read",
			       http->ca_bundle);
	if (!flag(set, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", &fips, e) ||
	    !flag(set, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint", &dual, e) ||
	    !retry_setting(set, s->max_attempts, &x->retry, e))
		return false;
	for (size_t i = 0; i < 3; i++)
		if (!endpoint_resolve(x->arena, names[i], s->region, fips, dual,
				      endpoint_configured(x->arena, names[i], set), places[i], e))
			return false;
	return true;
}

struct aws *aws_new(struct arena *a, const struct aws_setting *s, const struct clock_port *clock,
		    struct err *e)
{
	struct aws *x = arena_alloc(a, sizeof *x);
	struct http_setting http = http_setting_default();
	struct arena *scratch = arena_new(NULL); /* holds every profile's secrets */
	struct profile_set set = {0};
	x->arena = a;
	x->clock = clock;
	x->progress = s->progress;
	x->verbose = s->verbose;
	x->window_max = (double)http.connections_per_host;
	x->iam.window = x->analyzer.window = x->sts.window = x->window_max;
	bool ok = profile_read(scratch, &set, e) && credentials_resolve(a, &x->credentials, e) &&
		  read_settings(x, s, &set, &http, e);
	arena_free(scratch);
	x->http = ok ? http_new(a, &http, e) : NULL;
	return x->http != NULL ? x : NULL;
}

static int64_t now(const struct aws *x)
{
	return x->clock->now_ms(x->clock->self);
}

static bool interrupted(const struct aws *x)
{
	return x->clock->interrupted(x->clock->self);
}

/* --- the queue --- */

static void queue(struct aws *x, struct request *r, int64_t due_ms)
{
	struct request **at = &x->queue;
	r->due_ms = due_ms;
	while (*at != NULL && (*at)->due_ms <= due_ms)
		at = &(*at)->next;
	r->next = *at;
	*at = r;
}

static bool ready(const struct request *r, int64_t at_ms)
{
	return r->due_ms <= at_ms && r->service->hold_ms <= at_ms &&
	       (double)r->service->under_way < r->service->window;
}

/* The first that may be sent now, taken out; NULL when none may. */
static struct request *take_ready(struct aws *x)
{
	int64_t at_ms = now(x);
	for (struct request **at = &x->queue; *at != NULL; at = &(*at)->next) {
		struct request *r = *at;
		if (!ready(r, at_ms))
			continue;
		*at = r->next;
		return r;
	}
	return NULL;
}

/* When something queued may become ready by time alone. */
static int64_t next_due(const struct aws *x)
{
	int64_t next = INT64_MAX;
	for (const struct request *r = x->queue; r != NULL; r = r->next) {
		int64_t due = r->due_ms > r->service->hold_ms ? r->due_ms : r->service->hold_ms;
		if ((double)r->service->under_way < r->service->window && due < next)
			next = due;
	}
	return next;
}

/* The clock was set back: nothing waits longer than the longest delay there is. */
static void forget_far_dues(struct aws *x)
{
	enum { LONGEST_MS = 301000 };
	int64_t at_ms = now(x);
	struct service *all[] = {&x->iam, &x->analyzer, &x->sts};
	for (size_t i = 0; i < 3; i++)
		if (all[i]->hold_ms - at_ms > LONGEST_MS)
			all[i]->hold_ms = at_ms;
	for (struct request *r = x->queue; r != NULL; r = r->next)
		if (r->due_ms - at_ms > LONGEST_MS)
			r->due_ms = at_ms;
}

/* --- one attempt --- */

static bool send_request(struct request *r)
{
	struct aws *x = r->aws;
	struct call *c = r->call;
	r->arena = arena_new(x->arena);
	r->signed_offset_ms = x->offset_ms;
	c->err = (struct err){.kind = ERR_NONE};
	if (!aws_request(r->arena, c, &x->places, &x->credentials, now(x) + x->offset_ms,
			 &r->exchange, &c->err)) {
		c->ok = false;
		arena_free(r->arena);
		return false;
	}
	r->exchange.owner = r;
	r->service->under_way++;
	c->attempts++;
	x->sent++;
	x->exchanges++;
	http_start(x->http, &r->exchange);
	return true;
}

static void throttled(struct request *r, int64_t wait_ms)
{
	struct service *s = r->service;
	int64_t hold = now(r->aws) + wait_ms;
	s->window = s->window * 0.7 < 1 ? 1 : s->window * 0.7;
	s->hold_ms = hold > s->hold_ms ? hold : s->hold_ms;
}

static void succeeded(struct request *r)
{
	struct service *s = r->service;
	s->window += 1 / s->window;
	if (s->window > r->aws->window_max)
		s->window = r->aws->window_max;
	retry_give(&r->aws->retry, r->cost);
}

/* How long to wait before the call is sent again; -1 when it is not. */
static int64_t wait_ms(struct request *r)
{
	struct aws *x = r->aws;
	struct call *c = r->call;
	uint32_t random;
	if (interrupted(x))
		return -1;
	if (x->retry.correct_skew && !r->skew_tried &&
	    retry_skewed(c, &r->exchange, now(x), r->signed_offset_ms, &x->offset_ms)) {
		r->skew_tried = true;
		return 0;
	}
	if (!retry_allowed(&x->retry, c))
		return -1;
	enum retry_cause cause = retry_cause_of(c);
	if (cause == RETRY_TRANSIENT && r->exchange.timed_out)
		cause = RETRY_TIMEOUT;
	int cost = retry_take(&x->retry, cause);
	if (cost == 0)
		return -1;
	r->cost = cost;
	random_bytes(&random, sizeof random);
	int64_t wait = retry_delay_ms(&x->retry, cause, c->attempts, random);
	wait = retry_after_ms(&x->retry, &r->exchange, wait);
	if (cause == RETRY_THROTTLED)
		throttled(r, wait);
	return wait;
}

/* true: the call is answered; false: it was queued again. */
static bool settle(struct request *r)
{
	struct aws *x = r->aws;
	struct call *c = r->call;
	r->service->under_way--;
	aws_answer(c, &r->exchange);
	if (c->ok)
		succeeded(r);
	int64_t wait = c->ok ? -1 : wait_ms(r);
	if (x->verbose && wait >= 0 && x->progress != NULL)
		x->progress->note(x->progress->self, str_printf(r->arena, "retrying in %lld ms: %s",
								(long long)wait, c->err.message));
	arena_free(r->arena);
	if (wait >= 0) {
		queue(x, r, now(x) + wait);
		return false;
	}
	if (!c->ok && str_starts(c->err.code, "ExpiredToken"))
		err_wrap(&c->err, "the AWS credentials (%s) are over: renew them and run again",
			 x->credentials.source);
	return true;
}

/* --- the ports --- */

static struct service *service_of(struct aws *x, enum call_op op)
{
	if (op == CALL_GET_CALLER_IDENTITY)
		return &x->sts;
	return (op >= CALL_LIST_ANALYZERS && op <= CALL_GET_RECOMMENDATION) ||
			       op == CALL_UPDATE_FINDING
		       ? &x->analyzer
		       : &x->iam;
}

static void start(void *self, struct call *call)
{
	struct aws *x = self;
	struct request *r = arena_alloc(call->arena, sizeof *r);
	call->ok = false;
	call->attempts = 0;
	call->err = (struct err){.kind = ERR_NONE};
	r->aws = x;
	r->call = call;
	r->service = service_of(x, call->op);
	queue(x, r, 0);
}

static void start_read(void *self, struct call *call)
{
	if (call_writes(call->op))
		abort(); /* a reader was handed a write: a programming error */
	start(self, call);
}

/* C3: a queued call as it stands: what its last attempt said, or that there was none. */
static struct call *give_back(struct aws *x)
{
	struct request *r = x->queue;
	x->queue = r->next;
	if (r->call->err.kind == ERR_NONE)
		err_set(&r->call->err, ERR_UNAVAILABLE, "%s: interrupted before it was sent",
			call_name(r->call->op));
	return r->call;
}

static long http_wait(const struct aws *x, int64_t until_ms)
{
	int64_t due = next_due(x);
	int64_t rest = (due < until_ms ? due : until_ms) - now(x);
	return rest < 0 ? 0 : rest > 1000 ? 1000 : (long)rest;
}

static struct call *next(void *self, int64_t until_ms)
{
	struct aws *x = self;
	for (;;) {
		struct request *r;
		if (interrupted(x) && x->queue != NULL)
			return give_back(x);
		forget_far_dues(x);
		while ((r = take_ready(x)) != NULL)
			if (!send_request(r))
				return r->call;
		if (x->queue == NULL && x->sent == 0)
			return NULL;
		if (x->sent == 0) {
			int64_t due = next_due(x);
			x->clock->sleep_until(x->clock->self, due < until_ms ? due : until_ms);
		} else {
			struct http_exchange *done = http_next(x->http, http_wait(x, until_ms));
			if (done != NULL) {
				r = done->owner;
				x->sent--;
				if (settle(r))
					return r->call;
				continue;
			}
		}
		if (now(x) >= until_ms)
			return NULL;
	}
}

struct read_port aws_read_port(struct aws *aws)
{
	return (struct read_port){aws, start_read, next};
}

struct write_port aws_write_port(struct aws *aws)
{
	return (struct write_port){aws, start, next};
}

size_t aws_exchanges(const struct aws *aws)
{
	return aws->exchanges;
}

size_t aws_connections(const struct aws *aws)
{
	return http_connections_opened(aws->http);
}
