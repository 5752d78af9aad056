/* A worker's scene: a queue in memory, the sandbox's model on a virtual clock, a real repository, and
 * something that happens at an operation of one's choice. */
#ifndef PARE_WORKER_SCENE_H
#define PARE_WORKER_SCENE_H

#include "../unit/review_fixture.h"
#include "../unit/sandbox_world.h"

#include "pare/worker.h"

enum { HIDDEN_S = 30, ITEMS_MAX = 32, TOLD_MAX = 256, DEAD_AFTER = 4 };

struct item {
	const char *body;
	char id[16];
	int64_t visible_ms, tries;
	bool removed, dead;
};

struct scene {
	struct bench *bench;
	struct world w;
	struct item item[ITEMS_MAX];
	size_t count;
	bool backwards; /* the queue delivers the last first */
	struct config config;
	struct clock_port clock; /* the world's, with a signal */
	struct review_port review, plain;
	struct queue_port queue;
	struct rules_port rules;
	struct desk_port desk;
	struct worker worker;
	enum work_result told[TOLD_MAX];
	const char *reason[TOLD_MAX];
	size_t told_count;
	enum verdict_kind verdict;
	const char *finding;
	bool signalled, unreachable, no_aws, watched, deleted;
	size_t states; /* state folders so far */
	/* at operation `at`: */
	size_t operations, at;
	void (*then)(struct scene *s);
	jmp_buf killed;
	bool inside_aws;
};

/* --- operations: before and after each effect --- */

static inline void operation(struct scene *s)
{
	if (s->watched && s->inside_aws) /* Q4 */
		for (size_t i = 0; i < s->count; i++)
			if (s->item[i].tries > 0 && !s->item[i].removed)
				assert_true(s->item[i].visible_ms > s->w.clock.now_ms(s->w.clock.self));
	if (++s->operations == s->at && s->then != NULL)
		s->then(s);
}

static inline size_t branches(struct scene *s)
{
	struct bench *b = s->bench;
	struct str_list refs = {0};
	assert_ok(s->plain.fetch(s->plain.self, &b->e));
	assert_ok(s->plain.refs(s->plain.self, b->arena, "refs/heads/pare/", &refs, &b->e));
	return refs.count;
}

/* --- the queue --- */

static inline bool queue_receive(void *self, struct arena *a, int wait_s, int hidden_s,
			  struct queue_message **out, size_t *count, struct err *e)
{
	struct scene *s = self;
	(void)wait_s;
	operation(s);
	if (s->unreachable)
		return err_set(e, ERR_UNAVAILABLE, "the queue does not answer");
	int64_t now = s->w.clock.now_ms(s->w.clock.self);
	*out = arena_array(a, QUEUE_BATCH, sizeof **out);
	*count = 0;
	for (size_t k = 0; k < s->count && *count < QUEUE_BATCH; k++) {
		struct item *x = &s->item[s->backwards ? s->count - 1 - k : k];
		if (x->removed || x->dead || x->visible_ms > now)
			continue;
		if (x->tries == DEAD_AFTER) {
			x->dead = true;
			continue;
		}
		x->tries++;
		x->visible_ms = now + (int64_t)hidden_s * 1000;
		(*out)[(*count)++] = (struct queue_message){x->id, x->id, x->body, strlen(x->body), x->tries};
	}
	operation(s);
	return true;
}

static inline struct item *item_of(struct scene *s, const char *id)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->item[i].id, id) == 0)
			return &s->item[i];
	fail_msg("no message '%s'", id);
	return NULL;
}

static inline bool queue_remove(void *self, const struct queue_message *const *message, size_t count,
			 struct err *e)
{
	struct scene *s = self;
	(void)e;
	operation(s);
	if (s->verdict == VERDICT_PASS && !s->deleted && strstr(message[0]->body, s->finding) != NULL)
		assert_true(branches(s) > 0); /* Q1 */
	for (size_t i = 0; i < count; i++)
		item_of(s, message[i]->receipt)->removed = true;
	operation(s);
	return true;
}

static inline bool queue_hide(void *self, const struct queue_message *message, int hidden_s, struct err *e)
{
	struct scene *s = self;
	(void)e;
	item_of(s, message->receipt)->visible_ms =
		s->w.clock.now_ms(s->w.clock.self) + (int64_t)hidden_s * 1000;
	return true;
}

