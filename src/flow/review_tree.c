/* review_tree: a principal as files of the review repository. Each existing policy is a slot whose
 * file keeps its name when the policy in it gets another one, so that the forge's diff shows the
 * permission change and nothing else. */
#include <string.h>

#include "pare/arn.h"
#include "pare/digest.h"
#include "pare/document.h"
#include "pare/propose.h"
#include "pare/str.h"

enum { REVIEW_FILE_MAX = 1 << 23, SEGMENT_MAX = 200 };

struct tree_slot {
	bool inlined;
	const char *id;	  /* ARN or inline name, as observed */
	const char *file; /* file name without .json */
	const char *document;
	const struct policy *old;
	bool used; /* a policy of the outcome is written there */
};

struct tree {
	struct arena *arena;
	const struct principal *before, *now;
	const struct plan *plan;
	const char *folder;
	struct tree_slot *slot;
	size_t slot_count;
	struct review_file *file;
	size_t count;
	bool whole; /* no file met its ceiling */
};

char *path_segment(struct arena *a, const char *name)
{
	char *text = str_percent_encode(a, name, "=+@,");
	/* '~' ends the names that were told apart, and a leading '.' hides or climbs. */
	struct buf *b = buf_new(a, 8 * strlen(text) + 16);
	for (const char *c = text; *c != '\0'; c++) {
		if (*c == '~' || (*c == '.' && c == text))
			buf_printf(b, "%%%02X", (unsigned char)*c);
		else
			buf_putc(b, *c);
	}
	/* No file system takes more than 255 bytes: nobody could check the repository out. */
	if (b->len > SEGMENT_MAX)
		return str_printf(a, "%.*s~%.16s", SEGMENT_MAX - 20, b->data,
				  sha256_hex(a, name, strlen(name)));
	return b->len > 0 ? b->data : arena_strdup(a, "%2F"); /* "//" in an IAM path */
}

/* The words this layout uses itself are told from roles and paths of that name. */
static const char *role_segment(struct arena *a, const char *name)
{
	static const char *const own[] = {"inline", "managed", "principal.json",
					  "attachments.json"};
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		if (str_equal_nocase(name, own[i]))
			return str_printf(a, "%%%02X%s", (unsigned char)name[0], name + 1);
	return path_segment(a, name);
}

static const char *role_folder(struct arena *a, const struct principal *p)
{
	char *folder = str_printf(a, "accounts/%s/%ss", p->account, principal_type_name(p->type));
	for (size_t i = 1; str_part(a, p->path, '/', i + 1, false) != NULL; i++)
		folder = str_printf(a, "%s/%s", folder,
				    role_segment(a, str_part(a, p->path, '/', i, false)));
	return str_printf(a, "%s/%s", folder, role_segment(a, p->name));
}

/* Without case: a reviewer's file system may not tell it. */
static bool file_taken(const struct tree *t, bool inlined, const char *file)
{
	for (size_t i = 0; i < t->slot_count; i++)
		if (t->slot[i].inlined == inlined && str_equal_nocase(t->slot[i].file, file))
			return true;
	return false;
}

static void add_slot(struct tree *t, bool inlined, const char *id, const char *name,
		     const char *document)
{
	const char *file = path_segment(t->arena, policy_base_name(t->arena, name));
	if (file_taken(t, inlined, file)) {
		char *hex = sha256_hex(t->arena, id, strlen(id));
		file = str_printf(t->arena, "%s~%.8s", file, hex);
	}
	struct err e;
	struct tree_slot *s = &t->slot[t->slot_count++];
	*s = (struct tree_slot){.inlined = inlined, .id = id, .file = file, .document = document};
	if (document != NULL)
		s->old = policy_parse(t->arena, document, strlen(document), id, &e);
}

static void add_slots(struct tree *t, const struct principal *p)
{
	t->slot = arena_array(t->arena, p->attached_count + p->inline_count + 1, sizeof *t->slot);
	for (size_t i = 0; i < p->attached_count; i++)
		add_slot(t, false, p->attached[i].arn, arn_name(p->attached[i].arn),
			 p->attached[i].document);
	for (size_t i = 0; i < p->inline_count; i++)
		add_slot(t, true, p->inline_policy[i].name, p->inline_policy[i].name,
			 p->inline_policy[i].document);
}

