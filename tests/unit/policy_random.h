/* Random small policies over few letters, so that their patterns meet. The same seed gives the same
 * policies. */
#ifndef PARE_TEST_POLICY_RANDOM_H
#define PARE_TEST_POLICY_RANDOM_H

#include "policies.h"

static uint64_t random_seed;

static inline unsigned random_below(unsigned n)
{
	random_seed ^= random_seed << 13;
	random_seed ^= random_seed >> 7;
	random_seed ^= random_seed << 17;
	return (unsigned)(random_seed >> 33) % n;
}

static inline bool random_chance(unsigned percent)
{
	return random_below(100) < percent;
}

/* --- policies --- */

static inline void put_text(struct buf *b, const char *letters, unsigned max)
{
	for (unsigned n = random_below(max) + 1; n > 0; n--)
		buf_putc(b, letters[random_below((unsigned)strlen(letters))]);
}

static inline void put_list(struct buf *b, void (*one)(struct buf *), unsigned max)
{
	unsigned n = random_below(max) + 1;
	buf_putc(b, '[');
	for (unsigned i = 0; i < n; i++) {
		buf_puts(b, i > 0 ? ",\"" : "\"");
		one(b);
		buf_putc(b, '"');
	}
	buf_putc(b, ']');
}

static inline void action(struct buf *b)
{
	if (random_chance(5)) {
		buf_putc(b, '*');
		return;
	}
	buf_puts(b, random_chance(80) ? "a:" : "b:");
	put_text(b, "xxyy*?", 3);
}

static bool with_variables, with_short_arns;

static inline void resource(struct buf *b)
{
	static const char *const regions[] = {"r", "q", "*", "", "?"};
	static const char *const accounts[] = {"1", "*", "1", "?2", "*2"};
	if (random_chance(15)) {
		buf_putc(b, '*');
		return;
	}
	if (with_short_arns && random_chance(15)) {
		buf_puts(b, random_chance(50) ? "arn:p:s:*:" : "arn:p:s");
		put_text(b, "uv*", 2);
		return;
	}
	bool plain = random_chance(60);
	buf_printf(b, "arn:p:s:%s:%s:", regions[plain ? 0 : random_below(5)], accounts[plain ? 0 : random_below(5)]);
	if (with_variables && random_chance(40))
		buf_puts(b, random_chance(20) ? "${aws:username, 'u'}" : "${aws:username}");
	if (with_variables && random_chance(10))
		buf_puts(b, "${*}");
	put_text(b, "uuvv:*?", 3);
}

static inline void text_value(struct buf *b)
{
	if (with_variables && random_chance(25))
		buf_puts(b, random_chance(80) ? "${aws:username}" : "${*}");
	else
		put_text(b, "uvU*?", 2);
}

static inline void number_value(struct buf *b)
{
	buf_printf(b, "%u%s", random_below(3), random_chance(30) ? ".5" : "");
}

static inline void date_value(struct buf *b)
{
	buf_printf(b, "2026-01-0%uT00:00:00Z", random_below(3) + 2);
}

static inline void address_value(struct buf *b)
{
	static const char *const ranges[] = {"10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "10.1.2.3",
					     "0.0.0.0/0", "192.168.0.0/16"};
	buf_puts(b, ranges[random_below(6)]);
}

static inline void truth_value(struct buf *b)
{
	buf_puts(b, random_chance(50) ? "true" : "false");
}

static inline void arn_value(struct buf *b)
{
	buf_printf(b, "arn:p:s:%s:1:", random_chance(50) ? "*" : "r");
	put_text(b, "uv*", 2);
}

