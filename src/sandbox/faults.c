/* faults: what goes wrong between the sandbox and who calls it, decided call by call from the seed. */
#include <stdlib.h>
#include <string.h>

#include "model.h"

enum { WORK_MS = 500 };

struct word {
	const char *name;
	double *chance;
};

static bool parse_chance(const char *text, double *out)
{
	char *end = NULL;
	double value = strtod(text, &end);
	if (end == text || *end != '\0' || !(value >= 0 && value <= 1))
		return false;
	*out = value;
	return true;
}

static bool parse_nth(const char *text, struct fault_plan *f)
{
	static const struct {
		const char *name;
		enum sandbox_fault fault;
	} kinds[] = {{"before", FAULT_BEFORE},
		     {"after", FAULT_AFTER},
		     {"throttle", FAULT_THROTTLE},
		     {"kill-before", FAULT_KILL_BEFORE},
		     {"kill-after", FAULT_KILL_AFTER}};
	char *end = NULL;
	unsigned long n = strtoul(text, &end, 10);
	if (end == text || *end != ':' || n == 0 || *text == '-')
		return false;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(end + 1, kinds[i].name) == 0) {
			f->nth = n;
			f->nth_fault = kinds[i].fault;
			return true;
		}
	return false;
}

static bool parse_part(struct fault_plan *f, const char *name, const char *value)
{
	const struct word words[] = {{"throttle", &f->throttle},
				     {"5xx", &f->unavailable},
				     {"lost", &f->lost},
				     {"cut", &f->cut}};
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(name, words[i].name) == 0)
			return parse_chance(value, words[i].chance);
	if (strcmp(name, "nth") == 0)
		return parse_nth(value, f);
	if (strcmp(name, "work") == 0) {
		char *end = NULL;
		long ms = strtol(value, &end, 10);
		f->work_ms = ms;
		return end != value && *end == '\0' && ms >= 0 && ms <= 3600000;
	}
	return false;
}

bool faults_parse(struct sandbox *s, const char *spec, struct err *e)
{
	struct arena *scratch = arena_new(NULL);
	s->faults = (struct fault_plan){.work_ms = WORK_MS};
	bool ok = true;
	for (size_t i = 0; ok && !str_empty(spec); i++) {
		const char *part = str_part(scratch, spec, ',', i, false);
		if (part == NULL)
			break;
		const char *name = str_part(scratch, part, '=', 0, false);
		const char *value = str_part(scratch, part, '=', 1, true);
		ok = value != NULL && parse_part(&s->faults, name, value);
		if (!ok)
			err_set(e, ERR_USAGE,
				"reading faults '%s': '%s': expected throttle=, 5xx=, lost= or cut= with a chance from 0 to "
				"1, nth=N:before|after|throttle|kill-before|kill-after, or work=MILLISECONDS",
				spec, part);
	}
	arena_free(scratch);
	return ok;
}

static enum box_fate nth_fate(enum sandbox_fault fault)
{
	switch (fault) {
	case FAULT_BEFORE:
		return FATE_CUT_BEFORE;
	case FAULT_AFTER:
		return FATE_CUT_AFTER;
	case FAULT_THROTTLE:
		return FATE_THROTTLE;
	case FAULT_KILL_BEFORE:
		return FATE_KILL_BEFORE;
	case FAULT_KILL_AFTER:
		return FATE_KILL_AFTER;
	case FAULT_NONE:
		break;
	}
	return FATE_ANSWER;
}

/* One draw a call, so that a fault more or less does not shift all later ones. */
enum box_fate faults_next(struct sandbox *s, bool writes)
{
	struct fault_plan *f = &s->faults;
	double at = box_chance(s), half = box_chance(s);
	s->calls++;
	if (f->nth > 0 && --f->nth == 0)
		return nth_fate(f->nth_fault);
	if ((at -= f->throttle) < 0)
		return FATE_THROTTLE;
	if ((at -= f->unavailable) < 0)
		return writes && half < 0.5 ? FATE_UNAVAILABLE_AFTER : FATE_UNAVAILABLE_BEFORE;
	if ((at -= f->lost) < 0)
		return FATE_CUT_AFTER;
	if ((at -= f->cut) < 0)
		return FATE_CUT_BEFORE;
	return FATE_ANSWER;
}

void sandbox_fail_nth(struct sandbox *s, size_t n, enum sandbox_fault fault)
{
	s->faults.nth = fault != FAULT_NONE ? n : 0;
	s->faults.nth_fault = fault;
}

size_t sandbox_calls(const struct sandbox *s)
{
	return s->calls;
}

bool sandbox_killed(const struct sandbox *s)
{
	return s->killed;
}
