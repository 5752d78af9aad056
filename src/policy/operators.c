#include "operators.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pare/when.h"

enum answer answer_not(enum answer x)
{
	return x == ANSWER_UNKNOWN ? x : x == ANSWER_YES ? ANSWER_NO : ANSWER_YES;
}

enum answer answer_and(enum answer x, enum answer y)
{
	if (x == ANSWER_NO || y == ANSWER_NO)
		return ANSWER_NO;
	return x == ANSWER_YES && y == ANSWER_YES ? ANSWER_YES : ANSWER_UNKNOWN;
}

enum answer answer_or(enum answer x, enum answer y)
{
	if (x == ANSWER_YES || y == ANSWER_YES)
		return ANSWER_YES;
	return x == ANSWER_NO && y == ANSWER_NO ? ANSWER_NO : ANSWER_UNKNOWN;
}

/* A point on a line: numbers in units of 10^-12, dates in microseconds. */
typedef __int128 point; /* the one width that holds 18 digits before and 12 behind the dot */

enum { WHOLE_DIGITS = 18, POLICY_DECIMALS = 9, REQUEST_DECIMALS = 12 };

static bool read_digits(const char **c, size_t max, point *value, size_t *count)
{
	for (*count = 0; **c >= '0' && **c <= '9'; ++*c, ++*count) {
		if (*count == max)
			return false;
		*value = *value * 10 + (**c - '0');
	}
	return *count > 0;
}

/* "-12.5". Exponents, signs other than '-' and more digits than fit are not understood. */
static bool read_number(const char *c, size_t decimals, point *out)
{
	bool negative = *c == '-';
	size_t whole, fraction = 0;
	point value = 0;
	c += negative;
	if (!read_digits(&c, WHOLE_DIGITS, &value, &whole))
		return false;
	if (*c == '.') {
		c++;
		if (!read_digits(&c, decimals, &value, &fraction))
			return false;
	}
	for (; fraction < REQUEST_DECIMALS; fraction++)
		value *= 10;
	*out = negative ? -value : value;
	return *c == '\0';
}

static char *print_number(struct arena *a, point value)
{
	point one = 1, magnitude = value < 0 ? -value : value;
	for (size_t i = 0; i < REQUEST_DECIMALS; i++)
		one *= 10;
	char *text = str_printf(a, "%s%lld.%012lld", value < 0 ? "-" : "",
				(long long)(magnitude / one), (long long)(magnitude % one));
	char *end = text + strlen(text);
	while (end[-1] == '0')
		*--end = '\0';
	if (end[-1] == '.')
		end[-1] = '\0';
	return text;
}

/* ISO 8601, or seconds since 1970 when the digits are too many for a year or a compact date. */
static bool read_date(const char *text, size_t decimals, point *out)
{
	char whole[64];
	size_t len = strlen(text), digits = strspn(text, "0123456789");
	int64_t ms;
	point micros = 0;
	if (digits == len) {
		if (len < 9 || len > 11)
			return false;
		for (; *text != '\0'; text++)
			micros = micros * 10 + (*text - '0');
		*out = micros * 1000000;
		return true;
	}
	const char *dot = strchr(text, '.');
	size_t fraction = 0;
	if (len >= sizeof whole)
		return false;
	memcpy(whole, text, len + 1);
	if (dot != NULL) {
		const char *c = dot + 1;
		if (!read_digits(&c, decimals, &micros, &fraction))
			return false;
		memcpy(whole + (dot - text), c, strlen(c) + 1);
	}
	for (; fraction < 6; fraction++)
		micros *= 10;
	if (!when_parse(whole, &ms))
		return false;
	*out = (point)ms * 1000 + micros;
	return true;
}

static char *print_date(struct arena *a, point micros)
{
	char text[WHEN_TEXT];
	int64_t second = (int64_t)(micros / 1000000), rest = (int64_t)(micros % 1000000);
	if (rest < 0) {
		rest += 1000000;
		second--;
	}
	when_iso(second * 1000, text);
	if (rest == 0)
		return arena_strdup(a, text);
	return str_printf(a, "%.*s.%06dZ", (int)strcspn(text, "Z"), text, (int)rest);
}

