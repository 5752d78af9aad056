/* git_publish: refs of the remote, moved only from where they are expected to be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "git_private.h"
#include "pare/digest.h"
#include "pare/str.h"

enum { LOCKED_TRIES = 40, MOVES_MAX = 100 /* in one push */ };

/* --- over the wire --- */

static const struct review_move *move_of(const struct wire *w, const char *ref)
{
	for (size_t i = 0; i < w->count; i++)
		if (strcmp(w->move[i].ref, ref) == 0)
			return &w->move[i];
	return NULL;
}

/* --force-with-lease: the old value that the server advertised is the one we expect, and it is sent
 * along, so that the server compares once more when it writes. */
static int compare_lease(const git_push_update **updates, size_t count, void *payload)
{
	struct wire *w = payload;
	for (size_t i = 0; i < count; i++) {
		char old[OID_HEX];
		git_oid_tostr(old, sizeof old, &updates[i]->src);
		if (git_oid_is_zero(&updates[i]->src))
			old[0] = '\0';
		const struct review_move *m = move_of(w, updates[i]->dst_refname);
		if (m != NULL && (m->expected == NULL || strcmp(old, m->expected) == 0))
			continue;
		w->ref = w->moved || m == NULL ? w->ref : m->ref;
		w->moved = true;
	}
	return w->moved ? GIT_EUSER : 0;
}

static int take_status(const char *ref, const char *status, void *payload)
{
	struct wire *w = payload;
	const struct review_move *m = move_of(w, ref);
	if (status == NULL || w->status[0] != '\0')
		return 0;
	w->ref = m != NULL ? m->ref : w->ref;
	snprintf(w->status, sizeof w->status, "%s", *status != '\0' ? status : "refused");
	return 0;
}

static int push_ref(struct wire *w, git_remote *remote)
{
	struct arena *a = w->git->arena;
	char **spec = arena_array(a, w->count, sizeof *spec);
	for (size_t i = 0; i < w->count; i++)
		spec[i] = w->oid[0] == '\0' ? str_printf(a, ":%s", w->move[i].ref)
					    : str_printf(a, "+%s:%s", w->outgoing, w->move[i].ref);
	git_strarray specs = {spec, w->count};
	git_push_options options;
	git_push_options_init(&options, GIT_PUSH_OPTIONS_VERSION);
	options.pb_parallelism = 1;
	options.callbacks = git_wire_callbacks(w);
	options.callbacks.push_negotiation = compare_lease;
	options.callbacks.push_update_reference = take_status;
	return git_remote_push(remote, &specs, &options);
}

/* The remote's own word, after the fact. Deleted is also what somebody made anew at once. */
static int read_again(struct wire *w, git_remote *remote, bool *as_asked)
{
	const git_remote_head **heads;
	size_t count, there = 0, wrong = 0;
	git_remote_callbacks callbacks = git_wire_callbacks(w);
	bool removal = w->oid[0] == '\0';
	git_remote_disconnect(remote);
	int rc = git_remote_connect(remote, GIT_DIRECTION_FETCH, &callbacks, NULL, NULL);
	if (rc == 0)
		rc = git_remote_ls(&heads, &count, remote);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		char now[OID_HEX];
		const struct review_move *m = move_of(w, heads[i]->name);
		if (m == NULL)
			continue;
		git_oid_tostr(now, sizeof now, &heads[i]->oid);
		bool so = removal ? m->expected != NULL && strcmp(now, m->expected) != 0
				  : strcmp(now, w->oid) == 0;
		there++;
		wrong += !so;
		if (!so)
			w->ref = m->ref;
	}
	*as_asked = wrong == 0 && (removal || there == w->count);
	git_remote_disconnect(remote);
	return rc;
}

static bool lost_race(const char *status)
{
	static const char *const words[] = {
		"failed to update ref", "stale info",	    "fetch first",   "cannot lock ref",
		"already exists",	"non-fast-forward", "failed to lock"};
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strstr(status, words[i]) != NULL)
			return true;
	return false;
}

