#include <string.h>

#include "cli.h"
#include "pare/arn.h"
#include "pare/follow.h"
#include "pare/lock.h"
#include "pare/stop.h"
#include "pare/str.h"
#include "pare/verify.h"
#include "pare/world.h"

static enum style standing_style(enum standing s)
{
	switch (s) {
	case STANDING_APPLIED:
	case STANDING_ROLLED_BACK:
		return GREEN;
	case STANDING_BLOCKED:
	case STANDING_NEEDS_PERSON:
		return RED;
	case STANDING_APPROVED:
	case STANDING_APPLYING:
		return YELLOW;
	default:
		return PLAIN;
	}
}

/* Said before anything else; what cannot be looked at is said, too. */
static const char *stop_order(struct context *c, const struct review_port *review)
{
	struct stop stop;
	struct err e;
	if (review == NULL)
		return NULL;
	if (!stop_read(c->arena, review, &c->config, &stop, &e))
		return arena_strdup(c->arena, e.message);
	if (!stop.ordered)
		return NULL;
	return str_printf(c->arena, "a stop is ordered by %s%s%s: no executor writes", stop.by,
			  stop.reason != NULL ? ": " : "", stop.reason != NULL ? stop.reason : "");
}

struct locks {
	struct lock_seen *item;
	size_t count;
};

static const struct lock_seen *lock_of(const struct locks *l, const char *account)
{
	for (size_t i = 0; i < l->count; i++)
		if (str_equal(l->item[i].account, account))
			return &l->item[i];
	return NULL;
}

static void lock_json(struct json_writer *w, const struct lock_seen *x)
{
	if (x == NULL) {
		json_member_text(w, "lock", NULL);
		return;
	}
	json_key(w, "lock");
	json_open(w, '{');
	json_member_text(w, "holder", x->host);
	json_member_text(w, "until", x->until);
	json_member_bool(w, "over", x->over);
	json_member_bool(w, "own", x->own);
	json_close(w, '}');
}

static void say_lock(const struct context *c, const struct lock_seen *x)
{
	say(c, YELLOW, "account %s  locked", x->account);
	if (x->host == NULL)
		say(c, PLAIN, " by a holder whose name cannot be read: look at refs/pare/locks/%s\n", x->account);
	else if (x->over)
		say(c, PLAIN, " by '%s' until %s, which is over: the next 'pare apply' takes it\n", x->host, x->until);
	else if (x->own)
		say(c, PLAIN, " by a run of this state folder, on '%s', until %s at the latest; if it died, 'pare apply' "
		    "here goes on at once\n", x->host, x->until);
	else
		say(c, PLAIN, " by '%s' until %s at the latest\n", x->host, x->until);
}

static void finding_json(struct json_writer *w, const char *id, const struct followed *f)
{
	json_key(w, "finding");
	json_open(w, '{');
	json_member_text(w, "id", id);
	json_member_text(w, "status", f != NULL ? f->status : NULL);
	json_member_text(w, "updatedAt", f != NULL ? f->updated_at : NULL);
	json_member_text(w, "checkedAt", f != NULL ? f->checked_at : NULL);
	json_member_text(w, "remainder", f != NULL ? f->remainder : NULL);
	json_close(w, '}');
}

static void say_finding(const struct context *c, const struct plan_status *s, const struct followed *f)
{
	if (s->after_plan != NULL)
		say(c, DIM, "    after plan %s of %s\n", s->after_plan, s->after_at);
	if (f == NULL || s->standing != STANDING_APPLIED)
		return;
	say(c, PLAIN, "    finding %s ", s->finding);
	say(c, strcmp(f->status, "RESOLVED") == 0 ? GREEN : YELLOW, "%s", f->status);
	say(c, DIM, " as of %s\n", f->checked_at);
	if (f->remainder != NULL)
		say(c, PLAIN, "    the remainder is open as finding %s, after this plan: 'pare plan --finding %s'\n",
		    f->remainder, f->remainder);
}

/* --- following the findings --- */

enum { REFRESH_GAP_MS = 15000 };

static bool refresh_once(struct context *c, const struct read_port *aws, const struct plan_status *s,
			 size_t count, size_t *open, struct err *e)
{
	size_t failed;
	struct err why = {.kind = ERR_NONE};
	if (!follow_refresh(c->arena, aws, &c->store, s, count, c->clock.now_ms(c->clock.self), open, &failed,
			    &why)) {
		*e = why;
		return false;
	}
	if (failed > 0)
		note(c, "pare: %zu findings could not be asked about: %s", failed, why.message);
	return true;
}

