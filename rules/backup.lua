-- Backup roles work monthly or only when something is restored: a 28- or 90-day window misses that.
local purposes = { backup = true, backups = true, restore = true, archive = true, archival = true }
local keys = { purpose = true, ["function"] = true, workload = true }
local services = { "backup.amazonaws.com", "dlm.amazonaws.com", "backup-gateway.amazonaws.com",
                   "restore-testing.backup.amazonaws.com" }
-- AWS's own policies, by ARN: a policy of the account that is only named alike says nothing.
local policies = {
  "arn:*:iam::aws:policy/*AWSBackup*ServiceRolePolicyFor*",
  "arn:*:iam::aws:policy/*AWSBackupRestoreAccessForSAPHANA",
  "arn:*:iam::aws:policy/*AWSBackupDataTransferAccess",
  "arn:*:iam::aws:policy/*AWSDataLifecycleManagerServiceRole*",
  "arn:*:iam::aws:policy/*AWSDataLifecycleManagerSSMFullAccess",
  "arn:*:iam::aws:policy/*AWSEC2VssRestorePolicy",
}
local unused = { "backup", "backup-storage", "backup-gateway", "dlm" }

rule {
  name  = "backup",
  about = "Backup and restore roles work rarely: unused within the tracking period is not unneeded.",
  judge = function(c)
    for key, value in pairs(c.principal.tags) do
      if keys[key:lower()] and purposes[value:lower()] then return exempt("tagged " .. key .. "=" .. value) end
    end
    for _, service in ipairs(services) do
      if trusts_service(c, service) then return exempt("trusts " .. service) end
    end
    for _, pattern in ipairs(policies) do
      if has_policy(c, pattern) then return exempt("has a backup policy (" .. pattern .. ")") end
    end
    local path = c.principal.path:lower()
    if glob("*/backup/*", path) or glob("*/backups/*", path) then
      return exempt("lies under the path " .. c.principal.path)
    end
    -- A name alone says little; with whole backup services among its permissions it says enough.
    if c.principal.name:lower():find("backup", 1, true) then
      for _, prefix in ipairs(unused) do
        if unused_service(c, prefix) then return exempt("is named like a backup role and may use " .. prefix) end
      end
    end
  end,
}
