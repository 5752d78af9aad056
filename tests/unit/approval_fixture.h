/* A plan on the protected branch of a real repository, people with keys, and what the executor makes
 * of it. */
#ifndef PARE_APPROVAL_FIXTURE_H
#define PARE_APPROVAL_FIXTURE_H

#include "plan_fixture.h"
#include "ssh_fixture.h"

#include "pare/approve.h"
#include "pare/when.h"

static const char NOW[] = "2026-11-25T12:00:00Z";

struct scene {
	struct config config;
	struct approval_port port;
	struct review_port review;
	struct plan *plan;
	const char *path; /* of plan.json */
};

static inline const char *allowed(struct bench *b)
{
	return str_printf(b->arena, "%s/allowed", b->dir);
}

static inline void make_people(struct bench *b)
{
	static const char *const names[] = {"alice", "bob", "carol", "pare-bot"};
	struct buf *lines = buf_new(b->arena, 1 << 16);
	for (size_t i = 0; i < 4; i++)
		buf_printf(lines, "%s@example.com %s\n", names[i],
			   public_line(b, make_key(b, names[i], "-t ed25519")));
	spit(b, allowed(b), lines->data, lines->len);
}

/* A plan on the protected branch, two signatures asked for. */
static inline struct scene make_scene(struct bench *b)
{
	struct scene s = {.config = make_config(b, b->remote)};
	make_people(b);
	s.plan = make_plan(b, make_role(b->arena, "/", "AppRole"), b->remote, "one");
	s.path = str_printf(b->arena, "%s/plan.json", plan_folder(b->arena, s.plan));
	s.config.approval.signatures = 2;
	s.config.approval.signers = allowed(b);
	const char *file = str_printf(b->arena, "%s/work/%s", b->dir, s.path);
	run_shell(b, NULL, "mkdir -p $(dirname %s)", file);
	spit(b, file, s.plan->bytes, s.plan->len);
	run_shell(b, NULL, "cd %s/work && git add . && git commit -qm plan && git push -q origin main", b->dir);
	s.review = open_review(b, b->remote);
	return s;
}

static inline void push_all(struct bench *b)
{
	run_shell(b, NULL, "cd %s/work && git add -A . && git commit -qm change && git push -q origin main", b->dir);
}

/* sha256sum, ssh-keygen and git: what a reviewer without pare does. */
static inline void sign_as(struct bench *b, const struct scene *s, const char *who, const char *namespace)
{
	run_shell(b, NULL,
		  "cd %s/work && mkdir -p approvals/team && sha256sum %s >approvals/team/%s.sums && rm -f "
		  "approvals/team/%s.sums.sig && ssh-keygen -q -Y sign -n %s -f %s/%s approvals/team/%s.sums",
		  b->dir, s->path, who, who, namespace, b->dir, who, who);
	push_all(b);
}

static inline void approve_as(struct bench *b, const struct scene *s, const char *who)
{
	sign_as(b, s, who, APPROVAL_NAMESPACE);
}

static inline struct approval *read_at(struct bench *b, struct scene *s, const char *now)
{
	struct approval *all;
	size_t count;
	char tip_oid[OID_HEX];
	int64_t ms;
	assert_true(when_parse(now, &ms));
	approval_open(&s->config, &s->port);
	if (!approvals_read(b->arena, &s->review, &b->store, &s->config, &s->port, NULL, ms, &all, &count, tip_oid,
			    &b->e))
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (strcmp(all[i].plan->id, s->plan->id) == 0)
			return &all[i];
	fail_msg("the plan is not on the branch");
	return NULL;
}

/* As many as the scene's configuration asks for. */
static inline struct scene signed_by_two(struct bench *b)
{
	struct scene s = make_scene(b);
	approve_as(b, &s, "alice");
	approve_as(b, &s, "bob");
	return s;
}

static inline void approved(struct bench *b, struct scene *s)
{
	const struct approval *x = read_at(b, s, NOW);
	if (x == NULL)
		fail_msg("%s", b->e.message);
	if (!x->approved || x->missing != NULL)
		fail_msg("not approved: %s", x->missing);
}

static inline void missing(struct bench *b, struct scene *s, const char *words)
{
	const struct approval *x = read_at(b, s, NOW);
	if (x == NULL)
		fail_msg("%s", b->e.message);
	if (x->approved || x->missing == NULL)
		fail_msg("approved, and '%s' was expected", words);
	if (strstr(x->missing, words) == NULL)
		fail_msg("'%s' lacks '%s'", x->missing, words);
}

#define NEED_BOTH()             \
	do {                    \
		NEED_GIT();     \
		NEED_SSH_KEYGEN(); \
	} while (0)

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

#endif
