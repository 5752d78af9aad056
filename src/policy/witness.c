/* witness: the requests that refute. None leaves the prover unless the plain evaluator says, in
 * every reading, that one side allows it and the other does not. */
#include <string.h>

#include "cover.h"
#include "glob.h"
#include "question.h"

struct witness *witness_new(struct question *q, const char *action, const struct violation *v)
{
	struct witness *w = arena_alloc(q->arena, sizeof *w);
	*w = (struct witness){.action = action, .resource = v->resource, .context = v->context,
			      .context_count = v->context_count};
	return w;
}

bool witness_confirmed_in(const struct question *q, const struct witness *w,
			  enum arn_reading reading)
{
	if (q->denies)
		return evaluate_denied(q->left, w, reading) == ANSWER_YES &&
		       evaluate_denied(q->right, w, reading) == ANSWER_NO;
	return evaluate_allowed(q->left, w, reading) == ANSWER_YES &&
	       evaluate_allowed(q->right, w, reading) == ANSWER_NO;
}

bool witness_confirmed(const struct question *q, const struct witness *w)
{
	for (int r = 0; r < ARN_READING_COUNT; r++)
		if (!witness_confirmed_in(q, w, (enum arn_reading)r))
			return false;
	return true;
}

/* --- actions people know --- */

static bool concerns(const struct question *q, const struct set *hit, const char *action)
{
	for (size_t i = 0; i < q->member_count; i++)
		if (member_concerned(&q->member[i], action) != set_has(hit, i))
			return false;
	return true;
}

static const char *action_of(const struct question *q, const struct set *hit,
			     const struct catalog_service *s)
{
	for (size_t i = 0; s != NULL && i < s->action_count; i++)
		if (concerns(q, hit, s->action[i].full))
			return s->action[i].full;
	return NULL;
}

const char *witness_action(struct question *q, const struct set *hit, const char *action)
{
	static const char *const common[] = {"s3", "ec2", "iam", "sts", "lambda", "sqs"};
	const char *colon = strchr(action, ':'), *found = NULL;
	const char *prefix = arena_copy(q->arena, action, (size_t)(colon - action));
	const struct catalog_service *own = catalog_service(q->catalog, prefix);
	if (own != NULL)
		return (found = action_of(q, hit, own)) != NULL ? found : action;
	for (size_t i = 0; i < sizeof common / sizeof common[0] && found == NULL; i++)
		found = action_of(q, hit, catalog_service(q->catalog, common[i]));
	return found != NULL ? found : action;
}

/* --- telling it --- */

static const char *kind_of(const struct question *q, const struct witness *w)
{
	const char *colon = strchr(w->action, ':');
	if (colon == NULL || catalog_action(q->catalog, w->action) == NULL)
		return "future-action";
	if (strcmp(w->resource, "*") == 0)
		return "feasible";
	const char *prefix = arena_copy(q->arena, w->action, (size_t)(colon - w->action));
	const struct catalog_service *s = catalog_service(q->catalog, prefix);
	for (size_t i = 0; s != NULL && i < s->arn_format_count; i++)
		if (glob_text(s->arn_formats[i], w->resource, false))
			return "feasible";
	return "infeasible-resource";
}

static struct context_value *copy_context(struct arena *a, const struct witness *w)
{
	struct context_value *out = arena_array(a, w->context_count, sizeof *out);
	for (size_t i = 0; i < w->context_count; i++) {
		const struct context_value *from = &w->context[i];
		out[i] = (struct context_value){.key = arena_strdup(a, from->key), .absent = from->absent,
						.multi = from->multi};
		for (size_t k = 0; k < from->values.count; k++)
			str_list_add(a, &out[i].values, arena_strdup(a, from->values.item[k]));
	}
	return out;
}

/* The statements that match the request, in the role's order of interest. */
static void list_statements(struct arena *a, struct question *q, const struct witness *w,
			    struct proof *proof)
{
	static const enum role order[] = {LEFT_ALLOW, RIGHT_DENY};
	struct evaluation v = {q->arena, w, ARN_FLAT, false};
	proof->statements = arena_array(a, q->member_count, sizeof(const struct statement *));
	for (size_t r = 0; r < sizeof order / sizeof order[0]; r++)
		for (size_t i = 0; i < q->member_count; i++)
			if (q->member[i].role == order[r] &&
			    evaluate_statement(&v, q->member[i].s) == ANSWER_YES)
				proof->statements[proof->statement_count++] = q->member[i].s;
}

void witness_publish(struct arena *a, struct question *q, const struct witness *w,
		     struct proof *proof)
{
	struct witness *out = arena_alloc(a, sizeof *out);
	out->action = arena_strdup(a, w->action);
	out->resource = arena_strdup(a, w->resource);
	out->context = copy_context(a, w);
	out->context_count = w->context_count;
	out->kind = kind_of(q, w);
	proof->witness = out;
	list_statements(a, q, w, proof);
}
