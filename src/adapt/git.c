#include "git_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pare/digest.h"
#include "pare/str.h"

enum { LIST_TIMEOUT_MS = 60000, TRANSFER_TIMEOUT_MS = 300000 };

bool git_failed(struct git *g, int rc, enum err_kind kind, struct err *e)
{
	const git_error *last = git_error_last();
	const char *words =
		last != NULL && last->message != NULL ? last->message : "no reason given";
	if (g->net_err.kind != ERR_NONE) {
		*e = g->net_err;
		g->net_err.kind = ERR_NONE;
		return false;
	}
	if (rc == GIT_EAUTH)
		kind = ERR_AUTH;
	else if (rc == GIT_ELOCKED)
		kind = ERR_CONFLICT;
	return err_set(e, kind, "%s", words);
}

static void shut_down(void *unused)
{
	(void)unused;
	git_libgit2_shutdown();
}

/* Nothing that a person or an administrator configured for git changes what we talk to. */
static bool start_library(struct git *g, struct err *e)
{
	static const int levels[] = {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM,
				     GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL};
	if (git_libgit2_init() < 0)
		return err_set(e, ERR_IO, "starting libgit2");
	arena_defer(g->arena, shut_down, g);
	for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
		if (git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "/dev/null") < 0)
			return git_failed(g, -1, ERR_IO, e);
	if (git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1) < 0)
		return git_failed(g, -1, ERR_IO, e);
	return true;
}

static bool scheme_is(const char *url, const char *scheme)
{
	size_t len = strlen(scheme);
	return strlen(url) >= len + 3 && strncmp(url + len, "://", 3) == 0 &&
	       memcmp(url, scheme, len) == 0;
}

/* A password before the host, or for HTTP any name: it would end in plans, logs and messages. */
static bool has_credentials(struct arena *a, const char *url)
{
	const char *scheme = strstr(url, "://");
	if (scheme == NULL)
		return false;
	char *authority = arena_strdup(a, scheme + 3);
	authority[strcspn(authority, "/?#")] = '\0';
	const char *at = strrchr(authority, '@');
	bool http = strncmp(str_lower(a, url), "http", 4) == 0;
	return at != NULL && (http || memchr(authority, ':', (size_t)(at - authority)) != NULL);
}

static bool classify(struct git *g, struct err *e)
{
	const char *url = g->url;
	const char *colon = strchr(url, ':');
	g->remote = url;
	if (scheme_is(url, "https") || scheme_is(url, "http")) {
		g->place = GIT_PLACE_HTTP;
	} else if (str_starts(url, "file:///")) {
		g->place = GIT_PLACE_PATH;
		g->remote = str_percent_decode(g->arena, url + 7);
		if (g->remote == NULL)
			return err_set(e, ERR_USAGE, "'%s' is no file URL", url);
	} else if (scheme_is(url, "ssh")) {
		g->place = GIT_PLACE_SSH;
	} else if (strstr(url, "://") != NULL) {
		return err_set(e, ERR_USAGE,
			       "'%s': expected a path, file:///…, https://… or ssh://…, the scheme "
			       "in small "
			       "letters",
			       url);
	} else if (colon != NULL && memchr(url, '/', (size_t)(colon - url)) == NULL) {
		g->place = GIT_PLACE_SSH; /* user@host:path */
	} else {
		g->place = GIT_PLACE_PATH;
	}
	return g->remote[0] != '\0' || err_set(e, ERR_USAGE, "the repository's URL is empty");
}

/* How long a remote may be silent: for tests and for slow lines. */
static bool read_timeout(struct git *g, struct err *e)
{
	const char *text = getenv("PARE_GIT_TIMEOUT_MS");
	char *end;
	g->list_timeout_ms = LIST_TIMEOUT_MS;
	g->transfer_timeout_ms = TRANSFER_TIMEOUT_MS;
	if (str_empty(text))
		return true;
	long value = strtol(text, &end, 10);
	if (*end != '\0' || value < 100 || value > 3600000)
		return err_set(e, ERR_USAGE,
			       "PARE_GIT_TIMEOUT_MS: expected 100 to 3600000, got '%s'", text);
	g->list_timeout_ms = g->transfer_timeout_ms = value;
	return true;
}

static bool open_place(struct git *g, struct err *e)
{
	switch (g->place) {
	case GIT_PLACE_HTTP:
		return git_http_open(g, e);
	case GIT_PLACE_SSH:
		return git_ssh_open(g, e);
	case GIT_PLACE_PATH:
		return true;
	}
	return true;
}

bool git_open(struct arena *a, const char *url, const char *state_dir, struct review_port *out,
	      struct err *e)
{
	struct git *g = arena_alloc(a, sizeof *g);
	g->arena = a;
	g->url = url;
	g->use_fd = g->lock_fd = -1;
	if (has_credentials(a, url))
		return err_set(
			e, ERR_USAGE,
			"opening the review repository: its URL holds credentials; give them as "
			"PARE_GIT_USERNAME and PARE_GIT_TOKEN (http), or as a key (ssh)");
	if (!classify(g, e) || !read_timeout(g, e) || !start_library(g, e) || !open_place(g, e) ||
	    !git_mirror_open(g, state_dir, e))
		return err_wrap(e, "opening the review repository '%s'", url);
	*out = (struct review_port){
		.self = g,
		.url = url,
		.fetch = git_fetch_all,
		.refs = git_list_refs,
		.resolve = git_resolve,
		.read = git_read_file,
		.list = git_list_files,
		.descends = git_descends,
		.commit = git_commit_files,
		.publish = git_publish,
		.publish_all = git_publish_all,
		.bring = git_bring,
	};
	return true;
}
