/* model: the accounts, roles, users, policies, findings and keys of the sandbox, and what can be done to
 * them; private to src/sandbox. It knows no protocol: the doors (query_*.c, rest_*.c, direct.c) turn
 * requests into these calls and results into answers.
 *
 * A user is kept as a role is: it has policies, tags and a boundary alike, no trust policy and, in
 * addition, groups, access keys and a password. Each type has a table of its own, and whoever names
 * one says which type it means.
 *
 * Every role, user and policy is a slot with a history of immutable states, newest first. A write puts a
 * new state in front; a read asks for the state as of an instant. That is how reads lag behind
 * writes: they look at an earlier instant. */
#ifndef PARE_SANDBOX_MODEL_H
#define PARE_SANDBOX_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pare/arena.h"
#include "pare/buf.h"
#include "pare/catalog.h"
#include "pare/document.h"
#include "pare/principal.h"
#include "pare/sandbox.h"
#include "pare/str.h"
#include "pare/unused.h"
#include "wire.h"

/* Why AWS says no: HTTP status, the code as it stands on the wire, message. */
struct problem {
	int status;
	char code[64];
	char message[512];
};
/* Always false, so that: return problem_set(…). */
bool problem_set(struct problem *p, int status, const char *code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* --- slots --- */

struct state {
	int64_t at_ms;
	const void *object; /* struct role or struct managed; NULL: deleted */
	const struct state *before;
};

struct slot {
	const char *key;
	const char *arn; /* of the policy; NULL for roles */
	const struct state *head;
	struct account *account; /* NULL for AWS-managed policies */
	const struct state *analysed;  /* roles: the state whose findings are known */
	struct box_finding *findings;  /* roles: all there ever were */
};

struct table { /* sorted by key */
	struct slot **slot;
	size_t count, cap;
};

struct slot *table_find(const struct table *t, const char *key);
struct slot *table_add(struct arena *a, struct table *t, const char *key); /* finds or makes it */
/* Index of the first slot whose key is greater than `after` (NULL: 0). */
size_t table_after(const struct table *t, const char *after);
const void *slot_at(const struct slot *s, int64_t as_of_ms);
const void *slot_now(const struct slot *s);

/* --- things --- */

struct grants; /* findings.c: what a document allows, over the catalogue */

struct document {
	const char *text;     /* as it was sent */
	size_t size;          /* in IAM's count */
	struct policy *policy; /* NULL: does not parse; only seeded documents */
	struct grants *grants; /* made when first asked for */
};

struct policy_version {
	size_t number; /* 1: "v1" */
	int64_t created_ms;
	struct document *document;
};

struct managed {
	struct slot *slot;
	const char *arn, *name, *path, *id, *description;
	int64_t created_ms, updated_ms;
	bool attachable;
	size_t default_version, last_version;
	struct policy_version *version;
	size_t version_count;
	struct tag *tag;
	size_t tag_count;
};

struct inline_entry {
	const char *name;
	struct document *document;
};

struct box_secret { /* a user's access key or password */
	const char *id; /* "AKIA…"; NULL: the password */
	int64_t created_ms, last_used_ms; /* last used 0: never */
};

struct role { /* or a user */
	enum principal_type type;
	struct slot *slot;
	struct account *account;
	const char *name, *path, *arn, *id, *description, *trust;
	int64_t created_ms, last_used_ms; /* last used 0: never */
	const char *last_used_region;
	int64_t max_session_s;
	struct slot *boundary; /* policy, or NULL */
	struct tag *tag;
	size_t tag_count;
	struct slot **attached; /* sorted by ARN */
	size_t attached_count;
	struct inline_entry *inlines; /* sorted by name */
	size_t inline_count;
	struct str_list late; /* used lately, and no finding knows of it yet */
	struct str_list groups;    /* users: names */
	struct box_secret *secret; /* users */
	size_t secret_count;
	struct str_list used; /* "s3:GetObject": what it really does; not visible through AWS */
};

/* What is wrong with a whole account. */
enum account_fault { ACCOUNT_WELL, ACCOUNT_DENIED, ACCOUNT_THROTTLED, ACCOUNT_UNREACHABLE };
extern const char *const account_faults[]; /* by that number; "" well */

struct account {
	const char *id, *partition;
	enum account_fault fault;
	struct table roles;    /* by lower-case name: unique without case, path ignored */
	struct table users;    /* likewise */
	struct table policies; /* likewise */
	size_t attached_quota, user_attached_quota, policies_quota, roles_quota;
};

struct box_region { /* where Access Analyzer does not serve */
	const char *name;
	enum account_fault fault;
};

struct box_analyzer {
	const char *arn, *name, *region, *type, *status;
	struct account *account;
	bool organization;
	int64_t created_ms;
	int age_days;
};

struct box_finding {
	const char *id;
	enum principal_type principal;
	const char *role_id, *role_key, *resource; /* the role's or user's */
	const char *secret; /* UNUSED_KEY: its id */
	struct account *account;
	struct box_finding *next; /* of the same role name */
	enum { BOX_UNUSED_PERMISSION, BOX_UNUSED_ROLE, BOX_UNUSED_KEY, BOX_UNUSED_PASSWORD } type;
	enum { BOX_ACTIVE, BOX_ARCHIVED, BOX_RESOLVED } status;
	int64_t created_ms, updated_ms, analyzed_ms;
	int64_t last_used_ms;  /* of the role, key or password, when it was analysed */
	bool seen;             /* by the analysis under way */
	struct unused *unused; /* when it was last seen */
};

struct box_step {
	bool create; /* else detach */
	const char *existing_id, *document;
	int64_t updated_ms; /* 0: inline */
};

struct box_recommendation {
	const char *finding_id, *resource;
	int64_t started_ms, completed_ms; /* ready from then on */
	const char *error_code, *error_message; /* NULL: succeeded */
	struct box_step *step;
	size_t step_count;
};

struct box_key {
	struct wire_key wire;
	const char *user_id;
	const char *source_identity; /* of a session; or NULL */
	struct box_key *next;
};

/* Who asks, and which instant a read sees. */
struct view {
	struct sandbox *sandbox;
	struct account *account;
	int64_t as_of_ms;
};

struct pending { /* direct door: a call under way */
	struct call *call;
	int64_t due_ms;
	uint64_t number;
	struct pending *next;
};

struct fault_plan {
	double throttle, unavailable, lost, cut;
	int64_t work_ms; /* how long a recommendation takes */
	size_t nth;      /* counts down; 0 none */
	enum sandbox_fault nth_fault;
};

struct sandbox {
	struct arena *arena;
	struct sandbox_setting setting;
	const struct clock_port *clock;
	const struct catalog *catalog;
	uint64_t random;
	char broken[256]; /* why the state file could not be written; "" fine */
	bool quiet;     /* seeding: no state file */
	bool loaded;    /* from the state file: seeds are ignored */
	bool generated; /* recommendations come in mixed order */

	struct account **account;
	size_t account_count, account_cap;
	struct table aws_policies; /* by ARN */
	struct box_analyzer **analyzer;
	size_t analyzer_count, analyzer_cap;
	struct box_region *region;
	size_t region_count, region_cap;
	struct box_finding **finding; /* sorted by id */
	size_t finding_count, finding_cap;
	struct box_recommendation **recommendation; /* sorted by finding id */
	size_t recommendation_count, recommendation_cap;
	struct box_key *keys;
	const struct json *organization; /* as it stands in the seed; NULL: there is none */
	int64_t analysed_ms;
	uint64_t versions, analysed_versions; /* default versions changed so often; and as of the last analysis */

	struct fault_plan faults;
	size_t calls;
	bool killed;
	struct pending *pending;
	uint64_t pending_number;
	bool pending_owned;
};

/* --- model.c --- */
int64_t box_now(const struct sandbox *s);
uint64_t box_random(struct sandbox *s);
double box_chance(struct sandbox *s); /* 0 … 1 */
const char *box_id(struct sandbox *s, struct arena *a, const char *prefix); /* "AROA" + 17 */
const char *box_uuid(struct sandbox *s, struct arena *a);
struct account *box_account(struct sandbox *s, const char *id); /* NULL */
struct account *box_account_add(struct sandbox *s, const char *id);
struct box_analyzer *box_analyzer(struct sandbox *s, const char *arn);
enum account_fault box_region_fault(const struct sandbox *s, const char *region);
struct view view_now(struct sandbox *s, struct account *account);
struct view view_read(struct sandbox *s, struct account *account); /* lags */
/* Puts a state in front; counts the change, writes the state file. */
void box_put(struct sandbox *s, struct slot *slot, const void *object);
void box_changed(struct sandbox *s);
struct document *document_new(struct arena *a, const char *text);

/* --- limits.c: names, sizes, documents --- */
bool check_present(const char *value, const char *member, struct problem *p);
bool check_name(const char *value, const char *member, size_t max, struct problem *p);
bool check_path(const char *value, const char *member, bool policy, struct problem *p);
bool check_policy_arn(const char *value, struct problem *p);
bool check_tags(const struct tag *tag, size_t count, size_t existing, struct problem *p);
/* NULL with the problem. quota: "PolicySize" limit in IAM's count, 0 none. */
struct document *check_document(struct sandbox *s, const char *text, size_t quota, struct problem *p);
bool check_trust(const char *text, struct problem *p);
enum { POLICY_SIZE_MAX = 6144, INLINE_TOTAL_MAX = 10240, USER_INLINE_MAX = 2048, TRUST_SIZE_MAX = 2048, VERSIONS_MAX = 5, TAGS_MAX = 50 };

/* --- pages: one list, cut at an opaque marker --- */
struct page {
	const char *after; /* key of the last item of the page before, or NULL */
	size_t max;
	const char *marker; /* out: where to go on, or NULL */
};
bool page_start(struct arena *a, const char *marker, const char *max_items, size_t otherwise,
		struct page *out, struct problem *p);
void page_end(struct arena *a, struct page *page, const char *last_key);
const char *page_token(struct arena *a, const char *key);
bool page_key(struct arena *a, const char *token, const char **key);

/* --- role.c --- */
struct role_new {
	enum principal_type type;
	const char *name, *path, *trust, *description, *boundary; /* trust: roles */
	int64_t max_session_s; /* 0: 3600 */
	const struct tag *tag;
	size_t tag_count;
};
struct table *table_of(struct account *account, enum principal_type type);
const struct role *role_get(const struct view *v, enum principal_type type, const char *name,
			    struct problem *p);
const struct role *role_create(struct sandbox *s, struct account *account, const struct role_new *r,
			       struct problem *p);
bool role_delete(struct sandbox *s, struct account *account, enum principal_type type,
		 const char *name, struct problem *p);
bool role_tag(struct sandbox *s, struct account *account, enum principal_type type,
	      const char *name, const struct tag *tag, size_t count, struct problem *p);
bool role_untag(struct sandbox *s, struct account *account, enum principal_type type,
		const char *name, const struct str_list *keys, struct problem *p);
struct role *role_copy(struct sandbox *s, const struct role *r); /* to change and box_put */
bool role_modifiable(const struct role *r, struct problem *p);
struct tag *tags_merge(struct arena *a, const struct tag *old, size_t old_count,
		       const struct tag *tag, size_t count, size_t *merged);

/* --- policy.c --- */
struct policy_new {
	const char *name, *path, *document, *description;
	const struct tag *tag;
	size_t tag_count;
};
struct slot *policy_slot(const struct view *v, const char *arn);
const struct managed *policy_get(const struct view *v, const char *arn, struct problem *p);
const struct policy_version *policy_version_of(const struct managed *m, size_t number);
const struct policy_version *policy_get_version(const struct managed *m, const char *id,
						struct problem *p);
const struct managed *policy_create(struct sandbox *s, struct account *account,
				    const struct policy_new *n, struct problem *p);
const struct policy_version *policy_create_version(struct sandbox *s, struct account *account,
						   const char *arn, const char *document,
						   bool make_default, struct problem *p);
bool policy_set_default(struct sandbox *s, struct account *account, const char *arn,
			const char *version, struct problem *p);
bool policy_delete_version(struct sandbox *s, struct account *account, const char *arn,
			   const char *version, struct problem *p);
bool policy_delete(struct sandbox *s, struct account *account, const char *arn, struct problem *p);
bool policy_tag(struct sandbox *s, struct account *account, const char *arn, const struct tag *tag,
		size_t count, struct problem *p);
const char *version_name(struct arena *a, size_t number); /* "v3" */

/* --- attach.c --- */
bool attach(struct sandbox *s, struct account *account, enum principal_type type, const char *role,
	    const char *arn, struct problem *p);
bool detach(struct sandbox *s, struct account *account, enum principal_type type, const char *role,
	    const char *arn, struct problem *p);
bool inline_put(struct sandbox *s, struct account *account, enum principal_type type,
		const char *role, const char *name, const char *document, struct problem *p);
bool inline_delete(struct sandbox *s, struct account *account, enum principal_type type,
		   const char *role, const char *name, struct problem *p);
const struct inline_entry *inline_get(const struct view *v, enum principal_type type,
				      const char *role, const char *name, struct problem *p);
/* How many roles and users a policy is attached to, or bounds, in the view's account. */
size_t policy_users(const struct view *v, const struct slot *policy, bool boundary);
bool role_has(const struct role *r, const struct slot *policy);

/* --- findings.c --- */
void findings_refresh(struct sandbox *s);
struct unused *role_unused(struct sandbox *s, struct arena *a, const struct role *r);
struct box_finding *finding_get(struct sandbox *s, const struct box_analyzer *z, const char *id,
				struct problem *p);
/* Every analyzer has ids of its own for what it finds: an id of the model as z shows it, and back. The
 * first analyzer shows the model's. */
const char *finding_alias(const struct sandbox *s, struct arena *a, const struct box_analyzer *z, const char *id);
bool finding_seen_by(const struct box_analyzer *z, const struct box_finding *f);
bool finding_update(struct sandbox *s, const struct box_analyzer *z, const char *id,
		    const char *resource, const char *status, struct problem *p);
const char *box_status(const struct box_finding *f);
const char *box_finding_type(const struct box_finding *f);
int box_finding_type_of(const char *name); /* -1 */
const char *box_resource_type(const struct box_finding *f); /* "AWS::IAM::Role" */
void finding_insert(struct sandbox *s, struct box_finding *f);

/* --- recommend.c --- */
bool recommendation_generate(struct sandbox *s, const struct box_analyzer *z, const char *id,
			     struct problem *p);
struct box_recommendation *recommendation_get(struct sandbox *s, const struct box_analyzer *z,
					      const char *id, struct problem *p);
void recommendation_insert(struct sandbox *s, struct box_recommendation *r);

/* --- faults.c --- */
bool faults_parse(struct sandbox *s, const char *spec, struct err *e);
enum box_fate {
	FATE_ANSWER,
	FATE_THROTTLE,
	FATE_UNAVAILABLE_BEFORE, /* 5xx, nothing happened */
	FATE_UNAVAILABLE_AFTER,  /* 5xx, but it happened */
	FATE_CUT_BEFORE,         /* no answer, nothing happened */
	FATE_CUT_AFTER,          /* no answer, but it happened */
	FATE_KILL_BEFORE,
	FATE_KILL_AFTER,
};
enum box_fate faults_next(struct sandbox *s, bool writes);

/* --- keys.c --- */
struct box_key *key_find(struct sandbox *s, const char *id);
struct box_key *key_of_caller(struct sandbox *s, const char *arn);
struct box_key *key_add(struct sandbox *s, const char *id, const char *secret, const char *token,
			const char *account, const char *arn, const char *user_id, int64_t expires_ms);
struct assume {
	const char *role_arn, *session, *external_id, *source_identity, *caller_arn, *caller_account;
	int64_t duration_s;
};
const struct box_key *key_assume(struct sandbox *s, const struct assume *x, const struct role **role,
				 struct problem *p);

/* --- details.c: one page of everything --- */
enum { DETAILS_ROLES = 1, DETAILS_LOCAL = 2, DETAILS_AWS = 4, DETAILS_USERS = 8, DETAILS_ALL = 15 };
struct details {
	const struct role **role; /* and users */
	const struct managed **policy;
	size_t role_count, policy_count;
};
void details_page(const struct view *v, struct arena *a, int wanted, struct page *page,
		  struct details *out);
/* A role as the product's own noun; documents only when whole. */
struct principal *box_principal(const struct view *v, struct arena *a, const struct role *r, bool whole);
void box_managed(const struct view *v, struct arena *a, const struct managed *m,
		 struct managed_policy *out);
const char *box_time(struct arena *a, int64_t ms); /* ISO 8601, seconds */

/* --- state.c --- */
bool state_read(struct sandbox *s, const char *text, size_t len, const char *what, struct err *e);
bool state_load(struct sandbox *s, struct err *e);
void state_save(struct sandbox *s);

#endif
