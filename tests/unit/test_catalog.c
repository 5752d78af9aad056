#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pare/catalog.h"
#include "pare/json.h"
#include "pare/str.h"
#include "shared_data.h"

static void test_counts(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	const struct catalog *c = catalog_embedded(a);
	assert_int_equal(catalog_service_count(c), 456);
	assert_int_equal(catalog_action_count(c), 22091);
	assert_string_equal(catalog_date(c), "2026-09-26");
	assert_non_null(strstr(catalog_source(c), "iam-data"));
	size_t unpacked = 0;
	for (size_t i = 0; i < catalog_service_count(c); i++)
		unpacked += catalog_service_at(c, i)->action_count;
	assert_int_equal(unpacked, 22091);
	arena_free(a);
}

static void test_lookups(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	const struct catalog *c = catalog_embedded(a);
	const struct catalog_service *s3 = catalog_service(c, "S3");
	assert_non_null(s3);
	assert_string_equal(s3->prefix, "s3");
	const struct catalog_action *x = catalog_action(c, "s3:getOBJECT");
	assert_non_null(x);
	assert_string_equal(x->full, "s3:GetObject");
	assert_string_equal(x->name, "GetObject");
	assert_int_equal(x->level, 'R');
	assert_int_equal(catalog_action(c, "iam:PassRole")->level, 'W');
	assert_int_equal(catalog_action(c, "s3:PutBucketPolicy")->level, 'P');
	assert_int_equal(catalog_action(c, "s3:ListBucket")->level, 'L');
	assert_int_equal(catalog_action(c, "ec2:CreateTags")->level, 'T');
	static const char *const absent[] = {"s3",          "s3:",  ":GetObject", "",     "s3:GetObjec",
					     "s3:GetObject2", "s3x:GetObject", "s:GetObject", "*", "s3:*",
					     "zzz:A", "a:B", "s3:GetObject:x"};
	for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
		assert_null(catalog_action(c, absent[i]));
	assert_null(catalog_service(c, "s"));
	assert_null(catalog_service(c, ""));
	assert_null(catalog_service(c, "s3:"));
	/* the first and the last */
	assert_string_equal(catalog_service(c, catalog_prefix_at(c, 0))->prefix, catalog_prefix_at(c, 0));
	assert_string_equal(catalog_service(c, catalog_prefix_at(c, 455))->prefix,
			    catalog_prefix_at(c, 455));
	arena_free(a);
}

/* Some resource types hold a space. */
static void test_types(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	const struct catalog *c = catalog_embedded(a);
	const struct catalog_action *x = catalog_action(c, "lambda:UpdateFunctionCode");
	assert_int_equal(x->resource_type_count, 1);
	assert_string_equal(x->resource_types[0], "function*");
	const struct catalog_service *lambda = catalog_service(c, "lambda");
	size_t spaced = 0;
	for (size_t i = 0; i < lambda->type_count; i++) {
		assert_true(lambda->type[i].arn_count >= 1);
		assert_true(str_starts(lambda->type[i].arn[0], "arn:*:"));
		spaced += strcmp(lambda->type[i].name, "code signing config") == 0;
	}
	assert_int_equal(spaced, 1);
	arena_free(a);
}

