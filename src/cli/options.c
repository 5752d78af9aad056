#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "pare/str.h"

enum { CONCURRENCY_MAX = 64 };

static const struct option_row rows[] = {
	{"--config", NULL, "FILE", "read the configuration from FILE",
	 offsetof(struct options, config), OPTION_TEXT, true},
	{"--state", NULL, "DIR", "keep plans, journals and the mirror in DIR",
	 offsetof(struct options, state), OPTION_TEXT, true},
	{"--json", NULL, NULL, "print JSON instead of text", offsetof(struct options, json),
	 OPTION_SWITCH, true},
	{"--color", NULL, "WHEN", "auto, always or never", offsetof(struct options, color),
	 OPTION_TEXT, true},
	{"--now", NULL, "TIME", "take TIME for the present, for reproducible plans",
	 offsetof(struct options, now), OPTION_TEXT, true},
	{"--verbose", "-v", NULL, "say more on standard error", offsetof(struct options, verbose),
	 OPTION_SWITCH, true},
	{"--quiet", "-q", NULL, "say only errors on standard error", offsetof(struct options, quiet),
	 OPTION_SWITCH, true},
	{"--help", "-h", NULL, "explain the command", offsetof(struct options, help), OPTION_SWITCH,
	 true},
	{"--analyzer", NULL, "ARN", "the unused-access analyzer to read",
	 offsetof(struct options, analyzer), OPTION_TEXT, false},
	{"--findings", NULL, "PATH", "saved AWS CLI output: files, folders, or - ; no network",
	 offsetof(struct options, findings), OPTION_LIST, false},
	{"--account-state", NULL, "FILE", "saved `aws iam get-account-authorization-details`",
	 offsetof(struct options, account_state), OPTION_LIST, false},
	{"--role", NULL, "GLOB", "only roles and users whose name or ARN matches",
	 offsetof(struct options, role), OPTION_TEXT, false},
	{"--finding", NULL, "ID", "only this finding", offsetof(struct options, finding),
	 OPTION_TEXT, false},
	{"--limit", NULL, "N", "at most N findings", offsetof(struct options, limit), OPTION_COUNT,
	 false},
	{"--shard", NULL, "I/N", "only the principals of shard I (from 0) of N",
	 offsetof(struct options, shard), OPTION_TEXT, false},
	{"--queue", NULL, "URL", "the SQS queue with Access Analyzer's events",
	 offsetof(struct options, queue), OPTION_TEXT, false},
	{"--once", NULL, NULL, "one round: at most 10 messages, then end",
	 offsetof(struct options, once), OPTION_SWITCH, false},
	{"--visibility", NULL, "SECONDS", "how long a message is hidden at a time (300)",
	 offsetof(struct options, visibility), OPTION_COUNT, false},
	{"--detailed-exitcode", NULL, NULL, "exit 10 when there are plans",
	 offsetof(struct options, detailed_exitcode), OPTION_SWITCH, false},
	{"--all-analyzers", NULL, NULL, "every unused-access analyzer of the regions",
	 offsetof(struct options, all_analyzers), OPTION_SWITCH, false},
	{"--regions", NULL, "REGION", "with --all-analyzers: where to look; else the configured regions, or the environment's",
	 offsetof(struct options, regions), OPTION_LIST, false},
	{"--account", NULL, "ID", "only this account of an organization; may be repeated",
	 offsetof(struct options, account), OPTION_EACH, false},
	{"--ou", NULL, "OU-ID", "only accounts in this organizational unit or inside it; may be repeated",
	 offsetof(struct options, ou), OPTION_EACH, false},
	{"--account-tag", NULL, "KEY=VALUE", "only accounts with this tag in AWS Organizations; repeated: with all of them",
	 offsetof(struct options, account_tag), OPTION_EACH, false},
	{"--refresh", NULL, NULL, "ask Access Analyzer for the findings of applied plans",
	 offsetof(struct options, refresh), OPTION_SWITCH, false},
	{"--wait", NULL, "SECONDS", "with --refresh: until they are resolved, at most so long",
	 offsetof(struct options, wait_s), OPTION_COUNT, false},
	{"--old", NULL, "FILE", "policy documents before the change (files or a folder)",
	 offsetof(struct options, old_files), OPTION_LIST, false},
	{"--new", NULL, "FILE", "policy documents after the change (files or a folder)",
	 offsetof(struct options, new_files), OPTION_LIST, false},
	{"--unused", NULL, "FILE", "what may be lost: get-finding-v2 output or a list",
	 offsetof(struct options, unused), OPTION_TEXT, false},
	{"--repo", NULL, "URL", "the review repository", offsetof(struct options, repo), OPTION_TEXT,
	 false},
	{"--branch", NULL, "NAME", "its protected branch", offsetof(struct options, branch),
	 OPTION_TEXT, false},
	{"--forge", NULL, "NAME", "github, gitlab or gitea: open the pull request there; none: print its text",
	 offsetof(struct options, forge), OPTION_TEXT, false},
	{"--url", NULL, "URL", "where 'catalog update' reads the service reference",
	 offsetof(struct options, url), OPTION_TEXT, false},
	{"--from", NULL, "TIME", "changes that finished at this time or later",
	 offsetof(struct options, from), OPTION_TEXT, false},
	{"--to", NULL, "TIME", "changes that finished before this time", offsetof(struct options, to),
	 OPTION_TEXT, false},
	{"--csv", NULL, NULL, "print comma-separated values (RFC 4180)", offsetof(struct options, csv),
	 OPTION_SWITCH, false},
	{"--key", NULL, "FILE", "the SSH key to sign with: private, or public with its agent",
	 offsetof(struct options, key), OPTION_TEXT, false},
	{"--only", NULL, "ROLE", "approve these roles' plans alone", offsetof(struct options, only),
	 OPTION_LIST, false},
	{"--yes", NULL, NULL, "sign without being asked", offsetof(struct options, yes), OPTION_SWITCH,
	 false},
	{"--withdraw", NULL, NULL, "take one's own approval away again",
	 offsetof(struct options, withdraw), OPTION_SWITCH, false},
	{"--ticket", NULL, "ID", "the change ticket that the plans belong to",
	 offsetof(struct options, ticket), OPTION_TEXT, false},
	{"--dry-run", NULL, NULL, "say exactly what would be called, and call nothing that writes",
	 offsetof(struct options, dry_run), OPTION_SWITCH, false},
	{"--run", NULL, "RUN", "every plan of this run of apply, or of the last one",
	 offsetof(struct options, run_id), OPTION_TEXT, false},
	{"--untouched", NULL, NULL, "leave what a person changed since, and take back the rest",
	 offsetof(struct options, untouched), OPTION_SWITCH, false},
	{"--service", NULL, "PREFIX", "give back this service's actions only; may be repeated",
	 offsetof(struct options, services), OPTION_EACH, false},
	{"--action", NULL, "ACTION", "give back these actions only (s3:List*); may be repeated",
	 offsetof(struct options, actions), OPTION_EACH, false},
	{"--inverse-commands", NULL, NULL, "print the AWS CLI commands that undo the plan by hand",
	 offsetof(struct options, inverse_commands), OPTION_SWITCH, false},
	{"--max-changes", NULL, "N", "apply at most N plans", offsetof(struct options, max_changes),
	 OPTION_COUNT, false},
	{"--concurrency", NULL, "N", "at most N requests under way at a service (8; at most 64)",
	 offsetof(struct options, concurrency), OPTION_COUNT, false},
};

