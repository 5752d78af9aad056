/* box: a sandbox from its settings, and what is its own: keys, time, the door's latency. */
#include <string.h>

#include "model.h"

struct sandbox *sandbox_new(struct arena *a, const struct sandbox_setting *setting,
			    const struct clock_port *clock, struct err *e)
{
	struct sandbox *s = arena_alloc(a, sizeof *s);
	s->arena = a;
	s->setting = *setting;
	s->clock = clock;
	s->random = setting->seed;
	s->catalog = setting->catalog != NULL ? setting->catalog : catalog_embedded(a);
	if (!faults_parse(s, setting->faults, e))
		return NULL;
	box_account_add(s, "111122223333");
	key_add(s, "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", NULL, "111122223333",
		"arn:aws:iam::111122223333:user/pare", "AIDAEXAMPLEPAREEXAMPL", 0);
	if (setting->state_file != NULL && !state_load(s, e))
		return NULL;
	return s;
}

bool sandbox_seed(struct sandbox *s, const char *text, size_t len, const char *what, struct err *e)
{
	if (s->loaded)
		return true;
	bool before = s->quiet;
	s->quiet = true;
	bool ok = state_read(s, text, len, what, e);
	s->quiet = before;
	if (ok)
		state_save(s);
	return ok && (s->broken[0] == '\0' || err_set(e, ERR_IO, "seeding from '%s': %s", what, s->broken));
}

int64_t wire_now_ms(const struct sandbox *s)
{
	return box_now(s);
}

int64_t wire_latency_ms(const struct sandbox *s)
{
	return s->setting.latency_ms;
}
