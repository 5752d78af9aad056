/* git_mirror: the bare mirror's life: made, shared between processes, found damaged, made again. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "git_private.h"
#include "pare/digest.h"
#include "pare/str.h"

enum { LOCK_WAIT_MS = 120000, LOCK_PAUSE_MS = 10, OPEN_FOLDERS = 16 };

static bool io_failed(struct err *e, const char *activity, const char *path)
{
	const char *hint = errno == ENOSPC || errno == EDQUOT ? "; free some space and run again"
			   : errno == EACCES || errno == EROFS || errno == EPERM
				   ? "; give '--state DIR' a folder that you may write to"
				   : "";
	return err_set(e, ERR_IO, "%s '%s': %s%s", activity, path, strerror(errno), hint);
}

static int open_lock(struct git *g, const char *suffix, struct err *e)
{
	size_t stem = strlen(g->mirror) - strlen(".git");
	const char *path = str_printf(g->arena, "%.*s%s", (int)stem, g->mirror, suffix);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		io_failed(e, "opening the mirror's lock", path);
	return fd;
}

static bool wait_lock(int fd, int how)
{
	const struct timespec pause = {0, LOCK_PAUSE_MS * 1000000L};
	for (int waited = 0; waited < LOCK_WAIT_MS; waited += LOCK_PAUSE_MS) {
		if (flock(fd, how | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		nanosleep(&pause, NULL);
	}
	return false;
}

/* --- what a killed process left --- */

static int drop_leftover(const char *path, const struct stat *st, int type, struct FTW *at)
{
	const char *name = path + at->base;
	(void)st;
	if (type == FTW_F &&
	    (str_ends(name, ".lock") || str_starts(name, "pack_git2_") || str_starts(name, "tmp_")))
		unlink(path);
	return 0;
}

static void drop_leftovers(const struct git *g)
{
	static const char *const below[] = {"refs", "packed-refs.lock", "HEAD.lock", "config.lock",
					    "objects/pack"};
	for (size_t i = 0; i < sizeof below / sizeof below[0]; i++)
		nftw(str_printf(g->arena, "%s/%s", g->mirror, below[i]), drop_leftover,
		     OPEN_FOLDERS, FTW_PHYS);
}

bool git_mirror_lock(struct git *g, struct err *e)
{
	if (!wait_lock(g->lock_fd, LOCK_EX))
		return err_set(e, ERR_CONFLICT,
			       "another pare has been working on the mirror '%s' for more than %d "
			       "s: wait for it",
			       g->mirror, LOCK_WAIT_MS / 1000);
	drop_leftovers(g);
	return true;
}

void git_mirror_unlock(struct git *g)
{
	flock(g->lock_fd, LOCK_UN);
}

/* --- sound or not --- */

static bool branch_sound(git_repository *repo, const git_oid *id)
{
	git_commit *c;
	git_tree *t;
	if (git_commit_lookup(&c, repo, id) < 0)
		return false;
	bool ok = git_commit_tree(&t, c) == 0;
	git_commit_free(c);
	if (ok)
		git_tree_free(t);
	return ok;
}

static bool refs_sound(git_repository *repo, git_odb *odb)
{
	git_reference_iterator *it;
	const char *name;
	bool ok = true;
	int rc = git_reference_iterator_new(&it, repo);
	if (rc < 0)
		return false;
	while (ok && (rc = git_reference_next_name(&name, it)) == 0) {
		git_oid id;
		ok = git_reference_name_to_id(&id, repo, name) == 0 &&
		     (str_starts(name, "refs/heads/") ? branch_sound(repo, &id)
						      : git_odb_exists(odb, &id));
	}
	git_reference_iterator_free(it);
	return ok && rc == GIT_ITEROVER;
}

/* libgit2 passes over a ref file that it cannot read as if it were not there. */
static int check_ref_file(const char *path, const struct stat *st, int type, struct FTW *at)
{
	char text[OID_HEX] = "";
	(void)at;
	if (type == FTW_D || (type == FTW_F && str_ends(path, ".lock")))
		return 0;
	int fd = type == FTW_F && st->st_size == OID_HEX ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return 1;
	ssize_t got = read(fd, text, sizeof text);
	close(fd);
	return got != OID_HEX || strspn(text, "0123456789abcdef") != OID_HEX - 1 ||
	       text[OID_HEX - 1] != '\n';
}

