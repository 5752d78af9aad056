/* store: the state folder. A file is written beside itself, synced, and renamed over; a crash
 * leaves the old one or the new one. Folders are 0700, files 0600. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pare/str.h"
#include "pare/world.h"
#include "store_private.h"

enum { LOCKS_MAX = 64 };

struct store {
	struct arena *arena;
	const char *dir;
	struct store_batch *batch; /* or NULL */
	struct {
		const char *name;
		int fd;
	} lock[LOCKS_MAX];
	size_t locks;
};

static bool name_valid(const char *name)
{
	if (*name == '\0' || *name == '/' || strlen(name) > 1024)
		return false;
	for (const char *part = name; part != NULL;) {
		size_t len = strcspn(part, "/");
		if (len == 0 || (len == 1 && part[0] == '.') ||
		    (len == 2 && strncmp(part, "..", 2) == 0))
			return false;
		part = part[len] == '/' ? part + len + 1 : NULL;
	}
	return true;
}

static const char *path_of(struct arena *a, const struct store *s, const char *name, struct err *e)
{
	if (!name_valid(name)) {
		err_set(e, ERR_INPUT, "state file '%s': not a name inside the state folder", name);
		return NULL;
	}
	return str_printf(a, "%s/%s", s->dir, name);
}

/* From errno. */
bool store_failed(struct err *e, const char *activity, const char *path)
{
	int why = errno;
	const char *hint = why == ENOSPC || why == EDQUOT || why == EFBIG
				   ? "; make room and run again"
			   : why == EACCES || why == EPERM || why == EROFS
				   ? "; give '--state DIR' a folder that you may write to"
				   : "";
	return err_set(e, ERR_IO, "%s '%s': %s%s", activity, path, strerror(why), hint);
}

static bool sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

/* The folder that the last name of a path stands in. */
const char *store_folder_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash == NULL   ? "."
	       : slash == path ? "/"
			       : arena_copy(a, path, (size_t)(slash - path));
}

/* The folder, and what it stands in. A new one is synced into its parent: a durable file in a folder
 * that the disk does not know is lost all the same. Mostly all but the last are there. */
bool store_make_folder(struct arena *a, const char *folder, bool sync, struct err *e)
{
	bool made = mkdir(folder, 0700) == 0;
	const char *parent = store_folder_of(a, folder);
	if (!made && errno == ENOENT && strcmp(parent, folder) != 0) {
		if (!store_make_folder(a, parent, sync, e))
			return false;
		made = mkdir(folder, 0700) == 0;
	}
	if (!made)
		return errno == EEXIST || store_failed(e, "making folder", folder);
	return !sync || sync_folder(parent) || store_failed(e, "making folder", folder);
}

/* Every folder above the last name. */
static bool make_folders(const char *path, struct err *e)
{
	struct arena *scratch = arena_new(NULL);
	bool ok = store_make_folder(scratch, store_folder_of(scratch, path), true, e);
	arena_free(scratch);
	return ok;
}

static bool write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t put = write(fd, bytes, len);
		if (put < 0 && errno == EINTR)
			continue;
		if (put == 0)
			errno = ENOSPC;
		if (put <= 0)
			return false;
		bytes += put;
		len -= (size_t)put;
	}
	return true;
}

bool store_fill_beside(const char *beside, const void *bytes, size_t len, bool sync)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
	int fd = open(beside, flags, 0600);
	/* What a crashed run left there is nobody's. */
	if (fd < 0 && errno == EEXIST && unlink(beside) == 0)
		fd = open(beside, flags, 0600);
	if (fd < 0)
		return false;
	int why = write_all(fd, bytes, len) && (!sync || fsync(fd) == 0) ? 0 : errno;
	if (close(fd) != 0 && why == 0)
		why = errno;
	if (why == 0)
		return true;
	unlink(beside);
	errno = why;
	return false;
}

static bool write_beside(const char *beside, const char *path, const void *bytes, size_t len)
{
	if (!store_fill_beside(beside, bytes, len, true))
		return false;
	if (rename(beside, path) == 0)
		return true;
	int why = errno;
	unlink(beside);
	errno = why;
	return false;
}

/* --- many files at once --- */

