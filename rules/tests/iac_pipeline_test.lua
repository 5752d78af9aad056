local function trusting(service)
  return { Statement = { { Effect = "Allow", Principal = { Service = service }, Action = "sts:AssumeRole" } } }
end
local function federated(host)
  return { Statement = { { Effect = "Allow", Action = "sts:AssumeRoleWithWebIdentity",
                           Principal = { Federated = "arn:aws:iam::111122223333:oidc-provider/" .. host } } } }
end

test "CloudFormation assumes it" {
  rule = "iac_pipeline", expect = "exempt",
  subject = { principal = { trust = trusting("cloudformation.amazonaws.com") } },
}
test "GitHub Actions assume it" {
  rule = "iac_pipeline", expect = "exempt", reason = "githubusercontent",
  subject = { principal = { trust = federated("token.actions.githubusercontent.com") } },
}
test "a GitHub provider with an enterprise path" {
  rule = "iac_pipeline", expect = "exempt",
  subject = { principal = { trust = federated("token.actions.githubusercontent.com/acme") } },
}
test "Terraform Cloud assumes it" {
  rule = "iac_pipeline", expect = "exempt",
  subject = { principal = { trust = federated("app.terraform.io") } },
}
test "tagged Purpose=Terraform" {
  rule = "iac_pipeline", expect = "exempt",
  subject = { principal = { tags = { Purpose = "Terraform" } } },
}
test "a CDK bootstrap role" {
  rule = "iac_pipeline", expect = "exempt",
  subject = { principal = { tags = { ["aws-cdk:bootstrap-role"] = "deploy" } } },
}
test "CodeBuild with CloudFormation permissions" {
  rule = "iac_pipeline", expect = "exempt",
  subject = { principal = { trust = trusting("codebuild.amazonaws.com") },
              unused = { services = { "cloudformation" } } },
}
test "look-alike: CodeBuild that only runs tests" {
  rule = "iac_pipeline", expect = "pass",
  subject = { principal = { trust = trusting("codebuild.amazonaws.com") }, unused = { services = { "s3" } } },
}
test "look-alike: created by CloudFormation is not run by it" {
  rule = "iac_pipeline", expect = "pass",
  subject = { principal = { name = "terraform-docs-reader", trust = trusting("lambda.amazonaws.com"),
                            tags = { ["aws:cloudformation:stack-name"] = "web" } } },
}
test "look-alike: an EKS cluster's provider" {
  rule = "iac_pipeline", expect = "pass",
  subject = { principal = { trust = federated("oidc.eks.eu-west-1.amazonaws.com/id/ABC") } },
}
test "look-alike: a host that only begins alike" {
  rule = "iac_pipeline", expect = "pass",
  subject = { principal = { trust = federated("gitlab.com.example.org") } },
}
test "GitHub Enterprise with data residency" {
  rule = "iac_pipeline", expect = "exempt",
  subject = { principal = { trust = federated("token.actions.acme.ghe.com") } },
}
test "what StackSets work through" {
  rule = "iac_pipeline", expect = "exempt", reason = "StackSets",
  subject = { principal = { name = "AWSCloudFormationStackSetExecutionRole",
                            attached = { "arn:aws:iam::aws:policy/AdministratorAccess" } } },
}
test "look-alike: its name with fewer rights" {
  rule = "iac_pipeline", expect = "pass",
  subject = { principal = { name = "AWSControlTowerExecution", attached = { "Reader" } } },
}
test "look-alike: a pipeline of data" {
  rule = "iac_pipeline", expect = "pass",
  subject = { principal = { name = "clickstream-pipeline", path = "/data-pipeline/", tags = { purpose = "etl" },
                            trust = trusting("glue.amazonaws.com") },
              unused = { services = { "cloudformation" } } },
}
test "look-alike: users of Cognito" {
  rule = "iac_pipeline", expect = "pass",
  subject = { principal = { trust = { Statement = { { Effect = "Allow", Action = "sts:AssumeRoleWithWebIdentity",
                                                      Principal = { Federated = "cognito-identity.amazonaws.com" } } } } } },
}
test "look-alike: a provider that only ends alike" {
  rule = "iac_pipeline", expect = "pass",
  subject = { principal = { trust = federated("evil-gitlab.com") } },
}
test "look-alike: a trust policy that names accounts only" {
  rule = "iac_pipeline", expect = "pass",
  subject = { principal = { trust = { Statement = { { Effect = "Allow", Action = "sts:AssumeRole", Principal = "*" },
    { Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "arn:aws:iam::111122223333:root" } } } } } },
}
