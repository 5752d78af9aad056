#include "pare/checks.h"
#include "pare/str.h"

bool checks_findings(struct arena *a, const struct checks *s, const struct plan *p, struct err *e)
{
	for (size_t i = 0; i < p->step_count; i++) {
		const struct action *x = &p->step[i].action;
		if (x->op != STEP_ARCHIVE_FINDING && x->op != STEP_UNARCHIVE_FINDING)
			continue;
		struct call c = {.op = CALL_GET_FINDING, .arena = a, .analyzer = x->analyzer, .finding = x->finding};
		if (!read_one(s->aws, &c)) {
			*e = c.err;
			return err_wrap(e, "reading finding '%s' of analyzer '%s'", x->finding, x->analyzer);
		}
		const struct finding *f = c.finding_count > 0 ? c.findings[0] : NULL;
		if (f == NULL || str_equal(f->status, "RESOLVED"))
			return err_set(e, ERR_STALE, "finding '%s' is resolved: there is nothing to %s", x->finding,
				       x->op == STEP_ARCHIVE_FINDING ? "archive" : "un-archive");
	}
	return true;
}
