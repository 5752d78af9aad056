#include "organization.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pare/arn.h"
#include "pare/organization.h"

static const char target_prefix[] = "AWSOrganizationsV20161128.";
static const char id_text[] = "o-exampleorgid";
enum { PAGE = 20 };

/* --- the seed --- */

#define ONLY(v, what, e, ...)                                                                       \
	json_only((v), (const char *const[]){__VA_ARGS__},                                          \
		  sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *), (what), (e))

static const struct json *list_of(const struct json *v, const char *key)
{
	const struct json *list = json_get(v, key);
	return list != NULL && list->type == JSON_ARRAY ? list : NULL;
}

static const struct json *first_of(const struct json *v, const char *key)
{
	const struct json *list = list_of(v, key);
	return list != NULL ? list->first : NULL;
}

static bool check_account(struct sandbox *s, const struct json *v, struct str_list *seen,
			  const char *what, struct err *e)
{
	const char *id = json_text(v, "id");
	const struct json *tags = json_get(v, "tags");
	if (!ONLY(v, what, e, "id", "name", "state", "tags"))
		return false;
	if (!account_id_valid(id) || str_list_has(seen, id))
		return err_set(e, ERR_INPUT,
			       "reading '%s': organization: account '%s': expected twelve digits, and each once", what,
			       id != NULL ? id : "");
	for (const struct json *t = tags != NULL ? tags->first : NULL; t != NULL; t = t->next)
		if (tags->type != JSON_OBJECT || t->type != JSON_STRING)
			return err_set(e, ERR_INPUT,
				       "reading '%s': organization: account %s: expected 'tags' to be an object of texts",
				       what, id);
	str_list_add(s->arena, seen, arena_strdup(s->arena, id));
	box_account_add(s, arena_strdup(s->arena, id));
	return true;
}

/* What a root and a unit have alike; units lie inside each other, as deep as JSON does. */
static bool check_inside(struct sandbox *s, const struct json *v, struct str_list *seen,
			 const char *what, struct err *e)
{
	for (const struct json *x = first_of(v, "accounts"); x != NULL; x = x->next)
		if (!check_account(s, x, seen, what, e))
			return false;
	for (const struct json *x = first_of(v, "units"); x != NULL; x = x->next) {
		const char *id = json_text(x, "id");
		if (!ONLY(x, what, e, "id", "name", "accounts", "units"))
			return false;
		if (!unit_id_valid(id) || str_list_has(seen, id))
			return err_set(e, ERR_INPUT,
				       "reading '%s': organization: unit '%s': expected ou-ROOT-8LETTERS, and each once",
				       what, id != NULL ? id : "");
		str_list_add(s->arena, seen, arena_strdup(s->arena, id));
		if (!check_inside(s, x, seen, what, e))
			return false;
	}
	return true;
}

bool organization_check(struct sandbox *s, const struct json *v, const char *what, struct err *e)
{
	struct str_list seen = {0};
	if (!ONLY(v, what, e, "management", "delegated", "root", "page", "emptyPages", "accounts", "units"))
		return false;
	if (!unit_id_valid(json_text(v, "root")))
		return err_set(e, ERR_INPUT, "reading '%s': organization: expected 'root' as r-ab12", what);
	return check_inside(s, v, &seen, what, e);
}

/* --- one exchange --- */

struct question {
	struct sandbox *s;
	struct arena *a;
	const struct json *organization, *body;
	struct json_writer out;
	struct problem *p;
	const char *reason; /* of an InvalidInputException */
};

struct items {
	const struct json **item;
	size_t count, cap;
};

static void add(struct question *q, struct items *l, const struct json *x)
{
	l->item = arena_grow(q->a, l->item, l->count, &l->cap, sizeof(const struct json *));
	l->item[l->count++] = x;
}

static void add_list(struct question *q, struct items *l, const struct json *of, const char *key)
{
	for (const struct json *x = first_of(of, key); x != NULL; x = x->next)
		add(q, l, x);
}

static void add_accounts(struct question *q, struct items *l, const struct json *of)
{
	add_list(q, l, of, "accounts");
	for (const struct json *x = first_of(of, "units"); x != NULL; x = x->next)
		add_accounts(q, l, x);
}

static const struct json *unit_in(const struct json *of, const char *id)
{
	const struct json *found = NULL;
	for (const struct json *x = first_of(of, "units"); x != NULL && found == NULL; x = x->next)
		found = str_equal(json_text(x, "id"), id) ? x : unit_in(x, id);
	return found;
}

static bool invalid(struct question *q, const char *reason)
{
	q->reason = reason;
	return problem_set(q->p, 400, "InvalidInputException", "You specified an invalid value.");
}

