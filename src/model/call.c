#include "pare/call.h"

static const char *const names[] = {
	[CALL_GET_CALLER_IDENTITY] = "GetCallerIdentity",
	[CALL_LIST_ANALYZERS] = "ListAnalyzers",
	[CALL_GET_ANALYZER] = "GetAnalyzer",
	[CALL_LIST_FINDINGS] = "ListFindingsV2",
	[CALL_GET_FINDING] = "GetFindingV2",
	[CALL_GENERATE_RECOMMENDATION] = "GenerateFindingRecommendation",
	[CALL_VALIDATE_POLICY] = "ValidatePolicy",
	[CALL_CHECK_NO_NEW_ACCESS] = "CheckNoNewAccess",
	[CALL_GET_RECOMMENDATION] = "GetFindingRecommendation",
	[CALL_GET_ACCOUNT_DETAILS] = "GetAccountAuthorizationDetails",
	[CALL_GET_ACCOUNT_SUMMARY] = "GetAccountSummary",
	[CALL_GET_ROLE] = "GetRole",
	[CALL_LIST_ATTACHED_ROLE_POLICIES] = "ListAttachedRolePolicies",
	[CALL_LIST_ROLE_POLICIES] = "ListRolePolicies",
	[CALL_GET_ROLE_POLICY] = "GetRolePolicy",
	[CALL_GET_USER] = "GetUser",
	[CALL_LIST_ATTACHED_USER_POLICIES] = "ListAttachedUserPolicies",
	[CALL_LIST_USER_POLICIES] = "ListUserPolicies",
	[CALL_GET_USER_POLICY] = "GetUserPolicy",
	[CALL_GET_POLICY] = "GetPolicy",
	[CALL_GET_POLICY_VERSION] = "GetPolicyVersion",
	[CALL_LIST_POLICY_VERSIONS] = "ListPolicyVersions",
	[CALL_LIST_ENTITIES_FOR_POLICY] = "ListEntitiesForPolicy",
	[CALL_SIMULATE_PRINCIPAL_POLICY] = "SimulatePrincipalPolicy",
	[CALL_GENERATE_LAST_ACCESSED] = "GenerateServiceLastAccessedDetails",
	[CALL_GET_LAST_ACCESSED] = "GetServiceLastAccessedDetails",
	[CALL_CREATE_POLICY] = "CreatePolicy",
	[CALL_ATTACH_ROLE_POLICY] = "AttachRolePolicy",
	[CALL_DETACH_ROLE_POLICY] = "DetachRolePolicy",
	[CALL_PUT_ROLE_POLICY] = "PutRolePolicy",
	[CALL_DELETE_ROLE_POLICY] = "DeleteRolePolicy",
	[CALL_ATTACH_USER_POLICY] = "AttachUserPolicy",
	[CALL_DETACH_USER_POLICY] = "DetachUserPolicy",
	[CALL_PUT_USER_POLICY] = "PutUserPolicy",
	[CALL_DELETE_USER_POLICY] = "DeleteUserPolicy",
	[CALL_DELETE_POLICY] = "DeletePolicy",
	[CALL_UPDATE_FINDING] = "UpdateFindings",
};

const char *call_name(enum call_op op)
{
	return names[op];
}

bool call_for_user(enum call_op op)
{
	switch (op) {
	case CALL_GET_USER:
	case CALL_LIST_ATTACHED_USER_POLICIES:
	case CALL_LIST_USER_POLICIES:
	case CALL_GET_USER_POLICY:
	case CALL_ATTACH_USER_POLICY:
	case CALL_DETACH_USER_POLICY:
	case CALL_PUT_USER_POLICY:
	case CALL_DELETE_USER_POLICY:
		return true;
	default:
		return false;
	}
}

bool call_writes(enum call_op op)
{
	return op >= CALL_CREATE_POLICY;
}
