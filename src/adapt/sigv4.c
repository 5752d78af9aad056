#include "pare/sigv4.h"

#include <stdlib.h>
#include <string.h>

#include "pare/digest.h"
#include "pare/str.h"
#include "pare/when.h"

/* RFC 3986 dot segments and empty segments go; a trailing slash stays. */
static char *normalise(struct arena *a, const char *path)
{
	struct str_list parts = {0};
	size_t len = strlen(path);
	bool slash = len > 0 && path[len - 1] == '/';
	for (const char *at = path; *at != '\0';) {
		size_t n = strcspn(at, "/");
		const char *part = arena_copy(a, at, n);
		if (strcmp(part, "..") == 0)
			parts.count -= parts.count > 0;
		else if (n > 0 && strcmp(part, ".") != 0)
			str_list_add(a, &parts, part);
		if (at[n] == '\0' && (strcmp(part, ".") == 0 || strcmp(part, "..") == 0))
			slash = true;
		at += n + (at[n] == '/');
	}
	struct buf *b = buf_new(a, len + 2);
	for (size_t i = 0; i < parts.count; i++)
		buf_printf(b, "/%s", parts.item[i]);
	if (parts.count == 0 || slash)
		buf_putc(b, '/');
	return b->data;
}

static const char *canonical_path(struct arena *a, const struct sigv4_request *r)
{
	const char *path = str_empty(r->path) ? "/" : r->path;
	return r->keep_path ? path : str_percent_encode(a, normalise(a, path), "/");
}