static enum answer compare(enum relation relation, point request, point policy)
{
	bool holds = false;
	switch (relation) {
	case EQUALS:
		holds = request == policy;
		break;
	case LESS:
		holds = request < policy;
		break;
	case LESS_EQUALS:
		holds = request <= policy;
		break;
	case GREATER:
		holds = request > policy;
		break;
	case GREATER_EQUALS:
		holds = request >= policy;
		break;
	}
	return holds ? ANSWER_YES : ANSWER_NO;
}

static bool read_point(enum operator_family family, const char *text, bool policy, point *out)
{
	if (family == FAMILY_DATE)
		return read_date(text, policy ? 3 : 6, out);
	return read_number(text, policy ? POLICY_DECIMALS : REQUEST_DECIMALS, out);
}

/* --- addresses --- */

typedef unsigned __int128 bits;

struct range {
	bool v6;
	bits low, high;
};

static bool read_address(const char *text, bool *v6, bits *value, unsigned *width)
{
	unsigned char byte[16];
	*v6 = strchr(text, ':') != NULL;
	if (inet_pton(*v6 ? AF_INET6 : AF_INET, text, byte) != 1)
		return false;
	*width = *v6 ? 128 : 32;
	*value = 0;
	for (size_t i = 0; i < *width / 8; i++)
		*value = *value << 8 | byte[i];
	return true;
}

/* "10.0.0.0/8", or one address. Bits set behind the prefix are not understood. */
static bool read_range(const char *text, struct range *out)
{
	char address[64];
	size_t len = strcspn(text, "/");
	unsigned width, prefix = 0;
	if (len >= sizeof address)
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	if (!read_address(address, &out->v6, &out->low, &width))
		return false;
	if (text[len] == '\0') {
		prefix = width;
	} else {
		const char *c = text + len + 1;
		if (*c == '\0' || strlen(c) > 3 || strspn(c, "0123456789") != strlen(c))
			return false;
		prefix = (unsigned)strtoul(c, NULL, 10);
	}
	if (prefix > width)
		return false;
	bits all = width == 128 ? ~(bits)0 : ((bits)1 << 32) - 1;
	bits host = prefix == 0 ? all : prefix == width ? 0 : ((bits)1 << (width - prefix)) - 1;
	if ((out->low & host) != 0)
		return false;
	out->high = out->low | host;
	return true;
}

static char *print_address(struct arena *a, bool v6, bits value)
{
	unsigned char byte[16];
	char text[INET6_ADDRSTRLEN];
	size_t size = v6 ? 16 : 4;
	for (size_t i = size; i > 0; i--, value >>= 8)
		byte[i - 1] = (unsigned char)value;
	inet_ntop(v6 ? AF_INET6 : AF_INET, byte, text, sizeof text);
	return arena_strdup(a, text);
}

static enum answer test_address(const char *policy_value, const char *request_value)
{
	struct range range;
	bool v6;
	bits value;
	unsigned width;
	if (!read_range(policy_value, &range) || !read_address(request_value, &v6, &value, &width))
		return ANSWER_UNKNOWN;
	return v6 == range.v6 && value >= range.low && value <= range.high ? ANSWER_YES : ANSWER_NO;
}

/* --- truth and bytes --- */

static enum answer read_truth(const char *text)
{
	if (strcasecmp(text, "true") == 0)
		return ANSWER_YES;
	return strcasecmp(text, "false") == 0 ? ANSWER_NO : ANSWER_UNKNOWN;
}

/* Canonical base64 has one spelling for each sequence of bytes, so texts can be compared. */
static bool canonical_base64(const char *text)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t len = strlen(text), used = strspn(text, alphabet), pad = len - used;
	if (len % 4 != 0 || pad > 2 || strspn(text + used, "=") != pad)
		return false;
	if (pad == 0)
		return true;
	size_t spare = (size_t)(strchr(alphabet, text[used - 1]) - alphabet);
	return (spare & (pad == 2 ? 15u : 3u)) == 0;
}

