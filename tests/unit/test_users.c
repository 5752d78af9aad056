/* Users beside roles: requests and answers, the sandbox's model, quotas of their own, findings about
 * keys and passwords, and what is handed on to a person. */
#include "test.h"

#include "../../src/adapt/aws_private.h"
#include "../../src/flow/handover.h"
#include "pare/gather.h"
#include "pare/observe.h"
#include "pare/str.h"
#include "gather_whole.h"
#include "sandbox_world.h"

#define FILES "arn:aws:iam::111122223333:policy/Files"

static struct world users_world(void)
{
	struct world w = world_with((struct sandbox_setting){.seed = 1});
	size_t len;
	char *text = slurp(w.a, "examples/users/seed.json", &len);
	seed(&w, text, len);
	return w;
}

static void requests_name_the_user(void **state)
{
	static const struct {
		struct call call;
		const char *body; /* behind Version */
	} cases[] = {
		{{.op = CALL_GET_USER, .role = "Dana"}, "Action=GetUser&UserName=Dana"},
		{{.op = CALL_LIST_ATTACHED_USER_POLICIES, .role = "Dana", .marker = "m"},
		 "Action=ListAttachedUserPolicies&UserName=Dana&Marker=m"},
		{{.op = CALL_LIST_USER_POLICIES, .role = "Dana"}, "Action=ListUserPolicies&UserName=Dana"},
		{{.op = CALL_GET_USER_POLICY, .role = "Dana", .policy_name = "a b"},
		 "Action=GetUserPolicy&UserName=Dana&PolicyName=a+b"},
		{{.op = CALL_ATTACH_USER_POLICY, .role = "Dana", .policy_arn = "arn:x"},
		 "Action=AttachUserPolicy&UserName=Dana&PolicyArn=arn%3Ax"},
		{{.op = CALL_DETACH_USER_POLICY, .role = "Dana", .policy_arn = "arn:x"},
		 "Action=DetachUserPolicy&UserName=Dana&PolicyArn=arn%3Ax"},
		{{.op = CALL_PUT_USER_POLICY, .role = "Dana", .policy_name = "P", .document = "{}"},
		 "Action=PutUserPolicy&UserName=Dana&PolicyName=P&PolicyDocument=%7B%7D"},
		{{.op = CALL_DELETE_USER_POLICY, .role = "Dana", .policy_name = "P"},
		 "Action=DeleteUserPolicy&UserName=Dana&PolicyName=P"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena *a = arena_new(NULL);
		struct buf *b = buf_new(a, 4096);
		struct err e;
		assert_true(iam_request(a, &cases[i].call, b, &e));
		assert_true(call_for_user(cases[i].call.op));
		const char *version = strstr(b->data, "&Version=2010-05-08");
		assert_non_null(version);
		const char *rest = version + strlen("&Version=2010-05-08");
		assert_string_equal(str_printf(a, "%.*s%s", (int)(version - b->data), b->data, rest),
				    cases[i].body);
		/* Without a name IAM would take the caller's own user. */
		struct call nobody = cases[i].call;
		nobody.role = NULL;
		assert_false(iam_request(a, &nobody, buf_new(a, 4096), &e));
		assert_int_equal(e.kind, ERR_USAGE);
		arena_free(a);
	}
}

static void a_user_is_read_from_its_answer(void **state)
{
	static const char body[] =
		"<GetUserResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><GetUserResult><User>"
		"<Path>/people/</Path><UserName>Dana</UserName><UserId>AIDAEXAMPLE</UserId>"
		"<Arn>arn:aws:iam::111122223333:user/people/Dana</Arn><CreateDate>2020-01-01T00:00:00Z</CreateDate>"
		"<PasswordLastUsed>2026-01-01T00:00:00Z</PasswordLastUsed><Tags><member><Key>team</Key>"
		"<Value>data</Value></member></Tags></User></GetUserResult>"
		"<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetUserResponse>";
	(void)state;
	struct arena *a = arena_new(NULL);
	struct call c = {.op = CALL_GET_USER, .arena = a, .role = "Dana"};
	assert_true(iam_answer(&c, 200, body, strlen(body)));
	assert_int_equal(c.principal->type, PRINCIPAL_USER);
	assert_string_equal(c.principal->name, "Dana");
	assert_string_equal(c.principal->path, "/people/");
	assert_string_equal(c.principal->unique_id, "AIDAEXAMPLE");
	assert_string_equal(c.principal->last_used_at, "2026-01-01T00:00:00Z");
	assert_int_equal(c.principal->tag_count, 1);
	assert_null(c.principal->trust);
	arena_free(a);
}

static void the_model_keeps_users_apart_from_roles(void **state)
{
	(void)state;
	struct world w = users_world();
	refused(&w, (struct call){.op = CALL_GET_ROLE, .role = "Dana"}, "NoSuchEntity", ERR_NOT_FOUND);
	refused(&w, (struct call){.op = CALL_GET_USER, .role = "Retired"}, "NoSuchEntity", ERR_NOT_FOUND);
	refused(&w, (struct call){.op = CALL_ATTACH_ROLE_POLICY, .role = "Dana", .policy_arn = FILES},
		"NoSuchEntity", ERR_NOT_FOUND);
	ok(&w, (struct call){.op = CALL_DETACH_USER_POLICY, .role = "Dana", .policy_arn = FILES});
	refused(&w, (struct call){.op = CALL_DETACH_USER_POLICY, .role = "Dana", .policy_arn = FILES},
		"NoSuchEntity", ERR_NOT_FOUND);
	ok(&w, (struct call){.op = CALL_ATTACH_USER_POLICY, .role = "dana", .policy_arn = FILES});
	struct call *c = ask(&w, (struct call){.op = CALL_LIST_ENTITIES_FOR_POLICY, .policy_arn = FILES});
	assert_true(c->ok);
	assert_true(str_list_has(&c->names, "user/Dana"));
	assert_true(str_list_has(&c->names, "role/Retired"));
	c = ask(&w, (struct call){.op = CALL_GET_POLICY, .policy_arn = FILES});
	assert_int_equal(c->policy->attachment_count, 3);
	arena_free(w.a);
}

static void a_user_has_less_room(void **state)
{
	(void)state;
	struct world w = users_world();
	struct buf *b = buf_new(w.a, 8192);
	buf_puts(b, "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\","
		    "\"Resource\":[\"arn:aws:s3:::a\"");
	while (b->len < 2100)
		buf_puts(b, ",\"arn:aws:s3:::bucket-with-a-long-name/*\"");
	buf_puts(b, "]}]}");
	struct call put = {.op = CALL_PUT_USER_POLICY, .role = "Kim", .policy_name = "Big", .document = b->data};
	refused(&w, put, "LimitExceeded", ERR_LIMIT);
	put.op = CALL_PUT_ROLE_POLICY;
	put.role = "Retired";
	ok(&w, put);
	for (size_t i = 0; i < 10; i++) {
		const char *name = str_printf(w.a, "P%zu", i);
		ok(&w, (struct call){.op = CALL_CREATE_POLICY, .policy_name = name, .path = "/", .document = DOC});
		struct call attach = {.op = CALL_ATTACH_USER_POLICY, .role = "Dana",
				      .policy_arn = str_printf(w.a, "arn:aws:iam::111122223333:policy/%s", name)};
		if (i < 9)
			ok(&w, attach);
		else
			refused(&w, attach, "LimitExceeded", ERR_LIMIT);
	}
	arena_free(w.a);
}

static const struct gathered_item *item_of(const struct gathered *g, enum finding_type type)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->item[i].finding->type == type)
			return &g->item[i];
	return NULL;
}

