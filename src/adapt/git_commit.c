/* git_commit: a commit from files, through an index in memory. */
#include <string.h>

#include "git_private.h"
#include "pare/str.h"

struct making {
	struct git *git;
	git_index *index;
	git_commit *parent; /* or NULL */
	git_tree *base;	    /* its tree, or NULL */
};

static int remove_file(struct making *m, const char *path)
{
	size_t len = strlen(path);
	int rc;
	if (path[len - 1] == '/') {
		char *folder = arena_copy(m->git->arena, path, len - 1);
		rc = git_index_remove_directory(m->index, folder, 0);
	} else {
		rc = git_index_remove(m->index, path, 0);
	}
	return rc == GIT_ENOTFOUND ? 0 : rc;
}

static int put_file(struct making *m, const struct review_file *f)
{
	git_index_entry entry = {.mode = GIT_FILEMODE_BLOB, .path = f->path};
	if (f->bytes == NULL)
		return remove_file(m, f->path);
	int rc = git_blob_create_from_buffer(&entry.id, m->git->repo, f->bytes, f->len);
	return rc < 0 ? rc : git_index_add(m->index, &entry);
}

static int start(struct making *m, const char *parent)
{
	git_oid id;
	int rc = git_index_new(&m->index);
	if (rc < 0 || parent[0] == '\0')
		return rc;
	rc = git_oid_fromstr(&id, parent);
	if (rc == 0)
		rc = git_commit_lookup(&m->parent, m->git->repo, &id);
	if (rc == 0)
		rc = git_commit_tree(&m->base, m->parent);
	return rc == 0 ? git_index_read_tree(m->index, m->base) : rc;
}

static int finish(struct making *m, const char *message, const char *email, int64_t when_ms,
		  git_oid *out)
{
	git_oid tree_id;
	git_tree *tree = NULL;
	git_signature *who = NULL;
	const git_commit *parents[] = {m->parent};
	int rc = git_index_write_tree_to(&tree_id, m->index, m->git->repo);
	if (rc == 0 && m->base != NULL && git_oid_equal(&tree_id, git_tree_id(m->base))) {
		git_oid_cpy(out, git_commit_id(m->parent));
		return 0;
	}
	if (rc == 0)
		rc = git_tree_lookup(&tree, m->git->repo, &tree_id);
	if (rc == 0)
		rc = git_signature_new(&who, "pare", email, when_ms / 1000, 0);
	if (rc == 0)
		rc = git_commit_create(out, m->git->repo, NULL, who, who, NULL, message, tree,
				       m->parent != NULL ? 1 : 0, parents);
	git_signature_free(who);
	git_tree_free(tree);
	return rc;
}

static bool line_valid(const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return false;
	return *text != '\0';
}

/* libgit2 refuses ".git" and its disguises; no part is empty or climbs. */
static bool path_valid(const char *path, bool folder_too)
{
	if (!line_valid(path))
		return false;
	for (const char *part = path; part != NULL;) {
		size_t len = strcspn(part, "/");
		bool last = part[len] == '\0';
		if (len == 0)
			return last && folder_too && part != path;
		if ((len == 1 && part[0] == '.') || (len == 2 && strncmp(part, "..", 2) == 0))
			return false;
		part = last ? NULL : part + len + 1;
	}
	return true;
}

bool git_commit_files(void *self, const char *parent, const struct review_file *file, size_t count,
		      const char *message, const char *author_email, int64_t when_ms,
		      char oid[OID_HEX], struct err *e)
{
	struct making m = {.git = self};
	git_oid id;
	if (!line_valid(author_email) || strpbrk(author_email, "<>") != NULL)
		return err_set(e, ERR_USAGE, "making a commit: the author '%s' is no mail address",
			       author_email);
	for (size_t i = 0; i < count; i++)
		if (!path_valid(file[i].path, file[i].bytes == NULL))
			return err_set(e, ERR_INPUT,
				       "making a commit: '%s' is no path inside a repository",
				       file[i].path);
	int rc = start(&m, parent);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = put_file(&m, &file[i]);
	if (rc == 0)
		rc = finish(&m, message, author_email, when_ms, &id);
	git_tree_free(m.base);
	git_commit_free(m.parent);
	git_index_free(m.index);
	if (rc < 0) {
		git_failed(self, rc, ERR_IO, e);
		return err_wrap(e, "making a commit");
	}
	git_oid_tostr(oid, OID_HEX, &id);
	return true;
}
