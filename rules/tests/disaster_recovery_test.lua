test "tagged Purpose=DR" {
  rule = "disaster_recovery", expect = "exempt",
  subject = { principal = { tags = { Purpose = "DR" } } },
}
test "Elastic Disaster Recovery assumes it" {
  rule = "disaster_recovery", expect = "exempt",
  subject = { principal = { trust = { Statement = { { Effect = "Allow", Action = "sts:AssumeRole",
                                                      Principal = { Service = "drs.amazonaws.com" } } } } } },
}
test "has a recovery policy by its ARN" {
  rule = "disaster_recovery", expect = "exempt",
  subject = { principal = { attached = { { name = "AWSElasticDisasterRecoveryAgentPolicy",
    arn = "arn:aws:iam::aws:policy/AWSElasticDisasterRecoveryAgentPolicy" } } } },
}
test "under /failover/" {
  rule = "disaster_recovery", expect = "exempt",
  subject = { principal = { path = "/failover/" } },
}
test "named so, and may use the recovery service" {
  rule = "disaster_recovery", expect = "exempt", reason = "drs",
  subject = { principal = { name = "shop-DR-restore" }, unused = { services = { "drs" } } },
}
test "named so in one word, and may move routing controls" {
  rule = "disaster_recovery", expect = "exempt",
  subject = { principal = { name = "PaymentsFailover" }, unused = { services = { "route53-recovery-cluster" } } },
}
test "Region switch assumes it" {
  rule = "disaster_recovery", expect = "exempt",
  subject = { principal = { trust = { Statement = { { Effect = "Allow", Action = "sts:AssumeRole",
                                                      Principal = { Service = "arc-region-switch.amazonaws.com" } } } } } },
}
test "look-alike: wide permissions bring the recovery services along" {
  rule = "disaster_recovery", expect = "pass",
  subject = { principal = { name = "Auditor", attached = { "arn:aws:iam::aws:policy/ReadOnlyAccess" } },
              unused = { services = { "drs", "route53-recovery-cluster", "s3" } } },
}
test "look-alike: who only looks at recovery" {
  rule = "disaster_recovery", expect = "pass",
  subject = { principal = { attached = { "arn:aws:iam::aws:policy/AWSElasticDisasterRecoveryReadOnlyAccess",
                                         "arn:aws:iam::aws:policy/AmazonRoute53RecoveryClusterReadOnlyAccess" } } },
}
test "look-alike: a word that only begins alike, with the services" {
  rule = "disaster_recovery", expect = "pass",
  subject = { principal = { name = "drive-sync-Drupal" }, unused = { services = { "drs" } } },
}
test "look-alike: named so, without the services" {
  rule = "disaster_recovery", expect = "pass",
  subject = { principal = { name = "password-recovery-mailer" }, unused = { services = { "ses" } } },
}
test "look-alike: a name and a path that only contain the letters" {
  rule = "disaster_recovery", expect = "pass",
  subject = { principal = { name = "address-book-dr", path = "/drupal/" } },
}
test "look-alike: a purpose that only begins alike" {
  rule = "disaster_recovery", expect = "pass",
  subject = { principal = { tags = { purpose = "drawing" } } },
}
