#include <string.h>

#include "cli.h"
#include "pare/str.h"
#include "pare/world.h"

enum { JSON_MAX_BYTES = 64 * 1024 * 1024 };

static void list_as_json(struct context *c, const struct rule_info *rule, size_t count)
{
	struct json_writer w = json_page(c->arena, JSON_MAX_BYTES);
	json_open(&w, '[');
	for (size_t i = 0; i < count; i++) {
		json_open(&w, '{');
		json_member_text(&w, "name", rule[i].name);
		json_member_text(&w, "about", rule[i].about);
		json_member_text(&w, "file", rule[i].file);
		json_member_text(&w, "sha256", rule[i].sha256);
		json_close(&w, '}');
	}
	json_close(&w, ']');
	say_json(&w);
}

static int list_rules(struct context *c, const struct str_list *paths)
{
	struct err e;
	struct rule_info *rule;
	size_t count;
	if (!rules_list(c->arena, paths, &rule, &count, &e)) {
		complain(&e);
		return exit_code_of(&e);
	}
	if (c->o->json) {
		list_as_json(c, rule, count);
		return EXIT_DONE;
	}
	for (size_t i = 0; i < count; i++) {
		say(c, BOLD, "%-18s", rule[i].name);
		say(c, PLAIN, " %s\n", rule[i].about);
		if (c->o->verbose)
			say(c, DIM, "%-18s %s  sha256 %s\n", "", rule[i].file, rule[i].sha256);
	}
	return EXIT_DONE;
}

static void tests_as_json(struct context *c, const struct rule_test *test, size_t count)
{
	struct json_writer w = json_page(c->arena, JSON_MAX_BYTES);
	json_open(&w, '[');
	for (size_t i = 0; i < count; i++) {
		json_open(&w, '{');
		json_member_text(&w, "file", test[i].file);
		json_member_text(&w, "name", test[i].name);
		json_member_text(&w, "rule", test[i].rule);
		json_member_bool(&w, "ok", test[i].ok);
		json_member_text(&w, "detail", test[i].detail);
		json_close(&w, '}');
	}
	json_close(&w, ']');
	say_json(&w);
}

static void tests_as_text(struct context *c, const struct rule_test *test, size_t count, size_t failed)
{
	for (size_t i = 0; i < count; i++) {
		if (test[i].ok && !c->o->verbose)
			continue;
		say(c, test[i].ok ? GREEN : RED, "%s", test[i].ok ? "ok    " : "FAILED");
		say(c, PLAIN, " %s: %s: %s%s%s\n", test[i].file, test[i].rule, test[i].name,
		    test[i].ok ? "" : ": ", test[i].ok ? "" : test[i].detail);
	}
	say(c, failed > 0 ? RED : PLAIN, "%zu rule tests passed, %zu failed\n", count - failed, failed);
}

static void note_untested(struct context *c, const struct rule_info *rule, size_t rule_count,
			  const struct rule_test *test, size_t count)
{
	for (size_t i = 0; i < rule_count; i++) {
		size_t k = 0;
		while (k < count && strcmp(test[k].rule, rule[i].name) != 0)
			k++;
		if (k == count)
			note(c, "pare: rule '%s' of '%s' has no test", rule[i].name, rule[i].file);
	}
}

static int test_rules(struct context *c, const struct str_list *paths)
{
	struct err e;
	struct rule_info *rule;
	struct rule_test *test;
	size_t rule_count, count, failed = 0;
	if (!rules_test(c->arena, paths, &rule, &rule_count, &test, &count, &e)) {
		complain(&e);
		return exit_code_of(&e);
	}
	for (size_t i = 0; i < count; i++)
		failed += !test[i].ok;
	if (c->o->json)
		tests_as_json(c, test, count);
	else
		tests_as_text(c, test, count, failed);
	if (count == 0) {
		err_set(&e, ERR_INPUT,
			"testing rules: no test was run; the tests of DIR/x.lua belong in DIR/tests/x_test.lua");
		complain(&e);
		return EXIT_FAILED;
	}
	note_untested(c, rule, rule_count, test, count);
	return failed > 0 ? EXIT_FAILED : EXIT_DONE;
}

int command_rules(struct arena *a, const struct options *o)
{
	struct context c;
	struct err e;
	struct str_list paths = {0};
	const char *verb = o->words.count > 0 ? o->words.item[0] : NULL;
	if (verb == NULL || (strcmp(verb, "list") != 0 && strcmp(verb, "test") != 0)) {
		err_set(&e, ERR_USAGE, "'pare rules': expected list or test behind it, got %s%s%s",
			verb != NULL ? "'" : "", verb != NULL ? verb : "nothing", verb != NULL ? "'" : "");
		complain(&e);
		return EXIT_USAGE;
	}
	bool ok = context_open(a, o, &c, &e);
	if (ok && o->words.count > 1)
		str_list_add(a, &paths, o->words.item[1]);
	else
		ok = ok && context_rules(&c, &paths, &e);
	if (!ok) {
		complain(&e);
		return exit_code_of(&e);
	}
	return strcmp(verb, "list") == 0 ? list_rules(&c, &paths) : test_rules(&c, &paths);
}
