#!/usr/bin/env bash
# 10-trust-nobody.sh BUILD: lesson 10 with real peers. nginx ends TLS in front of our server,
# wscat and Chromium come through it: by name and by cookie, from the right page and from a wrong
# one, with a forged X-Forwarded-For. What is missing is installed (apt-get as root, npm in a
# directory of its own) or left out by name. Ends with "N passed, N failed, N left out".
set -euo pipefail

[[ $# -eq 1 ]] || { echo "usage: 10-trust-nobody.sh BUILD" >&2; exit 2; }
build=$(cd "$1" && pwd)
lesson=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../lessons/10-trust-nobody" && pwd)
PATH=$PATH:/usr/sbin:/sbin

scratch=$(mktemp -d)
chmod 755 "$scratch" # started by root, nginx reads its pages as nobody
server='' proxy=''
cleanup() {
    for process in $server $proxy; do kill "$process" 2>/dev/null || :; done
    wait
    rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

passed=0 failed=0 left_out=0

# check WHAT PATTERN TEXT: TEXT must match the regular expression.
check() {
    if grep -Eq -- "$2" <<<"$3"; then
        passed=$((passed + 1))
        echo "ok      $1"
    else
        failed=$((failed + 1))
        printf 'FAILED  %s: expected /%s/ in\n%s\n' "$1" "$2" "$3"
    fi
}

leave_out() {
    left_out=$((left_out + 1))
    echo "left out: $1"
}

# have COMMAND PACKAGE: is it here, or can it be installed?
have() {
    command -v "$1" >/dev/null && return
    command -v apt-get >/dev/null && [[ $(id -u) -eq 0 ]] || return
    echo "installing $2"
    { apt-get -q -y update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install "$2"; } \
        >"$scratch/apt.log" 2>&1 && command -v "$1" >/dev/null
}

# until_true WHAT COMMAND...: waits until the command succeeds, at most 20 s.
until_true() {
    local what=$1 end=$((SECONDS + 20))
    shift
    until "$@" >/dev/null 2>&1; do
        if ((SECONDS > end)); then
            echo "10-trust-nobody.sh: $what" >&2
            exit 1
        fi
        read -r -t 0.05 <>"$scratch/quiet" || :
    done
}
mkfifo "$scratch/quiet"

# --- our server, and nginx in front of it -----------------------------------------------------

port=0

# start_server OPTION...: in place of the one that runs. The first one picks the port.
start_server() {
    [[ -z $server ]] || { kill "$server" && wait "$server" || :; }
    : >"$scratch/listening"
    "$build/lessons/10-trust-nobody/server" --port "$port" --users "$lesson/users.txt" \
        --subprotocol superchat --subprotocol chat "$@" >"$scratch/listening" 2>"$scratch/log" &
    server=$!
    until_true 'the server does not listen' grep -q ws:// "$scratch/listening"
    port=$(sed -nE '1s/.*:([0-9]+).*/\1/p' "$scratch/listening")
}

answers() { openssl s_client -connect "127.0.0.1:$1" </dev/null; }

# nginx takes no port 0, so a free pair is found by trying.
start_proxy() {
    local attempt
    for attempt in 1 2 3 4 5 6 7 8; do
        tls_port=$((20000 + RANDOM % 10000))
        TLS_PORT=$tls_port SERVER_PORT=$port "$lesson/tls.sh" "$scratch/tls" \
            >"$scratch/nginx.log" 2>&1 &
        proxy=$!
        until_true 'nginx does not answer' eval "answers $tls_port || ! kill -0 $proxy"
        kill -0 "$proxy" 2>/dev/null && return
        echo "attempt $attempt: $(tail -n 1 "$scratch/nginx.log")"
    done
    cat "$scratch/nginx.log" >&2
    exit 1
}

# The log of our server since `mark`, without the times.
mark() { marked=$(wc -l <"$scratch/log"); }
logged() {
    until_true "nothing in the log matches $1" eval "new_log | grep -Eq -- '$1'"
    new_log
}
new_log() { tail -n "+$((marked + 1))" "$scratch/log" | cut -d ' ' -f 2-; }

# --- wscat --------------------------------------------------------------------------------------

wscat=''
find_wscat() {
    if command -v wscat >/dev/null; then
        wscat=wscat
    elif command -v npm >/dev/null; then
        npm install --silent --no-audit --no-fund --prefix "$scratch/npm" wscat >/dev/null 2>&1 &&
            wscat=$scratch/npm/node_modules/.bin/wscat
    fi
    [[ -n $wscat ]]
}

# What wscat says to these options. Its standard input stays open: at its end it would leave.
say_hi() { timeout 30 "$wscat" --no-color "$@" -x hi -w 1 <>"$scratch/quiet" 2>&1 || :; }

with_wscat() {
    local url=wss://localhost:$tls_port/ws alice=(--auth alice:open-sesame)
    check 'wss: whoever shows nothing is refused' 'response: 401' "$(say_hi -n -c "$url")"
    check 'wss: a wrong password is refused' 'response: 401' \
        "$(say_hi -n -c "$url" --auth alice:guess)"
    check 'wss: a blocked user is refused' 'response: 403' \
        "$(say_hi -n -c "$url" --auth mallory:let-me-in)"
    check 'wss: a user by Basic' 'Hello alice! Your IP is ' "$(say_hi -n -c "$url" "${alice[@]}")"
    check 'wss: a user by Bearer' 'Hello alice' \
        "$(say_hi -n -c "$url" -H 'Authorization: Bearer open-sesame')"
    check 'wss: a user by cookie' 'Hello alice' \
        "$(say_hi -n -c "$url" -H 'Cookie: session=open-sesame')"
    check 'wss: a certificate that is known needs no -n' 'Hello alice' \
        "$(say_hi --ca "$scratch/tls/localhost.crt" -c "$url" "${alice[@]}")"
    check 'wss: one that is not is refused by wscat' 'self-signed certificate' \
        "$(say_hi -c "$url" "${alice[@]}")"
    check 'wss: a page of another site is refused' 'response: 403' \
        "$(say_hi -n -c "$url" "${alice[@]}" -o https://evil.example)"
    check 'wss: a page from here is let in' 'Hello alice' \
        "$(say_hi -n -c "$url" "${alice[@]}" -o "https://localhost:$tls_port")"
    check 'wss: a subprotocol of ours' 'Hello alice' \
        "$(say_hi -n -c "$url" "${alice[@]}" -s other -s chat)"
    check 'wss: wscat leaves when we pick none of its subprotocols' 'Server sent no subprotocol' \
        "$(say_hi -n -c "$url" "${alice[@]}" -s other)"

    # nginx takes the client's claim along, and puts the true address behind it.
    mark
    check 'X-Forwarded-For, forged by a client of the proxy, is not believed' \
        'Your IP is (127\.0\.0\.1|::1)$' \
        "$(say_hi -n -c "$url" "${alice[@]}" -H 'X-Forwarded-For: 6.6.6.6')"
    check 'the log names the client and the proxy' \
        '^(127\.0\.0\.1|::1) connected as alice, through the proxy 127\.0\.0\.2:' \
        "$(logged 'through the proxy')"
    check 'X-Forwarded-For, forged in a direct connection, is not believed' \
        'Your IP is (127\.0\.0\.1|::1)$' \
        "$(say_hi -c "ws://localhost:$port/ws" "${alice[@]}" -H 'X-Forwarded-For: 6.6.6.6')"
    start_server --trusted-proxy 127.0.0.2 --trusted-proxy 127.0.0.1
    check 'it is, once the address of clients is taken for a proxy' 'Your IP is 6\.6\.6\.6$' \
        "$(say_hi -c "ws://127.0.0.1:$port/ws" "${alice[@]}" -H 'X-Forwarded-For: 6.6.6.6')"
    start_server --trusted-proxy 127.0.0.2
}

# --- Chromium -------------------------------------------------------------------------------------

# Chromium hands a page out when it has loaded all of its parts, and a WebSocket is no part. So the
# page under test stands in a frame, and the page around it goes on to load pictures (of which there
# are none) until the socket has closed.
write_frame() {
    cat >"$scratch/tls/pages/frame.html" <<'HTML'
<!doctype html>
<body>
<pre id="seen"></pre>
<script>
const frame = document.createElement("iframe");
frame.src = location.hash.slice(1);
document.body.append(frame);
let loaded = 0;
function load_on() {
    const shown = frame.contentDocument?.body?.innerText ?? "";
    document.getElementById("seen").textContent = shown;
    if (shown.includes("closed with") || ++loaded > 20000) return;
    const picture = document.createElement("img");
    picture.onerror = load_on;
    picture.src = "none.png?" + loaded;
    document.body.append(picture);
}
load_on();
</script>
HTML
}

# browse URL: the page as Chromium shows it.
browse() {
    timeout 90 "$chromium" --headless --no-sandbox --disable-gpu --disable-quic \
        --no-first-run --disable-background-networking --disable-component-update \
        --disable-sync --ignore-certificate-errors --user-data-dir="$scratch/profile" \
        --dump-dom "$1" 2>"$scratch/chromium.log" || :
}

with_chromium() {
    local here=https://localhost:$tls_port there=https://localhost:$((tls_port + 1))
    local page="frame.html#attack.html?target=wss://localhost:$tls_port/ws"
    write_frame
    check 'Chromium: the page that logs in' 'You are alice now' "$(browse "$here/login")"
    check 'Chromium: a page from here is let in, by the cookie' 'stolen: Hello alice' \
        "$(browse "$here/$page")"

    mark
    check 'Chromium: the same page from another port is refused' \
        'refused, and the browser does not say why' "$(browse "$there/$page")"
    check 'with 403' 'refused with 403: pages from this Origin' "$(logged 'refused with 403')"
    check 'Chromium: and from another name for this host' 'refused' \
        "$(browse "https://127.0.0.1:$tls_port/$page")"

    # The hole that a careless server leaves. SameSite=Strict does not close it: a port is no site.
    start_server --trusted-proxy 127.0.0.2 --allowed-origin "$there"
    mark
    check 'Chromium: from an origin that is allowed it gets in, in the name of alice' \
        'stolen: Hello alice' "$(browse "$there/$page")"
    check 'its forged line stays within one line of the log' \
        ' closed: 4000 \(private\) "bye\\n2026-01-01T12:00:00Z 127\.0\.0\.1:1 connected as bob"$' \
        "$(logged 'closed: 4000')"
}

# --- all of it --------------------------------------------------------------------------------------

if ! have nginx nginx-light || ! have openssl openssl; then
    leave_out 'all of lesson 10: nginx or openssl is missing'
else
    start_server --trusted-proxy 127.0.0.2
    start_proxy
    if find_wscat; then
        with_wscat
    else
        leave_out 'wscat (npm install --global wscat)'
    fi
    chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome || :)
    if [[ -z $chromium ]] && have chromium chromium; then chromium=chromium; fi
    if [[ -n $chromium ]]; then
        with_chromium
    else
        leave_out 'Chromium (apt-get install chromium)'
    fi
fi

printf '%d passed, %d failed, %d left out\n' "$passed" "$failed" "$left_out"
((failed == 0))
