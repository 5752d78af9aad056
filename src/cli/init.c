#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "pare/str.h"

static const char review_readme[] =
	"# IAM review\n\n"
	"`pare` proposes changes to IAM roles here, as branches `pare/<account>/<digest>`. To approve a\n"
	"proposal, review it and merge it; to leave one role out, delete its folder below\n"
	"`accounts/<account>/plans/` in the proposal first. Nothing is changed in AWS before `pare apply`\n"
	"finds a plan on the protected branch.\n\n"
	"Protect this branch: no direct pushes, no force pushes, reviews required, administrators included.\n"
	"The branch `pare/log` holds receipts and journals; only the executor writes to it.\n";

static const char review_attributes[] = "* -text\n";

static const char rule_example[] =
	"-- Rules for your own roles stand beside the shipped ones. `pare rules test` runs their tests.\n"
	"rule {\n"
	"  name  = \"month_end\",\n"
	"  about = \"Month-end jobs run outside the tracking period.\",\n"
	"  judge = function(c)\n"
	"    if c.principal.tags.schedule == \"month-end\" then\n"
	"      return exempt(\"tagged schedule=month-end\")\n"
	"    end\n"
	"  end,\n"
	"}\n";

static const char rule_example_test[] =
	"test \"a month-end role is exempt\" {\n"
	"  rule = \"month_end\",\n"
	"  subject = { principal = { tags = { schedule = \"month-end\" } } },\n"
	"  expect = \"exempt\",\n"
	"}\n\n"
	"test \"any other role passes\" {\n"
	"  rule = \"month_end\",\n"
	"  subject = { principal = { tags = { schedule = \"daily\" } } },\n"
	"  expect = \"pass\",\n"
	"}\n";

/* What pare init did, for --json. */
struct made {
	struct context *c;
	struct json_writer w;
};

/* With the folders above it. */
static bool make_folder(struct context *c, const char *path, struct err *e)
{
	char *part = arena_strdup(c->arena, path);
	for (char *at = part + 1; at[-1] != '\0'; at++) {
		struct stat s;
		if (*at != '/' && *at != '\0')
			continue;
		char kept = *at;
		*at = '\0';
		if (mkdir(part, 0755) != 0 && errno != EEXIST)
			return err_set(e, ERR_IO, "making folder '%s': %s", part, strerror(errno));
		if (stat(part, &s) != 0 || !S_ISDIR(s.st_mode))
			return err_set(e, ERR_IO, "making folder '%s': something else has that name", part);
		*at = kept;
		if (kept == '\0')
			break;
	}
	return true;
}

static bool write_all(int fd, const char *text)
{
	for (size_t len = strlen(text); len > 0;) {
		ssize_t n = write(fd, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return fsync(fd) == 0;
}

static void report(struct made *m, const char *path, bool written)
{
	json_open(&m->w, '{');
	json_member_text(&m->w, "path", path);
	json_member_bool(&m->w, "written", written);
	json_close(&m->w, '}');
	if (!m->c->o->json)
		say(m->c, written ? GREEN : DIM, "%s  %s\n", written ? "written" : "kept   ", path);
}

/* What exists is left alone, be it a file or a link: O_EXCL. */
static bool make_file(struct made *m, const char *dir, const char *name, const char *text, struct err *e)
{
	const char *path = str_printf(m->c->arena, "%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 && errno == EEXIST) {
		report(m, path, false);
		return true;
	}
	if (fd < 0)
		return err_set(e, ERR_IO, "writing '%s': %s", path, strerror(errno));
	bool ok = write_all(fd, text);
	int why = errno;
	if (close(fd) != 0 && ok) {
		ok = false;
		why = errno;
	}
	if (!ok) {
		unlink(path);
		return err_set(e, ERR_IO, "writing '%s': %s", path, strerror(why));
	}
	report(m, path, true);
	return true;
}

static bool init_folder(struct made *m, const char *dir, struct err *e)
{
	struct arena *a = m->c->arena;
	const char *folders[] = {dir, str_printf(a, "%s/rules/tests", dir), str_printf(a, "%s/review", dir)};
	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
		if (!make_folder(m->c, folders[i], e))
			return false;
	return make_file(m, dir, "pare.lua", config_sample(), e) &&
	       make_file(m, dir, "rules/month_end.lua", rule_example, e) &&
	       make_file(m, dir, "rules/tests/month_end_test.lua", rule_example_test, e) &&
	       make_file(m, dir, "review/README.md", review_readme, e) &&
	       make_file(m, dir, "review/.gitattributes", review_attributes, e);
}

int command_init(struct arena *a, const struct options *o)
{
	struct context c = {.arena = a, .o = o};
	struct made m = {.c = &c, .w = json_page(a, 1 << 20)};
	struct err e;
	char *dir = arena_strdup(a, o->words.count > 0 ? o->words.item[0] : ".");
	for (size_t len = strlen(dir); len > 1 && dir[len - 1] == '/'; len--)
		dir[len - 1] = '\0';
	json_open(&m.w, '[');
	if (*dir == '\0') {
		err_set(&e, ERR_USAGE, "'pare init': expected a folder, got an empty name");
		complain(&e);
		return EXIT_USAGE;
	}
	if (!init_folder(&m, dir, &e)) {
		complain(&e);
		return exit_code_of(&e);
	}
	json_close(&m.w, ']');
	if (o->json) {
		say_json(&m.w);
		return EXIT_DONE;
	}
	say(&c, PLAIN,
	    "\nNext: edit %s/pare.lua; push %s/review as the first commit of the review repository; then\n"
	    "  pare --config %s/pare.lua rules test %s/rules\n"
	    "  pare --config %s/pare.lua plan\n",
	    dir, dir, dir, dir, dir);
	return EXIT_DONE;
}
