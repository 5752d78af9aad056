#include <stdlib.h>
#include <string.h>

#include "pare/digest.h"
#include "pare/document.h"
#include "pare/json.h"
#include "print.h"

/* Without case first, then bytewise: what people look for stands where they look for it. */
static int compare_text(const void *x, const void *y)
{
	const char *p = *(const char *const *)x, *q = *(const char *const *)y;
	int order = str_compare_nocase(p, q);
	return order != 0 ? order : strcmp(p, q);
}

static struct str_list sorted(struct arena *a, const struct str_list *list)
{
	struct str_list copy = {0};
	for (size_t i = 0; i < list->count; i++)
		str_list_add(a, &copy, list->item[i]);
	if (copy.count < 2)
		return copy;
	qsort(copy.item, copy.count, sizeof *copy.item, compare_text);
	size_t kept = 1;
	for (size_t i = 1; i < copy.count; i++)
		if (strcmp(copy.item[i], copy.item[kept - 1]) != 0)
			copy.item[kept++] = copy.item[i];
	copy.count = kept;
	return copy;
}

static void put_values(struct json_writer *w, const char *key, const struct str_list *list,
		       bool canonical)
{
	struct arena *scratch = arena_new(NULL);
	struct str_list order = canonical ? sorted(scratch, list) : *list;
	if (!canonical && order.count == 1)
		json_member_text(w, key, order.item[0]);
	else
		json_member_list(w, key, &order);
	arena_free(scratch);
}

static int compare_condition(const void *x, const void *y)
{
	const struct condition *const *p = x, *const *q = y;
	int order = strcmp((*p)->operator, (*q)->operator);
	if (order == 0)
		order = str_compare_nocase((*p)->key, (*q)->key);
	return order != 0 ? order : strcmp((*p)->key, (*q)->key);
}

static void put_conditions(struct json_writer *w, const struct statement *s, bool canonical)
{
	struct arena *scratch = arena_new(NULL);
	const struct condition **order = arena_array(scratch, s->condition_count, sizeof *order);
	for (size_t i = 0; i < s->condition_count; i++)
		order[i] = &s->conditions[i];
	if (canonical && s->condition_count > 1)
		qsort(order, s->condition_count, sizeof *order, compare_condition);
	json_key(w, "Condition");
	json_open(w, '{');
	for (size_t i = 0; i < s->condition_count; i++) {
		bool first = i == 0 || strcmp(order[i]->operator, order[i - 1]->operator) != 0;
		bool last = i + 1 == s->condition_count ||
			    strcmp(order[i]->operator, order[i + 1]->operator) != 0;
		if (first) {
			json_key(w, order[i]->operator);
			json_open(w, '{');
		}
		put_values(w, order[i]->key, &order[i]->values, canonical);
		if (last)
			json_close(w, '}');
	}
	struct str_list empty = canonical ? sorted(scratch, &s->empty_operators) : s->empty_operators;
	for (size_t i = 0; i < empty.count; i++) {
		json_key(w, empty.item[i]);
		json_open(w, '{');
		json_close(w, '}');
	}
	json_close(w, '}');
	arena_free(scratch);
}

static void put_statement(struct json_writer *w, const struct statement *s, bool canonical)
{
	json_open(w, '{');
	if (s->sid != NULL)
		json_member_text(w, "Sid", s->sid);
	json_member_text(w, "Effect", s->effect == EFFECT_ALLOW ? "Allow" : "Deny");
	put_values(w, s->not_action ? "NotAction" : "Action", &s->actions, canonical);
	put_values(w, s->not_resource ? "NotResource" : "Resource", &s->resources, canonical);
	if (s->condition_count + s->empty_operators.count > 0)
		put_conditions(w, s, canonical);
	json_close(w, '}');
}

static void put_policy(const struct policy *p, struct buf *out, bool canonical)
{
	struct json_writer w;
	json_start(&w, out, !canonical);
	json_open(&w, '{');
	if (p->version_given)
		json_member_text(&w, "Version", p->version_2012 ? "2012-10-17" : "2008-10-17");
	if (p->id != NULL)
		json_member_text(&w, "Id", p->id);
	json_key(&w, "Statement");
	json_open(&w, '[');
	for (size_t i = 0; i < p->count; i++)
		put_statement(&w, &p->statements[i], canonical);
	json_close(&w, ']');
	json_close(&w, '}');
	if (canonical)
		buf_putc(out, '\n');
}

void policy_print_compact(const struct policy *p, struct buf *out)
{
	put_policy(p, out, false);
}

void policy_print_canonical(const struct policy *p, struct buf *out)
{
	put_policy(p, out, true);
}

/* One byte of a document becomes at most six ("\\u007f"), and white space around a value that was
 * one digit and a comma at most sixteen. A digest of a text cut short would lie, so it aborts. */
enum { PRINTED_MAX = 32 * DOCUMENT_READ_MAX_BYTES };

static void insist(const struct buf *b)
{
	if (!buf_ok(b))
		abort();
}

char *policy_statement_text(struct arena *a, const struct statement *s)
{
	struct buf *b = buf_new(a, PRINTED_MAX);
	struct json_writer w;
	json_start(&w, b, true);
	put_statement(&w, s, true);
	insist(b);
	return b->data;
}

/* Id is written as JSON, so that no Id can read like a further statement. */
char *policy_digest(struct arena *a, const struct policy *p)
{
	struct arena *scratch = arena_new(NULL);
	const char **texts = arena_array(scratch, p->count, sizeof *texts);
	for (size_t i = 0; i < p->count; i++)
		texts[i] = policy_statement_text(scratch, &p->statements[i]);
	if (p->count > 1)
		qsort(texts, p->count, sizeof *texts, compare_text);
	struct buf *b = buf_new(scratch, 2 * PRINTED_MAX);
	buf_puts(b, p->version_given ? (p->version_2012 ? "2012-10-17\n" : "2008-10-17\n") : "\n");
	if (p->id != NULL) {
		struct json_writer w;
		json_start(&w, b, true);
		json_put_text(&w, p->id);
	}
	for (size_t i = 0; i < p->count; i++)
		buf_printf(b, "\n%s", texts[i]);
	insist(b);
	char *digest = sha256_hex(a, b->data, b->len);
	arena_free(scratch);
	return digest;
}
