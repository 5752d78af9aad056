/* credentials_private: shared by the sources of credentials. */
#ifndef PARE_CREDENTIALS_PRIVATE_H
#define PARE_CREDENTIALS_PRIVATE_H

#include "aws_private.h"

enum found {
	FOUND,
	NOT_HERE, /* not configured: the next source is asked */
	BROKEN,	  /* configured, and does not serve: the search ends */
};

enum { CREDENTIALS_MAX_BYTES = 64 * 1024 }; /* of any answer, token or process's output */

/* One search. Its arena is overwritten with it. */
struct search {
	struct arena *arena;
	const struct credential_setting *setting;
	struct http *http; /* opened when it is first needed */
	const struct profile_set *set;
	const char *profile;
	struct str_list visited; /* profiles that led here */
	const char *why;	 /* of the last NOT_HERE */
	struct err *e;
};

/* credentials.c */
enum found search_nothing(struct search *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
enum found search_broken(struct search *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* s->e says already: "activity: " before it. */
enum found search_failed(struct search *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Keys that a header cannot carry are refused. */
enum found search_found(struct search *s, const struct credentials *keys, struct credentials *out);
void search_note(struct search *s, const char *line);
int64_t search_now(const struct search *s);
/* The profile's value or, of the environment, the variable's; NULL when it is blank. */
const char *search_variable(const char *name);
const char *search_key(const struct search *s, const char *profile, const char *key);
/* A file of a few lines, such as a token; ERR_IO. */
bool search_read(struct search *s, const char *path, const char **text, size_t *len);

/* credentials_http.c */
struct search_try {
	unsigned attempts;    /* answers that may pass: 5xx, 429, throttling */
	unsigned unreachable; /* the same where there is no answer at all */
	int64_t base_ms;      /* the first wait is random below it, later ones below its doubles */
};
/* Sends until there is an answer that sending again would not change; false: s->e. */
bool search_send(struct search *s, struct http_exchange *x, const struct search_try *t);
/* The names that an answer has for its parts; NULL: it has none. */
struct search_names {
	const char *id, *key, *token, *expires, *account;
	bool instance; /* good past their end */
};
enum found search_json(struct search *s, const struct json *v, const struct search_names *names,
		       const char *what, struct credentials *out);
/* An AWS error's code and message, for a person: "AccessDenied: …", "status 500". */
const char *search_refusal(struct search *s, const struct http_exchange *x);

/* credentials_profile.c */
enum found from_role(struct search *s, const char *profile, struct credentials *out);
enum found from_keys(struct search *s, const char *profile, bool credentials_file,
		     struct credentials *out);
bool has_keys(const struct search *s, const char *profile);

/* credentials_role.c: STS */
struct role {
	const char *arn, *session, *external_id, *source_identity, *duration;
	const char *token; /* a web identity's, instead of keys */
	const char *subject; /* for messages and the source: "profile 'x'" */
};
enum found role_assume(struct search *s, const struct role *r, const struct credentials *base,
		       struct credentials *out);
enum found from_web_identity(struct search *s, const char *profile, bool environment,
			     struct credentials *out);

/* the others, a file each */
enum found from_environment(struct search *s, struct credentials *out);
enum found from_sso(struct search *s, const char *profile, struct credentials *out);
enum found from_process(struct search *s, const char *profile, struct credentials *out);
enum found from_ci(struct search *s, struct credentials *out);
enum found from_container(struct search *s, struct credentials *out);
enum found from_instance(struct search *s, struct credentials *out);

/* --- the pieces, for tests and fuzzing --- */

/* As Python's shlex.split: quotes, and backslashes outside of single quotes. false: a quote that
 * does not end. */
bool process_split(struct arena *a, const char *line, struct str_list *words);
enum found process_answer(struct search *s, const char *text, size_t len, struct credentials *out);
bool container_url(struct arena *a, const char **url, struct err *e); /* *url NULL: none */
enum found container_answer(struct search *s, const char *text, size_t len,
			    struct credentials *out);
bool instance_url(struct arena *a, const struct profile_set *set, const char **url, struct err *e);
struct sso_token {
	const char *access, *refresh, *client_id, *client_secret;
	int64_t expires_ms, registration_ms;
};
bool sso_token_parse(struct arena *a, const char *text, size_t len, struct sso_token *out,
		     struct err *e);

#endif
