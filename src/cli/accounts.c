/* accounts: the AWS of each account a command works in: the caller's own, or a role of a member
 * account, whose keys are kept apart and live only as long as that account is worked on. */
#include <string.h>

#include "cli.h"
#include "pare/str.h"

/* Planning asks many accounts one after the other: one that throttles must not hold up all. */
enum { MEMBER_ATTEMPTS = 4 };

bool accounts_open(struct context *c, const char *region_hint, struct accounts *out, struct err *e)
{
	const char *from;
	*out = (struct accounts){.context = c};
	if (!region_find(c->arena, region_hint, &out->region, &from, e))
		return false;
	const struct credential_setting s = {
		.region = out->region, .clock = &c->clock, .progress = &c->progress};
	out->chain = c->credentials != NULL ? c->credentials : credentials_open(c->arena, &s);
	struct aws_setting setting = {.region = out->region, .concurrency = (size_t)c->o->concurrency,
				      .verbose = c->o->verbose, .progress = &c->progress,
				      .credentials = out->chain};
	out->own = aws_new(c->arena, &setting, &c->clock, e);
	if (out->own == NULL)
		return false;
	struct read_port reads = aws_read_port(out->own);
	return context_caller(c, &reads, &out->caller_arn, &out->caller_account, e);
}

bool account_open(struct accounts *all, struct arena *a, const char *account, const char *session,
		  bool planning, struct account_access *out, struct err *e)
{
	struct context *c = all->context;
	*out = (struct account_access){.aws = all->own, .caller_arn = all->caller_arn};
	if (strcmp(account, all->caller_account) == 0)
		return true;
	if (c->config.accounts.assume_role == NULL)
		return err_set(e, ERR_REFUSED,
			       "the credentials are of account %s; set accounts = { assume_role = \"…\" } in pare.lua "
			       "to work in others",
			       all->caller_account);
	const struct member_role role = {
		.arn = str_printf(a, "arn:%s:iam::%s:role/%s", region_partition(all->region), account,
				  c->config.accounts.assume_role),
		.external_id = c->config.accounts.external_id,
		.session = session,
	};
	const struct credential_setting s = {
		.region = all->region, .clock = &c->clock, .progress = &c->progress};
	struct aws_setting setting = {.region = all->region, .concurrency = (size_t)c->o->concurrency,
				      .verbose = c->o->verbose, .progress = &c->progress,
				      .max_attempts = planning ? MEMBER_ATTEMPTS : 0,
				      .credentials = credentials_assume(a, &s, all->chain, &role)};
	out->aws = aws_new(a, &setting, &c->clock, e);
	if (out->aws == NULL)
		return false;
	/* Who we are there: and whether the role is of the account that was meant. */
	struct read_port reads = aws_read_port(out->aws);
	const char *there;
	if (!context_caller(c, &reads, &out->caller_arn, &there, e))
		return false;
	return strcmp(there, account) == 0 ||
	       err_set(e, ERR_REFUSED, "the role assumed for account %s is of account %s", account, there);
}
