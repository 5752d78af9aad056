/* A role in the sandbox's model, a plan that pare made for it and the executor carried out, and what
 * is needed to take it back; for tests of rollback. */
#ifndef PARE_ROLL_STAGE_H
#define PARE_ROLL_STAGE_H

#include "../unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../src/sandbox/model.h"
#include "../unit/sandbox_world.h"
#include "../unit/gather_whole.h"
#include "pare/apply.h"
#include "pare/evaluate.h"
#include "pare/observe.h"
#include "pare/rollback.h"
#include "pare/str.h"
#include "pare/world.h"
#include "sim_scenarios.h"

#define OWNER "111122223333"
#define OWN(name) "arn:aws:iam::111122223333:policy/" name
#define AWS(name) "arn:aws:iam::aws:policy/" name
#define ANY                                                                                         \
	"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}]}"
#define PUBLISH                                                                                     \
	"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"sns:Publish\",\"Resource\":\"*\"}]}"

struct stage {
	struct world w;
	char dir[32];
	struct store_port store;
	struct config config;
	struct quota quota;
	const char *role;
	struct plan *done;
	struct receipt *receipt;
	struct principal *before; /* as the plan was drafted from */
	struct document_list documents;
	struct plan *other; /* of the scenario's second role, or NULL */
	enum call_op sent[256]; /* writes, in order */
	size_t sent_count;
};

static inline const struct catalog *catalog(void)
{
	static const struct catalog *c;
	if (c == NULL)
		c = catalog_embedded(arena_new(NULL));
	return c;
}

/* --- the executor's port, recording --- */

static inline void record_start(void *self, struct call *c)
{
	struct stage *t = self;
	if (call_writes(c->op))
		t->sent[t->sent_count++] = c->op;
	t->w.write.start(t->w.write.self, c);
}

static inline struct call *record_next(void *self, int64_t until_ms)
{
	struct stage *t = self;
	return t->w.write.next(t->w.write.self, until_ms);
}

static inline struct apply_report carry_out(struct stage *t, struct plan *p)
{
	struct err e;
	struct apply_report report = {0};
	struct approval approval = {.plan = p, .approved = true};
	const struct write_port aws = {t, record_start, record_next};
	const struct apply_setting setting = {.config = &t->config, .catalog = catalog(),
					      .caller_arn = "arn:aws:iam::111122223333:user/executor",
					      .caller_account = OWNER, .concurrency = 1, .observations = 3,
					      .observe_gap_ms = 100, .observe_limit_ms = 20000,
					      .max_failures = 3,
					      .tip = "0000000000000000000000000000000000000000"};
	t->sent_count = 0;
	clock_virtual_advance(&t->w.clock, 60000);
	if (!apply_run(t->w.a, &setting, &aws, &t->store, &t->w.clock, NULL, &approval, 1, &report, &e))
		fail_msg("%s", e.message);
	return report;
}

static inline struct receipt *applied(struct stage *t, struct plan *p)
{
	struct apply_report r = carry_out(t, p);
	if (r.result != APPLY_APPLIED)
		fail_msg("%s: %s", apply_result_name(r.result), r.why.message);
	return r.receipt;
}

/* --- the stage --- */

static inline bool pass_all(void *self, struct arena *a, const struct judge_subject *subject,
		     struct decision *out, struct err *e)
{
	(void)self;
	(void)a;
	(void)subject;
	(void)e;
	*out = (struct decision){0};
	return true;
}

static inline void make_plans(struct stage *t)
{
	static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
	const struct rules_port rules = {NULL, zeros, pass_all, NULL};
	const struct gather_filter filter = {0};
	const struct draft_setting setting = {&t->config, catalog(), t->w.clock.now_ms(t->w.clock.self), NULL, 0, 0};
	struct gathered g;
	struct run run;
	struct err e;
	if (!gather_live(t->w.a, &t->w.read, &t->w.clock, ANALYZER, &filter, NULL, &g, &e) ||
	    !plan_run(t->w.a, &setting, &rules, &g, NULL, &run, &e))
		fail_msg("%s", e.message);
	assert_true(run.count > 0);
	assert_int_equal(run.outcome[0].kind, OUTCOME_PLANNED);
	t->done = run.outcome[0].plan;
	t->role = t->done->principal.name;
	t->before = (struct principal *)run.outcome[0].principal;
	t->other = run.count > 1 ? run.outcome[1].plan : NULL;
	document_add_principal(t->w.a, &t->documents, t->before);
}