/* What is written is what is read: the embedded text, byte for byte. */
static void test_print(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct err e = {.kind = ERR_NONE};
	const struct catalog *c = catalog_embedded(a);
	size_t count = catalog_service_count(c);
	const struct catalog_service **s = arena_array(a, count, sizeof *s);
	for (size_t i = 0; i < count; i++)
		s[i] = catalog_service_at(c, i);
	struct buf *once = buf_new(a, CATALOG_MAX_BYTES), *twice = buf_new(a, CATALOG_MAX_BYTES);
	catalog_print(catalog_date(c), catalog_source(c), s, count, once);
	assert_true(buf_ok(once) && once->len > 500000);
	const struct catalog *d = catalog_parse(a, once->data, once->len, "printed", &e);
	if (d == NULL)
		fail_msg("%s", e.message);
	assert_int_equal(catalog_action_count(d), 22091);
	for (size_t i = 0; i < count; i++) {
		s[i] = catalog_service_at(d, i);
		const struct catalog_service *x = catalog_service_at(c, i);
		assert_int_equal(x->action_count, s[i]->action_count);
		for (size_t k = 0; k < x->action_count; k++) {
			assert_string_equal(x->action[k].full, s[i]->action[k].full);
			assert_int_equal(x->action[k].level, s[i]->action[k].level);
			assert_int_equal(x->action[k].resource_type_count, s[i]->action[k].resource_type_count);
		}
	}
	catalog_print(catalog_date(d), catalog_source(d), s, count, twice);
	assert_string_equal(once->data, twice->data);
	arena_free(a);
}

#define HEAD "date 2026-01-02\nsource a test\n"

static void test_broken(void **state)
{
	(void)state;
	static const struct {
		const char *text, *words;
	} broken[] = {
		{"", "line 1: expected 'date"},
		{"date 2026-01-02", "line 1: the last line is cut off"},
		{"date 2026-1-2\nsource x\ns a\na R 0 B\n", "line 1: expected 'date"},
		{"date 2026-01-0x\nsource x\ns a\na R 0 B\n", "line 1: expected 'date"},
		{"date 2026-01-02\ns a\na R 0 B\n", "line 2: expected 'source"},
		{HEAD, "expected services"},
		{HEAD "s a\na R 0 B", "line 4: the last line is cut off"},
		{HEAD "a R 0 B\n", "line 3: expected a service before"},
		{HEAD "r t arn\n", "line 3: expected a service"},
		{HEAD "s A\na R 0 B\n", "line 3: expected a service prefix"},
		{HEAD "s a b\na R 0 B\n", "line 3: expected a service prefix"},
		{HEAD "s b\ns a\n", "line 4: expected the services in order"},
		{HEAD "s a\ns a\n", "line 4: expected the services in order"},
		{HEAD "s a\na X 0 B\n", "line 4: expected a level"},
		{HEAD "s a\na R 1 B\n", "line 4: expected how many"},
		{HEAD "s a\na R x B\n", "line 4: expected how many"},
		{HEAD "s a\na R 0\n", "line 4: expected an action's name"},
		{HEAD "s a\na R 0 -\n", "line 4: expected an action's name"},
		{HEAD "s a\na R 0 B*\n", "line 4: expected an action's name of letters"},
		{HEAD "s a\na R 0 B\na R 0 A\n", "line 5: expected the actions in order"},
		{HEAD "s a\na R 0 B\na R 0 b\n", "line 5: expected the actions in order"},
		{HEAD "s a\na R 0 B 0\n", "line 4: expected numbers"},
		{HEAD "s a\nr t arn\na R 0 B 1\n", "line 5: expected numbers"},
		{HEAD "s a\nr t arn\na R 0 B 0,\n", "line 5: expected a number behind"},
		{HEAD "s a\nr t arn\na R 0 B 0 x\n", "line 5: expected numbers"},
		{HEAD "s a\na R 0 B\nr t arn\n", "line 5: expected the resource types before"},
		{HEAD "s a\nr t \xc3\xa9\n", "line 4: expected printable"},
		{HEAD "s a\nr  x\n", "line 4: expected 'r TYPE"},
		{HEAD "s a\nx\n", "line 4: expected a service, a resource type or an action"},
		{HEAD "s a\nq y\n", "line 4: expected a service, a resource type or an action"},
	};
	struct arena *a = arena_new(NULL);
	for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
		struct err e = {.kind = ERR_NONE};
		const char *text = broken[i].text;
		assert_null(catalog_parse(a, text, strlen(text), "c", &e));
		if (e.kind != ERR_INPUT || strstr(e.message, broken[i].words) == NULL)
			fail_msg("%s: %s", text, e.message);
	}
	/* every cut of a good one is refused or is itself whole */
	const char *good = HEAD "s a\nr t u+v arn:*:a:::*\na R 0 Bc 0+\na W 1 d\ns b\na L 0 C\n";
	struct err e;
	assert_non_null(catalog_parse(a, good, strlen(good), "c", &e));
	for (size_t len = 0; len < strlen(good); len++) {
		const struct catalog *c = catalog_parse(a, good, len, "c", &e);
		assert_true(c == NULL || good[len - 1] == '\n');
	}
	const char *whole = HEAD "s a\nr t arn\na R 0 B 0+\n";
	for (size_t i = 0; i < strlen(whole); i++) { /* a NUL, wherever it stands */
		char *nul = arena_strdup(a, whole);
		nul[i] = '\0';
		assert_null(catalog_parse(a, nul, strlen(whole), "c", &e));
	}
	arena_free(a);
}

