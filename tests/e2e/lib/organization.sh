# An organization of sandbox accounts: organization N WRITES the seed to $work/organization.json. Account
# number I is 1000 0000 0000 + I; each has the role pare-executor and a role with unused permissions. Of
# every 50, number 7 denies the role, 17 throttles and 27 cannot be reached.
organization() { # accounts
	awk -v n="$1" 'BEGIN {
		trust = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":"
		print "{\"schema\":\"pare.sandbox/v1\",\"accounts\":[{\"id\":\"111122223333\"}"
		for (i = 1; i <= n; i++) {
			k = i % 50
			fault = k == 7 ? "denied" : k == 17 ? "throttled" : k == 27 ? "unreachable" : ""
			printf ",{\"id\":\"1000000%05d\"%s}\n", i, fault != "" ? ",\"fault\":\"" fault "\"" : ""
		}
		print "],\"analyzers\":[{\"arn\":\"arn:aws:access-analyzer:us-east-1:111122223333:analyzer/unused-access\","
		print "\"type\":\"ORGANIZATION_UNUSED_ACCESS\",\"createdAt\":\"-400d\",\"unusedAccessAge\":90}],\"roles\":["
		for (i = 1; i <= n; i++) {
			a = sprintf("1000000%05d", i)
			printf "%s{\"account\":\"%s\",\"name\":\"pare-executor\",\"createdAt\":\"-10d\",\"trust\":%s", \
				(i > 1 ? "," : ""), a, trust
			print "{\"AWS\":\"arn:aws:iam::111122223333:root\"},\"Action\":\"sts:AssumeRole\",\"Condition\":{\"StringEquals\":{\"sts:ExternalId\":\"acme\"}}}]},\"usedActions\":[]}"
			roles = i % 10 == 1 ? 2 : 1
			for (r = 1; r <= roles; r++) {
				printf ",{\"account\":\"%s\",\"name\":\"App%d\",\"createdAt\":\"-700d\",\"lastUsedAt\":\"-2h\",\"trust\":%s", \
					a, r, trust
				print "{\"Service\":\"ec2.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]},"
				print "\"inline\":[{\"name\":\"Own\",\"document\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
				print "\"Action\":[\"s3:GetObject\",\"s3:DeleteObject\"],\"Resource\":\"*\"}]}}],\"usedActions\":[\"s3:GetObject\"]}"
			}
		}
		print "]}"
	}' >"$work/organization.json"
}
