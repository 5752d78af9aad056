/* aws: calls over HTTP: queued, sent, answered, and sent again where that is safe (retry.c).
 *
 * A call is QUEUED (until it is due), then SENT, then answered; a retry queues it again.
 *
 * C1  A write leaves this machine at most once an attempt, and an attempt follows another only when
 *     the one before certainly did nothing.
 * C2  One pace a service (pace.h), for everything that is asked of it in a run: how many requests
 *     are under way, how many a second are sent, and when none is.
 * C3  Once a signal was seen nothing more is sent: what is under way is waited for, what is queued
 *     is given back unsent.
 * C4  Writes go before reads, and what was sent before goes before what was not. */
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "aws_private.h"
#include "pare/digest.h"
#include "pare/pace.h"
#include "pare/str.h"
#include "pare/version.h"

/* To the Access Analyzer of another account or region. */
struct route {
	const char *account, *region;
	struct credential_chain *credentials; /* NULL: refused */
	struct err refused;
	struct aws_places places;
	struct pace pace;
	struct retry_rate rate;
	struct route *next;
};

struct request {
	struct aws *aws;
	struct call *call;
	struct route *route; /* NULL: the account's own services */
	struct pace *pace;
	struct arena *arena; /* of one attempt */
	struct http_exchange exchange;
	int64_t due_ms, sent_ms, signed_offset_ms;
	struct retry_rate *rate; /* NULL: not adaptive */
	const char *key_id; /* that it was signed with */
	bool skew_tried, renew_tried;
	int cost; /* of the last retry, in the bucket's tokens */
	struct request *next;
};

struct aws {
	struct arena *arena;
	const struct clock_port *clock;
	const struct progress_port *progress;
	struct http *http;
	struct credential_chain *credentials;
	struct aws_places places;
	struct retry retry;
	bool verbose;
	size_t per_service; /* requests at once */
	int64_t offset_ms; /* AWS's clock minus ours */
	const char *account; /* named in errors, or NULL */
	struct route *routes;
	struct request *queue; /* not sent, by due_ms */
	struct request *answered, **last_answered; /* to be handed out, the oldest first */
	struct pace iam, analyzer, sts;
	struct retry_rate rate[3]; /* of iam, analyzer, sts */
	size_t sent;
	size_t exchanges;
};

/* AWS's user agent form; what does not fit a token becomes '-'. */
static const char *user_agent(struct arena *a, const struct profile_set *set)
{
	struct utsname u;
	if (uname(&u) != 0)
		return "pare/" PARE_VERSION;
	char *text = str_printf(a, "pare/%s ua/2.1 os/linux#%s md/arch#%s lang/c#c11", PARE_VERSION,
				u.release, u.machine);
	const char *app = profile_setting(set, "AWS_SDK_UA_APP_ID", "sdk_ua_app_id");
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
	http->user_agent = user_agent(x->arena, set);
	http->ca_bundle = arena_strdup(x->arena, profile_setting(set, "AWS_CA_BUNDLE", "ca_bundle"));
	if (http->ca_bundle != NULL && access(http->ca_bundle, R_OK) != 0)
		return err_set(e, ERR_USAGE, "AWS_CA_BUNDLE '%s': it cannot be read",
			       http->ca_bundle);
	if (!retry_setting(set, s->max_attempts, &x->retry, e))
		return false;
	for (size_t i = 0; i < 3; i++)
		if (!endpoint_of(x->arena, names[i], s->region, set, places[i], e))
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
	x->last_answered = &x->answered;
	x->progress = s->progress;
	x->verbose = s->verbose;
	x->account = arena_strdup(a, s->account);
	if (s->concurrency > 0)
		http.connections_per_host = s->concurrency;
	x->per_service = http.connections_per_host;
	struct pace *all[] = {&x->iam, &x->analyzer, &x->sts};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		pace_open(all[i], http.connections_per_host, clock->now_ms(clock->self));
	const struct credential_setting keys = {
		.region = s->region, .clock = clock, .progress = s->progress};
	x->credentials = s->credentials != NULL ? s->credentials : credentials_open(a, &keys);
	for (size_t i = 0; i < 3; i++)
		rate_open(&x->rate[i], clock->now_ms(clock->self));
	bool ok = profile_read(scratch, &set, e) && read_settings(x, s, &set, &http, e) &&
		  credentials_get(x->credentials, e) != NULL;
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
	return r->due_ms <= at_ms && pace_due_ms(r->pace, at_ms) <= at_ms &&
	       (r->rate == NULL || rate_due_ms(r->rate, at_ms) <= at_ms);
}

