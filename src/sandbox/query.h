/* query: IAM's and STS's protocol: form parameters in, XML out; private to src/sandbox. */
#ifndef PARE_SANDBOX_QUERY_H
#define PARE_SANDBOX_QUERY_H

#include "model.h"

struct query {
	struct sandbox *s;
	struct arena *a;
	const struct wire_request *request;
	struct view read, now; /* reads lag, writes do not */
	struct account *account;
	struct buf *out; /* inside <XResult> */
	struct problem *p;
	enum principal_type type; /* whom the operation is about: RoleName or UserName */
};

struct query_op {
	const char *name;
	bool writes;
	bool (*run)(struct query *q); /* false: q->p says why */
	bool empty;                   /* has no result element */
	bool user;                    /* names a user, not a role */
};

/* Ends with a NULL name. */
extern const struct query_op query_role_ops[], query_policy_ops[], query_details_ops[], query_check_ops[],
	query_sts_ops[];

void query_handle(struct sandbox *s, struct wire_request *request, struct wire_answer *answer);
bool query_writes(const struct wire_request *request);
void query_error(const struct wire_answer *answer, bool sts, int status, const char *code,
		 const char *message);

/* Parameters; NULL when absent. */
const char *query_get(const struct query *q, const char *name);
bool query_number(const struct query *q, const char *name, int64_t otherwise, int64_t *out);
struct tag *query_tags(const struct query *q, size_t *count);
void query_list(const struct query *q, const char *name, struct str_list *out);
bool query_page(const struct query *q, struct page *page);

/* Elements. Text NULL: left out. */
void put_open(struct query *q, const char *name);
void put_close(struct query *q, const char *name);
void put_text(struct query *q, const char *name, const char *text);
void put_document_text(struct query *q, const char *name, const char *text); /* percent-encoded */
void put_number(struct query *q, const char *name, int64_t value);
void put_bool(struct query *q, const char *name, bool value);
void put_when(struct query *q, const char *name, int64_t ms);
void put_xml_tags(struct query *q, const struct tag *tag, size_t count);
void put_page(struct query *q, const struct page *page); /* IsTruncated, Marker */
void put_boundary(struct query *q, const struct role *r);
/* "RoleName" or "UserName". */
const char *query_principal_key(const struct query *q);
void put_last_used(struct query *q, const struct role *r);

#endif
