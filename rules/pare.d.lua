---@meta
-- Types for editors (LuaLS); not loaded by pare. docs/rules.md is the manual.

---@class Verdict a word of pass, keep, exempt, archive or hold; nothing else makes one

---@class AttachedPolicy
---@field name string
---@field arn string AWS's own begin with "arn:aws:iam::aws:policy/"
---@field updated_at string? when its default version changed last

---@class InlinePolicy
---@field name string

---@class Principal
---@field type "role"|"user"
---@field arn string
---@field account string twelve digits
---@field name string
---@field path string "/" or "/app/"
---@field tags table<string, string>
---@field trust table? the trust policy, as AWS has it; users have none
---@field attached AttachedPolicy[] sorted by ARN
---@field inline InlinePolicy[] sorted by name
---@field boundary string? the permissions boundary's ARN
---@field created_at string?
---@field last_used_at string? nil: never, or not known

---@class Finding
---@field id string
---@field type string "UnusedPermission" and others
---@field status string "ACTIVE", "ARCHIVED" or "RESOLVED"
---@field resource string? the principal's ARN
---@field created_at string?
---@field updated_at string?
---@field analyzed_at string?

---@class RecommendedStep
---@field action string "CREATE_POLICY" or "DETACH_POLICY"
---@field policy string? an ARN, or the bare name of an inline policy

---@class Recommendation
---@field completed_at string?
---@field steps RecommendedStep[]

---@class Analyzer
---@field arn string?
---@field unused_access_age integer? the tracking period in days

---@class Unused
---@field services string[] wholly unused: "s3"
---@field actions string[] of services used in part: "ec2:StartInstances"

---@class Subject what a rule is given: to be read, not changed
---@field finding Finding
---@field recommendation Recommendation
---@field principal Principal
---@field account string twelve digits
---@field analyzer Analyzer
---@field unused Unused
---@field now string the moment of judgement, "2026-06-15T12:00:00Z"

---@class Rule
---@field name string a-z, 0-9, _ and -; one of its kind
---@field about string one sentence
---@field judge fun(c: Subject): Verdict?

---@class VerdictOptions
---@field until string? the last day ("2027-06-30", UTC) or an instant; then the verdict is a pass
---@field owner string? who answers for it

---@param r Rule
function rule(r) end

---Nothing to say. Returning nothing is the same.
---@return Verdict?
function pass() end

---These unused actions stay; the documents are derived anew, still within the old ones.
---@param actions string|string[] "s3:Get*"
---@param reason string
---@return Verdict
function keep(actions, reason) end

---The finding is left alone.
---@param reason string
---@param options VerdictOptions?
---@return Verdict
function exempt(reason, options) end

---The finding is left alone, and archived in Access Analyzer.
---@param reason string
---@param options VerdictOptions?
---@return Verdict
function archive(reason, options) end

---A person must look before anything happens.
---@param reason string
---@return Verdict
function hold(reason) end

---@param pattern string '*' any run, '?' one character; with regard to case
---@param text string
---@return boolean
function glob(pattern, text) end

---Whole days from a time to now; nil where the time is nil.
---@param time string?
---@return integer?
function days_since(time) end

---Does the trust policy allow this AWS service? Its principals of a region and of China count, too.
---@param c Subject
---@param name string "backup.amazonaws.com"; may be a glob
---@return boolean
function trusts_service(c, name) end

---Does the trust policy allow this OpenID Connect provider?
---@param c Subject
---@param host string "token.actions.githubusercontent.com"; may be a glob
---@return boolean
function trusts_oidc(c, host) end

---Is such a policy attached (by name or ARN), or inline (by name)?
---@param c Subject
---@param pattern string a glob
---@return boolean
function has_policy(c, pattern) end

---Is such a service wholly unused?
---@param c Subject
---@param prefix string "s3"; may be a glob
---@return boolean
function unused_service(c, prefix) end

---@class RuleTest
---@field rule string the rule's name
---@field expect "pass"|"keep"|"exempt"|"archive"|"hold"|"error"
---@field reason string? a part of the reason
---@field until string?
---@field owner string?
---@field keep string[]? the actions to keep
---@field subject table? members of Subject; what is left out is empty

---Only in files of the tests folder.
---@param name string
---@return fun(t: RuleTest)
function test(name) end
