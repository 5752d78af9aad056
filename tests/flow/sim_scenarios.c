#include "sim_scenarios.h"

#define HEAD(quota)                                                                                 \
	"{\"schema\":\"pare.sandbox/v1\",\"accounts\":[{\"id\":\"111122223333\"" quota "}],"            \
	"\"keys\":[{\"accessKeyId\":\"AKIDEXAMPLE\",\"secret\":\"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\"," \
	"\"account\":\"111122223333\",\"arn\":\"arn:aws:iam::111122223333:user/pare\",\"userId\":\"AIDAEXAMPLEPAREEXAMPL\"}]," \
	"\"analyzers\":[{\"arn\":\"arn:aws:access-analyzer:us-east-1:111122223333:analyzer/unused-access\"," \
	"\"type\":\"ACCOUNT_UNUSED_ACCESS\",\"createdAt\":\"-400d\",\"unusedAccessAge\":90}],"
#define DOCUMENT(statements) "{\"Version\":\"2012-10-17\",\"Statement\":[" statements "]}"
#define ALLOW(actions) "{\"Effect\":\"Allow\",\"Action\":[" actions "],\"Resource\":\"*\"}"
#define OWN(name, statements)                                                                       \
	"{\"arn\":\"arn:aws:iam::111122223333:policy/" name "\",\"createdAt\":\"-300d\",\"document\":"   \
	DOCUMENT(statements) "}"
#define AWS(name, statements)                                                                       \
	"{\"arn\":\"arn:aws:iam::aws:policy/" name "\",\"createdAt\":\"-900d\",\"document\":"            \
	DOCUMENT(statements) "}"
#define INLINE(name, statements) "{\"name\":\"" name "\",\"document\":" DOCUMENT(statements) "}"
#define ROLE(name, more)                                                                            \
	"{\"name\":\"" name "\",\"id\":\"AROAEXAMPLE" name "\",\"createdAt\":\"-700d\",\"lastUsedAt\":\"-2h\"," \
	"\"trust\":" DOCUMENT("{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"ec2.amazonaws.com\"}," \
			      "\"Action\":\"sts:AssumeRole\"}") "," more "}"
#define USER(name, more)                                                                            \
	"{\"name\":\"" name "\",\"id\":\"AIDAEXAMPLE" name "\",\"createdAt\":\"-700d\",\"lastUsedAt\":\"-2h\"," \
	"\"groups\":[\"staff\"]," more "}"
#define S3 "\"s3:GetObject\",\"s3:ListBucket\",\"s3:PutObject\",\"s3:DeleteObject\""
#define LAMBDA "\"lambda:ListFunctions\",\"lambda:ListLayers\",\"lambda:ListAliases\""
#define OWN_ARN(name) "\"arn:aws:iam::111122223333:policy/" name "\""
#define AWS_ARN(name) "\"arn:aws:iam::aws:policy/" name "\""

#define FROM_HOME                                                                                   \
	"{\"Sid\":\"Lambda\",\"Effect\":\"Allow\",\"Action\":[" LAMBDA "],\"Resource\":\"*\","              \
	"\"Condition\":{\"NotIpAddress\":{\"aws:SourceIp\":\"1.100.150.200/32\"}}}"
#define NO_DELETE "{\"Effect\":\"Deny\",\"Action\":\"s3:DeleteBucket\",\"Resource\":\"*\"}"