const struct option_row *option_at(size_t index)
{
	return index < sizeof rows / sizeof rows[0] ? &rows[index] : NULL;
}

static const struct option_row *row_of(const char *word, size_t len)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (strlen(rows[i].name) == len && strncmp(rows[i].name, word, len) == 0)
			return &rows[i];
		if (rows[i].letter != NULL && strlen(rows[i].letter) == len &&
		    strncmp(rows[i].letter, word, len) == 0)
			return &rows[i];
	}
	return NULL;
}

static bool unknown_option(const char *word, struct err *e)
{
	const char *names[sizeof rows / sizeof rows[0]];
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		names[i] = rows[i].name;
	const char *near = str_nearest(word, names, sizeof rows / sizeof rows[0]);
	if (near != NULL)
		return err_set(e, ERR_USAGE, "unknown option '%s': did you mean '%s'?", word, near);
	return err_set(e, ERR_USAGE, "unknown option '%s': see 'pare help'", word);
}

static bool count_parse(const char *name, const char *text, int64_t *out, struct err *e)
{
	char *end = NULL;
	long long value = strtoll(text, &end, 10);
	if (*text == '\0' || *end != '\0' || value < 1 || value > 1000000)
		return err_set(e, ERR_USAGE, "option '%s': expected a number from 1 to 1000000, got '%s'",
			       name, text);
	*out = value;
	return true;
}

static bool few_enough(const struct options *o, struct err *e)
{
	return o->concurrency <= CONCURRENCY_MAX ||
	       err_set(e, ERR_USAGE, "option '--concurrency': expected a number from 1 to %d, got '%lld'",
		       CONCURRENCY_MAX, (long long)o->concurrency);
}

static bool store(struct arena *a, struct options *o, const struct option_row *row,
		  const char *value, struct err *e)
{
	void *target = (char *)o + row->offset;
	switch (row->kind) {
	case OPTION_SWITCH:
		*(bool *)target = true;
		return true;
	case OPTION_TEXT:
		if (*value == '\0')
			return err_set(e, ERR_USAGE, "option '%s': expected %s, got nothing", row->name,
				       row->value);
		*(const char **)target = value;
		return true;
	case OPTION_EACH:
		if (*value == '\0')
			return err_set(e, ERR_USAGE, "option '%s': expected %s, got nothing", row->name,
				       row->value);
		str_list_add(a, target, value);
		return true;
	case OPTION_LIST:
		str_list_add(a, target, value);
		return true;
	case OPTION_COUNT:
		return count_parse(row->name, value, target, e);
	}
	return false;
}

