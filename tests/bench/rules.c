/* How long the rules take: starting their process, and judging many subjects with the shipped ones. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "pare/finding.h"
#include "pare/principal.h"
#include "pare/str.h"
#include "pare/when.h"
#include "pare/world.h"

enum { SUBJECTS = 1000, STARTS = 20 };

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static const char trust[] = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":"
			    "{\"Service\":[\"ec2.amazonaws.com\",\"lambda.amazonaws.com\"]},\"Action\":"
			    "\"sts:AssumeRole\"}]}";

static void fill(struct arena *a, struct principal *p, struct unused *u)
{
	static const char *const services[] = {"s3", "ec2", "lambda", "sqs", "kms", "iam", "rds", "sns"};
	static struct tag tags[] = {{"env", "prod"}, {"owner", "web"}, {"purpose", "web"}, {"team", "shop"}};
	static struct managed_policy attached[4];
	for (int i = 0; i < 4; i++)
		attached[i] = (struct managed_policy){
			.arn = str_printf(a, "arn:aws:iam::111122223333:policy/Shop%d", i),
			.name = str_printf(a, "Shop%d", i),
			.update_date = "2021-01-01T00:00:00Z"};
	*p = (struct principal){.account = "111122223333",
				.arn = "arn:aws:iam::111122223333:role/app/Shop",
				.name = "Shop",
				.path = "/app/",
				.created_at = "2020-01-01T00:00:00Z",
				.trust = trust,
				.tag = tags,
				.tag_count = 4,
				.attached = attached,
				.attached_count = 4};
	u->service = arena_array(a, 8, sizeof *u->service);
	u->count = 8;
	for (size_t i = 0; i < 8; i++) {
		u->service[i] = (struct unused_service){.namespace = services[i], .whole = i % 2 == 0};
		for (int k = 0; k < 10 && i % 2 == 1; k++)
			str_list_add(a, &u->service[i].actions, str_printf(a, "Action%d", k));
	}
}

static void must(bool ok, const struct err *e)
{
	if (ok)
		return;
	fprintf(stderr, "bench: %s\n", e->message);
	exit(1);
}

int main(int argc, char **argv)
{
	struct arena *a = arena_new(NULL);
	struct str_list paths = {0};
	struct rules_port port;
	struct principal p;
	struct unused u;
	struct err e;
	str_list_add(a, &paths, argc > 1 ? argv[1] : "rules");
	double from = seconds();
	for (int i = 0; i < STARTS; i++) {
		struct arena *one = arena_new(a);
		must(rules_open(one, &paths, &port, &e), &e);
		arena_free(one);
	}
	printf("rules: starting the process with all files: %.2f ms\n", (seconds() - from) * 1000 / STARTS);
	must(rules_open(a, &paths, &port, &e), &e);
	fill(a, &p, &u);
	struct finding f = {.id = "f", .type_text = "UnusedPermission", .status = "ACTIVE", .resource = p.arn, .unused = &u};
	struct judge_subject s = {.finding = &f, .principal = &p, .account = p.account, .unused_access_age_days = 90};
	when_parse("2026-06-15T12:00:00Z", &s.now_ms);
	from = seconds();
	size_t verdicts = 0;
	for (int i = 0; i < SUBJECTS; i++) {
		struct arena *one = arena_new(a);
		struct decision d = {0};
		must(port.judge(port.self, one, &s, &d, &e), &e);
		verdicts += d.count;
		for (size_t k = 0; k < d.count; k++)
			must(d.verdict[k].kind == VERDICT_PASS || err_set(&e, ERR_INPUT, "%s", d.verdict[k].reason), &e);
		arena_free(one);
	}
	double took = seconds() - from;
	printf("rules: %d subjects, %zu verdicts: %.3f s, %.0f subjects a second\n", SUBJECTS, verdicts, took,
	       SUBJECTS / took);
	arena_free(a);
	return 0;
}
