/* view_inverse: the AWS CLI commands that undo a plan by hand, for when pare itself cannot run. */
#include <string.h>

#include "cli.h"
#include "pare/str.h"

static const char *tags_words(struct arena *a, const struct action *x)
{
	const char *text = "";
	for (size_t i = 0; i < x->tag_count; i++)
		text = str_printf(a, "%s %s", text,
				  str_shell_word(a, str_printf(a, "Key=%s,Value=%s", x->tag[i].key, x->tag[i].value)));
	return x->tag_count > 0 ? str_printf(a, " --tags%s", text) : "";
}

/* "attach-role-policy" for a role, "attach-user-policy" for a user. */
static char *on_principal(struct arena *a, const char *verb, const struct plan *p)
{
	const char *type = principal_type_name(p->principal.type);
	return str_printf(a, "aws iam %s-%s-policy --%s-name %s", verb, type, type,
			  str_shell_word(a, p->principal.name));
}

char *action_command(struct arena *a, const struct plan *p, const struct action *x)
{
	switch (x->op) {
	case STEP_CREATE_POLICY:
		return str_printf(a, "aws iam create-policy --policy-name %s --path %s --policy-document %s%s",
				  str_shell_word(a, x->policy_name), str_shell_word(a, x->path),
				  str_shell_word(a, x->document), tags_words(a, x));
	case STEP_DELETE_POLICY:
		return str_printf(a, "aws iam delete-policy --policy-arn %s", str_shell_word(a, x->policy_arn));
	case STEP_ATTACH_ROLE_POLICY:
	case STEP_ATTACH_USER_POLICY:
		return str_printf(a, "%s --policy-arn %s", on_principal(a, "attach", p),
				  str_shell_word(a, x->policy_arn));
	case STEP_DETACH_ROLE_POLICY:
	case STEP_DETACH_USER_POLICY:
		return str_printf(a, "%s --policy-arn %s", on_principal(a, "detach", p),
				  str_shell_word(a, x->policy_arn));
	case STEP_PUT_ROLE_POLICY:
	case STEP_PUT_USER_POLICY:
		return str_printf(a, "%s --policy-name %s --policy-document %s", on_principal(a, "put", p),
				  str_shell_word(a, x->policy_name), str_shell_word(a, x->document));
	case STEP_DELETE_ROLE_POLICY:
	case STEP_DELETE_USER_POLICY:
		return str_printf(a, "%s --policy-name %s", on_principal(a, "delete", p),
				  str_shell_word(a, x->policy_name));
	case STEP_ARCHIVE_FINDING:
	case STEP_UNARCHIVE_FINDING:
		return str_printf(a, "aws accessanalyzer update-findings --analyzer-arn %s --ids %s --status %s",
				  str_shell_word(a, x->analyzer != NULL ? x->analyzer : "ANALYZER"),
				  str_shell_word(a, x->finding),
				  x->op == STEP_ARCHIVE_FINDING ? "ARCHIVED" : "ACTIVE");
	default:
		return str_printf(a, "# %s: by hand", step_op_name(x->op));
	}
}

/* Raw, so that they can be piped into a shell: quoting has taken care of what is in them. */
void view_inverse_commands(const struct context *c, const struct plan *p)
{
	struct arena *a = arena_new(NULL);
	struct buf *b = buf_new(a, 64u * 1024 * 1024);
	buf_printf(b,
		   "# undoes plan %s of %s %s in account %s, last step first; stop at the first that fails:\n"
		   "# each is safe as long as those above it succeeded. delete-policy may fail where others use\n"
		   "# the policy: then it stays.\n",
		   p->id, principal_type_name(p->principal.type), p->principal.name, p->account);
	for (size_t i = p->step_count; i > 0; i--)
		buf_printf(b, "%s\n", action_command(a, p, &p->step[i - 1].inverse));
	(void)c;
	say_raw(b->data, b->len);
	arena_free(a);
}
