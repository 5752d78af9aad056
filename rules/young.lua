-- Nothing can have been unused for the whole tracking period that is not as old as the period.
rule {
  name  = "young",
  about = "A role, or a permission of it, newer than the tracking period had no time to be used.",
  judge = function(c)
    local period = c.analyzer.unused_access_age or 90
    local age = days_since(c.principal.created_at)
    if age and age < period then
      return exempt("the role is " .. age .. " days old, the tracking period is " .. period .. " days")
    end
    for _, p in ipairs(c.principal.attached) do
      -- AWS updates its own policies whenever a service grows; that gives nobody new work.
      local own = p.arn and not glob("arn:*:iam::aws:policy/*", p.arn)
      local days = own and days_since(p.updated_at)
      if days and days < period then
        return exempt("policy " .. p.name .. " was updated " .. days .. " days ago, the tracking period is " ..
                      period .. " days")
      end
    end
  end,
}
