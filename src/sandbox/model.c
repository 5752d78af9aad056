#include "model.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pare/quota.h"

bool problem_set(struct problem *p, int status, const char *code, const char *format, ...)
{
	va_list args;
	p->status = status;
	snprintf(p->code, sizeof p->code, "%s", code);
	va_start(args, format);
	vsnprintf(p->message, sizeof p->message, format, args);
	va_end(args);
	return false;
}

/* --- tables --- */

size_t table_after(const struct table *t, const char *after)
{
	size_t low = 0, high = after != NULL ? t->count : 0;
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (strcmp(t->slot[mid]->key, after) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct slot *table_find(const struct table *t, const char *key)
{
	size_t at = table_after(t, key);
	return at > 0 && strcmp(t->slot[at - 1]->key, key) == 0 ? t->slot[at - 1] : NULL;
}

struct slot *table_add(struct arena *a, struct table *t, const char *key)
{
	size_t at = table_after(t, key);
	if (at > 0 && strcmp(t->slot[at - 1]->key, key) == 0)
		return t->slot[at - 1];
	t->slot = arena_grow(a, t->slot, t->count, &t->cap, sizeof(struct slot *));
	memmove(&t->slot[at + 1], &t->slot[at], (t->count - at) * sizeof(struct slot *));
	t->slot[at] = arena_alloc(a, sizeof *t->slot[at]);
	t->slot[at]->key = arena_strdup(a, key);
	t->count++;
	return t->slot[at];
}

const void *slot_at(const struct slot *s, int64_t as_of_ms)
{
	if (s == NULL)
		return NULL;
	for (const struct state *x = s->head; x != NULL; x = x->before)
		if (x->at_ms <= as_of_ms)
			return x->object;
	return NULL;
}

const void *slot_now(const struct slot *s)
{
	return s != NULL && s->head != NULL ? s->head->object : NULL;
}

/* --- chance: splitmix64 (Sebastiano Vigna, public domain) --- */

uint64_t box_random(struct sandbox *s)
{
	uint64_t z = s->random += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

double box_chance(struct sandbox *s)
{
	return (double)(box_random(s) >> 11) / 9007199254740992.0;
}

const char *box_id(struct sandbox *s, struct arena *a, const char *prefix)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	char id[32];
	size_t n = (size_t)snprintf(id, sizeof id, "%.8s", prefix);
	while (n < 21)
		id[n++] = digits[box_random(s) % 32];
	return arena_copy(a, id, n);
}

const char *box_uuid(struct sandbox *s, struct arena *a)
{
	uint64_t x = box_random(s), y = box_random(s);
	return str_printf(a, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(x >> 32), (unsigned)(x >> 16 & 0xffff),
			  (unsigned)(x & 0xfff), (unsigned)(0x8000 | (y >> 48 & 0x3fff)),
			  (unsigned long long)(y & 0xffffffffffffu));
}

/* --- accounts and analyzers --- */

const char *const account_faults[] = {"", "denied", "throttled", "unreachable", NULL};

int64_t box_now(const struct sandbox *s)
{
	return s->clock->now_ms(s->clock->self);
}

struct account *box_account(struct sandbox *s, const char *id)
{
	for (size_t i = 0; id != NULL && i < s->account_count; i++)
		if (strcmp(s->account[i]->id, id) == 0)
			return s->account[i];
	return NULL;
}

struct account *box_account_add(struct sandbox *s, const char *id)
{
	struct account *x = box_account(s, id);
	if (x != NULL)
		return x;
	struct quota q = quota_default();
	x = arena_alloc(s->arena, sizeof *x);
	x->id = arena_strdup(s->arena, id);
	x->partition = "aws";
	x->attached_quota = q.attached_per_role;
	x->user_attached_quota = q.attached_per_user;
	x->policies_quota = q.policies_per_account;
	x->roles_quota = 1000;
	s->account = arena_grow(s->arena, s->account, s->account_count, &s->account_cap, sizeof(struct account *));
	s->account[s->account_count++] = x;
	return x;
}

enum account_fault box_region_fault(const struct sandbox *s, const char *region)
{
	for (size_t i = 0; region != NULL && i < s->region_count; i++)
		if (strcmp(s->region[i].name, region) == 0)
			return s->region[i].fault;
	return ACCOUNT_WELL;
}

struct box_analyzer *box_analyzer(struct sandbox *s, const char *arn)
{
	for (size_t i = 0; arn != NULL && i < s->analyzer_count; i++)
		if (strcmp(s->analyzer[i]->arn, arn) == 0)
			return s->analyzer[i];
	return NULL;
}

struct view view_now(struct sandbox *s, struct account *account)
{
	return (struct view){s, account, INT64_MAX};
}

struct view view_read(struct sandbox *s, struct account *account)
{
	int64_t lag = s->setting.lag_ms;
	return (struct view){s, account, lag > 0 ? box_now(s) - lag : INT64_MAX};
}

void box_changed(struct sandbox *s)
{
	if (!s->quiet)
		state_save(s);
}

/* What is seeded has always been there. */
void box_put(struct sandbox *s, struct slot *slot, const void *object)
{
	struct state *x = arena_alloc(s->arena, sizeof *x);
	*x = (struct state){s->quiet ? INT64_MIN : box_now(s), object, slot->head};
	slot->head = x;
	box_changed(s);
}

struct document *document_new(struct arena *a, const char *text)
{
	struct err e;
	struct document *d = arena_alloc(a, sizeof *d);
	d->text = arena_strdup(a, text);
	d->size = policy_size(text);
	d->policy = policy_parse(a, d->text, strlen(d->text), "document", &e);
	return d;
}
