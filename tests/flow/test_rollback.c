/* Rollback against the sandbox's model: plans made by pare itself, carried out by the executor, taken
 * back whole, in part, and around what a person changed. The role is compared with what the model
 * holds, not with what pare says. */
#include "roll_stage.h"

/* --- exact --- */

static void whole_gives_back_document_for_document(void **state)
{
	(void)state;
	for (size_t scenario = 0; scenario < 8; scenario++) {
		struct stage *t = stage_unapplied(scenario);
		const char *before = held(t);
		t->receipt = applied(t, t->done);
		if (plan_archives_only(t->done)) {
			clear(t);
			continue;
		}
		assert_string_not_equal(held(t), before);
		struct plan *back = drafted(t, (struct want){.scope = UNDO_WHOLE});
		assert_int_equal(back->undo_scope, UNDO_WHOLE);
		assert_null(wrong_of(t, back));
		applied(t, back);
		assert_string_equal(held(t), before);
		assert_int_equal(own_policies(t), 0);
		clear(t);
	}
}

static void rollback_does_not_delete_restored_policies(void **state)
{
	(void)state;
	struct stage *t = stage(0);
	applied(t, drafted(t, (struct want){.scope = UNDO_WHOLE}));
	assert_true(holds(t, AWS("AmazonBedrockReadOnly")));
	assert_true(holds(t, AWS("AmazonS3ReadOnlyAccess")));
	assert_true(holds(t, "ListLambda "));
	assert_false(holds(t, "recommended"));
	clear(t);
}

static bool adds_call(enum call_op op)
{
	return op == CALL_CREATE_POLICY || op == CALL_ATTACH_ROLE_POLICY || op == CALL_PUT_ROLE_POLICY;
}

static void adds_first(const struct stage *t)
{
	bool removed = false;
	assert_true(t->sent_count > 0);
	for (size_t i = 0; i < t->sent_count; i++) {
		if (!adds_call(t->sent[i]))
			removed = true;
		else if (removed)
			fail_msg("call %zu, %s, adds after something was removed", i, call_name(t->sent[i]));
	}
	assert_true(removed);
}

static void removes_nothing_before_adding(void **state)
{
	static const struct want wants[] = {{.scope = UNDO_WHOLE},
					    {.scope = UNDO_PART, .pattern = "s3:GetBucketAcl"},
					    {.scope = UNDO_UNTOUCHED}};
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct stage *t = stage(0);
		if (wants[i].scope == UNDO_UNTOUCHED)
			ok(&t->w, (struct call){.op = CALL_PUT_ROLE_POLICY, .role = t->role,
						.policy_name = "by-hand", .document = PUBLISH});
		struct plan *back = drafted(t, wants[i]);
		assert_int_equal(back->undo_scope, wants[i].scope);
		applied(t, back);
		adds_first(t);
		clear(t);
	}
}

static void success_is_never_reported_with_zero_calls(void **state)
{
	(void)state;
	struct stage *t = stage(0);
	struct plan *back = drafted(t, (struct want){.scope = UNDO_WHOLE});
	struct apply_report r = carry_out(t, back);
	assert_int_equal(r.result, APPLY_APPLIED);
	assert_int_equal(r.aws_writes, t->sent_count);
	assert_true(t->sent_count >= back->step_count);
	/* Somebody did it by hand: then it is so already, and nothing says that pare did it. */
	struct stage *u = stage(0);
	back = drafted(u, (struct want){.scope = UNDO_WHOLE});
	applied(u, drafted(u, (struct want){.scope = UNDO_WHOLE}));
	r = carry_out(u, back);
	/* IAM was only asked to delete what is gone. */
	for (size_t i = 0; i < u->sent_count; i++)
		assert_int_equal(u->sent[i], CALL_DELETE_POLICY);
	assert_int_not_equal(r.result, APPLY_APPLIED);
	assert_string_equal(apply_result_name(r.result), "already so");
	refuses(u, (struct want){.scope = UNDO_WHOLE}, ERR_REFUSED, "nothing to roll back");
	clear(t);
	clear(u);
}

/* --- stale --- */

