# The recipes in examples/: every command line in them is one that pare takes, every environment
# variable one that it knows, the YAML is YAML, the units are units, the policies are policies.
. tests/e2e/lib/common.sh

lines=$(grep -rhoE '(/usr/local/bin/|- run: |        run: |    - )pare [a-z][^#&|]*' examples/ci | sed 's#.*\(pare [a-z]\)#\1#' | sort -u)
[ "$(echo "$lines" | wc -l)" -ge 6 ] || fail 'the recipes hold too few commands to check'
echo "$lines" | while read -r _ words; do
	# shellcheck disable=SC2086
	"$PARE" $words --help >"$work/out" 2>&1 || { cat "$work/out"; fail "examples/ci: 'pare $words' is not what pare takes"; }
done || exit 1
"$PARE" plan --no-such-option --help >/dev/null 2>&1 && fail 'this test cannot fail: a wrong option is taken'

for name in $(grep -rhoE '\bPARE_[A-Z_]+' examples/ci examples/aws | sort -u); do
	case $name in PARE_AWS_TOKEN | PARE_EXECUTOR_GIT_TOKEN) continue ;; esac # the forges' own names for secrets
	grep -rqF "\"$name\"" src || fail "examples/ci names $name, which pare does not read"
done

if command -v python3 >/dev/null 2>&1 && python3 -c 'import yaml' 2>/dev/null; then
	for f in examples/ci/*.yml; do
		python3 -c 'import sys, yaml; assert isinstance(yaml.safe_load(open(sys.argv[1])), dict)' "$f" || fail "$f is not YAML"
	done
else
	echo 'skipped: no YAML reader (python3-yaml) on this machine'
fi
if command -v systemd-analyze >/dev/null 2>&1; then
	for f in examples/ci/systemd/*.timer; do
		systemd-analyze verify --man=no "$f" 2>&1 | grep -vE 'not executable|No such file' | grep -E "^$(basename "$f")" && fail "$f"
	done
else
	echo 'skipped: no systemd-analyze on this machine'
fi

# --- examples/aws: the same permissions as examples/iam, the same pattern, and what the tools say ----
if command -v python3 >/dev/null 2>&1 && python3 -c 'import yaml' 2>/dev/null; then
	python3 - <<'END' || fail 'examples/aws/cloudformation.yaml'
import json, yaml
t = yaml.safe_load(open("examples/aws/cloudformation.yaml"))
r = t["Resources"]
def statements(role, name):
    return next(p for p in r[role]["Properties"]["Policies"] if p["PolicyName"] == name)["PolicyDocument"]["Statement"]
for role, name in (("Planner", "planner"), ("Planner", "checks"), ("Executor", "executor"), ("Executor", "checks")):
    assert statements(role, name) == json.load(open(f"examples/iam/{name}.json"))["Statement"], (role, name)
assert {p["PolicyName"] for p in r["Planner"]["Properties"]["Policies"]} == {"planner", "checks", "events"}
assert {p["PolicyName"] for p in r["Executor"]["Properties"]["Policies"]} == {"executor", "checks"}
# Whatever is referred to is there.
def walk(x):
    if isinstance(x, dict):
        for k, v in x.items():
            if k == "Ref": yield v
            elif k == "Fn::GetAtt": yield v[0]
            else: yield from walk(v)
    elif isinstance(x, list):
        for v in x: yield from walk(v)
for name in walk(t):
    assert name in r or name in t["Parameters"], name
assert r["Rule"]["Properties"]["EventPattern"]["detail-type"] == ["Unused Access Finding for IAM entities"]
END
	for f in examples/iam/*.json; do
		name=$(basename "$f" .json)
		grep -qE "toset\(\[.*\"$name\"" examples/aws/terraform/main.tf || fail "examples/aws/terraform does not use $f"
	done
fi
# cfn-lint may be a launcher of an interpreter that is not there.
if command -v cfn-lint >/dev/null 2>&1 && cfn-lint --version >/dev/null 2>&1; then
	cfn-lint examples/aws/cloudformation.yaml >"$work/out" 2>&1 || { cat "$work/out"; fail 'cfn-lint'; }
else
	echo 'skipped: no cfn-lint on this machine'
fi
if command -v terraform >/dev/null 2>&1; then
	terraform fmt -check -diff examples/aws/terraform >"$work/out" 2>&1 || { cat "$work/out"; fail 'terraform fmt'; }
	cp -R examples "$work/examples"
	if (cd "$work/examples/aws/terraform" && timeout 20 terraform init -backend=false -input=false >/dev/null 2>&1); then
		terraform -chdir="$work/examples/aws/terraform" validate >"$work/out" 2>&1 || { cat "$work/out"; fail 'terraform validate'; }
	else
		echo 'skipped: terraform cannot fetch its AWS provider here: its files are checked for form only'
	fi
else
	echo 'skipped: no terraform on this machine'
fi

for f in examples/iam/*.json; do
	"$PARE" check --old "$f" --new "$f" >"$work/out" || { cat "$work/out"; fail "$f is not a policy that pare can read"; }
done
printf "return {}\n" >"$work/pare.lua"
expect 0 '1 planned' "$PARE" --config "$work/pare.lua" --now 2026-11-25T20:00:00Z plan --findings examples/blog/saved --account-state examples/blog/account-state.json
