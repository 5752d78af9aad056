#include "pare/sandbox.h"

static int64_t now_ms(void *self)
{
	return *(int64_t *)self;
}

/* "For ever" has no end to jump to. */
static void sleep_until(void *self, int64_t until_ms)
{
	int64_t *now = self;
	if (until_ms > *now && until_ms != INT64_MAX)
		*now = until_ms;
}

static bool interrupted(void *self)
{
	(void)self;
	return false;
}

struct clock_port clock_virtual(struct arena *a, int64_t start_ms)
{
	int64_t *now = arena_alloc(a, sizeof *now);
	*now = start_ms;
	return (struct clock_port){now, now_ms, sleep_until, interrupted};
}

void clock_virtual_advance(const struct clock_port *c, int64_t by_ms)
{
	c->sleep_until(c->self, c->now_ms(c->self) + by_ms);
}