static void stale_write_is_refused(void **state)
{
	(void)state;
	struct stage *t = stage(0);
	struct plan *back = drafted(t, (struct want){.scope = UNDO_WHOLE});
	ok(&t->w, (struct call){.op = CALL_PUT_ROLE_POLICY, .role = t->role, .policy_name = "by-hand",
				.document = PUBLISH});
	const char *now = held(t);
	struct apply_report r = carry_out(t, back);
	assert_int_equal(r.result, APPLY_REFUSED);
	assert_int_equal(t->sent_count, 0);
	assert_string_equal(held(t), now);
	clear(t);
}

static void widen(struct stage *t, const char *arn)
{
	struct problem p;
	assert_non_null(policy_create_version(t->w.box, account(t), arn, ANY, true, &p));
}

static void a_policy_widened_after_approval_is_never_attached(void **state)
{
	(void)state;
	struct stage *t = stage(7);
	struct plan *back = drafted(t, (struct want){.scope = UNDO_WHOLE});
	const char *narrowed = held(t);
	widen(t, OWN("Files"));
	struct apply_report r = carry_out(t, back);
	assert_int_equal(r.result, APPLY_UNDONE);
	assert_non_null(strstr(r.why.message, "was changed since the rollback was drafted"));
	for (size_t i = 0; i < t->sent_count; i++)
		assert_int_not_equal(t->sent[i], CALL_ATTACH_ROLE_POLICY);
	assert_string_equal(held(t), narrowed);
	clear(t);
}

static void a_policy_changed_meanwhile_is_named(void **state)
{
	(void)state;
	struct stage *t = stage(7);
	widen(t, OWN("Files"));
	refuses(t, (struct want){.scope = UNDO_WHOLE}, ERR_STALE, "holds another document now");
	/* What it granted then comes back as a policy of pare's own. */
	struct plan *back = drafted(t, (struct want){.scope = UNDO_PART, .pattern = "*"});
	applied(t, back);
	assert_false(holds(t, OWN("Files ")));
	assert_true(holds(t, policy_text_digest(t->w.a, principal_attached(t->before, OWN("Files"))->document)));
	clear(t);
}

static void a_policy_deleted_meanwhile_is_named(void **state)
{
	(void)state;
	struct stage *t = stage(7);
	ok(&t->w, (struct call){.op = CALL_DELETE_POLICY, .policy_arn = OWN("Files")});
	refuses(t, (struct want){.scope = UNDO_WHOLE}, ERR_STALE, "is gone");
	struct plan *rest = drafted(t, (struct want){.scope = UNDO_UNTOUCHED});
	applied(t, rest);
	assert_true(holds(t, "Unused "));
	assert_true(holds(t, "Files-recommended"));
	clear(t);
}

static void a_role_made_anew_is_another_role(void **state)
{
	(void)state;
	struct stage *t = stage(2);
	struct principal *p = live(t);
	struct err e;
	p->unique_id = "AROAANOTHERROLE";
	struct rollback_ask ask = asked(t, (struct want){.scope = UNDO_WHOLE});
	ask.live = p;
	const struct draft_setting setting = {&t->config, catalog(), t->w.clock.now_ms(t->w.clock.self), NULL, 0, 0};
	assert_null(rollback_draft(t->w.a, &setting, &ask, &e));
	assert_non_null(strstr(e.message, "was deleted and made anew since"));
	clear(t);
}

static void only_what_was_applied_is_taken_back(void **state)
{
	(void)state;
	struct stage *t = stage(2);
	t->receipt->result = "undone";
	refuses(t, (struct want){.scope = UNDO_WHOLE}, ERR_REFUSED, "its receipt says 'undone'");
	clear(t);
}

static void full_quotas_are_bridged_or_named(void **state)
{
	(void)state;
	struct err e;
	struct stage *t = stage(7);
	const char *before_id = t->done->id;
	t->quota.attached_per_role = live(t)->attached_count;
	struct plan *back = drafted(t, (struct want){.scope = UNDO_WHOLE});
	assert_null(wrong_of(t, back));
	assert_string_not_equal(back->id, before_id);
	assert_true(back->step[0].temporary);
	applied(t, back);
	assert_false(holds(t, "pare-bridge"));
	assert_false(holds(t, "recommended"));
	clear(t);
	t = stage(7);
	t->quota.attached_per_role = live(t)->attached_count;
	t->quota.inline_total_role = 1;
	back = try_draft(t, (struct want){.scope = UNDO_WHOLE}, &e);
	assert_non_null(back);
	assert_int_equal(gate_of(back, "quota")->result, GATE_FAIL);
	assert_non_null(strstr(gate_of(back, "quota")->evidence, "the quota is"));
	clear(t);
}

