/* Observing a principal: what is asked at once, what waits for what, pages, failures. */
#include "test.h"

#include <string.h>

#include "pare/observe.h"
#include "pare/str.h"

enum { CALLS = 16 };

struct scene {
	struct arena *a;
	struct observe *o;
	struct call *call[CALLS]; /* under way, in the order in which they were asked for */
	size_t count;
	struct err e;
};

static struct scene opened(const struct principal *known)
{
	struct scene s = {.a = arena_new(NULL)};
	s.o = observe_new(s.a, PRINCIPAL_ROLE, "R", known);
	return s;
}

static void ask_all(struct scene *s)
{
	struct call *c;
	while ((c = observe_ask(s->o)) != NULL) {
		assert_true(s->count < CALLS);
		s->call[s->count++] = c;
	}
}

/* The call under way for that op and policy, taken out. */
static struct call *taken(struct scene *s, enum call_op op, const char *policy)
{
	for (size_t i = 0; i < s->count; i++) {
		struct call *c = s->call[i];
		const char *of = c->policy_arn != NULL ? c->policy_arn : c->policy_name;
		if (c->op != op || (policy != NULL && !str_equal(of, policy)))
			continue;
		s->call[i] = s->call[--s->count];
		assert_string_equal(c->role, "R");
		return c;
	}
	fail_msg("%s is not asked for", call_name(op));
	return NULL;
}

static void answered(struct scene *s, struct call *c)
{
	c->ok = true;
	assert_false(observe_finished(s->o));
	observe_answer(s->o, c);
}

static void failed(struct scene *s, struct call *c, enum err_kind kind, const char *words)
{
	c->ok = false;
	err_set(&c->err, kind, "%s", words);
	observe_answer(s->o, c);
}

static void answer_role(struct scene *s)
{
	struct call *c = taken(s, CALL_GET_ROLE, NULL);
	c->principal = arena_alloc(s->a, sizeof *c->principal);
	*c->principal = (struct principal){.name = "R", .arn = "arn:aws:iam::111122223333:role/R",
					   .unique_id = "AROA"};
	answered(s, c);
}

static void answer_lists(struct scene *s, const char *arn, const char *name)
{
	struct call *c = taken(s, CALL_LIST_ATTACHED_ROLE_POLICIES, NULL);
	if (arn != NULL)
		str_list_add(s->a, &c->arns, arn);
	answered(s, c);
	c = taken(s, CALL_LIST_ROLE_POLICIES, NULL);
	if (name != NULL)
		str_list_add(s->a, &c->names, name);
	answered(s, c);
}

static void answer_policy(struct scene *s, const char *arn, const char *version)
{
	struct call *c = taken(s, CALL_GET_POLICY, arn);
	c->policy = arena_alloc(s->a, sizeof *c->policy);
	*c->policy = (struct managed_policy){.arn = arn, .default_version = version};
	answered(s, c);
}

static void answer_text(struct scene *s, enum call_op op, const char *policy, const char *text)
{
	struct call *c = taken(s, op, policy);
	c->text = text;
	answered(s, c);
}

#define TEXT "{\"Version\":\"2012-10-17\",\"Statement\":[]}"

static void parts_then_documents_at_once(void **state)
{
	(void)state;
	struct scene s = opened(NULL);
	ask_all(&s);
	assert_int_equal(s.count, 3);
	answer_lists(&s, "arn:P", "one");
	ask_all(&s);
	assert_int_equal(s.count, 1); /* documents go with the role, which is not known yet */
	answer_role(&s);
	ask_all(&s);
	assert_int_equal(s.count, 2);
	answer_policy(&s, "arn:P", "v3");
	ask_all(&s);
	assert_int_equal(s.count, 2);
	struct call *c = taken(&s, CALL_GET_POLICY_VERSION, "arn:P");
	assert_string_equal(c->version, "v3");
	c->text = TEXT;
	answered(&s, c);
	answer_text(&s, CALL_GET_ROLE_POLICY, "one", "{}");
	assert_true(observe_finished(s.o));
	assert_null(observe_ask(s.o));
	struct principal *p = observe_result(s.o, &s.e);
	assert_non_null(p);
	assert_int_equal(p->attached_count, 1);
	assert_int_equal(p->inline_count, 1);
	assert_string_equal(p->attached[0].document, TEXT);
	assert_non_null(p->attached[0].document_sha256);
	assert_string_equal(p->inline_policy[0].name, "one");
	assert_string_equal(p->inline_policy[0].document, "{}");

	/* Again: the version is known, its text is not fetched; another version's is. */
	static const char *const versions[] = {"v3", "v4"};
	for (size_t i = 0; i < 2; i++) {
		struct scene again = opened(p);
		ask_all(&again);
		answer_role(&again);
		answer_lists(&again, "arn:P", NULL);
		ask_all(&again);
		answer_policy(&again, "arn:P", versions[i]);
		ask_all(&again);
		assert_int_equal(again.count, i);
		assert_int_equal(observe_finished(again.o), i == 0);
		arena_free(again.a);
	}
	arena_free(s.a);
}

