#include <string.h>

#include "cli.h"
#include "pare/contain.h"
#include "pare/evaluate.h"
#include "pare/str.h"
#include "pare/world.h"

struct side {
	const struct policy **policy;
	size_t count, cap;
};

static void side_add(struct arena *a, struct side *s, const struct policy *p)
{
	s->policy = arena_grow(a, s->policy, s->count, &s->cap, sizeof *s->policy);
	s->policy[s->count++] = p;
}

static bool add_text(struct arena *a, struct side *s, const char *text, size_t len,
		     const char *source, struct err *e)
{
	const struct policy *p = policy_parse(a, text, len, source, e);
	if (p == NULL)
		return false;
	side_add(a, s, p);
	return true;
}

/* The AWS CLI wraps documents: {"PolicyDocument": …}, {"PolicyVersion": {"Document": …}}; either
 * an object or a text. The bare document keeps the file's own lines. */
static bool add_file(struct arena *a, struct side *s, const struct saved_text *t, struct err *e)
{
	struct err ignored;
	const struct json *v = json_parse(a, t->text, t->len, t->name, &ignored);
	const struct json *inner = json_get(v, "PolicyDocument");
	if (inner == NULL)
		inner = json_get(json_get(v, "PolicyVersion"), "Document");
	if (inner == NULL)
		inner = json_get(v, "Document");
	if (inner == NULL)
		return add_text(a, s, t->text, t->len, t->name, e);
	if (inner->type == JSON_STRING) {
		const char *text = inner->text;
		if (*text == '%')
			text = str_percent_decode(a, text);
		if (text == NULL)
			return err_set(e, ERR_INPUT, "reading '%s': the document's percent-encoding is broken",
				       t->name);
		return add_text(a, s, text, strlen(text), t->name, e);
	}
	/* Blank lines in front keep line numbers true to the file. */
	size_t line, column;
	json_position(t->text, inner->offset, &line, &column);
	struct buf *b = buf_new(a, DOCUMENT_MAX_BYTES + line + 1);
	for (size_t i = 1; i < line; i++)
		buf_putc(b, '\n');
	buf_put(b, t->text + inner->offset, inner->length);
	if (!buf_ok(b))
		return err_set(e, ERR_LIMIT, "reading '%s': the document is larger than %d bytes", t->name,
			       DOCUMENT_MAX_BYTES);
	return add_text(a, s, b->data, b->len, t->name, e);
}

static bool read_side(struct arena *a, const struct str_list *paths, const char *option,
		      struct policy_set *out, struct err *e)
{
	struct side s = {0};
	for (size_t i = 0; i < paths->count; i++) {
		struct saved_text *texts;
		size_t count;
		if (!files_read(a, paths->item[i], &texts, &count, e))
			return false;
		for (size_t k = 0; k < count; k++)
			if (!add_file(a, &s, &texts[k], e))
				return false;
	}
	if (s.count == 0)
		return err_set(e, ERR_USAGE, "'pare check': expected policy documents behind '%s'", option);
	*out = (struct policy_set){s.policy, s.count};
	return true;
}

static bool read_unused(struct arena *a, const char *path, struct unused **out, struct err *e)
{
	struct saved_text *texts;
	size_t count;
	if (!files_read(a, path, &texts, &count, e))
		return false;
	if (count != 1)
		return err_set(e, ERR_USAGE, "option '--unused': expected one file, got %zu", count);
	const struct json *v = json_parse(a, texts[0].text, texts[0].len, texts[0].name, e);
	if (v == NULL)
		return false;
	*out = unused_parse(a, v, texts[0].name, e);
	return *out != NULL;
}

static void print_witness(struct json_writer *w, const struct witness *x)
{
	json_key(w, "witness");
	if (x == NULL) {
		json_put_null(w);
		return;
	}
	json_open(w, '{');
	json_member_text(w, "action", x->action);
	json_member_text(w, "resource", x->resource);
	json_key(w, "context");
	json_open(w, '{');
	for (size_t i = 0; i < x->context_count; i++) {
		const struct context_value *v = &x->context[i];
		json_key(w, v->key);
		if (v->absent) {
			json_put_null(w);
		} else if (!v->multi && v->values.count == 1) {
			json_put_text(w, v->values.item[0]);
		} else {
			json_open(w, '[');
			for (size_t k = 0; k < v->values.count; k++)
				json_put_text(w, v->values.item[k]);
			json_close(w, ']');
		}
	}
	json_close(w, '}');
	json_member_text(w, "kind", x->kind);
	json_close(w, '}');
}