/* --- back and forth --- */

static void a_rollback_taken_back_narrows_again(void **state)
{
	(void)state;
	for (size_t scenario = 0; scenario < 8; scenario++) {
		struct stage *t = stage(scenario);
		if (plan_archives_only(t->done)) {
			clear(t);
			continue;
		}
		const char *narrowed = held(t);
		struct plan *first = t->done;
		carried(t, drafted(t, (struct want){.scope = UNDO_WHOLE}));
		struct plan *again = drafted(t, (struct want){.scope = UNDO_WHOLE});
		assert_null(wrong_of(t, again));
		carried(t, again);
		assert_string_equal(held(t), narrowed);
		assert_string_not_equal(again->id, first->id);
		for (size_t i = 0; i < again->step_count; i++)
			if (again->step[i].action.op == STEP_CREATE_POLICY) {
				assert_int_equal(again->step[i].action.tag_count, 2);
				assert_string_equal(again->step[i].action.tag[0].value, again->id);
			}
		clear(t);
	}
}

/* --- a person --- */

static const struct rollback_change *change_of(struct stage *t, const char *id)
{
	struct rollback_change *change;
	const struct rollback_ask ask = asked(t, (struct want){.scope = UNDO_WHOLE});
	size_t count = rollback_changes(t->w.a, &ask, &change);
	for (size_t i = 0; i < count; i++)
		if (strstr(change[i].policy, id) != NULL)
			return &change[i];
	fail_msg("'%s' is not among %zu changes", id, count);
	return NULL;
}

static const char *came_inline(struct stage *t)
{
	for (size_t i = 0; i < t->done->step_count; i++)
		if (t->done->step[i].action.op == STEP_PUT_ROLE_POLICY)
			return t->done->step[i].action.policy_name;
	fail_msg("no inline policy came");
	return NULL;
}

static void a_persons_change_is_shown_and_left(void **state)
{
	(void)state;
	struct stage *t = stage(0);
	const char *edited = came_inline(t);
	ok(&t->w, (struct call){.op = CALL_PUT_ROLE_POLICY, .role = t->role, .policy_name = edited,
				.document = PUBLISH});
	ok(&t->w, (struct call){.op = CALL_PUT_ROLE_POLICY, .role = t->role, .policy_name = "by-hand",
				.document = DOC});
	refuses(t, (struct want){.scope = UNDO_WHOLE}, ERR_STALE, edited);
	const struct rollback_change *c = change_of(t, edited);
	assert_string_equal(c->what, "was changed");
	assert_non_null(strstr(c->diff, "+        \"sns:Publish\""));
	assert_non_null(strstr(c->diff, "-        \"lambda:ListFunctions\""));
	assert_string_equal(change_of(t, "by-hand")->what, "was added");
	struct plan *back = drafted(t, (struct want){.scope = UNDO_UNTOUCHED});
	assert_int_equal(back->undo_scope, UNDO_UNTOUCHED);
	assert_non_null(strstr(back->undoes_reason, "partially"));
	assert_non_null(strstr(back->undoes_reason, edited));
	assert_null(wrong_of(t, back));
	applied(t, back);
	assert_true(holds(t, AWS("AmazonS3ReadOnlyAccess")));
	assert_true(holds(t, "ListLambda "));
	assert_true(holds(t, str_printf(t->w.a, "%s %s", edited, policy_text_digest(t->w.a, PUBLISH))));
	assert_true(holds(t, str_printf(t->w.a, "by-hand %s", policy_text_digest(t->w.a, DOC))));
	assert_int_equal(own_policies(t), 0);
	clear(t);
}

static void untouched_with_nothing_touched_is_the_whole(void **state)
{
	(void)state;
	struct stage *t = stage(0);
	assert_int_equal(drafted(t, (struct want){.scope = UNDO_UNTOUCHED})->undo_scope, UNDO_WHOLE);
	clear(t);
}

