/* git_bring: one ref that a fetch leaves out. What it brings stays reachable until the next fetch;
 * its objects stay longer. */
#include <string.h>

#include "git_private.h"
#include "pare/str.h"

static bool on_remote(git_remote *remote, const char *ref, int *rc)
{
	const git_remote_head **heads;
	size_t count;
	*rc = git_remote_ls(&heads, &count, remote);
	for (size_t i = 0; *rc == 0 && i < count; i++)
		if (strcmp(heads[i]->name, ref) == 0)
			return true;
	return false;
}

static bool bring_locked(struct git *g, const char *ref, struct err *e)
{
	git_remote *remote;
	struct wire w = {.git = g};
	char *spec = str_printf(g->arena, "+%s:refs/pare-brought/%s", ref, ref + strlen("refs/"));
	git_strarray specs = {&spec, 1};
	git_fetch_options options = git_wire_fetching(&w);
	int rc = git_remote_create_anonymous(&remote, g->repo, g->remote);
	if (rc < 0)
		return git_failed(g, rc, ERR_IO, e);
	rc = git_remote_connect(remote, GIT_DIRECTION_FETCH, &options.callbacks, NULL, NULL);
	bool there = rc == 0 && on_remote(remote, ref, &rc);
	if (there)
		rc = git_remote_download(remote, &specs, &options);
	if (there && rc == 0)
		rc = git_remote_update_tips(remote, &options.callbacks, 0, GIT_REMOTE_DOWNLOAD_TAGS_NONE, NULL);
	bool ok = rc == 0 || git_failed(g, rc, ERR_UNAVAILABLE, e);
	git_remote_disconnect(remote);
	git_remote_free(remote);
	return ok && (there || err_set(e, ERR_NOT_FOUND, "the repository has no '%s'", ref));
}

bool git_bring(void *self, const char *ref, struct err *e)
{
	struct git *g = self;
	bool ok = git_mirror_lock(g, e);
	if (ok) {
		ok = bring_locked(g, ref, e);
		git_mirror_unlock(g);
	}
	return ok || err_wrap(e, "fetching '%s' of '%s'", ref, g->url);
}
