/* port: what the flow asks of the world. Adapters implement these for AWS over HTTP, git, Lua and
 * the disk; the sandbox implements them on its model with a virtual clock, for tests.
 *
 * Safety is structural: a `struct write_port` is handed only to apply and rollback. Code that
 * gathers, judges, drafts or proves has no way to write to AWS. */
#ifndef PARE_PORT_H
#define PARE_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pare/call.h"
#include "pare/decision.h"
#include "pare/finding.h"
#include "pare/principal.h"
#include "pare/ssh_key.h"

struct approval_note;
struct plan;

struct approval_note;
struct plan;

/* Time. sleep_until may return early, when interrupted() has become true. */
struct clock_port {
	void *self;
	int64_t (*now_ms)(void *self);
	void (*sleep_until)(void *self, int64_t until_ms);
	bool (*interrupted)(void *self); /* SIGINT, SIGTERM or SIGHUP was seen */
};

/* AWS, reading only: start refuses (aborts: it is a programming error) a call that writes.
 * Any number may be started; next waits for one to be answered, at most until until_ms (clock
 * time), and gives it back, or NULL when the time is over or none is under way. Retries,
 * throttling and signing are the adapter's. */
struct read_port {
	void *self;
	void (*start)(void *self, struct call *call);
	struct call *(*next)(void *self, int64_t until_ms);
};

/* AWS, reading and writing. An answer of kind ERR_UNCERTAIN may have happened. */
struct write_port {
	void *self;
	void (*start)(void *self, struct call *call);
	struct call *(*next)(void *self, int64_t until_ms);
};

/* Starts one call and waits for its answer: call->ok. */
bool read_one(const struct read_port *port, struct call *call);

/* What a rule sees. */
struct judge_subject {
	const struct finding *finding;
	const struct recommendation *recommendation; /* or NULL */
	const struct principal *principal;
	const char *account;
	const char *analyzer; /* or NULL */
	int unused_access_age_days; /* tracking period; 0 not known */
	int64_t now_ms;
};

/* The rules, in their separate process. judge fills verdicts in rule order; a rule that fails is a
 * hold with failed=true. false only when the whole engine is unusable. */
struct rules_port {
	void *self;
	const char *rules_sha256;
	bool (*judge)(void *self, struct arena *a, const struct judge_subject *subject,
		      struct decision *out, struct err *e);
	/* Says which subject is judged next, so that the rules may work on it meanwhile: a hint that changes
	 * no verdict. NULL: there is nothing to gain. */
	void (*ahead)(void *self, const struct judge_subject *subject);
};

/* The review repository: pare's own bare mirror and its remote. Object ids are 40 hex digits.
 * Every read is of what fetch brought, never of a work tree. */
enum { OID_HEX = 41 };

struct review_file {
	const char *path;
	const char *bytes; /* NULL: delete the file, or with a trailing '/' in path the whole folder */
	size_t len;
};

struct review_move {
	const char *ref, *expected;
};