/* The original was put back by hand and edited: its replacement stands for it and stays. */
static void a_replacement_stays_while_its_original_is_touched(void **state)
{
	(void)state;
	struct stage *t = stage(2);
	ok(&t->w, (struct call){.op = CALL_PUT_ROLE_POLICY, .role = t->role, .policy_name = "Partly",
				.document = PUBLISH});
	const char *came = came_inline(t);
	struct plan *back = drafted(t, (struct want){.scope = UNDO_UNTOUCHED});
	applied(t, back);
	assert_true(holds(t, came));
	assert_true(holds(t, "Unused "));
	assert_true(holds(t, str_printf(t->w.a, "Partly %s", policy_text_digest(t->w.a, PUBLISH))));
	clear(t);
}

/* --- in part --- */

static enum answer can(struct stage *t, const char *action)
{
	struct arena *a = t->w.a;
	struct policy_set set;
	struct err e;
	const struct witness request = {.action = action, .resource = "*"};
	assert_true(principal_policies(a, sandbox_role(t->w.box, a, t->role), &set, &e));
	return evaluate_allowed(set, &request, ARN_FLAT);
}

static void a_part_is_given_back_and_nothing_else(void **state)
{
	(void)state;
	struct stage *t = stage(0);
	const char *narrowed = held(t);
	assert_int_equal(can(t, "s3:GetBucketAcl"), ANSWER_NO);
	struct plan *back = drafted(t, (struct want){.scope = UNDO_PART, .pattern = "s3:GetBucketAcl"});
	assert_int_equal(back->impact.actions_after, back->impact.actions_before + 1);
	assert_null(wrong_of(t, back));
	carried(t, back);
	assert_int_equal(can(t, "s3:GetBucketAcl"), ANSWER_YES);
	assert_int_equal(can(t, "s3:GetBucketPolicy"), ANSWER_NO);
	assert_int_equal(can(t, "s3:ListBucket"), ANSWER_YES);
	assert_int_equal(can(t, "bedrock:ListCustomModels"), ANSWER_NO);
	assert_int_equal(own_policies(t), 1);
	carried(t, drafted(t, (struct want){.scope = UNDO_WHOLE}));
	assert_string_equal(held(t), narrowed);
	clear(t);
}

static void a_service_comes_back_whole_as_its_own_policy(void **state)
{
	(void)state;
	struct stage *t = stage(0);
	struct plan *back = drafted(t, (struct want){.scope = UNDO_PART, .pattern = "bedrock:*"});
	applied(t, back);
	assert_true(holds(t, AWS("AmazonBedrockReadOnly")));
	assert_int_equal(can(t, "s3:GetBucketAcl"), ANSWER_NO);
	assert_int_equal(own_policies(t), 1);
	clear(t);
}

static void nothing_to_give_back_is_said(void **state)
{
	(void)state;
	struct stage *t = stage(0);
	refuses(t, (struct want){.scope = UNDO_PART, .pattern = "ec2:RunInstances"}, ERR_REFUSED,
		"took nothing away that matches");
	/* Used, so still there. */
	refuses(t, (struct want){.scope = UNDO_PART, .pattern = "s3:GetObject"}, ERR_REFUSED,
		"or it is allowed now");
	t->documents = (struct document_list){0};
	refuses(t, (struct want){.scope = UNDO_PART, .pattern = "s3:GetBucketAcl"}, ERR_NOT_FOUND,
		"is not kept beside the plan");
	clear(t);
}

static void a_part_leaves_what_a_person_changed(void **state)
{
	(void)state;
	struct stage *t = stage(0);
	ok(&t->w, (struct call){.op = CALL_PUT_ROLE_POLICY, .role = t->role, .policy_name = came_inline(t),
				.document = PUBLISH});
	refuses(t, (struct want){.scope = UNDO_PART, .pattern = "lambda:ListAliases"}, ERR_STALE,
		"was changed since");
	refuses(t, (struct want){.scope = UNDO_PART, .pattern = "lambda:ListAliases", .leave = true},
		ERR_REFUSED, "belongs to policies that were changed");
	/* Another policy's part is not in its way. */
	struct plan *back = drafted(t, (struct want){.scope = UNDO_PART, .pattern = "s3:GetBucketAcl"});
	applied(t, back);
	assert_int_equal(can(t, "s3:GetBucketAcl"), ANSWER_YES);
	assert_int_equal(can(t, "sns:Publish"), ANSWER_YES);
	clear(t);
}

