/* accounts: the AWS of each account a command works in: the caller's own, or a role of a member
 * account, whose keys are kept apart and live only as long as that account is worked on. */
#include <string.h>

#include "cli.h"
#include "pare/arn.h"
#include "pare/str.h"

/* Planning asks many accounts one after the other: one that throttles must not hold up all. */
enum { MEMBER_ATTEMPTS = 4 };

const char *region_of_all(const struct context *c)
{
	if (c->o->regions.count > 0)
		return c->o->regions.item[0];
	return c->config.regions.count > 0 ? c->config.regions.item[0] : NULL;
}

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

static struct credential_chain *assumed(struct accounts *all, struct arena *a, const char *account,
					const char *session, struct err *e)
{
	struct context *c = all->context;
	if (c->config.accounts.assume_role == NULL) {
		err_set(e, ERR_REFUSED,
			"the credentials are of account %s; set accounts = { assume_role = \"…\" } in pare.lua "
			"to work in others",
			all->caller_account);
		return NULL;
	}
	const struct member_role role = {
		.arn = str_printf(a, "arn:%s:iam::%s:role/%s", region_partition(all->region), account,
				  c->config.accounts.assume_role),
		.external_id = c->config.accounts.external_id,
		.source_identity = c->config.accounts.source_identity,
		.session = session,
	};
	const struct credential_setting s = {
		.region = all->region, .clock = &c->clock, .progress = &c->progress};
	return credentials_assume(a, &s, all->chain, &role);
}

void account_own(const struct accounts *all, struct account_access *out)
{
	*out = (struct account_access){.aws = all->own, .caller_arn = all->caller_arn,
				       .account = all->caller_account, .chain = all->chain};
}

bool account_open(struct accounts *all, struct arena *a, const char *account, const char *session,
		  bool planning, struct account_access *out, struct err *e)
{
	struct context *c = all->context;
	account_own(all, out);
	if (strcmp(account, all->caller_account) == 0)
		return true;
	out->account = arena_strdup(a, account);
	out->chain = assumed(all, a, account, session, e);
	if (out->chain == NULL)
		return false;
	struct aws_setting setting = {.region = all->region, .concurrency = (size_t)c->o->concurrency,
				      .verbose = c->o->verbose, .progress = &c->progress,
				      .max_attempts = planning ? MEMBER_ATTEMPTS : 0,
				      .account = planning ? NULL : account,
				      .credentials = out->chain};
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

/* --- analyzers of other accounts and regions --- */

bool account_route(struct accounts *all, struct arena *a, const struct account_access *x,
		   const char *session, const char *analyzer, struct err *e)
{
	struct arn arn;
	struct err why;
	if (!arn_parse(a, analyzer, &arn, &why))
		return true; /* whoever asks for it is told */
	if (strcmp(arn.account, x->account) == 0 && strcmp(arn.region, all->region) == 0)
		return true;
	struct aws_route to = {.account = arn.account, .region = arn.region};
	if (!region_valid(arn.region) || !account_id_valid(arn.account))
		err_set(&why, ERR_INPUT, "'%s' is no analyzer's ARN", analyzer);
	else if (strcmp(arn.account, x->account) == 0)
		to.credentials = x->chain;
	else if (strcmp(arn.account, all->caller_account) == 0)
		to.credentials = all->chain;
	else
		to.credentials = assumed(all, a, arn.account, session, &why);
	if (to.credentials == NULL)
		to.refused = &why;
	return aws_route(x->aws, &to, e);
}

bool account_route_plan(struct accounts *all, struct arena *a, const struct account_access *x,
			const char *session, const struct plan *p, struct err *e)
{
	for (size_t i = 0; i < p->step_count; i++) {
		const char *analyzer = p->step[i].action.analyzer;
		if (analyzer != NULL && !account_route(all, a, x, session, analyzer, e))
			return err_wrap(e, "plan '%s'", p->id);
	}
	return true;
}
