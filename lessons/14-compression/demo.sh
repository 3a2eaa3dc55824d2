SERVER_ARGS=(--compress --compress-threshold 0)
CLIENT_ARGS=(--compress --compress-threshold 0 --key dGhlIHNhbXBsZSBub25jZQ== --masking-key 37FA213D)
CLIENT_INPUT='one fish, two fish, red fish
one fish, two fish, blue fish
ok
'
next_steps() {
    cat <<'TEXT'
Read lessons/14-compression/README.md. Then, in two terminals:
  make server-14 ARGS=--compress
  make client-14 ARGS=--compress
a message that is small on the wire and large in memory:
  make client-14 ARGS='--compress --bomb 1G'
what a length gives away:
  make server-14 ARGS='--compress --secret 4f1c93aa7be02d58 --leak'
  make client-14 ARGS='--compress --no-context-takeover --guess'
and with wscat, which offers compression by itself:
  wscat -c ws://localhost:8080/ws
TEXT
}
