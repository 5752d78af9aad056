-- An emergency role looks unused until the emergency.
local keys = { ["break-glass"] = true, breakglass = true, ["break_glass"] = true, emergency = true }
local no = { [""] = true, ["false"] = true, no = true, off = true, ["0"] = true }
local purposes = { ["break-glass"] = true, breakglass = true, ["break_glass"] = true, emergency = true }
local parts = { "break-glass", "breakglass", "emergency" }

rule {
  name  = "break_glass",
  about = "Emergency access looks unused until the emergency.",
  judge = function(c)
    for key, value in pairs(c.principal.tags) do
      local word, meaning = key:lower(), value:lower()
      if keys[word] and not no[meaning] or word == "purpose" and purposes[meaning] then
        return exempt("tagged " .. key .. "=" .. value)
      end
    end
    local path = c.principal.path:lower()
    for _, part in ipairs(parts) do
      if glob("*/" .. part .. "/*", path) then return exempt("lies under the path " .. c.principal.path) end
    end
    if not has_policy(c, "arn:*:iam::aws:policy/AdministratorAccess") then return end
    local name = c.principal.name:lower()
    if name:find("break[-_]?glass") or name:find("emergency", 1, true) then
      return exempt("is named like an emergency role and is an administrator")
    end
    -- How the management account gets into a member account when nothing else works.
    if name == "organizationaccountaccessrole" then
      return exempt("is the organization's way into the account")
    end
  end,
}
