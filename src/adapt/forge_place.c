/* forge_place: where a forge's interface is and what the project is called there.
 *
 *   GitHub   https://github.com/acme/r        https://api.github.com, acme/r
 *            https://acme.ghe.com/acme/r      https://api.acme.ghe.com, acme/r
 *            https://git.example/acme/r       https://git.example/api/v3, acme/r
 *   GitLab   https://git.example/a/b/r        https://git.example/api/v4, a/b/r
 *   Gitea    https://git.example/x/acme/r     https://git.example/x/api/v1, acme/r
 *
 * ssh has its own port, which says nothing of the interface's. */
#include <stdlib.h>
#include <string.h>

#include "forge_private.h"
#include "pare/str.h"

struct address {
	bool http;
	const char *scheme; /* "https" */
	const char *host;   /* with an http port */
	char *path;         /* "acme/r", without slashes at its ends and ".git" */
};

static const char *host_of(struct arena *a, const char *authority, bool keep_port)
{
	char *host = arena_strdup(a, strrchr(authority, '@') != NULL ? strrchr(authority, '@') + 1 : authority);
	char *port = strrchr(host, ':');
	if (!keep_port && port != NULL && strchr(port, ']') == NULL)
		*port = '\0';
	host = str_lower(a, host);
	/* Where GitHub and GitLab take ssh on port 443. */
	if (!keep_port && strcmp(host, "ssh.github.com") == 0)
		return "github.com";
	return !keep_port && strcmp(host, "altssh.gitlab.com") == 0 ? "gitlab.com" : host;
}

static void trim_path(struct address *x)
{
	x->path += strspn(x->path, "/");
	for (size_t len = strlen(x->path); len > 0 && x->path[len - 1] == '/'; len--)
		x->path[len - 1] = '\0';
	if (str_ends(x->path, ".git"))
		x->path[strlen(x->path) - 4] = '\0';
}

/* false: a path on this machine, or nothing that has a host. */
static bool address_read(struct arena *a, const char *url, struct address *out)
{
	const char *after = strstr(url, "://");
	bool ssh = str_starts(url, "ssh://");
	out->http = str_starts(url, "https://") || str_starts(url, "http://");
	out->scheme = str_starts(url, "http://") ? "http" : "https";
	if (after == NULL) { /* user@host:path */
		const char *colon = strchr(url, ':');
		if (colon == NULL || memchr(url, '/', (size_t)(colon - url)) != NULL)
			return false;
		out->host = host_of(a, arena_copy(a, url, (size_t)(colon - url)), false);
		out->path = arena_strdup(a, colon + 1);
	} else if (out->http || ssh) {
		size_t len = strcspn(after + 3, "/?#");
		out->host = host_of(a, arena_copy(a, after + 3, len), out->http);
		out->path = arena_strdup(a, after + 3 + len);
	} else {
		return false;
	}
	trim_path(out);
	return out->host[0] != '\0' && out->path[0] != '\0';
}

static const char *api_of(struct arena *a, const struct forge_kind *kind, const struct address *x,
			  const char *prefix)
{
	if (kind == &forge_gitlab)
		return str_printf(a, "%s://%s/api/v4", x->scheme, x->host);
	if (kind == &forge_gitea)
		return str_printf(a, "%s://%s%s/api/v1", x->scheme, x->host, prefix);
	if (strcmp(x->host, "github.com") == 0)
		return "https://api.github.com";
	if (str_ends(x->host, ".ghe.com"))
		return str_printf(a, "https://api.%s", x->host);
	return str_printf(a, "%s://%s/api/v3", x->scheme, x->host);
}

/* The last two parts; *prefix is what stands before, with its slash. */
static const char *last_two(struct arena *a, const char *path, const char **prefix)
{
	const char *last = strrchr(path, '/'), *at = last;
	*prefix = "";
	if (last == NULL)
		return path;
	while (at > path && at[-1] != '/')
		at--;
	if (at > path)
		*prefix = str_printf(a, "/%.*s", (int)(at - 1 - path), path);
	return at;
}

