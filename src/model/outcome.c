#include "pare/outcome.h"

#include <string.h>

#include "pare/str.h"

static const char *const names[] = {"planned", "blocked",     "exempt", "held",
				    "nothing", "unsupported", "failed"};

const char *outcome_name(enum outcome_kind k)
{
	return names[k];
}

bool outcome_parse_kind(const char *name, enum outcome_kind *k)
{
	for (size_t i = 0; name != NULL && i < sizeof names / sizeof names[0]; i++)
		if (strcmp(names[i], name) == 0) {
			*k = (enum outcome_kind)i;
			return true;
		}
	return false;
}

static void print_decision(struct json_writer *w, const struct decision *d)
{
	json_key(w, "decision");
	json_open(w, '{');
	json_member_text(w, "outcome", verdict_name(d->outcome));
	json_key(w, "verdicts");
	json_open(w, '[');
	for (size_t i = 0; i < d->count; i++) {
		const struct verdict *v = &d->verdict[i];
		json_open(w, '{');
		json_member_text(w, "rule", v->rule);
		json_member_text(w, "ruleSha256", v->rule_sha256);
		json_member_text(w, "verdict", verdict_name(v->kind));
		json_member_text(w, "reason", v->reason);
		json_member_text(w, "until", v->until);
		json_member_text(w, "owner", v->owner);
		json_member_bool(w, "failed", v->failed);
		json_close(w, '}');
	}
	json_close(w, ']');
	json_close(w, '}');
}

static void print_gates(struct json_writer *w, const struct plan *p)
{
	json_key(w, "gates");
	json_open(w, '[');
	for (size_t i = 0; p != NULL && i < p->gate_count; i++) {
		json_open(w, '{');
		json_member_text(w, "gate", p->gate[i].name);
		json_member_text(w, "result", gate_result_name(p->gate[i].result));
		json_member_text(w, "evidence", p->gate[i].evidence);
		json_close(w, '}');
	}
	json_close(w, ']');
}

/* What becomes of each policy, action by action, and every step: the whole preview. */
static void print_preview(struct json_writer *w, const struct outcome *o)
{
	const struct plan *p = o->plan;
	json_key(w, "services");
	json_open(w, '[');
	for (size_t i = 0; p != NULL && i < o->loss.service_count; i++) {
		json_open(w, '{');
		json_member_text(w, "service", o->loss.service[i].prefix);
		json_member_list(w, "kept", &o->loss.service[i].kept);
		json_member_list(w, "removed", &o->loss.service[i].removed);
		json_close(w, '}');
	}
	json_close(w, ']');
	json_key(w, "steps");
	json_open(w, '[');
	for (size_t i = 0; p != NULL && i < p->step_count; i++)
		step_print(&p->step[i], w);
	json_close(w, ']');
}

static void print_outcome(struct json_writer *w, const struct outcome *o)
{
	json_open(w, '{');
	json_member_text(w, "finding", o->finding->id);
	json_member_text(w, "findingType", o->finding->type_text);
	json_member_text(w, "resource", o->finding->resource);
	json_member_text(w, "account", o->finding->owner_account);
	json_member_text(w, "outcome", names[o->kind]);
	json_member_text(w, "reason", o->reason);
	json_member_text(w, "plan", o->plan != NULL ? o->plan->id : NULL);
	json_member_text(w, "digest", o->plan != NULL ? o->plan->digest : NULL);
	json_member_text(w, "afterPlan", o->after_plan);
	json_member_text(w, "afterPlanAt", o->after_at);
	print_decision(w, &o->decision);
	json_member_list(w, "commands", &o->commands);
	print_gates(w, o->plan);
	print_preview(w, o);
	json_close(w, '}');
}

void run_print(const struct run *r, struct buf *out)
{
	struct json_writer w;
	size_t counts[sizeof names / sizeof names[0]] = {0};
	int64_t removed = 0;
	json_start(&w, out, false);
	json_open(&w, '{');
	json_member_text(&w, "schema", "pare.run/v1");
	json_member_text(&w, "analyzer", r->analyzer);
	json_member_text(&w, "createdAt", r->created_at);
	json_key(&w, "outcomes");
	json_open(&w, '[');
	for (size_t i = 0; i < r->count; i++) {
		counts[r->outcome[i].kind]++;
		if (r->outcome[i].kind == OUTCOME_PLANNED && r->outcome[i].plan != NULL)
			removed += r->outcome[i].plan->impact.actions_removed;
		print_outcome(&w, &r->outcome[i]);
	}
	json_close(&w, ']');
	json_key(&w, "accounts");
	json_open(&w, '[');
	for (size_t i = 0; i < r->account_count; i++) {
		const struct run_account *x = &r->account[i];
		json_open(&w, '{');
		json_member_text(&w, "account", x->account);
		json_member_text(&w, "failed", x->failed);
		json_member_integer(&w, "findings", (int64_t)x->findings);
		json_member_integer(&w, "planned", (int64_t)x->planned);
		json_member_integer(&w, "actionsRemoved", x->removed);
		json_member_integer(&w, "principalsSeen", (int64_t)x->principals);
		json_close(&w, '}');
	}
	json_close(&w, ']');
	json_key(&w, "analyzers");
	json_open(&w, '[');
	for (size_t i = 0; i < r->source_count; i++) {
		const struct run_source *x = &r->source[i];
		json_open(&w, '{');
		json_member_text(&w, "region", x->region);
		json_member_text(&w, "analyzer", x->analyzer);
		json_member_text(&w, "failed", x->failed);
		json_member_integer(&w, "findings", (int64_t)x->findings);
		json_close(&w, '}');
	}
	json_close(&w, ']');
	json_key(&w, "totals");
	json_open(&w, '{');
	json_member_integer(&w, "findings", (int64_t)r->count);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		json_member_integer(&w, names[i], (int64_t)counts[i]);
	json_member_integer(&w, "actionsRemoved", removed);
	json_member_integer(&w, "principalsSeen", (int64_t)r->principals_seen);
	json_member_integer(&w, "awsCalls", (int64_t)r->aws_calls);
	json_close(&w, '}');
	json_close(&w, '}');
	buf_putc(out, '\n');
}

