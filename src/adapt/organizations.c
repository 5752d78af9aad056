/* organizations: AWS Organizations as the organization port, over JSON 1.1: reads only. Lists come in
 * pages, of which any may be empty while a further one follows. */
#include <stdio.h>
#include <string.h>

#include "aws_private.h"
#include "pare/arn.h"
#include "pare/digest.h"
#include "pare/json.h"
#include "pare/organization.h"
#include "pare/str.h"
#include "pare/version.h"

enum { PAGE = 20 /* the most that AWS gives */, PAGES_MAX = 100000, REQUEST_MAX = 256 * 1024 };

struct organizations {
	struct credential_chain *credentials;
	const struct clock_port *clock;
	struct http *http;
	struct aws_endpoint endpoint;
	struct retry retry;
	int64_t offset_ms; /* AWS's clock minus ours */
};

void organizations_message(struct arena *a, const struct aws_endpoint *at, const char *op,
			   const char *body, size_t len, struct aws_message *out)
{
	*out = (struct aws_message){.endpoint = at,
				    .method = "POST",
				    .path = "/",
				    .content_type = "application/x-amz-json-1.1",
				    .target = str_printf(a, "AWSOrganizationsV20161128.%s", op),
				    .body = body,
				    .body_len = len};
}

/* --- answers --- */

static const struct {
	const char *code;
	enum err_kind kind;
	const char *hint; /* what to do */
} known[] = {
	{"AccessDeniedException", ERR_AUTH,
	 "Organizations answers its management account and delegated administrators only: use the credentials "
	 "of one, and allow what examples/iam/planner.json lists for it, or name accounts by their ids"},
	{"AWSOrganizationsNotInUseException", ERR_NOT_FOUND,
	 "the account of these credentials is in no organization: use those of an organization's management "
	 "account, or name accounts by their ids"},
	{"ParentNotFoundException", ERR_NOT_FOUND,
	 "this organization has no such unit: 'aws organizations list-organizational-units-for-parent' "
	 "shows those that it has"},
	{"OrganizationalUnitNotFoundException", ERR_NOT_FOUND,
	 "this organization has no such unit: 'aws organizations list-organizational-units-for-parent' "
	 "shows those that it has"},
	{"TargetNotFoundException", ERR_NOT_FOUND, "the account has left the organization: run again"},
	{"ServiceException", ERR_UNAVAILABLE, NULL},
};

static void refused(struct arena *a, const char *op, long status, const char *code, const char *words,
		    struct err *e)
{
	enum err_kind kind = aws_error_kind(code, status, false);
	const char *hint = NULL;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(known[i].code, code) == 0) {
			kind = known[i].kind;
			hint = known[i].hint;
		}
	if (words != NULL) /* its full stop is not ours */
		words = arena_copy(a, words, strlen(words) - (hint != NULL && str_ends(words, ".")));
	err_set(e, kind, "%s: HTTP status %ld%s%s%s%s%s%s", op, status, *code != '\0' ? ": " : "",
		str_printable(a, code, false), words != NULL ? ": " : "",
		words != NULL ? str_printable(a, words, false) : "", hint != NULL ? "; " : "",
		hint != NULL ? hint : "");
	snprintf(e->code, sizeof e->code, "%s", strlen(code) < sizeof e->code ? code : "");
	str_make_printable(e->code, false);
}

/* NULL: an error. What is given back lives in a. */
static const struct json *answer(struct arena *a, const char *op, const struct http_exchange *x,
				 struct err *e)
{
	struct err none;
	const struct json *root = json_parse(a, x->response, x->response_len, op, &none);
	if (root != NULL && root->type != JSON_OBJECT)
		root = NULL;
	if (x->status == 200 && root != NULL)
		return root;
	const char *words = json_text(root, "Message");
	if (words == NULL)
		words = json_text(root, "message");
	if (x->status == 200)
		err_set(e, ERR_INPUT, "%s: the answer is none of Organizations' (a proxy, or another endpoint?)", op);
	else
		refused(a, op, x->status,
			aws_json_code(a, http_response_header(x, "x-amzn-errortype"), root), words, e);
	return NULL;
}

/* --- one request --- */

static int64_t now(const struct organizations *o)
{
	return o->clock->now_ms(o->clock->self);
}

struct attempt {
	struct http_exchange x;
	int64_t used_ms;
	const char *key_id;
};

struct asking { /* what was tried so far */
	struct call call; /* what the retry rules judge by: an operation that reads, and how it ended */
	bool skew_tried, renew_tried;
	int cost; /* of the last retry, in the bucket's tokens */
};

