# The hellos come at 0 and 0.8 seconds, the ping at 1.2, the Close at 1.6: so far from each other
# that their order is the same each time, also on a busy machine.
SERVER_ARGS=(--ping-interval 1.2 --idle-timeout 10)
CLIENT_ARGS=(--interval 0.8 --count 2 --show-pings --key dGhlIHNhbXBsZSBub25jZQ==
    --masking-key 37FA213D)
next_steps() {
    cat <<'TEXT'
Read lessons/09-keep-alive/README.md. Then, in two terminals:
  make server-9 ARGS='--ping-interval 2 --idle-timeout 5 --trace'
  make client-9
and pull the cable, in a third:
  pkill -STOP -f 09-keep-alive/client
With wscat in the place of our client (-P shows the pings):
  wscat -c ws://localhost:8080/ws -P
TEXT
}
# The log and the hellos hold the time.
normalise() {
    sed -E 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z/2026-01-01T12:00:00Z/
            s/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]…/2026-01-01T12:0…/'
}
