/* quota: IAM's limits that a plan must stay under, also while it runs.
 * Numbers: IAM User Guide, "IAM and AWS STS quotas"; an account's own values come from
 * GetAccountSummary. Sizes are in IAM's count (policy_size). */
#ifndef PARE_QUOTA_H
#define PARE_QUOTA_H

#include <stdbool.h>
#include <stddef.h>

struct quota {
	size_t managed_policy_size;     /* 6,144, not adjustable */
	size_t inline_total_role;       /* 10,240 over all inline policies of a role */
	size_t inline_total_user;       /* 2,048 */
	size_t attached_per_role;       /* 10 unless raised */
	size_t attached_per_user;       /* 10 unless raised */
	size_t policies_per_account;    /* 1,500 unless raised */
	size_t policies_in_use;         /* customer-managed policies that exist now */
	size_t versions_per_policy;     /* 5 */
};

struct quota quota_default(void);
/* The quota of a role, or of a user. */
size_t quota_attached(const struct quota *q, bool user);
size_t quota_inline(const struct quota *q, bool user);

enum { NAME_MAX_POLICY = 128, NAME_MAX_ROLE = 64, NAME_MAX_USER = 64 };

#endif