static void nothing_attached(void **state)
{
	(void)state;
	struct scene s = opened(NULL);
	ask_all(&s);
	answer_role(&s);
	answer_lists(&s, NULL, NULL);
	assert_true(observe_finished(s.o));
	struct principal *p = observe_result(s.o, &s.e);
	assert_non_null(p);
	assert_int_equal(p->attached_count + p->inline_count, 0);
	arena_free(s.a);
}

static void pages_follow_each_other(void **state)
{
	(void)state;
	struct scene s = opened(NULL);
	ask_all(&s);
	answer_role(&s);
	struct call *c = taken(&s, CALL_LIST_ROLE_POLICIES, NULL);
	assert_null(c->marker);
	str_list_add(s.a, &c->names, "one");
	c->next_marker = "more";
	answered(&s, c);
	ask_all(&s);
	assert_int_equal(s.count, 2);
	c = taken(&s, CALL_LIST_ROLE_POLICIES, NULL);
	assert_string_equal(c->marker, "more");
	str_list_add(s.a, &c->names, "two");
	answered(&s, c);
	c = taken(&s, CALL_LIST_ATTACHED_ROLE_POLICIES, NULL);
	assert_null(c->marker);
	answered(&s, c);
	ask_all(&s);
	assert_int_equal(s.count, 2);
	answer_text(&s, CALL_GET_ROLE_POLICY, "two", "{\"2\":2}");
	answer_text(&s, CALL_GET_ROLE_POLICY, "one", "{\"1\":1}");
	assert_true(observe_finished(s.o));
	struct principal *p = observe_result(s.o, &s.e);
	assert_int_equal(p->inline_count, 2);
	assert_string_equal(principal_inline(p, "one")->document, "{\"1\":1}");
	assert_string_equal(principal_inline(p, "two")->document, "{\"2\":2}");
	arena_free(s.a);
}

/* Answers go into the observation's arena: it does not end before the last of them. */
static void a_failure_waits_for_what_is_under_way(void **state)
{
	(void)state;
	struct scene s = opened(NULL);
	ask_all(&s);
	failed(&s, taken(&s, CALL_LIST_ROLE_POLICIES, NULL), ERR_THROTTLED, "slow down");
	assert_false(observe_finished(s.o));
	assert_null(observe_ask(s.o));
	answer_role(&s);
	assert_false(observe_finished(s.o));
	struct call *c = taken(&s, CALL_LIST_ATTACHED_ROLE_POLICIES, NULL);
	c->next_marker = "more";
	c->ok = true;
	observe_answer(s.o, c);
	assert_null(observe_ask(s.o));
	assert_true(observe_finished(s.o));
	assert_false(observe_principal_missing(s.o));
	assert_null(observe_result(s.o, &s.e));
	assert_int_equal(s.e.kind, ERR_THROTTLED);
	assert_non_null(strstr(s.e.message, "slow down"));
	arena_free(s.a);
}

static void a_missing_role_is_told_from_a_missing_policy(void **state)
{
	(void)state;
	struct scene s = opened(NULL);
	ask_all(&s);
	failed(&s, taken(&s, CALL_LIST_ROLE_POLICIES, NULL), ERR_UNAVAILABLE, "no list");
	failed(&s, taken(&s, CALL_LIST_ATTACHED_ROLE_POLICIES, NULL), ERR_NOT_FOUND, "no list either");
	failed(&s, taken(&s, CALL_GET_ROLE, NULL), ERR_NOT_FOUND, "no role");
	assert_true(observe_finished(s.o));
	assert_true(observe_principal_missing(s.o));
	assert_null(observe_result(s.o, &s.e));
	assert_int_equal(s.e.kind, ERR_NOT_FOUND);
	assert_non_null(strstr(s.e.message, "no role"));
	arena_free(s.a);

	s = opened(NULL);
	ask_all(&s);
	answer_role(&s);
	answer_lists(&s, "arn:P", "one");
	ask_all(&s);
	failed(&s, taken(&s, CALL_GET_POLICY, "arn:P"), ERR_NOT_FOUND, "no policy");
	assert_false(observe_finished(s.o));
	answer_text(&s, CALL_GET_ROLE_POLICY, "one", "{}");
	assert_true(observe_finished(s.o));
	assert_false(observe_principal_missing(s.o));
	assert_null(observe_result(s.o, &s.e));
	assert_non_null(strstr(s.e.message, "no policy"));
	arena_free(s.a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_then_documents_at_once),
		cmocka_unit_test(nothing_attached),
		cmocka_unit_test(pages_follow_each_other),
		cmocka_unit_test(a_failure_waits_for_what_is_under_way),
		cmocka_unit_test(a_missing_role_is_told_from_a_missing_policy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
