local function trusting(service)
  return { Version = "2012-10-17", Statement = { { Effect = "Allow", Principal = { Service = service },
                                                   Action = "sts:AssumeRole" } } }
end

test "tagged purpose=backup" {
  rule = "backup", expect = "exempt", reason = "purpose=backup",
  subject = { principal = { name = "MonthEnd", tags = { purpose = "backup" } } },
}
test "AWS Backup assumes it" {
  rule = "backup", expect = "exempt", reason = "backup.amazonaws.com",
  subject = { principal = { name = "Nightly", trust = trusting("backup.amazonaws.com") } },
}
test "one of several services is AWS Backup" {
  rule = "backup", expect = "exempt",
  subject = { principal = { trust = trusting({ "ec2.amazonaws.com", "backup.amazonaws.com" }) } },
}
test "a trust policy with a single statement, not a list" {
  rule = "backup", expect = "exempt",
  subject = { principal = { trust = { Statement = { Effect = "Allow", Action = "sts:AssumeRole",
                                                    Principal = { Service = "dlm.amazonaws.com" } } } } },
}
test "an AWS backup policy is attached" {
  rule = "backup", expect = "exempt",
  subject = { principal = { attached = { "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup" } } },
}
test "under /backup/" {
  rule = "backup", expect = "exempt",
  subject = { principal = { path = "/ops/backup/" } },
}
test "named backup, and the backup service is among its permissions" {
  rule = "backup", expect = "exempt",
  subject = { principal = { name = "weekly-backup" }, unused = { services = { "backup" } } },
}
test "look-alike: a name alone" {
  rule = "backup", expect = "pass",
  subject = { principal = { name = "backup-dashboard-reader", trust = trusting("ec2.amazonaws.com") } },
}
test "look-alike: another purpose" {
  rule = "backup", expect = "pass",
  subject = { principal = { tags = { purpose = "web", note = "backup" } } },
}
test "look-alike: AWS Backup is denied, not trusted" {
  rule = "backup", expect = "pass",
  subject = { principal = { trust = { Statement = { { Effect = "Deny", Action = "sts:AssumeRole",
                                                      Principal = { Service = "backup.amazonaws.com" } } } } } },
}
test "look-alike: a service whose name ends alike" {
  rule = "backup", expect = "pass",
  subject = { principal = { trust = trusting("notbackup.amazonaws.com") } },
}
test "look-alike: another unused service" {
  rule = "backup", expect = "pass",
  subject = { principal = { name = "weekly-backup" }, unused = { services = { "s3" } } },
}
test "a tag key in another case" {
  rule = "backup", expect = "exempt", reason = "PURPOSE=Backup",
  subject = { principal = { tags = { PURPOSE = "Backup" } } },
}
test "a path in another case" {
  rule = "backup", expect = "exempt",
  subject = { principal = { path = "/Backups/nightly/" } },
}
test "the principal of AWS Backup in China" {
  rule = "backup", expect = "exempt",
  subject = { principal = { trust = trusting("backup.amazonaws.com.cn") } },
}
test "a Data Lifecycle Manager policy" {
  rule = "backup", expect = "exempt",
  subject = { principal = { attached = { "arn:aws-us-gov:iam::aws:policy/service-role/AWSDataLifecycleManagerServiceRole" } } },
}
test "look-alike: a policy of the account that is named like AWS's" {
  rule = "backup", expect = "pass",
  subject = { principal = { attached = { "AWSBackupServiceRolePolicyForReports" },
                            inline = { "AWSBackupServiceRolePolicyForBackup" } } },
}
test "look-alike: who only audits backups" {
  rule = "backup", expect = "pass",
  subject = { principal = { attached = { "arn:aws:iam::aws:policy/AWSBackupAuditAccess" } } },
}
test "look-alike: a reader of everything, whose unused services include backup" {
  rule = "backup", expect = "pass",
  subject = { principal = { name = "Auditor", attached = { "arn:aws:iam::aws:policy/ReadOnlyAccess" } },
              unused = { services = { "backup", "backup-storage", "dlm" } } },
}
test "look-alike: a path that only begins alike" {
  rule = "backup", expect = "pass",
  subject = { principal = { path = "/backup-reports/" } },
}
test "look-alike: a role without a trust policy" {
  rule = "backup", expect = "pass",
  subject = { principal = { name = "NoTrust" } },
}
