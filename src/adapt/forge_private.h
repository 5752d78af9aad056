/* forge: what the three forges share; private to src/adapt/forge*. */
#ifndef PARE_FORGE_PRIVATE_H
#define PARE_FORGE_PRIVATE_H

#include "pare/buf.h"
#include "pare/forge.h"
#include "pare/http.h"
#include "pare/json.h"

struct forge_place {
	const char *api;     /* "https://api.github.com", without '/' at its end */
	const char *project; /* "acme/iam-review" */
	const char *web;     /* "https://github.com/acme/iam-review" */
};

/* What one person said last about a plan's pull request. */
struct forge_verdict {
	int64_t person; /* the forge's number: names can change hands */
	const char *name;
	bool approves;
	const char *commit; /* the review was made on */
	const char *at;
	int64_t at_ms;
	const struct pull *pull;
};

struct forge_verdicts {
	struct arena *arena;
	struct forge_verdict *item;
	size_t count, cap;
	struct str_list excluded; /* names, lower case: who opened or wrote to the pull request */
};

struct forge {
	struct arena *arena;
	const struct forge_kind *kind;
	struct forge_place place;
	const char *repo; /* path of the project below the API: "/repos/acme/iam-review" */
	const char *base; /* the protected branch */
	struct http *http;
	bool (*exchange)(void *with, struct http_exchange *x); /* http_do, or a test's */
	void *with;
	char *token; /* NULL after it went into auth; for taking it out of messages */
	struct http_header auth;
	const struct review_port *review;
	const struct clock_port *clock;
	/* merged pull requests changed since then: many plans ask */
	struct pull *recent;
	size_t recent_count;
	int64_t recent_since_ms;
	bool recent_known;
};

struct forge_kind {
	const char *name;
	const char *scheme;    /* of the authorization header */
	const char *page_size; /* the parameter's name */
	int pull_page;         /* pull requests a page */
	const char *pull_ref;  /* before the number, and after it "/head" */
	size_t body_max;
	const char *file_below; /* between the project's page and "<commit>/<path>" */
	const char *pull_below; /* between it and the number */
	const char *request;    /* what it calls a pull request */
	const char *pulls;      /* the list of them, below the project */
	const char *method;     /* that changes one */
	const char *text_key;   /* its text */
	const char *close_key, *close_value;
	const char *comments_of, *comments_below; /* before the number and after it, below the project */
	const char *status_bad, *status_name;     /* a commit status: the word for failed, the name's key */
	/* The query that lists merged ones to the protected branch, newest change first. */
	const char *(*recent_query)(const struct forge *f, struct arena *a, int64_t since_ms);
	/* One of a list; *ours false: of a fork, or to another branch. */
	bool (*read_pull)(struct forge *f, struct arena *a, const struct json *v, struct pull *out,
			  bool *ours, struct err *e);
	/* Does a review decide, and how; for hub_verdicts. */
	bool (*says)(const struct json *review, bool *approves);
	bool (*verdicts)(struct forge *f, struct arena *a, const struct pull *p,
			 struct forge_verdicts *out, struct err *e);
	void (*fill)(struct forge_port *port);
};
extern const struct forge_kind forge_github, forge_gitlab, forge_gitea;

/* forge.c: of the pull requests listed at path those of the branch: the open one, else the merged,
 * else the newest. Replaces *out where it finds a better one. */
bool forge_search(struct forge *f, struct arena *a, const char *path, const char *branch,
		  struct pull **out, struct err *e);

/* Sends what the caller filled in of a new pull request, and reads what became of it. */
bool forge_create(struct forge *f, struct arena *a, struct json_writer *w, struct pull **out, struct err *e);
bool forge_change(struct forge *f, int64_t number, const char *key, const char *value, struct err *e);

/* --- forge_place.c, forge_token.c, forge.c --- */

bool forge_place_find(struct arena *a, const struct config *config, const struct forge_kind *kind,
		      struct forge_place *out, struct err *e);
/* The functions of the kind. */
struct forge_port forge_port_of(struct forge *f);
bool forge_address_safe(const char *api); /* https, or this machine */
bool forge_token_find(struct forge *f, const struct config *config, struct err *e);

/* --- forge_http.c --- */

struct forge_call {
	struct arena *arena; /* the answer's */
	const char *method;
	const char *path; /* below the API, encoded */
	const struct buf *body;
	/* answer */
	long status;
	const struct json *json; /* NULL: an empty body */
	bool has_more, says_more; /* pages: is there a next one, and does it say so at all */
};

/* true: a status of 2xx whose body is JSON (or empty). Waits out rate limits of up to two minutes,
 * and tries again what may be sent again. */
bool forge_do(struct forge *f, struct forge_call *c, struct err *e);
/* All elements of an array that comes in pages. take may stop it early. */
bool forge_pages(struct forge *f, struct arena *a, const char *path, int page_size,
		 bool (*take)(void *user, const struct json *item, bool *enough, struct err *e),
		 void *user, struct err *e);
/* Without the token, printable. */
char *forge_redacted(const struct forge *f, struct arena *a, const char *text);
/* Opens a JSON object to send. */
struct buf *forge_body(struct arena *a, struct json_writer *w);
bool forge_send(struct forge *f, const char *method, const char *path, struct json_writer *w,
		struct err *e);

/* --- forge_reviews.c --- */

bool forge_carriers(void *self, struct arena *a, const struct plan *plan, struct pull **out,
		    size_t *count, struct err *e);
bool forge_reviews(void *self, struct arena *a, const struct plan *plan,
		   struct approval_note **notes, size_t *count, struct err *e);
/* Keeps the newer of two things that a person said. */
void forge_say(struct forge_verdicts *all, struct forge_verdict said);
void forge_exclude(struct forge_verdicts *all, const char *name);
bool forge_commit_valid(const char *text);

/* --- forge_github.c, also for Gitea --- */

bool hub_ask(void *self, int64_t number, const struct str_list *people, struct err *e);
bool hub_create(void *self, struct arena *a, const char *branch, const char *title,
		const char *body, struct pull **out, struct err *e);
bool hub_read_pull(struct forge *f, struct arena *a, const struct json *v, struct pull *out,
		   bool *ours, struct err *e);
bool hub_verdicts(struct forge *f, struct arena *a, const struct pull *p,
		  struct forge_verdicts *out, struct err *e);

#endif
