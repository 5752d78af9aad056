/* A folder of rules, a subject, and what its rules say: shared by the tests of the rules' process. */
#ifndef PARE_RULES_BENCH_H
#define PARE_RULES_BENCH_H

#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/adapt/lua_private.h"
#include "pare/finding.h"
#include "pare/principal.h"
#include "pare/recommendation.h"
#include "pare/str.h"
#include "pare/when.h"

struct bench {
	struct arena *arena;
	char folder[64];
	struct str_list paths;
	struct rules_port port;
	struct err e;
	struct principal principal;
	struct finding finding;
	struct unused unused;
	struct judge_subject subject;
	struct decision decision;
};

static inline int set_up(void **state)
{
	struct arena *a = arena_new(NULL);
	struct bench *b = arena_alloc(a, sizeof *b);
	b->arena = a;
	snprintf(b->folder, sizeof b->folder, "/tmp/pare-rules-XXXXXX");
	if (mkdtemp(b->folder) == NULL)
		return -1;
	str_list_add(a, &b->paths, b->folder);
	b->principal = (struct principal){.partition = "aws",
					  .account = "111122223333",
					  .arn = "arn:aws:iam::111122223333:role/app/Example",
					  .name = "Example",
					  .path = "/app/",
					  .unique_id = "AROAEXAMPLE",
					  .created_at = "2020-01-01T00:00:00Z"};
	b->finding = (struct finding){.id = "f-1",
				      .type_text = "UnusedPermission",
				      .status = "ACTIVE",
				      .resource = b->principal.arn,
				      .unused = &b->unused};
	b->subject = (struct judge_subject){.finding = &b->finding,
					    .principal = &b->principal,
					    .account = "111122223333",
					    .analyzer = "arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/a",
					    .unused_access_age_days = 90};
	when_parse("2026-06-15T12:00:00Z", &b->subject.now_ms);
	*state = b;
	return 0;
}

static inline int tear_down(void **state)
{
	struct bench *b = *state;
	char command[128];
	snprintf(command, sizeof command, "rm -rf '%s'", b->folder);
	arena_free(b->arena);
	int left = waitpid(-1, NULL, WNOHANG);
	if (system(command) != 0)
		return -1;
	return left == -1 && errno == ECHILD ? 0 : -1; /* no zombie, no survivor */
}

static inline void put(struct bench *b, const char *name, const char *text, size_t len)
{
	FILE *f = fopen(str_printf(b->arena, "%s/%s", b->folder, name), "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static inline void file(struct bench *b, const char *name, const char *text)
{
	put(b, name, text, strlen(text));
}

/* a.lua holds one rule `a` with this body; z.lua one that always exempts. */
static inline void judge_body(struct bench *b, const char *top, const char *body)
{
	file(b, "a.lua", str_printf(b->arena, "%s\nrule { name = 'a', about = 'x', judge = function(c)\n%s\nend }",
				    top, body));
	file(b, "z.lua", "rule { name = 'z', about = 'x', judge = function(c) return exempt('z is well') end }");
	if (b->port.self == NULL && !rules_open(b->arena, &b->paths, &b->port, &b->e))
		fail_msg("%s", b->e.message);
}

static inline const struct verdict *judged(struct bench *b)
{
	b->decision = (struct decision){0};
	if (!b->port.judge(b->port.self, b->arena, &b->subject, &b->decision, &b->e))
		fail_msg("%s", b->e.message);
	assert_int_equal(b->decision.count, 2);
	return b->decision.verdict;
}

static inline const struct verdict *verdict_of(struct bench *b, const char *body)
{
	judge_body(b, "", body);
	return judged(b);
}

static inline void assert_says(const char *text, const char *part)
{
	if (text == NULL || strstr(text, part) == NULL)
		fail_msg("'%s' lacks '%s'", text != NULL ? text : "(nothing)", part);
}

/* The rule is held as failed for this reason, and its neighbour is as well as ever. */
static inline void assert_costs_itself(struct bench *b, const char *top, const char *body, const char *why)
{
	judge_body(b, top, body);
	for (int round = 0; round < 2; round++) {
		const struct verdict *v = judged(b);
		assert_int_equal(v[0].kind, VERDICT_HOLD);
		assert_true(v[0].failed);
		assert_says(v[0].reason, why);
		assert_int_equal(v[1].kind, VERDICT_EXEMPT);
		assert_false(v[1].failed);
		assert_string_equal(v[1].reason, "z is well");
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
