/* git: the review repository through libgit2, without a work tree. Private to src/adapt/git*.
 *
 * What is answered here (docs/design.md, "git"): the user's and system's configuration is not read
 * (url.insteadOf would send our credentials elsewhere); a push that the server refuses returns 0, so
 * its status is taken from the callback and the ref is read again; pushes to a path do not compare
 * old values, so the ref is moved there by compare-and-swap; HTTP, TLS and time limits are libcurl's;
 * ssh is OpenSSH's own program, which knows every kind of key, agents and known_hosts.
 *
 * The mirror is a cache: all that is in it is on the remote, too, so a damaged one is thrown away and
 * fetched again. Two files beside it keep processes apart: `<id>.use` is held shared by everybody
 * who has it open and exclusively to throw it away; `<id>.lock` is held while refs are written. */
#ifndef PARE_GIT_PRIVATE_H
#define PARE_GIT_PRIVATE_H

#include <git2.h>
#include <git2/sys/transport.h>

#include "pare/http.h"
#include "pare/world.h"

enum git_place { GIT_PLACE_PATH, GIT_PLACE_HTTP, GIT_PLACE_SSH };

struct git {
	struct arena *arena;
	const char *url;    /* as configured */
	const char *remote; /* as libgit2 takes it */
	enum git_place place;
	git_repository *repo; /* the bare mirror */
	const char *mirror;   /* its folder */
	int use_fd, lock_fd;
	long list_timeout_ms;     /* answering "which refs are there" */
	long transfer_timeout_ms; /* a whole fetch or push over HTTP; silence over ssh */
	struct http *lister, *carrier;
	struct http_header auth; /* name NULL: none */
	struct err net_err;      /* what the network met last, kind ERR_NONE if nothing */
	git_smart_subtransport_definition subtransport;
};

/* One conversation with the remote: the payload of every callback. */
struct wire {
	struct git *git;
	const struct review_move *move;
	size_t count;
	const char *ref;      /* the one that is moved now, or was refused */
	const char *oid;      /* where to; "": delete */
	const char *outgoing; /* local ref that holds oid */
	bool moved;           /* a ref of the remote is not where it was expected */
	char status[256];     /* the server's word against it */
	char said[1024];      /* what the server's hooks print */
	size_t said_len;
};

/* Turns libgit2's last error into ours; kind is the default where nothing says better. */
bool git_failed(struct git *g, int rc, enum err_kind kind, struct err *e);

/* git_mirror.c: opens the mirror below state_dir, made new where there is none or a damaged one. */
bool git_mirror_open(struct git *g, const char *state_dir, struct err *e);
/* Waits for the right to write refs; drops what a killed process left behind. */
bool git_mirror_lock(struct git *g, struct err *e);
void git_mirror_unlock(struct git *g);
/* Can every ref be read, and every branch's commit and tree? Needs the lock. */
bool git_mirror_sound(struct git *g);
/* Throws the mirror away and makes an empty one; refused while another process uses it. */
bool git_mirror_renew(struct git *g, struct err *e);

/* git_http.c, git_ssh.c: make g->subtransport for the place. */
bool git_http_open(struct git *g, struct err *e);
bool git_ssh_open(struct git *g, struct err *e);

/* git_remote.c */
git_remote_callbacks git_wire_callbacks(struct wire *w);
git_fetch_options git_wire_fetching(struct wire *w); /* without tags and FETCH_HEAD */
bool git_fetch_all(void *self, struct err *e);
/* git_bring.c */
bool git_bring(void *self, const char *ref, struct err *e);
/* git_publish.c */
bool git_publish(void *self, const char *ref, const char *expected, const char *oid, struct err *e);
bool git_publish_all(void *self, const struct review_move *move, size_t count, const char *oid,
		     struct err *e);
/* git_commit.c */
bool git_commit_files(void *self, const char *parent, const struct review_file *file, size_t count,
		      const char *message, const char *author_email, int64_t when_ms,
		      char oid[OID_HEX], struct err *e);
/* git_read.c */
bool git_resolve(void *self, const char *ref, char oid[OID_HEX], struct err *e);
bool git_list_refs(void *self, struct arena *a, const char *prefix, struct str_list *names,
		   struct err *e);
bool git_read_file(void *self, struct arena *a, const char *commit, const char *path, size_t max,
		   const char **bytes, size_t *len, struct err *e);
bool git_list_files(void *self, struct arena *a, const char *commit, const char *folder,
		    struct str_list *paths, struct err *e);
bool git_descends(void *self, const char *commit, const char *ancestor, bool *yes, struct err *e);

#endif