enum answer operator_test(struct operator_parts parts, const char *policy_value,
			  const char *request_value)
{
	point request, policy;
	enum answer x, y;
	switch (parts.family) {
	case FAMILY_NUMERIC:
	case FAMILY_DATE:
		if (!read_point(parts.family, policy_value, true, &policy) ||
		    !read_point(parts.family, request_value, false, &request))
			return ANSWER_UNKNOWN;
		return compare(parts.relation, request, policy);
	case FAMILY_IP:
		return test_address(policy_value, request_value);
	case FAMILY_BOOL:
		x = read_truth(policy_value);
		y = read_truth(request_value);
		if (x == ANSWER_UNKNOWN || y == ANSWER_UNKNOWN)
			return ANSWER_UNKNOWN;
		return x == y ? ANSWER_YES : ANSWER_NO;
	case FAMILY_BINARY:
		if (!canonical_base64(policy_value) || !canonical_base64(request_value))
			return ANSWER_UNKNOWN;
		return strcmp(policy_value, request_value) == 0 ? ANSWER_YES : ANSWER_NO;
	default:
		return ANSWER_UNKNOWN;
	}
}

/* --- representatives --- */

static int compare_points(const void *x, const void *y)
{
	const point *p = x, *q = y;
	return (*p > *q) - (*p < *q);
}

static void line_representatives(struct arena *a, enum operator_family family,
				 const struct str_list *values, struct str_list *out)
{
	point *at = arena_array(a, values->count + 1, sizeof *at);
	size_t n = 0;
	point one = family == FAMILY_DATE ? 1000000 : 1000000000000;
	char *(*print)(struct arena *, point) = family == FAMILY_DATE ? print_date : print_number;
	for (size_t i = 0; i < values->count; i++)
		n += read_point(family, values->item[i], true, &at[n]);
	if (n == 0)
		at[n++] = one;
	qsort(at, n, sizeof *at, compare_points);
	str_list_add(a, out, print(a, at[0] - one));
	for (size_t i = 0; i < n; i++) {
		str_list_add(a, out, print(a, at[i]));
		if (i + 1 < n && at[i + 1] > at[i])
			str_list_add(a, out, print(a, at[i] + (at[i + 1] - at[i]) / 2));
	}
	str_list_add(a, out, print(a, at[n - 1] + one));
}

static void address_representatives(struct arena *a, const struct str_list *values,
				    struct str_list *out)
{
	str_list_add(a, out, "192.0.2.1");
	str_list_add(a, out, "2001:db8::1");
	for (size_t i = 0; i < values->count; i++) {
		struct range r;
		if (!read_range(values->item[i], &r))
			continue;
		bits top = r.v6 ? ~(bits)0 : ((bits)1 << 32) - 1;
		str_list_add(a, out, print_address(a, r.v6, r.low));
		if (r.low > 0)
			str_list_add(a, out, print_address(a, r.v6, r.low - 1));
		if (r.high < top)
			str_list_add(a, out, print_address(a, r.v6, r.high + 1));
	}
}

/* Longer than every value, so none of them. */
static char *other_bytes(struct arena *a, const struct str_list *values)
{
	size_t longest = 0;
	for (size_t i = 0; i < values->count; i++)
		if (strlen(values->item[i]) > longest)
			longest = strlen(values->item[i]);
	size_t len = longest / 4 * 4 + 4;
	char *text = arena_alloc(a, len + 1);
	memset(text, 'A', len);
	return text;
}

void operator_representatives(struct arena *a, enum operator_family family,
			      const struct str_list *values, struct str_list *out)
{
	switch (family) {
	case FAMILY_NUMERIC:
	case FAMILY_DATE:
		line_representatives(a, family, values, out);
		break;
	case FAMILY_IP:
		address_representatives(a, values, out);
		break;
	case FAMILY_BOOL:
		str_list_add(a, out, "true");
		str_list_add(a, out, "false");
		break;
	case FAMILY_BINARY:
		for (size_t i = 0; i < values->count; i++)
			str_list_add(a, out, values->item[i]);
		str_list_add(a, out, other_bytes(a, values));
		break;
	default:
		break;
	}
}