void store_batch_begin(const struct store_port *store)
{
	struct store *s = store->self;
	s->batch = store_batch_new(s->arena);
}

bool store_batch_end(const struct store_port *store, bool keep, struct err *e)
{
	struct store *s = store->self;
	struct store_batch *b = s->batch;
	s->batch = NULL;
	return store_batch_close(b, s->dir, keep, e);
}

static bool store_write(void *self, const char *name, const void *bytes, size_t len, struct err *e)
{
	struct store *s = self;
	struct arena *scratch = arena_new(NULL);
	const char *path = path_of(scratch, s, name, e);
	bool ok = path != NULL && (s->batch != NULL || make_folders(path, e));
	if (ok && s->batch != NULL)
		ok = store_batch_write(s->batch, path, bytes, len, e);
	else if (ok)
		ok = (write_beside(str_printf(scratch, "%s.new", path), path, bytes, len) &&
		      sync_folder(store_folder_of(scratch, path))) ||
		     store_failed(e, "writing", path);
	arena_free(scratch);
	return ok;
}

static bool read_fd(struct arena *a, int fd, size_t max, const char *path, const char **bytes,
		    size_t *len, struct err *e)
{
	struct stat st;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_IO, "reading '%s': not a regular file", path);
	if ((size_t)st.st_size > max)
		return err_set(e, ERR_LIMIT, "reading '%s': larger than %zu bytes", path, max);
	char *data = arena_alloc(a, (size_t)st.st_size + 1);
	size_t have = 0;
	while (have < (size_t)st.st_size) {
		ssize_t got = read(fd, data + have, (size_t)st.st_size - have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return store_failed(e, "reading", path);
		if (got == 0)
			break;
		have += (size_t)got;
	}
	*bytes = data;
	*len = have;
	return true;
}

static bool store_read(void *self, struct arena *a, const char *name, size_t max,
		       const char **bytes, size_t *len, struct err *e)
{
	struct store *s = self;
	const char *path = path_of(a, s, name, e);
	if (path == NULL)
		return false;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return err_set(e, ERR_NOT_FOUND, "reading '%s': there is none", path);
	if (fd < 0)
		return store_failed(e, "reading", path);
	bool ok = read_fd(a, fd, max, path, bytes, len, e);
	close(fd);
	return ok;
}

/* A file that ends before `at` lost records that were durable: writing there would leave a hole. */
static bool long_enough(int fd, size_t at, const char *path, struct err *e)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return store_failed(e, "appending to", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_IO, "appending to '%s': not a regular file", path);
	return (size_t)st.st_size >= at || err_set(e, ERR_IO,
						   "appending to '%s': it holds %zu bytes where "
						   "%zu were written; it was cut or "
						   "replaced by something else",
						   path, (size_t)st.st_size, at);
}

static bool append_at(int fd, size_t at, const void *bytes, size_t len, const char *path,
		      struct err *e)
{
	if (ftruncate(fd, (off_t)at) == 0 && lseek(fd, (off_t)at, SEEK_SET) >= 0 &&
	    write_all(fd, bytes, len) && fdatasync(fd) == 0)
		return true;
	store_failed(e, "appending to", path);
	/* Half a record is no record: cut it off again if the disk lets us. */
	if (ftruncate(fd, (off_t)at) != 0)
		err_wrap(e, "a piece of a record is left behind");
	return false;
}

static bool store_append(void *self, const char *name, size_t at, const void *bytes, size_t len,
			 struct err *e)
{
	struct store *s = self;
	struct arena *scratch = arena_new(NULL);
	const char *path = path_of(scratch, s, name, e);
	bool ok = path != NULL && make_folders(path, e);
	if (ok) {
		bool made = true;
		int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0 && errno == EEXIST) {
			made = false;
			fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		}
		ok = fd >= 0 || store_failed(e, "appending to", path);
		/* The name before the record: a durable record needs a file that is found again. */
		ok = ok && (!made || sync_folder(store_folder_of(scratch, path)) ||
			    store_failed(e, "making", path));
		ok = ok && long_enough(fd, at, path, e) && append_at(fd, at, bytes, len, path, e);
		if (fd >= 0)
			close(fd);
		if (!ok && made && fd >= 0)
			unlink(path); /* it held nothing before */
	}
	arena_free(scratch);
	return ok;
}