static bool refused(struct wire *w, struct err *e)
{
	struct arena *a = w->git->arena;
	char *said = str_printable(a, w->said, false);
	while (str_ends(said, "?") || str_ends(said, " ")) /* its line ends */
		said[strlen(said) - 1] = '\0';
	return err_set(e, lost_race(w->status) ? ERR_CONFLICT : ERR_REFUSED,
		       "the server refused '%s': %s%s%s", w->ref,
		       str_printable(a, w->status, false), said[0] != '\0' ? "; it says: " : "",
		       said);
}

/* The request may have arrived even if its answer did not: then only the remote knows. */
static bool settle_lost(struct wire *w, git_remote *remote, int rc, struct err *e)
{
	bool as_asked = false;
	struct err later;
	git_failed(w->git, rc, ERR_UNAVAILABLE, e);
	if (e->kind != ERR_UNCERTAIN)
		return false;
	rc = read_again(w, remote, &as_asked);
	if (rc == 0 && as_asked)
		return true;
	if (rc == 0)
		e->kind = ERR_UNAVAILABLE;
	else
		git_failed(w->git, rc, ERR_UNAVAILABLE, &later);
	return false;
}

static bool push_over_wire(struct wire *w, git_remote *remote, struct err *e)
{
	bool as_asked = false;
	int rc = push_ref(w, remote);
	if (w->moved)
		return err_set(e, ERR_CONFLICT, "the remote's '%s' moved meanwhile", w->ref);
	if (w->status[0] != '\0')
		return refused(w, e);
	if (rc < 0)
		return settle_lost(w, remote, rc, e);
	rc = read_again(w, remote, &as_asked);
	if (rc < 0) {
		git_failed(w->git, rc, ERR_UNAVAILABLE, e);
		e->kind = ERR_UNCERTAIN;
		return err_wrap(e, "the server took '%s' and could not be asked about it again",
				w->ref);
	}
	return as_asked ||
	       err_set(e, ERR_CONFLICT, "the server took '%s', but shows something else there now",
		       w->ref);
}

static bool publish_over_wire(struct wire *w, struct err *e)
{
	git_remote *remote;
	int rc = git_remote_create_anonymous(&remote, w->git->repo, w->git->remote);
	if (rc < 0)
		return git_failed(w->git, rc, ERR_IO, e);
	bool ok = push_over_wire(w, remote, e);
	git_remote_free(remote);
	return ok;
}

/* --- a repository on this machine: objects by push, the ref by compare-and-swap over there --- */

/* libgit2 runs no hooks: where one would have a word in this, we stay away. */
static bool no_hooks(struct git *g, git_repository *target, struct err *e)
{
	static const char *const hooks[] = {"pre-receive", "update", "reference-transaction"};
	for (size_t i = 0; i < sizeof hooks / sizeof hooks[0]; i++) {
		const char *path = str_printf(g->arena, "%shooks/%s",
					      git_repository_commondir(target), hooks[i]);
		if (access(path, X_OK) == 0)
			return err_set(e, ERR_REFUSED,
				       "the hook '%s' guards this repository, and writing to a "
				       "path would pass it by: "
				       "use an ssh:// or https:// URL",
				       path);
	}
	return true;
}

