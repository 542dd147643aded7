#!/usr/bin/env bash
# Builds and tests on other Debian releases, and so on other PostgreSQL versions: trixie has 17, sid has 18.
#   other_versions.sh [suite ...]     default: trixie sid; STAGES="unit regress" chooses the stages of scripts/check.sh
#                                     STAGES=migrate moves a database there from PostgreSQL 15 (test/run_migrate.sh)
#   other_versions.sh --remove        removes the releases that were kept
# Each release is unpacked by debootstrap (root only, some minutes, 2 GB) into $OTHER_DEBIANS and kept there for the
# next time. Runs have their own mounts and processes, which end with them; the checkout is copied in, not touched.
set -euo pipefail
umask 022
cd "$(dirname "$0")/.."
folder=${OTHER_DEBIANS:-/var/tmp/agent_analytics_debians}
stages=${STAGES:-unit symbols regress tap}
fail() { printf '%s\n' "$*" >&2; exit 1; }

if [ "${1:-}" = --remove ]; then
    rm -rf --one-file-system "$folder"
    exit 0
fi
[ "$(id -u)" = 0 ] || fail "Run as root: debootstrap and chroot need it."
command -v debootstrap >/dev/null || fail "Install debootstrap first: apt-get install debootstrap"
[ $# != 0 ] || set -- trixie sid

# Everything below runs in namespaces of its own: mounts, processes and shared memory go when it ends, however it ends.
if [ -z "${OTHER_VERSIONS_INSIDE:-}" ]; then
    OTHER_VERSIONS_INSIDE=1 exec unshare --mount --pid --ipc --fork --kill-child "scripts/$(basename "$0")" "$@"
fi
trap 'exit 130' INT  # process 1 of its namespace: without a trap it would not be told
trap 'exit 143' TERM

# The mirror that this machine uses.
mirror=${MIRROR:-$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 2>/dev/null | sed -n 's/^Debian //p' | head -n 1)}
[ -n "$mirror" ] || fail "Set MIRROR to a Debian mirror."

summary=() failed=0
for suite in "$@"; do
    root=$folder/$suite
    if [ ! -e "$root/.complete" ]; then
        rm -rf --one-file-system "$root"
        mkdir -p "$root"
        debootstrap --variant=minbase --include=ca-certificates "$suite" "$root" "$mirror"
        touch "$root/.complete"
    fi
    cp --remove-destination -L /etc/resolv.conf /etc/hosts "$root/etc/"
    echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/90mirror"  # a mirror's lists may be of some days ago
    mount --rbind /dev "$root/dev"
    mount -t tmpfs shm "$root/dev/shm"
    mount -t proc proc "$root/proc"
    rm -rf "$root/agent_analytics" "$root/tmp"/*
    mkdir "$root/agent_analytics"
    tar --exclude=./build --exclude=./.git --exclude='*.[od]' --exclude='*.so' -cf - . |
        tar -C "$root/agent_analytics" --no-same-owner -xf -
    status=0
    # shellcheck disable=SC2016
    chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root stages="$stages" MIRROR="$mirror" \
        bash -c 'cd agent_analytics && scripts/setup-debian.sh && pg_config --version && case " $stages " in *" migrate "*) . scripts/old_server.sh ;; esac &&
                 scripts/check.sh $stages' \
        </dev/null >"$root.log" 2>&1 || status=$?
    version=$(sed -n 's/^PostgreSQL /&/p' "$root.log" | head -n 1)
    summary+=("$suite, ${version:-no server}: $(tail -n 1 "$root.log")")
    if [ "$status" != 0 ]; then
        failed=1
        tail -n 100 "$root.log"
    fi
    umount -R "$root/dev" "$root/proc" || true
done
printf '%s\n' "${summary[@]}"
exit "$failed"
