/* git_read: what the mirror holds. Only what a tree names once, as a regular file, is read: a link,
 * an executable, a submodule or a name that stands twice shows a reviewer something else than us.
 * An object that should be there and is not is damage, never "no such file". */
#include <string.h>

#include "git_private.h"
#include "pare/str.h"

enum { FILES_MAX = 1000000, PATH_MAX_BYTES = 4096, DEPTH_MAX = 64 };

bool git_resolve(void *self, const char *ref, char oid[OID_HEX], struct err *e)
{
	struct git *g = self;
	git_oid id;
	int rc = git_reference_name_to_id(&id, g->repo, ref);
	oid[0] = '\0';
	if (rc == GIT_ENOTFOUND)
		return true;
	if (rc < 0) {
		git_failed(g, rc, ERR_IO, e);
		return err_wrap(e, "reading the ref '%s'", ref);
	}
	git_oid_tostr(oid, OID_HEX, &id);
	return true;
}

bool git_list_refs(void *self, struct arena *a, const char *prefix, struct str_list *names,
		   struct err *e)
{
	struct git *g = self;
	git_reference_iterator *it;
	const char *name;
	int rc = git_reference_iterator_new(&it, g->repo);
	if (rc < 0)
		return git_failed(g, rc, ERR_IO, e);
	while ((rc = git_reference_next_name(&name, it)) == 0)
		if (str_starts(name, prefix))
			str_list_add(a, names, arena_strdup(a, name));
	git_reference_iterator_free(it);
	str_list_sort(names);
	return rc == GIT_ITEROVER || git_failed(g, rc, ERR_IO, e);
}

static bool damaged(struct git *g, int rc, const char *what, struct err *e)
{
	git_failed(g, rc, ERR_IO, e);
	return err_set(e, ERR_IO,
		       "reading %s from the mirror: %s; if that stays after another fetch, remove "
		       "the folder "
		       "'%s', it is made again",
		       what, str_printable(g->arena, e->message, false), g->mirror);
}

static bool tree_of(struct git *g, const char *commit, git_tree **tree, struct err *e)
{
	git_oid id;
	git_commit *c;
	if (strlen(commit) != OID_HEX - 1 || git_oid_fromstr(&id, commit) < 0)
		return err_set(e, ERR_INPUT, "'%.64s' is no commit id", commit);
	int rc = git_commit_lookup(&c, g->repo, &id);
	if (rc == 0) {
		rc = git_commit_tree(tree, c);
		git_commit_free(c);
	}
	return rc == 0 || damaged(g, rc, str_printf(g->arena, "commit %.12s", commit), e);
}

/* The one entry of that name. NULL with *e untouched when there is none: twice is refused. */
static bool entry_once(const git_tree *tree, const char *name, size_t len,
		       const git_tree_entry **out, const char *path, struct err *e)
{
	*out = NULL;
	for (size_t i = 0; i < git_tree_entrycount(tree); i++) {
		const git_tree_entry *x = git_tree_entry_byindex(tree, i);
		const char *found = git_tree_entry_name(x);
		if (strlen(found) != len || memcmp(found, name, len) != 0)
			continue;
		if (*out != NULL)
			return err_set(e, ERR_REFUSED,
				       "reading '%s': the name stands twice in its folder", path);
		*out = x;
	}
	return true;
}

/* Walks down the path. *out NULL: there is no such entry. The caller frees *out. */
static bool find_entry(struct git *g, const char *commit, const char *path, git_tree_entry **out,
		       struct err *e)
{
	git_tree *tree;
	const char *part = path;
	*out = NULL;
	if (!tree_of(g, commit, &tree, e))
		return false;
	for (;;) {
		const git_tree_entry *x;
		size_t len = strcspn(part, "/");
		bool ok = entry_once(tree, part, len, &x, path, e);
		bool last = part[len] == '\0' || part[len + 1] == '\0';
		if (!ok || x == NULL || last) {
			if (ok && x != NULL && git_tree_entry_dup(out, x) < 0)
				ok = git_failed(g, -1, ERR_IO, e);
			git_tree_free(tree);
			return ok;
		}
		git_tree *below = NULL;
		int rc = git_tree_entry_filemode_raw(x) == GIT_FILEMODE_TREE
				 ? git_tree_lookup(&below, g->repo, git_tree_entry_id(x))
				 : 0;
		git_tree_free(tree);
		if (rc < 0)
			return damaged(g, rc, str_printf(g->arena, "the folder of '%s'", path), e);
		if (below == NULL) /* a file or link where a folder is meant */
			return true;
		tree = below;
		part += len + 1;
	}
}

