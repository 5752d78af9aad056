/* The parts of a rollback by themselves: patterns, selection, kept documents, its form in the plan's
 * file, and the commands to undo by hand. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../src/cli/cli.h"
#include "pare/refine.h"
#include "pare/rollback.h"
#include "pare/str.h"
#include "sample_plan.h"

static struct arena *a;
static struct err e;

static int set_up(void **state)
{
	(void)state;
	a = arena_new(NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

/* --- patterns --- */

static void patterns_are_services_and_actions(void **state)
{
	static const char *const good[] = {"s3:ListBucket", "s3:List*", "*", "s3:*", "a4b:Get?"};
	static const char *const bad[] = {"", "s3", "s3:", ":x", "s3:a:b", "s3:List Bucket", "s3:{x}", "s3:\n"};
	struct str_list out = {0};
	(void)state;
	for (size_t i = 0; i < 5; i++)
		assert_true(rollback_pattern(a, NULL, good[i], &out, &e));
	assert_int_equal(out.count, 5);
	for (size_t i = 0; i < 8; i++) {
		assert_false(rollback_pattern(a, NULL, bad[i], &out, &e));
		assert_int_equal(e.kind, ERR_USAGE);
	}
	assert_true(rollback_pattern(a, "s3-object-lambda", NULL, &out, &e));
	assert_string_equal(out.item[5], "s3-object-lambda:*");
	assert_false(rollback_pattern(a, "s3:*", NULL, &out, &e));
	assert_false(rollback_pattern(a, "*", NULL, &out, &e));
	assert_false(rollback_pattern(a, "", NULL, &out, &e));
}

/* --- selection --- */

static const char *selected(const char *statements, const char *pattern)
{
	const char *text = str_printf(a, "{\"Version\":\"2012-10-17\",\"Statement\":[%s]}", statements);
	struct str_list patterns = {0};
	struct buf *b = buf_new(a, 1 << 20);
	const struct policy *p = policy_parse(a, text, strlen(text), "test", &e);
	if (p == NULL)
		fail_msg("%s", e.message);
	str_list_add(a, &patterns, pattern);
	const struct policy *s = policy_select(a, p, &patterns, catalog_embedded(a));
	if (s == NULL)
		return "";
	policy_print_compact(s, b);
	return b->data;
}

#define STATEMENT(effect, what, actions)                                                            \
	"{\"Effect\":\"" effect "\",\"" what "\":" actions ",\"Resource\":\"arn:aws:s3:::x/*\"}"

static void selection_grants_no_more_than_asked_or_there(void **state)
{
	(void)state;
	/* The pattern inside the grant, the grant inside the pattern, neither. */
	assert_non_null(strstr(selected(STATEMENT("Allow", "Action", "\"s3:*\""), "s3:ListBucket"),
			       "\"Action\":\"s3:ListBucket\""));
	assert_non_null(strstr(selected(STATEMENT("Allow", "Action", "\"*\""), "s3:ListBucket"),
			       "\"Action\":\"s3:ListBucket\""));
	assert_non_null(strstr(selected(STATEMENT("Allow", "Action", "[\"s3:GetObject\",\"sqs:*\"]"), "s3:*"),
			       "\"Action\":\"s3:GetObject\""));
	assert_string_equal(selected(STATEMENT("Allow", "Action", "\"sqs:*\""), "s3:*"), "");
	assert_string_equal(selected(STATEMENT("Allow", "Action", "\"s3:Get*\""), "s3:Put*"), "");
	/* Resource and Condition stay, the Sid and Deny do not. */
	const char *s = selected("{\"Sid\":\"A\",\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"arn:aws:s3:::x\","
				 "\"Condition\":{\"Bool\":{\"aws:SecureTransport\":\"true\"}}},"
				 STATEMENT("Deny", "Action", "\"s3:GetObject\""),
				 "s3:GetObject");
	assert_non_null(strstr(s, "arn:aws:s3:::x"));
	assert_non_null(strstr(s, "aws:SecureTransport"));
	assert_null(strstr(s, "Deny"));
	assert_null(strstr(s, "Sid"));
}

static void selection_of_what_overlaps_is_listed(void **state)
{
	(void)state;
	const char *s = selected(STATEMENT("Allow", "Action", "\"s3:*Acl\""), "s3:Get*");
	assert_non_null(strstr(s, "s3:GetBucketAcl"));
	assert_null(strstr(s, "*Acl\""));
	assert_null(strstr(s, "PutBucketAcl"));
	assert_null(strstr(s, "s3:GetObject\""));
	s = selected(STATEMENT("Allow", "NotAction", "\"s3:Get*\""), "s3:*Acl");
	assert_non_null(strstr(s, "s3:PutBucketAcl"));
	assert_null(strstr(s, "GetBucketAcl"));
	assert_null(strstr(s, "NotAction"));
	s = selected(STATEMENT("Allow", "NotAction", "\"iam:*\""), "s3:ListBucket");
	assert_non_null(strstr(s, "\"Action\":\"s3:ListBucket\""));
}

/* --- kept documents --- */

