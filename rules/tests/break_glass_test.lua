test "tagged break-glass" {
  rule = "break_glass", expect = "exempt",
  subject = { principal = { tags = { ["break-glass"] = "true" } } },
}
test "under /break-glass/" {
  rule = "break_glass", expect = "exempt",
  subject = { principal = { path = "/break-glass/" } },
}
test "named so, and an administrator" {
  rule = "break_glass", expect = "exempt",
  subject = { principal = { name = "BreakGlassAdmin", attached = { "arn:aws:iam::aws:policy/AdministratorAccess" } } },
}
test "look-alike: named so, and no administrator" {
  rule = "break_glass", expect = "pass",
  subject = { principal = { name = "emergency-contacts-api", attached = { "AmazonSESFullAccess" } } },
}
test "look-alike: an administrator of another name" {
  rule = "break_glass", expect = "pass",
  subject = { principal = { name = "Admin", attached = { "arn:aws:iam::aws:policy/AdministratorAccess" } } },
}
test "look-alike: tagged false" {
  rule = "break_glass", expect = "pass",
  subject = { principal = { tags = { ["break-glass"] = "false" } } },
}
test "tagged Emergency=yes" {
  rule = "break_glass", expect = "exempt", reason = "Emergency=yes",
  subject = { principal = { tags = { Emergency = "yes" } } },
}
test "tagged purpose=emergency" {
  rule = "break_glass", expect = "exempt",
  subject = { principal = { tags = { Purpose = "Emergency" } } },
}
test "the organization's way into the account" {
  rule = "break_glass", expect = "exempt", reason = "organization",
  subject = { principal = { name = "OrganizationAccountAccessRole",
                            attached = { "arn:aws:iam::aws:policy/AdministratorAccess" } } },
}
test "look-alike: the same name with fewer rights" {
  rule = "break_glass", expect = "pass",
  subject = { principal = { name = "OrganizationAccountAccessRole",
                            attached = { "arn:aws:iam::aws:policy/ReadOnlyAccess" } } },
}
test "look-alike: a policy of the account called AdministratorAccess" {
  rule = "break_glass", expect = "pass",
  subject = { principal = { name = "BreakGlassAdmin", attached = { "AdministratorAccess" } } },
}
test "look-alike: glass that breaks elsewhere" {
  rule = "break_glass", expect = "pass",
  subject = { principal = { name = "GlassBreakReports", path = "/emergency-reports/",
                            attached = { "arn:aws:iam::aws:policy/AdministratorAccess" } } },
}