static void print_proof(struct json_writer *w, const struct proof *p)
{
	json_open(w, '{');
	json_member_text(w, "question", p->question);
	json_member_text(w, "verdict", proof_verdict_name(p->verdict));
	json_member_text(w, "reason", p->reason);
	print_witness(w, p->witness);
	json_key(w, "statements");
	json_open(w, '[');
	for (size_t i = 0; i < p->statement_count; i++) {
		const struct statement *s = p->statements[i];
		json_open(w, '{');
		json_member_text(w, "source", s->policy->source);
		json_member_integer(w, "line", (int64_t)s->line);
		json_member_integer(w, "index", (int64_t)s->index);
		json_member_text(w, "sid", s->sid);
		json_close(w, '}');
	}
	json_close(w, ']');
	json_close(w, '}');
}

static enum proof_verdict overall(const struct proof *p, size_t count)
{
	enum proof_verdict v = PROOF_PROVED;
	for (size_t i = 0; i < count; i++) {
		if (p[i].verdict == PROOF_REFUTED)
			return PROOF_REFUTED;
		if (p[i].verdict == PROOF_UNKNOWN)
			v = PROOF_UNKNOWN;
	}
	return v;
}

static void say_proofs(const struct context *c, const struct proof *p, size_t count)
{
	static const enum style styles[] = {GREEN, RED, YELLOW};
	for (size_t i = 0; i < count; i++) {
		say(c, styles[p[i].verdict], "%-8s", proof_verdict_name(p[i].verdict));
		say(c, PLAIN, " %-17s %s\n", p[i].question, p[i].reason);
		const struct witness *x = p[i].witness;
		if (x != NULL) {
			say(c, PLAIN, "         witness (%s): %s on %s\n", x->kind, x->action, x->resource);
			for (size_t k = 0; k < x->context_count; k++) {
				const struct context_value *v = &x->context[k];
				say(c, PLAIN, "           %s ", v->key);
				if (v->absent)
					say(c, PLAIN, "absent");
				for (size_t n = 0; n < v->values.count; n++)
					say(c, PLAIN, "%s%s", n == 0 ? (v->multi ? "= [" : "= ") : ", ",
					    v->values.item[n]);
				if (v->multi)
					say(c, PLAIN, "%s", v->values.count == 0 ? "= []" : "]");
				say(c, PLAIN, "\n");
			}
		}
		for (size_t k = 0; p[i].verdict != PROOF_PROVED && k < p[i].statement_count; k++)
			say(c, PLAIN, "         %s:%zu: statement %zu%s%s\n",
			    p[i].statements[k]->policy->source, p[i].statements[k]->line,
			    p[i].statements[k]->index, p[i].statements[k]->sid != NULL ? " " : "",
			    p[i].statements[k]->sid != NULL ? p[i].statements[k]->sid : "");
	}
	enum proof_verdict v = overall(p, count);
	say(c, styles[v], "%s\n", proof_verdict_name(v));
}

static void print_proofs(struct arena *a, const struct proof *p, size_t count)
{
	struct json_writer w = json_page(a, 16u * 1024 * 1024);
	json_open(&w, '{');
	json_member_text(&w, "verdict", proof_verdict_name(overall(p, count)));
	json_key(&w, "questions");
	json_open(&w, '[');
	for (size_t i = 0; i < count; i++)
		print_proof(&w, &p[i]);
	json_close(&w, ']');
	json_close(&w, '}');
	say_json(&w);
}

int command_check(struct arena *a, const struct options *o)
{
	struct err e;
	struct policy_set before, after;
	struct unused *unused = NULL;
	if (!read_side(a, &o->old_files, "--old", &before, &e) ||
	    !read_side(a, &o->new_files, "--new", &after, &e) ||
	    (o->unused != NULL && !read_unused(a, o->unused, &unused, &e))) {
		complain(&e);
		return exit_code_of(&e);
	}
	const struct catalog *catalog = context_catalog(a, o, NULL);
	struct proof_caps caps = proof_caps_default();
	struct proof p[3];
	size_t count = 2;
	p[0] = prove_no_new_allow(a, before, after, catalog, &caps);
	p[1] = prove_no_lost_deny(a, before, after, catalog, &caps);
	if (unused != NULL)
		p[count++] = prove_only_unused_lost(a, before, after, unused, catalog, &caps);
	struct context c = {.arena = a, .o = o};
	if (o->json)
		print_proofs(a, p, count);
	else
		say_proofs(&c, p, count);
	static const int codes[] = {EXIT_DONE, EXIT_REFUSED, EXIT_UNKNOWN};
	return codes[overall(p, count)];
}