/* One encoding of what may be encoded already. */
static const char *encode_once(struct arena *a, const char *text)
{
	const char *decoded = str_percent_decode(a, text);
	return str_percent_encode(a, decoded != NULL ? decoded : text, NULL);
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

static const char *canonical_query(struct arena *a, const char *query)
{
	size_t count = 0, cap = 1;
	if (str_empty(query))
		return "";
	for (const char *c = query; *c != '\0'; c++)
		cap += *c == '&';
	struct pair *pair = arena_array(a, cap, sizeof *pair);
	for (const char *at = query; *at != '\0';) {
		size_t len = strcspn(at, "&");
		char *item = arena_copy(a, at, len);
		char *equals = strchr(item, '=');
		if (equals != NULL)
			*equals = '\0';
		if (len > 0)
			pair[count++] = (struct pair){encode_once(a, item),
						      equals != NULL ? encode_once(a, equals + 1)
								     : ""};
		at += len + (at[len] == '&');
	}
	if (count > 1)
		qsort(pair, count, sizeof *pair, compare_pairs);
	struct buf *b = buf_new(a, 4 * strlen(query) + 64);
	for (size_t i = 0; i < count; i++)
		buf_printf(b, "%s%s=%s", i > 0 ? "&" : "", pair[i].name, pair[i].value);
	return b->data;
}

/* Trimmed, inner runs of white space as one space. */
static char *canonical_value(struct arena *a, const char *value)
{
	char *out = arena_alloc(a, strlen(value) + 1), *at = out;
	for (; *value != '\0'; value++) {
		bool space = *value == ' ' || *value == '\t' || *value == '\n' || *value == '\r';
		if (!space)
			*at++ = *value;
		else if (at > out && at[-1] != ' ')
			*at++ = ' ';
	}
	if (at > out && at[-1] == ' ')
		at--;
	*at = '\0';
	return out;
}

struct canonical_header {
	const char *name, *value;
	size_t order;
};

static int compare_headers(const void *x, const void *y)
{
	const struct canonical_header *p = x, *q = y;
	int order = strcmp(p->name, q->name);
	return order != 0 ? order : (p->order > q->order) - (p->order < q->order);
}

/* Copies that hold a header's value may hold the session token: overwritten with their arena. */
static void wipe_text(void *handle)
{
	wipe(handle, strlen(handle));
}

/* The caller has made room for it and for the NUL that the memory ends with. */
static char *append(char *at, const char *text)
{
	size_t len = strlen(text);
	memcpy(at, text, len);
	return at + len;
}

struct header_block {
	char *lines; /* "name:value\n" each */
	char *names; /* joined with ';' */
};

static struct header_block canonical_headers(struct arena *a, const struct sigv4_request *r)
{
	struct canonical_header *h = arena_array(a, r->header_count, sizeof *h);
	size_t lines_len = 1, names_len = 1;
	for (size_t i = 0; i < r->header_count; i++) {
		char *value = canonical_value(a, r->header[i].value);
		arena_defer(a, wipe_text, value);
		h[i] = (struct canonical_header){str_lower(a, r->header[i].name), value, i};
		lines_len += strlen(h[i].name) + strlen(value) + 2;
		names_len += strlen(h[i].name) + 1;
	}
	if (r->header_count > 1)
		qsort(h, r->header_count, sizeof *h, compare_headers);
	struct header_block b = {arena_alloc(a, lines_len), arena_alloc(a, names_len)};
	char *line = b.lines, *name = b.names;
	arena_defer(a, wipe_text, b.lines);
	for (size_t i = 0; i < r->header_count; i++) {
		bool again = i > 0 && strcmp(h[i].name, h[i - 1].name) == 0;
		if (again) {
			line[-1] = ',';
			line = append(line, h[i].value);
		} else {
			line = append(append(append(line, h[i].name), ":"), h[i].value);
			name = append(append(name, i > 0 ? ";" : ""), h[i].name);
		}
		*line++ = '\n';
	}
	return b;
}

static const char *sign(const char *secret, const char *date, const struct sigv4_request *r,
			const char *text, struct arena *a)
{
	size_t key_len = strlen(secret) + 4;
	char *key = arena_alloc(a, key_len + 1), *hex = arena_alloc(a, SHA256_HEX);
	append(append(key, "AWS4"), secret);
	struct sha256 k = hmac_sha256(key, key_len, date, strlen(date));
	wipe(key, key_len);
	k = hmac_sha256(k.byte, SHA256_BYTES, r->region, strlen(r->region));
	k = hmac_sha256(k.byte, SHA256_BYTES, r->service, strlen(r->service));
	k = hmac_sha256(k.byte, SHA256_BYTES, "aws4_request", 12);
	struct sha256 signature = hmac_sha256(k.byte, SHA256_BYTES, text, strlen(text));
	wipe(&k, sizeof k);
	sha256_print(&signature, hex);
	return hex;
}

struct sigv4 sigv4_sign(struct arena *a, const struct sigv4_request *r, const char *access_key_id,
			const char *secret_access_key)
{
	char time[WHEN_TEXT], date[WHEN_TEXT];
	struct sigv4 s;
	when_compact(r->now_ms, time);
	when_date(r->now_ms, date);
	struct header_block headers = canonical_headers(a, r);
	s.amz_date = arena_strdup(a, time);
	s.signed_headers = headers.names;
	char *canonical = str_printf(a, "%s\n%s\n%s\n%s\n%s\n%s", r->method, canonical_path(a, r),
				     canonical_query(a, r->query), headers.lines, headers.names,
				     sha256_hex(a, r->body != NULL ? r->body : "", r->body_len));
	arena_defer(a, wipe_text, canonical);
	s.canonical_request = canonical;
	const char *scope = str_printf(a, "%s/%s/%s/aws4_request", date, r->region, r->service);
	s.string_to_sign = str_printf(
		a, "AWS4-HMAC-SHA256\n%s\n%s\n%s", time, scope,
		sha256_hex(a, s.canonical_request, strlen(s.canonical_request)));
	s.signature = sign(secret_access_key, date, r, s.string_to_sign, a);
	s.authorization = str_printf(
		a, "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s",
		access_key_id, scope, headers.names, s.signature);
	return s;
}
