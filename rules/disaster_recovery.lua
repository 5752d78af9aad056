-- A recovery role is used on the worst day of the year, and in the drill, if there is one.
local services = { "drs.amazonaws.com", "arc-region-switch.amazonaws.com", "resiliencehub.amazonaws.com" }
-- AWS's own policies that act; those that only look are no sign of a recovery role.
local policies = {
  "arn:*:iam::aws:policy/*AWSElasticDisasterRecovery*Policy*",
  "arn:*:iam::aws:policy/*AWSElasticDisasterRecoveryConsoleFullAccess*",
  "arn:*:iam::aws:policy/*AmazonRoute53Recovery*FullAccess",
  "arn:*:iam::aws:policy/*AmazonApplicationRecoveryControllerRegionSwitchPlanExecutionPolicy",
}
local purposes = { dr = true, ["disaster-recovery"] = true, ["disaster_recovery"] = true, disasterrecovery = true,
                   recovery = true, failover = true }
local keys = { purpose = true, ["function"] = true, workload = true }
local parts = { "dr", "disaster-recovery", "failover" }
local names = { dr = true, disaster = true, recovery = true, failover = true, failback = true }
local unused = { "drs", "route53-recovery-cluster", "route53-recovery-control-config", "arc-region-switch" }

-- "app-DR-restore" → app, dr, restore; "PaymentsFailover" → payments, failover
local function named_so(name)
  local spaced = name:gsub("(%l)(%u)", "%1-%2"):lower()
  for word in spaced:gmatch("%w+") do
    if names[word] then return true end
  end
  return false
end

rule {
  name  = "disaster_recovery",
  about = "Recovery roles are for the day nobody hopes for.",
  judge = function(c)
    for key, value in pairs(c.principal.tags) do
      if keys[key:lower()] and purposes[value:lower()] then return exempt("tagged " .. key .. "=" .. value) end
    end
    for _, service in ipairs(services) do
      if trusts_service(c, service) then return exempt("trusts " .. service) end
    end
    for _, pattern in ipairs(policies) do
      if has_policy(c, pattern) then return exempt("has a recovery policy (" .. pattern .. ")") end
    end
    local path = c.principal.path:lower()
    for _, part in ipairs(parts) do
      if glob("*/" .. part .. "/*", path) then return exempt("lies under the path " .. c.principal.path) end
    end
    -- Every role with wide permissions may use the recovery services; a name alone says little, too.
    if named_so(c.principal.name) then
      for _, prefix in ipairs(unused) do
        if unused_service(c, prefix) then return exempt("is named like a recovery role and may use " .. prefix) end
      end
    end
  end,
}
