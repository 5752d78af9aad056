test "opted out with owner and end" {
  rule = "opt_out", expect = "exempt", reason = "year-end close", until = "2027-01-31", owner = "finance",
  subject = { principal = { tags = { ["pare:opt-out"] = "year-end close", ["pare:owner"] = "finance",
                                     ["pare:until"] = "2027-01-31" } } },
}
test "nobody answers for it" {
  rule = "opt_out", expect = "hold", reason = "pare:owner",
  subject = { principal = { tags = { ["pare:opt-out"] = "true", ["pare:until"] = "2027-01-31" } } },
}
test "no end" {
  rule = "opt_out", expect = "hold", reason = "pare:until",
  subject = { principal = { tags = { ["pare:opt-out"] = "true", ["pare:owner"] = "finance" } } },
}
test "look-alike: opted in" {
  rule = "opt_out", expect = "pass",
  subject = { principal = { tags = { ["pare:opt-out"] = "false" } } },
}
test "look-alike: owner and end without opting out" {
  rule = "opt_out", expect = "pass",
  subject = { principal = { tags = { ["pare:owner"] = "finance", ["pare:until"] = "2027-01-31" } } },
}
test "the end has passed" {
  rule = "opt_out", expect = "pass",
  subject = { now = "2027-02-01T00:00:00Z",
              principal = { tags = { ["pare:opt-out"] = "year-end close", ["pare:owner"] = "finance",
                                     ["pare:until"] = "2027-01-31" } } },
}
test "the last day is part of it" {
  rule = "opt_out", expect = "exempt",
  subject = { now = "2027-01-31T23:59:59Z",
              principal = { tags = { ["pare:opt-out"] = "year-end close", ["pare:owner"] = "finance",
                                     ["pare:until"] = "2027-01-31" } } },
}
test "an end that is no day" {
  rule = "opt_out", expect = "hold", reason = "2027-02-30", owner = "finance",
  subject = { principal = { tags = { ["pare:opt-out"] = "x", ["pare:owner"] = "finance", ["pare:until"] = "2027-02-30" } } },
}
test "an end in words" {
  rule = "opt_out", expect = "hold", reason = "next year",
  subject = { principal = { tags = { ["pare:opt-out"] = "x", ["pare:owner"] = "finance", ["pare:until"] = "next year" } } },
}
test "look-alike: opted in, in other words" {
  rule = "opt_out", expect = "pass",
  subject = { principal = { tags = { ["pare:opt-out"] = "No" } } },
}
test "look-alike: another tool's opt-out" {
  rule = "opt_out", expect = "pass",
  subject = { principal = { tags = { ["opt-out"] = "true" } } },
}
