#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "pare/approve.h"
#include "pare/str.h"
#include "pare/world.h"

struct job {
	struct context c;
	struct review_port review;
	struct approval_port approvals;
	struct signer_port signer;
	struct approval_draft draft;
	struct str_list withdrawn;
	char commit[OID_HEX];
};

enum { ACTIONS_SHOWN = 12 };

static void show_removed(const struct context *c, const struct plan *p)
{
	const struct str_list *r = &p->impact.removed;
	for (size_t i = 0; i < r->count && (i < ACTIONS_SHOWN || c->o->verbose); i++)
		say(c, PLAIN, "    - %s\n", r->item[i]);
	if (r->count > ACTIONS_SHOWN && !c->o->verbose)
		say(c, DIM, "    and %zu more: give -v to see them all\n", r->count - ACTIONS_SHOWN);
}

static void show_plan(const struct context *c, const struct plan *p)
{
	say(c, BOLD, "%s %s", principal_type_name(p->principal.type), p->principal.name);
	say(c, PLAIN, "  account %s\n", p->account);
	say(c, PLAIN, "  plan     %s\n  digest   %s\n", p->id, p->digest);
	say(c, PLAIN, "  made     %s, expires %s, by %s\n", p->created_at, p->expires_at, p->author);
	if (plan_undoes(p) != NULL)
		say(c, PLAIN, "  undoes   %s\n", plan_undoes(p));
	say(c, PLAIN, "  actions  %lld, %lld after, %lld removed\n", (long long)p->impact.actions_before,
	    (long long)p->impact.actions_after, (long long)p->impact.actions_removed);
	show_removed(c, p);
	for (size_t i = 0; i < p->step_count; i++)
		say(c, PLAIN, "    %zu. %s\n", p->step[i].n,
		    step_sentence(c->arena, &p->step[i].action, p->principal.name));
	say(c, PLAIN, "  gates\n");
	view_gates(c, p->gate, p->gate_count, true);
	say(c, PLAIN, "\n");
}

static void show_draft(const struct job *j)
{
	const struct context *c = &j->c;
	const struct approval_draft *d = &j->draft;
	for (size_t i = 0; i < d->count; i++)
		show_plan(c, d->plan[i]);
	say(c, BOLD, "%s %zu plan%s of account %s\n", c->o->withdraw ? "Withdraw the approval of" : "Approve",
	    d->count, d->count == 1 ? "" : "s", d->account);
	say(c, PLAIN, "  as       %s\n  key      %s %s\n", d->signer, j->signer.key.type, j->signer.key.fingerprint);
	say(c, PLAIN, "  branch   %s\n", d->branch);
	if (!c->o->withdraw)
		say(c, PLAIN, "  file     %s\n", d->file);
	if (d->warning != NULL)
		say(c, YELLOW, "  by the configuration here this signature will not count: %s\n", d->warning);
}

/* Nothing is signed that nobody looked at: a terminal, or the word of who runs it. */
static bool agreed(const struct job *j, struct err *e)
{
	char line[16] = "";
	if (j->c.o->yes)
		return true;
	if (j->c.o->json || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return err_set(e, ERR_USAGE, "'pare approve' asks on a terminal before it signs; give '--yes' to sign "
			       "without being asked");
	say(&j->c, BOLD, "%s? [y/N] ", j->c.o->withdraw ? "Withdraw" : "Sign and push");
	fflush(stdout);
	if (fgets(line, sizeof line, stdin) != NULL &&
	    (str_equal_nocase(line, "y\n") || str_equal_nocase(line, "yes\n")))
		return true;
	return err_set(e, ERR_REFUSED, "nothing was signed");
}

static void print_result(const struct job *j)
{
	const struct approval_draft *d = &j->draft;
	struct json_writer w = json_page(j->c.arena, 16u * 1024 * 1024);
	json_open(&w, '{');
	json_member_text(&w, "account", d->account);
	json_member_text(&w, "branch", d->branch);
	json_member_text(&w, "commit", j->commit);
	json_member_text(&w, "signer", d->signer);
	json_member_text(&w, "keyType", j->signer.key.type);
	json_member_text(&w, "key", j->signer.key.fingerprint);
	json_member_bool(&w, "withdrawn", j->c.o->withdraw);
	json_key(&w, "files");
	json_open(&w, '[');
	for (size_t i = 0; i < j->withdrawn.count; i++)
		json_put_text(&w, j->withdrawn.item[i]);
	if (!j->c.o->withdraw)
		json_put_text(&w, d->file);
	json_close(&w, ']');
	json_member_text(&w, "warning", d->warning);
	json_key(&w, "plans");
	json_open(&w, '[');
	for (size_t i = 0; i < d->count; i++) {
		json_open(&w, '{');
		json_member_text(&w, "plan", d->plan[i]->id);
		json_member_text(&w, "digest", d->plan[i]->digest);
		json_member_text(&w, "principal", d->plan[i]->principal.arn);
		json_close(&w, '}');
	}
	json_close(&w, ']');
	json_close(&w, '}');
	say_json(&w);
}

static void say_result(const struct job *j)
{
	const struct approval_draft *d = &j->draft;
	say(&j->c, GREEN, "%s", j->c.o->withdraw ? "withdrawn" : "approved");
	say(&j->c, PLAIN, "  %zu plan%s as %s on branch %s (%.12s)\n", d->count, d->count == 1 ? "" : "s", d->signer,
	    d->branch, j->commit);
	say(&j->c, PLAIN, "It takes effect when the branch is merged into the protected branch.\n");
}

static bool prepare(struct job *j, struct arena *a, const struct options *o, struct err *e)
{
	if (!context_open(a, o, &j->c, e))
		return false;
	if (o->words.count == 0 || o->key == NULL)
		return err_set(e, ERR_USAGE, "'pare approve': expected a proposal's branch, and '--key FILE'");
	if (o->withdraw && o->only.count > 0)
		return err_set(e, ERR_USAGE,
			       "'--withdraw' takes away whole lists; approve the rest again instead of '--only'");
	approval_open(&j->c.config, &j->approvals);
	return ssh_signer_open(a, o->key, &j->signer, e) && context_review(&j->c, &j->review, e) &&
	       approval_find(a, &j->review, &j->c.config, &j->approvals, &j->signer.key, j->signer.comment,
			     o->words.item[0], &o->only, j->c.now_ms, &j->draft, e);
}

static bool carry_out(struct job *j, struct err *e)
{
	struct arena *a = j->c.arena;
	int64_t now_ms = j->c.clock.now_ms(j->c.clock.self);
	if (j->c.o->withdraw)
		return approval_withdraw(a, &j->review, &j->c.config, &j->signer.key, &j->draft, now_ms, j->commit,
					 &j->withdrawn, e);
	return approval_publish(a, &j->review, &j->c.config, &j->signer, &j->draft, now_ms, j->commit, e);
}

int command_approve(struct arena *a, const struct options *o)
{
	struct job j = {.commit = ""};
	struct err e;
	if (!prepare(&j, a, o, &e)) {
		complain(&e);
		return exit_code_of(&e);
	}
	if (!o->json && !o->quiet)
		show_draft(&j);
	if (!agreed(&j, &e) || !carry_out(&j, &e)) {
		complain(&e);
		return exit_code_of(&e);
	}
	if (o->json)
		print_result(&j);
	else
		say_result(&j);
	return EXIT_DONE;
}
