#!/usr/bin/env bash
# cluster.sh [BUILD]: three chat servers, the Redis that they share, and nginx in front of them on port
# 8080, until Ctrl-D. Commands, typed here:
#   kill N     ends server N at once, as a crash does      start N   starts it again
#   drain N    ends it in order: its clients get 1001 and go elsewhere
#   kill redis, drain redis, start redis                   state     what runs
# Redis is a private one, with its data in a folder that is gone afterwards.
set -euo pipefail

build=${1:-build}
programs=$build/lessons/16-many-machines
PORT=${PORT:-8080}

say() { echo "cluster: $*"; }
if [[ ! -x $programs/server ]]; then
    say "first: make" >&2
    exit 1
fi
if ! command -v redis-server >/dev/null; then
    say "there is no redis-server here; on Debian and Ubuntu: apt-get install redis-server" >&2
    exit 1
fi

folder=$(mktemp -d)
declare -A pids
cleanup() {
    for name in "${!pids[@]}"; do kill "${pids[$name]}" 2>/dev/null || :; done
    wait
    rm -rf "$folder"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# A port that nobody uses now.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 20000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}
redis_port=$(free_port)
ports=("" "$(free_port)" "$(free_port)" "$(free_port)")

# Runs a program with a name; what it prints goes to a file.
run() {
    local name=$1
    shift
    "$@" >>"$folder/$name.log" 2>&1 </dev/null &
    pids[$name]=$!
}
runs() { [[ -n ${pids[$1]:-} ]] && kill -0 "${pids[$1]}" 2>/dev/null; }
answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
wait_for() {
    for _ in {1..200}; do
        answers "$2" && return
        sleep 0.05
    done
    say "$1 does not answer; its log:" >&2
    cat "$folder/$1.log" >&2
    return 1
}

start() {
    if runs "$1"; then
        say "$1 runs already"
    elif [[ $1 == redis ]]; then
        # Every accepted message is on the disk before it is answered.
        run redis redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$folder" --save "" \
            --appendonly yes --appendfsync always
        wait_for redis "$redis_port"
    elif [[ $1 =~ ^[123]$ ]]; then
        run "$1" "$programs/server" --host 127.0.0.1 --port "${ports[$1]}" \
            --redis "127.0.0.1:$redis_port" --allowed-origin "http://localhost:$PORT"
        wait_for "$1" "${ports[$1]}"
    else
        say "there are redis, 1, 2 and 3"
    fi
}
end() {
    if ! runs "$2"; then
        say "$2 does not run"
        return
    fi
    kill -"$1" "${pids[$2]}"
    wait "${pids[$2]}" 2>/dev/null || :
    unset "pids[$2]"
}
state() {
    local name
    for name in redis 1 2 3 nginx; do
        local port=$redis_port
        [[ ! $name =~ ^[123]$ ]] || port=${ports[$name]}
        [[ $name != nginx ]] || port=$PORT
        say "$name on port $port $(runs "$name" && echo runs || echo "is away")"
    done
}

# nginx takes the servers in turn, and passes over one that refuses.
nginx_config() {
    cat <<CONF
daemon off;
pid $folder/nginx.pid;
error_log $folder/nginx.log;
events { worker_connections 1024; }
http {
    access_log off;
    client_body_temp_path $folder/body;
    proxy_temp_path $folder/proxy;
    fastcgi_temp_path $folder/fastcgi;
    uwsgi_temp_path $folder/uwsgi;
    scgi_temp_path $folder/scgi;
    upstream chat {
        server 127.0.0.1:${ports[1]} max_fails=1 fail_timeout=1s;
        server 127.0.0.1:${ports[2]} max_fails=1 fail_timeout=1s;
        server 127.0.0.1:${ports[3]} max_fails=1 fail_timeout=1s;
    }
    server {
        listen 127.0.0.1:$PORT;
        location / {
            proxy_pass http://chat;
            proxy_http_version 1.1;
            proxy_set_header Upgrade \$http_upgrade;
            proxy_set_header Connection "upgrade";
            proxy_set_header Host \$http_host;
            proxy_read_timeout 120s;
        }
    }
}
CONF
}

start redis
for number in 1 2 3; do start "$number"; done
if ! command -v nginx >/dev/null; then
    say "there is no nginx here (apt-get install nginx); clients can name the servers themselves:"
    say "  $programs/client ws://127.0.0.1:${ports[1]}/ws --or ws://127.0.0.1:${ports[2]}/ws"
elif answers "$PORT"; then
    say "port $PORT is taken, so there is no nginx; PORT=8081 takes another one"
else
    nginx_config >"$folder/nginx.conf"
    run nginx nginx -e "$folder/nginx.log" -c "$folder/nginx.conf"
    wait_for nginx "$PORT"
fi
state

while read -rp "kill, drain, start N or redis; state; Ctrl-D> " command name _; do
    case $command in
        kill) end KILL "${name:-}" ;;
        drain) end TERM "${name:-}" ;;
        start) start "${name:-}" ;;
        "" | state) state ;;
        *) say "there are kill, drain, start, state" ;;
    esac
done
echo