static bool is_value(const char *word)
{
	return word != NULL && (word[0] != '-' || word[1] == '\0');
}

/* One option at argv[*i]; moves *i past its values. A list takes every word up to the next option,
 * so that --old a.json b.json --new c.json reads as people write it. */
static bool take_option(struct arena *a, int argc, char **argv, int *i, struct options *o,
			struct err *e)
{
	const char *word = argv[*i];
	const char *equals = strchr(word, '=');
	size_t len = equals != NULL ? (size_t)(equals - word) : strlen(word);
	const struct option_row *row = row_of(word, len);
	if (row == NULL)
		return unknown_option(word, e);
	if (row->kind == OPTION_SWITCH) {
		if (equals != NULL)
			return err_set(e, ERR_USAGE, "option '%s' takes no value", row->name);
		return store(a, o, row, "", e);
	}
	if (equals != NULL)
		return store(a, o, row, equals + 1, e);
	if (*i + 1 >= argc || !is_value(argv[*i + 1]))
		return err_set(e, ERR_USAGE, "option '%s': expected %s behind it", row->name, row->value);
	do {
		if (!store(a, o, row, argv[++*i], e))
			return false;
	} while (row->kind == OPTION_LIST && *i + 1 < argc && is_value(argv[*i + 1]));
	return true;
}

static bool option_given(const struct options *o, const struct option_row *row)
{
	const void *at = (const char *)o + row->offset;
	switch (row->kind) {
	case OPTION_SWITCH:
		return *(const bool *)at;
	case OPTION_TEXT:
		return *(const char *const *)at != NULL;
	case OPTION_LIST:
	case OPTION_EACH:
		return ((const struct str_list *)at)->count > 0;
	case OPTION_COUNT:
		return *(const int64_t *)at != 0;
	}
	return false;
}

static bool names_option(const char *list, const char *name)
{
	size_t len = strlen(name);
	for (const char *at = strstr(list, name); at != NULL; at = strstr(at + 1, name))
		if ((at == list || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
			return true;
	return false;
}

static bool check_command(const struct options *o, struct err *e)
{
	const struct command *c = command_find(o->command);
	if (c == NULL) {
		const char *names[32];
		size_t count = 0;
		while (count < 32 && command_at(count) != NULL) {
			names[count] = command_at(count)->name;
			count++;
		}
		const char *near = str_nearest(o->command, names, count);
		if (near != NULL)
			return err_set(e, ERR_USAGE, "unknown command '%s': did you mean '%s'?",
				       o->command, near);
		return err_set(e, ERR_USAGE, "unknown command '%s': see 'pare help'", o->command);
	}
	if (o->help)
		return true;
	for (size_t i = 0; option_at(i) != NULL; i++) {
		const struct option_row *row = option_at(i);
		if (!row->global && option_given(o, row) && !names_option(c->options, row->name))
			return err_set(e, ERR_USAGE, "'pare %s' takes no option '%s': see 'pare help %s'",
				       c->name, row->name, c->name);
	}
	if (o->words.count > c->max_words)
		return err_set(e, ERR_USAGE, "unexpected argument '%s': usage: pare %s %s",
			       o->words.item[c->max_words], c->name, c->arguments);
	if (c->refuses_now && o->now != NULL)
		return err_set(e, ERR_USAGE,
			       "'pare %s' takes no '--now': expiry is judged by the real clock", c->name);
	return true;
}

bool options_parse(struct arena *a, int argc, char **argv, struct options *o, struct err *e)
{
	*o = (struct options){0};
	bool only_words = false;
	for (int i = 1; i < argc; i++) {
		if (!only_words && strcmp(argv[i], "--") == 0) {
			only_words = true;
		} else if (!only_words && !is_value(argv[i])) {
			if (strcmp(argv[i], "--version") == 0)
				o->command = "version";
			else if (!take_option(a, argc, argv, &i, o, e))
				return false;
		} else if (o->command == NULL) {
			o->command = argv[i];
		} else {
			str_list_add(a, &o->words, argv[i]);
		}
	}
	if (o->color != NULL && strcmp(o->color, "auto") != 0 && strcmp(o->color, "always") != 0 &&
	    strcmp(o->color, "never") != 0)
		return err_set(e, ERR_USAGE, "option '--color': expected auto, always or never, got '%s'",
			       o->color);
	if (o->command == NULL)
		o->command = "help";
	return few_enough(o, e) && check_command(o, e);
}
