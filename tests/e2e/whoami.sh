# The AWS CLI and pare agree on who they are and in which region, for the same files and variables.
# A case: its name, the variables, the caller (or "none": both refuse), the region.
. tests/e2e/lib/common.sh
command -v aws >/dev/null 2>&1 || skip 'no AWS CLI on this machine'
command -v python3 >/dev/null 2>&1 || skip 'no Python on this machine'
unset PARE_CONFIG

server=
stop_server() {
	[ -z "$server" ] || { kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }
}
trap 'stop_server; cleanup' EXIT

user() { # name account key secret token
	printf '{"accessKeyId":"%s","secret":"%s","account":"%s","arn":"%s"%s}' "$3" "$4" "$2" "$1" "${5:+,\"token\":\"$5\"}"
}
role() { # name principal-json condition
	printf '{"name":"%s","createdAt":"-90d","trust":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":%s},"Action":"sts:AssumeRole"%s}]}}' "$1" "$2" "${3:+,\"Condition\":$3}"
}
cat >"$work/seed.json" <<END
{"schema":"pare.sandbox/v1","accounts":[{"id":"111122223333"},{"id":"444455556666"}],
 "keys":[
 $(user arn:aws:iam::111122223333:user/alice 111122223333 AKIDALICEALICEALICE1 alice-secret-alice-secret),
 $(user arn:aws:iam::444455556666:user/bob 444455556666 AKIDBOBBOBBOBBOBBOB1 bob-secret-bob-secret),
 $(user arn:aws:sts::111122223333:assumed-role/Job/job 111122223333 ASIDJOBJOBJOBJOBJOB1 job-secret-job-secret JOBTOKEN),
 $(user arn:aws:sts::111122223333:assumed-role/Pod/pod 111122223333 ASIDPODPODPODPODPOD1 pod-secret-pod-secret PODTOKEN),
 $(user arn:aws:sts::111122223333:assumed-role/Box/box 111122223333 ASIDBOXBOXBOXBOXBOX1 box-secret-box-secret BOXTOKEN),
 $(user arn:aws:sts::111122223333:assumed-role/Sso/sso 111122223333 ASIDSSOSSOSSOSSOSSO1 sso-secret-sso-secret SSOTOKEN)],
 "roles":[
 $(role Reader '"*"'),
 $(role Deployer '"arn:aws:iam::111122223333:root"'),
 $(role Partner '"*"' '{"StringEquals":{"sts:ExternalId":"acme"}}'),
 $(role Closed '"arn:aws:iam::444455556666:root"')]}
END
start_box --seed "$work/seed.json"
sandbox_url=$AWS_ENDPOINT_URL
python3 tests/e2e/whoami_server.py "${sandbox_url##*:}" "$work/server-port" >"$work/server.log" 2>&1 &
server=$!
tries=0
while [ ! -s "$work/server-port" ]; do
	tries=$((tries + 1))
	[ $tries -lt 100 ] || { cat "$work/server.log"; fail 'the metadata server did not start'; }
	sleep 0.1
done
other=http://127.0.0.1:$(cat "$work/server-port")

