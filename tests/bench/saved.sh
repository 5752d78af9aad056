# `pare plan` from saved input, a thousand roles, no network: how long, and how much memory.
. tests/e2e/lib/common.sh
gcc -O1 -o "$work/measure" tests/bench/lib/measure.c
cat >"$work/pare.lua" <<END
return {
  analyzer = "$analyzer",
  author   = "pare-bot@example.com",
  limits   = { changes_per_run = 1000, changes_per_account = 1000, percent = 100 },
}
END
roles=${BENCH_ROLES:-1137} # of which some are exempt
start_box --generate "roles=$roles,seed=1" --state "$work/aws.json"
stop_box
start_box --seed "$work/aws.json" --faults work=1
"$PARE" plan >/dev/null 2>&1
stop_box
# What a run keeps of each plan is in the form that the AWS CLI prints.
mkdir "$work/findings" "$work/account"
n=0
for folder in "$work"/state/accounts/*/plans/*; do
	n=$((n + 1))
	cp "$folder/before.json" "$work/account/$n.json"
	id=$(sed -n '1,5s/^ *"id": "\([^"]*\)".*/\1/p' "$folder/evidence/finding.json")
	cp "$folder/evidence/finding.json" "$work/findings/get-finding-v2-$id.json"
	cp "$folder/evidence/recommendation.json" "$work/findings/get-finding-recommendation-$id.json"
done
for run in 1 2 3 4 5; do
	"$work/measure" "$PARE" --state "$work/state.$run" plan --findings "$work/findings" \
		--account-state "$work/account" >"$work/out" 2>"$work/err" || { tail -n 3 "$work/err"; fail 'plan'; }
	set -- $(sed -n 's/^measured: //p' "$work/err")
	echo "bench: plan-saved-wall $1 ms"
	echo "bench: plan-saved-cpu $2 ms"
	echo "bench: plan-saved-peak $3 KiB"
done
echo "bench: plan-saved-plans $(sed -n 's/^[0-9]* findings: \([0-9]*\) planned.*/\1/p' "$work/out") plans"
