#include <string.h>

#include "cli.h"
#include "pare/arn.h"
#include "pare/observe.h"
#include "pare/rollback.h"
#include "pare/str.h"

enum { RECEIPT_MAX_BYTES = 4 * 1024 * 1024 };

/* The plan a receipt on pare/log belongs to, read from the protected branch: what was approved and
 * done, whatever this machine's state folder holds. */
static bool read_done(struct context *c, const struct review_port *review, const char *name,
		      struct plan **plan, struct receipt **receipt, struct err *e)
{
	char log[OID_HEX], tip[OID_HEX];
	const char *bytes;
	size_t len;
	if (!review->resolve(review->self, "refs/heads/pare/log", log, e) ||
	    !review->read(review->self, c->arena, log, name, RECEIPT_MAX_BYTES, &bytes, &len, e))
		return false;
	*receipt = receipt_parse(c->arena, bytes, len, name, e);
	if (*receipt == NULL)
		return false;
	const char *path = str_printf(c->arena, "accounts/%s/plans/%s/plan.json", (*receipt)->account,
				      (*receipt)->plan_id);
	const char *branch = str_printf(c->arena, "refs/heads/%s", c->config.repository.branch);
	if (!review->resolve(review->self, branch, tip, e) ||
	    !review->read(review->self, c->arena, tip, path, PLAN_MAX_BYTES, &bytes, &len, e))
		return false;
	*plan = plan_parse(c->arena, bytes, len, path, e);
	if (*plan == NULL)
		return false;
	if (!str_equal((*plan)->digest, (*receipt)->plan_digest))
		return err_set(e, ERR_REFUSED,
			       "reading plan '%s': its digest %s is not the one that was carried out, %s",
			       (*plan)->id, (*plan)->digest, (*receipt)->plan_digest);
	return true;
}

static bool fits(const struct receipt *r, const char *word)
{
	return str_starts(r->plan_id, word) || str_equal(r->principal_arn, word) ||
	       (strlen(word) >= 8 && str_starts(r->plan_digest, word)) ||
	       str_equal_nocase(arn_name(r->principal_arn), word);
}

/* The newest receipt of an applied plan that fits the word. */
static bool find_receipt(struct context *c, const struct review_port *review, const char *word,
			 const char **name, struct err *e)
{
	char log[OID_HEX];
	struct str_list paths = {0};
	const char *best_time = NULL;
	if (!review->resolve(review->self, "refs/heads/pare/log", log, e))
		return false;
	if (log[0] != '\0' && !review->list(review->self, c->arena, log, "receipts", &paths, e))
		return false;
	for (size_t i = 0; i < paths.count; i++) {
		const char *bytes;
		size_t len;
		if (!review->read(review->self, c->arena, log, paths.item[i], RECEIPT_MAX_BYTES, &bytes, &len,
				  e))
			return false;
		struct receipt *r = receipt_parse(c->arena, bytes, len, paths.item[i], e);
		if (r == NULL)
			return false;
		if (!str_equal(r->result, "applied") || !fits(r, word) ||
		    (best_time != NULL && strcmp(r->finished_at, best_time) <= 0))
			continue;
		best_time = r->finished_at;
		*name = paths.item[i];
	}
	if (best_time == NULL)
		return err_set(e, ERR_NOT_FOUND,
			       "rolling back '%s': no receipt of an applied plan with this id, digest or role "
			       "is on branch 'pare/log'",
			       word);
	return true;
}

static bool draft_inverse(struct context *c, const char *word, struct plan **out,
			  struct principal **live, struct err *e)
{
	struct review_port review;
	struct plan *done;
	struct receipt *receipt;
	const char *name = NULL;
	if (!context_review(c, &review, e) || !review.fetch(review.self, e) ||
	    !find_receipt(c, &review, word, &name, e) ||
	    !read_done(c, &review, name, &done, &receipt, e))
		return false;
	struct arn arn = {.region = NULL};
	struct aws *aws;
	if (done->source.analyzer != NULL && !arn_parse(c->arena, done->source.analyzer, &arn, e))
		return false;
	if (!context_aws(c, arn.region, &aws, e))
		return false;
	struct read_port reads = aws_read_port(aws);
	struct draft_setting s = {&c->config, c->catalog, c->now_ms, NULL};
	const char *account;
	if (!context_caller(c, &reads, &s.caller_arn, &account, e))
		return false;
	if (strcmp(account, done->account) != 0)
		return err_set(e, ERR_REFUSED,
			       "rolling back plan '%s': it is for account %s, and the credentials are of "
			       "account %s",
			       done->id, done->account, account);
	size_t calls;
	*live = observe_role(c->arena, &reads, done->principal.name, NULL, &calls, e);
	if (*live == NULL)
		return err_wrap(e, "reading role '%s'", done->principal.name);
	struct quota quota = quota_default();
	struct rollback_documents documents = {0};
	if (!rollback_read(c->arena, &reads, done, &documents, e))
		return false;
	*out = rollback_draft(c->arena, &s, done, receipt, *live, &documents, &quota, e);
	return *out != NULL;
}

int command_rollback(struct arena *a, const struct options *o)
{
	struct context c;
	struct err e;
	struct plan *p = NULL;
	struct principal *live = NULL;
	if (o->words.count == 0) {
		err_set(&e, ERR_USAGE, "'pare rollback': expected a plan or a role behind it");
		complain(&e);
		return EXIT_USAGE;
	}
	if (!context_open(a, o, &c, &e) || !draft_inverse(&c, o->words.item[0], &p, &live, &e) ||
	    !keep_plan_of(&c, p, live, NULL, NULL, &e)) {
		complain(&e);
		return exit_code_of(&e);
	}
	if (o->json) {
		say_raw(p->bytes, p->len);
	} else {
		view_plan(&c, p, live);
		say(&c, PLAIN, "\nNothing was changed. Next: pare propose %s\n", p->id);
	}
	return plan_all_pass(p) ? EXIT_DONE : EXIT_REFUSED;
}
