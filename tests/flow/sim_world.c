/* sim_world: the account, its plans as pare itself makes them, and the people beside it. */
#include <stdlib.h>
#include <string.h>

#include "../unit/gather_whole.h"
#include "pare/observe.h"
#include "pare/rollback.h"
#include "pare/str.h"
#include "sim_checks.h"
#include "sim_scenarios.h"

static const char analyzer[] =
	"arn:aws:access-analyzer:us-east-1:111122223333:analyzer/unused-access";

const struct catalog *sim_catalog(void)
{
	static const struct catalog *c;
	static struct arena *a;
	if (c == NULL) {
		a = arena_new(NULL);
		c = catalog_embedded(a);
	}
	return c;
}

void world_config(struct sim *s, struct config *c)
{
	config_default(s->arena, c);
	c->analyzer = analyzer;
	c->repository.url = "https://git.example/acme/iam-review.git";
	c->repository.branch = "main";
	c->author = "pare-bot@example.com";
	c->limits.percent = 100;
	str_list_add(s->arena, &c->window.calendar,
		     "arn:aws:ssm:us-east-1:111122223333:document/changes");
}

/* --- reading at once, for drafting --- */

struct at_once {
	struct sim *sim;
	struct call *queue[64];
	size_t count;
};

static void once_start(void *self, struct call *c)
{
	struct at_once *o = self;
	sandbox_act(o->sim->sandbox, c);
	o->queue[o->count++] = c;
}

static struct call *once_next(void *self, int64_t until_ms)
{
	struct at_once *o = self;
	(void)until_ms;
	return o->count > 0 ? o->queue[--o->count] : NULL;
}

static int64_t world_now(void *self)
{
	return ((struct sim *)self)->now_ms;
}

static void world_sleep(void *self, int64_t until_ms)
{
	struct sim *s = self;
	if (until_ms > s->now_ms)
		s->now_ms = until_ms;
}

static bool never(void *self)
{
	(void)self;
	return false;
}

static const char *tag_of(const struct principal *p, const char *key)
{
	for (size_t i = 0; i < p->tag_count; i++)
		if (str_equal(p->tag[i].key, key))
			return p->tag[i].value;
	return NULL;
}

/* Rules by tag: what the scenarios need of them. */
static bool judge_by_tag(void *self, struct arena *a, const struct judge_subject *subject,
			 struct decision *out, struct err *e)
{
	const char *word = tag_of(subject->principal, "rule");
	(void)self;
	(void)e;
	*out = (struct decision){.verdict = arena_alloc(a, sizeof *out->verdict), .count = 1};
	out->verdict[0] = (struct verdict){
		.rule = "by-tag",
		.rule_sha256 = "0000000000000000000000000000000000000000000000000000000000000000",
		.kind = str_equal(word, "archive") ? VERDICT_ARCHIVE : VERDICT_PASS,
		.reason = str_equal(word, "archive") ? "tagged" : NULL};
	return true;
}

/* As propose does: the plan, and the documents it was made from. */
static void merge(struct sim *s, const struct plan *p, const struct principal *before)
{
	struct document_list list = {0};
	const char *folder = plan_folder(s->arena, p);
	document_add_principal(s->arena, &list, before);
	struct review_file *file = arena_array(s->arena, list.count + 1, sizeof *file);
	file[0] = (struct review_file){str_printf(s->arena, "%s/plan.json", folder), p->bytes, p->len};
	for (size_t i = 0; i < list.count; i++) {
		const char *text = document_canonical(s->arena, list.item[i].text);
		file[i + 1] = (struct review_file){document_path(s->arena, folder, list.item[i].sha256), text,
						   strlen(text)};
	}
	remote_put(&s->remote, "refs/heads/main", file, list.count + 1);
	checks_plan(s, p);
}

static bool draft_plans(struct sim *s, struct err *e)
{
	struct at_once once = {.sim = s};
	const struct read_port reads = {&once, once_start, once_next};
	const struct clock_port clock = {s, world_now, world_sleep, never};
	const struct rules_port rules = {
		NULL, "0000000000000000000000000000000000000000000000000000000000000000", judge_by_tag,
		NULL};
	const struct gather_filter filter = {0};
	struct gathered g;
	struct run run;
	struct config *config = arena_alloc(s->arena, sizeof *config);
	world_config(s, config);
	const struct draft_setting setting = {config, sim_catalog(), s->now_ms, NULL, 0, 0};
	if (!gather_live(s->arena, &reads, &clock, analyzer, &filter, NULL, &g, e) ||
	    !plan_run(s->arena, &setting, &rules, &g, NULL, &run, e))
		return false;
	for (size_t i = 0; i < run.count; i++) {
		if (run.outcome[i].kind != OUTCOME_PLANNED)
			return err_set(e, ERR_INPUT, "scenario %zu: '%s' is not planned: %s", s->schedule->scenario,
				       run.outcome[i].finding->resource, run.outcome[i].reason);
		checks_role(s, run.outcome[i].principal->name)->principal =
			(struct principal *)run.outcome[i].principal;
		merge(s, run.outcome[i].plan, run.outcome[i].principal);
	}
	return run.count > 0 || err_set(e, ERR_INPUT, "scenario %zu has no finding", s->schedule->scenario);
}

