CLIENT_ARGS=(--slash --wait --fragment 16 --key dGhlIHNhbXBsZSBub25jZQ== --masking-key 37FA213D)
CLIENT_INPUT='Hello
Grüße, 世界 👋
/ping still there?
/binary 00 ff 10
/close 4000 that is all
'
next_steps() {
    cat <<'TEXT'
Read lessons/08-messages/README.md. Then, in two terminals:
  make server-8
  make client-8 ARGS='--slash --trace'
and with wscat in the place of our client:
  wscat -c ws://localhost:8080/ws -P --slash
TEXT
}
# The log begins with the time.
normalise() { sed -E 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z/2026-01-01T12:00:00Z/'; }
