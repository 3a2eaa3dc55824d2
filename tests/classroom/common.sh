# For the scripts of `make classroom`: what they expect, and the files that somebody hands in.
# The script that reads this sets `holes`, the tool, and, for right() and starter(), `lessons`.
failures=0

expect() { # WHAT CONDITION...
    local what=$1
    shift
    if "$@"; then
        echo "ok    $what"
    else
        echo "FAIL  $what"
        failures=$((failures + 1))
    fi
}
not() { ! "$@"; }

# Is a process of a sandbox left? Run as root, each has a user of its own (grade/sandbox.cpp).
somebody_is_left() { ps -eo uid= | awk '$1 > 60000 && $1 <= 65000 { found = 1 } END { exit !found }'; }

# right FOLDER: the true files, as a student would have them in work/.
right() {
    local lesson one
    for lesson in $lessons; do
        for one in $("$holes" files "$lesson"); do
            mkdir -p "$1/$(dirname "$one")"
            cp "$one" "$1/$one"
        done
    done
}

# starter FOLDER: the files as `make start-N` writes them.
starter() {
    local lesson one
    for lesson in $lessons; do
        for one in $("$holes" files "$lesson"); do
            mkdir -p "$1/$(dirname "$one")"
            "$holes" cut "$lesson" "$one" >"$1/$one"
        done
    done
}

# column CSV NAME NUMBER: of the row whose first field begins so, field NUMBER (no field before it holds
# a comma, but for the name itself, which is then in quotes and called "quoted").
column() {
    sed 's/^"[^"]*\(""[^"]*\)*"/&/; s/"[^"]*\(""[^"]*\)*"/quoted/' "$1" | tr -d '\r' |
        awk -F, -v name="$2" -v column="$3" 'index($1, name) == 1 { print $column }'
}
