#include "signature.h"

#include <stdlib.h>
#include <string.h>

#include "pare/digest.h"
#include "pare/str.h"
#include "pare/when.h"

static const char algorithm[] = "AWS4-HMAC-SHA256";

enum { CANONICAL_MAX = 8 << 20 };

/* The Authorization header, taken apart. */
struct claim {
	const char *access_key_id, *date, *region, *service, *terminator;
	const char *signed_headers, *signature;
};

/* --- canonical forms --- */

static void put_encoded(struct buf *out, unsigned char c)
{
	bool bare = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    c == '-' || c == '_' || c == '.' || c == '~';
	if (bare)
		buf_putc(out, (char)c);
	else
		buf_printf(out, "%%%02X", c);
}

struct segment {
	const char *at;
	size_t len;
};

static bool segment_is(const struct segment *s, const char *text)
{
	return s->len == strlen(text) && memcmp(s->at, text, s->len) == 0;
}

/* Dot segments and empty ones go; what stays is encoded once more, though the wire has encoded it
 * already: that is how every service but S3 signs. */
char *signature_canonical_path(struct arena *a, const char *path)
{
	struct segment *kept = arena_array(a, strlen(path) + 1, sizeof *kept);
	size_t count = 0;
	bool folder = true;
	for (const char *at = path; *at != '\0';) {
		at += *at == '/';
		struct segment s = {at, strcspn(at, "/")};
		at += s.len;
		folder = s.len == 0 || segment_is(&s, ".") || segment_is(&s, "..");
		if (!folder)
			kept[count++] = s;
		else if (segment_is(&s, "..") && count > 0)
			count--;
	}
	struct buf *out = buf_new(a, CANONICAL_MAX);
	for (size_t i = 0; i < count; i++) {
		buf_putc(out, '/');
		for (size_t k = 0; k < kept[i].len; k++)
			put_encoded(out, (unsigned char)kept[i].at[k]);
	}
	if (folder || count == 0)
		buf_putc(out, '/');
	return out->data;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes what is encoded and encodes everything by the one alphabet. */
static const char *recode(struct arena *a, const char *text, size_t len)
{
	struct buf *out = buf_new(a, CANONICAL_MAX);
	for (size_t i = 0; i < len; i++) {
		int high = text[i] == '%' && i + 2 < len ? hex_digit(text[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
		if (low < 0) {
			put_encoded(out, (unsigned char)text[i]);
			continue;
		}
		put_encoded(out, (unsigned char)(high << 4 | low));
		i += 2;
	}
	return out->data;
}

struct pair {
	const char *name, *value;
};

static int compare_pairs(const void *x, const void *y)
{
	const struct pair *p = x, *q = y;
	int order = strcmp(p->name, q->name);
	return order != 0 ? order : strcmp(p->value, q->value);
}

char *signature_canonical_query(struct arena *a, const char *query)
{
	if (str_empty(query))
		return arena_strdup(a, "");
	size_t count = 0;
	struct pair *pair = arena_array(a, strlen(query) + 1, sizeof *pair);
	for (const char *at = query; *at != '\0';) {
		size_t len = strcspn(at, "&");
		const char *equals = memchr(at, '=', len);
		size_t name = equals != NULL ? (size_t)(equals - at) : len;
		if (len > 0) {
			pair[count].name = recode(a, at, name);
			pair[count].value = equals != NULL ? recode(a, equals + 1, len - name - 1) : "";
			count++;
		}
		at += len + (at[len] == '&');
	}
	qsort(pair, count, sizeof *pair, compare_pairs);
	struct buf *out = buf_new(a, CANONICAL_MAX);
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s%s=%s", i > 0 ? "&" : "", pair[i].name, pair[i].value);
	return out->data;
}

static bool space(char c)
{
	return c == ' ' || c == '\t';
}

static void put_squeezed(struct buf *out, const char *value)
{
	while (space(*value))
		value++;
	for (; *value != '\0'; value++) {
		if (!space(*value)) {
			buf_putc(out, *value);
			continue;
		}
		while (space(value[1]))
			value++;
		if (value[1] != '\0')
			buf_putc(out, ' ');
	}
}

/* false when the request has no such header. */
static bool put_header(struct buf *out, const struct signature_request *r, const char *name)
{
	size_t found = 0;
	for (size_t i = 0; i < r->header_count; i++) {
		if (!str_equal_nocase(r->header[i].name, name))
			continue;
		if (found++ == 0)
			buf_printf(out, "%s:", name);
		else
			buf_putc(out, ',');
		put_squeezed(out, r->header[i].value);
	}
	buf_putc(out, '\n');
	return found > 0;
}

/* NULL when a header that is said to be signed is not there. */
static const char *canonical_request(struct arena *a, const struct signature_request *r,
				     const struct claim *c)
{
	struct buf *out = buf_new(a, CANONICAL_MAX);
	buf_printf(out, "%s\n%s\n%s\n", r->method, signature_canonical_path(a, r->path),
		   signature_canonical_query(a, r->query));
	for (const char *at = c->signed_headers; *at != '\0';) {
		size_t len = strcspn(at, ";");
		if (!put_header(out, r, arena_copy(a, at, len)))
			return NULL;
		at += len + (at[len] == ';');
	}
	buf_printf(out, "\n%s\n%s", c->signed_headers, sha256_hex(a, r->body, r->body_len));
	return buf_ok(out) ? out->data : NULL;
}

static struct sha256 chained(struct sha256 key, const char *text)
{
	return hmac_sha256(key.byte, SHA256_BYTES, text, strlen(text));
}

static const char *expected_signature(struct arena *a, const struct claim *c, const char *secret,
				      const char *to_sign)
{
	char *start = str_printf(a, "AWS4%s", secret);
	struct sha256 key = hmac_sha256(start, strlen(start), c->date, strlen(c->date));
	key = chained(chained(chained(key, c->region), c->service), c->terminator);
	struct sha256 mac = chained(key, to_sign);
	char *hex = arena_alloc(a, SHA256_HEX);
	sha256_print(&mac, hex);
	return hex;
}

/* --- what the request claims --- */

const char *signature_header(const struct signature_request *r, const char *name)
{
	for (size_t i = 0; i < r->header_count; i++)
		if (str_equal_nocase(r->header[i].name, name))
			return r->header[i].value;
	return NULL;
}

static size_t header_times(const struct signature_request *r, const char *name)
{
	size_t times = 0;
	for (size_t i = 0; i < r->header_count; i++)
		times += str_equal_nocase(r->header[i].name, name);
	return times;
}

static bool credential_read(struct arena *a, const char *credential, struct claim *c)
{
	const char **part[] = {&c->access_key_id, &c->date, &c->region, &c->service, &c->terminator};
	for (size_t i = 0; i < 5; i++) {
		*part[i] = str_part(a, credential, '/', i, false);
		if (str_empty(*part[i]))
			return false;
	}
	return str_part(a, credential, '/', 5, false) == NULL;
}

/* Writes AWS's words for each missing parameter to *complaint when something is amiss. */
static bool authorization_read(struct arena *a, const char *value, struct claim *c,
			       const char **complaint)
{
	static const char *const names[] = {"Credential", "SignedHeaders", "Signature"};
	const char *credential = NULL;
	const char **target[] = {&credential, &c->signed_headers, &c->signature};
	size_t word = strcspn(value, " \t");
	if (word != strlen(algorithm) || memcmp(value, algorithm, word) != 0) {
		*complaint = str_printf(a, "Unsupported AWS 'algorithm': '%.*s'.", (int)word, value);
		return false;
	}
	for (const char *at = value + word; *at != '\0';) {
		at += strspn(at, ", \t");
		size_t len = strcspn(at, ", \t");
		for (size_t i = 0; i < 3; i++) {
			size_t name = strlen(names[i]);
			if (len > name + 1 && memcmp(at, names[i], name) == 0 && at[name] == '=')
				*target[i] = arena_copy(a, at + name + 1, len - name - 1);
		}
		at += len;
	}
	struct buf *missing = buf_new(a, 1024);
	for (size_t i = 0; i < 3; i++)
		if (*target[i] == NULL)
			buf_printf(missing, "Authorization header requires '%s' parameter. ", names[i]);
	if (missing->len > 0) {
		*complaint = missing->data;
		return false;
	}
	if (!credential_read(a, credential, c)) {
		*complaint = str_printf(a, "Credential must have exactly 5 slash-delimited elements, "
					"e.g. keyid/date/region/service/term, got '%s'", credential);
		return false;
	}
	return true;
}

const char *signature_service(struct arena *a, const struct signature_request *r)
{
	const char *complaint;
	struct claim c = {0};
	const char *value = signature_header(r, "authorization");
	if (value == NULL || !authorization_read(a, value, &c, &complaint))
		return NULL;
	return c.service;
}

static bool signs(const struct claim *c, const char *name)
{
	size_t len = strlen(name);
	for (const char *at = c->signed_headers; at != NULL; at = strchr(at, ';')) {
		at += *at == ';';
		if (strcspn(at, ";") == len && memcmp(at, name, len) == 0)
			return true;
	}
	return false;
}

/* Whatever could change the request's meaning must be signed. The session token need not: the
 * published vectors add it afterwards, and a false one is refused for itself. */
static const char *unsigned_header(struct arena *a, const struct signature_request *r,
				   const struct claim *c)
{
	if (!signs(c, "host"))
		return "host";
	for (size_t i = 0; i < r->header_count; i++) {
		const char *name = str_lower(a, r->header[i].name);
		if (str_starts(name, "x-amz-") && strcmp(name, "x-amz-security-token") != 0 &&
		    !signs(c, name))
			return name;
	}
	return NULL;
}

/* 20150830T123600Z and nothing else. */
static bool date_read(const char *text, int64_t *ms)
{
	char iso[] = "0000-00-00T00:00:00Z";
	if (strlen(text) != 16 || text[8] != 'T' || text[15] != 'Z')
		return false;
	for (size_t i = 0, at = 0; iso[i] != '\0'; i++) {
		if (iso[i] != '0')
			continue;
		at += text[at] == 'T';
		if (text[at] < '0' || text[at] > '9')
			return false;
		iso[i] = text[at++];
	}
	return when_parse(iso, ms);
}

/* --- the verdict --- */

static void refuse(struct signature_result *out, enum signature_verdict verdict, const char *message)
{
	out->verdict = verdict;
	out->message = message;
}

static const char *outside_window(struct arena *a, const char *date, int64_t sent_ms, int64_t now_ms)
{
	char now[WHEN_TEXT], limit[WHEN_TEXT];
	int minutes = SIGNATURE_WINDOW_MS / 60000;
	when_compact(now_ms, now);
	if (sent_ms < now_ms - SIGNATURE_WINDOW_MS) {
		when_compact(now_ms - SIGNATURE_WINDOW_MS, limit);
		return str_printf(a, "Signature expired: %s is now earlier than %s (%s - %d min.)", date,
				  limit, now, minutes);
	}
	if (sent_ms > now_ms + SIGNATURE_WINDOW_MS) {
		when_compact(now_ms + SIGNATURE_WINDOW_MS, limit);
		return str_printf(a, "Signature not yet current: %s is still later than %s (%s + %d min.)",
				  date, limit, now, minutes);
	}
	return NULL;
}

/* Everything about the scope and the date that can be said without a key. */
static bool scope_fits(struct arena *a, const struct claim *c, const char *date,
		       const struct signature_check *check, struct signature_result *out)
{
	int64_t sent_ms;
	if (!date_read(date, &sent_ms)) {
		refuse(out, SIGNATURE_INCOMPLETE,
		       str_printf(a, "Date must be in ISO-8601 'basic format'. Got '%s'. See "
				  "http://en.wikipedia.org/wiki/ISO_8601", date));
		return false;
	}
	const char *message = NULL;
	if (strcmp(c->terminator, "aws4_request") != 0)
		message = str_printf(a, "Credential should be scoped with a valid terminator: "
				     "'aws4_request', not '%s'.", c->terminator);
	else if (strcmp(c->service, check->service) != 0)
		message = str_printf(a, "Credential should be scoped to correct service: '%s'. ",
				     check->service);
	else if (strlen(c->date) != 8 || memcmp(c->date, date, 8) != 0)
		message = str_printf(a, "Date in Credential scope does not match YYYYMMDD from ISO-8601 "
				     "version of date from HTTP: '%s' != '%.8s', from '%s'.",
				     c->date, date, date);
	else
		message = outside_window(a, date, sent_ms, check->now_ms);
	if (message != NULL)
		refuse(out, SIGNATURE_MISMATCH, message);
	return message == NULL;
}

static bool key_fits(const struct signature_request *r, const struct claim *c,
		     const struct signature_check *check, struct signature_result *out)
{
	static const char message[] = "The security token included in the request is invalid.";
	out->key = check->key(check->self, c->access_key_id);
	if (out->key == NULL) {
		refuse(out, SIGNATURE_KEY_UNKNOWN, message);
		return false;
	}
	const char *token = signature_header(r, "x-amz-security-token");
	if (str_equal(token, out->key->session_token))
		return true;
	refuse(out, SIGNATURE_TOKEN_WRONG, message);
	return false;
}

/* A declared body digest must be the body's, whether or not it is what was signed. */
static bool declared_digest_fits(struct arena *a, const struct signature_request *r)
{
	const char *declared = signature_header(r, "x-amz-content-sha256");
	return declared == NULL || strcmp(declared, sha256_hex(a, r->body, r->body_len)) == 0;
}

static bool signature_fits(struct arena *a, const struct signature_request *r, const struct claim *c,
			   const char *date, struct signature_result *out)
{
	static const char message[] =
		"The request signature we calculated does not match the signature you provided. Check "
		"your AWS Secret Access Key and signing method. Consult the service documentation for "
		"details.";
	out->canonical = canonical_request(a, r, c);
	if (out->canonical != NULL && declared_digest_fits(a, r)) {
		out->to_sign = str_printf(a, "%s\n%s\n%s/%s/%s/%s\n%s", algorithm, date, c->date, c->region,
					  c->service, c->terminator,
					  sha256_hex(a, out->canonical, strlen(out->canonical)));
		const char *expected = expected_signature(a, c, out->key->secret, out->to_sign);
		if (strlen(c->signature) == SHA256_HEX - 1 &&
		    digest_equal(c->signature, expected, SHA256_HEX - 1))
			return true;
	}
	refuse(out, SIGNATURE_MISMATCH, message);
	return false;
}

static bool claim_read(struct arena *a, const struct signature_request *r, struct claim *c,
		       const char **date, struct signature_result *out)
{
	const char *complaint = NULL;
	const char *value = signature_header(r, "authorization");
	if (value == NULL) {
		refuse(out, SIGNATURE_ABSENT, "Request is missing Authentication Token");
		return false;
	}
	*date = signature_header(r, "x-amz-date");
	if (header_times(r, "authorization") > 1 || header_times(r, "x-amz-date") > 1 ||
	    header_times(r, "x-amz-security-token") > 1)
		complaint = "Authorization, X-Amz-Date and X-Amz-Security-Token may each be sent once.";
	else if (authorization_read(a, value, c, &complaint) && *date == NULL)
		complaint = "Authorization header requires existence of either a 'X-Amz-Date' or a "
			    "'Date' header.";
	const char *bare = complaint == NULL ? unsigned_header(a, r, c) : NULL;
	if (bare != NULL)
		complaint = str_printf(a, "'%s' must be a 'SignedHeader' in the AWS Authorization.", bare);
	if (complaint != NULL)
		refuse(out, SIGNATURE_INCOMPLETE, complaint);
	return complaint == NULL;
}

void signature_verify(struct arena *a, const struct signature_request *r,
		      const struct signature_check *check, struct signature_result *out)
{
	struct claim c = {0};
	const char *date = NULL;
	*out = (struct signature_result){0};
	if (!claim_read(a, r, &c, &date, out) || !scope_fits(a, &c, date, check, out) ||
	    !key_fits(r, &c, check, out) || !signature_fits(a, r, &c, date, out))
		return;
	out->region = c.region;
	if (out->key->expires_ms != 0 && out->key->expires_ms <= check->now_ms)
		refuse(out, SIGNATURE_TOKEN_EXPIRED,
		       "The security token included in the request is expired");
}
