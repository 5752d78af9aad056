/* lua_subject: what a rule sees as `c`, docs/rules.md. A member is shown whole or not at all. */
#include <string.h>

#include "lua_private.h"
#include "pare/finding.h"
#include "pare/principal.h"
#include "pare/recommendation.h"
#include "pare/str.h"
#include "pare/when.h"

enum { TRUST_DEPTH_MAX = 32 };

static unsigned depth_of(const struct json *v)
{
	unsigned deepest = 0;
	for (const struct json *x = v->first; x != NULL; x = x->next) {
		unsigned d = depth_of(x);
		deepest = d > deepest ? d : deepest;
	}
	return deepest + 1;
}

/* Rules that look at the trust policy must not find it missing when there is one. */
static bool read_trust(struct arena *a, const char *text, const struct json **out, struct err *e)
{
	*out = NULL;
	if (text == NULL)
		return true;
	*out = json_parse(a, text, strlen(text), "trust policy", e);
	if (*out == NULL)
		return false;
	return depth_of(*out) <= TRUST_DEPTH_MAX ||
	       err_set(e, ERR_INPUT, "parsing 'trust policy': nested more than %d deep", TRUST_DEPTH_MAX);
}

static bool put_tags(struct json_writer *w, const struct principal *p, struct err *e)
{
	json_key(w, "tags");
	json_open(w, '{');
	for (size_t i = 0; i < p->tag_count; i++) { /* sorted */
		if (i > 0 && strcmp(p->tag[i].key, p->tag[i - 1].key) == 0)
			return err_set(e, ERR_INPUT, "tag '%s' is there twice", p->tag[i].key);
		json_member_text(w, p->tag[i].key, p->tag[i].value);
	}
	json_close(w, '}');
	return true;
}

static void put_policies(struct json_writer *w, const struct principal *p)
{
	json_key(w, "attached");
	json_open(w, '[');
	for (size_t i = 0; i < p->attached_count; i++) {
		json_open(w, '{');
		json_member_text(w, "name", p->attached[i].name);
		json_member_text(w, "arn", p->attached[i].arn);
		json_member_text(w, "updated_at", p->attached[i].update_date);
		json_close(w, '}');
	}
	json_close(w, ']');
	json_key(w, "inline");
	json_open(w, '[');
	for (size_t i = 0; i < p->inline_count; i++) {
		json_open(w, '{');
		json_member_text(w, "name", p->inline_policy[i].name);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static bool put_principal(struct json_writer *w, struct arena *a, const struct principal *p,
			  struct err *e)
{
	const struct json *trust;
	if (!read_trust(a, p->trust, &trust, e))
		return false;
	json_key(w, "principal");
	json_open(w, '{');
	json_member_text(w, "type", principal_type_name(p->type));
	json_member_text(w, "arn", p->arn);
	json_member_text(w, "account", p->account);
	json_member_text(w, "name", p->name);
	json_member_text(w, "path", p->path);
	json_member_text(w, "boundary", p->boundary);
	json_member_text(w, "created_at", p->created_at);
	json_member_text(w, "last_used_at", p->last_used_at);
	if (!put_tags(w, p, e))
		return false;
	put_policies(w, p);
	if (p->type == PRINCIPAL_USER)
		json_member_list(w, "groups", &p->groups);
	if (trust != NULL) {
		json_key(w, "trust");
		json_put_value(w, trust);
	}
	json_close(w, '}');
	return true;
}

static void put_finding(struct json_writer *w, const struct finding *f)
{
	json_key(w, "finding");
	json_open(w, '{');
	json_member_text(w, "id", f->id);
	json_member_text(w, "type", f->type_text);
	json_member_text(w, "status", f->status);
	json_member_text(w, "resource", f->resource);
	json_member_text(w, "created_at", f->created_at);
	json_member_text(w, "updated_at", f->updated_at);
	json_member_text(w, "analyzed_at", f->analyzed_at);
	json_close(w, '}');
}

static void put_unused(struct json_writer *w, struct arena *a, const struct unused *u)
{
	json_key(w, "unused");
	json_open(w, '{');
	json_key(w, "services");
	json_open(w, '[');
	for (size_t i = 0; i < u->count; i++)
		if (u->service[i].whole)
			json_put_text(w, u->service[i].namespace);
	json_close(w, ']');
	json_key(w, "actions");
	json_open(w, '[');
	for (size_t i = 0; i < u->count; i++)
		for (size_t k = 0; k < u->service[i].actions.count; k++)
			json_put_text(w, str_printf(a, "%s:%s", u->service[i].namespace,
						    u->service[i].actions.item[k]));
	json_close(w, ']');
	json_close(w, '}');
}

static void put_recommendation(struct json_writer *w, const struct recommendation *r)
{
	json_key(w, "recommendation");
	json_open(w, '{');
	json_member_text(w, "completed_at", r != NULL ? r->completed_at : NULL);
	json_key(w, "steps");
	json_open(w, '[');
	for (size_t i = 0; r != NULL && i < r->count; i++) {
		json_open(w, '{');
		json_member_text(w, "action", r->step[i].action_text);
		json_member_text(w, "policy", r->step[i].existing_policy_id);
		json_close(w, '}');
	}
	json_close(w, ']');
	json_close(w, '}');
}

bool lua_subject_put(struct json_writer *w, struct arena *a, const struct judge_subject *s,
		     struct err *e)
{
	char now[WHEN_TEXT];
	when_iso(s->now_ms, now);
	json_open(w, '{');
	json_member_text(w, "now", now);
	json_member_text(w, "account", s->account);
	json_key(w, "analyzer");
	json_open(w, '{');
	json_member_text(w, "arn", s->analyzer);
	if (s->unused_access_age_days > 0)
		json_member_integer(w, "unused_access_age", s->unused_access_age_days);
	json_close(w, '}');
	put_finding(w, s->finding);
	put_unused(w, a, s->finding->unused);
	put_recommendation(w, s->recommendation);
	if (!put_principal(w, a, s->principal, e))
		return false;
	json_close(w, '}');
	return true;
}
