-- Roles that AWS manages, and the ones pare itself works with: nothing of theirs is pare's to change.
rule {
  name  = "protected",
  about = "Service-linked roles, Identity Center's roles and pare's own are never changed.",
  judge = function(c)
    local path = c.principal.path
    if glob("/aws-service-role/*", path) then return exempt("a service-linked role: AWS manages it") end
    if glob("/aws-reserved/*", path) then
      return exempt("a role of Identity Center: change its permission set instead")
    end
    if glob("/pare/*", path) or c.principal.tags["pare:role"] then
      return exempt("one of pare's own roles")
    end
  end,
}
