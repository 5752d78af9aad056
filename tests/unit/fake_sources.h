/* A search for credentials without a network: a clock that only sleeping moves, and whoever answers
 * instead of the servers. */
#ifndef PARE_FAKE_SOURCES_H
#define PARE_FAKE_SOURCES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/adapt/credentials_private.h"
#include "aws_env.h"
#include "pare/str.h"

struct fake {
	struct arena *arena;
	int64_t now_ms, slept_ms;
	bool interrupted;
	struct clock_port clock;
	struct progress_port progress;
	struct credential_setting setting;
	char folder[64], config[96], credentials[96];
	char notes[1024];
	size_t asked;
};

static inline int64_t fake_now(void *self)
{
	return ((struct fake *)self)->now_ms;
}

static inline void fake_sleep(void *self, int64_t until_ms)
{
	struct fake *f = self;
	if (until_ms > f->now_ms) {
		f->slept_ms += until_ms - f->now_ms;
		f->now_ms = until_ms;
	}
}

static inline bool fake_interrupted(void *self)
{
	return ((struct fake *)self)->interrupted;
}

static inline void fake_note(void *self, const char *line)
{
	struct fake *f = self;
	size_t len = strlen(f->notes);
	snprintf(f->notes + len, sizeof f->notes - len, "%s\n", line);
}

/* Nobody is there. */
static inline bool fake_nobody(void *self, struct http_exchange *x)
{
	((struct fake *)self)->asked++;
	x->transport_ok = false;
	x->oversize = x->timed_out = false;
	return err_set(&x->err, ERR_UNAVAILABLE, "'%s': nobody is there", x->url);
}

static inline bool fake_answer(struct http_exchange *x, long status, const char *text)
{
	x->status = status;
	x->response = arena_strdup(x->arena, text);
	x->response_len = strlen(text);
	x->transport_ok = true;
	x->oversize = x->timed_out = false;
	return true;
}

static inline const char *fake_header(const struct http_exchange *x, const char *name)
{
	for (size_t i = 0; i < x->header_count; i++)
		if (strcasecmp(x->header[i].name, name) == 0)
			return x->header[i].value;
	return NULL;
}

/* From no variables at all and files of its own. */
static inline void fake_open(struct fake *f, const char *config, const char *credentials)
{
	*f = (struct fake){.now_ms = 1230768000000}; /* 2009-01-01: before what recordings end at */
	f->arena = arena_new(NULL);
	f->clock = (struct clock_port){f, fake_now, fake_sleep, fake_interrupted};
	f->progress = (struct progress_port){f, NULL, fake_note};
	f->setting = (struct credential_setting){
		.clock = &f->clock, .progress = &f->progress, .exchange = fake_nobody, .self = f};
	strcpy(f->folder, "/tmp/pare-sources-XXXXXX");
	if (mkdtemp(f->folder) == NULL)
		abort();
	snprintf(f->config, sizeof f->config, "%s/config", f->folder);
	snprintf(f->credentials, sizeof f->credentials, "%s/credentials", f->folder);
	aws_env_clear();
	aws_env_file(f->config, config);
	aws_env_file(f->credentials, credentials);
	chmod(f->credentials, 0600);
	setenv("HOME", f->folder, 1);
	setenv("AWS_CONFIG_FILE", f->config, 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", f->credentials, 1);
}

static inline void fake_close(struct fake *f)
{
	char command[128];
	aws_env_clear();
	arena_free(f->arena);
	snprintf(command, sizeof command, "rm -rf %s", f->folder);
	if (system(command) != 0)
		abort();
}

/* A file below the folder; its path. */
static inline const char *fake_file(struct fake *f, const char *name, const char *text)
{
	char *path = str_printf(f->arena, "%s/%s", f->folder, name);
	for (char *slash = strchr(path + strlen(f->folder) + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	aws_env_file(path, text);
	chmod(path, 0600);
	return path;
}

/* --- what comes of it --- */

static inline const struct credentials *get(struct fake *f, struct err *e)
{
	return credentials_get(credentials_open(f->arena, &f->setting), e);
}

static inline void found(struct fake *f, const char *id, const char *source)
{
	struct err e;
	const struct credentials *k = get(f, &e);
	if (k == NULL)
		fail_msg("%s", e.message);
	assert_string_equal(k->access_key_id, id);
	if (strstr(k->source, source) == NULL)
		fail_msg("'%s' is not in '%s'", source, k->source);
}

static inline void refused(struct fake *f, const char *words)
{
	struct err e;
	if (get(f, &e) != NULL)
		fail_msg("found some, expected '%s'", words);
	if (strstr(e.message, words) == NULL)
		fail_msg("'%s' is not in '%s'", words, e.message);
	assert_null(strstr(e.message, "SEKRIT"));
}

/* --- what a server says: a list of answers, the last for good --- */

struct script {
	struct fake *fake;
	const char *url[16]; /* a part of it */
	long status[16];     /* 0: nobody answers */
	const char *text[16];
	size_t at, asked;
	char authorization[64];
};

static inline bool speak(void *self, struct http_exchange *x)
{
	struct script *s = self;
	size_t i = s->at;
	s->asked++;
	if (s->url[i + 1] != NULL)
		s->at++;
	if (s->url[i] == NULL || strstr(x->url, s->url[i]) == NULL)
		fail_msg("asked '%s', expected '%s'", x->url, s->url[i] ? s->url[i] : "nothing");
	snprintf(s->authorization, sizeof s->authorization, "%s",
		 fake_header(x, "authorization") != NULL ? fake_header(x, "authorization") : "");
	if (s->status[i] == 0)
		return fake_nobody(s->fake, x);
	return fake_answer(x, s->status[i], s->text[i]);
}

static inline void use(struct fake *f, struct script *s)
{
	s->fake = f;
	f->setting.exchange = speak;
	f->setting.self = s;
}

#define STS(verb, id)                                                                              \
	"<" verb "Response><" verb "Result><AssumedRoleUser><Arn>arn:aws:sts::111122223333:"         \
	"assumed-role/R/pare</Arn></AssumedRoleUser><Credentials><AccessKeyId>" id                   \
	"</AccessKeyId><SecretAccessKey>SEKRIT</SecretAccessKey><SessionToken>SEKRITTOKEN"           \
	"</SessionToken><Expiration>2009-01-01T01:00:00Z</Expiration></Credentials></" verb          \
	"Result></" verb "Response>"
#define KEYS(id, end)                                                                              \
	"{\"Code\":\"Success\",\"AccessKeyId\":\"" id "\",\"SecretAccessKey\":\"SEKRIT\",\"Token\":" \
	"\"SEKRITTOKEN\",\"Expiration\":\"" end "\"}"

#endif