static const struct json *once(struct organizations *o, struct arena *moment, struct arena *a,
			       const char *op, const struct buf *body, struct attempt *t, struct err *e)
{
	struct aws_message m;
	const struct credentials *keys = credentials_get(o->credentials, e);
	if (keys == NULL)
		return NULL;
	t->used_ms = o->offset_ms;
	t->key_id = arena_strdup(moment, keys->access_key_id);
	organizations_message(moment, &o->endpoint, op, body->data, body->len, &m);
	aws_sign(moment, &m, keys, now(o) + o->offset_ms, &t->x);
	if (http_do(o->http, &t->x))
		return answer(a, op, &t->x, e);
	*e = t->x.err;
	if (t->x.oversize)
		e->kind = ERR_LIMIT; /* it would be as large again */
	else if (e->kind == ERR_UNCERTAIN)
		e->kind = ERR_UNAVAILABLE; /* a question does no harm when it is asked again */
	err_wrap(e, "%s", op);
	return NULL;
}

/* How long to wait before it is asked again; -1: it is not. */
static int64_t wait_ms(struct organizations *o, struct asking *k, const struct attempt *t)
{
	const struct call *call = &k->call;
	uint32_t random;
	if (o->retry.correct_skew && !k->skew_tried &&
	    retry_skewed(call, &t->x, now(o), t->used_ms, &o->offset_ms)) {
		k->skew_tried = true;
		return 0;
	}
	if (!k->renew_tried && str_starts(call->err.code, "ExpiredToken") &&
	    credentials_renew(o->credentials, t->key_id)) {
		k->renew_tried = true;
		return 0;
	}
	enum retry_cause cause = retry_cause_of(call);
	if (cause == RETRY_TRANSIENT && t->x.timed_out)
		cause = RETRY_TIMEOUT;
	int cost = retry_allowed(&o->retry, call) ? retry_take(&o->retry, cause) : 0;
	if (cost == 0)
		return -1;
	k->cost = cost;
	random_bytes(&random, sizeof random);
	return retry_after_ms(&o->retry, &t->x, retry_delay_ms(&o->retry, cause, call->attempts, random));
}

/* The answer, in a; NULL: *e says why. */
static const struct json *ask(struct organizations *o, struct arena *a, const char *op,
			      const struct buf *body, struct err *e)
{
	struct asking k = {.call = {.op = CALL_LIST_ANALYZERS, .arena = a}};
	for (;;) {
		if (o->clock->interrupted(o->clock->self)) {
			err_set(e, ERR_INTERRUPTED, "%s: interrupted", op);
			return NULL;
		}
		struct arena *moment = arena_new(NULL);
		struct attempt t = {.key_id = ""};
		const struct json *root = once(o, moment, a, op, body, &t, &k.call.err);
		k.call.ok = root != NULL;
		k.call.attempts++;
		int64_t wait = k.call.ok ? -1 : wait_ms(o, &k, &t);
		arena_free(moment);
		if (k.call.ok) {
			retry_give(&o->retry, k.cost);
			return root;
		}
		if (wait < 0) {
			*e = k.call.err;
			return NULL;
		}
		if (wait > 0)
			o->clock->sleep_until(o->clock->self, now(o) + wait);
	}
}

/* --- lists --- */

struct listing {
	const char *op;
	const char *of, *id; /* the member that says of what, or NULL */
	const char *items;   /* the answer's list */
	bool sized;          /* takes MaxResults */
	bool (*take)(struct arena *a, const struct json *item, void *to);
};

static const struct json *page(struct organizations *o, struct arena *a, const struct listing *l,
			       const char *token, struct err *e)
{
	struct buf *body = buf_new(a, REQUEST_MAX);
	struct json_writer w;
	json_start(&w, body, true);
	json_open(&w, '{');
	if (l->of != NULL)
		json_member_text(&w, l->of, l->id);
	if (l->sized)
		json_member_integer(&w, "MaxResults", PAGE);
	if (token != NULL)
		json_member_text(&w, "NextToken", token);
	json_close(&w, '}');
	if (!buf_ok(body)) {
		err_set(e, ERR_LIMIT, "%s: the token of the next page is too long", l->op);
		return NULL;
	}
	return ask(o, a, l->op, body, e);
}

static bool malformed(const struct listing *l, struct err *e)
{
	return err_set(e, ERR_INPUT, "%s: the answer's '%s' is not what it must be", l->op, l->items);
}