static void whole_things_reach_the_rules(void **state)
{
	(void)state;
	struct world w = users_world();
	struct gathered g;
	const struct gather_filter filter = {0};
	struct err e;
	if (!gather_live(w.a, &w.read, &w.clock, ANALYZER, &filter, NULL, &g, &e))
		fail_msg("%s", e.message);
	assert_int_equal(g.count, 4);
	assert_int_equal(g.quota.inline_total_user, 2048);
	const struct gathered_item *key = item_of(&g, FINDING_UNUSED_ACCESS_KEY);
	assert_non_null(key);
	assert_null(key->unusable); /* rules are asked */
	assert_string_equal(key->finding->access_key_id, "AKIAEXAMPLEDANA00001");
	assert_non_null(key->finding->last_accessed);
	assert_int_equal(key->no_steps_kind, OUTCOME_UNSUPPORTED);
	assert_false(key->derivable);
	const struct gathered_item *password = item_of(&g, FINDING_UNUSED_PASSWORD);
	assert_null(password->unusable);
	assert_non_null(strstr(password->no_steps, "never used"));
	assert_null(item_of(&g, FINDING_UNUSED_ROLE)->unusable);
	const struct gathered_item *dana = item_of(&g, FINDING_UNUSED_PERMISSION);
	assert_int_equal(dana->principal->type, PRINCIPAL_USER);
	assert_string_equal(dana->principal->groups.item[0], "Developers");
	assert_non_null(dana->recommendation);
	arena_free(w.a);
}

static void observed_as_gathered(void **state)
{
	(void)state;
	struct world w = users_world();
	struct err e;
	size_t calls;
	struct principal *p =
		observe_principal(w.a, &w.read, PRINCIPAL_USER, "Dana", NULL, &calls, &e);
	assert_non_null(p);
	assert_int_equal(p->type, PRINCIPAL_USER);
	assert_int_equal(p->attached_count, 1);
	assert_int_equal(p->inline_count, 1);
	assert_string_equal(p->inline_policy[0].name, "Queues");
	assert_null(observe_principal(w.a, &w.read, PRINCIPAL_USER, "Nobody", NULL, &calls, &e));
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	assert_non_null(strstr(e.message, "user 'Nobody'"));
	arena_free(w.a);
}

