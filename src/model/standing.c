#include "pare/standing.h"

#include <string.h>

#include "pare/arn.h"
#include "pare/digest.h"
#include "pare/json.h"
#include "pare/when.h"

enum { LIST_MAX = 1000, NAME_MAX_BYTES = 64 };

static const char *const kinds[] = {
	"archive-finding",		  "delete-unused-inline", "detach-unused-aws-managed",
	"detach-unused-customer-managed", "replace-aws-managed",  "replace-customer-managed",
	"replace-inline"};
static const char *const known_gates[] = {
	"blast-radius", "conditions-kept", "fresh", "grammar", "no-new-access",
	"only-unused-lost", "protected", "quota", "shared", "window"};

bool standing_name_valid(const char *name)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t len = name != NULL ? strlen(name) : 0;
	return len > 0 && len <= NAME_MAX_BYTES && name[0] != '-' && strspn(name, allowed) == len;
}

/* --- printing --- */

void standing_print(const struct standing *s, struct buf *out)
{
	struct json_writer w;
	json_start(&w, out, false);
	json_open(&w, '{');
	json_member_text(&w, "schema", "pare.standing/v1");
	json_member_text(&w, "name", s->name);
	json_member_text(&w, "repository", s->repository);
	json_member_text(&w, "branch", s->branch);
	json_key(&w, "scope");
	json_open(&w, '{');
	json_member_list(&w, "accounts", &s->accounts);
	json_member_list(&w, "roles", &s->roles);
	json_key(&w, "tags");
	json_open(&w, '[');
	for (size_t i = 0; i < s->tag_count; i++) {
		json_open(&w, '{');
		json_member_text(&w, "key", s->tag[i].key);
		json_member_text(&w, "value", s->tag[i].value);
		json_close(&w, '}');
	}
	json_close(&w, ']');
	json_member_list(&w, "steps", &s->steps);
	json_member_text(&w, "rulesSha256", s->rules_sha256);
	json_member_list(&w, "gates", &s->gates);
	json_close(&w, '}');
	json_key(&w, "caps");
	json_open(&w, '{');
	json_member_integer(&w, "perRun", s->per_run);
	json_member_integer(&w, "perDay", s->per_day);
	json_member_integer(&w, "percent", s->percent);
	json_close(&w, '}');
	json_member_text(&w, "expiresAt", s->expires_at);
	json_member_integer(&w, "signers", s->signers);
	json_close(&w, '}');
	buf_putc(out, '\n');
}

/* --- reading --- */

static bool among(const char *word, const char *const *known, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(known[i], word) == 0)
			return true;
	return false;
}

static bool kind_valid(const char *text)
{
	return among(text, kinds, sizeof kinds / sizeof kinds[0]);
}

static bool gate_valid(const char *text)
{
	return among(text, known_gates, sizeof known_gates / sizeof known_gates[0]);
}

/* From the path's first slash on: "*" alone would be a scope nobody meant. */
static bool role_valid(const char *text)
{
	return text[0] == '/' && strlen(text) <= 600;
}

/* Sorted, each once: so that the same scope is the same bytes. */
static bool read_list(struct arena *a, const struct json *of, const char *key, bool (*valid)(const char *),
		      const char *expected, bool may_be_empty, struct str_list *out, struct err *e)
{
	const struct json *list = json_get(of, key);
	if (list == NULL || list->type != JSON_ARRAY || list->count > LIST_MAX ||
	    (list->count == 0 && !may_be_empty))
		return err_set(e, ERR_INPUT, "expected '%s', a list of %s", key, expected);
	for (const struct json *v = list->first; v != NULL; v = v->next) {
		const char *text = v->type == JSON_STRING ? v->text : NULL;
		if (text == NULL || !valid(text))
			return err_set(e, ERR_INPUT, "'%s': expected %s, got '%s'", key, expected,
				       text != NULL ? text : "something else");
		if (out->count > 0 && strcmp(out->item[out->count - 1], text) >= 0)
			return err_set(e, ERR_INPUT, "'%s': expected each once, sorted, got '%s' behind '%s'", key,
				       text, out->item[out->count - 1]);
		str_list_add(a, out, text);
	}
	return true;
}

static bool read_tags(struct arena *a, const struct json *scope, struct standing *s, struct err *e)
{
	static const char *const allowed[] = {"key", "value"};
	const struct json *list = json_get(scope, "tags");
	if (list == NULL || list->type != JSON_ARRAY || list->count > LIST_MAX)
		return err_set(e, ERR_INPUT, "expected 'tags', a list");
	s->tag = arena_array(a, list->count, sizeof *s->tag);
	for (const struct json *v = list->first; v != NULL; v = v->next) {
		struct tag *t = &s->tag[s->tag_count];
		if (!json_only(v, allowed, 2, "a tag", e))
			return false;
		*t = (struct tag){json_text(v, "key"), json_text(v, "value")};
		if (str_empty(t->key) || t->value == NULL)
			return err_set(e, ERR_INPUT, "'tags': expected 'key' and 'value'");
		if (s->tag_count > 0 && strcmp(t[-1].key, t->key) >= 0)
			return err_set(e, ERR_INPUT, "'tags': expected each key once, sorted");
		s->tag_count++;
	}
	return true;
}