/* The slot a policy of the outcome belongs to: its own, or the one whose replacement it is. */
static struct tree_slot *own_slot(const struct tree *t, bool inlined, const char *id)
{
	const char *source = id;
	for (size_t i = 0; t->plan != NULL && i < t->plan->step_count; i++) {
		const struct step *s = &t->plan->step[i];
		const char *made = inlined ? s->action.policy_name : s->action.policy_arn;
		if (step_adds(s->action.op) && !s->temporary && str_equal(made, id) &&
		    s->source_policy != NULL)
			source = s->source_policy;
	}
	for (size_t i = 0; i < t->slot_count; i++)
		if (t->slot[i].inlined == inlined && strcmp(t->slot[i].id, source) == 0)
			return &t->slot[i];
	return NULL;
}

/* What a rollback brings back finds the file it had: of the policy that goes in its favour. */
static const struct tree_slot *slot_of(const struct tree *t, bool inlined, const char *id,
				       const char *name)
{
	struct tree_slot *own = own_slot(t, inlined, id);
	const char *file = path_segment(t->arena, policy_base_name(t->arena, name));
	for (size_t i = 0; own == NULL && i < t->slot_count; i++)
		if (t->slot[i].inlined == inlined && !t->slot[i].used &&
		    str_equal_nocase(t->slot[i].file, file))
			own = &t->slot[i];
	if (own != NULL)
		own->used = true;
	return own;
}

static void mark_used(struct tree *t)
{
	struct tree_slot *s;
	for (size_t i = 0; i < t->now->attached_count; i++)
		if ((s = own_slot(t, false, t->now->attached[i].arn)) != NULL)
			s->used = true;
	for (size_t i = 0; i < t->now->inline_count; i++)
		if ((s = own_slot(t, true, t->now->inline_policy[i].name)) != NULL)
			s->used = true;
}

static void add_file(struct tree *t, const char *name, const struct buf *b)
{
	t->whole = t->whole && buf_ok(b);
	t->file[t->count++] = (struct review_file){str_printf(t->arena, "%s/%s", t->folder, name),
						   b->data, b->len};
}

/* A document that is no policy is shown as far as it can be read, in ASCII; it is never silently
 * left out, and nothing in it can hide. */
static void put_unread(struct tree *t, const char *document, struct buf *b)
{
	struct err e;
	struct json_writer w;
	const struct json *v = json_parse(t->arena, document, strlen(document), "", &e);
	json_start(&w, b, false);
	if (v != NULL)
		json_put_value(&w, v);
	else
		json_put_text(&w, str_printable(t->arena, document, true));
	buf_putc(b, '\n');
}

static const struct buf *readable(struct tree *t, const struct tree_slot *slot,
				  const char *document)
{
	struct err e;
	struct buf *b = buf_new(t->arena, REVIEW_FILE_MAX);
	struct policy *p = policy_parse(t->arena, document, strlen(document), "", &e);
	if (p == NULL) {
		put_unread(t, document, b);
		return b;
	}
	if (slot != NULL && slot->old != NULL)
		p = policy_align(t->arena, p, slot->old);
	policy_print_canonical(p, b);
	return b;
}

static bool path_used(const struct tree *t, const char *whole)
{
	for (size_t i = 0; i < t->count; i++)
		if (str_equal_nocase(t->file[i].path, whole))
			return true;
	return false;
}

/* A slot's own file, or one that is no slot's. */
static const char *slot_file(struct tree *t, const struct tree_slot *slot, bool inlined,
			     const char *id, const char *name)
{
	const char *folder = inlined ? "inline" : "managed";
	const char *base = slot != NULL ? slot->file
					: path_segment(t->arena, policy_base_name(t->arena, name));
	const char *file = str_printf(t->arena, "%s/%s.json", folder, base);
	if (!path_used(t, str_printf(t->arena, "%s/%s", t->folder, file)) &&
	    (slot != NULL || !file_taken(t, inlined, base)))
		return file;
	return str_printf(t->arena, "%s/%s~%.16s.json", folder, path_segment(t->arena, name),
			  sha256_hex(t->arena, id, strlen(id)));
}

