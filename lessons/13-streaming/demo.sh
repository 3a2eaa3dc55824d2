CLIENT_ARGS=(--text --frame 10 --key dGhlIHNhbXBsZSBub25jZQ== --masking-key 37FA213D)
CLIENT_INPUT='Grüße, 世界 👋
'
next_steps() {
    cat <<'TEXT'
Read lessons/13-streaming/README.md. Then, in two terminals:
  make server-13 ARGS='--max-message-bytes 5G'
  make client-13 ARGS='--size 1G'
a file and back again:
  make client-13 ARGS='--file Makefile --echo'
the largest one, through two programs that get 64 MiB each:
  make large-message
and with wscat in the place of our client:
  wscat -c ws://localhost:8080/ws -s echo
TEXT
}