/* What was read before a write is as fresh as the write is prompt. What was sent before has waited. */
static int rank(const struct request *r)
{
	return 2 * call_writes(r->call->op) + (r->call->attempts > 0);
}

/* The one of those that may be sent now that goes first, taken out; NULL when none may. */
static struct request *take_ready(struct aws *x)
{
	int64_t at_ms = now(x);
	struct request **best = NULL;
	for (struct request **at = &x->queue; *at != NULL; at = &(*at)->next)
		if ((best == NULL || rank(*at) > rank(*best)) && ready(*at, at_ms))
			best = at;
	if (best == NULL)
		return NULL;
	struct request *r = *best;
	*best = r->next;
	return r;
}

/* When something queued may become ready by time alone. */
static int64_t next_due(const struct aws *x)
{
	int64_t next = INT64_MAX, at_ms = now(x);
	for (const struct request *r = x->queue; r != NULL; r = r->next) {
		int64_t pace = pace_due_ms(r->pace, at_ms);
		int64_t due = r->due_ms > pace ? r->due_ms : pace;
		int64_t rate = r->rate != NULL ? rate_due_ms(r->rate, at_ms) : due;
		due = rate > due ? rate : due;
		next = due < next ? due : next;
	}
	return next;
}

/* The clock was set back: nothing waits longer than the longest delay there is. */
static void forget_far_dues(struct aws *x)
{
	enum { LONGEST_MS = 301000 };
	int64_t at_ms = now(x);
	for (struct request *r = x->queue; r != NULL; r = r->next)
		if (r->due_ms - at_ms > LONGEST_MS)
			r->due_ms = at_ms;
}

/* --- one attempt --- */

static struct credential_chain *chain_of(const struct request *r)
{
	return r->route != NULL ? r->route->credentials : r->aws->credentials;
}

/* NULL: call->err. That another account lets us not in says nothing of our own keys: the code tells
 * the two apart. */
static const struct credentials *keys_of(const struct request *r)
{
	struct err *e = &r->call->err;
	if (r->route == NULL)
		return credentials_get(r->aws->credentials, e);
	const struct credentials *keys = NULL;
	if (r->route->credentials != NULL)
		keys = credentials_get(r->route->credentials, e);
	else
		*e = r->route->refused;
	if (keys == NULL && e->kind == ERR_AUTH && e->code[0] == '\0')
		snprintf(e->code, sizeof e->code, "AccessDenied");
	if (keys == NULL)
		err_wrap(e, "%s in account %s", call_name(r->call->op), r->route->account);
	return keys;
}

static bool send_request(struct request *r)
{
	struct aws *x = r->aws;
	struct call *c = r->call;
	r->arena = arena_new(x->arena);
	r->signed_offset_ms = x->offset_ms;
	c->err = (struct err){.kind = ERR_NONE};
	const struct credentials *keys = keys_of(r);
	const struct aws_places *places = r->route != NULL ? &r->route->places : &x->places;
	r->key_id = keys != NULL ? arena_strdup(c->arena, keys->access_key_id) : NULL;
	if (keys == NULL || !aws_request(r->arena, c, places, keys, now(x) + x->offset_ms,
					 &r->exchange, &c->err)) {
		c->ok = false;
		arena_free(r->arena);
		return false;
	}
	r->exchange.owner = r;
	if (r->rate != NULL)
		rate_sent(r->rate, now(x));
	r->sent_ms = now(x);
	pace_sent(r->pace, r->sent_ms);
	c->attempts++;
	x->sent++;
	x->exchanges++;
	http_start(x->http, &r->exchange);
	return true;
}