static void a_kept_document_has_the_digest_of_the_original(void **state)
{
	static const char *const texts[] = {SAMPLE_READER_DOCUMENT, SAMPLE_LIST_DOCUMENT, SAMPLE_AWS_DOCUMENT,
					    "{\"Statement\":[]}", "no document", ""};
	(void)state;
	for (size_t i = 0; i < 6; i++) {
		struct document_list list = {0};
		const char *kept = document_canonical(a, texts[i]);
		const char *sha256 = policy_text_digest(a, texts[i]);
		const char *path = document_path(a, "accounts/1/plans/x", sha256);
		if (!document_take(a, &list, path, kept, &e))
			fail_msg("%s", e.message);
		assert_string_equal(document_find(&list, sha256), kept);
	}
}

static void a_changed_document_is_refused(void **state)
{
	struct document_list list = {0};
	(void)state;
	const char *path = document_path(a, "x", policy_text_digest(a, SAMPLE_READER_NEW));
	assert_false(document_take(a, &list, path, SAMPLE_READER_DOCUMENT, &e));
	assert_int_equal(e.kind, ERR_REFUSED);
	assert_non_null(strstr(e.message, "somebody changed it"));
	assert_int_equal(list.count, 0);
	assert_false(document_take(a, &list, "notes.json", SAMPLE_READER_DOCUMENT, &e));
}

static void the_principal_of_before_comes_from_its_documents(void **state)
{
	struct document_list list = {0};
	(void)state;
	const struct principal *was = sample_principal(a);
	struct plan *p = sample_plan(a);
	document_add_principal(a, &list, was);
	document_add_principal(a, &list, was);
	assert_int_equal(list.count, 3);
	const struct principal *x = document_principal(a, p, &list, &e);
	if (x == NULL)
		fail_msg("%s", e.message);
	assert_int_equal(x->attached_count, was->attached_count);
	for (size_t i = 0; i < was->attached_count; i++)
		assert_string_equal(x->attached[i].document_sha256, was->attached[i].document_sha256);
	list.count = 1;
	assert_null(document_principal(a, p, &list, &e));
	assert_int_equal(e.kind, ERR_NOT_FOUND);
}

/* --- the plan's file --- */

static struct plan *rollback_plan(enum undo_scope scope, const char *pattern)
{
	struct plan *p = sample_plan(a);
	p->decision = (struct decision){.rules_sha256 = p->decision.rules_sha256};
	p->undoes = sha256_hex(a, "done", 4);
	p->undoes_reason = "because";
	p->undo_scope = scope;
	if (pattern != NULL)
		str_list_add(a, &p->gives_back, pattern);
	assert_true(plan_seal(a, p, &e));
	return p;
}

static void the_scope_is_in_the_file(void **state)
{
	(void)state;
	for (enum undo_scope s = UNDO_WHOLE; s <= UNDO_PART; s++) {
		const struct plan *p = rollback_plan(s, s == UNDO_PART ? "s3:ListBucket" : NULL);
		const struct plan *read = plan_parse(a, p->bytes, p->len, "x", &e);
		if (read == NULL)
			fail_msg("%s", e.message);
		assert_int_equal(read->undo_scope, s);
		assert_string_equal(plan_undoes(read), p->undoes);
		assert_int_equal(read->gives_back.count, s == UNDO_PART);
		assert_non_null(strstr(p->bytes, str_printf(a, "\"verdict\": \"%s\"", undo_scope_name(s))));
	}
	const struct plan *bad[] = {rollback_plan(UNDO_PART, NULL), rollback_plan(UNDO_WHOLE, "s3:*"),
				    rollback_plan(UNDO_UNTOUCHED, "s3:*")};
	for (size_t i = 0; i < 3; i++) {
		assert_null(plan_parse(a, bad[i]->bytes, bad[i]->len, "x", &e));
		assert_non_null(strstr(e.message, "names what it gives back"));
	}
}

/* --- in part, of everything --- */

