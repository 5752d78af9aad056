#include "pare/quota.h"

struct quota quota_default(void)
{
	return (struct quota){
		.managed_policy_size = 6144,
		.inline_total_role = 10240,
		.inline_total_user = 2048,
		.attached_per_role = 10,
		.attached_per_user = 10,
		.policies_per_account = 1500,
		.policies_in_use = 0,
		.versions_per_policy = 5,
	};
}

size_t quota_attached(const struct quota *q, bool user)
{
	return user ? q->attached_per_user : q->attached_per_role;
}

size_t quota_inline(const struct quota *q, bool user)
{
	return user ? q->inline_total_user : q->inline_total_role;
}
