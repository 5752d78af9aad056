#!/bin/sh
# Installs what is missing to build, test and demonstrate pare. Debian and Ubuntu for real; on other
# systems it says what is needed. Fast when nothing is missing.
set -eu

packages='gcc make pkg-config libc6-dev libcurl4-openssl-dev libssl-dev libcjson-dev libgit2-dev
liblua5.4-dev libexpat1-dev libmicrohttpd-dev libcmocka-dev git openssh-client ca-certificates xz-utils'
libraries='libcurl openssl libcjson libgit2 lua5.4 expat libmicrohttpd cmocka'

say() { echo "deps: $*" >&2; }

if ! command -v dpkg-query >/dev/null 2>&1; then
	# shellcheck disable=SC2086
	if command -v pkg-config >/dev/null 2>&1 && pkg-config --exists $libraries; then
		exit 0
	fi
	say 'this system has no dpkg; install a C11 compiler, make, pkg-config, git, ssh-keygen, xz and'
	say "the development files of: $libraries"
	exit 2
fi

missing=
for p in $packages; do
	case " $(dpkg-query -W -f='${Status}' "$p" 2>/dev/null) " in
	*' installed '*) ;;
	*) missing="$missing $p" ;;
	esac
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
	say "missing:$missing"
	say 'and there is no apt-get to install them with'
	exit 2
fi
if [ "$(id -u)" = 0 ]; then
	as_root=
elif command -v sudo >/dev/null 2>&1; then
	as_root=sudo
else
	say "missing:$missing"
	say "run as root: apt-get install --no-install-recommends$missing"
	exit 2
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 "$@" >"$log" 2>&1; }

say "installing$missing"
# An update that fails may still leave package lists good enough to install from.
apt update || say 'apt-get update failed; going on with the package lists there are'
# shellcheck disable=SC2086
if ! apt install --no-install-recommends $missing; then
	tail -n 15 "$log" | sed 's/^/deps:   /' >&2
	say "apt-get could not install:$missing"
	say 'put that right (network, package sources, another apt running), or install them by hand; then run make again'
	exit 2
fi
