test "a service-linked role" {
  rule = "protected", expect = "exempt", reason = "service-linked",
  subject = { principal = { name = "AWSServiceRoleForSupport", path = "/aws-service-role/support.amazonaws.com/" } },
}
test "a role of Identity Center" {
  rule = "protected", expect = "exempt", reason = "permission set",
  subject = { principal = { name = "AWSReservedSSO_Admin_0123", path = "/aws-reserved/sso.amazonaws.com/" } },
}
test "pare's executor" {
  rule = "protected", expect = "exempt",
  subject = { principal = { name = "pare-executor", tags = { ["pare:role"] = "executor" } } },
}
test "look-alike: the name of a service-linked role at another path" {
  rule = "protected", expect = "pass",
  subject = { principal = { name = "AWSServiceRoleForSupport", path = "/app/" } },
}
test "look-alike: a path that only begins alike" {
  rule = "protected", expect = "pass",
  subject = { principal = { path = "/parenting/" } },
}
test "a role under pare's path" {
  rule = "protected", expect = "exempt", reason = "pare's own",
  subject = { principal = { name = "executor", path = "/pare/" } },
}
test "a role of Identity Center under a region's path" {
  rule = "protected", expect = "exempt",
  subject = { principal = { name = "AWSReservedSSO_Admin_0123", path = "/aws-reserved/sso.amazonaws.com/eu-west-1/" } },
}
test "look-alike: a service role that a service made for you" {
  rule = "protected", expect = "pass",
  subject = { principal = { name = "service-role", path = "/service-role/" } },
}