/* --- shared --- */

static void what_others_use_stays_and_is_named(void **state)
{
	(void)state;
	struct stage *t = stage(1);
	assert_non_null(t->other);
	applied(t, t->other);
	struct plan *back = drafted(t, (struct want){.scope = UNDO_WHOLE});
	assert_non_null(strstr(gate_of(back, "shared")->evidence, "role/TWO"));
	struct apply_report r = carry_out(t, back);
	assert_int_equal(r.result, APPLY_APPLIED);
	assert_int_equal(r.left.count, 1);
	assert_non_null(strstr(r.left.item[0], "policy/pare/Shared-recommended"));
	assert_int_equal(own_policies(t), 1);
	clear(t);
}

/* --- made up --- */

static struct step made_up_put(struct arena *a, enum step_op op, const char *name, const char *document)
{
	struct step s = {.action = {.op = op, .policy_name = name, .document = document,
				    .document_sha256 = policy_text_digest(a, document)}};
	s.inverse = s.action;
	s.inverse.op = op == STEP_PUT_ROLE_POLICY ? STEP_DELETE_ROLE_POLICY : STEP_PUT_ROLE_POLICY;
	return s;
}

/* The plan with a step put in at n. */
static struct plan *with_step(struct stage *t, const struct plan *from, size_t n, struct step s)
{
	struct plan *p = arena_alloc(t->w.a, sizeof *p);
	struct err e;
	*p = *from;
	p->step = arena_array(t->w.a, from->step_count + 1, sizeof *p->step);
	memcpy(p->step, from->step, n * sizeof s);
	p->step[n] = s;
	memcpy(p->step + n + 1, from->step + n, (from->step_count - n) * sizeof s);
	p->step_count = from->step_count + 1;
	for (size_t i = 0; i < p->step_count; i++)
		p->step[i].n = i + 1;
	assert_true(plan_seal(t->w.a, p, &e));
	struct plan *read = plan_parse(t->w.a, p->bytes, p->len, "made up", &e);
	if (read == NULL)
		fail_msg("the made-up plan is not even read: %s", e.message);
	return read;
}

static struct plan *without_step(struct stage *t, const struct plan *from, size_t n)
{
	struct plan *p = arena_alloc(t->w.a, sizeof *p);
	*p = *from;
	p->step = arena_array(t->w.a, from->step_count, sizeof *p->step);
	for (size_t i = 0, k = 0; i < from->step_count; i++)
		if (i != n)
			p->step[k++] = from->step[i];
	p->step_count = from->step_count - 1;
	return p;
}

static void hand_edited_rollback_that_gives_more_is_refused(void **state)
{
	(void)state;
	struct stage *t = stage(0);
	struct arena *a = t->w.a;
	const struct step put = made_up_put(a, STEP_PUT_ROLE_POLICY, "extra", ANY);
	const struct step take = made_up_put(a, STEP_DELETE_ROLE_POLICY, "extra", ANY);
	const struct step bridge = made_up_put(a, STEP_PUT_ROLE_POLICY, "pare-bridge-00000000", ANY);
	const struct step unbridge = made_up_put(a, STEP_DELETE_ROLE_POLICY, "pare-bridge-00000000", ANY);
	const struct step attach = {.action = {.op = STEP_ATTACH_ROLE_POLICY,
					       .policy_arn = AWS("AdministratorAccess"), .document = ANY,
					       .document_sha256 = policy_text_digest(a, ANY)},
				    .inverse = {.op = STEP_DETACH_ROLE_POLICY,
						.policy_arn = AWS("AdministratorAccess")}};
	struct plan *whole = drafted(t, (struct want){.scope = UNDO_WHOLE});
	assert_null(wrong_of(t, whole));
	is_refused(t, with_step(t, whole, 0, put), "does not lead back");
	is_refused(t, with_step(t, whole, 0, attach), "does not lead back");
	/* Even for a moment. */
	is_refused(t, with_step(t, with_step(t, whole, 0, put), 1, take), "it touches policy 'extra'");
	is_refused(t, with_step(t, with_step(t, whole, 0, bridge), 1, unbridge), "what was not there before");

	struct plan *part = drafted(t, (struct want){.scope = UNDO_PART, .pattern = "s3:GetBucketAcl"});
	assert_null(wrong_of(t, part));
	is_refused(t, with_step(t, part, 0, put), "gives more than was there before");
	is_refused(t, with_step(t, part, 0, attach), "gives more than was there before");
	is_refused(t, with_step(t, with_step(t, part, 0, bridge), 1, unbridge), "gives more than was there before");
	/* No more than was there before, but more than it says. */
	const char *old = principal_attached(t->before, AWS("AmazonS3ReadOnlyAccess"))->document;
	is_refused(t, with_step(t, part, 0, made_up_put(a, STEP_PUT_ROLE_POLICY, "extra", old)),
		   "gives back more than it says");
	/* One that calls itself of the whole. */
	struct plan *renamed = arena_alloc(a, sizeof *renamed);
	*renamed = *part;
	renamed->undo_scope = UNDO_WHOLE;
	is_refused(t, renamed, "");
	renamed->undo_scope = UNDO_UNTOUCHED;
	is_refused(t, renamed, "");
	clear(t);
}

