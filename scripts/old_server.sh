# shellcheck shell=bash
# Sourced by other_versions.sh, as root in a throwaway Debian 13 or newer: Debian 12's PostgreSQL 15 beside the newer one, as it is
# there after an upgrade of the distribution, and what modules for it are built with. Sets OLD_PG_CONFIG. MIRROR names the mirror.
OLD_PG_CONFIG=/usr/lib/postgresql/15/bin/pg_config
export OLD_PG_CONFIG DEBIAN_FRONTEND=noninteractive
if ! [ -x /usr/lib/postgresql/15/bin/postgres ] || ! [ -x "$OLD_PG_CONFIG" ]; then
    echo "deb $MIRROR bookworm main" >/etc/apt/sources.list.d/bookworm.list
    printf 'Package: *\nPin: release n=bookworm\nPin-Priority: 100\n' >/etc/apt/preferences.d/bookworm  # only what the release itself lacks
    mkdir -p /etc/postgresql-common/createcluster.d
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/old-server.conf
    apt-get update -q && apt-get install -y -q --no-install-recommends postgresql-15 &&
        # Its development package wants Debian 12's compiler; only the headers are needed.
        (cd "$(mktemp -d)" && apt-get download postgresql-server-dev-15 && dpkg -x postgresql-server-dev-15_*.deb /)
fi