/* For members that views print: never NULL, whatever became of the file. */
static const char *text_or_empty(const struct json *v, const char *key)
{
	const char *text = json_text(v, key);
	return text != NULL ? text : "";
}

static void read_decision(struct arena *a, const struct json *v, struct decision *d)
{
	const struct json *list = json_get(v, "verdicts");
	const char *outcome = json_text(v, "outcome");
	if (outcome != NULL)
		verdict_parse(outcome, &d->outcome);
	if (list == NULL || list->type != JSON_ARRAY)
		return;
	d->verdict = arena_array(a, list->count, sizeof *d->verdict);
	for (const struct json *x = list->first; x != NULL; x = x->next) {
		struct verdict *out = &d->verdict[d->count++];
		out->rule = text_or_empty(x, "rule");
		out->rule_sha256 = json_text(x, "ruleSha256");
		out->reason = json_text(x, "reason");
		out->until = json_text(x, "until");
		out->owner = json_text(x, "owner");
		out->failed = json_bool(x, "failed", false);
		if (json_text(x, "verdict") != NULL)
			verdict_parse(json_text(x, "verdict"), &out->kind);
	}
}

static void read_commands(struct arena *a, const struct json *list, struct str_list *out)
{
	if (list == NULL || list->type != JSON_ARRAY)
		return;
	for (const struct json *x = list->first; x != NULL; x = x->next)
		if (x->type == JSON_STRING)
			str_list_add(a, out, x->text);
}

static void read_gates(struct arena *a, const struct json *list, struct run_entry *out)
{
	if (list == NULL || list->type != JSON_ARRAY)
		return;
	out->gate = arena_array(a, list->count, sizeof *out->gate);
	for (const struct json *x = list->first; x != NULL; x = x->next) {
		struct gate *g = &out->gate[out->gate_count++];
		const char *result = json_text(x, "result");
		g->name = text_or_empty(x, "gate");
		g->evidence = text_or_empty(x, "evidence");
		g->result = str_equal(result, "pass")   ? GATE_PASS
			    : str_equal(result, "fail") ? GATE_FAIL
							: GATE_UNKNOWN;
	}
}

struct run_record *run_parse(struct arena *a, const char *text, size_t len, const char *what,
			     struct err *e)
{
	struct run_record *r = arena_alloc(a, sizeof *r);
	const struct json *v = json_parse(a, text, len, what, e);
	if (v == NULL)
		return NULL;
	const struct json *list = json_get(v, "outcomes");
	if (!str_equal(json_text(v, "schema"), "pare.run/v1") || list == NULL ||
	    list->type != JSON_ARRAY) {
		err_set(e, ERR_INPUT, "reading '%s': expected a run, schema pare.run/v1", what);
		return NULL;
	}
	r->analyzer = json_text(v, "analyzer");
	r->created_at = json_text(v, "createdAt");
	r->entry = arena_array(a, list->count, sizeof *r->entry);
	for (const struct json *x = list->first; x != NULL; x = x->next) {
		struct run_entry *out = &r->entry[r->count++];
		out->finding = json_text(x, "finding");
		out->finding_type = json_text(x, "findingType");
		out->resource = json_text(x, "resource");
		out->account = json_text(x, "account");
		out->reason = text_or_empty(x, "reason");
		out->plan_id = json_text(x, "plan");
		out->plan_digest = json_text(x, "digest");
		read_decision(a, json_get(x, "decision"), &out->decision);
		read_commands(a, json_get(x, "commands"), &out->commands);
		read_gates(a, json_get(x, "gates"), out);
		if (!outcome_parse_kind(json_text(x, "outcome"), &out->kind) || out->finding == NULL) {
			err_set(e, ERR_INPUT, "reading '%s': outcome %zu is not understood", what, r->count);
			return NULL;
		}
	}
	return r;
}
