#include <string.h>

#include "cli.h"

static const struct command commands[] = {
	{"plan", "[options]",
	 "gather findings, judge them, draft and prove plans, show them; changes nothing in AWS",
	 "--analyzer --all-analyzers --regions --account --ou --account-tag --findings --account-state --role --finding "
	 "--limit --shard --detailed-exitcode "
	 "--concurrency", 0, false,
	 command_plan},
	{"show", "[PLAN|ROLE] [--inverse-commands]",
	 "a plan as a person reads it: table, diff, gates, inverse", "--inverse-commands", 1, false,
	 command_show},
	{"explain", "ROLE|FINDING|PLAN",
	 "why it was planned, exempted, held or blocked; whose approval is missing", "", 1, false,
	 command_explain},
	{"check", "--old FILE… --new FILE… [--unused FILE]",
	 "prove by itself that a change of policy documents grants nothing new", "--old --new --unused",
	 0, false, command_check},
	{"propose", "[PLAN…] [options]", "commit plans to a branch of the review repository, push it, open its pull request",
	 "--repo --branch --forge --ticket", 1000, false, command_propose},
	{"approve", "PROPOSAL --key FILE [--only ROLE…]",
	 "look at a proposal's plans, sign their digests, push the signature",
	 "--key --only --yes --withdraw --repo --branch", 1, true, command_approve},
	{"worker", "--queue URL [options]",
	 "propose what Access Analyzer's events of a queue are about, as they come; changes nothing in AWS",
	 "--queue --once --visibility --analyzer --concurrency --repo --branch --forge --ticket", 0, true,
	 command_worker},
	{"codeowners", "[options]", "print a CODEOWNERS file from the configuration's owners", "--forge", 0,
	 false, command_codeowners},
	{"apply", "[PLAN…] [options]", "carry out approved plans, or resume; verify; write receipts",
	 "--account --ou --account-tag --dry-run --max-changes --concurrency --repo --branch --forge", 1000, true, command_apply},
	{"autofix", "[options]",
	 "plan, record and apply what a standing approval covers; propose the rest",
	 "--analyzer --all-analyzers --regions --account --ou --account-tag --role --limit --dry-run --max-changes --concurrency --repo --branch --forge --ticket", 0,
	 true, command_autofix},
	{"rollback", "PLAN|ROLE… | --run RUN|last [options]",
	 "draft the inverse of what was done, or of a part of it, as a plan like any other",
	 "--account --run --untouched --service --action --repo --branch", 1000, false, command_rollback},
	{"status", "[--refresh [--wait SECONDS]] [options]",
	 "where every plan stands; what became of the findings of those that were applied",
	 "--refresh --wait --repo --branch", 0, false, command_status},
	{"verify", "[options]", "walk the digests from receipts back to recommendations",
	 "--repo --branch", 0, false, command_verify},
	{"audit", "[--from TIME] [--to TIME] [--csv]",
	 "one row per change that was carried out: who asked, who approved, what was called",
	 "--from --to --csv --repo --branch", 0, false, command_audit},
	{"rules", "list|test [DIR]", "the rules in force; or run their tests", "", 2, false,
	 command_rules},
	{"catalog", "[show [SERVICE|ACTION] | update [--url URL]]",
	 "the action catalogue: its date and counts; look something up; renew it from AWS",
	 "--url", 2, false, command_catalog},
	{"whoami", "", "which AWS credentials serve and why, the caller, the region and the endpoints", "",
	 0, false, command_whoami},
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
