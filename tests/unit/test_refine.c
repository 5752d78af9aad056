#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "corpus.h"
#include "pare/refine.h"
#include "narrow.h"

static const struct catalog *catalog;
static struct arena *arena;

static int start(void **state)
{
	(void)state;
	arena = arena_new(NULL);
	catalog = catalog_embedded(arena);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

#define ON(effect, action) "{\"Effect\":\"" effect "\",\"Action\":" action ",\"Resource\":\"*\"}"
#define DOC(s) "{\"Version\":\"2012-10-17\",\"Statement\":[" s "]}"

static void check(const char *before, const char *unused, const char *after)
{
	struct policy *p = policy_of(arena, before);
	struct policy *q = policy_refine(arena, p, unused_of(arena, unused), catalog);
	if (after == NULL) {
		assert_null(q);
		return;
	}
	assert_non_null(q);
	assert_string_equal(text_of(arena, q), after);
}

static void test_names(void **state)
{
	(void)state;
	check(DOC(ON("Allow", "[\"s3:GetObject\",\"s3:PutObject\"]")), "[\"s3:PutObject\"]",
	      DOC(ON("Allow", "\"s3:GetObject\"")));
	/* any case, AWS's spelling is not needed */
	check(DOC(ON("Allow", "[\"S3:getobject\",\"s3:PutObject\"]")), "[\"S3:GETOBJECT\"]",
	      DOC(ON("Allow", "\"s3:PutObject\"")));
	/* an action that the catalogue lacks goes by its name */
	check(DOC(ON("Allow", "[\"s3:Frobnicate\",\"s3:PutObject\"]")), "[\"s3:Frobnicate\"]",
	      DOC(ON("Allow", "\"s3:PutObject\"")));
	/* whole services, known or not */
	check(DOC(ON("Allow", "[\"s3:*\",\"zz:*\",\"zz:A\",\"sqs:SendMessage\"]")), "[\"s3\",\"zz\"]",
	      DOC(ON("Allow", "\"sqs:SendMessage\"")));
	check(DOC(ON("Allow", "[\"s3:*\"]")), "[\"s3\"]", NULL);
}

/* Sid, Resource and Condition stay; a statement without actions goes; order stays. */
static void test_structure(void **state)
{
	(void)state;
	const char *kept = "{\"Sid\":\"B\",\"Effect\":\"Allow\",\"Action\":\"lambda:ListFunctions\",\"Resource\":"
			   "[\"arn:aws:lambda:*:*:*\",\"*\"],\"Condition\":{\"NotIpAddress\":{\"aws:SourceIp\":"
			   "\"1.100.150.200/32\"}}}";
	const char *wide = "{\"Sid\":\"B\",\"Effect\":\"Allow\",\"Action\":[\"lambda:ListAliases\",\"lambda:"
			   "ListFunctions\"],\"Resource\":[\"arn:aws:lambda:*:*:*\",\"*\"],\"Condition\":{"
			   "\"NotIpAddress\":{\"aws:SourceIp\":\"1.100.150.200/32\"}}}";
	check(str_printf(arena, DOC("%s,%s"), ON("Allow", "\"lambda:ListAliases\""), wide),
	      "[\"lambda:ListAliases\"]", str_printf(arena, DOC("%s"), kept));
}

static void test_unchanged(void **state)
{
	(void)state;
	struct policy *p = policy_of(arena, DOC(ON("Allow", "[\"s3:Get*\",\"*\"]")));
	assert_ptr_equal(policy_refine(arena, p, unused_of(arena, "[]"), catalog), p);
	assert_ptr_equal(policy_refine(arena, p, unused_of(arena, "[\"ec2\"]"), catalog), p);
	assert_ptr_equal(policy_refine(arena, p, unused_of(arena, "[\"s3:PutObject\"]"), catalog), p);
}

/* Deny, NotAction and "*" stay: losing a Deny opens access, and "*" has no list that fits. */
static void test_left_alone(void **state)
{
	(void)state;
	const char *deny = ON("Deny", "\"s3:*\"");
	check(str_printf(arena, DOC("%s,%s"), deny, ON("Allow", "\"s3:GetObject\"")), "[\"s3\"]",
	      str_printf(arena, DOC("%s"), deny));
	const char *not = "{\"Effect\":\"Allow\",\"NotAction\":\"s3:*\",\"Resource\":\"*\"}";
	check(str_printf(arena, DOC("%s,%s,%s"), not, ON("Allow", "\"*\""), ON("Allow", "\"sqs:A\"")),
	      "[\"sqs:A\",\"ec2\"]", str_printf(arena, DOC("%s,%s"), not, ON("Allow", "\"*\"")));
	/* what is not understood is not touched */
	const char *odd = "{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\",\"Condition\":{"
			  "\"StringEqual\":{\"k\":\"v\"}}}";
	check(str_printf(arena, DOC("%s,%s"), odd, ON("Allow", "\"s3:GetObject\"")),
	      "[\"s3:GetObject\",\"s3:PutObject\"]", str_printf(arena, DOC("%s"), odd));
}

/* Identity policies have no Id. */
static void test_id_goes(void **state)
{
	(void)state;
	check("{\"Id\":\"x\",\"Statement\":[" ON("Allow", "[\"s3:GetObject\",\"s3:PutObject\"]") "]}",
	      "[\"s3:PutObject\"]", "{\"Statement\":[" ON("Allow", "\"s3:GetObject\"") "]}");
}

/* Shorter wildcards end where a word ends and match no unused action, catalogued or not. */
static void test_wildcards(void **state)
{
	(void)state;
	/* AWS's own sample: what is left of s3:Get* is s3:GetObjectVersion* and the like */
	struct buf *list = buf_new(arena, 65536);
	const struct catalog_service *s3 = catalog_service(catalog, "s3");
	buf_puts(list, "[\"s3:GetObject\"");
	for (size_t i = 0; i < s3->action_count; i++)
		if (strncmp(s3->action[i].name, "GetObjectVersion", 16) != 0 &&
		    strncmp(s3->action[i].name, "GetStorage", 10) != 0)
			buf_printf(list, ",\"%s\"", s3->action[i].full);
	buf_putc(list, ']');
	check(DOC(ON("Allow", "\"s3:Get*\"")), list->data,
	      DOC(ON("Allow", "[\"s3:GetObjectVersion*\",\"s3:GetStorage*\"]")));
	/* inside the old wildcard only */
	check(DOC(ON("Allow", "\"s3:*Version*\"")), list->data,
	      DOC(ON("Allow", "\"s3:GetObjectVersion*\"")));
	/* one action is written by its name */
	check(DOC(ON("Allow", "\"sqs:SendMess*\"")), "[\"sqs:SendMessageBatch\"]",
	      DOC(ON("Allow", "\"sqs:SendMess*\"")));
	check(DOC(ON("Allow", "\"iam:*AccessKey\"")), "[\"iam:CreateAccessKey\"]",
	      DOC(ON("Allow", "[\"iam:DeleteAccessKey\",\"iam:UpdateAccessKey\"]")));
}

/* A finding that knows an action which the catalogue lacks is newer than it. */
static void test_outdated_catalogue(void **state)
{
	(void)state;
	struct policy *p = policy_of(arena, DOC(ON("Allow", "\"s3:Get*\"")));
	struct unused *u = unused_of(arena, "[\"s3:GetObject\",\"s3:FrobnicateQuux\"]");
	assert_ptr_equal(policy_refine(arena, p, u, catalog), p);
	check(DOC(ON("Allow", "[\"s3:Get*\",\"s3:FrobnicateQuux\",\"s3:PutObject\"]")),
	      "[\"s3:PutObject\",\"s3:FrobnicateQuux\"]", DOC(ON("Allow", "\"s3:Get*\"")));
}

/* --- over the corpus: seeded findings, all results proved --- */

struct tally {
	uint64_t seed;
	size_t policies, changed, gone, same, wildcards, names;
};

static void check_statement(const struct policy *p, const struct statement *t)
{
	bool found = false;
	for (size_t i = 0; i < p->count && !found; i++) {
		const struct statement *s = &p->statements[i];
		found = str_equal(s->sid, t->sid) && s->effect == t->effect &&
			s->resources.count == t->resources.count && s->not_resource == t->not_resource &&
			s->condition_count == t->condition_count && s->not_action == t->not_action;
	}
	assert_true(found);
}

static void visit(void *user, const struct corpus_entry *x)
{
	struct tally *n = user;
	struct arena *a = x->arena;
	struct err e;
	struct policy *p = policy_parse(a, x->text, x->len, x->name, &e);
	if (p == NULL)
		return;
	const struct catalog *c = catalog;
	struct unused *u = random_unused(a, p, c, &n->seed);
	struct policy *q = policy_refine(a, p, u, c);
	n->policies++;
	if (q == p || q == NULL) {
		n->same += q == p;
		n->gone += q == NULL;
	}
	const char *text = q != NULL ? text_of(a, q) : "";
	struct policy *sent = q != NULL ? policy_parse(a, text, strlen(text), x->name, &e) : NULL;
	assert_true((q == NULL) == (sent == NULL));
	const char *why = unproved(a, p, &sent, sent != NULL, u, c);
	if (why != NULL)
		fail_msg("%s: %s", x->name, why);
	if (q == p || q == NULL)
		return;
	n->changed++;
	for (size_t i = 0; i < sent->count; i++) {
		const struct statement *t = &sent->statements[i];
		check_statement(p, t);
		for (size_t k = 0; k < t->actions.count; k++) {
			n->wildcards += strchr(t->actions.item[k], '*') != NULL;
			n->names += strchr(t->actions.item[k], '*') == NULL;
		}
		if (t->effect != EFFECT_ALLOW || t->not_action || t->unknown != NULL ||
		    str_list_has(&t->actions, "*"))
			continue;
		/* nothing unused is left, by an expansion of its own */
		for (size_t k = 0; k < u->count; k++)
			for (size_t m = 0; m < u->service[k].actions.count; m++) {
				const char *full = str_printf(a, "%s:%s", u->service[k].namespace,
							      u->service[k].actions.item[m]);
				if (statement_names(t, full))
					fail_msg("%s: %s is left", x->name, full);
			}
	}
}

static void test_corpus(void **state)
{
	(void)state;
	static const char *const documents[] = {"document", NULL};
	struct tally n = {.seed = 20260926};
	if (!corpus_each("aws-managed-policies.jsonl", documents, visit, &n)) {
		printf("skipped: the managed policies are not here\n");
		skip();
	}
	print_message("%zu policies: %zu narrowed, %zu wholly unused, %zu untouched; %zu wildcards, %zu names\n",
		      n.policies, n.changed, n.gone, n.same, n.wildcards, n.names);
	assert_int_equal(n.policies, 1644);
	assert_true(n.changed > 900);
}

/* --- against recommendations that were made by other means --- */

struct agreement {
	size_t pairs, same, wider, narrower;
};

static bool granted(const struct policy *p, const char *action)
{
	for (size_t i = 0; p != NULL && i < p->count; i++)
		if (p->statements[i].effect == EFFECT_ALLOW && statement_names(&p->statements[i], action))
			return true;
	return false;
}

static bool touches(const struct policy *p, const char *prefix)
{
	size_t len = strlen(prefix);
	for (size_t i = 0; i < p->count; i++)
		for (size_t k = 0; k < p->statements[i].actions.count; k++) {
			const char *x = p->statements[i].actions.item[k];
			if (strncasecmp(x, prefix, len) == 0 && x[len] == ':')
				return true;
		}
	return false;
}

static void compare(void *user, const struct corpus_entry *x)
{
	struct agreement *n = user;
	struct arena *a = x->arena;
	struct err e;
	if (!str_equal(json_text(x->record, "kind"), "recommended"))
		return;
	const struct policy *old = policy_parse(a, x->text, x->len, x->name, &e);
	const struct json *made = json_get(x->record, "recommended");
	struct buf *b = buf_new(a, 4 * DOCUMENT_READ_MAX_BYTES);
	json_print(made, b, true);
	const struct policy *theirs = policy_parse(a, b->data, b->len, x->name, &e);
	const struct unused *u = unused_parse(a, json_get(x->record, "unused"), x->name, &e);
	assert_true(old != NULL && u != NULL);
	assert_true(theirs != NULL || made->type != JSON_OBJECT);
	const struct policy *ours = policy_refine(a, old, u, catalog);
	bool wider = false, narrower = false;
	for (size_t i = 0; i < catalog_service_count(catalog); i++) {
		if (!touches(old, catalog_prefix_at(catalog, i)))
			continue;
		const struct catalog_service *s = catalog_service_at(catalog, i);
		for (size_t k = 0; k < s->action_count; k++) {
			bool mine = granted(ours, s->action[k].full), other = granted(theirs, s->action[k].full);
			wider = wider || (mine && !other);
			narrower = narrower || (!mine && other);
		}
	}
	n->pairs++;
	n->wider += wider;
	n->narrower += narrower;
	n->same += !wider && !narrower;
	if (narrower || wider)
		print_message("%s: refine is %s\n", x->name, wider ? "wider" : "narrower");
}

static void test_other_recommendations(void **state)
{
	(void)state;
	static const char *const existing[] = {"existing", NULL};
	struct agreement n = {0};
	if (!corpus_each("synthetic-recommendations.jsonl.xz", existing, compare, &n)) {
		printf("skipped: the synthetic recommendations are not here\n");
		skip();
	}
	print_message("%zu recommendations: refine grants the same actions in %zu, more in %zu, less in %zu\n",
		      n.pairs, n.same, n.wider, n.narrower);
	assert_int_equal(n.narrower, 0);
	assert_true(n.pairs > 500 && n.same * 100 >= n.pairs * 99);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_structure),
		cmocka_unit_test(test_unchanged),
		cmocka_unit_test(test_left_alone),
		cmocka_unit_test(test_id_goes),
		cmocka_unit_test(test_wildcards),
		cmocka_unit_test(test_outdated_catalogue),
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_other_recommendations),
	};
	return cmocka_run_group_tests(tests, start, end);
}
