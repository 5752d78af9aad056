/* account_choice: the accounts that --account, --ou and --account-tag mean, and the waves by unit and
 * tag: AWS Organizations is asked when one of these needs it, and once a run. */
#include "pare/account_choice.h"
#include "cli.h"
#include "pare/arn.h"
#include "pare/str.h"

bool account_options_valid(const struct options *o, struct err *e)
{
	for (size_t i = 0; i < o->account.count; i++)
		if (!account_id_valid(o->account.item[i]))
			return err_set(e, ERR_USAGE, "option '--account': expected twelve digits, got '%s'",
				       o->account.item[i]);
	for (size_t i = 0; i < o->ou.count; i++)
		if (!unit_id_valid(o->ou.item[i]))
			return err_set(e, ERR_USAGE,
				       "option '--ou': expected the id of an organizational unit or root, such as "
				       "ou-ab12-34cd56ef or r-ab12, got '%s'",
				       o->ou.item[i]);
	for (size_t i = 0; i < o->account_tag.count; i++)
		if (!account_tag_valid(o->account_tag.item[i]))
			return err_set(e, ERR_USAGE,
				       "option '--account-tag': expected KEY=VALUE, such as env=dev, got '%s'",
				       o->account_tag.item[i]);
	return true;
}

static bool ask(struct accounts *all, struct err *e)
{
	struct context *c = all->context;
	struct organization_port *port = arena_alloc(c->arena, sizeof *port);
	if (all->choice != NULL)
		return true;
	if (!organizations_open(c->arena, all->region, all->chain, &c->clock, port, e))
		return false;
	all->choice = account_choice_open(c->arena, port, &c->clock, &c->progress, e);
	return all->choice != NULL;
}

bool accounts_choose(struct accounts *all, struct str_list *out, struct err *e)
{
	const struct options *o = all->context->o;
	const struct account_filter f = {&o->account, &o->ou, &o->account_tag};
	*out = o->account;
	if (o->ou.count == 0 && o->account_tag.count == 0)
		return true;
	return ask(all, e) && account_choice_select(all->choice, &f, out, e);
}

bool accounts_waves(struct accounts *all, const struct str_list *of_run, struct err *e)
{
	struct config *c = &all->context->config;
	bool asked = false;
	for (size_t i = 0; i < c->wave_count; i++)
		asked = asked || c->wave[i].unit.count + c->wave[i].tag.count > 0;
	if (!asked || of_run->count < 2)
		return true;
	return ask(all, e) && account_choice_waves(all->choice, c->wave, c->wave_count, of_run, e);
}

size_t account_wave(const struct config *c, const char *account)
{
	for (size_t i = 0; i < c->wave_count; i++)
		if (str_list_has(&c->wave[i].account, account))
			return i;
	return c->wave_count;
}

const char *accounts_inactive(const struct accounts *all, const char *account)
{
	return all->choice != NULL ? account_choice_inactive(all->choice, account) : NULL;
}
