#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "pare/catalog_update.h"
#include "pare/when.h"

/* A reference on no network: the embedded catalogue as AWS would publish it, with edits. */
struct world {
	struct arena *arena;
	const struct catalog *catalog;
	const char *url;
	/* edits */
	size_t skip_services;    /* leave out the first n */
	const char *drop_action; /* leave out this one */
	const char *extra;       /* a service more, with one action */
	const char *broken;      /* this service's body */
	const char *broken_body;
	const char *list_body; /* instead of the list */
	const char *entry_origin; /* of the URLs in the list */
	size_t fail_times;     /* the first n answers are 503 */
	bool fail_for_good;
	bool interrupt;
	/* what happened */
	struct fetch *queue[64];
	size_t queued, most_at_once, started, slept;
	char *written;
	size_t writes;
	struct str_list urls;
};

static void put_service(struct world *w, const struct catalog_service *s, struct buf *b)
{
	buf_printf(b, "{\"Name\":\"%s\",\"Version\":\"v1.4\",\"Actions\":[", s->prefix);
	size_t put = 0;
	for (size_t i = s->action_count; i-- > 0;) { /* in no helpful order */
		const struct catalog_action *x = &s->action[i];
		if (str_equal(w->drop_action, x->full))
			continue;
		buf_printf(b, "%s{\"Name\":\"%s\",\"Annotations\":{\"Properties\":{\"IsList\":%s,"
			      "\"IsPermissionManagement\":%s,\"IsTaggingOnly\":%s,\"IsWrite\":%s}},\"Resources\":[",
			   put++ > 0 ? "," : "", x->name, x->level == 'L' ? "true" : "false",
			   x->level == 'P' ? "true" : "false", x->level == 'T' ? "true" : "false",
			   x->level == 'R' || x->level == 'L' ? "false" : "true");
		for (size_t k = 0; k < x->resource_type_count; k++) {
			char *name = arena_strdup(w->arena, x->resource_types[k]);
			size_t len = strlen(name);
			if (len > 0 && name[len - 1] == '*')
				name[len - 1] = '\0';
			buf_printf(b, "%s{\"Name\":\"%s\"}", k > 0 ? "," : "", name);
		}
		buf_puts(b, "]}");
	}
	buf_puts(b, "],\"ConditionKeys\":[],\"Resources\":[");
	for (size_t i = 0; i < s->type_count; i++) {
		buf_printf(b, "%s{\"Name\":\"%s\",\"ARNFormats\":[", i > 0 ? "," : "", s->type[i].name);
		for (size_t k = 0; k < s->type[i].arn_count; k++)
			buf_printf(b, "%s\"%s\"", k > 0 ? "," : "", s->type[i].arn[k]);
		buf_puts(b, "]}");
	}
	buf_puts(b, "]}");
}

static void answer(struct world *w, struct fetch *f)
{
	struct buf *b = buf_new(w->arena, 64u * 1024 * 1024);
	f->ok = false;
	if (w->fail_times > 0 || w->fail_for_good) {
		w->fail_times -= w->fail_times > 0;
		err_set(&f->err, ERR_UNAVAILABLE, "'%s' answers with status 503, expected 200", f->url);
		return;
	}
	const char *path = f->url + strlen("https://reference.test");
	f->ok = true;
	if (strcmp(path, "/") == 0 && w->list_body != NULL) {
		buf_puts(b, w->list_body);
	} else if (strcmp(path, "/") == 0) {
		buf_putc(b, '[');
		if (w->extra != NULL) /* the list need not be in order */
			buf_printf(b, "{\"service\":\"%s\",\"url\":\"/v1/%s.json\"},", w->extra, w->extra);
		for (size_t i = w->skip_services; i < catalog_service_count(w->catalog); i++)
			buf_printf(b, "%s{\"service\":\"%s\",\"url\":\"%s/v1/%s.json\"}",
				   i > w->skip_services ? "," : "", catalog_prefix_at(w->catalog, i),
				   w->entry_origin, catalog_prefix_at(w->catalog, i));
		buf_putc(b, ']');
	} else {
		char *name = arena_strdup(w->arena, path + strlen("/v1/"));
		*strrchr(name, '.') = '\0';
		const struct catalog_service *s = catalog_service(w->catalog, name);
		if (str_equal(name, w->broken))
			buf_puts(b, w->broken_body);
		else if (s != NULL)
			put_service(w, s, b);
		else
			buf_printf(b, "{\"Name\":\"%s\",\"Actions\":[{\"Name\":\"DoIt\"}]}", name);
	}
	f->body = b->data;
	f->len = b->len;
}

static void start(void *self, struct fetch *f)
{
	struct world *w = self;
	assert_true(w->queued < 64);
	w->queue[w->queued++] = f;
	w->started++;
	str_list_add(w->arena, &w->urls, f->url);
	if (w->queued > w->most_at_once)
		w->most_at_once = w->queued;
}

/* The newest first: answers come in no order. */
static struct fetch *next(void *self, long timeout_ms)
{
	struct world *w = self;
	(void)timeout_ms;
	if (w->queued == 0)
		return NULL;
	struct fetch *f = w->queue[--w->queued];
	answer(w, f);
	return f;
}