/* Good answers and plain refusals alike say that the service takes requests. */
static enum pace_answer pace_answer_of(const struct call *c)
{
	if (c->ok)
		return PACE_ACCEPTED;
	if (c->err.kind == ERR_THROTTLED)
		return PACE_THROTTLED;
	return c->err.code[0] != '\0' && c->err.kind != ERR_UNAVAILABLE && c->err.kind != ERR_UNCERTAIN
		       ? PACE_ACCEPTED
		       : PACE_NEITHER;
}

static bool expired(const struct call *c)
{
	return str_starts(c->err.code, "ExpiredToken");
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
	/* Refused before it was looked at: nothing happened, whatever it was. */
	if (!r->renew_tried && expired(c) && credentials_renew(chain_of(r), r->key_id)) {
		r->renew_tried = true;
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
	return retry_after_ms(&x->retry, &r->exchange,
			      retry_delay_ms(&x->retry, cause, c->attempts, random));
}

/* true: the call is answered; false: it was queued again. */
static bool settle(struct request *r)
{
	struct aws *x = r->aws;
	struct call *c = r->call;
	aws_answer(c, &r->exchange);
	if (r->rate != NULL)
		rate_answered(r->rate, c->err.kind == ERR_THROTTLED, now(x));
	pace_answered(r->pace, pace_answer_of(c), r->sent_ms, now(x), retry_after_ms(&x->retry, &r->exchange, 0));
	if (c->ok)
		retry_give(&x->retry, r->cost);
	int64_t wait = c->ok ? -1 : wait_ms(r);
	if (x->verbose && wait >= 0 && x->progress != NULL)
		x->progress->note(x->progress->self,
				  str_printf(r->arena,
					     "retrying in %lld ms (%u sent, %d of 500 retry tokens left): %s",
					     (long long)wait, c->attempts, x->retry.tokens,
					     c->err.message));
	arena_free(r->arena);
	if (wait >= 0) {
		queue(x, r, now(x) + wait);
		return false;
	}
	struct err ignored;
	const struct credentials *keys = !c->ok && expired(c)
						 ? credentials_get(chain_of(r), &ignored)
						 : NULL;
	if (!c->ok && expired(c))
		err_wrap(&c->err, "the AWS credentials (%s) are over: renew them and run again",
			 keys != NULL ? keys->source : "none are left");
	const char *account = r->route != NULL ? r->route->account : x->account;
	if (!c->ok && account != NULL)
		err_wrap(&c->err, "in account %s", account);
	return true;
}

/* --- the ports --- */

static struct pace *pace_of(struct aws *x, enum call_op op)
{
	if (op == CALL_GET_CALLER_IDENTITY)
		return &x->sts;
	return (op >= CALL_LIST_ANALYZERS && op <= CALL_GET_RECOMMENDATION) ||
			       op == CALL_UPDATE_FINDING
		       ? &x->analyzer
		       : &x->iam;
}

/* Does the ARN have this region and account? "arn:aws:access-analyzer:REGION:ACCOUNT:…" */
static bool leads(const struct route *r, const char *arn)
{
	for (int colons = 0; *arn != '\0' && colons < 3; arn++)
		colons += *arn == ':';
	size_t region = strcspn(arn, ":"), account = arn[region] == ':' ? strcspn(arn + region + 1, ":") : 0;
	return region == strlen(r->region) && account == strlen(r->account) &&
	       memcmp(arn, r->region, region) == 0 && memcmp(arn + region + 1, r->account, account) == 0;
}

static struct route *route_of(const struct aws *x, const struct call *c)
{
	struct route *r = x->routes;
	while (r != NULL && (c->analyzer == NULL || !leads(r, c->analyzer)))
		r = r->next;
	return r;
}

bool aws_route(struct aws *x, const struct aws_route *to, struct err *e)
{
	for (const struct route *r = x->routes; r != NULL; r = r->next)
		if (strcmp(r->account, to->account) == 0 && strcmp(r->region, to->region) == 0)
			return true;
	struct arena *scratch = arena_new(NULL);
	struct profile_set set = {0};
	struct route *r = arena_alloc(x->arena, sizeof *r);
	r->account = arena_strdup(x->arena, to->account);
	r->region = arena_strdup(x->arena, to->region);
	r->credentials = to->credentials;
	if (to->refused != NULL)
		r->refused = *to->refused;
	r->places = x->places;
	bool ok = r->credentials == NULL ||
		  (profile_read(scratch, &set, e) &&
		   endpoint_of(x->arena, "accessanalyzer", r->region, &set, &r->places.analyzer, e));
	arena_free(scratch);
	if (!ok)
		return false;
	pace_open(&r->pace, x->per_service, now(x));
	rate_open(&r->rate, now(x));
	r->next = x->routes;
	x->routes = r;
	return true;
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
	r->route = route_of(x, call);
	r->pace = r->route != NULL ? &r->route->pace : pace_of(x, call->op);
	if (x->retry.adaptive && r->route != NULL)
		r->rate = &r->route->rate;
	else if (x->retry.adaptive)
		r->rate = &x->rate[r->pace == &x->iam ? 0 : r->pace == &x->analyzer ? 1 : 2];
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

static void hold_answered(struct request *r)
{
	r->next = NULL;
	*r->aws->last_answered = r;
	r->aws->last_answered = &r->next;
}

static struct call *hand_out(struct aws *x)
{
	struct request *r = x->answered;
	x->answered = r->next;
	if (x->answered == NULL)
		x->last_answered = &x->answered;
	return r->call;
}

/* Sends what may be sent; true: something was. */
static bool send_ready(struct aws *x)
{
	struct request *r;
	bool any = false;
	forget_far_dues(x);
	while ((r = take_ready(x)) != NULL) {
		if (send_request(r))
			any = true;
		else
			hold_answered(r);
	}
	return any;
}

/* Takes the answers that are here, and where there are none waits for one. What follows them is on its
 * way before they are handed out: the caller has work with each, and no connection waits for it. */
static void take_answers(struct aws *x, int64_t until_ms)
{
	while (x->sent > 0) {
		struct http_exchange *done =
			http_next(x->http, x->answered != NULL ? 0 : http_wait(x, until_ms));
		if (done == NULL)
			return;
		struct request *r = done->owner;
		x->sent--;
		if (settle(r))
			hold_answered(r);
		if (interrupted(x))
			return;
		send_ready(x);
	}
}

static struct call *next(void *self, int64_t until_ms)
{
	struct aws *x = self;
	for (;;) {
		if (interrupted(x) && x->queue != NULL)
			return give_back(x);
		bool sent = send_ready(x);
		if (x->answered != NULL && !sent)
			return hand_out(x);
		if (x->queue == NULL && x->sent == 0)
			return NULL;
		if (x->sent > 0) {
			take_answers(x, until_ms);
		} else {
			int64_t due = next_due(x);
			x->clock->sleep_until(x->clock->self, due < until_ms ? due : until_ms);
		}
		if (x->answered != NULL)
			return hand_out(x);
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

const struct aws_endpoint *aws_endpoint_of(const struct aws *aws, const char *service)
{
	return strcmp(service, "iam") == 0   ? &aws->places.iam
	       : strcmp(service, "sts") == 0 ? &aws->places.sts
					     : &aws->places.analyzer;
}

size_t aws_exchanges(const struct aws *aws)
{
	return aws->exchanges;
}

size_t aws_connections(const struct aws *aws)
{
	return http_connections_opened(aws->http);
}