# --- the files ---------------------------------------------------------------------------------
a='aws_access_key_id = AKIDALICEALICEALICE1
aws_secret_access_key = alice-secret-alice-secret'
b='aws_access_key_id = AKIDBOBBOBBOBBOBBOB1
aws_secret_access_key = bob-secret-bob-secret'
arn=arn:aws:iam::111122223333:role
mkdir -p "$work/.aws/sso/cache"
printf 'web.identity.token' >"$work/token"
printf 'junk' >"$work/bad-token"
printf 'let me in' >"$work/authorization"
printf 'let me in\n' >"$work/authorization-line"
cat >"$work/keys" <<'END'
#!/bin/sh
[ "$1" = "two words" ] || exit 3
printf '{"Version":1,"AccessKeyId":"AKIDBOBBOBBOBBOBBOB1","SecretAccessKey":"bob-secret-bob-secret"}'
END
chmod +x "$work/keys"
date_in() { date -u -d "$1" +%Y-%m-%dT%H:%M:%SZ; }
cache() { # key member text
	printf '%s' "$2" >"$work/.aws/sso/cache/$(printf '%s' "$1" | sha1sum | cut -c1-40).json"
}
old=$(date_in '-1 hour') soon=$(date_in '+5 minutes') far=$(date_in '+8 hours')
cache corp "{\"accessToken\":\"SSOACCESS\",\"expiresAt\":\"$far\",\"region\":\"us-east-1\",\"startUrl\":\"https://corp.awsapps.com/start\"}"
cache stale "{\"accessToken\":\"SSOOLD\",\"expiresAt\":\"$old\",\"refreshToken\":\"REFRESH\",\"clientId\":\"c\",\"clientSecret\":\"s\",\"registrationExpiresAt\":\"$far\"}"
cache soon "{\"accessToken\":\"SSOACCESS\",\"expiresAt\":\"$soon\",\"refreshToken\":\"GONE\",\"clientId\":\"c\",\"clientSecret\":\"s\",\"registrationExpiresAt\":\"$far\"}"
cache over "{\"accessToken\":\"SSOOLD\",\"expiresAt\":\"$old\"}"
cache https://legacy.awsapps.com/start "{\"accessToken\":\"SSOACCESS\",\"expiresAt\":\"$far\"}"
cat >"$work/config" <<END
# comments, spaces and upper case are part of the grammar
[default]
region = eu-west-1
[profile spaced]
; so are spaces before a value
REGION   =   eu-west-2
aws_access_key_id=AKIDALICEALICEALICE1
[profile "two words"]
$b
region = ap-south-1
[profile config-only]
$b
region = eu-central-1
[profile both]
$b
region = ca-central-1
[profile regionless]
[profile reader]
role_arn = $arn/Reader
source_profile = alice
region = us-west-2
[profile named]
role_arn = $arn/Reader
source_profile = alice
role_session_name = someone@example.com
duration_seconds = 900
[profile chained]
role_arn = $arn/Deployer
source_profile = reader
role_session_name = second
[profile own]
role_arn = $arn/Reader
source_profile = own
$a
[profile partner]
role_arn = $arn/Partner
source_profile = bob
external_id = acme
[profile partner-without]
role_arn = $arn/Partner
source_profile = bob
[profile closed]
role_arn = $arn/Closed
source_profile = alice
[profile from-environment]
role_arn = $arn/Reader
credential_source = Environment
[profile from-container]
role_arn = $arn/Reader
credential_source = EcsContainer
[profile from-instance]
role_arn = $arn/Reader
credential_source = Ec2InstanceMetadata
[profile odd-source]
role_arn = $arn/Reader
credential_source = Elsewhere
[profile no-source]
role_arn = $arn/Reader
$a
[profile both-sources]
role_arn = $arn/Reader
source_profile = alice
credential_source = Environment
[profile loop-a]
role_arn = $arn/Reader
source_profile = loop-b
[profile loop-b]
role_arn = $arn/Deployer
source_profile = loop-a
[profile lost-source]
role_arn = $arn/Reader
source_profile = nobody
[profile source-keys-win]
role_arn = $arn/Reader
source_profile = no-source
[profile web]
role_arn = $arn/Job
web_identity_token_file = $work/token
region = eu-west-3
[profile web-no-role]
web_identity_token_file = $work/token
[profile web-bad]
role_arn = $arn/Job
web_identity_token_file = $work/bad-token
[profile web-lost]
role_arn = $arn/Job
web_identity_token_file = $work/none
[profile after-web]
role_arn = $arn/Deployer
source_profile = web
[sso-session corp]
sso_region = us-east-1
sso_start_url = https://corp.awsapps.com/start
[sso-session stale]
sso_region = us-east-1
sso_start_url = https://corp.awsapps.com/start
[sso-session soon]
sso_region = us-east-1
sso_start_url = https://corp.awsapps.com/start
[sso-session over]
sso_region = us-east-1
sso_start_url = https://corp.awsapps.com/start
[profile sso]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Reader
region = us-east-2
[profile sso-stale]
sso_session = stale
sso_account_id = 111122223333
sso_role_name = Reader
[profile sso-soon]
sso_session = soon
sso_account_id = 111122223333
sso_role_name = Reader
[profile sso-over]
sso_session = over
sso_account_id = 111122223333
sso_role_name = Reader
[profile sso-lost]
sso_session = gone
sso_account_id = 111122223333
sso_role_name = Reader
[profile sso-half]
sso_session = corp
sso_account_id = 111122223333
[profile sso-keys]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Reader
$b
[profile sso-legacy]
sso_start_url = https://legacy.awsapps.com/start
sso_region = us-east-1
sso_account_id = 111122223333
sso_role_name = Reader
[profile sso-apart]
sso_session = corp
sso_region = eu-west-1
sso_account_id = 111122223333
sso_role_name = Reader
[profile sso-source]
role_arn = $arn/Deployer
source_profile = sso
[profile process]
credential_process = "$work/keys" 'two words'
[profile process-fails]
credential_process = "$work/keys" two words
[profile process-junk]
credential_process = echo no json
[profile process-keys]
credential_process = "$work/keys" "two words"
$a
[profile process-source]
role_arn = $arn/Reader
source_profile = process
[profile half]
aws_access_key_id = AKIDALICEALICEALICE1
[plain]
region = eu-north-1
[profile endpoint]
$a
endpoint_url = $sandbox_url
[profile services]
$a
endpoint_url = http://127.0.0.1:9
services = local
[services local]
sts =
  endpoint_url = $sandbox_url