static int64_t now(void *self)
{
	(void)self;
	return 0;
}

static void sleep_until(void *self, int64_t until)
{
	struct world *w = self;
	(void)until;
	w->slept++;
}

static bool interrupted(void *self)
{
	return ((struct world *)self)->interrupt;
}

static bool write_file(void *self, const char *name, const void *bytes, size_t len, struct err *e)
{
	struct world *w = self;
	(void)e;
	assert_string_equal(name, "catalog.txt");
	w->written = arena_copy(w->arena, bytes, len);
	w->writes++;
	return true;
}

static bool run(struct world *w, struct catalog_change *change, struct err *e)
{
	const struct fetch_port web = {w, start, next};
	const struct clock_port clock = {w, now, sleep_until, interrupted};
	const struct store_port store = {.self = w, .write = write_file};
	int64_t ms;
	assert_true(when_parse("2027-01-02T03:04:05Z", &ms));
	const struct catalog_update_setting s = {
		.web = &web, .clock = &clock, .store = &store, .current = w->catalog,
		.url = w->url != NULL ? w->url : "https://reference.test/", .now_ms = ms};
	*e = (struct err){.kind = ERR_NONE};
	return catalog_update(w->arena, &s, change, e);
}

static int open_world(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	w->arena = arena_new(NULL);
	w->catalog = catalog_embedded(w->arena);
	w->entry_origin = "https://reference.test";
	*state = w;
	return 0;
}

static int close_world(void **state)
{
	struct world *w = *state;
	arena_free(w->arena);
	free(w);
	return 0;
}

/* The same reference gives the same catalogue, but for date and source. */
static void test_same(void **state)
{
	struct world *w = *state;
	struct catalog_change x;
	struct err e;
	if (!run(w, &x, &e))
		fail_msg("%s", e.message);
	assert_int_equal(w->writes, 1);
	assert_int_equal(x.services_after, 456);
	assert_int_equal(x.actions_after, 22091);
	assert_int_equal(x.kept_services + x.kept_actions, 0);
	assert_int_equal(x.new_services.count + x.new_actions.count, 0);
	assert_string_equal(x.date, "2027-01-02");
	assert_true(w->most_at_once > 1 && w->most_at_once <= 8);
	assert_int_equal(w->started, 457);
	const struct catalog *c = catalog_parse(w->arena, w->written, strlen(w->written), "w", &e);
	assert_non_null(c);
	assert_string_equal(catalog_date(c), "2027-01-02");
	assert_string_equal(catalog_source(c), "https://reference.test/");
	for (size_t i = 0; i < 456; i++) {
		const struct catalog_service *s = catalog_service_at(c, i), *t = catalog_service_at(w->catalog, i);
		assert_string_equal(s->prefix, t->prefix);
		assert_int_equal(s->type_count, t->type_count);
		assert_int_equal(s->action_count, t->action_count);
		for (size_t k = 0; k < s->action_count; k++) {
			assert_string_equal(s->action[k].full, t->action[k].full);
			assert_int_equal(s->action[k].level, t->action[k].level);
			assert_int_equal(s->action[k].resource_type_count, t->action[k].resource_type_count);
			for (size_t n = 0; n < s->action[k].resource_type_count; n++)
				assert_string_equal(s->action[k].resource_types[n], t->action[k].resource_types[n]);
		}
	}
}

/* What is new is said; what is gone is kept. */
static void test_changes(void **state)
{
	struct world *w = *state;
	struct catalog_change x;
	struct err e;
	w->extra = "zz-new";
	w->drop_action = "s3:GetObject";
	w->skip_services = 1;
	assert_true(run(w, &x, &e));
	assert_int_equal(x.services_after, 457);
	assert_int_equal(x.actions_after, 22092);
	assert_int_equal(x.kept_services, 1);
	assert_int_equal(x.kept_actions, 1);
	assert_int_equal(x.new_services.count, 1);
	assert_string_equal(x.new_services.item[0], "zz-new");
	const struct catalog *c = catalog_parse(w->arena, w->written, strlen(w->written), "w", &e);
	assert_non_null(catalog_action(c, "s3:GetObject"));
	assert_int_equal(catalog_action(c, "s3:GetObject")->resource_type_count, 2);
	assert_int_equal(catalog_action(c, "zz-new:DoIt")->level, 'R');
	assert_non_null(catalog_service(c, catalog_prefix_at(w->catalog, 0)));
	/* an action more than the catalogue in force knows */
	w->catalog = c;
	w->extra = NULL;
	w->skip_services = 0;
	w->drop_action = NULL;
	w->broken = "zz-new";
	w->broken_body = "{\"Name\":\"zz-new\",\"Actions\":[{\"Name\":\"Second\",\"Annotations\":{\"Properties\":{"
			 "\"IsWrite\":true}}},{\"Name\":\"doit\"}]}";
	assert_true(run(w, &x, &e));
	assert_int_equal(x.new_actions.count, 1);
	assert_string_equal(x.new_actions.item[0], "zz-new:Second");
	assert_int_equal(x.kept_actions, 0);
}