/* "/gitlab" of https://host/gitlab/api/v4. */
static const char *root_of(struct arena *a, const char *api)
{
	const char *at = strchr(strstr(api, "://") + 3, '/');
	const char *end = at != NULL ? strstr(at, "/api/v") : NULL;
	return end != NULL ? arena_copy(a, at, (size_t)(end - at)) : "";
}

static bool project_valid(const struct forge_kind *kind, const char *project)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
	size_t parts = 0;
	for (const char *at = project;; at++) {
		size_t len = strspn(at, safe);
		if (len == 0 || len > 255 || (at[len] != '/' && at[len] != '\0') ||
		    (len == 1 && at[0] == '.') || (len == 2 && at[0] == '.' && at[1] == '.'))
			return false;
		parts++;
		at += len;
		if (*at == '\0')
			break;
	}
	return kind == &forge_gitlab ? parts >= 2 && parts <= 21 : parts == 2;
}

static const char *web_of(struct arena *a, const char *api, const char *project)
{
	const char *end = strstr(api, "/api/v");
	if (str_starts(api, "https://api.") && end == NULL &&
	    (str_ends(api, ".ghe.com") || strcmp(api, "https://api.github.com") == 0))
		return str_printf(a, "https://%s/%s", api + strlen("https://api."), project);
	return end != NULL ? str_printf(a, "%.*s/%s", (int)(end - api), api, project)
			   : str_printf(a, "%s/%s", api, project);
}

static bool api_valid(const char *api)
{
	const char *at = strstr(api, "://");
	if (at == NULL || (!str_starts(api, "https://") && !str_starts(api, "http://")))
		return false;
	for (const char *c = api; *c != '\0'; c++)
		if (*c <= ' ' || *c >= 0x7f || strchr("@?#\\\"<>", *c) != NULL)
			return false;
	return at[3] != '\0' && at[3] != '/';
}

bool forge_address_safe(const char *api)
{
	static const char *const hosts[] = {"http://127.0.0.1", "http://localhost", "http://[::1]"};
	if (str_starts(api, "https://"))
		return true;
	for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
		size_t len = strlen(hosts[i]);
		if (strncmp(api, hosts[i], len) == 0 && strchr(":/", api[len]) != NULL)
			return true; /* also at its end: strchr finds the NUL */
	}
	return false;
}

bool forge_place_find(struct arena *a, const struct config *config, const struct forge_kind *kind,
		      struct forge_place *out, struct err *e)
{
	struct address x = {.http = false};
	const char *url = config->repository.url, *prefix = "";
	bool known = url != NULL && address_read(a, url, &x);
	*out = (struct forge_place){config->repository.api, config->repository.project, NULL};
	if ((out->api == NULL || out->project == NULL) && !known)
		return err_set(e, ERR_USAGE,
			       "the repository '%s' names no host: say where %s is: repository.api = "
			       "\"https://…\" and repository.project = \"owner/name\" in pare.lua",
			       url != NULL ? url : "", kind->name);
	if (out->api != NULL) {
		char *api = arena_strdup(a, out->api);
		for (size_t len = strlen(api); len > 0 && api[len - 1] == '/'; len--)
			api[len - 1] = '\0';
		out->api = api;
		if (!api_valid(api))
			return err_set(e, ERR_USAGE, "repository.api: expected a URL such as "
						     "https://git.example/api/v4, without a user");
		const char *root = root_of(a, api);
		size_t len = strlen(root);
		if (len > 1 && known && strncmp(x.path, root + 1, len - 1) == 0 && x.path[len - 1] == '/')
			x.path += len;
	}
	if (out->project == NULL)
		out->project = kind == &forge_gitea ? last_two(a, x.path, &prefix) : x.path;
	else if (kind == &forge_gitea && known)
		last_two(a, x.path, &prefix);
	if (out->api == NULL)
		out->api = api_of(a, kind, &x, x.http ? prefix : "");
	if (!project_valid(kind, out->project))
		return err_set(e, ERR_USAGE,
			       "'%s' is no project of %s: expected owner/name; set repository.project, and "
			       "repository.api where the forge lives below a path",
			       out->project, kind->name);
	out->web = web_of(a, out->api, out->project);
	return true;
}