static const struct {
	const char *name, *seed;
} scenarios[] = {
	{"managed, partly managed, inline",
	 HEAD("") "\"policies\":[" AWS("AmazonBedrockReadOnly", ALLOW("\"bedrock:ListCustomModels\"")) ","
	 AWS("AmazonS3ReadOnlyAccess", ALLOW("\"s3:Get*\",\"s3:List*\"")) "],\"roles\":["
	 ROLE("BLOG", "\"attached\":[" AWS_ARN("AmazonBedrockReadOnly") "," AWS_ARN("AmazonS3ReadOnlyAccess") "],"
	      "\"inline\":[" INLINE("ListLambda", FROM_HOME) "],"
	      "\"usedActions\":[\"s3:GetObject\",\"s3:ListBucket\",\"lambda:ListFunctions\"]") "]}"},
	{"one document for two roles",
	 HEAD("") "\"policies\":[" OWN("Shared", ALLOW(S3)) "],\"roles\":["
	 ROLE("ONE", "\"attached\":[" OWN_ARN("Shared") "],\"usedActions\":[\"s3:GetObject\",\"s3:ListBucket\"]") ","
	 ROLE("TWO", "\"attached\":[" OWN_ARN("Shared") "],\"usedActions\":[\"s3:GetObject\",\"s3:ListBucket\"]") "]}"},
	{"inline",
	 HEAD("") "\"policies\":[],\"roles\":["
	 ROLE("INLINE", "\"inline\":[" INLINE("Unused", ALLOW("\"sns:Publish\"")) "," INLINE("Partly", ALLOW(S3)) "],"
	      "\"usedActions\":[\"s3:PutObject\"]") "]}"},
	{"archive",
	 HEAD("") "\"policies\":[],\"roles\":["
	 ROLE("QUIET", "\"tags\":{\"rule\":\"archive\"},\"inline\":[" INLINE("Partly", ALLOW(S3)) "],"
	      "\"usedActions\":[\"s3:PutObject\"]") "]}"},
	{"no slot left: bridged",
	 HEAD(",\"attachedPerRole\":2") "\"policies\":[" OWN("Files", ALLOW(S3)) "," OWN("Code", ALLOW(LAMBDA))
	 "],\"roles\":["
	 ROLE("FULL", "\"attached\":[" OWN_ARN("Files") "," OWN_ARN("Code") "],"
	      "\"usedActions\":[\"s3:GetObject\",\"lambda:ListFunctions\"]") "]}"},
	{"no slot left: unused first",
	 HEAD(",\"attachedPerRole\":2") "\"policies\":[" OWN("Files", ALLOW(S3)) ","
	 OWN("Mail", ALLOW("\"ses:SendEmail\"")) "],\"roles\":["
	 ROLE("TIGHT", "\"attached\":[" OWN_ARN("Files") "," OWN_ARN("Mail") "],"
	      "\"usedActions\":[\"s3:GetObject\"]") "]}"},
	{"three roles",
	 HEAD("") "\"policies\":[" OWN("Files", ALLOW(S3)) "," OWN("Code", ALLOW(LAMBDA)) "],\"roles\":["
	 ROLE("ALPHA", "\"attached\":[" OWN_ARN("Files") "," OWN_ARN("Code") "],\"usedActions\":[\"s3:GetObject\"]") ","
	 ROLE("BRAVO", "\"attached\":[" OWN_ARN("Files") "],\"usedActions\":[\"s3:GetObject\"]") ","
	 ROLE("DELTA", "\"inline\":[" INLINE("Code", ALLOW(LAMBDA)) "],\"usedActions\":[\"lambda:ListLayers\"]") "]}"},
	{"with a Deny",
	 HEAD("") "\"policies\":[" OWN("Files", ALLOW(S3) "," NO_DELETE) "],\"roles\":["
	 ROLE("GUARD", "\"attached\":[" OWN_ARN("Files") "],\"inline\":["
	      INLINE("Unused", ALLOW("\"sns:Publish\"")) "],\"usedActions\":[\"s3:GetObject\"]") "]}"},
	{"a user with everything",
	 HEAD("") "\"policies\":[" AWS("AmazonBedrockReadOnly", ALLOW("\"bedrock:ListCustomModels\"")) ","
	 OWN("Files", ALLOW(S3)) "],\"users\":["
	 USER("HUMAN", "\"attached\":[" AWS_ARN("AmazonBedrockReadOnly") "," OWN_ARN("Files") "],"
	      "\"inline\":[" INLINE("ListLambda", FROM_HOME) "," INLINE("Unused", ALLOW("\"sns:Publish\"")) "],"
	      "\"usedActions\":[\"s3:GetObject\",\"lambda:ListFunctions\"]") "]}"},
	{"one document for a role and a user",
	 HEAD("") "\"policies\":[" OWN("Shared", ALLOW(S3)) "],\"roles\":["
	 ROLE("ROBOT", "\"attached\":[" OWN_ARN("Shared") "],\"usedActions\":[\"s3:GetObject\",\"s3:ListBucket\"]")
	 "],\"users\":["
	 USER("HUMAN", "\"attached\":[" OWN_ARN("Shared") "],\"usedActions\":[\"s3:GetObject\",\"s3:ListBucket\"]") "]}"},
	{"a user without a slot left: bridged",
	 HEAD(",\"attachedPerUser\":2") "\"policies\":[" OWN("Files", ALLOW(S3)) "," OWN("Code", ALLOW(LAMBDA))
	 "],\"users\":["
	 USER("CROWDED", "\"attached\":[" OWN_ARN("Files") "," OWN_ARN("Code") "],"
	      "\"usedActions\":[\"s3:GetObject\",\"lambda:ListFunctions\"]") "]}"},
};

const char *scenario_seed(size_t index)
{
	return scenarios[index].seed;
}

const char *scenario_name(size_t index)
{
	return scenarios[index].name;
}