static inline struct stage *stage_unapplied(size_t scenario)
{
	const char *text = scenario_seed(scenario);
	struct stage *t = calloc(1, sizeof *t);
	struct err e;
	t->w = world_with((struct sandbox_setting){.seed = 1});
	seed(&t->w, text, strlen(text));
	strcpy(t->dir, "/tmp/pare-roll-XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	assert_true(store_open(t->w.a, t->dir, &t->store, &e));
	config_default(t->w.a, &t->config);
	t->config.repository.url = "https://git.example/iam";
	t->config.author = "pare-bot@example.com";
	t->config.limits.percent = 100;
	t->quota = quota_default();
	make_plans(t);
	return t;
}

static inline struct stage *stage(size_t scenario)
{
	struct stage *t = stage_unapplied(scenario);
	t->receipt = applied(t, t->done);
	clock_virtual_advance(&t->w.clock, 60000);
	return t;
}

static inline void clear(struct stage *t)
{
	char line[96];
	snprintf(line, sizeof line, "rm -rf %.31s", t->dir);
	assert_int_equal(system(line), 0);
	arena_free(t->w.a);
	free(t);
}

/* What the role holds, as the model says. */
static inline const char *held(struct stage *t)
{
	struct principal *p = sandbox_role(t->w.box, t->w.a, t->role);
	struct buf *b = buf_new(t->w.a, 1 << 20);
	principal_settle(t->w.a, p);
	for (size_t i = 0; i < p->attached_count; i++)
		buf_printf(b, "%s %s\n", p->attached[i].arn, p->attached[i].document_sha256);
	for (size_t i = 0; i < p->inline_count; i++)
		buf_printf(b, "%s %s\n", p->inline_policy[i].name, p->inline_policy[i].document_sha256);
	return b->data;
}

static inline bool holds(struct stage *t, const char *id)
{
	return strstr(held(t), id) != NULL;
}

static inline struct account *account(struct stage *t)
{
	return box_account(t->w.box, OWNER);
}

/* Policies below /pare/ that exist. */
static inline size_t own_policies(struct stage *t)
{
	size_t count = 0;
	for (size_t i = 0; i < account(t)->policies.count; i++) {
		const struct managed *m = slot_now(account(t)->policies.slot[i]);
		count += m != NULL && str_starts(m->path, "/pare/");
	}
	return count;
}

static inline struct principal *live(struct stage *t)
{
	size_t calls;
	struct err e;
	struct principal *p = observe_principal(t->w.a, &t->w.read, PRINCIPAL_ROLE, t->role, NULL,
						&calls, &e);
	if (p == NULL)
		fail_msg("%s", e.message);
	return p;
}

struct want {
	enum undo_scope scope;
	const char *pattern;
	bool leave;
};

static inline struct rollback_ask asked(struct stage *t, struct want w)
{
	struct err e;
	struct rollback_policies *policies = arena_alloc(t->w.a, sizeof *policies);
	struct rollback_ask ask = {.done = t->done, .receipt = t->receipt, .live = live(t),
				   .policies = policies, .documents = &t->documents, .quota = &t->quota,
				   .scope = w.scope, .leave_touched = w.leave};
	if (!rollback_read(t->w.a, &t->w.read, t->done, policies, &e))
		fail_msg("%s", e.message);
	if (w.pattern != NULL)
		str_list_add(t->w.a, &ask.patterns, w.pattern);
	return ask;
}

static inline struct plan *try_draft(struct stage *t, struct want w, struct err *e)
{
	const struct rollback_ask ask = asked(t, w);
	clock_virtual_advance(&t->w.clock, 2000);
	const struct draft_setting setting = {&t->config, catalog(), t->w.clock.now_ms(t->w.clock.self), NULL, 0, 0};
	return rollback_draft(t->w.a, &setting, &ask, e);
}

/* Drafted, with every gate passing, and read back as what is written. */
static inline struct plan *drafted(struct stage *t, struct want w)
{
	struct err e;
	struct plan *p = try_draft(t, w, &e);
	if (p == NULL)
		fail_msg("%s", e.message);
	for (size_t i = 0; i < p->gate_count; i++)
		if (p->gate[i].result != GATE_PASS)
			fail_msg("gate %s: %s", p->gate[i].name, p->gate[i].evidence);
	struct plan *again = plan_parse(t->w.a, p->bytes, p->len, "rollback", &e);
	if (again == NULL)
		fail_msg("%s", e.message);
	assert_int_equal(again->undo_scope, p->undo_scope);
	return again;
}

static inline void refuses(struct stage *t, struct want w, enum err_kind kind, const char *words)
{
	struct err e = {0};
	if (try_draft(t, w, &e) != NULL)
		fail_msg("drafted, expected '%s'", words);
	if (e.kind != kind || strstr(e.message, words) == NULL)
		fail_msg("%s: %s, expected '%s'", err_kind_name(e.kind), e.message, words);
}

static inline const struct gate *gate_of(const struct plan *p, const char *name)
{
	for (size_t i = 0; i < p->gate_count; i++)
		if (strcmp(p->gate[i].name, name) == 0)
			return &p->gate[i];
	fail_msg("no gate '%s'", name);
	return NULL;
}

/* What the review repository keeps beside both plans. */
static inline const char *wrong_of(struct stage *t, const struct plan *back)
{
	struct document_list all = t->documents;
	document_add_principal(t->w.a, &all, live(t));
	return rollback_wrong(t->w.a, catalog(), back, t->done, &all);
}

static inline void is_refused(struct stage *t, struct plan *back, const char *words)
{
	const char *wrong = wrong_of(t, back);
	if (wrong == NULL || strstr(wrong, words) == NULL)
		fail_msg("'%s', expected '%s'", wrong != NULL ? wrong : "it is accepted", words);
}

/* The next thing to take back is this. */
static inline void carried(struct stage *t, struct plan *p)
{
	struct principal *now = live(t);
	t->receipt = applied(t, p);
	t->done = p;
	document_add_principal(t->w.a, &t->documents, now);
}

#endif