/* One key for each family, so that every value of the universe is of its key's type. */
static inline void put_condition(struct buf *b, unsigned family)
{
	static const char *const texts[] = {"StringEquals", "StringNotEquals", "StringLike",
					    "StringNotLike", "StringEqualsIgnoreCase",
					    "StringEqualsIfExists", "StringNotLikeIfExists",
					    "StringLikeIfExists"};
	static const char *const sets[] = {"ForAllValues:StringEquals", "ForAnyValue:StringEquals",
					   "ForAllValues:StringLike", "ForAnyValue:StringNotEquals",
					   "ForAllValues:StringNotLike", "ForAnyValue:StringLike"};
	static const char *const numbers[] = {"NumericEquals", "NumericNotEquals", "NumericLessThan",
					      "NumericLessThanEquals", "NumericGreaterThan",
					      "NumericGreaterThanEqualsIfExists"};
	static const char *const dates[] = {"DateEquals", "DateLessThan", "DateGreaterThanEquals",
					    "DateNotEquals"};
	static const char *const addresses[] = {"IpAddress", "NotIpAddress", "IpAddressIfExists"};
	static const char *const truths[] = {"Bool", "BoolIfExists"};
	static const char *const arns[] = {"ArnLike", "ArnNotLike", "ArnEquals", "ArnLikeIfExists"};
	static const char *const nulls[] = {"aws:PrincipalTag/t", "aws:TagKeys", "aws:SourceIp"};
	const char *operator = NULL, *key = NULL;
	void (*value)(struct buf *) = text_value;
	switch (family) {
	case 0:
		operator = texts[random_below(8)];
		key = random_chance(80) ? "aws:PrincipalTag/t" : "aws:principaltag/T";
		break;
	case 1:
		operator = sets[random_below(6)];
		key = "aws:TagKeys";
		break;
	case 2:
		operator = numbers[random_below(6)];
		key = "aws:MultiFactorAuthAge";
		value = number_value;
		break;
	case 3:
		operator = dates[random_below(4)];
		key = "aws:CurrentTime";
		value = date_value;
		break;
	case 4:
		operator = addresses[random_below(3)];
		key = "aws:SourceIp";
		value = address_value;
		break;
	case 5:
		operator = truths[random_below(2)];
		key = "aws:SecureTransport";
		value = truth_value;
		break;
	case 6:
		operator = arns[random_below(4)];
		key = "aws:SourceArn";
		value = arn_value;
		break;
	default:
		operator = "Null";
		key = nulls[random_below(3)];
		value = truth_value;
		break;
	}
	buf_printf(b, "\"%s\":{\"%s\":", operator, key);
	put_list(b, value, family == 7 ? 1 : 2);
	buf_putc(b, '}');
}

/* A few families for a pair of policies, so that they meet. */
static unsigned families[2];

static inline void put_statement(struct buf *b)
{
	buf_printf(b, "{\"Effect\":\"%s\",\"%s\":", random_chance(75) ? "Allow" : "Deny",
		   random_chance(85) ? "Action" : "NotAction");
	put_list(b, action, 3);
	buf_printf(b, ",\"%s\":", random_chance(85) ? "Resource" : "NotResource");
	put_list(b, resource, 2);
	if (random_chance(60)) {
		buf_puts(b, ",\"Condition\":{");
		unsigned first = families[random_below(2)], second = families[random_below(2)];
		put_condition(b, first);
		if (first != second && random_chance(50)) {
			buf_putc(b, ',');
			put_condition(b, second);
		}
		buf_putc(b, '}');
	}
	buf_putc(b, '}');
}

static inline const struct policy *random_policy(struct arena *a)
{
	struct err e;
	struct buf *b = buf_new(a, 1 << 16);
	unsigned n = random_below(3) + 1;
	buf_printf(b, "{%s\"Statement\":[", random_chance(90) ? "\"Version\":\"2012-10-17\"," : "");
	for (unsigned i = 0; i < n; i++) {
		if (i > 0)
			buf_putc(b, ',');
		put_statement(b);
	}
	buf_puts(b, "]}");
	const struct policy *p = policy_parse(a, b->data, b->len, "random", &e);
	if (p == NULL)
		printf("%s\n%s\n", b->data, e.message);
	assert_non_null(p);
	return p;
}

/* Another policy near p: one statement changed, so that containment is not always far off. */
static inline const struct policy *near(struct arena *a, const struct policy *p)
{
	struct policy *q = arena_alloc(a, sizeof *q);
	const struct policy *other = random_policy(a);
	*q = *p;
	q->statements = arena_array(a, p->count, sizeof *q->statements);
	memcpy(q->statements, p->statements, p->count * sizeof *q->statements);
	for (size_t i = 0; i < q->count; i++)
		q->statements[i].policy = q;
	struct statement *s = &q->statements[random_below((unsigned)q->count)];
	const struct statement *from = &other->statements[0];
	switch (random_below(5)) {
	case 0:
		s->actions = from->actions;
		break;
	case 1:
		s->resources = from->resources;
		break;
	case 2:
		s->conditions = from->conditions;
		s->condition_count = from->condition_count;
		break;
	case 3:
		q->count = q->count > 1 ? q->count - 1 : 1;
		break;
	default:
		s->not_resource = !s->not_resource;
		break;
	}
	return q;
}

static inline void random_start(uint64_t from)
{
	random_seed = from * 0x9e3779b97f4a7c15u + 1;
}

static inline void random_pair(struct arena *a, const struct policy **before,
			       const struct policy **after)
{
	families[0] = random_below(8);
	families[1] = random_below(8);
	if (families[0] == 7 || families[1] == 7) /* Null beside the others on the same keys */
		families[1] = families[0] == 7 ? random_below(2) : families[1];
	*before = random_policy(a);
	*after = random_chance(50) ? near(a, *before) : random_policy(a);
}

#endif
