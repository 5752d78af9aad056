#include "pare/stop.h"

#include <string.h>

#include "guard.h"
#include "pare/str.h"

/* A look costs an exchange with the remote; what nobody could look at for BLIND_MS is not known. */
enum { LOOK_EVERY_MS = 5000, BLIND_MS = 30000, FILE_MAX = 64 * 1024, REASON_MAX = 200 };

static const char REF[] = "refs/pare/stop", FILE_NAME[] = "STOP";

static const char *first_line(struct arena *a, const char *bytes, size_t len)
{
	size_t n = 0;
	while (n < len && n < REASON_MAX && bytes[n] != '\n' && bytes[n] != '\r' && bytes[n] != '\0')
		n++;
	return n == 0 ? NULL : str_printable(a, arena_copy(a, bytes, n), false);
}

static bool read_file(struct arena *a, const struct review_port *r, const struct config *config,
		      const char *tip, struct stop *out, struct err *e)
{
	const char *bytes;
	size_t len;
	if (r->read(r->self, a, tip, FILE_NAME, FILE_MAX, &bytes, &len, e))
		out->reason = first_line(a, bytes, len);
	else if (e->kind == ERR_NOT_FOUND)
		return true;
	else if (e->kind != ERR_REFUSED) /* a link, a folder, too large: somebody put it there */
		return false;
	out->ordered = true;
	out->by = str_printf(a, "file '%s' on branch '%s' (remove it to go on)", FILE_NAME,
			     config->repository.branch);
	return true;
}

bool stop_read(struct arena *a, const struct review_port *review, const struct config *config,
	       struct stop *out, struct err *e)
{
	char oid[OID_HEX];
	*out = (struct stop){.ordered = false};
	if (!review->resolve(review->self, REF, oid, e))
		return err_wrap(e, "looking for a stop");
	if (oid[0] != '\0') {
		out->ordered = true;
		out->by = str_printf(a, "ref '%s' (to go on: git push %s :%s)", REF, review->url, REF);
		return true;
	}
	const char *branch = str_printf(a, "refs/heads/%s", config->repository.branch);
	if (!review->resolve(review->self, branch, oid, e))
		return err_wrap(e, "looking for a stop");
	if (oid[0] == '\0')
		return err_set(e, ERR_REFUSED, "looking for a stop: the review repository has no branch '%s'",
			       config->repository.branch);
	return read_file(a, review, config, oid, out, e) || err_wrap(e, "looking for a stop");
}

static bool say_ordered(const struct stop *s, struct err *e)
{
	return err_set(e, ERR_REFUSED, "a stop is ordered by %s%s%s", s->by, s->reason != NULL ? ": " : "",
		       s->reason != NULL ? s->reason : "");
}

static bool look(struct guard *g, int64_t now_ms, struct err *e)
{
	if (!stop_read(g->arena, g->review, g->config, &g->stop, e))
		return false;
	g->stop_seen_ms = now_ms;
	return true;
}

bool guard_start(struct guard *g, int64_t now_ms, struct err *e)
{
	g->stop_tried_ms = now_ms;
	if (!look(g, now_ms, e))
		return false;
	return !g->stop.ordered || say_ordered(&g->stop, e);
}

bool guard_stop(struct guard *g, bool undoing, int64_t now_ms, struct err *e)
{
	struct err why = {.kind = ERR_NONE};
	/* The clock may have been set back, too. */
	bool due = now_ms - g->stop_tried_ms >= LOOK_EVERY_MS || now_ms < g->stop_tried_ms;
	if (due && !g->stop.ordered) {
		g->stop_tried_ms = now_ms;
		if (g->review->fetch(g->review->self, &why))
			look(g, now_ms, &why);
	}
	if (g->stop.ordered)
		return say_ordered(&g->stop, e);
	bool known = now_ms - g->stop_seen_ms < BLIND_MS && now_ms >= g->stop_seen_ms;
	if (known || undoing)
		return true;
	return err_set(e, ERR_UNAVAILABLE, "whether a stop is ordered is not known since %lld s: %s",
		       (long long)((now_ms - g->stop_seen_ms) / 1000),
		       why.kind != ERR_NONE ? why.message : "the review repository did not answer");
}
