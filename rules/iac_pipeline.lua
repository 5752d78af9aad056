-- A pipeline that creates infrastructure needs the same permissions to change and delete it later.
local services = { "cloudformation.amazonaws.com", "codepipeline.amazonaws.com", "servicecatalog.amazonaws.com",
                   "proton.amazonaws.com", "stacksets.cloudformation.amazonaws.com",
                   "member.org.stacksets.cloudformation.amazonaws.com" }
local hosts = { "token.actions.githubusercontent.com", "token.actions.*.ghe.com", "gitlab.com", "app.terraform.io",
                "api.bitbucket.org", "oidc.circleci.com", "api.pulumi.com", "vstoken.dev.azure.com",
                "agent.buildkite.com", "oidc.spacelift.io", "*.app.spacelift.io" }
local purposes = { iac = true, pipeline = true, deployment = true, deploy = true, cicd = true,
                   ["ci-cd"] = true, terraform = true, cloudformation = true, pulumi = true, cdk = true }
local keys = { purpose = true, ["function"] = true, workload = true }
local parts = { "pipeline", "pipelines", "iac", "cicd", "deployment" }
-- The roles that StackSets and Control Tower work through; administrators, as AWS's guides create them.
local executors = { awscloudformationstacksetexecutionrole = true, awscontroltowerexecution = true }

rule {
  name  = "iac_pipeline",
  about = "What a deployment pipeline creates it must be able to change and delete later.",
  judge = function(c)
    for key, value in pairs(c.principal.tags) do
      if keys[key:lower()] and purposes[value:lower()] then return exempt("tagged " .. key .. "=" .. value) end
    end
    if c.principal.tags["aws-cdk:bootstrap-role"] then return exempt("a CDK bootstrap role") end
    for _, service in ipairs(services) do
      if trusts_service(c, service) then return exempt("trusts " .. service) end
    end
    for _, host in ipairs(hosts) do
      if trusts_oidc(c, host) then return exempt("trusts the pipelines of " .. host) end
    end
    local path = c.principal.path:lower()
    for _, part in ipairs(parts) do
      if glob("*/" .. part .. "/*", path) then return exempt("lies under the path " .. c.principal.path) end
    end
    -- CodeBuild runs tests as well as deployments: only a role that may run stacks is a pipeline's.
    if trusts_service(c, "codebuild.amazonaws.com") and unused_service(c, "cloudformation") then
      return exempt("CodeBuild assumes it, and it may run CloudFormation stacks")
    end
    if executors[c.principal.name:lower()] and has_policy(c, "arn:*:iam::aws:policy/AdministratorAccess") then
      return exempt("is what StackSets or Control Tower work through")
    end
  end,
}
