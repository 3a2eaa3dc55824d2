CLIENT_ARGS=(--connections 100 --rounds 2 --key dGhlIHNhbXBsZSBub25jZQ== --masking-key 37FA213D)
next_steps() {
    cat <<'TEXT'
The trace is that of the first of the hundred clients.
Read lessons/11-event-loop/README.md. Then, in two terminals:
  make server-11
  make client-11 ARGS='--connections 10000 --hold'
and in a third:
  curl http://localhost:8080/metrics
  wscat -c ws://localhost:8080/ws
TEXT
}
# How long it took.
normalise() { sed -E 's/[0-9]+\.[0-9]+ s$/0.05 s/'; }
