#!/bin/sh
# install.sh FOLDER: what `make e2e` needs. node, npm and Chromium from Debian or Ubuntu when they
# are missing, and into FOLDER playwright-core from npm, which drives the browser, and axe-core, which looks for what keeps people out.
set -eu
folder=$1

packages=
command -v node >/dev/null || packages="$packages nodejs"
command -v npm >/dev/null || packages="$packages npm"
[ -n "${CHROMIUM:-}" ] || [ -x /usr/bin/chromium ] || packages="$packages chromium"
if [ -n "$packages" ]; then
    if ! command -v apt-get >/dev/null; then
        echo "e2e: install$packages, or name a browser: CHROMIUM=/path/to/it make e2e" >&2
        exit 1
    fi
    as_root=
    [ "$(id -u)" -eq 0 ] || as_root=sudo
    echo "e2e: installing$packages with apt-get" >&2
    $as_root apt-get -q -y update >/dev/null
    # shellcheck disable=SC2086 # a list of names without spaces
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends \
        $packages >/dev/null
fi
echo "e2e: installing playwright-core and axe-core with npm into $folder" >&2
mkdir -p "$folder.new"
npm install --prefix "$folder.new" --no-save --no-audit --no-fund --loglevel=error playwright-core@1 axe-core@4 >&2
rm -rf "$folder"
mv "$folder.new" "$folder"