struct review_port {
	void *self;
	const char *url;
	/* Fetches all branches and refs/pare/ from the remote now. */
	bool (*fetch)(void *self, struct err *e);
	/* Names of all refs that start with prefix, as last fetched, sorted. */
	bool (*refs)(void *self, struct arena *a, const char *prefix, struct str_list *names,
		     struct err *e);
	/* Id of a ref as last fetched ("refs/heads/main"); "" when there is none. */
	bool (*resolve)(void *self, const char *ref, char oid[OID_HEX], struct err *e);
	/* A regular file (mode 100644) of at most max bytes; ERR_NOT_FOUND when absent, ERR_REFUSED
	 * when it is a symbolic link, submodule, executable or too large. */
	bool (*read)(void *self, struct arena *a, const char *commit, const char *path, size_t max,
		     const char **bytes, size_t *len, struct err *e);
	/* Paths of all regular files below a folder, sorted. An absent folder is empty. */
	bool (*list)(void *self, struct arena *a, const char *commit, const char *folder,
		     struct str_list *paths, struct err *e);
	bool (*descends)(void *self, const char *commit, const char *ancestor, bool *yes,
			 struct err *e);
	/* Commits files on top of parent ("" for a first commit); gives the commit's id. The same
	 * input gives the same id. When nothing changes, the parent's id. */
	bool (*commit)(void *self, const char *parent, const struct review_file *file, size_t count,
		       const char *message, const char *author_email, int64_t when_ms,
		       char oid[OID_HEX], struct err *e);
	/* Publishes: the remote's ref must be at `expected` ("" must not exist, NULL whatever it is)
	 * and becomes oid ("" deletes). ERR_CONFLICT when it moved, ERR_REFUSED with the server's
	 * words when it says no; verified by asking the remote again. */
	bool (*publish)(void *self, const char *ref, const char *expected, const char *oid,
			struct err *e);
	/* The same of several refs at once, all to one oid (not ""). When it fails, some may have moved.
	 * NULL: one after the other. */
	bool (*publish_all)(void *self, const struct review_move *move, size_t count, const char *oid,
			    struct err *e);
	/* Fetches one ref that fetch does not bring ("refs/pull/7/head"), so that its commits can be
	 * read; ERR_NOT_FOUND when the remote has none. NULL: cannot. */
	bool (*bring)(void *self, const char *ref, struct err *e);
};

/* A pull request (on GitLab: a merge request) from a branch of the review repository to its
 * protected branch. */
enum pull_state { PULL_OPEN, PULL_MERGED, PULL_CLOSED };

struct pull {
	int64_t number;
	enum pull_state state;
	const char *url;    /* for people */
	const char *branch; /* where it comes from */
	const char *head;   /* its last commit */
	const char *title, *body;
	const char *author; /* the forge's name of who opened it, "" when it does not say */
	int64_t updated_ms;
};

/* The forge in front of the review repository. Text is sent as it is: escaping is the caller's.
 * A create that may have happened is ERR_UNCERTAIN, one that is there already ERR_CONFLICT: find.
 * Everything else may be done again without harm. */
struct forge_port {
	void *self;
	const char *name; /* "github" */
	size_t body_max;  /* bytes that a pull request's body or a comment may have */
	/* The pull request of a branch: the open one, else the merged, else the closed one; *out NULL:
	 * none. */
	bool (*find)(void *self, struct arena *a, const char *branch, struct pull **out, struct err *e);
	bool (*create)(void *self, struct arena *a, const char *branch, const char *title,
		       const char *body, struct pull **out, struct err *e);
	bool (*edit)(void *self, int64_t number, const char *body, struct err *e);
	bool (*label)(void *self, int64_t number, const struct str_list *labels, struct err *e);
	/* People, and teams as "group/team". */
	bool (*ask)(void *self, int64_t number, const struct str_list *people, struct err *e);
	/* Unless the same text stands there already. */
	bool (*comment)(void *self, int64_t number, const char *body, struct err *e);
	bool (*close)(void *self, int64_t number, struct err *e);
	bool (*status)(void *self, const char *commit, bool good, const char *context,
		       const char *description, const char *url, struct err *e);
	/* Merged pull requests whose last commit holds exactly this plan. */
	bool (*carriers)(void *self, struct arena *a, const struct plan *plan, struct pull **out,
			 size_t *count, struct err *e);
	const char *(*file_url)(void *self, struct arena *a, const char *commit, const char *path);
	/* Who approved exactly these bytes of the plan, as the forge says it now: each person once,
	 * by the last thing said, on a commit whose tree holds the same plan. Bots, who wrote the
	 * plan and who opened or wrote to the pull request do not count. ERR_REFUSED where the
	 * forge's settings make reviews worth nothing. A note's `who` is the forge's name of the person;
	 * a line of the allowed signers that names it, too, says whose it is. */
	bool (*reviews)(void *self, struct arena *a, const struct plan *plan,
			struct approval_note **notes, size_t *count, struct err *e);
};

