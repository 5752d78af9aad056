/* A sandbox on a virtual clock with the blog scenario, for tests. */
#ifndef PARE_SANDBOX_WORLD_H
#define PARE_SANDBOX_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pare/sandbox.h"
#include "pare/when.h"

#define ANALYZER "arn:aws:access-analyzer:us-east-1:111122223333:analyzer/unused-access"
#define BLOG "IAMRole_IA2_Blog_EC2Role"
#define S3 "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
#define BEDROCK "arn:aws:iam::aws:policy/AmazonBedrockReadOnly"

struct world {
	struct arena *a;
	struct clock_port clock;
	struct sandbox *box;
	struct read_port read;
	struct write_port write;
};

static inline char *slurp(struct arena *a, const char *name, size_t *len)
{
	FILE *f = fopen(name, "rb");
	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	*len = (size_t)ftell(f);
	rewind(f);
	char *text = arena_alloc(a, *len + 1);
	assert_int_equal(fread(text, 1, *len, f), *len);
	fclose(f);
	return text;
}

static inline void seed(struct world *w, const char *text, size_t len)
{
	struct err e;
	if (!sandbox_seed(w->box, text, len, "seed", &e))
		fail_msg("%s", e.message);
}

static inline struct world world_with(struct sandbox_setting setting)
{
	struct world w = {.a = arena_new(NULL)};
	struct err e;
	int64_t start;
	assert_true(when_parse("2026-11-24T10:00:00Z", &start));
	w.clock = clock_virtual(w.a, start);
	struct clock_port *clock = arena_alloc(w.a, sizeof *clock);
	*clock = w.clock;
	w.box = sandbox_new(w.a, &setting, clock, &e);
	if (w.box == NULL)
		fail_msg("%s", e.message);
	w.read = sandbox_read_port(w.box);
	w.write = sandbox_write_port(w.box);
	return w;
}

static inline struct world blog_world(struct sandbox_setting setting)
{
	struct world w = world_with(setting);
	size_t len;
	char *text = slurp(w.a, "examples/blog/seed.json", &len);
	seed(&w, text, len);
	return w;
}

static inline struct call *ask(struct world *w, struct call c)
{
	struct call *x = arena_alloc(w->a, sizeof *x);
	*x = c;
	x->arena = w->a;
	w->write.start(w->write.self, x);
	assert_ptr_equal(w->write.next(w->write.self, INT64_MAX), x);
	return x;
}

static inline void ok(struct world *w, struct call c)
{
	struct call *x = ask(w, c);
	if (!x->ok)
		fail_msg("%s", x->err.message);
}

static inline void refused(struct world *w, struct call c, const char *code, enum err_kind kind)
{
	struct call *x = ask(w, c);
	assert_false(x->ok);
	assert_string_equal(x->err.code, code);
	assert_int_equal(x->err.kind, kind);
}

static inline struct finding *blog_finding(struct world *w, const char *status)
{
	struct call *c = ask(w, (struct call){.op = CALL_LIST_FINDINGS, .analyzer = ANALYZER, .status = status});
	assert_true(c->ok);
	for (size_t i = 0; i < c->finding_count; i++)
		if (strstr(c->findings[i]->resource, BLOG) != NULL)
			return c->findings[i];
	return NULL;
}

static inline struct recommendation *blog_recommendation(struct world *w)
{
	struct finding *f = blog_finding(w, NULL);
	assert_non_null(f);
	ok(w, (struct call){.op = CALL_GENERATE_RECOMMENDATION, .analyzer = ANALYZER, .finding = f->id});
	struct call get = {.op = CALL_GET_RECOMMENDATION, .analyzer = ANALYZER, .finding = f->id};
	struct call *c = ask(w, get);
	assert_true(c->ok);
	assert_int_equal(c->recommendation->status, RECOMMENDATION_IN_PROGRESS);
	assert_int_equal(c->recommendation->count, 0);
	clock_virtual_advance(&w->clock, 5000);
	c = ask(w, get);
	assert_true(c->ok);
	return c->recommendation;
}

#define DOC                                                                                         \
	"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"*\"}]}"

/* Carries the recommendation out, as pare would. */
static inline void remediate(struct world *w)
{
	struct recommendation *r = blog_recommendation(w);
	const char *arn = "arn:aws:iam::111122223333:policy/pare/S3-recommended";
	ok(w, (struct call){.op = CALL_CREATE_POLICY, .policy_name = "S3-recommended", .path = "/pare/",
			    .document = r->step[1].document});
	ok(w, (struct call){.op = CALL_ATTACH_ROLE_POLICY, .role = BLOG, .policy_arn = arn});
	ok(w, (struct call){.op = CALL_PUT_ROLE_POLICY, .role = BLOG, .policy_name = "List-recommended",
			    .document = r->step[3].document});
	ok(w, (struct call){.op = CALL_DETACH_ROLE_POLICY, .role = BLOG, .policy_arn = BEDROCK});
	ok(w, (struct call){.op = CALL_DETACH_ROLE_POLICY, .role = BLOG, .policy_arn = S3});
	ok(w, (struct call){.op = CALL_DELETE_ROLE_POLICY, .role = BLOG,
			    .policy_name = "InlinePolicyListLambda"});
}

#endif