#define EVERYTHING                                                                                  \
	"{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":"       \
	"[\"arn:aws:s3:::x\",\"arn:aws:s3:::x/*\"]}}"
#define ONE_ACTION                                                                                  \
	"{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\","             \
	"\"Resource\":[\"arn:aws:s3:::x\",\"arn:aws:s3:::x/*\"]}}"

/* A role whose one inline policy allowed everything, narrowed to one action. */
static struct plan *everything_narrowed(struct principal **before)
{
	struct plan *p = sample_plan(a);
	struct principal *x = sample_principal(a);
	x->attached_count = 0;
	x->inline_policy[0] = (struct inline_policy){.name = "List", .document = EVERYTHING};
	principal_settle(a, x);
	draft_preconditions(a, x, p);
	p->step[0] = sample_inline_step(a, 1, STEP_PUT_ROLE_POLICY, STEP_DELETE_ROLE_POLICY,
					"List-recommended-00000000", ONE_ACTION);
	p->step[1] = sample_inline_step(a, 2, STEP_DELETE_ROLE_POLICY, STEP_PUT_ROLE_POLICY, "List", EVERYTHING);
	p->step_count = 2;
	assert_true(plan_seal(a, p, &e));
	*before = x;
	return p;
}

/* A wildcard over every service cannot be narrowed by a list: what is wanted of it is put beside what
 * stands now, with its resources. */
static void a_part_of_everything(void **state)
{
	(void)state;
	struct principal *before;
	struct plan *done = everything_narrowed(&before);
	struct receipt receipt = {.result = "applied"};
	struct rollback_policies none = {0};
	struct document_list documents = {0};
	struct quota quota = quota_default();
	struct config config;
	config_default(a, &config);
	config.author = "x";
	document_add_principal(a, &documents, before);
	struct rollback_ask ask = {.done = done, .receipt = &receipt, .policies = &none,
				   .live = plan_outcome(a, done, before, &e), .documents = &documents,
				   .quota = &quota, .scope = UNDO_PART};
	str_list_add(a, &ask.patterns, "s3:List*");
	const struct draft_setting s = {&config, catalog_embedded(a), 1795489763000, NULL, 0, 0};
	const struct plan *back = rollback_draft(a, &s, &ask, &e);
	if (back == NULL)
		fail_msg("%s", e.message);
	for (size_t i = 0; i < back->gate_count; i++)
		if (back->gate[i].result != GATE_PASS)
			fail_msg("gate %s: %s", back->gate[i].name, back->gate[i].evidence);
	const struct principal *after = plan_outcome(a, back, ask.live, &e);
	assert_int_equal(after->inline_count, 1);
	const char *text = after->inline_policy[0].document;
	assert_non_null(strstr(text, "\"Action\":\"s3:List*\",\"Resource\":[\"arn:aws:s3:::x\""));
	assert_non_null(strstr(text, "\"Action\":\"s3:GetObject\""));
	assert_null(strstr(text, "\"*\""));
	assert_int_equal(step_adds(back->step[0].action.op), true);
}

/* --- by hand --- */

/* What a shell makes of the words. */
static char *through_shell(const char *words)
{
	char name[] = "/tmp/pare-quote-XXXXXX";
	int fd = mkstemp(name);
	assert_true(fd >= 0);
	const char *line = str_printf(a, "printf '%%s|' %s\n", words);
	assert_int_equal(write(fd, line, strlen(line)), (ssize_t)strlen(line));
	close(fd);
	FILE *f = popen(str_printf(a, "sh %s", name), "r");
	assert_non_null(f);
	char *out = arena_alloc(a, 65536);
	size_t len = fread(out, 1, 65535, f);
	out[len] = '\0';
	assert_int_equal(pclose(f), 0);
	unlink(name);
	return out;
}

static void words_survive_a_shell(void **state)
{
	static const char *const texts[] = {
		"plain", "", "two words", "it's", "''", "$(reboot) `x` $HOME", "a\nb", "\\ \" ; & | > < * ? ~ # !",
		"-x", "{\"Version\":\"2012-10-17\"}", "gr\xc3\xbc\xc3\x9f"};
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		assert_string_equal(through_shell(str_shell_word(a, texts[i])), str_printf(a, "%s|", texts[i]));
}

static void every_inverse_has_its_command(void **state)
{
	(void)state;
	struct plan *p = sample_plan(a);
	static const char *const words[] = {"create-policy", "delete-policy", "attach-role-policy",
					    "detach-role-policy", "put-role-policy", "delete-role-policy"};
	static const enum step_op ops[] = {STEP_CREATE_POLICY, STEP_DELETE_POLICY, STEP_ATTACH_ROLE_POLICY,
					   STEP_DETACH_ROLE_POLICY, STEP_PUT_ROLE_POLICY, STEP_DELETE_ROLE_POLICY};
	struct tag tag = {"pare:plan", "it's"};
	for (size_t i = 0; i < 6; i++) {
		const struct action x = {.op = ops[i], .policy_arn = SAMPLE_READER, .policy_name = "na me",
					 .path = "/pare/", .document = SAMPLE_READER_DOCUMENT, .tag = &tag,
					 .tag_count = 1};
		const char *line = action_command(a, p, &x);
		assert_true(str_starts(line, str_printf(a, "aws iam %s --", words[i])));
		if (strstr(line, "--policy-document") != NULL)
			assert_non_null(strstr(through_shell(line), SAMPLE_READER_DOCUMENT "|"));
	}
	const struct action finding = {.op = STEP_UNARCHIVE_FINDING, .finding = "id", .analyzer = "arn:x"};
	assert_string_equal(action_command(a, p, &finding),
			    "aws accessanalyzer update-findings --analyzer-arn arn:x --ids id --status ACTIVE");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_are_services_and_actions),
		cmocka_unit_test(selection_grants_no_more_than_asked_or_there),
		cmocka_unit_test(selection_of_what_overlaps_is_listed),
		cmocka_unit_test(a_kept_document_has_the_digest_of_the_original),
		cmocka_unit_test(a_changed_document_is_refused),
		cmocka_unit_test(the_principal_of_before_comes_from_its_documents),
		cmocka_unit_test(the_scope_is_in_the_file),
		cmocka_unit_test(a_part_of_everything),
		cmocka_unit_test(words_survive_a_shell),
		cmocka_unit_test(every_inverse_has_its_command),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
