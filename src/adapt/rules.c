/* rules: the rules port: files in, subjects in, verdicts out. The rules run in a process of their
 * own (lua_process.c, lua_child.c).
 *
 * R1 a rule that errs, overruns, kills its process or answers nonsense is a hold of that rule for
 *    that finding; the rules behind it are judged by a fresh process.
 * R2 a file that does not load stops the run.
 * R3 a subject that cannot be shown whole is held by every rule. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lua_private.h"
#include "pare/digest.h"
#include "pare/str.h"
#include "pare/world.h"

enum { LOAD_TIMEOUT_MS = 5000, RULE_TIMEOUT_MS = 2000, SEND_TIMEOUT_MS = 10000, FILES_MAX = 5000 };

struct rule_file {
	const char *path, *text, *sha256;
};

struct rule_files {
	struct rule_file *file;
	size_t count;
};

struct rules {
	struct arena *arena;
	struct rule_files files;
	struct rule_info *rule;
	size_t rule_count;
	const char *sha256;
	struct lua_process process;
	bool ahead; /* the process was told of this subject already; nothing was heard yet */
	struct judge_subject asked;
};

/* --- files --- */

static bool read_file(struct arena *a, const char *path, struct rule_file *f, struct err *e)
{
	/* O_NONBLOCK: a pipe under that name must not hold pare up. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat s;
	if (fd < 0)
		return err_set(e, ERR_USAGE, "reading rule file '%s': %s", path, strerror(errno));
	if (fstat(fd, &s) != 0 || !S_ISREG(s.st_mode) || s.st_size > LUA_SOURCE_MAX) {
		close(fd);
		return err_set(e, ERR_USAGE, "reading rule file '%s': expected a file of at most %d bytes", path,
			       LUA_SOURCE_MAX);
	}
	char *text = arena_alloc(a, (size_t)s.st_size + 1);
	size_t len = 0;
	ssize_t n = 1;
	while (n > 0 && len < (size_t)s.st_size) {
		n = read(fd, text + len, (size_t)s.st_size - len);
		len += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	if (len != (size_t)s.st_size)
		return err_set(e, ERR_USAGE, "reading rule file '%s': %s", path,
			       n < 0 ? strerror(errno) : "it changed while it was read");
	if (memchr(text, '\0', len) != NULL || text[0] == '\033')
		return err_set(e, ERR_USAGE, "reading rule file '%s': expected Lua source, got binary data",
			       path);
	*f = (struct rule_file){path, text, sha256_hex(a, text, len)};
	return true;
}

static bool read_all(struct arena *a, const struct str_list *paths, struct rule_files *out,
		     struct err *e)
{
	if (paths->count > FILES_MAX)
		return err_set(e, ERR_LIMIT, "reading rules: more than %d files", FILES_MAX);
	out->file = arena_array(a, paths->count + 1, sizeof *out->file);
	for (out->count = 0; out->count < paths->count; out->count++)
		if (!read_file(a, paths->item[out->count], &out->file[out->count], e))
			return false;
	return true;
}

/* *.lua in name order; not hidden ones, and not definitions for editors. */
static bool lua_files_in(struct arena *a, const char *folder, struct str_list *out, struct err *e)
{
	struct dirent *entry;
	struct str_list names = {0};
	DIR *d = opendir(folder);
	if (d == NULL)
		return err_set(e, ERR_USAGE, "reading rule folder '%s': %s", folder, strerror(errno));
	while (errno = 0, (entry = readdir(d)) != NULL)
		if (entry->d_name[0] != '.' && str_ends(entry->d_name, ".lua") &&
		    !str_ends(entry->d_name, ".d.lua"))
			str_list_add(a, &names, str_printf(a, "%s/%s", folder, entry->d_name));
	int why = errno;
	closedir(d);
	if (why != 0)
		return err_set(e, ERR_USAGE, "reading rule folder '%s': %s", folder, strerror(why));
	str_list_sort(&names);
	for (size_t i = 0; i < names.count; i++)
		str_list_add(a, out, names.item[i]);
	return true;
}

static bool find_files(struct arena *a, const struct str_list *paths, struct str_list *out,
		       struct err *e)
{
	for (size_t i = 0; i < paths->count; i++) {
		struct stat s;
		size_t before = out->count;
		if (stat(paths->item[i], &s) != 0)
			return err_set(e, ERR_USAGE, "reading rules '%s': %s", paths->item[i], strerror(errno));
		if (!S_ISDIR(s.st_mode))
			str_list_add(a, out, paths->item[i]);
		else if (!lua_files_in(a, paths->item[i], out, e))
			return false;
		if (out->count == before)
			return err_set(e, ERR_USAGE, "reading rules: no *.lua file in '%s'", paths->item[i]);
	}
	return out->count > 0 || err_set(e, ERR_USAGE, "reading rules: no file or folder was given");
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash != NULL ? slash + 1 : path;
}

/* Over names and contents, not over folders: the same on every machine. */
static const char *digest_of(struct arena *a, const struct rule_files *files)
{
	struct buf *b = buf_new(a, (size_t)FILES_MAX * 512);
	for (size_t i = 0; i < files->count; i++)
		buf_printf(b, "%s  %s\n", files->file[i].sha256, base_name(files->file[i].path));
	return buf_ok(b) ? sha256_hex(a, b->data, b->len) : NULL;
}

/* --- the process --- */

static const struct json *send_file(struct rules *r, struct arena *a, const char *op,
				    const struct rule_file *f, struct err *e)
{
	struct json_writer w;
	struct buf *b = buf_new(a, LUA_MESSAGE_MAX);
	json_start(&w, b, true);
	json_open(&w, '{');
	json_member_text(&w, "op", op);
	json_key(&w, "file");
	json_open(&w, '{');
	json_member_text(&w, "path", f->path);
	json_member_text(&w, "text", f->text);
	json_close(&w, '}');
	json_close(&w, '}');
	const struct json *v = lua_process_ask(&r->process, a, b, LOAD_TIMEOUT_MS, e);
	if (v != NULL)
		return v;
	e->kind = ERR_USAGE;
	err_wrap(e, "loading rule file '%s'", f->path);
	return NULL;
}

static bool add_rules(struct rules *r, const struct rule_file *f, const struct json *answer,
		      struct err *e)
{
	const struct json *list = json_get(answer, "rules");
	const struct json *x = list != NULL && list->type == JSON_ARRAY ? list->first : NULL;
	for (; x != NULL; x = x->next) {
		const char *name = json_text(x, "name"), *about = json_text(x, "about");
		if (name == NULL || about == NULL || r->rule_count == RULES_MAX)
			return err_set(e, ERR_INPUT, "loading rule file '%s': its process talks nonsense", f->path);
		r->rule[r->rule_count++] = (struct rule_info){arena_strdup(r->arena, name),
							      arena_strdup(r->arena, about), f->path, f->sha256};
	}
	return true;
}

/* A fresh process with all files. The first time it says what rules there are. */
static bool load(struct rules *r, struct err *e)
{
	bool first = r->rule == NULL, ok = true;
	if (first)
		r->rule = arena_array(r->arena, RULES_MAX, sizeof *r->rule);
	if (!lua_process_start(&r->process, e))
		return false;
	for (size_t i = 0; ok && i < r->files.count; i++) {
		struct arena *scratch = arena_new(r->arena);
		const struct json *v = send_file(r, scratch, "load", &r->files.file[i], e);
		ok = v != NULL && (!first || add_rules(r, &r->files.file[i], v, e));
		arena_free(scratch);
	}
	if (ok && r->rule_count == 0)
		ok = err_set(e, ERR_USAGE, "loading rules: '%s' declares no rule", r->files.file[0].path);
	if (!ok)
		lua_process_stop(&r->process);
	return ok;
}

static struct rules *open_rules(struct arena *a, const struct str_list *paths, void (*child)(int fd),
				struct err *e)
{
	struct str_list found = {0};
	struct rules *r = arena_alloc(a, sizeof *r);
	r->arena = a;
	r->process.child = child;
	arena_defer(a, lua_process_stop, &r->process);
	if (!find_files(a, paths, &found, e) || !read_all(a, &found, &r->files, e))
		return NULL;
	r->sha256 = digest_of(a, &r->files);
	if (r->sha256 == NULL) {
		err_set(e, ERR_LIMIT, "reading rules: their names are too long");
		return NULL;
	}
	return load(r, e) ? r : NULL;
}

/* --- judging --- */

/* R1: a rule that fails means that a person looks. */
static void failed(const struct rules *r, size_t i, struct arena *a, const char *why,
		   struct verdict *out)
{
	*out = (struct verdict){.rule = r->rule[i].name,
				.rule_sha256 = r->rule[i].sha256,
				.kind = VERDICT_HOLD,
				.reason = str_printf(a, "the rule failed: %s", why),
				.failed = true};
}

/* service:Action with wildcards in the action, as keep() takes it. */
static bool is_action_pattern(const char *text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-*?";
	size_t service = strspn(text, letters);
	if (service == 0 || text[service] != ':' || strcspn(text, "*?") < service)
		return false;
	const char *action = text + service + 1;
	return *action != '\0' && strspn(action, letters) == strlen(action);
}

static bool read_keep(struct arena *a, const struct json *keep, struct str_list *out)
{
	for (const struct json *x = keep != NULL ? keep->first : NULL; x != NULL; x = x->next) {
		if (x->type != JSON_STRING || !is_action_pattern(x->text))
			return false;
		str_list_add(a, out, arena_strdup(a, x->text));
	}
	return true;
}

/* false: nonsense */
static bool read_verdict(const struct rules *r, size_t i, struct arena *a, const struct json *v,
			 struct verdict *out)
{
	const char *kind = json_text(v, "kind");
	*out = (struct verdict){.rule = r->rule[i].name,
				.rule_sha256 = r->rule[i].sha256,
				.reason = arena_strdup(a, json_text(v, "reason")),
				.until = arena_strdup(a, json_text(v, "until")),
				.owner = arena_strdup(a, json_text(v, "owner"))};
	return kind != NULL && verdict_parse(kind, &out->kind) &&
	       read_keep(a, json_get(v, "keep"), &out->keep) &&
	       (out->kind == VERDICT_PASS || !str_empty(out->reason)) &&
	       (out->kind == VERDICT_KEEP) == (out->keep.count > 0);
}

static struct buf *judge_message(struct arena *a, const struct judge_subject *s, size_t from,
				 bool eager, struct err *e)
{
	struct json_writer w;
	struct buf *b = buf_new(a, LUA_MESSAGE_MAX + 1);
	json_start(&w, b, true);
	json_open(&w, '{');
	json_member_text(&w, "op", "judge");
	json_member_integer(&w, "from", (int64_t)from);
	json_member_bool(&w, "eager", eager);
	json_key(&w, "subject");
	if (!lua_subject_put(&w, a, s, e))
		return NULL;
	json_close(&w, '}');
	if (buf_ok(b) && b->len <= LUA_MESSAGE_MAX)
		return b;
	err_set(e, ERR_LIMIT, "it is larger than %d MiB", LUA_MESSAGE_MAX / 1024 / 1024);
	return NULL;
}

/* Most verdicts are passes: they are told apart without parsing. */
static bool is_pass(const char *text, size_t len, size_t i)
{
	char expected[32];
	int n = snprintf(expected, sizeof expected, "pass %zu", i);
	return len == (size_t)n && memcmp(text, expected, len) == 0;
}

static bool read_answer(const struct rules *r, size_t i, struct arena *a, const struct json *v,
			struct verdict *out)
{
	int64_t which;
	bool right = json_integer(json_get(v, "rule"), &which) && which == (int64_t)i;
	if (right && !json_bool(v, "ok", true)) {
		const char *why = json_text(v, "error");
		failed(r, i, a, why != NULL ? why : "without words", out);
		return !json_bool(v, "spent", true);
	}
	if (right && read_verdict(r, i, a, v, out))
		return true;
	failed(r, i, a, "its process talks nonsense", out);
	return false;
}

/* HEARD_NOTHING: the process is gone, and e says why. HEARD_FRESH: out is filled, and a fresh process
 * must go on behind it. */
enum heard { HEARD, HEARD_FRESH, HEARD_NOTHING };

static enum heard hear_verdict(struct rules *r, size_t i, struct arena *a, struct arena *scratch,
			       struct verdict *out, struct err *e)
{
	size_t len;
	const char *text = lua_process_hear(&r->process, scratch, RULE_TIMEOUT_MS, &len, e);
	if (text != NULL && is_pass(text, len, i)) {
		*out = (struct verdict){.rule = r->rule[i].name, .rule_sha256 = r->rule[i].sha256};
		return HEARD;
	}
	const struct json *v = text != NULL ? lua_process_read(&r->process, scratch, text, len, e) : NULL;
	if (v == NULL)
		return HEARD_NOTHING;
	return read_answer(r, i, a, v, out) ? HEARD : HEARD_FRESH;
}

static bool tell(struct rules *r, const struct buf *message, struct err *e)
{
	if (lua_process_tell(&r->process, message, SEND_TIMEOUT_MS, e))
		return true;
	/* A process that ended while it had nothing to do is no rule's fault: once more. */
	return load(r, e) && lua_process_tell(&r->process, message, SEND_TIMEOUT_MS, e);
}

static bool same_subject(const struct judge_subject *x, const struct judge_subject *y)
{
	return x->finding == y->finding && x->recommendation == y->recommendation &&
	       x->principal == y->principal && x->now_ms == y->now_ms;
}

/* Whether the process works on this subject; one that works on another is of no use any more. */
static bool told_ahead(struct rules *r, const struct judge_subject *s)
{
	bool told = r->ahead && r->process.pid != 0, same = told && same_subject(&r->asked, s);
	r->ahead = false;
	if (told && !same)
		lua_process_stop(&r->process);
	return same;
}

/* The verdicts from rule `from` on, as far as this process gets; gives the next rule. Verdicts come
 * in bundles, so a process that ends takes some with it that were fine: then the same rules are
 * asked once more, eagerly, one answer at a time, and it is known whose fault it is. message NULL: the
 * process was told already. */
static size_t judge_from(struct rules *r, struct arena *a, struct arena *scratch,
			 const struct buf *message, size_t from, bool *eager, struct verdict *out)
{
	struct err e;
	enum heard heard = message == NULL || tell(r, message, &e) ? HEARD : HEARD_NOTHING;
	size_t i = from;
	while (heard == HEARD && i < r->rule_count && !lua_process_worn(&r->process)) {
		heard = hear_verdict(r, i, a, scratch, &out[i], &e);
		i += heard != HEARD_NOTHING;
	}
	if (heard != HEARD || i < r->rule_count)
		lua_process_stop(&r->process);
	if (heard != HEARD_NOTHING)
		return i;
	if (*eager) {
		failed(r, i, a, e.message, &out[i]);
		i++;
	}
	*eager = true;
	return i;
}

static bool judge_subject(void *self, struct arena *a, const struct judge_subject *s,
			  struct decision *out, struct err *e)
{
	struct rules *r = self;
	out->rules_sha256 = r->sha256;
	out->count = r->rule_count;
	out->verdict = arena_array(a, r->rule_count, sizeof *out->verdict);
	bool eager = false, told = told_ahead(r, s);
	for (size_t next = 0; next < r->rule_count; told = false) {
		struct arena *scratch = arena_new(a);
		struct err bad;
		if (r->process.pid == 0 && !load(r, e)) {
			arena_free(scratch);
			return false;
		}
		const struct buf *message = told ? NULL : judge_message(scratch, s, next, eager, &bad);
		if (told || message != NULL)
			next = judge_from(r, a, scratch, message, next, &eager, out->verdict);
		else
			for (; next < r->rule_count; next++) /* R3 */
				failed(r, next, a, str_printf(scratch, "its subject: %s", bad.message),
				       &out->verdict[next]);
		arena_free(scratch);
	}
	return true;
}

/* What fails here fails again, with words, when the subject is judged. */
static void tell_ahead(void *self, const struct judge_subject *s)
{
	struct rules *r = self;
	struct err e;
	if (r->process.pid == 0 || r->ahead)
		return;
	struct arena *scratch = arena_new(NULL);
	const struct buf *message = judge_message(scratch, s, 0, false, &e);
	r->ahead = message != NULL && lua_process_tell(&r->process, message, SEND_TIMEOUT_MS, &e);
	r->asked = *s;
	arena_free(scratch);
}

bool rules_open_with(struct arena *a, const struct str_list *paths, void (*child)(int fd),
		     struct rules_port *out, struct err *e)
{
	struct rules *r = open_rules(a, paths, child, e);
	if (r == NULL)
		return false;
	*out = (struct rules_port){r, r->sha256, judge_subject, tell_ahead};
	return true;
}

struct lua_process *rules_process(void *port_self)
{
	return &((struct rules *)port_self)->process;
}

bool rules_open(struct arena *a, const struct str_list *paths, struct rules_port *out, struct err *e)
{
	return rules_open_with(a, paths, lua_child, out, e);
}

bool rules_list(struct arena *a, const struct str_list *paths, struct rule_info **out, size_t *count,
		struct err *e)
{
	struct rules *r = open_rules(a, paths, lua_child, e);
	if (r == NULL)
		return false;
	*out = r->rule;
	*count = r->rule_count;
	lua_process_stop(&r->process);
	return true;
}

/* --- tests --- */

/* A folder's are in its tests/; those of DIR/x.lua are in DIR/tests/x_test.lua. */
static bool find_tests(struct arena *a, const struct str_list *paths, struct str_list *out,
		       struct err *e)
{
	for (size_t i = 0; i < paths->count; i++) {
		struct stat s;
		const char *path = paths->item[i];
		if (stat(path, &s) != 0)
			return err_set(e, ERR_USAGE, "reading rules '%s': %s", path, strerror(errno));
		if (S_ISDIR(s.st_mode)) {
			const char *folder = str_printf(a, "%s/tests", path);
			if (access(folder, F_OK) == 0 && !lua_files_in(a, folder, out, e))
				return false;
			continue;
		}
		const char *name = base_name(path);
		size_t stem = strlen(name) - (str_ends(name, ".lua") ? strlen(".lua") : 0);
		const char *file = str_printf(a, "%.*stests/%.*s_test.lua", (int)(name - path), path, (int)stem,
					      name);
		if (access(file, F_OK) == 0)
			str_list_add(a, out, file);
	}
	return true;
}

static void add_tests(struct arena *a, const struct rule_file *f, const struct json *answer,
		      struct rule_test *out, size_t *count)
{
	const struct json *list = json_get(answer, "tests");
	for (const struct json *x = list != NULL ? list->first : NULL; x != NULL; x = x->next)
		if (*count < TESTS_MAX && json_text(x, "name") != NULL && json_text(x, "rule") != NULL)
			out[(*count)++] = (struct rule_test){.file = f->path,
							     .name = arena_strdup(a, json_text(x, "name")),
							     .rule = arena_strdup(a, json_text(x, "rule"))};
}

/* The rules' process, fresh when need be, with the tests in it; out (NULL: known) gets their list. */
static bool load_tests(struct rules *r, const struct rule_files *tests, struct rule_test *out,
		       size_t *count, struct err *e)
{
	bool ok = r->process.pid != 0 || load(r, e);
	for (size_t i = 0; ok && i < tests->count; i++) {
		struct arena *scratch = arena_new(r->arena);
		const struct json *v = send_file(r, scratch, "tests", &tests->file[i], e);
		ok = v != NULL;
		if (ok && out != NULL)
			add_tests(r->arena, &tests->file[i], v, out, count);
		arena_free(scratch);
	}
	return ok;
}

/* A test that overruns costs itself and a new process. */
static void run_test(struct rules *r, size_t n, struct rule_test *t)
{
	struct json_writer w;
	struct err e;
	struct arena *scratch = arena_new(r->arena);
	struct buf *b = buf_new(scratch, 256);
	json_start(&w, b, true);
	json_open(&w, '{');
	json_member_text(&w, "op", "test");
	json_member_integer(&w, "n", (int64_t)n);
	json_close(&w, '}');
	const struct json *v = lua_process_ask(&r->process, scratch, b, RULE_TIMEOUT_MS, &e);
	t->ok = v != NULL && json_bool(v, "passed", false);
	t->detail = arena_strdup(r->arena, v != NULL ? json_text(v, "detail") : e.message);
	if (!t->ok && t->detail == NULL)
		t->detail = "its process talks nonsense";
	if (v == NULL || json_bool(v, "spent", true) || lua_process_worn(&r->process))
		lua_process_stop(&r->process);
	arena_free(scratch);
}

bool rules_test(struct arena *a, const struct str_list *paths, struct rule_info **rules,
		size_t *rule_count, struct rule_test **out, size_t *count, struct err *e)
{
	struct str_list found = {0};
	struct rule_files tests;
	struct rules *r = open_rules(a, paths, lua_child, e);
	if (r == NULL || !find_tests(a, paths, &found, e) || !read_all(a, &found, &tests, e))
		return false;
	*rules = r->rule;
	*rule_count = r->rule_count;
	*out = arena_array(a, TESTS_MAX, sizeof **out);
	*count = 0;
	if (!load_tests(r, &tests, *out, count, e))
		return false;
	for (size_t n = 0; n < *count; n++) {
		if (r->process.pid == 0 && !load_tests(r, &tests, NULL, NULL, e))
			return false;
		run_test(r, n, &(*out)[n]);
	}
	lua_process_stop(&r->process);
	return true;
}
