/* observe: GetRole or GetUser, attached policies and inline names (page by page), at once; then all
 * documents at once. So one observation takes few round trips, and what it sees lies close together. */
#include "pare/observe.h"

#include <stddef.h>

#include "pare/str.h"

enum part { PART_PRINCIPAL, PART_ATTACHED, PART_NAMES, PARTS };

/* One thing that is read by one call after the other. */
struct reading {
	enum { READING_WANTED, READING_ASKED, READING_DONE, READING_FAILED } state;
	bool listed;  /* a document of one of the lists */
	bool version; /* of a policy: its default version is known, and its text is asked for */
	struct call call;
};

struct observe {
	struct arena *arena;
	enum principal_type type;
	const char *name;
	const struct principal *known;
	struct reading part[PARTS];
	struct reading *document; /* of inline policies, then of attached ones; NULL: not listed yet */
	size_t document_count;
	size_t under_way, failed;
	struct principal *principal;
	struct str_list attached, inlines;
};

struct observe *observe_new(struct arena *a, enum principal_type type, const char *name,
			    const struct principal *known)
{
	struct observe *o = arena_alloc(a, sizeof *o);
	o->arena = a;
	o->type = type;
	o->name = name;
	o->known = known;
	return o;
}

/* Versions are immutable: what was read once under (arn, version) need not be read again. */
static bool take_known_document(const struct observe *o, struct managed_policy *m)
{
	const struct managed_policy *k = o->known != NULL ? principal_attached(o->known, m->arn) : NULL;
	if (k == NULL || k->document == NULL || !str_equal(k->default_version, m->default_version))
		return false;
	m->document = k->document;
	m->document_sha256 = k->document_sha256;
	return true;
}

/* The digest of a text that was read before need not be made again. */
static const char *known_digest(const struct observe *o, const char *name, const char *document)
{
	const struct inline_policy *k = o->known != NULL ? principal_inline(o->known, name) : NULL;
	return k != NULL && str_equal(k->document, document) ? k->document_sha256 : NULL;
}

/* --- asking --- */

static struct reading *wanted(struct reading *r, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (r[i].state == READING_WANTED)
			return &r[i];
	return NULL;
}

static enum call_op op_of_part(const struct observe *o, enum part part)
{
	static const enum call_op ops[PARTS][2] = {
		[PART_PRINCIPAL] = {CALL_GET_ROLE, CALL_GET_USER},
		[PART_ATTACHED] = {CALL_LIST_ATTACHED_ROLE_POLICIES, CALL_LIST_ATTACHED_USER_POLICIES},
		[PART_NAMES] = {CALL_LIST_ROLE_POLICIES, CALL_LIST_USER_POLICIES},
	};
	return ops[part][o->type == PRINCIPAL_USER];
}

static void fill_part(const struct observe *o, struct reading *r)
{
	const char *marker = r->call.next_marker;
	r->call = (struct call){.op = op_of_part(o, (enum part)(r - o->part)), .arena = o->arena,
				.role = o->name, .marker = marker};
}

static void fill_document(const struct observe *o, struct reading *r)
{
	size_t i = (size_t)(r - o->document), inlines = o->inlines.count;
	r->call = (struct call){.arena = o->arena, .role = o->name};
	if (i < inlines) {
		r->call.op = o->type == PRINCIPAL_USER ? CALL_GET_USER_POLICY : CALL_GET_ROLE_POLICY;
		r->call.policy_name = o->inlines.item[i];
		return;
	}
	r->call.op = r->version ? CALL_GET_POLICY_VERSION : CALL_GET_POLICY;
	r->call.policy_arn = o->attached.item[i - inlines];
	if (r->version)
		r->call.version = o->principal->attached[i - inlines].default_version;
}

struct call *observe_ask(struct observe *o)
{
	struct reading *r = o->failed > 0 ? NULL : wanted(o->part, PARTS);
	if (r != NULL) {
		fill_part(o, r);
	} else {
		r = o->failed > 0 ? NULL : wanted(o->document, o->document_count);
		if (r == NULL)
			return NULL;
		fill_document(o, r);
	}
	r->state = READING_ASKED;
	o->under_way++;
	return &r->call;
}