/* Access Analyzer evaluates again when it does, within a day: the wait has an end of its own. */
static bool refresh(struct context *c, const struct plan_status *s, size_t count, struct err *e)
{
	struct accounts accounts;
	struct account_access own;
	struct arn arn = {.region = NULL};
	size_t open = 0;
	const char *analyzer = c->config.analyzer;
	for (size_t i = 0; i < count && analyzer == NULL; i++)
		analyzer = s[i].analyzer;
	if (analyzer != NULL && !arn_parse(c->arena, analyzer, &arn, e))
		return false;
	if (!accounts_open(c, arn.region, &accounts, e))
		return false;
	account_own(&accounts, &own);
	for (size_t i = 0; i < count; i++)
		if (s[i].analyzer != NULL &&
		    !account_route(&accounts, c->arena, &own, "pare-status", s[i].analyzer, e))
			return false;
	struct read_port reads = aws_read_port(own.aws);
	int64_t until = c->clock.now_ms(c->clock.self) + (int64_t)c->o->wait_s * 1000;
	while (refresh_once(c, &reads, s, count, &open, e)) {
		int64_t now = c->clock.now_ms(c->clock.self);
		if (open == 0 || now >= until || c->clock.interrupted(c->clock.self))
			return true;
		c->progress.step(c->progress.self, "waiting for findings to resolve", count - open, count);
		c->clock.sleep_until(c->clock.self, now + REFRESH_GAP_MS < until ? now + REFRESH_GAP_MS : until);
	}
	return false;
}

static bool read_followed(struct context *c, const struct plan_status *s, size_t count,
			  struct followed ***out, struct err *e)
{
	*out = arena_array(c->arena, count + 1, sizeof(struct followed *));
	for (size_t i = 0; i < count; i++)
		if (s[i].standing == STANDING_APPLIED &&
		    !follow_known(c->arena, &c->store, s[i].id, &(*out)[i], e))
			return false;
	return true;
}

static void status_json(struct arena *a, const struct plan_status *s, size_t count,
			const struct locks *locks, struct followed **followed, const char *stop)
{
	struct json_writer w = json_page(a, 64u * 1024 * 1024);
	json_open(&w, '[');
	for (size_t i = 0; i < count; i++) {
		json_open(&w, '{');
		json_member_text(&w, "plan", s[i].id);
		json_member_text(&w, "digest", s[i].digest);
		json_member_text(&w, "account", s[i].account);
		json_member_text(&w, "principal", s[i].principal_arn);
		json_member_text(&w, "standing", standing_name(s[i].standing));
		json_member_text(&w, "detail", s[i].detail);
		json_member_text(&w, "run", s[i].run);
		json_member_text(&w, "afterPlan", s[i].after_plan);
		json_member_text(&w, "afterPlanAt", s[i].after_at);
		finding_json(&w, s[i].finding, followed[i]);
		json_member_integer(&w, "stepsDone", (int64_t)s[i].steps_done);
		json_member_integer(&w, "steps", (int64_t)s[i].step_count);
		lock_json(&w, lock_of(locks, s[i].account));
		json_member_text(&w, "stop", stop);
		json_close(&w, '}');
	}
	json_close(&w, ']');
	say_json(&w);
}

int command_status(struct arena *a, const struct options *o)
{
	struct context c;
	struct review_port review;
	struct locks locks = {0};
	struct plan_status *s;
	size_t count;
	struct err e;
	if (o->wait_s > 0 && !o->refresh) {
		err_set(&e, ERR_USAGE, "'--wait' goes with '--refresh'");
		complain(&e);
		return exit_code_of(&e);
	}
	if (!context_open(a, o, &c, &e)) {
		complain(&e);
		return exit_code_of(&e);
	}
	/* Without a review repository, or with one that is out of reach, the state folder still
	 * tells what this machine knows. */
	const struct review_port *r = NULL;
	if (c.config.repository.url != NULL) {
		if (context_review(&c, &review, &e) && review.fetch(review.self, &e))
			r = &review;
		else
			note(&c, "pare: %s; showing what this machine knows", e.message);
	}
	if (r != NULL && !locks_read(a, r, &c.store, c.now_ms, &locks.item, &locks.count, &e)) {
		complain(&e);
		return exit_code_of(&e);
	}
	struct approval_port approvals;
	struct forge_port forge;
	context_approvals(&c, r, &forge, &approvals);
	if (!status_read(a, &c.store, r, &approvals, &c.config, c.now_ms, &s, &count, &e)) {
		complain(&e);
		return exit_code_of(&e);
	}
	struct followed **followed;
	if ((o->refresh && !refresh(&c, s, count, &e)) || !read_followed(&c, s, count, &followed, &e)) {
		complain(&e);
		return exit_code_of(&e);
	}
	const char *stop = stop_order(&c, r);
	if (o->json) {
		status_json(a, s, count, &locks, followed, stop);
		if (stop != NULL)
			note(&c, "pare: %s", stop);
		return EXIT_DONE;
	}
	if (stop != NULL)
		say(&c, RED, "%s\n", stop);
	for (size_t i = 0; i < locks.count; i++)
		say_lock(&c, &locks.item[i]);
	for (size_t i = 0; i < count; i++) {
		say(&c, PLAIN, "%s  ", s[i].id);
		say(&c, standing_style(s[i].standing), "%-15s", standing_name(s[i].standing));
		say(&c, PLAIN, " %zu/%zu steps  %s", s[i].steps_done, s[i].step_count,
		    s[i].detail != NULL ? s[i].detail : "");
		say(&c, DIM, "%s%s\n", s[i].run != NULL ? "  run " : "", s[i].run != NULL ? s[i].run : "");
		say_finding(&c, &s[i], followed[i]);
	}
	if (count == 0)
		say(&c, PLAIN, "no plans yet; run 'pare plan'\n");
	return EXIT_DONE;
}
