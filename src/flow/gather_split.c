/* gather_split: an organization's findings by the account that owns the principal. */
#include <stdlib.h>
#include <string.h>

#include "pare/arn.h"
#include "pare/gather.h"
#include "pare/str.h"

static const char *owner(struct arena *a, const struct finding *f)
{
	if (!str_empty(f->owner_account))
		return f->owner_account;
	const char *account = f->resource != NULL ? str_part(a, f->resource, ':', 4, false) : NULL;
	return account != NULL ? account : "";
}

static int by_account(const void *x, const void *y)
{
	return strcmp(((const struct gathered *)x)->account, ((const struct gathered *)y)->account);
}

static int by_findings(const void *x, const void *y)
{
	const struct gathered *p = x, *q = y;
	return p->count != q->count ? (p->count < q->count ? 1 : -1) : by_account(x, y);
}

static struct gathered *part_of(struct gathered *parts, size_t count, const char *account)
{
	struct gathered key = {.account = account};
	return bsearch(&key, parts, count, sizeof key, by_account);
}

size_t gather_split(struct arena *a, const struct gathered *all, struct gathered **parts)
{
	struct gathered *out = arena_array(a, all->count + 1, sizeof *out);
	const char **of = arena_array(a, all->count + 1, sizeof *of);
	size_t count = 0, kept = 0;
	for (size_t i = 0; i < all->count; i++) {
		of[i] = owner(a, all->item[i].finding);
		out[count++] = (struct gathered){.analyzer = all->analyzer, .history = all->history,
						 .unused_access_age_days = all->unused_access_age_days,
						 .organization = true, .account = of[i]};
	}
	if (count > 1)
		qsort(out, count, sizeof *out, by_account);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || strcmp(out[i].account, out[i - 1].account) != 0)
			out[kept++] = out[i];
	for (size_t i = 0; i < all->count; i++)
		part_of(out, kept, of[i])->count++;
	for (size_t i = 0; i < kept; i++) {
		out[i].item = arena_array(a, out[i].count, sizeof *out[i].item);
		out[i].count = 0;
	}
	for (size_t i = 0; i < all->count; i++) {
		struct gathered *g = part_of(out, kept, of[i]);
		g->item[g->count++] = all->item[i];
	}
	if (kept > 1)
		qsort(out, kept, sizeof *out, by_findings);
	*parts = out;
	return kept;
}

void gather_unreadable(struct arena *a, struct gathered *part, const struct err *why)
{
	const char *text = str_printf(a, "account %s cannot be read: %s", part->account, why->message);
	for (size_t i = 0; i < part->count; i++) {
		part->item[i].unusable_kind = OUTCOME_FAILED;
		part->item[i].unusable = text;
	}
}