iam =
  endpoint_url = http://127.0.0.1:9
END
cat >"$work/credentials" <<END
[default]
$a
[alice]
$a
[bob]
$b
region = sa-east-1
[spaced]
aws_secret_access_key = alice-secret-alice-secret
[both]
$a
[process-both]
$a
[profile odd]
$b
END
chmod 600 "$work/credentials"
printf '[default]\nregion = eu-west-1\nbroken\n' >"$work/broken"

# --- one case: pare's part, and what the AWS CLI is compared with afterwards --------------------
scrub() { env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY -u AWS_REGION -u AWS_DEFAULT_REGION "$@"; }
agree() { # name 'VARIABLE=value …' caller region
	set -- "$1" "AWS_CONFIG_FILE=$work/config AWS_SHARED_CREDENTIALS_FILE=$work/credentials AWS_EC2_METADATA_DISABLED=true AWS_ENDPOINT_URL_STS=$other AWS_ENDPOINT_URL_SSO=$other AWS_ENDPOINT_URL_SSO_OIDC=$other AWS_ENDPOINT_URL=$sandbox_url $2" "$3" "${4-}"
	tar -C "$work" -xf "$work/cache.tar"
	# shellcheck disable=SC2086
	scrub $2 "$PARE" whoami --json 2>"$work/pare.err" >"$work/pare.json" || true
	# The session that nobody named is each program's own.
	caller=$(sed -n -e 's#/pare",$#/-",#' -e 's/^  "arn": "\(.*\)",$/\1/p' "$work/pare.json")
	region=$(sed -n 's/^  "region": "\(.*\)",$/\1/p' "$work/pare.json")
	printf '%s\n%s\n%s %s\n' "$1" "$2" "${caller:-none}" "$region" >>"$work/cases"
	[ "${caller:-none}" = "$3" ] ||
		{ cat "$work/pare.json" "$work/pare.err"; fail "$1: pare is '${caller:-none}', expected '$3'"; }
	if [ "$3" = none ]; then
		[ -s "$work/pare.err" ] || fail "$1: pare refuses without a word"
		! grep -qE 'alice-secret|bob-secret|SSOACCESS|JOBTOKEN|let me in' "$work/pare.err" "$work/pare.json" ||
			fail "$1: a secret is in pare's output"
	elif [ -n "$4" ]; then
		[ "$region" = "$4" ] || fail "$1: the region is '$region', expected '$4'"
	fi
}
tar -C "$work" -cf "$work/cache.tar" .aws/sso

alice=arn:aws:iam::111122223333:user/alice bob=arn:aws:iam::444455556666:user/bob
sts=arn:aws:sts::111122223333:assumed-role
env_a='AWS_ACCESS_KEY_ID=AKIDALICEALICEALICE1 AWS_SECRET_ACCESS_KEY=alice-secret-alice-secret'

