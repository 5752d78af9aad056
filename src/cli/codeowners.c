/* codeowners: who must review what, from the configuration: never from tags, which whoever may tag a
 * role could write. In GitHub's and GitLab's form the last line that matches counts; Gitea's lines are
 * regular expressions over whole paths. */
#include <string.h>

#include "cli.h"
#include "pare/propose.h"
#include "pare/str.h"

struct owners_file {
	struct context *c;
	struct buf *text;
	struct json_writer w;
	bool regex;
};

/* Of what path_segment leaves, only '.' and '+' mean something in a regular expression. */
static const char *pattern(const struct owners_file *f, const char *path, bool folder)
{
	struct buf *b = buf_new(f->c->arena, 8 * strlen(path) + 16);
	if (!f->regex)
		return str_printf(f->c->arena, "/%s", path);
	for (const char *at = path; *at != '\0'; at++) {
		if (*at == '.' || *at == '+')
			buf_printf(b, "[%c]", *at);
		else
			buf_putc(b, *at);
	}
	if (folder)
		buf_puts(b, ".*");
	return b->data;
}

static void put_line(struct owners_file *f, const char *path, bool folder, const char *owners)
{
	const char *left = strcmp(path, "*") != 0 ? pattern(f, path, folder) : f->regex ? ".*" : "*";
	buf_printf(f->text, "%s %s\n", left, owners);
	json_open(&f->w, '{');
	json_member_text(&f->w, "pattern", left);
	json_member_text(&f->w, "owners", owners);
	json_close(&f->w, '}');
}

/* "111122223333/app/Web" is accounts/111122223333/roles/app/Web/. */
static const char *folder_of(struct arena *a, const char *of)
{
	struct buf *b = buf_new(a, 4 * strlen(of) + 64);
	buf_printf(b, "accounts/%.12s/", of);
	if (of[12] == '\0')
		return b->data;
	buf_puts(b, "roles/");
	for (const char *at = of + 13; *at != '\0';) {
		size_t len = strcspn(at, "/");
		buf_printf(b, "%s/", path_segment(a, arena_copy(a, at, len)));
		at += len + (at[len] == '/');
	}
	return b->data;
}

static const char *owner_of_rest(const struct config *c)
{
	for (size_t i = 0; i < c->owners.of.count; i++)
		if (strcmp(c->owners.of.item[i], "*") == 0)
			return c->owners.owner.item[i];
	return NULL;
}

static void put_all(struct owners_file *f)
{
	static const char *const guarded[] = {".github/", ".gitlab/", ".gitea/", ".forgejo/"};
	static const char *const files[] = {".gitattributes", ".gitlab-ci.yml", "CODEOWNERS"};
	const struct config *c = &f->c->config;
	const char *rest = owner_of_rest(c);
	buf_puts(f->text, "# Made by 'pare codeowners' from its configuration.\n");
	if (rest != NULL)
		put_line(f, "*", true, rest);
	/* Sorted: an account before its paths, a path before what is below it. */
	for (size_t i = 0; i < c->owners.of.count; i++)
		if (strcmp(c->owners.of.item[i], "*") != 0)
			put_line(f, folder_of(f->c->arena, c->owners.of.item[i]), true, c->owners.owner.item[i]);
	for (size_t i = 0; rest != NULL && i < sizeof guarded / sizeof guarded[0]; i++)
		put_line(f, guarded[i], true, rest);
	for (size_t i = 0; rest != NULL && i < sizeof files / sizeof files[0]; i++)
		put_line(f, files[i], false, rest);
}

int command_codeowners(struct arena *a, const struct options *o)
{
	enum { FILE_MAX = 3 * 1000 * 1000 }; /* GitHub ignores a larger one */
	struct context c;
	struct err e;
	if (!context_open(a, o, &c, &e)) {
		complain(&e);
		return exit_code_of(&e);
	}
	struct owners_file f = {.c = &c, .text = buf_new(a, FILE_MAX),
				 .w = json_page(a, 64u * 1024 * 1024)};
	f.regex = strcmp(c.config.repository.forge, "gitea") == 0;
	json_open(&f.w, '[');
	put_all(&f);
	json_close(&f.w, ']');
	if (c.config.owners.of.count == 0)
		err_set(&e, ERR_USAGE, "nobody owns anything: set owners = { [\"111122223333\"] = \"@acme/cloud-sec\" } "
				       "in pare.lua");
	else if (!buf_ok(f.text))
		err_set(&e, ERR_LIMIT, "CODEOWNERS would be larger than %d bytes, and forges ignore such", FILE_MAX);
	if (c.config.owners.of.count == 0 || !buf_ok(f.text)) {
		complain(&e);
		return exit_code_of(&e);
	}
	if (o->json)
		say_json(&f.w);
	else
		say_raw(f.text->data, f.text->len);
	return EXIT_DONE;
}
