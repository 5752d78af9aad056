"""boto3 against the sandbox at AWS_ENDPOINT_URL. Usage: sandbox_boto3.py whole|faults|lag ANALYZER ROLE"""
import datetime
import json
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

MODE, ANALYZER, ROLE = sys.argv[1:4]
ACCOUNT = "111122223333"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}]})


def document(*actions):
    return {"Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


def clients(attempts):
    config = Config(retries={"mode": "standard", "total_max_attempts": attempts})
    return [boto3.client(name, config=config) for name in ("iam", "sts", "accessanalyzer")]


def equal(got, expected):
    assert got == expected, "got %r, expected %r" % (got, expected)


def refused(code, call, **parameters):
    try:
        call(**parameters)
    except ClientError as e:
        equal(e.response["Error"]["Code"], code)
        assert e.response["Error"]["Message"], "no message"
        assert e.response["ResponseMetadata"]["RequestId"], "no request id"
        return e
    raise AssertionError("went through, expected " + code)


def recent(instant):
    age = datetime.datetime.now(datetime.timezone.utc) - instant
    assert datetime.timedelta(seconds=-5) < age < datetime.timedelta(minutes=5), instant


def pages(client, operation, key, size, **parameters):
    """All items, and the same in pages of that size, which must be that small."""
    # a paginator's own page size, so that the service's limit is what cuts
    at_once = client.get_paginator(operation).paginate(**parameters).build_full_result()[key]
    seen = []
    for page in client.get_paginator(operation).paginate(PaginationConfig={"PageSize": size}, **parameters):
        assert len(page[key]) <= size, "a page of %d, asked for %d" % (len(page[key]), size)
        seen += page[key]
    equal(seen, at_once)
    return seen


def roles(iam):
    made = iam.create_role(RoleName="Worker", Path="/e2e/", AssumeRolePolicyDocument=TRUST, Description="ä & <b>",
                           Tags=[{"Key": "team", "Value": "blue"}], MaxSessionDuration=7200)
    equal(made["ResponseMetadata"]["HTTPStatusCode"], 200)
    recent(made["Role"]["CreateDate"])
    iam.get_waiter("role_exists").wait(RoleName="Worker")
    role = iam.get_role(RoleName="Worker")["Role"]
    equal(role["AssumeRolePolicyDocument"], json.loads(TRUST))
    equal((role["Description"], role["MaxSessionDuration"], role["Tags"]),
          ("ä & <b>", 7200, [{"Key": "team", "Value": "blue"}]))
    assert role["RoleId"].startswith("AROA"), role["RoleId"]
    e = refused("EntityAlreadyExists", iam.create_role, RoleName="Worker", AssumeRolePolicyDocument=TRUST)
    assert isinstance(e, iam.exceptions.EntityAlreadyExistsException), type(e)
    equal(e.response["ResponseMetadata"]["HTTPStatusCode"], 409)
    e = refused("NoSuchEntity", iam.get_role, RoleName="Nobody")
    assert isinstance(e, iam.exceptions.NoSuchEntityException), type(e)
    equal(e.response["ResponseMetadata"]["HTTPStatusCode"], 404)
    names = [r["RoleName"] for r in pages(iam, "list_roles", "Roles", 7)]
    assert len(names) >= 27 and len(set(names)) == len(names) and ROLE in names, names
    equal([r["RoleName"] for r in pages(iam, "list_roles", "Roles", 5, PathPrefix="/e2e/")], ["Worker"])
    iam.tag_role(RoleName="Worker", Tags=[{"Key": str(i), "Value": "v"} for i in range(9)])
    equal(len(pages(iam, "list_role_tags", "Tags", 4, RoleName="Worker")), 10)
    refused("NoSuchEntity", iam.list_role_tags, RoleName="Nobody")


def policies(iam):
    arns = []
    for i in range(12):
        made = iam.create_policy(PolicyName="P%d" % i, Path="/e2e/", Description="number %d" % i,
                                 PolicyDocument=json.dumps(document("sqs:ReceiveMessage")))["Policy"]
        arns.append(made["Arn"])
        recent(made["UpdateDate"])
        assert made["PolicyId"].startswith("ANPA"), made["PolicyId"]
    iam.get_waiter("policy_exists").wait(PolicyArn=arns[0])
    refused("MalformedPolicyDocument", iam.create_policy, PolicyName="Bad", PolicyDocument="{}")
    equal(iam.get_policy(PolicyArn=arns[3])["Policy"]["Description"], "number 3")
    version = iam.get_policy_version(PolicyArn=arns[0], VersionId="v1")["PolicyVersion"]
    equal(version["Document"], document("sqs:ReceiveMessage"))
    equal(version["IsDefaultVersion"], True)
    equal(len(pages(iam, "list_policy_versions", "Versions", 1, PolicyArn=arns[0])), 1)
    local = pages(iam, "list_policies", "Policies", 5, Scope="Local", PathPrefix="/e2e/")
    equal(sorted(p["Arn"] for p in local), sorted(arns))
    aws = pages(iam, "list_policies", "Policies", 100, Scope="AWS")
    assert any(p["PolicyName"] == "AmazonS3ReadOnlyAccess" for p in aws)

    for arn in arns[:10]:
        iam.attach_role_policy(RoleName="Worker", PolicyArn=arn)
    e = refused("LimitExceeded", iam.attach_role_policy, RoleName="Worker", PolicyArn=arns[10])
    equal(e.response["ResponseMetadata"]["HTTPStatusCode"], 409)
    attached = pages(iam, "list_attached_role_policies", "AttachedPolicies", 3, RoleName="Worker")
    equal(sorted(p["PolicyArn"] for p in attached), sorted(arns[:10]))
    equal([r["RoleName"] for r in pages(iam, "list_entities_for_policy", "PolicyRoles", 1, PolicyArn=arns[0])],
          ["Worker"])
    refused("DeleteConflict", iam.delete_policy, PolicyArn=arns[0])
    for i in range(5):
        iam.put_role_policy(RoleName="Worker", PolicyName="I%d" % i,
                            PolicyDocument=json.dumps(document("lambda:ListFunctions", "s3:GetObject")))
    equal(pages(iam, "list_role_policies", "PolicyNames", 2, RoleName="Worker"), ["I%d" % i for i in range(5)])
    equal(iam.get_role_policy(RoleName="Worker", PolicyName="I0")["PolicyDocument"],
          document("lambda:ListFunctions", "s3:GetObject"))
    refused("LimitExceeded", iam.put_role_policy, RoleName="Worker", PolicyName="Huge",
            PolicyDocument=json.dumps(document(*["s3:Get%05d" % i for i in range(2000)])))
    whole(iam, arns)
    for i in range(5):
        iam.delete_role_policy(RoleName="Worker", PolicyName="I%d" % i)
    refused("NoSuchEntity", iam.delete_role_policy, RoleName="Worker", PolicyName="I0")
    for arn in arns[:10]:
        iam.detach_role_policy(RoleName="Worker", PolicyArn=arn)
    refused("NoSuchEntity", iam.detach_role_policy, RoleName="Worker", PolicyArn=arns[0])
    for arn in arns:
        iam.delete_policy(PolicyArn=arn)
    refused("NoSuchEntity", iam.delete_policy, PolicyArn=arns[0])


def whole(iam, arns):
    """GetAccountAuthorizationDetails pages over several lists at once."""
    details = iam.get_paginator("get_account_authorization_details")
    at_once = details.paginate(Filter=["Role", "LocalManagedPolicy"]).build_full_result()
    found = {"RoleDetailList": [], "Policies": []}
    for page in details.paginate(Filter=["Role", "LocalManagedPolicy"], PaginationConfig={"PageSize": 6}):
        assert sum(len(page[key]) for key in found) <= 6, page
        for key in found:
            found[key] += page[key]
    for key in found:
        equal(found[key], at_once[key])
    worker = [r for r in found["RoleDetailList"] if r["RoleName"] == "Worker"][0]
    equal(sorted(p["PolicyArn"] for p in worker["AttachedManagedPolicies"]), sorted(arns[:10]))
    equal([p["PolicyName"] for p in worker["RolePolicyList"]], ["I%d" % i for i in range(5)])
    equal(worker["RolePolicyList"][0]["PolicyDocument"], document("lambda:ListFunctions", "s3:GetObject"))
    equal(worker["AssumeRolePolicyDocument"], json.loads(TRUST))
    first = [p for p in found["Policies"] if p["Arn"] == arns[0]][0]
    equal(first["PolicyVersionList"][0]["Document"], document("sqs:ReceiveMessage"))
    equal((first["AttachmentCount"], first["DefaultVersionId"]), (1, "v1"))
    summary = iam.get_account_summary()["SummaryMap"]
    equal((summary["Roles"], summary["AttachedPoliciesPerRoleQuota"]), (len(found["RoleDetailList"]), 10))


def findings(analyzer):
    one = pages(analyzer, "list_analyzers", "analyzers", 1, type="ACCOUNT_UNUSED_ACCESS")
    equal([a["arn"] for a in one], [ANALYZER])
    got = analyzer.get_analyzer(analyzerName="unused-access")["analyzer"]
    equal((got["arn"], got["type"], got["status"]), (ANALYZER, "ACCOUNT_UNUSED_ACCESS", "ACTIVE"))
    assert got["configuration"]["unusedAccess"]["unusedAccessAge"] > 0, got
    e = refused("ResourceNotFoundException", analyzer.get_analyzer, analyzerName="none")
    assert isinstance(e, analyzer.exceptions.ResourceNotFoundException), type(e)
    active = {"status": {"eq": ["ACTIVE"]}}
    everything = pages(analyzer, "list_findings_v2", "findings", 4, analyzerArn=ANALYZER, filter=active)
    assert len(everything) > 5, len(everything)
    unused = pages(analyzer, "list_findings_v2", "findings", 100, analyzerArn=ANALYZER,
                   filter=dict(active, findingType={"eq": ["UnusedPermission"]}))
    mine = [f for f in unused if f["resource"].endswith("/" + ROLE)]
    equal(len(mine), 1)
    assert all(f["findingType"] == "UnusedPermission" for f in unused)
    return mine[0]["id"]


def recommendation(analyzer, finding):
    detail = analyzer.get_finding_v2(analyzerArn=ANALYZER, id=finding)
    assert isinstance(detail["analyzedAt"], datetime.datetime)
    services = [d["unusedPermissionDetails"]["serviceNamespace"] for d in pages(
        analyzer, "get_finding_v2", "findingDetails", 1, analyzerArn=ANALYZER, id=finding)]
    assert "lambda" in services, services
    key = {"analyzerArn": ANALYZER, "id": finding}
    refused("ResourceNotFoundException", analyzer.get_finding_recommendation, **key)
    analyzer.generate_finding_recommendation(**key)
    until = time.monotonic() + 30
    while True:
        got = analyzer.get_finding_recommendation(**key)
        if got["status"] != "IN_PROGRESS":
            break
        assert time.monotonic() < until, "the recommendation is never ready"
        time.sleep(0.1)
    equal(got["status"], "SUCCEEDED")
    recent(got["startedAt"])
    recent(got["completedAt"])
    steps = [s["unusedPermissionsRecommendedStep"] for s in pages(
        analyzer, "get_finding_recommendation", "recommendedSteps", 1, **key)]
    creates = {s["existingPolicyId"]: json.loads(s["recommendedPolicy"]) for s in steps
               if s["recommendedAction"] == "CREATE_POLICY"}
    detaches = {s["existingPolicyId"] for s in steps if s["recommendedAction"] == "DETACH_POLICY"}
    assert set(creates) <= detaches, (creates, detaches)
    statement = creates["InlinePolicyListLambda"]["Statement"]
    assert "Condition" in json.dumps(statement), statement
    analyzer.update_findings(analyzerArn=ANALYZER, ids=[finding], status="ARCHIVED")
    equal(analyzer.get_finding_v2(**key)["status"], "ARCHIVED")
    analyzer.update_findings(analyzerArn=ANALYZER, ids=[finding], status="ACTIVE")
    refused("ValidationException", analyzer.generate_finding_recommendation, analyzerArn=ANALYZER, id="!")


def validation(analyzer):
    bad = pages(analyzer, "validate_policy", "findings", 1, policyType="IDENTITY_POLICY",
                policyDocument=json.dumps(document("s3:GetObject")).replace("Allow", "Permit"))
    assert any(f["findingType"] == "ERROR" for f in bad), bad
    assert all(f["locations"] and f["issueCode"] for f in bad), bad
    good = analyzer.validate_policy(policyType="IDENTITY_POLICY",
                                    policyDocument=json.dumps(document("s3:GetObject")))["findings"]
    assert not any(f["findingType"] == "ERROR" for f in good), good


def sessions(sts):
    me = sts.get_caller_identity()
    equal(me["Account"], ACCOUNT)
    got = sts.assume_role(RoleArn="arn:aws:iam::%s:role/e2e/Worker" % ACCOUNT, RoleSessionName="boto",
                          DurationSeconds=900)
    left = got["Credentials"]["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(seconds=840) < left <= datetime.timedelta(seconds=901), left
    equal(got["AssumedRoleUser"]["Arn"], "arn:aws:sts::%s:assumed-role/Worker/boto" % ACCOUNT)
    keys = {"aws_access_key_id": got["Credentials"]["AccessKeyId"],
            "aws_secret_access_key": got["Credentials"]["SecretAccessKey"]}
    inside = boto3.client("sts", aws_session_token=got["Credentials"]["SessionToken"], **keys)
    equal(inside.get_caller_identity()["Arn"], got["AssumedRoleUser"]["Arn"])
    refused("InvalidClientTokenId", boto3.client("sts", **keys).get_caller_identity)
    wrong = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "wrong"}
    refused("SignatureDoesNotMatch", boto3.client("sts", **wrong).get_caller_identity)
    refused("InvalidSignatureException", boto3.client("accessanalyzer", **wrong).list_analyzers)


def over_faults():
    """Faults are retried away; what was lost on the way has happened, once."""
    iam, sts, analyzer = clients(10)
    retries = 0
    for i in range(6):
        equal(sts.get_caller_identity()["Account"], ACCOUNT)
        equal(iam.get_role(RoleName=ROLE)["Role"]["RoleName"], ROLE)
        equal(analyzer.get_analyzer(analyzerName="unused-access")["analyzer"]["arn"], ANALYZER)
        name = "Try%d" % i
        try:
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
        except iam.exceptions.EntityAlreadyExistsException:
            pass
        got = iam.get_role(RoleName=name)
        equal(got["Role"]["RoleName"], name)
        retries += got["ResponseMetadata"]["RetryAttempts"]
    retries += sum(sts.get_caller_identity()["ResponseMetadata"]["RetryAttempts"] for _ in range(10))
    assert retries > 0, "nothing went wrong"


def with_lag():
    iam, _, _ = clients(1)
    iam.create_role(RoleName="Late", AssumeRolePolicyDocument=TRUST)
    refused("NoSuchEntity", iam.get_role, RoleName="Late")
    iam.get_waiter("role_exists").wait(RoleName="Late", WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    try:
        iam.get_waiter("role_exists").wait(RoleName="Nobody", WaiterConfig={"Delay": 0, "MaxAttempts": 2})
    except WaiterError:
        return
    raise AssertionError("the waiter found a role that is not there")


if MODE == "whole":
    iam, sts, analyzer = clients(1)
    roles(iam)
    policies(iam)
    recommendation(analyzer, findings(analyzer))
    validation(analyzer)
    sessions(sts)
elif MODE == "faults":
    over_faults()
else:
    with_lag()