# static keys, files and regions
agree 'default profile' '' $alice eu-west-1
agree 'environment' "$env_a AWS_DEFAULT_REGION=us-west-1" $alice us-west-1
agree 'environment before the profile' "$env_a AWS_PROFILE=bob" $alice sa-east-1
agree 'session of the environment' 'AWS_ACCESS_KEY_ID=ASIDPODPODPODPODPOD1 AWS_SECRET_ACCESS_KEY=pod-secret-pod-secret AWS_SESSION_TOKEN=PODTOKEN' $sts/Pod/pod
agree 'the older name of a token' 'AWS_ACCESS_KEY_ID=ASIDPODPODPODPODPOD1 AWS_SECRET_ACCESS_KEY=pod-secret-pod-secret AWS_SECURITY_TOKEN=PODTOKEN' $sts/Pod/pod
agree 'half of the environment' 'AWS_ACCESS_KEY_ID=AKIDALICEALICEALICE1' none
agree 'wrong secret' 'AWS_ACCESS_KEY_ID=AKIDALICEALICEALICE1 AWS_SECRET_ACCESS_KEY=wrong' none
agree 'unknown key' 'AWS_ACCESS_KEY_ID=AKIDNOBODYNOBODYNOBO AWS_SECRET_ACCESS_KEY=wrong' none
agree 'profile of the credentials file' 'AWS_PROFILE=bob' $bob sa-east-1
agree 'the older name of a profile' 'AWS_DEFAULT_PROFILE=bob' $bob sa-east-1
agree 'profile of the config file' 'AWS_PROFILE=config-only' $bob eu-central-1
agree 'keys of both files' 'AWS_PROFILE=both' $alice ca-central-1
agree 'one profile in two files' 'AWS_PROFILE=spaced' none
agree 'region of a variable' 'AWS_PROFILE=bob AWS_DEFAULT_REGION=eu-south-1' $bob eu-south-1
agree 'unknown profile' 'AWS_PROFILE=nobody' none
agree 'half a profile' 'AWS_PROFILE=half' none
agree 'a profile without anything' 'AWS_PROFILE=regionless AWS_DEFAULT_REGION=us-east-1' none
agree 'a broken line' "AWS_CONFIG_FILE=$work/broken" none
# roles
agree 'role' 'AWS_PROFILE=reader' $sts/Reader/- us-west-2
agree 'role with a session and a duration' 'AWS_PROFILE=named AWS_DEFAULT_REGION=us-east-1' $sts/Reader/someone@example.com
agree 'role behind a role' 'AWS_PROFILE=chained AWS_DEFAULT_REGION=us-east-1' $sts/Deployer/second
agree 'a profile that is its own source' 'AWS_PROFILE=own AWS_DEFAULT_REGION=us-east-1' $sts/Reader/-
agree 'external id' 'AWS_PROFILE=partner AWS_DEFAULT_REGION=us-east-1' $sts/Partner/-
agree 'external id missing' 'AWS_PROFILE=partner-without AWS_DEFAULT_REGION=us-east-1' none
agree 'role that lets nobody in' 'AWS_PROFILE=closed AWS_DEFAULT_REGION=us-east-1' none
agree 'role before the default' 'AWS_PROFILE=reader AWS_DEFAULT_REGION=eu-west-1' $sts/Reader/- eu-west-1
agree 'environment before a role' "$env_a AWS_PROFILE=reader" $alice us-west-2
agree 'role from a container' "AWS_PROFILE=from-container AWS_CONTAINER_CREDENTIALS_FULL_URI=$other/container AWS_DEFAULT_REGION=us-east-1" $sts/Reader/-
agree 'role from an instance' "AWS_PROFILE=from-instance AWS_EC2_METADATA_DISABLED=false AWS_EC2_METADATA_SERVICE_ENDPOINT=$other AWS_DEFAULT_REGION=us-east-1" $sts/Reader/-
agree 'role from an environment that has none' 'AWS_PROFILE=from-environment AWS_DEFAULT_REGION=us-east-1' none
agree 'role from somewhere odd' 'AWS_PROFILE=odd-source AWS_DEFAULT_REGION=us-east-1' none
agree 'role without a source' 'AWS_PROFILE=no-source AWS_DEFAULT_REGION=us-east-1' none
agree 'role with two sources' 'AWS_PROFILE=both-sources AWS_DEFAULT_REGION=us-east-1' none
agree 'a loop' 'AWS_PROFILE=loop-a AWS_DEFAULT_REGION=us-east-1' none
agree 'source that is not there' 'AWS_PROFILE=lost-source AWS_DEFAULT_REGION=us-east-1' none
agree 'keys of the source before its role' 'AWS_PROFILE=source-keys-win AWS_DEFAULT_REGION=us-east-1' $sts/Reader/-
# web identity
agree 'web identity of a profile' 'AWS_PROFILE=web' $sts/Job/job eu-west-3
agree 'web identity of the environment' "AWS_WEB_IDENTITY_TOKEN_FILE=$work/token AWS_ROLE_ARN=$arn/Job" $sts/Job/job
agree 'web identity before SSO' "AWS_PROFILE=sso AWS_WEB_IDENTITY_TOKEN_FILE=$work/token AWS_ROLE_ARN=$arn/Job" $sts/Job/job us-east-2
agree 'role before web identity' "AWS_PROFILE=reader AWS_WEB_IDENTITY_TOKEN_FILE=$work/token AWS_ROLE_ARN=$arn/Job" $sts/Reader/-
agree 'web identity without a role' 'AWS_PROFILE=web-no-role AWS_DEFAULT_REGION=us-east-1' none
agree 'web identity with a bad token' 'AWS_PROFILE=web-bad AWS_DEFAULT_REGION=us-east-1' none
agree 'web identity without its file' 'AWS_PROFILE=web-lost AWS_DEFAULT_REGION=us-east-1' none
agree 'role behind a web identity' 'AWS_PROFILE=after-web AWS_DEFAULT_REGION=us-east-1' $sts/Deployer/-
# SSO
agree 'SSO session' 'AWS_PROFILE=sso' $sts/Sso/sso us-east-2
agree 'SSO token refreshed' 'AWS_PROFILE=sso-stale AWS_DEFAULT_REGION=us-east-1' $sts/Sso/sso
agree 'SSO token that cannot be refreshed and is good' 'AWS_PROFILE=sso-soon AWS_DEFAULT_REGION=us-east-1' $sts/Sso/sso
agree 'SSO token over' 'AWS_PROFILE=sso-over AWS_DEFAULT_REGION=us-east-1' none
grep -qF "run 'aws sso login --profile sso-over'" "$work/pare.err" || { cat "$work/pare.err"; fail 'SSO token over: what to do is not said'; }
agree 'SSO session that is not there' 'AWS_PROFILE=sso-lost AWS_DEFAULT_REGION=us-east-1' none
agree 'half of SSO' 'AWS_PROFILE=sso-half AWS_DEFAULT_REGION=us-east-1' none
agree 'SSO before keys' 'AWS_PROFILE=sso-keys AWS_DEFAULT_REGION=us-east-1' $sts/Sso/sso
agree 'the older form of SSO' 'AWS_PROFILE=sso-legacy AWS_DEFAULT_REGION=us-east-1' $sts/Sso/sso
agree 'profile and session apart' 'AWS_PROFILE=sso-apart AWS_DEFAULT_REGION=us-east-1' none
agree 'role behind SSO' 'AWS_PROFILE=sso-source AWS_DEFAULT_REGION=us-east-1' $sts/Deployer/-
# processes
agree 'process' 'AWS_PROFILE=process AWS_DEFAULT_REGION=us-east-1' $bob
agree 'process that fails' 'AWS_PROFILE=process-fails AWS_DEFAULT_REGION=us-east-1' none
agree 'process that prints junk' 'AWS_PROFILE=process-junk AWS_DEFAULT_REGION=us-east-1' none
agree 'process before keys of the config file' 'AWS_PROFILE=process-keys AWS_DEFAULT_REGION=us-east-1' $bob
agree 'role behind a process' 'AWS_PROFILE=process-source AWS_DEFAULT_REGION=us-east-1' $sts/Reader/-
# containers and instances
agree 'container' "AWS_PROFILE=regionless AWS_CONTAINER_CREDENTIALS_FULL_URI=$other/container AWS_DEFAULT_REGION=us-east-1" $sts/Pod/pod
agree 'container with a token' "AWS_PROFILE=regionless AWS_CONTAINER_CREDENTIALS_FULL_URI=$other/container-locked AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=$work/authorization AWS_DEFAULT_REGION=us-east-1" $sts/Pod/pod
agree 'container with a token in two lines' "AWS_PROFILE=regionless AWS_CONTAINER_CREDENTIALS_FULL_URI=$other/container-locked AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=$work/authorization-line AWS_DEFAULT_REGION=us-east-1" none
agree 'container on another host' "AWS_PROFILE=regionless AWS_CONTAINER_CREDENTIALS_FULL_URI=http://example.com/c AWS_DEFAULT_REGION=us-east-1" none
agree 'keys before a container' "AWS_CONTAINER_CREDENTIALS_FULL_URI=$other/container" $alice
agree 'instance' "AWS_PROFILE=regionless AWS_EC2_METADATA_DISABLED=false AWS_EC2_METADATA_SERVICE_ENDPOINT=$other AWS_DEFAULT_REGION=us-east-1" $sts/Box/box
agree 'container before an instance' "AWS_PROFILE=regionless AWS_CONTAINER_CREDENTIALS_FULL_URI=$other/container AWS_EC2_METADATA_DISABLED=false AWS_EC2_METADATA_SERVICE_ENDPOINT=$other AWS_DEFAULT_REGION=us-east-1" $sts/Pod/pod
# endpoints
agree 'endpoint of a profile' 'AWS_PROFILE=endpoint AWS_DEFAULT_REGION=us-east-1 AWS_ENDPOINT_URL_STS= AWS_ENDPOINT_URL=' $alice
agree 'endpoint of a services section' 'AWS_PROFILE=services AWS_DEFAULT_REGION=us-east-1 AWS_ENDPOINT_URL_STS= AWS_ENDPOINT_URL=' $alice
agree 'a broken endpoint' 'AWS_ENDPOINT_URL_STS=http://127.0.0.1:9 AWS_ENDPOINT_URL=' none
python3 tests/e2e/whoami_cli.py "$work/cases" "$work" || fail 'the AWS CLI and pare do not agree'