bool world_build(struct sim *s, struct err *e)
{
	const char *seed = scenario_seed(s->schedule->scenario);
	struct sandbox_setting *setting = arena_alloc(s->arena, sizeof *setting);
	const struct review_file readme = {"README.md", "# IAM review\n", 13};
	setting->seed = 1;
	setting->catalog = sim_catalog();
	s->clock = (struct clock_port){s, world_now, world_sleep, never};
	s->sandbox = sandbox_new(s->arena, setting, &s->clock, e);
	if (s->sandbox == NULL || !sandbox_seed(s->sandbox, seed, strlen(seed), "scenario", e))
		return false;
	remote_put(&s->remote, "refs/heads/main", &readme, 1);
	checks_open(s);
	return draft_plans(s, e);
}

/* --- rolling back --- */

static const struct receipt *receipt_of(struct sim *s, const struct plan *p)
{
	struct err e;
	const struct sim_commit *log =
		remote_commit(&s->remote, remote_resolve(&s->remote, "refs/heads/pare/log"));
	const char *path = str_printf(s->arena, "receipts/%s/%s.json", p->account, p->id);
	for (size_t i = 0; log != NULL && i < log->count; i++)
		if (strcmp(log->file[i].path, path) == 0)
			return receipt_parse(s->arena, log->file[i].bytes, log->file[i].len, path, &e);
	return NULL;
}

/* The newest applied plan of a role, and its receipt. */
static const struct plan *newest_applied(struct sim *s, const struct watched *w,
					 const struct receipt **receipt)
{
	for (size_t k = w->plan_count; k > 0; k--) {
		*receipt = receipt_of(s, w->plan[k - 1]);
		if (*receipt != NULL && str_equal((*receipt)->result, "applied"))
			return w->plan[k - 1];
	}
	return NULL;
}

static bool read_kept(struct sim *s, const struct plan *p, struct document_list *out, struct err *e)
{
	const struct sim_commit *main =
		remote_commit(&s->remote, remote_resolve(&s->remote, "refs/heads/main"));
	const char *folder = str_printf(s->arena, "%s/evidence/documents/", plan_folder(s->arena, p));
	for (size_t i = 0; i < main->count; i++)
		if (str_starts(main->file[i].path, folder) &&
		    !document_take(s->arena, out, main->file[i].path,
				   arena_copy(s->arena, main->file[i].bytes, main->file[i].len), e))
			return false;
	return true;
}

static struct plan *draft_back(struct sim *s, const struct plan *p, const struct receipt *r, bool part,
			       struct principal **live, struct err *e)
{
	struct at_once once = {.sim = s};
	const struct read_port reads = {&once, once_start, once_next};
	struct config *config = arena_alloc(s->arena, sizeof *config);
	struct rollback_policies policies;
	struct document_list documents = {0};
	struct quota quota = quota_default();
	size_t calls;
	world_config(s, config);
	const struct draft_setting setting = {config, sim_catalog(), s->now_ms, NULL, 0, 0};
	const struct receipt *receipt = r;
	*live = observe_principal(s->arena, &reads, p->principal.type, p->principal.name, NULL, &calls, e);
	if (*live == NULL || !rollback_read(s->arena, &reads, p, &policies, e) ||
	    !read_kept(s, p, &documents, e))
		return NULL;
	struct rollback_ask ask = {.done = p, .receipt = receipt, .live = *live, .policies = &policies,
				   .documents = &documents, .quota = &quota};
	if (part) {
		ask.scope = UNDO_PART;
		str_list_add(s->arena, &ask.patterns,
			     p->impact.removed.item[s->schedule->seed % p->impact.removed.count]);
	}
	return rollback_draft(s->arena, &setting, &ask, e);
}

size_t world_roll_back(struct sim *s, bool part)
{
	size_t drafted = 0;
	for (size_t i = 0; i < s->checks->count; i++) {
		struct watched *w = &s->checks->role[i];
		const struct receipt *r = NULL;
		const struct plan *p = newest_applied(s, w, &r);
		struct principal *live;
		struct err e;
		w->added = w->standing = (struct str_list){0};
		w->added_ms = 0;
		if (p == NULL || plan_archives_only(p))
			continue;
		struct plan *back = draft_back(s, p, r, part, &live, &e);
		if (back == NULL || !plan_all_pass(back)) {
			sim_fail(s, "role '%s' cannot be rolled back: %s", w->name,
				 back == NULL ? e.message : "a gate does not pass");
			continue;
		}
		merge(s, back, live);
		drafted++;
	}
	return drafted;
}