static bool all_done(const struct reading *r, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (r[i].state != READING_DONE)
			return false;
	return true;
}

/* Nothing ends while an answer is to come: it goes into the observation's arena. */
bool observe_finished(const struct observe *o)
{
	if (o->under_way > 0)
		return false;
	return o->failed > 0 || (o->document != NULL && all_done(o->document, o->document_count));
}

bool observe_principal_missing(const struct observe *o)
{
	const struct reading *r = &o->part[PART_PRINCIPAL];
	return r->state == READING_FAILED && r->call.err.kind == ERR_NOT_FOUND;
}

/* --- answers --- */

static void took_part(struct observe *o, struct reading *r)
{
	struct call *c = &r->call;
	r->state = c->next_marker != NULL ? READING_WANTED : READING_DONE;
	switch ((enum part)(r - o->part)) {
	case PART_ATTACHED:
		for (size_t i = 0; i < c->arns.count; i++)
			str_list_add(o->arena, &o->attached, c->arns.item[i]);
		break;
	case PART_NAMES:
		for (size_t i = 0; i < c->names.count; i++)
			str_list_add(o->arena, &o->inlines, c->names.item[i]);
		break;
	default:
		o->principal = c->principal;
		r->state = READING_DONE;
	}
}

static void begin_documents(struct observe *o)
{
	struct principal *p = o->principal;
	p->attached = arena_array(o->arena, o->attached.count, sizeof *p->attached);
	p->inline_policy = arena_array(o->arena, o->inlines.count, sizeof *p->inline_policy);
	p->attached_count = o->attached.count;
	p->inline_count = o->inlines.count;
	o->document_count = o->inlines.count + o->attached.count;
	o->document = arena_array(o->arena, o->document_count + 1, sizeof *o->document);
	for (size_t i = 0; i < o->document_count; i++)
		o->document[i].listed = true;
}

static void took_document(struct observe *o, struct reading *r)
{
	size_t i = (size_t)(r - o->document), inlines = o->inlines.count;
	struct call *c = &r->call;
	r->state = READING_DONE;
	if (i < inlines) {
		o->principal->inline_policy[i] = (struct inline_policy){
			.name = o->inlines.item[i],
			.document = c->text,
			.document_sha256 = known_digest(o, o->inlines.item[i], c->text)};
		return;
	}
	struct managed_policy *m = &o->principal->attached[i - inlines];
	if (r->version) {
		m->document = c->text;
		return;
	}
	*m = *c->policy;
	if (!take_known_document(o, m)) {
		r->version = true;
		r->state = READING_WANTED;
	}
}

void observe_answer(struct observe *o, struct call *c)
{
	struct reading *r = (struct reading *)(void *)((char *)c - offsetof(struct reading, call));
	o->under_way--;
	if (!c->ok) {
		r->state = READING_FAILED;
		o->failed++;
		return;
	}
	if (r->listed)
		took_document(o, r);
	else
		took_part(o, r);
	if (o->document == NULL && all_done(o->part, PARTS))
		begin_documents(o);
}

/* What was asked for first: of a role that is gone all calls fail. */
static const struct err *first_failure(const struct observe *o)
{
	for (size_t i = 0; i < PARTS; i++)
		if (o->part[i].state == READING_FAILED)
			return &o->part[i].call.err;
	for (size_t i = 0; i < o->document_count; i++)
		if (o->document[i].state == READING_FAILED)
			return &o->document[i].call.err;
	return NULL;
}

struct principal *observe_result(struct observe *o, struct err *e)
{
	if (o->failed > 0) {
		*e = *first_failure(o);
		err_wrap(e, "reading %s '%s'", principal_type_name(o->type), o->name);
		return NULL;
	}
	principal_settle(o->arena, o->principal);
	return o->principal;
}

struct principal *observe_principal(struct arena *a, const struct read_port *aws,
				    enum principal_type type, const char *name,
				    const struct principal *known, size_t *calls, struct err *e)
{
	struct observe *o = observe_new(a, type, name, known);
	struct call *c;
	*calls = 0;
	while ((c = observe_ask(o)) != NULL) {
		(*calls)++;
		read_one(aws, c);
		observe_answer(o, c);
	}
	return observe_result(o, e);
}