static inline void put(struct scene *s, const char *body)
{
	struct item *x = &s->item[s->count];
	*x = (struct item){.body = body};
	snprintf(x->id, sizeof x->id, "m%zu", s->count++);
}

static inline const char *event_of(struct scene *s, const char *finding, const char *status)
{
	return str_printf(s->bench->arena,
			  "{\"source\":\"aws.access-analyzer\",\"detail-type\":\"Unused Access Finding for IAM "
			  "entities\",\"resources\":[\"" ANALYZER "\"],\"detail\":{\"findingId\":\"%s\",\"status\":"
			  "\"%s\"}}",
			  finding, status);
}

/* --- the other ports --- */

static inline int64_t clock_now(void *self)
{
	struct scene *s = self;
	return s->w.clock.now_ms(s->w.clock.self);
}

static inline void clock_sleep(void *self, int64_t until_ms)
{
	struct scene *s = self;
	s->w.clock.sleep_until(s->w.clock.self, until_ms);
}

static inline bool clock_interrupted(void *self)
{
	return ((struct scene *)self)->signalled;
}

static inline void aws_start(void *self, struct call *c)
{
	struct scene *s = self;
	s->inside_aws = true;
	operation(s);
	s->inside_aws = false;
	s->w.read.start(s->w.read.self, c);
}

static inline struct call *aws_next(void *self, int64_t until_ms)
{
	struct scene *s = self;
	struct call *c = s->w.read.next(s->w.read.self, until_ms);
	s->inside_aws = true;
	operation(s);
	s->inside_aws = false;
	return c;
}

static inline bool review_fetch(void *self, struct err *e)
{
	struct scene *s = self;
	operation(s);
	return s->plain.fetch(s->plain.self, e);
}
static inline bool review_publish(void *self, const char *ref, const char *expected, const char *oid,
			   struct err *e)
{
	struct scene *s = self;
	operation(s);
	bool ok = s->plain.publish(s->plain.self, ref, expected, oid, e);
	operation(s);
	return ok;
}
static inline bool review_refs(void *self, struct arena *a, const char *prefix, struct str_list *names,
			struct err *e)
{
	struct scene *s = self;
	return s->plain.refs(s->plain.self, a, prefix, names, e);
}
static inline bool review_resolve(void *self, const char *ref, char oid[OID_HEX], struct err *e)
{
	struct scene *s = self;
	return s->plain.resolve(s->plain.self, ref, oid, e);
}
static inline bool review_read(void *self, struct arena *a, const char *commit, const char *path, size_t max,
			const char **bytes, size_t *len, struct err *e)
{
	struct scene *s = self;
	return s->plain.read(s->plain.self, a, commit, path, max, bytes, len, e);
}
static inline bool review_list(void *self, struct arena *a, const char *commit, const char *folder,
			struct str_list *paths, struct err *e)
{
	struct scene *s = self;
	return s->plain.list(s->plain.self, a, commit, folder, paths, e);
}
static inline bool review_descends(void *self, const char *commit, const char *ancestor, bool *yes,
			    struct err *e)
{
	struct scene *s = self;
	return s->plain.descends(s->plain.self, commit, ancestor, yes, e);
}
static inline bool review_commit(void *self, const char *parent, const struct review_file *file, size_t count,
			  const char *message, const char *author, int64_t when_ms, char oid[OID_HEX],
			  struct err *e)
{
	struct scene *s = self;
	return s->plain.commit(s->plain.self, parent, file, count, message, author, when_ms, oid, e);
}

static inline bool judge_all(void *self, struct arena *a, const struct judge_subject *subject,
		      struct decision *out, struct err *e)
{
	struct scene *s = self;
	(void)subject;
	(void)e;
	*out = (struct decision){.outcome = s->verdict};
	if (s->verdict == VERDICT_PASS)
		return true;
	out->verdict = arena_alloc(a, sizeof *out->verdict);
	*out->verdict = (struct verdict){.rule = "test", .kind = s->verdict, .reason = "said so",
					 .rule_sha256 = s->rules.rules_sha256};
	out->count = 1;
	return true;
}

