#!/usr/bin/env bash
# Installs what building, testing and the demo need on Debian 12 (PostgreSQL 15) and newer. No server is configured or
# started: everything here runs in throwaway clusters. Does nothing where all is there, and then needs no root.
#   setup-debian.sh             installs what is missing
#   setup-debian.sh --missing   prints the names of missing packages, installs nothing
set -euo pipefail

# The PostgreSQL of this Debian, whatever other repositories offer, and the version of its clang, by which the package of
# libFuzzer and the sanitizers' runtime is called.
version_of() { apt-cache depends "$1" 2>/dev/null | sed -n "s/.*Depends: $1-\([0-9]*\)\$/\1/p" | head -n 1; }
case $(. /etc/os-release && echo "${VERSION_ID:-testing}") in
    12) postgres=15 clang=14 ;;
    13) postgres=17 clang=19 ;;
    *)  postgres=$(version_of postgresql) clang=$(version_of clang) ;;
esac
packages="ca-certificates make g++ binutils cmake ninja-build clang clang-format clang-tidy python3 perl procps
    libroaring-dev libxxhash-dev libxlsxwriter-dev libcurl4-openssl-dev libboost-dev libboost-math-dev libgtest-dev libbenchmark-dev nlohmann-json3-dev
    libtap-parser-sourcehandler-pgtap-perl python3-psycopg2 sqlsmith${clang:+ libclang-rt-$clang-dev}"
server="postgresql-${postgres:-} postgresql-client-${postgres:-} postgresql-server-dev-${postgres:-} postgresql-${postgres:-}-pgtap"

# Another Node.js than Debian's brings its own npm, and the two would exclude each other.
command -v npm >/dev/null || packages="$packages nodejs npm"

missing() {
    local package
    for package in $packages ${postgres:+$server}; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s ' "$package"
    done
    [ -n "$postgres" ] || printf 'postgresql'
}

absent=$(missing)
if [ "${1:-}" = --missing ]; then echo "$absent"; exit 0; fi
[ -n "$absent" ] || exit 0
if [ "$(id -u)" != 0 ]; then
    echo "Run as root, for example: sudo $0   (missing: $absent)" >&2
    exit 1
fi

export DEBIAN_FRONTEND=noninteractive
install() { apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold install -y -q --no-install-recommends "$@"; }
apt-get -o DPkg::Lock::Timeout=300 update -q
if [ -z "$postgres" ]; then  # the lists were not there to ask: they are now
    [ -z "${SETUP_AGAIN:-}" ] || { echo "No package postgresql in the lists of apt." >&2; exit 1; }
    SETUP_AGAIN=1 exec "$0"
fi

# Debian makes and starts a cluster `main` when a server is installed; this drop-in keeps it from doing so meanwhile.
install postgresql-common
drop_in=/etc/postgresql-common/createcluster.d/agent-analytics-setup.conf
mkdir -p "${drop_in%/*}"
trap 'rm -f "$drop_in"' EXIT
echo 'create_main_cluster = false' > "$drop_in"
# shellcheck disable=SC2086
install $absent
