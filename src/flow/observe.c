/* observe: GetRole or GetUser, then attached policies and inline names page by page, then each document. One
 * call at a time. */
#include "pare/observe.h"

#include <string.h>

#include "pare/str.h"

enum stage { READ_PRINCIPAL, READ_ATTACHED, READ_NAMES, READ_INLINE, READ_POLICY, READ_VERSION, READ_DONE };

struct observe {
	struct arena *arena;
	enum principal_type type;
	const char *name;
	const struct principal *known;
	enum stage stage;
	size_t at;
	struct call call;
	struct principal *principal;
	struct str_list attached, inlines;
	bool failed;
	struct err err;
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

static void begin_documents(struct observe *o)
{
	struct principal *p = o->principal;
	p->attached = arena_array(o->arena, o->attached.count, sizeof *p->attached);
	p->inline_policy = arena_array(o->arena, o->inlines.count, sizeof *p->inline_policy);
	o->stage = READ_INLINE;
	o->at = 0;
}

/* Skips stages that have nothing (more) to read. */
static void settle_stage(struct observe *o)
{
	if (o->stage == READ_INLINE && o->at == o->inlines.count) {
		o->stage = READ_POLICY;
		o->at = 0;
	}
	if (o->stage == READ_POLICY && o->at == o->attached.count)
		o->stage = READ_DONE;
}

bool observe_finished(const struct observe *o)
{
	return o->failed || o->stage == READ_DONE;
}

bool observe_principal_missing(const struct observe *o)
{
	return o->failed && o->stage == READ_PRINCIPAL && o->err.kind == ERR_NOT_FOUND;
}

struct call *observe_ask(struct observe *o)
{
	if (observe_finished(o))
		return NULL;
	const char *marker = o->call.next_marker;
	bool user = o->type == PRINCIPAL_USER;
	o->call = (struct call){.arena = o->arena, .role = o->name, .marker = marker};
	switch (o->stage) {
	case READ_PRINCIPAL:
		o->call.op = user ? CALL_GET_USER : CALL_GET_ROLE;
		break;
	case READ_ATTACHED:
		o->call.op = user ? CALL_LIST_ATTACHED_USER_POLICIES : CALL_LIST_ATTACHED_ROLE_POLICIES;
		break;
	case READ_NAMES:
		o->call.op = user ? CALL_LIST_USER_POLICIES : CALL_LIST_ROLE_POLICIES;
		break;
	case READ_INLINE:
		o->call.op = user ? CALL_GET_USER_POLICY : CALL_GET_ROLE_POLICY;
		o->call.policy_name = o->inlines.item[o->at];
		break;
	case READ_POLICY:
		o->call.op = CALL_GET_POLICY;
		o->call.policy_arn = o->attached.item[o->at];
		break;
	case READ_VERSION:
		o->call.op = CALL_GET_POLICY_VERSION;
		o->call.policy_arn = o->principal->attached[o->at].arn;
		o->call.version = o->principal->attached[o->at].default_version;
		break;
	case READ_DONE:
		return NULL;
	}
	return &o->call;
}

static void took_policy(struct observe *o, struct call *c)
{
	struct managed_policy *m = &o->principal->attached[o->at];
	*m = *c->policy;
	if (!take_known_document(o, m)) {
		o->stage = READ_VERSION;
		return;
	}
	o->principal->attached_count = ++o->at;
}

void observe_answer(struct observe *o, struct call *c)
{
	if (!c->ok) {
		o->failed = true;
		o->err = c->err;
		return;
	}
	switch (o->stage) {
	case READ_PRINCIPAL:
		o->principal = c->principal;
		o->stage = READ_ATTACHED;
		break;
	case READ_ATTACHED:
		for (size_t i = 0; i < c->arns.count; i++)
			str_list_add(o->arena, &o->attached, c->arns.item[i]);
		if (c->next_marker == NULL)
			o->stage = READ_NAMES;
		break;
	case READ_NAMES:
		for (size_t i = 0; i < c->names.count; i++)
			str_list_add(o->arena, &o->inlines, c->names.item[i]);
		if (c->next_marker == NULL)
			begin_documents(o);
		break;
	case READ_INLINE:
		o->principal->inline_policy[o->at] = (struct inline_policy){
			.name = o->inlines.item[o->at],
			.document = c->text,
			.document_sha256 = known_digest(o, o->inlines.item[o->at], c->text)};
		o->principal->inline_count = ++o->at;
		break;
	case READ_POLICY:
		took_policy(o, c);
		break;
	case READ_VERSION:
		o->principal->attached[o->at].document = c->text;
		o->principal->attached_count = ++o->at;
		o->stage = READ_POLICY;
		break;
	case READ_DONE:
		break;
	}
	settle_stage(o);
}

struct principal *observe_result(struct observe *o, struct err *e)
{
	if (o->failed) {
		*e = o->err;
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
