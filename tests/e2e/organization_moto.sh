# Organizations against a server that is not ours: moto's, filled with the AWS CLI. IAM and Access
# Analyzer are the sandbox's, with the accounts that moto made.
. tests/e2e/lib/common.sh
. tests/e2e/lib/organization.sh
command -v aws >/dev/null 2>&1 || skip 'no AWS CLI on this machine'
command -v moto_server >/dev/null 2>&1 || skip 'no moto_server on this machine'

moto=
stop_moto() {
	[ -z "$moto" ] || { kill "$moto" 2>/dev/null || true; wait "$moto" 2>/dev/null || true; }
}
trap 'stop_moto; cleanup' EXIT
moto_server -H 127.0.0.1 -p 0 >"$work/moto.log" 2>&1 &
moto=$!
tries=0
until grep -q 'Running on http' "$work/moto.log"; do
	kill -0 "$moto" 2>/dev/null || { cat "$work/moto.log"; fail 'moto ended'; }
	tries=$((tries + 1))
	[ $tries -lt 600 ] || { cat "$work/moto.log"; fail 'moto did not start within a minute'; }
	sleep 0.1
done
AWS_ENDPOINT_URL_ORGANIZATIONS=$(sed -n 's/.*Running on \(http:[^ ]*\).*/\1/p' "$work/moto.log")
export AWS_ENDPOINT_URL_ORGANIZATIONS AWS_MAX_ATTEMPTS=1

# --- five accounts in nested units, and so many in the root that there are two pages -------------------
organizations() {
	aws organizations "$@" --output text
}
organizations create-organization --feature-set ALL >/dev/null
root=$(organizations list-roots --query 'Roots[0].Id')
unit() { # parent name
	organizations create-organizational-unit --parent-id "$1" --name "$2" --query OrganizationalUnit.Id
}
dev=$(unit "$root" dev) prod=$(unit "$root" prod) empty=$(unit "$root" empty)
deep=$(unit "$dev" deep)
account() { # name
	organizations create-account --email "$1@example.com" --account-name "$1" --query CreateAccountStatus.AccountId
}
number=0
: >"$work/ids.sed"
placed() { # unit tag ; the next number in the seed is this account's
	id=$(account "acct$number")
	number=$((number + 1))
	organizations move-account --account-id "$id" --source-parent-id "$root" --destination-parent-id "$1"
	organizations tag-resource --resource-id "$id" --tags "Key=env,Value=$2"
	echo "s/10000000000$number/$id/g" >>"$work/ids.sed"
}
placed "$dev" dev
placed "$deep" dev
placed "$deep" canary
placed "$prod" prod
placed "$prod" prod
for filler in a b c d e f g h i j k l m n o p; do
	account $filler >/dev/null
done
[ "$(organizations list-accounts --no-paginate --query 'length(Accounts)')" -ge 22 ] || fail 'moto made too few accounts'

organization 5
sed -f "$work/ids.sed" "$work/organization.json" >"$work/seed.json"
unset AWS_MAX_ATTEMPTS
start_box --seed "$work/seed.json" --faults work=10
make_review
sed -i "s/^}\$/  limits = { percent = 100 }, accounts = { assume_role = \"pare-executor\", external_id = \"acme\" },\n  waves = { { { tag = \"env=canary\" } }, { \"$dev\" }, { { tag = \"env=prod\" } } },\n}/" "$work/pare.lua"
digits() { # account ids a line each as their numbers in the seed
	sed "$(sed 's|^s/\([0-9]*\)/\([0-9]*\)/g|s/\2/\1/g|' "$work/ids.sed")" | grep -o '.$' | tr -d '\n'
}
planned() { # numbers, options…
	wanted=$1
	shift
	"$PARE" --json plan "$@" >"$work/json" 2>"$work/log" || { cat "$work/log"; fail "plan $*: exit $?"; }
	got=$(grep -oE '"account": "[0-9]{12}"' "$work/json" | grep -oE '[0-9]{12}' | digits | fold -w 1 | sort -u | tr -d '\n')
	[ "$got" = "$wanted" ] || { cat "$work/log"; fail "plan $*: accounts $got, expected $wanted"; }
}
planned 123 --ou "$dev"
planned 23 --ou "$deep"
planned 12345 --ou "$root"
planned 45 --account-tag env=prod
planned 2 --ou "$deep" --account-tag env=dev
expect 1 'no active account of the organization fits' "$PARE" plan --ou "$empty"
expect 1 'no active account of the organization fits' "$PARE" plan --account-tag env=none --ou "$prod"
expect 1 'this organization has no such unit' "$PARE" plan --ou "ou-${root#r-}-99999999"

planned 12345
expect 0 'proposed' "$PARE" propose
merge_proposal
expect 0 'applied' "$PARE" apply
order=$(sed -n 's/^applied .*plan [^-]*-\([0-9]*\)-.*/\1/p' "$work/out" | uniq | digits)
case $order in
31245 | 31254 | 32145 | 32154) ;;
*) cat "$work/out"; fail "the order was $order" ;;
esac