static const struct json *parent(struct question *q)
{
	const char *id = json_text(q->body, "ParentId");
	const struct json *found = str_equal(id, json_text(q->organization, "root"))
					   ? q->organization
					   : unit_in(q->organization, id);
	if (id == NULL)
		invalid(q, "INPUT_REQUIRED");
	else if (!unit_id_valid(id))
		invalid(q, "INVALID_PATTERN");
	else if (found == NULL)
		problem_set(q->p, 400, "ParentNotFoundException", "You specified parent that doesn't exist.");
	return id != NULL && unit_id_valid(id) ? found : NULL;
}

/* A token says where to go on, twice the index, and whether the empty page before was given. */
static bool place(struct question *q, size_t count, size_t *index, bool *given)
{
	const struct json *token = json_get(q->body, "NextToken");
	const char *text = json_text(q->body, "NextToken"), *key;
	*index = 0;
	*given = false;
	if (token == NULL || token->type == JSON_NULL)
		return true;
	if (text == NULL || !page_key(q->a, text, &key))
		return invalid(q, "INVALID_NEXT_TOKEN");
	size_t number = (size_t)strtoul(key, NULL, 10);
	*index = number / 2;
	*given = number % 2 != 0;
	return *index <= count || invalid(q, "INVALID_NEXT_TOKEN");
}

static bool sized(struct question *q, size_t *max)
{
	const struct json *asked = json_get(q->body, "MaxResults");
	int64_t own = PAGE, n = PAGE;
	*max = PAGE;
	if (asked != NULL && (!json_integer(asked, &n) || n > PAGE))
		return invalid(q, "MAX_VALUE_EXCEEDED");
	if (n < 1)
		return invalid(q, "MIN_VALUE_EXCEEDED");
	if (json_integer(json_get(q->organization, "page"), &own) && own >= 1 && own < n)
		n = own;
	*max = (size_t)n;
	return true;
}

static bool put_page(struct question *q, const char *name, const struct items *l,
		     void (*put)(struct question *q, const struct json *x))
{
	size_t index, max;
	bool given;
	if (!place(q, l->count, &index, &given) || !sized(q, &max))
		return false;
	bool empty = json_bool(q->organization, "emptyPages", false) && !given && l->count > 0;
	size_t end = empty ? index : index + max < l->count ? index + max : l->count;
	json_open(&q->out, '{');
	json_key(&q->out, name);
	json_open(&q->out, '[');
	for (size_t i = index; i < end; i++)
		put(q, l->item[i]);
	json_close(&q->out, ']');
	if (end < l->count)
		json_member_text(&q->out, "NextToken", page_token(q->a, str_printf(q->a, "%zu", 2 * end + empty)));
	json_close(&q->out, '}');
	return true;
}

static const char *arn(struct question *q, const char *what, const char *id)
{
	const char *management = json_text(q->organization, "management");
	return str_printf(q->a, "arn:aws:organizations::%s:%s/%s/%s",
			  management != NULL ? management : q->s->account[0]->id, what, id_text, id);
}

/* State took over from Status in September 2026; both are said, as AWS does in between. */
static void put_account(struct question *q, const struct json *x)
{
	const char *id = json_text(x, "id"), *name = json_text(x, "name"), *state = json_text(x, "state");
	struct json_writer *w = &q->out;
	state = state != NULL ? state : "ACTIVE";
	json_open(w, '{');
	json_member_text(w, "Id", id);
	json_member_text(w, "Arn", arn(q, "account", id));
	json_member_text(w, "Email", str_printf(q->a, "%s@example.com", id));
	json_member_text(w, "Name", name != NULL ? name : id);
	if (strcmp(state, "PENDING_ACTIVATION") != 0 && strcmp(state, "CLOSED") != 0)
		json_member_text(w, "Status", state);
	json_member_text(w, "State", state);
	json_member_text(w, "JoinedMethod", "CREATED");
	json_member_integer(w, "JoinedTimestamp", 1481835741);
	json_close(w, '}');
}

static void put_unit(struct question *q, const struct json *x)
{
	const char *id = json_text(x, "id"), *name = json_text(x, "name");
	json_open(&q->out, '{');
	json_member_text(&q->out, "Id", id);
	json_member_text(&q->out, "Arn", arn(q, "ou", id));
	json_member_text(&q->out, "Name", name != NULL ? name : id);
	json_close(&q->out, '}');
}

static void put_root(struct question *q, const struct json *x)
{
	const char *id = json_text(x, "root");
	json_open(&q->out, '{');
	json_member_text(&q->out, "Id", id);
	json_member_text(&q->out, "Arn", arn(q, "root", id));
	json_member_text(&q->out, "Name", "Root");
	json_key(&q->out, "PolicyTypes");
	json_open(&q->out, '[');
	json_close(&q->out, ']');
	json_close(&q->out, '}');
}