static bool read_blob(struct git *g, struct arena *a, const git_oid *id, size_t max,
		      const char *path, const char **bytes, size_t *len, struct err *e)
{
	git_odb *odb;
	git_blob *blob;
	git_object_t type;
	int rc = git_repository_odb(&odb, g->repo);
	if (rc < 0)
		return git_failed(g, rc, ERR_IO, e);
	/* The size first: a small pack may hold a blob larger than memory. */
	rc = git_odb_read_header(len, &type, odb, id);
	git_odb_free(odb);
	if (rc == 0 && *len > max)
		return err_set(e, ERR_REFUSED, "reading '%s': %zu bytes, at most %zu are taken",
			       path, *len, max);
	if (rc == 0)
		rc = git_blob_lookup(&blob, g->repo, id);
	if (rc < 0)
		return damaged(g, rc, str_printf(g->arena, "'%s'", path), e);
	*len = (size_t)git_blob_rawsize(blob);
	*bytes = arena_copy(a, git_blob_rawcontent(blob), *len);
	git_blob_free(blob);
	return true;
}

static const char *kind_of(int mode)
{
	switch (mode) {
	case GIT_FILEMODE_TREE:
		return "a folder";
	case GIT_FILEMODE_LINK:
		return "a symbolic link";
	case GIT_FILEMODE_COMMIT:
		return "a submodule";
	case GIT_FILEMODE_BLOB_EXECUTABLE:
		return "an executable";
	default:
		return "of an odd mode";
	}
}

bool git_read_file(void *self, struct arena *a, const char *commit, const char *path, size_t max,
		   const char **bytes, size_t *len, struct err *e)
{
	struct git *g = self;
	git_tree_entry *entry;
	if (!find_entry(g, commit, path, &entry, e))
		return false;
	if (entry == NULL)
		return err_set(e, ERR_NOT_FOUND, "reading '%s': commit %.12s has no such file",
			       path, commit);
	int mode = (int)git_tree_entry_filemode_raw(entry);
	bool ok =
		mode == GIT_FILEMODE_BLOB
			? read_blob(g, a, git_tree_entry_id(entry), max, path, bytes, len, e)
			: err_set(e, ERR_REFUSED, "reading '%s': it is %s, expected a regular file",
				  path, kind_of(mode));
	git_tree_entry_free(entry);
	return ok;
}

/* A tree may name one subtree a thousand times, ten levels deep: the walk counts. */
static bool list_tree(struct git *g, struct arena *a, const git_oid *id, const char *folder,
		      unsigned depth, size_t *seen, struct str_list *paths, struct err *e)
{
	git_tree *tree;
	bool ok = true;
	int rc = git_tree_lookup(&tree, g->repo, id);
	if (rc < 0)
		return damaged(g, rc, str_printf(g->arena, "folder '%s'", folder), e);
	for (size_t i = 0; i < git_tree_entrycount(tree) && ok; i++) {
		const git_tree_entry *x = git_tree_entry_byindex(tree, i);
		int mode = (int)git_tree_entry_filemode_raw(x);
		const char *path = str_printf(a, "%s/%s", folder, git_tree_entry_name(x));
		if (++*seen > FILES_MAX || depth > DEPTH_MAX || strlen(path) > PATH_MAX_BYTES)
			ok = err_set(e, ERR_LIMIT,
				     "listing '%.100s…': more than %d entries, %d levels or %d "
				     "bytes a path",
				     folder, FILES_MAX, DEPTH_MAX, PATH_MAX_BYTES);
		else if (mode == GIT_FILEMODE_TREE)
			ok = list_tree(g, a, git_tree_entry_id(x), path, depth + 1, seen, paths, e);
		else if (mode == GIT_FILEMODE_BLOB)
			str_list_add(a, paths, path);
	}
	git_tree_free(tree);
	return ok;
}

bool git_list_files(void *self, struct arena *a, const char *commit, const char *folder,
		    struct str_list *paths, struct err *e)
{
	struct git *g = self;
	git_tree_entry *entry;
	size_t seen = 0;
	if (!find_entry(g, commit, folder, &entry, e))
		return false;
	bool ok = true;
	if (entry != NULL && git_tree_entry_filemode_raw(entry) == GIT_FILEMODE_TREE)
		ok = list_tree(g, a, git_tree_entry_id(entry), folder, 0, &seen, paths, e);
	git_tree_entry_free(entry);
	str_list_sort(paths);
	return ok;
}

bool git_descends(void *self, const char *commit, const char *ancestor, bool *yes, struct err *e)
{
	struct git *g = self;
	git_oid child, old;
	*yes = false;
	if (strlen(commit) != OID_HEX - 1 || strlen(ancestor) != OID_HEX - 1 ||
	    git_oid_fromstr(&child, commit) < 0 || git_oid_fromstr(&old, ancestor) < 0)
		return err_set(e, ERR_INPUT, "'%.40s' or '%.40s' is no commit id", commit,
			       ancestor);
	*yes = git_oid_equal(&child, &old);
	if (*yes)
		return true;
	git_odb *odb;
	int rc = git_repository_odb(&odb, g->repo);
	if (rc < 0)
		return git_failed(g, rc, ERR_IO, e);
	/* What no branch leads to any more was never fetched into a new mirror. */
	bool known = git_odb_exists(odb, &old);
	git_odb_free(odb);
	if (!known)
		return true;
	rc = git_graph_descendant_of(g->repo, &child, &old);
	if (rc < 0)
		return damaged(g, rc, "the history", e);
	*yes = rc == 1;
	return true;
}