static bool files_sound(const struct git *g, git_repository *repo)
{
	git_reference *head;
	git_config *config;
	if (git_reference_lookup(&head, repo, "HEAD") < 0)
		return false;
	git_reference_free(head);
	if (git_repository_config_snapshot(&config, repo) < 0)
		return false;
	git_config_free(config);
	return nftw(str_printf(g->arena, "%s/refs", g->mirror), check_ref_file, OPEN_FOLDERS,
		    FTW_PHYS) == 0;
}

/* With a handle of its own: libgit2 tells of a broken packed-refs once and then keeps silent. */
bool git_mirror_sound(struct git *g)
{
	git_repository *repo;
	git_odb *odb;
	if (git_repository_open_bare(&repo, g->mirror) < 0)
		return false;
	bool ok = files_sound(g, repo) && git_repository_odb(&odb, repo) == 0;
	if (ok) {
		ok = refs_sound(repo, odb);
		git_odb_free(odb);
	}
	git_repository_free(repo);
	return ok;
}

/* --- making --- */

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static bool make_new(struct git *g, struct err *e)
{
	const char *aside = str_printf(g->arena, "%s.damaged", g->mirror);
	nftw(aside, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
	/* Renamed first: half a removal must not look like a mirror. */
	if (rename(g->mirror, aside) != 0 && errno != ENOENT)
		return io_failed(e, "moving the damaged mirror aside", g->mirror);
	nftw(aside, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
	int rc = git_repository_init(&g->repo, g->mirror, 1);
	if (rc < 0) {
		git_failed(g, rc, ERR_IO, e);
		return err_wrap(e, "making the mirror '%s'", g->mirror);
	}
	return true;
}

/* With both locks held no other process looks at the folder. */
bool git_mirror_renew(struct git *g, struct err *e)
{
	if (flock(g->use_fd, LOCK_EX | LOCK_NB) != 0) {
		if (!wait_lock(g->use_fd, LOCK_SH))
			return io_failed(e, "sharing the mirror", g->mirror);
		return err_set(e, ERR_IO,
			       "the mirror '%s' is damaged and another pare uses it: when that has "
			       "ended, run "
			       "again, and it is made new",
			       g->mirror);
	}
	git_repository_free(g->repo);
	g->repo = NULL;
	bool ok = make_new(g, e);
	return wait_lock(g->use_fd, LOCK_SH) && ok;
}

/* Never thrown away because somebody else's cannot be opened. */
static bool own_mirror(struct git *g, struct err *e)
{
	struct stat st;
	if (lstat(g->mirror, &st) != 0 || st.st_uid == geteuid())
		return true;
	return err_set(
		e, ERR_IO,
		"the mirror '%s' belongs to another user (uid %lu): give '--state DIR' a folder of "
		"your own",
		g->mirror, (unsigned long)st.st_uid);
}

static void close_mirror(void *handle)
{
	struct git *g = handle;
	git_repository_free(g->repo);
	if (g->lock_fd >= 0)
		close(g->lock_fd);
	if (g->use_fd >= 0)
		close(g->use_fd);
}

bool git_mirror_open(struct git *g, const char *state_dir, struct err *e)
{
	char *hex = sha256_hex(g->arena, g->url, strlen(g->url));
	const char *folder = str_printf(g->arena, "%s/mirrors", state_dir);
	g->mirror = str_printf(g->arena, "%s/%.16s.git", folder, hex);
	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return io_failed(e, "making folder", folder);
	arena_defer(g->arena, close_mirror, g);
	if ((g->use_fd = open_lock(g, ".use", e)) < 0 ||
	    (g->lock_fd = open_lock(g, ".lock", e)) < 0)
		return false;
	/* Whoever waits for the lock does not yet count as a user: it can be made new before that.
	 */
	if (!own_mirror(g, e) || !git_mirror_lock(g, e))
		return false;
	bool ok = wait_lock(g->use_fd, LOCK_SH) || io_failed(e, "sharing the mirror", g->mirror);
	if (ok && (git_repository_open_bare(&g->repo, g->mirror) < 0 || !files_sound(g, g->repo)))
		ok = git_mirror_renew(g, e);
	git_mirror_unlock(g);
	return ok;
}