static void put_tag(struct question *q, const struct json *x)
{
	json_open(&q->out, '{');
	json_member_text(&q->out, "Key", x->key);
	json_member_text(&q->out, "Value", x->text);
	json_close(&q->out, '}');
}

static bool list_accounts(struct question *q)
{
	struct items l = {0};
	add_accounts(q, &l, q->organization);
	return put_page(q, "Accounts", &l, put_account);
}

static bool list_accounts_for_parent(struct question *q)
{
	struct items l = {0};
	const struct json *of = parent(q);
	if (of == NULL)
		return false;
	add_list(q, &l, of, "accounts");
	return put_page(q, "Accounts", &l, put_account);
}

static bool list_units_for_parent(struct question *q)
{
	struct items l = {0};
	const struct json *of = parent(q);
	if (of == NULL)
		return false;
	add_list(q, &l, of, "units");
	return put_page(q, "OrganizationalUnits", &l, put_unit);
}

static bool list_roots(struct question *q)
{
	struct items l = {0};
	add(q, &l, q->organization);
	return put_page(q, "Roots", &l, put_root);
}

static bool list_tags(struct question *q)
{
	struct items all = {0}, l = {0};
	const char *id = json_text(q->body, "ResourceId");
	if (id == NULL)
		return invalid(q, "INPUT_REQUIRED");
	add_accounts(q, &all, q->organization);
	for (size_t i = 0; i < all.count; i++) {
		if (!str_equal(json_text(all.item[i], "id"), id))
			continue;
		const struct json *tags = json_get(all.item[i], "tags");
		for (const struct json *x = tags != NULL ? tags->first : NULL; x != NULL; x = x->next)
			add(q, &l, x);
		return put_page(q, "Tags", &l, put_tag);
	}
	return problem_set(q->p, 400, "TargetNotFoundException", "You specified a target that doesn't exist.");
}

static const struct {
	const char *name;
	bool (*run)(struct question *q);
} operations[] = {{"ListAccounts", list_accounts},
		  {"ListAccountsForParent", list_accounts_for_parent},
		  {"ListOrganizationalUnitsForParent", list_units_for_parent},
		  {"ListRoots", list_roots},
		  {"ListTagsForResource", list_tags}};
enum { OPERATIONS = sizeof operations / sizeof operations[0] };

const char *organization_operation(const char *target)
{
	return target != NULL && str_starts(target, target_prefix) ? target + strlen(target_prefix) : NULL;
}

static void put_error(struct wire_answer *answer, const char *code, const char *message, const char *reason)
{
	struct json_writer w;
	buf_clear(answer->body);
	json_start(&w, answer->body, true);
	json_open(&w, '{');
	json_member_text(&w, "__type", code);
	json_member_text(&w, "Message", message);
	if (reason != NULL)
		json_member_text(&w, "Reason", reason);
	json_close(&w, '}');
}

void organization_error(struct wire_answer *answer, const char *code, const char *message)
{
	put_error(answer, code, message, NULL);
}

/* The management account and those it delegated to. */
static bool may_ask(const struct question *q, const char *account)
{
	const char *management = json_text(q->organization, "management");
	if (strcmp(account, management != NULL ? management : q->s->account[0]->id) == 0)
		return true;
	for (const struct json *x = first_of(q->organization, "delegated"); x != NULL; x = x->next)
		if (str_equal(x->text, account))
			return true;
	return false;
}

static bool answer_question(struct question *q, const struct wire_request *r)
{
	struct err e;
	size_t i = 0;
	while (i < OPERATIONS && strcmp(operations[i].name, r->target) != 0)
		i++;
	if (i == OPERATIONS)
		return problem_set(q->p, 400, "UnknownOperationException", "No operation %.100s", r->target);
	q->body = json_parse(q->a, r->body, r->body_len, "request", &e);
	if (q->body == NULL || q->body->type != JSON_OBJECT)
		return problem_set(q->p, 400, "SerializationException", "The request body is not a JSON object");
	if (q->organization == NULL)
		return problem_set(q->p, 400, "AWSOrganizationsNotInUseException",
				   "Your account is not a member of an organization.");
	if (!may_ask(q, r->account))
		return problem_set(q->p, 400, "AccessDeniedException",
				   "You don't have permissions to access this resource.");
	return operations[i].run(q);
}

void organization_handle(struct sandbox *s, struct wire_request *request, struct wire_answer *answer)
{
	struct problem p = {0};
	struct question q = {.s = s, .a = request->arena, .organization = s->organization, .p = &p};
	json_start(&q.out, answer->body, true);
	if (answer_question(&q, request))
		return;
	answer->status = p.status;
	put_error(answer, p.code, p.message, q.reason);
}
