/* handover: what pare does not do itself, as the commands a person would run. Names come from AWS and
 * may hold anything IAM takes: each word is quoted for a POSIX shell. */
#include <string.h>

#include "handover.h"
#include "pare/arn.h"
#include "pare/str.h"

static void role_commands(struct arena *a, const struct principal *p, struct str_list *out)
{
	const char *name = str_shell_word(a, p->name);
	str_list_add(a, out, str_printf(a, "aws iam list-instance-profiles-for-role --role-name %s", name));
	for (size_t i = 0; i < p->attached_count; i++)
		str_list_add(a, out,
			     str_printf(a, "aws iam detach-role-policy --role-name %s --policy-arn %s", name,
					str_shell_word(a, p->attached[i].arn)));
	for (size_t i = 0; i < p->inline_count; i++)
		str_list_add(a, out,
			     str_printf(a, "aws iam delete-role-policy --role-name %s --policy-name %s", name,
					str_shell_word(a, p->inline_policy[i].name)));
	str_list_add(a, out, str_printf(a, "aws iam delete-role --role-name %s", name));
}

/* First switched off, which can be taken back; deleted when nothing has missed it. */
static void key_commands(struct arena *a, const struct principal *p, const char *key,
			 struct str_list *out)
{
	const char *name = str_shell_word(a, p->name);
	if (key == NULL) {
		str_list_add(a, out, str_printf(a, "aws iam list-access-keys --user-name %s", name));
		return;
	}
	str_list_add(a, out,
		     str_printf(a, "aws iam update-access-key --user-name %s --access-key-id %s --status Inactive",
				name, str_shell_word(a, key)));
	str_list_add(a, out,
		     str_printf(a, "aws iam delete-access-key --user-name %s --access-key-id %s", name,
				str_shell_word(a, key)));
}

bool hands_over(enum finding_type type)
{
	return type == FINDING_UNUSED_ROLE || type == FINDING_UNUSED_ACCESS_KEY ||
	       type == FINDING_UNUSED_PASSWORD;
}

void handover_commands(struct arena *a, const struct finding *f, const struct principal *p,
		       struct str_list *out)
{
	if (f->type == FINDING_UNUSED_ROLE)
		role_commands(a, p, out);
	else if (f->type == FINDING_UNUSED_ACCESS_KEY)
		key_commands(a, p, f->access_key_id, out);
	else if (f->type == FINDING_UNUSED_PASSWORD)
		str_list_add(a, out,
			     str_printf(a, "aws iam delete-login-profile --user-name %s",
					str_shell_word(a, p->name)));
}

const char *handover_reason(struct arena *a, const struct finding *f)
{
	const char *used = f->last_accessed != NULL ? str_printf(a, "last used %s", f->last_accessed)
						    : "never used, as far as AWS knows";
	switch (f->type) {
	case FINDING_UNUSED_ROLE:
		return str_printf(a, "the whole role is unused (%s): a person may delete it", used);
	case FINDING_UNUSED_ACCESS_KEY:
		return str_printf(a, "access key %s is unused (%s): a person may deactivate and delete it",
				  f->access_key_id != NULL ? f->access_key_id : "(not named)", used);
	case FINDING_UNUSED_PASSWORD:
		return str_printf(a, "the password is unused (%s): a person may delete it", used);
	default:
		return str_printf(a, "a finding of type '%s' has no recommendation that pare could apply",
				  f->type_text);
	}
}
