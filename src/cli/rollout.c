/* rollout: accounts one after the other, wave by wave. */
#include <string.h>

#include "cli.h"

/* Later waves wait, so that what the earlier ones broke shows before it is broken everywhere. */
static void pause_between(struct context *c, size_t wave)
{
	const struct clock_port *clock = &c->clock;
	int64_t until = clock->now_ms(clock->self) + (int64_t)c->config.pause_s * 1000;
	if (c->config.pause_s == 0)
		return;
	note(c, "wave %zu is done; waiting %d s", wave + 1, c->config.pause_s);
	while (clock->now_ms(clock->self) < until && !clock->interrupted(clock->self))
		clock->sleep_until(clock->self, until);
}

size_t rollout(struct context *c, const struct str_list *accounts, bool (*work)(void *self, const char *account),
	       void *self, const char **why)
{
	const struct clock_port *clock = &c->clock;
	size_t wave = 0;
	bool well = true;
	*why = NULL;
	for (size_t i = 0; i < accounts->count; i++) {
		size_t here = account_wave(&c->config, accounts->item[i]);
		if (here != wave && i > 0 && well)
			pause_between(c, wave);
		if (here != wave && !well) {
			*why = str_printf(c->arena, "wave %zu did not end well", wave + 1);
			return i;
		}
		if (clock->interrupted(clock->self))
			return i;
		wave = here;
		well = work(self, accounts->item[i]) && well;
	}
	return accounts->count;
}

void reports_add(struct arena *a, struct reports *all, const struct apply_report *more, size_t count)
{
	struct apply_report *item = arena_array(a, all->count + count + 1, sizeof *item);
	if (all->count > 0)
		memcpy(item, all->item, all->count * sizeof *item);
	if (count > 0)
		memcpy(item + all->count, more, count * sizeof *item);
	all->item = item;
	all->count += count;
}
