#include <string.h>

#include "cli.h"
#include "pare/str.h"
#include "pare/version.h"

static void say_options(const struct context *c, const struct command *only)
{
	struct arena *scratch = arena_new(NULL);
	for (size_t i = 0; option_at(i) != NULL; i++) {
		const struct option_row *row = option_at(i);
		if (only == NULL ? !row->global : row->global)
			continue;
		if (only != NULL) {
			const char *at = strstr(only->options, row->name);
			size_t len = strlen(row->name);
			if (at == NULL || (at[len] != '\0' && at[len] != ' '))
				continue;
		}
		const char *text = str_printf(scratch, "%s%s%s%s%s", row->letter != NULL ? row->letter : "",
					      row->letter != NULL ? ", " : "", row->name,
					      row->value != NULL ? " " : "",
					      row->value != NULL ? row->value : "");
		say(c, PLAIN, "  %-24s %s\n", text, row->help);
	}
	arena_free(scratch);
}

static void help_all(const struct context *c)
{
	say(c, PLAIN, "pare applies IAM Access Analyzer's unused-access recommendations: exempted by rules,\n"
		      "proved safe, reviewed in git, journaled, reversible.\n\n"
		      "usage: pare [options] COMMAND …\n\n");
	say(c, BOLD, "commands\n");
	for (size_t i = 0; command_at(i) != NULL; i++)
		say(c, PLAIN, "  %-10s %s\n", command_at(i)->name, command_at(i)->summary);
	say(c, BOLD, "\noptions for every command\n");
	say_options(c, NULL);
	say(c, BOLD, "\nexit codes\n");
	say(c, PLAIN, "  0 done   1 failed, nothing changed   2 usage or configuration   3 refused\n"
		      "  4 a proof could not decide; apply: failed and rolled back\n"
		      "  5 a person must look   10 plan --detailed-exitcode: plans exist\n"
		      "  130 interrupted, resumable\n");
}

int command_help(struct arena *a, const struct options *o)
{
	struct context c = {.arena = a, .o = o};
	struct err e;
	if (o->words.count == 0 || strcmp(o->words.item[0], "help") == 0) {
		help_all(&c);
		return EXIT_DONE;
	}
	const struct command *command = command_find(o->words.item[0]);
	if (command == NULL) {
		err_set(&e, ERR_USAGE, "no command '%s': 'pare help' lists them", o->words.item[0]);
		complain(&e);
		return EXIT_USAGE;
	}
	say(&c, PLAIN, "usage: pare %s %s\n\n%s\n", command->name, command->arguments, command->summary);
	if (command->options[0] != '\0')
		say(&c, PLAIN, "\n");
	say_options(&c, command);
	return EXIT_DONE;
}

int command_version(struct arena *a, const struct options *o)
{
	struct context c = {.arena = a, .o = o};
	const struct catalog *catalog = context_catalog(a, o, NULL);
	if (o->json) {
		struct json_writer w = json_page(a, 4096);
		json_open(&w, '{');
		json_member_text(&w, "version", PARE_VERSION);
		json_member_text(&w, "catalog", catalog_date(catalog));
		json_close(&w, '}');
		say_json(&w);
		return EXIT_DONE;
	}
	say(&c, PLAIN, "pare %s\naction catalogue of %s, %zu services\n", PARE_VERSION,
	    catalog_date(catalog), catalog_service_count(catalog));
	return EXIT_DONE;
}
