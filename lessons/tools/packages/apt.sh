# apt.sh, to be read by a script that has say(): install_packages PACKAGE... installs packages of
# Debian or Ubuntu with apt-get, as root or by sudo. Where it cannot, one line says what to do, and
# the status is 1.
# shellcheck shell=sh

install_packages() {
    as_root=
    [ "$(id -u)" -eq 0 ] || as_root=sudo
    if ! command -v apt-get >/dev/null; then
        say "there is no apt-get here: install what is missing (on Debian: $*), then try again"
        return 1
    fi
    if [ -n "$as_root" ] && ! command -v sudo >/dev/null; then
        say "there is no sudo here; as root, run: apt-get install $*"
        return 1
    fi
    say "installing $* with apt-get"
    apt_log=$(mktemp)
    # An update may fail for a source that is not needed; whether it mattered, the install tells.
    apt_get update || say "apt-get update failed, trying with the package lists that are here"
    if ! apt_get install --no-install-recommends "$@"; then
        cat "$apt_log" >&2
        rm -f "$apt_log"
        say "apt-get could not install $*"
        return 1
    fi
    rm -f "$apt_log"
}

# Another make, or the system itself, may hold the package lock: wait for it.
apt_get() {
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" >>"$apt_log" 2>&1 </dev/null
}