/* --- against the file it was made from, read with another reader --- */

static const char *level_of(char c)
{
	static char text[2];
	text[0] = c;
	return text;
}

static bool has_type(const struct catalog_action *x, const char *name)
{
	for (size_t i = 0; i < x->resource_type_count; i++)
		if (strcmp(x->resource_types[i], name) == 0)
			return true;
	return false;
}

static void check_formats(struct arena *a, const struct catalog_service *s, const struct json *types)
{
	assert_int_equal(s->type_count, types != NULL ? types->count : 0);
	for (size_t i = 0; i < s->type_count; i++) {
		const char *arn = json_text(json_get(types, s->type[i].name), "arn");
		assert_non_null(arn);
		/* the format with each ${…} as '*' */
		struct buf *b = buf_new(a, 4096);
		for (const char *c = arn; *c != '\0'; c++) {
			if (c[0] == '$' && c[1] == '{') {
				buf_putc(b, '*');
				c = strchr(c, '}');
			} else if (*c != ' ') {
				buf_putc(b, *c);
			}
		}
		assert_int_equal(s->type[i].arn_count, 1);
		assert_string_equal(s->type[i].arn[0], b->data);
	}
}

static void test_against_source(void **state)
{
	(void)state;
	size_t len = 0, actions = 0;
	char *text = shared_file("policies/action-catalog.json", &len);
	if (text == NULL) {
		printf("skipped: policies/action-catalog.json is not here\n");
		skip();
	}
	struct arena *a = arena_new(NULL);
	struct err e;
	const struct json *all = json_get(json_parse(a, text, len, "catalog", &e), "services");
	assert_non_null(all);
	const struct catalog *c = catalog_embedded(a);
	assert_int_equal(all->count, catalog_service_count(c));
	for (const struct json *s = all->first; s != NULL; s = s->next) {
		const struct json *list = json_get(s, "a");
		const struct catalog_service *mine = catalog_service(c, s->key);
		assert_non_null(mine);
		assert_int_equal(mine->action_count, list->count);
		actions += list->count;
		check_formats(a, mine, json_get(s, "r"));
		for (const struct json *x = list->first; x != NULL; x = x->next) {
			const struct catalog_action *y = catalog_action(c, str_printf(a, "%s:%s", s->key, x->key));
			assert_non_null(y);
			assert_string_equal(y->name, x->key);
			assert_string_equal(level_of(y->level), json_text(x, "l"));
			const struct json *types = json_get(x, "r");
			assert_int_equal(y->resource_type_count, types != NULL ? types->count : 0);
			for (const struct json *t = types != NULL ? types->first : NULL; t != NULL; t = t->next)
				assert_true(has_type(y, t->text));
		}
	}
	assert_int_equal(actions, 22091);
	arena_free(a);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts), cmocka_unit_test(test_lookups),
		cmocka_unit_test(test_types),  cmocka_unit_test(test_print),
		cmocka_unit_test(test_broken), cmocka_unit_test(test_against_source),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
