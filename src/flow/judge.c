#include "pare/draft.h"

static struct judge_subject subject_of(const struct gathered *g, const struct gathered_item *item,
				       int64_t now_ms)
{
	return (struct judge_subject){
		.finding = item->finding,
		.recommendation = item->recommendation,
		.principal = item->principal,
		.account = item->principal->account,
		.analyzer = g->analyzer,
		.unused_access_age_days = g->unused_access_age_days,
		.now_ms = now_ms,
	};
}

bool judge(struct arena *a, const struct rules_port *rules, const struct gathered *g,
	   const struct gathered_item *item, int64_t now_ms, struct decision *out, struct err *e)
{
	const struct judge_subject subject = subject_of(g, item, now_ms);
	if (!rules->judge(rules->self, a, &subject, out, e))
		return err_wrap(e, "judging finding '%s'", item->finding->id);
	out->rules_sha256 = rules->rules_sha256;
	decision_combine(out, now_ms);
	return true;
}

void judge_ahead(const struct rules_port *rules, const struct gathered *g,
		 const struct gathered_item *item, int64_t now_ms)
{
	if (rules->ahead == NULL || item->unusable != NULL)
		return;
	const struct judge_subject subject = subject_of(g, item, now_ms);
	rules->ahead(rules->self, &subject);
}