static void put_principal(struct tree *t)
{
	const struct principal *p = t->now;
	struct json_writer w;
	struct buf *b = buf_new(t->arena, REVIEW_FILE_MAX);
	json_start(&w, b, false);
	json_open(&w, '{');
	json_member_text(&w, "type", principal_type_name(p->type));
	json_member_text(&w, "arn", p->arn);
	json_member_text(&w, "name", p->name);
	json_member_text(&w, "path", p->path);
	json_member_text(&w, "uniqueId", p->unique_id);
	json_member_text(&w, "boundary", p->boundary);
	json_key(&w, "tags");
	json_open(&w, '{');
	for (size_t i = 0; i < p->tag_count; i++)
		json_member_text(&w, p->tag[i].key, p->tag[i].value);
	json_close(&w, '}');
	json_close(&w, '}');
	buf_putc(b, '\n');
	add_file(t, "principal.json", b);
}

static void put_attachments(struct tree *t)
{
	const struct principal *p = t->now;
	struct json_writer w;
	struct buf *b = buf_new(t->arena, REVIEW_FILE_MAX);
	json_start(&w, b, false);
	json_open(&w, '{');
	json_key(&w, "managed");
	json_open(&w, '[');
	for (size_t i = 0; i < p->attached_count; i++)
		json_put_text(&w, p->attached[i].arn);
	json_close(&w, ']');
	json_key(&w, "inline");
	json_open(&w, '[');
	for (size_t i = 0; i < p->inline_count; i++)
		json_put_text(&w, p->inline_policy[i].name);
	json_close(&w, ']');
	json_close(&w, '}');
	buf_putc(b, '\n');
	add_file(t, "attachments.json", b);
}

static void put_policies(struct tree *t)
{
	const struct principal *p = t->now;
	for (size_t i = 0; i < p->attached_count; i++) {
		const struct managed_policy *m = &p->attached[i];
		const struct tree_slot *slot = slot_of(t, false, m->arn, arn_name(m->arn));
		if (m->document != NULL)
			add_file(t, slot_file(t, slot, false, m->arn, arn_name(m->arn)),
				 readable(t, slot, m->document));
	}
	for (size_t i = 0; i < p->inline_count; i++) {
		const struct inline_policy *x = &p->inline_policy[i];
		const struct tree_slot *slot = slot_of(t, true, x->name, x->name);
		add_file(t, slot_file(t, slot, true, x->name, x->name),
			 readable(t, slot, x->document));
	}
}

/* What stood in the folder before goes: its own files only, never a role below this path. */
static void clear_folder(struct tree *t)
{
	static const char *const own[] = {"principal.json", "attachments.json", "inline/",
					  "managed/"};
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		t->file[t->count++] = (struct review_file){
			str_printf(t->arena, "%s/%s", t->folder, own[i]), NULL, 0};
}

bool review_files(struct arena *a, const struct principal *before, const struct plan *plan,
		  struct review_file **files, size_t *count, struct err *e)
{
	struct tree t = {.arena = a, .before = before, .now = before, .plan = plan, .whole = true};
	if (plan != NULL && (t.now = plan_outcome(a, plan, before, e)) == NULL)
		return false;
	t.folder = role_folder(a, before);
	t.file = arena_array(a, t.now->attached_count + t.now->inline_count + 8, sizeof *t.file);
	add_slots(&t, before);
	mark_used(&t);
	clear_folder(&t);
	put_principal(&t);
	put_attachments(&t);
	put_policies(&t);
	if (!t.whole)
		return err_set(e, ERR_LIMIT,
			       "%s '%s': a file for the review is larger than %d bytes",
			       principal_type_name(before->type), before->name, REVIEW_FILE_MAX);
	*files = t.file;
	*count = t.count;
	return true;
}
