# "localhost" may lead to 127.0.0.1 or to ::1, and the greeting shows which.
CLIENT_ARGS=(--host 127.0.0.1 --key dGhlIHNhbXBsZSBub25jZQ== --masking-key 37FA213D)
next_steps() {
    cat <<'TEXT'
Read lessons/07-hello/README.md. Then, in two terminals:
  make server-7 ARGS=--echo
  make client-7
and with wscat in the place of our client, by both families:
  wscat -c ws://127.0.0.1:8080/ws
  wscat -c 'ws://[::1]:8080/ws'
TEXT
}
