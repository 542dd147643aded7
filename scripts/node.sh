# shellcheck shell=bash
# Sourced after common.sh and begin_run: Node.js 20 or newer, and the packages of a lock file.
command -v node >/dev/null && command -v npm >/dev/null || fail "Node.js and npm are missing. Install them with: sudo scripts/setup-debian.sh"
if [ "$(node -p 'Number(process.versions.node.split(".")[0]) >= 20')" != true ]; then
    say "This is Node.js $(node --version): taking version 22 from npm for this run."  # Debian 12 has 18
    npm install --prefix "$AA_RUN/node" --no-save --no-audit --no-fund "node-linux-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')@22" \
        >"$AA_RUN/npm.log" 2>&1 || { cat "$AA_RUN/npm.log" >&2; fail "Node.js 20 or newer is needed."; }
    PATH=$(dirname "$AA_RUN"/node/node_modules/node-linux-*/bin/node):$PATH
fi

# Installs them where the lock file is newer than what it installed.
node_packages() {
    local folder=$1 installed=$1/node_modules/.package-lock.json
    [ "$installed" -nt "$folder/package-lock.json" ] && [ "$installed" -nt "$folder/package.json" ] && return 0
    npm ci --prefix "$folder" --no-audit --no-fund --ignore-scripts >"$AA_RUN/npm.log" 2>&1 ||
        { cat "$AA_RUN/npm.log" >&2; fail "npm ci in $folder failed."; }
}