static int swap_ref(struct wire *w, const char *expected, git_repository *target)
{
	git_oid new_id, old_id;
	git_reference *ref = NULL;
	int rc = 0;
	memset(&old_id, 0, sizeof old_id);
	if (expected != NULL && expected[0] != '\0')
		rc = git_oid_fromstr(&old_id, expected);
	if (rc < 0)
		return rc;
	if (w->oid[0] == '\0') {
		rc = git_reference_lookup(&ref, target, w->ref);
		if (rc == 0 && expected != NULL &&
		    (git_reference_type(ref) != GIT_REFERENCE_DIRECT ||
		     !git_oid_equal(git_reference_target(ref), &old_id)))
			rc = GIT_EMODIFIED;
		if (rc == 0)
			rc = git_reference_delete(ref); /* compares with what was looked up */
	} else if ((rc = git_oid_fromstr(&new_id, w->oid)) == 0) {
		rc = expected == NULL
			     ? git_reference_create(&ref, target, w->ref, &new_id, 1, "pare")
			     : git_reference_create_matching(&ref, target, w->ref, &new_id, 1,
							     &old_id, "pare");
	}
	git_reference_free(ref);
	return rc;
}

/* A ref's lock file is held for moments; its holder may also be dead. */
static int swap_patiently(struct wire *w, const char *expected, git_repository *target)
{
	int rc = swap_ref(w, expected, target);
	for (int tries = 0; rc == GIT_ELOCKED && tries < LOCKED_TRIES; tries++) {
		unsigned char jitter;
		random_bytes(&jitter, sizeof jitter);
		const struct timespec pause = {0, (10 + jitter % 64) * 1000000L};
		nanosleep(&pause, NULL);
		rc = swap_ref(w, expected, target);
	}
	return rc;
}

static int swap_all(struct wire *w, git_repository *target)
{
	int rc = 0;
	for (size_t i = 0; i < w->count && rc == 0; i++) {
		w->ref = w->move[i].ref;
		rc = swap_patiently(w, w->move[i].expected, target);
	}
	return rc;
}

/* Everything the remote does not have, as one pack beside its own. libgit2's own push to a path
 * lists all refs one by one and stumbles over those that others remove meanwhile. */
static int choose_objects(struct git *g, git_odb *there, const git_oid *id, git_packbuilder *pack)
{
	git_revwalk *walk;
	git_reference_iterator *it = NULL;
	const char *name;
	int rc = git_revwalk_new(&walk, g->repo);
	if (rc < 0)
		return rc;
	rc = git_revwalk_push(walk, id);
	if (rc == 0)
		rc = git_reference_iterator_new(&it, g->repo);
	while (rc == 0 && (rc = git_reference_next_name(&name, it)) == 0) {
		git_oid known;
		if (str_starts(name, "refs/heads/") &&
		    git_reference_name_to_id(&known, g->repo, name) == 0 &&
		    git_odb_exists(there, &known))
			rc = git_revwalk_hide(walk, &known);
	}
	git_reference_iterator_free(it);
	if (rc == GIT_ITEROVER)
		rc = git_packbuilder_insert_walk(pack, walk);
	git_revwalk_free(walk);
	return rc;
}

static int send_objects(struct wire *w, git_repository *target)
{
	git_oid id;
	git_odb *there;
	git_packbuilder *pack;
	int rc = git_oid_fromstr(&id, w->oid);
	if (rc == 0)
		rc = git_repository_odb(&there, target);
	if (rc < 0)
		return rc;
	rc = git_packbuilder_new(&pack, w->git->repo);
	if (rc == 0) {
		rc = choose_objects(w->git, there, &id, pack);
		if (rc == 0 && git_packbuilder_object_count(pack) > 0)
			rc = git_packbuilder_write(pack,
						   str_printf(w->git->arena, "%sobjects/pack",
							      git_repository_commondir(target)),
						   0, NULL, NULL);
		git_packbuilder_free(pack);
	}
	git_odb_refresh(there);
	git_odb_free(there);
	return rc;
}

static bool open_failed(struct git *g, int rc, struct err *e)
{
	struct stat st;
	if (stat(g->remote, &st) == 0 && st.st_uid != geteuid())
		return err_set(e, ERR_REFUSED,
			       "the repository belongs to another user (uid %lu), and git does not "
			       "trust such: use "
			       "an ssh:// or https:// URL, or a repository of your own",
			       (unsigned long)st.st_uid);
	return git_failed(g, rc, ERR_UNAVAILABLE, e);
}

