test "a new role" {
  rule = "young", expect = "exempt", reason = "14 days old",
  subject = { now = "2026-06-15T00:00:00Z", principal = { created_at = "2026-06-01T00:00:00Z" } },
}
test "a policy updated within the period" {
  rule = "young", expect = "exempt", reason = "policy Reader",
  subject = { now = "2026-06-15T00:00:00Z", principal = { created_at = "2020-01-01T00:00:00Z",
    attached = { { name = "Reader", arn = "arn:aws:iam::111122223333:policy/Reader",
                   updated_at = "2026-06-01T00:00:00Z" } } } },
}
test "a shorter period" {
  rule = "young", expect = "pass",
  subject = { now = "2026-06-15T00:00:00Z", analyzer = { unused_access_age = 7 },
              principal = { created_at = "2026-06-01T00:00:00Z" } },
}
test "look-alike: AWS updated its own policy" {
  rule = "young", expect = "pass",
  subject = { now = "2026-06-15T00:00:00Z", principal = { created_at = "2020-01-01T00:00:00Z",
    attached = { { name = "ReadOnlyAccess", arn = "arn:aws:iam::aws:policy/ReadOnlyAccess",
                   updated_at = "2026-06-01T00:00:00Z" } } } },
}
test "look-alike: an age that is not known" {
  rule = "young", expect = "pass",
  subject = { principal = { name = "Old" } },
}
test "on the day the period ends" {
  rule = "young", expect = "pass",
  subject = { now = "2026-06-15T00:00:00Z", principal = { created_at = "2026-03-17T00:00:00Z" } },
}
test "on the day before" {
  rule = "young", expect = "exempt", reason = "89 days",
  subject = { now = "2026-06-15T00:00:00Z", principal = { created_at = "2026-03-17T00:00:01Z" } },
}
test "a time that cannot be read fails the rule, which holds" {
  rule = "young", expect = "error", reason = "no time",
  subject = { principal = { created_at = "last week" } },
}