static void hand_edited_rollback_that_takes_away_is_refused(void **state)
{
	(void)state;
	struct stage *t = stage(0);
	struct plan *whole = drafted(t, (struct want){.scope = UNDO_WHOLE});
	size_t detach = 0;
	while (whole->step[detach].action.op != STEP_DETACH_ROLE_POLICY)
		detach++;
	/* The replacement goes first. */
	struct step s = whole->step[detach];
	is_refused(t, with_step(t, without_step(t, whole, detach), 0, s), "before what it stands for is back");
	/* Somebody else's policy is deleted. */
	const struct step drop = {.action = {.op = STEP_DELETE_POLICY, .policy_arn = OWN("pare/Other"),
					     .document_sha256 = policy_text_digest(t->w.a, DOC)},
				  .inverse = {.op = STEP_CREATE_POLICY, .policy_arn = OWN("pare/Other"),
					      .policy_name = "Other", .path = "/pare/", .document = DOC,
					      .document_sha256 = policy_text_digest(t->w.a, DOC)}};
	is_refused(t, with_step(t, whole, whole->step_count, drop), "takes nothing back");
	/* Less than before is no rollback of the whole, and in part nothing may go. */
	is_refused(t, without_step(t, whole, 0), "does not lead back");
	struct plan *part = drafted(t, (struct want){.scope = UNDO_PART, .pattern = "s3:GetBucketAcl"});
	size_t attach = 0;
	while (part->step[attach].action.op != STEP_ATTACH_ROLE_POLICY)
		attach++;
	is_refused(t, without_step(t, part, attach), "");
	/* A part is proved from documents, or not at all. */
	const struct document_list none = {0};
	assert_non_null(rollback_wrong(t->w.a, catalog(), part, t->done, &none));
	clear(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_gives_back_document_for_document),
		cmocka_unit_test(rollback_does_not_delete_restored_policies),
		cmocka_unit_test(removes_nothing_before_adding),
		cmocka_unit_test(success_is_never_reported_with_zero_calls),
		cmocka_unit_test(stale_write_is_refused),
		cmocka_unit_test(a_policy_widened_after_approval_is_never_attached),
		cmocka_unit_test(a_policy_changed_meanwhile_is_named),
		cmocka_unit_test(a_policy_deleted_meanwhile_is_named),
		cmocka_unit_test(a_role_made_anew_is_another_role),
		cmocka_unit_test(only_what_was_applied_is_taken_back),
		cmocka_unit_test(full_quotas_are_bridged_or_named),
		cmocka_unit_test(a_rollback_taken_back_narrows_again),
		cmocka_unit_test(a_persons_change_is_shown_and_left),
		cmocka_unit_test(untouched_with_nothing_touched_is_the_whole),
		cmocka_unit_test(a_replacement_stays_while_its_original_is_touched),
		cmocka_unit_test(a_part_is_given_back_and_nothing_else),
		cmocka_unit_test(a_service_comes_back_whole_as_its_own_policy),
		cmocka_unit_test(nothing_to_give_back_is_said),
		cmocka_unit_test(a_part_leaves_what_a_person_changed),
		cmocka_unit_test(what_others_use_stays_and_is_named),
		cmocka_unit_test(hand_edited_rollback_that_gives_more_is_refused),
		cmocka_unit_test(hand_edited_rollback_that_takes_away_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
