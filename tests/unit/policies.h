/* Policies out of JSON, and the checks that every verdict of the prover must pass. */
#ifndef PARE_TEST_POLICIES_H
#define PARE_TEST_POLICIES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pare/contain.h"
#include "pare/evaluate.h"
#include "pare/json.h"
#include "shared_data.h"

/* One document from a parsed value; a failing document ends the test program. */
static inline const struct policy *policy_of(struct arena *a, const struct json *v, const char *name)
{
	struct err e;
	struct buf *b = buf_new(a, 1 << 20);
	json_print(v, b, true);
	const struct policy *p = policy_parse(a, b->data, b->len, name, &e);
	if (p == NULL) {
		fprintf(stderr, "%s\n", e.message);
		abort();
	}
	return p;
}

/* A document, or a list of them. */
static inline struct policy_set policies_of(struct arena *a, const struct json *v, const char *name)
{
	size_t count = v->type == JSON_ARRAY ? v->count : 1;
	struct policy_set set = {arena_array(a, count, sizeof(const struct policy *)), count};
	const struct json *item = v->type == JSON_ARRAY ? v->first : v;
	for (size_t i = 0; i < count; i++, item = item->next)
		set.policy[i] = policy_of(a, item, name);
	return set;
}

static inline struct policy_set policies_of_text(struct arena *a, const char *text, const char *name)
{
	struct err e;
	const struct json *v = json_parse(a, text, strlen(text), name, &e);
	if (v == NULL) {
		fprintf(stderr, "%s\n", e.message);
		abort();
	}
	return policies_of(a, v, name);
}

static inline void print_request(const struct witness *w)
{
	printf("  %s on %s (%s)", w->action, w->resource, w->kind != NULL ? w->kind : "-");
	for (size_t i = 0; i < w->context_count; i++) {
		const struct context_value *v = &w->context[i];
		printf(" %s=%s", v->key, v->absent ? "absent" : v->multi ? "[" : "");
		for (size_t k = 0; k < v->values.count; k++)
			printf("%s'%s'", k > 0 ? "," : "", v->values.item[k]);
	}
	printf("\n");
}

/* A refutation must carry a request that the evaluator confirms in every reading. */
static inline bool witness_holds(const struct proof *p, struct policy_set before,
				 struct policy_set after)
{
	bool deny = strcmp(p->question, "no-lost-deny") == 0;
	bool lost = strcmp(p->question, "only-unused-lost") == 0;
	if (p->verdict != PROOF_REFUTED)
		return p->witness == NULL;
	if (p->witness == NULL || p->witness->kind == NULL)
		return false;
	for (int r = 0; r < ARN_READING_COUNT; r++) {
		enum answer was, is;
		if (deny) {
			was = evaluate_denied(before, p->witness, (enum arn_reading)r);
			is = evaluate_denied(after, p->witness, (enum arn_reading)r);
		} else {
			was = evaluate_allowed(before, p->witness, (enum arn_reading)r);
			is = evaluate_allowed(after, p->witness, (enum arn_reading)r);
		}
		if (deny || lost ? was != ANSWER_YES || is != ANSWER_NO
				 : was != ANSWER_NO || is != ANSWER_YES)
			return false;
	}
	return true;
}

/* The next line of a stream without its end, in a buffer that grows; NULL at the end. */
static inline char *next_line(FILE *f, char **buffer, size_t *size)
{
	ssize_t len = getline(buffer, size, f);
	if (len < 0)
		return NULL;
	if (len > 0 && (*buffer)[len - 1] == '\n')
		(*buffer)[len - 1] = '\0';
	return *buffer;
}

/* An .xz file of the shared corpora as a stream (close with pclose), or NULL. */
static inline FILE *shared_xz(const char *name)
{
	char command[4200], path[4096];
	const char *dir = shared_data();
	if (dir == NULL || system("command -v xz >/dev/null 2>&1") != 0)
		return NULL;
	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "rb");
	if (f == NULL)
		return NULL;
	fclose(f);
	snprintf(command, sizeof command, "xz -dc '%s'", path);
	return popen(command, "r");
}

#endif
