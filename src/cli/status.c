#include "cli.h"
#include "pare/str.h"
#include "pare/verify.h"

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

static void status_json(struct arena *a, const struct plan_status *s, size_t count)
{
	struct buf *b = buf_new(a, 64u * 1024 * 1024);
	struct json_writer w;
	json_start(&w, b, false);
	json_open(&w, '[');
	for (size_t i = 0; i < count; i++) {
		json_open(&w, '{');
		json_member_text(&w, "plan", s[i].id);
		json_member_text(&w, "digest", s[i].digest);
		json_member_text(&w, "account", s[i].account);
		json_member_text(&w, "principal", s[i].principal_arn);
		json_member_text(&w, "standing", standing_name(s[i].standing));
		json_member_text(&w, "detail", s[i].detail);
		json_member_integer(&w, "stepsDone", (int64_t)s[i].steps_done);
		json_member_integer(&w, "steps", (int64_t)s[i].step_count);
		json_close(&w, '}');
	}
	json_close(&w, ']');
	buf_putc(b, '\n');
	say_raw(b->data, b->len);
}

int command_status(struct arena *a, const struct options *o)
{
	struct context c;
	struct review_port review;
	struct plan_status *s;
	size_t count;
	struct err e;
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
	if (!status_read(a, &c.store, r, &c.config, c.now_ms, &s, &count, &e)) {
		complain(&e);
		return exit_code_of(&e);
	}
	if (o->json) {
		status_json(a, s, count);
		return EXIT_DONE;
	}
	for (size_t i = 0; i < count; i++) {
		say(&c, PLAIN, "%s  ", s[i].id);
		say(&c, standing_style(s[i].standing), "%-15s", standing_name(s[i].standing));
		say(&c, PLAIN, " %zu/%zu steps  %s\n", s[i].steps_done, s[i].step_count,
		    s[i].detail != NULL ? s[i].detail : "");
	}
	if (count == 0)
		say(&c, PLAIN, "no plans yet; run 'pare plan'\n");
	return EXIT_DONE;
}