static bool hex64(const char *text)
{
	return text != NULL && strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static bool read_scope(struct arena *a, const struct json *v, struct standing *s, struct err *e)
{
	static const char *const allowed[] = {"accounts", "roles", "tags", "steps", "rulesSha256", "gates"};
	if (v == NULL || v->type != JSON_OBJECT)
		return err_set(e, ERR_INPUT, "expected 'scope'");
	if (!json_only(v, allowed, 6, "the scope", e))
		return false;
	s->rules_sha256 = json_text(v, "rulesSha256");
	if (!hex64(s->rules_sha256))
		return err_set(e, ERR_INPUT, "'rulesSha256': expected the rules' digest, 64 hex digits");
	return read_list(a, v, "accounts", account_id_valid, "account ids", false, &s->accounts, e) &&
	       read_list(a, v, "roles", role_valid, "globs over path and name, such as \"/app/*\"", false,
			 &s->roles, e) &&
	       read_tags(a, v, s, e) &&
	       read_list(a, v, "steps", kind_valid,
			 "kinds of steps, such as \"detach-unused-aws-managed\"", false, &s->steps, e) &&
	       read_list(a, v, "gates", gate_valid, "names of gates", false, &s->gates, e);
}

static bool read_number(const struct json *of, const char *key, int64_t least, int64_t most, int64_t *out,
			struct err *e)
{
	const struct json *v = json_get(of, key);
	return (v != NULL && json_integer(v, out) && *out >= least && *out <= most) ||
	       err_set(e, ERR_INPUT, "'%s': expected a whole number from %lld to %lld", key, (long long)least,
		       (long long)most);
}

static bool read_caps(const struct json *v, struct standing *s, struct err *e)
{
	static const char *const allowed[] = {"perRun", "perDay", "percent"};
	if (v == NULL || v->type != JSON_OBJECT)
		return err_set(e, ERR_INPUT, "expected 'caps'");
	return json_only(v, allowed, 3, "the caps", e) &&
	       read_number(v, "perRun", 1, 100000, &s->per_run, e) &&
	       read_number(v, "perDay", 1, 100000, &s->per_day, e) &&
	       read_number(v, "percent", 1, 100, &s->percent, e);
}

static bool read_members(struct arena *a, const struct json *v, struct standing *s, struct err *e)
{
	static const char *const allowed[] = {"schema", "name", "repository", "branch", "scope", "caps",
					      "expiresAt", "signers"};
	int64_t ms;
	if (!json_only(v, allowed, 8, "the standing approval", e))
		return false;
	s->name = json_text(v, "name");
	s->repository = json_text(v, "repository");
	s->branch = json_text(v, "branch");
	s->expires_at = json_text(v, "expiresAt");
	if (!str_equal(json_text(v, "schema"), "pare.standing/v1"))
		return err_set(e, ERR_INPUT, "expected schema pare.standing/v1");
	if (!standing_name_valid(s->name))
		return err_set(e, ERR_INPUT, "'name': expected letters, digits, '-' and '_'");
	if (str_empty(s->repository) || str_empty(s->branch))
		return err_set(e, ERR_INPUT, "expected 'repository' and 'branch'");
	if (s->expires_at == NULL || strlen(s->expires_at) != 20 || !when_parse(s->expires_at, &ms))
		return err_set(e, ERR_INPUT, "'expiresAt': expected a time such as 2027-06-30T00:00:00Z");
	return read_scope(a, json_get(v, "scope"), s, e) && read_caps(json_get(v, "caps"), s, e) &&
	       read_number(v, "signers", 1, 100, &s->signers, e);
}

static bool canonical(const struct standing *s, const char *bytes, size_t len, struct err *e)
{
	struct arena *scratch = arena_new(NULL);
	struct buf *b = buf_new(scratch, 4 * STANDING_MAX_BYTES);
	standing_print(s, b);
	bool same = buf_ok(b) && b->len == len && memcmp(b->data, bytes, len) == 0;
	arena_free(scratch);
	return same || err_set(e, ERR_INPUT, "it is not in canonical form (two spaces, keys in their order)");
}

struct standing *standing_parse(struct arena *a, const char *bytes, size_t len, const char *what,
				struct err *e)
{
	struct standing *s = arena_alloc(a, sizeof *s);
	const struct json *v = NULL;
	bool ok = len <= STANDING_MAX_BYTES ||
		  err_set(e, ERR_LIMIT, "it is larger than %d bytes", STANDING_MAX_BYTES);
	if (ok)
		v = json_parse(a, bytes, len, what, e);
	if (v != NULL && read_members(a, v, s, e) && canonical(s, bytes, len, e)) {
		s->digest = sha256_hex(a, bytes, len);
		return s;
	}
	err_wrap(e, "reading the standing approval '%s'", what);
	return NULL;
}

/* --- the scope --- */

static bool replaced(const struct plan *p, const char *source)
{
	for (size_t i = 0; i < p->step_count; i++)
		if (step_adds(p->step[i].action.op) && str_equal(p->step[i].source_policy, source))
			return true;
	return false;
}

/* A slot's kind is its source's, whatever bridges its steps need on the way. */
const char *standing_step_kind(const struct plan *p, size_t step)
{
	const struct step *s = &p->step[step];
	const char *source = s->source_policy;
	if (s->action.op == STEP_ARCHIVE_FINDING)
		return "archive-finding";
	if (str_empty(source) || !(step_adds(s->action.op) || step_removes(s->action.op)) ||
	    p->principal.type != PRINCIPAL_ROLE)
		return NULL;
	bool managed = arn_is_policy(source), aws = managed && arn_is_aws_managed(source);
	if (replaced(p, source))
		return aws ? "replace-aws-managed" : managed ? "replace-customer-managed" : "replace-inline";
	/* Nothing takes its place: it is this very policy that goes, or it is no step that is known. */
	if (managed)
		return s->action.op != STEP_DETACH_ROLE_POLICY || !str_equal(s->action.policy_arn, source) ? NULL
		       : aws ? "detach-unused-aws-managed"
			     : "detach-unused-customer-managed";
	return s->action.op == STEP_DELETE_ROLE_POLICY && str_equal(s->action.policy_name, source)
		       ? "delete-unused-inline"
		       : NULL;
}

static const char *gate_missing(struct arena *a, const struct standing *s, const struct plan *p)
{
	for (size_t i = 0; i < s->gates.count; i++) {
		size_t k = 0;
		while (k < p->gate_count && strcmp(p->gate[k].name, s->gates.item[i]) != 0)
			k++;
		if (k == p->gate_count || p->gate[k].result != GATE_PASS)
			return str_printf(a, "gate %s has to pass", s->gates.item[i]);
	}
	return plan_all_pass(p) ? NULL : "not every gate passes";
}

static const char *tag_missing(struct arena *a, const struct standing *s, const struct principal *role)
{
	for (size_t i = 0; role != NULL && i < s->tag_count; i++) {
		bool found = false;
		for (size_t k = 0; k < role->tag_count && !found; k++)
			found = str_equal(role->tag[k].key, s->tag[i].key) &&
				str_equal(role->tag[k].value, s->tag[i].value);
		if (!found)
			return str_printf(a, "the role has no tag %s=%s", s->tag[i].key, s->tag[i].value);
	}
	return NULL;
}

static bool role_named(struct arena *a, const struct standing *s, const struct plan *p)
{
	const char *full = str_printf(a, "%s%s", p->principal.path, p->principal.name);
	for (size_t i = 0; i < s->roles.count; i++)
		if (str_glob(s->roles.item[i], full))
			return true;
	return false;
}

const char *standing_outside(struct arena *a, const struct standing *s, const struct plan *p,
			     const struct principal *role)
{
	if (!str_equal(s->repository, p->repository) || !str_equal(s->branch, p->branch))
		return "it is for another repository or branch";
	if (plan_undoes(p) != NULL)
		return "a rollback is never carried out unattended";
	if (!str_list_has(&s->accounts, p->account))
		return str_printf(a, "account %s is not in its scope", p->account);
	if (!role_named(a, s, p))
		return str_printf(a, "role '%s%s' is not in its scope", p->principal.path, p->principal.name);
	if (!str_equal(s->rules_sha256, p->decision.rules_sha256))
		return str_printf(a, "it was made for the rules %.12s, and these are %.12s", s->rules_sha256,
				  p->decision.rules_sha256);
	const char *missing = tag_missing(a, s, role);
	if (missing == NULL)
		missing = gate_missing(a, s, p);
	for (size_t i = 0; i < p->step_count && missing == NULL; i++) {
		const char *kind = standing_step_kind(p, i);
		if (kind == NULL || !str_list_has(&s->steps, kind))
			missing = str_printf(a, "step %zu (%s) is not in its scope", i + 1,
					     kind != NULL ? kind : step_op_name(p->step[i].action.op));
	}
	return p->step_count == 0 ? "it has no step" : missing;
}
