/* forge: GitHub, GitLab and Gitea (Forgejo) over their REST interfaces: constructor of a forge_port.
 *
 * The address comes from repository.api and repository.project, or from the repository's URL.
 * The token is the first of: PARE_FORGE_TOKEN; GITHUB_TOKEN, GITLAB_TOKEN or GITEA_TOKEN where the
 * address is the one that such a token is for; what repository.credential_helper says. It is sent
 * over https only (or to this machine), never follows a redirect, stands in no message and is
 * wiped with the arena. Authorities: GIT_SSL_CAINFO, else AWS_CA_BUNDLE, else the system's. */
#ifndef PARE_FORGE_H
#define PARE_FORGE_H

#include "pare/config.h"
#include "pare/port.h"

/* For config->repository.forge, which is not "none". review and clock must live as long as the
 * arena; review (its mirror is where commits are looked at) may be NULL where carriers and reviews
 * are not asked for. */
bool forge_open(struct arena *a, const struct config *config, const struct review_port *review,
		const struct clock_port *clock, struct forge_port *out, struct err *e);

#endif
