#include "pare/sums.h"

#include <stdlib.h>
#include <string.h>

#include "pare/arn.h"
#include "pare/digest.h"
#include "pare/str.h"

enum { DIGEST_LEN = SHA256_HEX - 1, MARK_LEN = 2 };

static bool plan_path(struct arena *a, const char *path)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-";
	const char *account = str_part(a, path, '/', 1, false), *id = str_part(a, path, '/', 3, false);
	return str_equal(str_part(a, path, '/', 0, false), "accounts") && account != NULL &&
	       account_id_valid(account) && str_equal(str_part(a, path, '/', 2, false), "plans") &&
	       !str_empty(id) && id[0] != '.' && strspn(id, safe) == strlen(id) &&
	       str_equal(str_part(a, path, '/', 4, true), "plan.json");
}

static bool read_line(struct arena *a, const char *line, size_t number, struct sum *out, struct err *e)
{
	if (strlen(line) <= DIGEST_LEN + MARK_LEN || line[DIGEST_LEN] != ' ' ||
	    (line[DIGEST_LEN + 1] != ' ' && line[DIGEST_LEN + 1] != '*'))
		return err_set(e, ERR_INPUT, "line %zu: expected a line of sha256sum: digest, two spaces, path",
			       number);
	out->digest = arena_copy(a, line, DIGEST_LEN);
	out->path = arena_strdup(a, line + DIGEST_LEN + MARK_LEN);
	if (!sha256_hex_valid(out->digest))
		return err_set(e, ERR_INPUT, "line %zu: expected 64 small hex digits", number);
	return plan_path(a, out->path) ||
	       err_set(e, ERR_INPUT,
		       "line %zu: expected a path such as accounts/111122223333/plans/ID/plan.json, got '%.200s'",
		       number, out->path);
}

static int by_path(const void *x, const void *y)
{
	return strcmp(((const struct sum *)x)->path, ((const struct sum *)y)->path);
}

static bool paths_once(struct arena *a, const struct sums *s, struct err *e)
{
	struct sum *sorted = arena_array(a, s->count, sizeof *sorted);
	memcpy(sorted, s->line, s->count * sizeof *sorted);
	qsort(sorted, s->count, sizeof *sorted, by_path);
	for (size_t i = 1; i < s->count; i++)
		if (strcmp(sorted[i - 1].path, sorted[i].path) == 0)
			return err_set(e, ERR_INPUT, "'%.200s' stands twice", sorted[i].path);
	return true;
}

bool sums_parse(struct arena *a, const char *text, size_t len, struct sums *out, struct err *e)
{
	*out = (struct sums){0};
	if (len == 0 || len > SUMS_MAX_BYTES || text[len - 1] != '\n')
		return err_set(e, ERR_INPUT, "expected 1 to %d bytes of whole lines", SUMS_MAX_BYTES);
	out->line = arena_array(a, SUMS_MAX_LINES, sizeof *out->line);
	for (const char *at = text, *end = text + len; at < end;) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		char *line = arena_copy(a, at, (size_t)(stop - at));
		if (out->count == SUMS_MAX_LINES)
			return err_set(e, ERR_LIMIT, "more than %d lines", SUMS_MAX_LINES);
		if (strlen(line) != (size_t)(stop - at))
			return err_set(e, ERR_INPUT, "line %zu: it holds a zero byte", out->count + 1);
		if (!read_line(a, line, out->count + 1, &out->line[out->count], e))
			return false;
		out->count++;
		at = stop + 1;
	}
	return paths_once(a, out, e);
}

void sums_print(const struct sums *s, struct buf *out)
{
	for (size_t i = 0; i < s->count; i++)
		buf_printf(out, "%s  %s\n", s->line[i].digest, s->line[i].path);
}

const char *sums_find(const struct sums *s, const char *path)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->line[i].path, path) == 0)
			return s->line[i].digest;
	return NULL;
}