static inline bool desk_connect(void *self, struct arena *a, const char *account, struct read_port *aws,
				const char **caller_arn, struct err *e)
{
	struct scene *s = self;
	(void)a;
	(void)account;
	operation(s);
	if (s->no_aws)
		return err_set(e, ERR_UNAVAILABLE, "AWS does not answer");
	*aws = (struct read_port){s, aws_start, aws_next};
	*caller_arn = "arn:aws:iam::111122223333:user/pare";
	return true;
}

static inline bool desk_keep(void *self, struct arena *a, const struct outcome *o, struct err *e)
{
	(void)a;
	(void)o;
	(void)e;
	operation(self);
	return true;
}

static inline void desk_tell(void *self, struct arena *a, const struct worked *w)
{
	struct scene *s = self;
	(void)a;
	assert_true(s->told_count < TOLD_MAX);
	s->reason[s->told_count] = arena_strdup(s->bench->arena, w->reason);
	s->told[s->told_count++] = w->result;
}

/* --- the scene --- */

/* A worker that was never here before: its state folder is empty. */
static inline void new_worker(struct scene *s)
{
	struct bench *b = s->bench;
	const char *state = str_printf(b->arena, "%s/state%zu", b->dir, s->states++);
	run_shell(b, NULL, "mkdir -p %s", state);
	assert_ok(git_open(b->arena, b->remote, state, &s->plain, &b->e));
	sandbox_revive(s->w.box);
	s->operations = 0;
	s->at = 0;
	s->then = NULL;
	s->signalled = false;
}

static inline struct scene *scene(struct bench *b, const char *faults)
{
	static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
	struct scene *s = calloc(1, sizeof *s);
	s->bench = b;
	s->w = blog_world((struct sandbox_setting){.seed = 1, .faults = faults});
	s->finding = blog_finding(&s->w, NULL)->id;
	config_default(b->arena, &s->config);
	s->config.repository.url = b->remote;
	s->config.limits.percent = 100;
	s->clock = (struct clock_port){s, clock_now, clock_sleep, clock_interrupted};
	s->review = (struct review_port){.self = s, .url = b->remote, .fetch = review_fetch,
					 .refs = review_refs, .resolve = review_resolve, .read = review_read,
					 .list = review_list, .descends = review_descends,
					 .commit = review_commit, .publish = review_publish};
	s->queue = (struct queue_port){s, queue_receive, queue_remove, queue_hide};
	s->rules = (struct rules_port){s, zeros, judge_all};
	s->desk = (struct desk_port){s, desk_connect, desk_keep, desk_tell};
	s->worker = (struct worker){.config = &s->config, .catalog = catalog_embedded(b->arena),
				    .analyzer = ANALYZER, .wait_s = 0, .hidden_s = HIDDEN_S,
				    .queue = &s->queue, .clock = &s->clock, .rules = &s->rules,
				    .review = &s->review, .desk = &s->desk};
	new_worker(s);
	return s;
}

static inline void end(struct scene *s)
{
	arena_free(s->w.a);
	free(s);
}

static inline size_t one_round(struct scene *s)
{
	size_t received;
	struct err e;
	struct arena *a = arena_new(s->bench->arena);
	s->told_count = 0;
	if (!worker_round(a, &s->worker, &received, &e))
		fail_msg("%s", e.message);
	return received;
}

static inline size_t waiting(const struct scene *s)
{
	size_t count = 0;
	for (size_t i = 0; i < s->count; i++)
		count += !s->item[i].removed && !s->item[i].dead;
	return count;
}

static inline void pass_time(struct scene *s, int64_t seconds)
{
	clock_virtual_advance(&s->w.clock, seconds * 1000);
}

/* Until nothing is left, as the messages come back. */
static inline void drain(struct scene *s)
{
	for (int i = 0; i < 20 && waiting(s) > 0; i++) {
		one_round(s);
		pass_time(s, HIDDEN_S + 1);
	}
	assert_int_equal(waiting(s), 0);
}

static inline void told(const struct scene *s, size_t i, enum work_result result, const char *words)
{
	assert_true(i < s->told_count);
	if (s->told[i] != result || strstr(s->reason[i], words) == NULL)
		fail_msg("%s: %s, expected %s: %s", work_result_name(s->told[i]), s->reason[i],
			 work_result_name(result), words);
}

#endif