static void check_refused(struct world *w, enum err_kind kind, const char *words)
{
	struct catalog_change x;
	struct err e;
	w->queued = 0;
	assert_false(run(w, &x, &e));
	if (e.kind != kind || strstr(e.message, words) == NULL)
		fail_msg("%s: %s", err_kind_name(e.kind), e.message);
	assert_int_equal(w->writes, 0);
}

static void test_cut_off(void **state)
{
	struct world *w = *state;
	w->skip_services = 200;
	check_refused(w, ERR_REFUSED, "looks cut off");
	w->skip_services = 455;
	check_refused(w, ERR_REFUSED, "knows 1 services");
}

static void test_broken_list(void **state)
{
	struct world *w = *state;
	static const struct {
		const char *body, *words;
	} lists[] = {
		{"", "expected"},
		{"<html>", "expected"},
		{"{}", "expected a list of services"},
		{"[]", "expected a list of services"},
		{"[1]", "entries with 'service' and 'url'"},
		{"[{\"service\":\"s3\"}]", "entries with 'service' and 'url'"},
		{"[{\"service\":\"s3\",\"url\":\"https://x\"}]", "entries with"},
		{"[{\"service\":\"S3 x\",\"url\":\"/v1/s3.json\"}]", "entries with"},
		{"[{\"service\":\"../x\",\"url\":\"/v1/s3.json\"}]", "entries with"},
		{"[{\"service\":\"s3\",\"url\":\"/v1/s3.json\"},{\"service\":\"s3\",\"url\":\"/b\"}]", "stands twice"},
	};
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		w->list_body = lists[i].body;
		check_refused(w, ERR_INPUT, lists[i].words);
	}
}

static void test_broken_service(void **state)
{
	struct world *w = *state;
	static const struct {
		const char *body, *words;
	} bodies[] = {
		{"", "expected"},
		{"{\"Name\":\"s3\",\"Actions\":[", "expected"},
		{"[]", "its Name"},
		{"{\"Name\":\"ec2\",\"Actions\":[]}", "its Name"},
		{"{\"Name\":\"s3\"}", "list of Actions"},
		{"{\"Name\":\"s3\",\"Actions\":{}}", "list of Actions"},
		{"{\"Name\":\"s3\",\"Actions\":[{}]}", "action without a plain name"},
		{"{\"Name\":\"s3\",\"Actions\":[{\"Name\":\"Get Object\"}]}", "plain name"},
		{"{\"Name\":\"s3\",\"Actions\":[{\"Name\":\"Get*\"}]}", "plain name"},
		{"{\"Name\":\"s3\",\"Actions\":[{\"Name\":\"A\\nB\"}]}", "plain name"},
		{"{\"Name\":\"s3\",\"Actions\":[{\"Name\":\"A\",\"Resources\":[{}]}]}", "type without a name"},
		{"{\"Name\":\"s3\",\"Actions\":[],\"Resources\":[{\"Name\":\"\"}]}", "plain name"},
		{"{\"Name\":\"s3\",\"Actions\":[],\"Resources\":[{\"Name\":\"x\",\"ARNFormats\":[\"\\u00e9\"]}]}",
		 "ARN format"},
		{"{\"Name\":\"s3\",\"Name\":\"s3\",\"Actions\":[]}", "twice"},
	};
	w->broken = "s3";
	for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
		w->broken_body = bodies[i].body;
		check_refused(w, ERR_INPUT, bodies[i].words);
	}
}

/* Only the path of a listed URL counts: everything comes from the origin that was asked. */
static void test_one_origin(void **state)
{
	struct world *w = *state;
	struct catalog_change x;
	struct err e;
	w->entry_origin = "http://elsewhere.test:8080";
	assert_true(run(w, &x, &e));
	for (size_t i = 0; i < w->urls.count; i++)
		assert_true(str_starts(w->urls.item[i], "https://reference.test/"));
}

static void test_urls(void **state)
{
	struct world *w = *state;
	static const char *const bad[] = {"http://reference.test/", "ftp://x/", "https://", "https:///x", "x",
					  "", "https://user@host/", "http://127.0.0.1.evil.test/",
					  "http://localhost.evil.test/", "https://a b/", "file:///etc/passwd"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		w->url = bad[i];
		check_refused(w, ERR_USAGE, "expected");
		assert_int_equal(w->started, 0);
	}
}

static void test_retries(void **state)
{
	struct world *w = *state;
	struct catalog_change x;
	struct err e;
	w->fail_times = 2;
	assert_true(run(w, &x, &e));
	assert_int_equal(w->slept, 2);
	w->writes = 0;
	w->fail_for_good = true;
	check_refused(w, ERR_UNAVAILABLE, "503");
}

static void test_interrupted(void **state)
{
	struct world *w = *state;
	w->interrupt = true;
	check_refused(w, ERR_INTERRUPTED, "interrupted");
}

#define T(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_same),	    T(test_changes), T(test_cut_off), T(test_broken_list),
		T(test_broken_service), T(test_one_origin), T(test_urls),	 T(test_retries),
		T(test_interrupted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
