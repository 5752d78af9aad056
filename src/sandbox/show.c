#include <string.h>

#include "model.h"
#include "pare/json.h"

static void put_document(struct buf *out, const struct document *d)
{
	struct arena *scratch = arena_new(NULL);
	struct buf *b = buf_new(scratch, 8 * DOCUMENT_MAX_BYTES);
	if (d->policy != NULL)
		policy_print_canonical(d->policy, b);
	else
		buf_printf(b, "%s\n", d->text);
	for (const char *line = b->data; *line != '\0';) {
		size_t len = strcspn(line, "\n");
		buf_printf(out, "    %.*s\n", (int)len, line);
		line += len + (line[len] == '\n');
	}
	arena_free(scratch);
}

static void put_role(struct buf *out, const struct role *r)
{
	buf_printf(out, "%s %s\n  arn %s\n", principal_type_name(r->type), r->name, r->arn);
	for (size_t i = 0; i < r->attached_count; i++) {
		const struct managed *m = slot_now(r->attached[i]);
		buf_printf(out, "attached %s\n", r->attached[i]->arn);
		if (m != NULL)
			put_document(out, policy_version_of(m, m->default_version)->document);
	}
	for (size_t i = 0; i < r->inline_count; i++) {
		buf_printf(out, "inline %s\n", r->inlines[i].name);
		put_document(out, r->inlines[i].document);
	}
}

static void put_finding(struct buf *out, const struct box_finding *f)
{
	buf_printf(out, "  %s %s %s", box_status(f), box_finding_type(f), f->id);
	for (size_t i = 0; f->status != BOX_RESOLVED && i < f->unused->count; i++) {
		const struct unused_service *x = &f->unused->service[i];
		buf_printf(out, "\n    unused: %s:%s", x->namespace, x->whole ? "*" : "");
		for (size_t k = 0; k < x->actions.count; k++)
			buf_printf(out, "%s%s", k > 0 ? " " : "", x->actions.item[k]);
	}
	buf_putc(out, '\n');
}

static void put_findings(struct buf *out, const struct slot *slot)
{
	const struct box_finding *last = NULL;
	bool open = false;
	buf_puts(out, "findings\n");
	for (const struct box_finding *f = slot->findings; f != NULL; f = f->next) {
		if (f->status != BOX_RESOLVED) {
			put_finding(out, f);
			open = true;
		} else if (last == NULL || f->updated_ms > last->updated_ms) {
			last = f;
		}
	}
	if (!open && last != NULL)
		put_finding(out, last);
}

/* Looks only: the state file belongs to whoever serves it. */
void sandbox_show(struct sandbox *s, const char *role, struct buf *out)
{
	struct problem p = {0};
	bool quiet = s->quiet, found = false;
	s->quiet = true;
	findings_refresh(s);
	for (size_t i = 0; i < 2 * s->account_count; i++) {
		struct view v = view_now(s, s->account[i / 2]);
		const struct role *r = role_get(&v, i % 2 == 0 ? PRINCIPAL_ROLE : PRINCIPAL_USER, role, &p);
		if (r == NULL)
			continue;
		put_role(out, r);
		put_findings(out, r->slot);
		found = true;
	}
	if (!found)
		buf_printf(out, "%s\n", p.message);
	s->quiet = quiet;
}