bool world_settled(struct sim *s)
{
	for (size_t i = 0; i < s->checks->count; i++)
		for (size_t k = 0; k < s->checks->role[i].plan_count; k++) {
			const struct receipt *r = receipt_of(s, s->checks->role[i].plan[k]);
			if (r == NULL || str_equal(r->result, "partial"))
				return false;
		}
	return true;
}

/* --- a person beside pare --- */

static const char *line_of(struct sim *s, const char *kind, const char *id, const char *document)
{
	return str_printf(s->arena, "%s %s %s", kind, id, policy_text_digest(s->arena, document));
}

static const char by_hand[] =
	"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"sns:Publish\","
	"\"Resource\":\"*\"}]}";

/* Something new beside what the plan is about: it must stay. */
static void adds(struct sim *s, struct watched *w)
{
	struct problem p;
	struct account *account = box_account(s->sandbox, SIM_ACCOUNT);
	if (inline_put(s->sandbox, account, w->type, w->name, "by-hand", by_hand, &p))
		str_list_add(s->arena, &w->kept, line_of(s, "inline", "by-hand", by_hand));
	w->disturbed = true;
}

/* Something the plan is about. */
static void removes(struct sim *s, struct watched *w, uint64_t detail)
{
	struct problem p;
	struct account *account = box_account(s->sandbox, SIM_ACCOUNT);
	const struct view v = view_now(s->sandbox, account);
	const struct role *r = role_get(&v, w->type, w->name, &p);
	w->disturbed = true;
	if (r != NULL && r->attached_count > 0) {
		const struct managed *m = slot_now(r->attached[detail % r->attached_count]);
		detach(s->sandbox, account, w->type, w->name, m->arn, &p);
	}
}

static void edits(struct sim *s, struct watched *w, uint64_t detail)
{
	struct problem p;
	struct account *account = box_account(s->sandbox, SIM_ACCOUNT);
	const struct view v = view_now(s->sandbox, account);
	const struct role *r = role_get(&v, w->type, w->name, &p);
	w->disturbed = true;
	if (r != NULL && r->inline_count > 0)
		inline_put(s->sandbox, account, w->type, w->name, r->inlines[detail % r->inline_count].name, by_hand, &p);
}

/* The model has no call for it: groups are seeded. */
static void leave_groups(struct sim *s, const struct watched *w)
{
	struct problem p;
	const struct view v = view_now(s->sandbox, box_account(s->sandbox, SIM_ACCOUNT));
	const struct role *r = role_get(&v, w->type, w->name, &p);
	struct role *now = role_copy(s->sandbox, r);
	now->groups = (struct str_list){0};
	box_put(s->sandbox, r->slot, now);
}

static void makes_anew(struct sim *s, struct watched *w)
{
	static const char trust[] =
		"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":"
		"\"ec2.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}";
	struct problem p;
	struct account *account = box_account(s->sandbox, SIM_ACCOUNT);
	const struct view v = view_now(s->sandbox, account);
	const struct role *r = role_get(&v, w->type, w->name, &p);
	w->disturbed = true;
	if (r == NULL)
		return;
	while ((r = role_get(&v, w->type, w->name, &p))->attached_count > 0)
		detach(s->sandbox, account, w->type, w->name,
		       ((const struct managed *)slot_now(r->attached[0]))->arn, &p);
	while ((r = role_get(&v, w->type, w->name, &p))->inline_count > 0)
		inline_delete(s->sandbox, account, w->type, w->name, r->inlines[0].name, &p);
	leave_groups(s, w);
	role_delete(s->sandbox, account, w->type, w->name, &p);
	const struct role_new n = {.type = w->type, .name = w->name, .path = "/", .trust = trust};
	role_create(s->sandbox, account, &n, &p);
	inline_put(s->sandbox, account, w->type, w->name, "by-hand", by_hand, &p);
	str_list_add(s->arena, &w->kept, line_of(s, "inline", "by-hand", by_hand));
}

void world_person(struct sim *s, uint64_t detail)
{
	static const char *const what[] = {"adds a policy to", "removes a policy from",
					   "edits a policy of", "makes anew"};
	struct watched *w = &s->checks->role[detail % s->checks->count];
	uint64_t choice = detail / 16 % 4;
	sim_trace(s, "a person %s '%s'", what[choice], w->name);
	if (choice == 0)
		adds(s, w);
	else if (choice == 1)
		removes(s, w, detail / 64);
	else if (choice == 2)
		edits(s, w, detail / 64);
	else
		makes_anew(s, w);
	checks_changed(s);
}