static bool list(struct organizations *o, struct arena *a, const struct listing *l, void *to,
		 struct err *e)
{
	const char *token = NULL;
	for (size_t pages = 0;; pages++) {
		const struct json *root = page(o, a, l, token, e);
		const struct json *items = json_get(root, l->items);
		if (root == NULL)
			return false;
		if (items != NULL && items->type != JSON_ARRAY && items->type != JSON_NULL)
			return malformed(l, e);
		for (const struct json *i = items != NULL ? items->first : NULL; i != NULL; i = i->next)
			if (!l->take(a, i, to))
				return malformed(l, e);
		const char *next = json_text(root, "NextToken");
		if (str_empty(next))
			return true;
		if (str_equal(next, token) || pages >= PAGES_MAX)
			return err_set(e, ERR_INPUT, "%s: the pages have no end", l->op);
		token = next;
	}
}

/* Status is what State is called until September 2026. */
static const char *state_of(const struct json *account)
{
	const char *state = json_text(account, "State");
	return state != NULL ? state : json_text(account, "Status");
}

struct member_list {
	struct member_account *item;
	size_t count, cap;
};

static bool take_account(struct arena *a, const struct json *item, void *to)
{
	struct member_list *l = to;
	const char *id = json_text(item, "Id"), *name = json_text(item, "Name"), *state = state_of(item);
	if (!account_id_valid(id) || state == NULL)
		return false;
	l->item = arena_grow(a, l->item, l->count, &l->cap, sizeof *l->item);
	l->item[l->count++] = (struct member_account){id, name != NULL ? str_printable(a, name, false) : "",
						      str_printable(a, state, false)};
	return true;
}

static bool take_account_id(struct arena *a, const struct json *item, void *to)
{
	const char *id = json_text(item, "Id");
	if (!account_id_valid(id))
		return false;
	str_list_add(a, to, id);
	return true;
}

static bool take_unit_id(struct arena *a, const struct json *item, void *to)
{
	const char *id = json_text(item, "Id");
	if (!unit_id_valid(id))
		return false;
	str_list_add(a, to, id);
	return true;
}

struct tag_list {
	struct tag *item;
	size_t count, cap;
};

static bool take_tag(struct arena *a, const struct json *item, void *to)
{
	struct tag_list *l = to;
	const char *key = json_text(item, "Key"), *value = json_text(item, "Value");
	if (key == NULL || value == NULL)
		return false;
	l->item = arena_grow(a, l->item, l->count, &l->cap, sizeof *l->item);
	l->item[l->count++] = (struct tag){key, value};
	return true;
}

/* --- the port --- */

static bool accounts(void *self, struct arena *a, struct member_account **out, size_t *count,
		     struct err *e)
{
	struct member_list l = {0};
	const struct listing all = {"ListAccounts", NULL, NULL, "Accounts", true, take_account};
	if (!list(self, a, &all, &l, e))
		return err_wrap(e, "asking AWS Organizations for its accounts");
	*out = l.item;
	*count = l.count;
	return true;
}

static bool inside(void *self, struct arena *a, const char *unit, struct str_list *accounts_in,
		   struct str_list *units, struct err *e)
{
	const struct listing of_accounts = {"ListAccountsForParent", "ParentId", unit, "Accounts", true,
					    take_account_id};
	const struct listing of_units = {"ListOrganizationalUnitsForParent", "ParentId", unit,
					 "OrganizationalUnits", true, take_unit_id};
	return (list(self, a, &of_accounts, accounts_in, e) &&
		list(self, a, &of_units, units, e)) ||
	       err_wrap(e, "asking AWS Organizations what is in '%s'", unit);
}

static bool tags(void *self, struct arena *a, const char *account, struct tag **out, size_t *count,
		 struct err *e)
{
	struct tag_list l = {0};
	const struct listing all = {"ListTagsForResource", "ResourceId", account, "Tags", false, take_tag};
	if (!list(self, a, &all, &l, e))
		return err_wrap(e, "asking AWS Organizations for the tags of account %s", account);
	*out = l.item;
	*count = l.count;
	return true;
}

bool organizations_open(struct arena *a, const char *region, struct credential_chain *credentials,
			const struct clock_port *clock, struct organization_port *out, struct err *e)
{
	struct organizations *o = arena_alloc(a, sizeof *o);
	struct http_setting http = http_setting_default();
	struct arena *scratch = arena_new(NULL); /* holds every profile's secrets */
	struct profile_set set = {0};
	*o = (struct organizations){.credentials = credentials, .clock = clock};
	bool ok = profile_read(scratch, &set, e) && retry_setting(&set, 0, &o->retry, e) &&
		  endpoint_of(a, "organizations", region, &set, &o->endpoint, e);
	http.ca_bundle = ok ? arena_strdup(a, profile_setting(&set, "AWS_CA_BUNDLE", "ca_bundle")) : NULL;
	http.user_agent = "pare/" PARE_VERSION;
	arena_free(scratch);
	o->http = ok ? http_new(a, &http, e) : NULL;
	*out = (struct organization_port){o, accounts, inside, tags};
	return o->http != NULL;
}
