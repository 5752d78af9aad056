#include "cli.h"
#include "pare/str.h"

static int show_one(struct context *c, const char *word)
{
	struct err e;
	struct kept_plan k;
	if (!kept_plan_find(c, word, &k, &e)) {
		complain(&e);
		return exit_code_of(&e);
	}
	if (c->o->inverse_commands)
		view_inverse_commands(c, k.plan);
	else if (c->o->json)
		say_raw(k.plan->bytes, k.plan->len);
	else
		view_plan(c, k.plan, k.before);
	return EXIT_DONE;
}

static void list_json(struct context *c, const struct kept_plan *all, size_t count)
{
	struct json_writer w = json_page(c->arena, 16u * 1024 * 1024);
	json_open(&w, '[');
	for (size_t i = 0; i < count; i++) {
		json_open(&w, '{');
		json_member_text(&w, "id", all[i].plan->id);
		json_member_text(&w, "digest", all[i].plan->digest);
		json_member_text(&w, "principal", all[i].plan->principal.arn);
		json_member_bool(&w, "allGatesPass", plan_all_pass(all[i].plan));
		json_close(&w, '}');
	}
	json_close(&w, ']');
	say_json(&w);
}

int command_show(struct arena *a, const struct options *o)
{
	struct context c;
	struct err e;
	struct kept_plan *all;
	size_t count;
	if (!context_open(a, o, &c, &e)) {
		complain(&e);
		return exit_code_of(&e);
	}
	if (o->inverse_commands && o->words.count == 0) {
		err_set(&e, ERR_USAGE, "'pare show --inverse-commands': expected a plan or a role");
		complain(&e);
		return EXIT_USAGE;
	}
	if (o->words.count > 0)
		return show_one(&c, o->words.item[0]);
	if (!kept_plans(&c, &all, &count, &e)) {
		complain(&e);
		return exit_code_of(&e);
	}
	if (o->json) {
		list_json(&c, all, count);
		return EXIT_DONE;
	}
	for (size_t i = 0; i < count; i++)
		say(&c, PLAIN, "%s  %.12s  %s  %s\n", all[i].plan->id, all[i].plan->digest,
		    plan_all_pass(all[i].plan) ? "ready  " : "blocked", all[i].plan->principal.name);
	if (count == 0)
		say(&c, PLAIN, "no plans in '%s'; run 'pare plan' first\n", c.state_dir);
	return EXIT_DONE;
}
