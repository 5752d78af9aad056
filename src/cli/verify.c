#include "cli.h"
#include "pare/verify.h"

static void verify_json(struct arena *a, const struct verify_line *line, size_t count)
{
	struct json_writer w = json_page(a, 64u * 1024 * 1024);
	json_open(&w, '[');
	for (size_t i = 0; i < count; i++) {
		json_open(&w, '{');
		json_member_text(&w, "subject", line[i].subject);
		json_member_bool(&w, "ok", line[i].ok);
		json_member_text(&w, "detail", line[i].detail);
		json_close(&w, '}');
	}
	json_close(&w, ']');
	say_json(&w);
}

int command_verify(struct arena *a, const struct options *o)
{
	struct context c;
	struct review_port review;
	struct verify_line *line;
	size_t count, broken = 0;
	struct err e;
	if (!context_open(a, o, &c, &e) || !context_review(&c, &review, &e) ||
	    !review.fetch(review.self, &e) ||
	    !verify_chain(a, &review, &c.store, &c.config, &line, &count, &e)) {
		complain(&e);
		return exit_code_of(&e);
	}
	for (size_t i = 0; i < count; i++)
		broken += !line[i].ok;
	if (o->json) {
		verify_json(a, line, count);
		return broken > 0 ? EXIT_REFUSED : EXIT_DONE;
	}
	for (size_t i = 0; i < count; i++) {
		say(&c, line[i].ok ? GREEN : RED, "%-7s", line[i].ok ? "holds" : "BROKEN");
		say(&c, PLAIN, " %s: %s\n", line[i].subject, line[i].detail);
	}
	say(&c, BOLD, "%zu links checked, %zu broken\n", count, broken);
	return broken > 0 ? EXIT_REFUSED : EXIT_DONE;
}