/* What must be there before a plan counts as approved: the executor's own configuration. */
struct approval_terms {
	bool merged; /* is a reason of its own: every plan is read from the protected branch anyway */
	int signatures, reviews;
	const char *signers, *revoked; /* files, or NULL */
};

/* The executor's own say on approval. */
struct approval_port {
	void *self;
	/* The terms for one plan, where a function of the configuration gives them. A function that
	 * fails gives none: nothing is approved, with its words. NULL: there is no function. */
	bool (*terms)(void *self, struct arena *a, const struct plan *plan, struct approval_terms *out,
		      struct err *e);
	/* A file that the terms name, as it is now. */
	bool (*file)(void *self, struct arena *a, const char *path, size_t max, const char **bytes,
		     size_t *len, struct err *e);
	const struct forge_port *forge; /* NULL: reviews cannot be asked for */
};

/* Someone's key, in a file or an agent: signs what an approver has seen (`pare approve`). */
struct signer_port {
	void *self;
	struct ssh_key key;
	const char *comment; /* the key's own, or "" */
	bool (*sign)(void *self, struct arena *a, const char *namespace, const void *message, size_t len,
		     const char **armor, struct err *e);
};

/* A queue of events (SQS): what is received is hidden from everybody else for a while, and comes back
 * unless it is removed. It delivers at least once, in any order. */
struct queue_message {
	const char *id, *receipt;
	const char *body;
	size_t len;
	int64_t tries; /* how often it was received, this time included; 0: not known */
};

enum { QUEUE_BATCH = 10 }; /* messages at once */

struct queue_port {
	void *self;
	/* Waits up to wait_s for the first; none is no error. Each is hidden for hidden_s. */
	bool (*receive)(void *self, struct arena *a, int wait_s, int hidden_s,
			struct queue_message **out, size_t *count, struct err *e);
	/* Removes at most QUEUE_BATCH for good; one that is gone already is removed. false: at least one
	 * is still there, and comes back. */
	bool (*remove)(void *self, const struct queue_message *const *message, size_t count,
		       struct err *e);
	/* From now on it is hidden for hidden_s; 0: everybody may have it at once. */
	bool (*hide)(void *self, const struct queue_message *message, int hidden_s, struct err *e);
};

/* Journals and the state folder. Files are written new, synced and renamed; names are relative to
 * the state folder. */
struct store_port {
	void *self;
	bool (*read)(void *self, struct arena *a, const char *name, size_t max, const char **bytes,
		     size_t *len, struct err *e); /* ERR_NOT_FOUND when absent */
	bool (*write)(void *self, const char *name, const void *bytes, size_t len, struct err *e);
	/* Appends at offset `at` (cutting a torn tail) and syncs before it returns. */
	bool (*append)(void *self, const char *name, size_t at, const void *bytes, size_t len,
		       struct err *e);
	bool (*list)(void *self, struct arena *a, const char *folder, struct str_list *names,
		     struct err *e); /* files below it, recursively, sorted; absent: empty */
	/* One holder at a time on this machine; a crashed holder's lock is free at once. */
	bool (*lock)(void *self, const char *name, struct err *e);
	void (*unlock)(void *self, const char *name);
};

/* One file or standard input, read whole. */
struct saved_text {
	const char *name;
	const char *text;
	size_t len;
};

/* Progress for people: flow reports, cli shows. May be NULL where taken. */
struct progress_port {
	void *self;
	void (*step)(void *self, const char *activity, size_t done, size_t total);
	void (*note)(void *self, const char *line); /* one event worth a line of its own */
};

/* Public documents by URL, many at once, without credentials. */
struct fetch {
	const char *url;
	struct arena *arena; /* the answer is allocated here */
	void *owner;         /* the caller's own */
	bool ok;             /* status 200 and the whole body */
	const char *body;    /* a NUL follows it */
	size_t len;
	struct err err; /* ERR_UNAVAILABLE: worth another try */
};

struct fetch_port {
	void *self;
	void (*start)(void *self, struct fetch *f);
	/* One that has ended; NULL when none did within timeout_ms. */
	struct fetch *(*next)(void *self, long timeout_ms);
};

#endif