static bool publish_into(struct wire *w, git_repository *target, struct err *e)
{
	int rc = 0;
	if (!git_repository_is_bare(target))
		return err_set(e, ERR_REFUSED,
			       "it is a work tree; the review repository is a bare one");
	if (!no_hooks(w->git, target, e))
		return false;
	if (w->oid[0] != '\0')
		rc = send_objects(w, target);
	bool sent = rc == 0;
	if (sent)
		rc = swap_all(w, target);
	bool ok = rc == 0;
	if (sent && (rc == GIT_EMODIFIED || rc == GIT_EEXISTS || rc == GIT_ENOTFOUND))
		err_set(e, ERR_CONFLICT, "the repository's '%s' moved meanwhile", w->ref);
	else if (!ok)
		git_failed(w->git, rc, ERR_IO, e);
	if (rc == GIT_ELOCKED)
		err_wrap(e, "somebody holds the ref's lock file; if no git works there any more, "
			    "remove it");
	return ok;
}

static bool publish_to_path(struct wire *w, struct err *e)
{
	git_repository *target;
	int rc = git_repository_open(&target, w->git->remote);
	if (rc < 0)
		return open_failed(w->git, rc, e);
	bool ok = publish_into(w, target, e);
	git_repository_free(target);
	return ok;
}

/* --- both --- */

static bool hold_outgoing(struct wire *w, struct err *e)
{
	git_oid id;
	git_reference *ref = NULL;
	if (w->oid[0] == '\0')
		return true;
	int rc = git_oid_fromstr(&id, w->oid);
	if (rc == 0)
		rc = git_reference_create(&ref, w->git->repo, w->outgoing, &id, 1, "pare");
	git_reference_free(ref);
	return rc == 0 || git_failed(w->git, rc, ERR_IO, e);
}

/* The mirror shows what was published without another fetch. Where that fails the next fetch puts
 * it right: the remote has it, and that is what was asked for. */
static void follow(const struct wire *w)
{
	git_oid id;
	for (size_t i = 0; i < w->count; i++) {
		git_reference *ref = NULL;
		if (w->oid[0] == '\0')
			git_reference_remove(w->git->repo, w->move[i].ref);
		else if (git_oid_fromstr(&id, w->oid) == 0)
			git_reference_create(&ref, w->git->repo, w->move[i].ref, &id, 1, "pare");
		git_reference_free(ref);
	}
}

static bool publish_locked(struct wire *w, struct err *e)
{
	bool ok =
		hold_outgoing(w, e) &&
		(w->git->place == GIT_PLACE_PATH ? publish_to_path(w, e) : publish_over_wire(w, e));
	if (w->oid[0] != '\0')
		git_reference_remove(w->git->repo, w->outgoing);
	if (ok)
		follow(w);
	return ok;
}

static bool publish_some(struct git *g, const struct review_move *move, size_t count,
			 const char *oid, struct err *e)
{
	struct wire w = {.git = g, .move = move, .count = count, .ref = move->ref, .oid = oid};
	w.outgoing = str_printf(g->arena, "refs/pare-outgoing/%.12s", oid);
	bool ok = git_mirror_lock(g, e);
	if (ok) {
		ok = publish_locked(&w, e);
		git_mirror_unlock(g);
	}
	return ok || err_wrap(e, "publishing '%s' in '%s'", w.ref, g->url);
}

bool git_publish(void *self, const char *ref, const char *expected, const char *oid, struct err *e)
{
	const struct review_move move = {ref, expected};
	return publish_some(self, &move, 1, oid, e);
}

bool git_publish_all(void *self, const struct review_move *move, size_t count, const char *oid,
		     struct err *e)
{
	for (size_t i = 0; i < count; i += MOVES_MAX)
		if (!publish_some(self, move + i, count - i < MOVES_MAX ? count - i : MOVES_MAX, oid, e))
			return false;
	return true;
}