# --- what only pare does -----------------------------------------------------------------------
files="AWS_CONFIG_FILE=$work/config AWS_SHARED_CREDENTIALS_FILE=$work/credentials AWS_EC2_METADATA_DISABLED=true AWS_ENDPOINT_URL_STS=$other"
pare() { # shellcheck disable=SC2086
	scrub $files "$@"
}
expect 0 "$sts/Job/job" pare AWS_PROFILE=regionless AWS_REGION=us-east-1 AWS_ROLE_ARN=$arn/Job \
	"ACTIONS_ID_TOKEN_REQUEST_URL=$other/job?v=1" ACTIONS_ID_TOKEN_REQUEST_TOKEN=JOBBEARER "$PARE" whoami
expect 0 "$sts/Job/job" pare AWS_PROFILE=regionless AWS_REGION=us-east-1 AWS_ROLE_ARN=$arn/Job \
	GITLAB_OIDC_TOKEN=web.identity.gitlab "$PARE" whoami
expect 0 "$sts/Job/job" pare AWS_PROFILE=regionless AWS_REGION=us-east-1 AWS_ROLE_ARN=$arn/Job \
	"GITLAB_OIDC_TOKEN=$work/token" "$PARE" whoami
expect 1 'a redirect is not followed' pare AWS_PROFILE=regionless AWS_REGION=us-east-1 \
	"AWS_CONTAINER_CREDENTIALS_FULL_URI=$other/moved" "$PARE" whoami
expect 1 "is in partition 'aws' and region 'cn-north-1' in 'aws-cn'" pare AWS_PROFILE=reader AWS_REGION=cn-north-1 "$PARE" whoami
expect 2 "line 3: Expected an '=' sign" pare "AWS_CONFIG_FILE=$work/broken" "$PARE" whoami
expect 2 'FIPS and dual-stack exclude a custom endpoint' pare AWS_USE_FIPS_ENDPOINT=true "$PARE" whoami
chmod 644 "$work/credentials"
expect 0 "every user of this machine can read it" pare "$PARE" whoami