static bool list_folder(struct arena *a, const char *path, const char *name, unsigned depth,
			struct str_list *names, struct err *e)
{
	DIR *dir = opendir(path);
	bool ok = true;
	if (dir == NULL)
		return errno == ENOENT ? true : store_failed(e, "listing", path);
	while (ok) {
		struct stat st;
		errno = 0;
		struct dirent *x = readdir(dir);
		if (x == NULL) {
			ok = errno == 0 || store_failed(e, "listing", path);
			break;
		}
		if (strcmp(x->d_name, ".") == 0 || strcmp(x->d_name, "..") == 0)
			continue;
		const char *below = str_printf(a, "%s/%s", path, x->d_name);
		const char *inside = str_printf(a, "%s/%s", name, x->d_name);
		if (lstat(below, &st) != 0) {
			ok = errno == ENOENT || store_failed(e, "listing", below);
			continue;
		}
		if (S_ISDIR(st.st_mode) && depth < 16)
			ok = list_folder(a, below, inside, depth + 1, names, e);
		else if (S_ISREG(st.st_mode) && !str_ends(x->d_name, ".new"))
			str_list_add(a, names, inside);
	}
	closedir(dir);
	return ok;
}

static bool store_list(void *self, struct arena *a, const char *folder, struct str_list *names,
		       struct err *e)
{
	struct store *s = self;
	const char *path = path_of(a, s, folder, e);
	if (path == NULL || !list_folder(a, path, folder, 0, names, e))
		return false;
	str_list_sort(names);
	return true;
}

/* flock goes with the process: a crashed holder's lock is free. */
static bool store_lock(void *self, const char *name, struct err *e)
{
	struct store *s = self;
	const char *path = path_of(s->arena, s, name, e);
	if (path == NULL || !make_folders(path, e))
		return false;
	if (s->locks == LOCKS_MAX)
		return err_set(e, ERR_LIMIT, "locking '%s': %d locks are held already", name,
			       LOCKS_MAX);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return store_failed(e, "locking", path);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK)
			err_set(e, ERR_REFUSED,
				"locking '%s': another pare on this machine works there; wait for "
				"it",
				name);
		else
			store_failed(e, "locking", path);
		close(fd);
		return false;
	}
	s->lock[s->locks].name = arena_strdup(s->arena, name);
	s->lock[s->locks++].fd = fd;
	return true;
}

static void store_unlock(void *self, const char *name)
{
	struct store *s = self;
	for (size_t i = 0; i < s->locks; i++)
		if (strcmp(s->lock[i].name, name) == 0) {
			close(s->lock[i].fd);
			s->lock[i] = s->lock[--s->locks];
			return;
		}
}

static void release(void *handle)
{
	struct store *s = handle;
	while (s->locks > 0)
		close(s->lock[--s->locks].fd);
}

/* Plans, journals and accepted tips are believed as they lie there. */
static bool private_folder(const char *dir, struct err *e)
{
	struct stat st;
	if (stat(dir, &st) != 0)
		return store_failed(e, "opening the state folder", dir);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_IO, "opening the state folder '%s': it is not a folder", dir);
	if ((st.st_mode & 022) != 0)
		return err_set(
			e, ERR_REFUSED,
			"opening the state folder '%s': others may write to it; 'chmod go-w' "
			"it, or give '--state DIR' a folder of your own",
			dir);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return err_set(e, ERR_REFUSED,
			       "opening the state folder '%s': it belongs to another user", dir);
	return true;
}

bool store_open(struct arena *a, const char *dir, struct store_port *out, struct err *e)
{
	struct store *s = arena_alloc(a, sizeof *s);
	s->arena = a;
	s->dir = arena_strdup(a, dir);
	if (!make_folders(str_printf(a, "%s/x", dir), e))
		return err_wrap(e, "opening the state folder '%s'", dir);
	if (!private_folder(dir, e))
		return false;
	if (access(dir, R_OK | W_OK | X_OK) != 0)
		return store_failed(e, "opening the state folder", dir);
	arena_defer(a, release, s);
	*out = (struct store_port){s,	       store_read, store_write, store_append,
				   store_list, store_lock, store_unlock};
	return true;
}