static void commands_survive_any_name(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct str_list out = {0};
	struct inline_policy odd = {.name = "it's; rm -rf $HOME"};
	struct managed_policy managed = {.arn = FILES};
	const struct principal p = {.name = "Role", .attached = &managed, .attached_count = 1,
				    .inline_policy = &odd, .inline_count = 1};
	const struct finding role = {.type = FINDING_UNUSED_ROLE};
	handover_commands(a, &role, &p, &out);
	assert_int_equal(out.count, 4);
	assert_string_equal(out.item[1], "aws iam detach-role-policy --role-name Role --policy-arn " FILES);
	assert_string_equal(out.item[2], "aws iam delete-role-policy --role-name Role --policy-name "
					 "'it'\\''s; rm -rf $HOME'");
	assert_string_equal(out.item[3], "aws iam delete-role --role-name Role");
	assert_string_equal(str_shell_word(a, ""), "''");
	assert_string_equal(str_shell_word(a, "a\nb"), "'a\nb'");
	assert_string_equal(str_shell_word(a, "plain+,.@_-"), "plain+,.@_-");
	arena_free(a);
}

static void state_file_keeps_users(void **state)
{
	(void)state;
	char name[] = "/tmp/pare-test-users-XXXXXX";
	int fd = mkstemp(name);
	assert_true(fd >= 0);
	close(fd);
	remove(name);
	struct world w = world_with((struct sandbox_setting){.seed = 1, .state_file = name});
	size_t len;
	char *text = slurp(w.a, "examples/users/seed.json", &len);
	seed(&w, text, len);
	ok(&w, (struct call){.op = CALL_PUT_USER_POLICY, .role = "Kim", .policy_name = "New", .document = DOC});
	struct call *c = ask(&w, (struct call){.op = CALL_LIST_FINDINGS, .analyzer = ANALYZER});
	size_t findings = c->finding_count;
	assert_true(findings >= 4);
	struct world again = world_with((struct sandbox_setting){.seed = 1, .state_file = name});
	struct principal *kim = sandbox_principal(again.box, again.a, PRINCIPAL_USER, "Kim");
	assert_non_null(kim);
	assert_int_equal(kim->inline_count, 1);
	struct principal *dana = sandbox_principal(again.box, again.a, PRINCIPAL_USER, "Dana");
	assert_string_equal(dana->groups.item[0], "Developers");
	c = ask(&again, (struct call){.op = CALL_LIST_FINDINGS, .analyzer = ANALYZER});
	assert_int_equal(c->finding_count, findings);
	arena_free(again.a);
	arena_free(w.a);
	remove(name);
}

static void an_organization_is_split_by_owner(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct finding f[5] = {
		{.id = "1", .owner_account = "222222222222", .resource = "arn:aws:iam::222222222222:role/A"},
		{.id = "2", .owner_account = "111111111111", .resource = "arn:aws:iam::111111111111:role/A"},
		{.id = "3", .owner_account = "222222222222", .resource = "arn:aws:iam::222222222222:role/B"},
		{.id = "4", .resource = "arn:aws:iam::000000000000:role/A"}, /* by its ARN */
		{.id = "5"},
	};
	struct gathered_item item[5] = {{.finding = &f[0]}, {.finding = &f[1]}, {.finding = &f[2]},
					{.finding = &f[3]}, {.finding = &f[4]}};
	struct gathered all = {.item = item, .count = 5, .analyzer = ANALYZER}, *part;
	assert_int_equal(gather_split(a, &all, &part), 4);
	assert_string_equal(part[0].account, "222222222222"); /* most findings first */
	assert_int_equal(part[0].count, 2);
	assert_string_equal(part[0].item[1].finding->id, "3");
	assert_string_equal(part[1].account, ""); /* nobody's: told of, never lost */
	assert_string_equal(part[2].account, "000000000000");
	assert_string_equal(part[3].account, "111111111111");
	struct err why;
	err_set(&why, ERR_AUTH, "AccessDenied");
	gather_unreadable(a, &part[0], &why);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(part[0].item[i].unusable_kind, OUTCOME_FAILED);
		assert_non_null(strstr(part[0].item[i].unusable, "account 222222222222 cannot be read: AccessDenied"));
	}
	assert_null(part[3].item[0].unusable);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_name_the_user),
		cmocka_unit_test(a_user_is_read_from_its_answer),
		cmocka_unit_test(the_model_keeps_users_apart_from_roles),
		cmocka_unit_test(a_user_has_less_room),
		cmocka_unit_test(whole_things_reach_the_rules),
		cmocka_unit_test(observed_as_gathered),
		cmocka_unit_test(commands_survive_any_name),
		cmocka_unit_test(state_file_keeps_users),
		cmocka_unit_test(an_organization_is_split_by_owner),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
