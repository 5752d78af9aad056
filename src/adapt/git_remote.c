/* git_remote: talking to the remote, and fetching. */
#include <stdlib.h>
#include <string.h>

#include "git_private.h"
#include "pare/str.h"

enum { PATH_TRIES = 20 };

/* --- what every conversation shares --- */

static int choose_transport(git_transport **out, git_remote *owner, void *payload)
{
	struct wire *w = payload;
	return w->git->place == GIT_PLACE_PATH
		       ? git_transport_local(out, owner, NULL)
		       : git_transport_smart(out, owner, &w->git->subtransport);
}

/* What hooks print: the reason behind "pre-receive hook declined". */
static int take_words(const char *text, int len, void *payload)
{
	struct wire *w = payload;
	size_t left = sizeof w->said - 1 - w->said_len;
	size_t take = len > 0 ? (size_t)len : 0;
	if (take > left)
		take = left;
	memcpy(w->said + w->said_len, text, take);
	w->said_len += take;
	return 0;
}

git_remote_callbacks git_wire_callbacks(struct wire *w)
{
	git_remote_callbacks c;
	git_remote_init_callbacks(&c, GIT_REMOTE_CALLBACKS_VERSION);
	c.transport = choose_transport;
	c.sideband_progress = take_words;
	c.payload = w;
	w->git->net_err.kind = ERR_NONE;
	return c;
}

git_fetch_options git_wire_fetching(struct wire *w)
{
	git_fetch_options o;
	git_fetch_options_init(&o, GIT_FETCH_OPTIONS_VERSION);
	o.update_fetchhead = 0;
	o.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
	o.callbacks = git_wire_callbacks(w);
	return o;
}

/* --- fetching --- */

static bool mirrored(const char *name)
{
	return str_starts(name, "refs/heads/") || str_starts(name, "refs/pare/");
}

/* Before anything new is taken: a branch 'x' that went would be in the way of 'x/y'. */
static bool forget_gone(struct git *g, git_remote *remote, struct err *e)
{
	const git_remote_head **heads;
	struct arena *scratch = arena_new(NULL);
	struct str_list here = {0}, there = {0};
	size_t count;
	bool ok = true;
	int rc = git_remote_ls(&heads, &count, remote);
	if (rc < 0)
		ok = git_failed(g, rc, ERR_UNAVAILABLE, e);
	for (size_t i = 0; ok && i < count; i++)
		if (mirrored(heads[i]->name))
			str_list_add(scratch, &there, heads[i]->name);
	str_list_sort(&there);
	ok = ok && git_list_refs(g, scratch, "refs/", &here, e);
	for (size_t i = 0, k = 0; ok && i < here.count; i++) {
		while (k < there.count && strcmp(there.item[k], here.item[i]) < 0)
			k++;
		if (k < there.count && strcmp(there.item[k], here.item[i]) == 0)
			continue;
		rc = git_reference_remove(g->repo, here.item[i]);
		ok = rc == 0 || git_failed(g, rc, ERR_IO, e);
	}
	arena_free(scratch);
	return ok;
}

static bool fetch_once(struct git *g, struct err *e)
{
	git_remote *remote;
	struct wire w = {.git = g};
	char heads[] = "+refs/heads/*:refs/heads/*", pares[] = "+refs/pare/*:refs/pare/*";
	char *specs[] = {heads, pares};
	git_strarray refspecs = {specs, 2};
	git_fetch_options options = git_wire_fetching(&w);
	int rc = git_remote_create_anonymous(&remote, g->repo, g->remote);
	if (rc < 0)
		return git_failed(g, rc, ERR_IO, e);
	rc = git_remote_connect(remote, GIT_DIRECTION_FETCH, &options.callbacks, NULL, NULL);
	/* By path the refs are read one by one: others may remove some meanwhile. */
	for (int tries = 0; rc < 0 && g->place == GIT_PLACE_PATH && tries < PATH_TRIES; tries++)
		rc = git_remote_connect(remote, GIT_DIRECTION_FETCH, &options.callbacks, NULL,
					NULL);
	bool ok = rc == 0 && forget_gone(g, remote, e);
	if (rc == 0 && ok)
		rc = git_remote_download(remote, &refspecs, &options);
	if (rc == 0 && ok)
		rc = git_remote_update_tips(remote, &options.callbacks, 0,
					    GIT_REMOTE_DOWNLOAD_TAGS_NONE, NULL);
	if (rc < 0)
		ok = git_failed(g, rc, ERR_UNAVAILABLE, e);
	git_remote_disconnect(remote);
	git_remote_free(remote);
	return ok;
}

/* A mirror that a crash or a disk damaged is made anew. Asked before, because libgit2 takes an object
 * for whole when its commit is there, and passes over refs that it cannot read. */
static bool fetch_sound(struct git *g, struct err *e)
{
	return (git_mirror_sound(g) || git_mirror_renew(g, e)) && fetch_once(g, e);
}

bool git_fetch_all(void *self, struct err *e)
{
	struct git *g = self;
	bool ok = git_mirror_lock(g, e);
	if (ok) {
		ok = fetch_sound(g, e);
		git_mirror_unlock(g);
	}
	return ok || err_wrap(e, "fetching '%s'", g->url);
}
