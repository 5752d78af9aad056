#include <string.h>

#include "cli.h"

static const struct command commands[] = {
	{"plan", "[options]",
	 "gather findings, judge them, draft and prove plans, show them; changes nothing in AWS",
	 "--analyzer --findings --account-state --role --finding --limit --detailed-exitcode", 0, false,
	 command_plan},
	{"show", "[PLAN|ROLE]", "a plan as a person reads it: table, diff, gates, inverse", "", 1, false,
	 command_show},
	{"explain", "ROLE|FINDING", "why it was planned, exempted, held or blocked", "", 1, false,
	 command_explain},
	{"check", "--old FILE… --new FILE… [--unused FILE]",
	 "prove by itself that a change of policy documents grants nothing new", "--old --new --unused",
	 0, false, command_check},
	{"propose", "[PLAN…] [options]", "commit plans to a branch of the review repository and push it",
	 "--repo --branch --forge", 1000, false, command_propose},
	{"apply", "[PLAN…] [options]", "carry out approved plans, or resume; verify; write receipts",
	 "--dry-run --max-changes --repo --branch", 1000, true, command_apply},
	{"rollback", "PLAN|ROLE", "draft the inverse of what was done, as a plan like any other",
	 "--repo --branch", 1, false, command_rollback},
	{"status", "[options]", "where every plan stands", "--repo --branch", 0, false, command_status},
	{"verify", "[options]", "walk the digests from receipts back to recommendations",
	 "--repo --branch", 0, false, command_verify},
	{"rules", "list|test [DIR]", "the rules in force; or run their tests", "", 2, false,
	 command_rules},
	{"catalog", "[show [SERVICE|ACTION] | update [--url URL]]",
	 "the action catalogue: its date and counts; look something up; renew it from AWS",
	 "--url", 2, false, command_catalog},
	{"init", "[DIR]", "write a commented pare.lua, a rules folder and a review repository's skeleton",
	 "", 1, false, command_init},
	{"help", "[COMMAND]", "this help, or a command's", "", 1, false, command_help},
	{"version", "", "the version of pare and of its libraries' data", "", 0, false, command_version},
};

const struct command *command_at(size_t index)
{
	return index < sizeof commands / sizeof commands[0] ? &commands[index] : NULL;
}

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}
