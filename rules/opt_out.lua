-- Whoever opts a role out says who answers for it and until when. When the day has passed the
-- verdict is a pass; when it is no day at all, a person must look.
local no = { [""] = true, ["false"] = true, no = true, off = true, ["0"] = true }

rule {
  name  = "opt_out",
  about = "The tag pare:opt-out exempts a role, with pare:owner and pare:until beside it.",
  judge = function(c)
    local tags = c.principal.tags
    local reason = tags["pare:opt-out"]
    if not reason or no[reason:lower()] then return end
    local owner, ends = tags["pare:owner"], tags["pare:until"]
    if not owner or owner == "" then return hold("tagged pare:opt-out without pare:owner") end
    if not ends or ends == "" then return hold("tagged pare:opt-out without a date in pare:until") end
    return exempt("opted out: " .. reason, { until = ends, owner = owner })
  end,
}
