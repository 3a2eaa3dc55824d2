CLIENT_ARGS=(--key dGhlIHNhbXBsZSBub25jZQ== --masking-key 37FA213D)
CLIENT_INPUT='Hello
Grüße, 世界
a line that says "quit" is a line
'
next_steps() {
    cat <<'TEXT'
Read lessons/06-native-echo/README.md. Then, in two terminals:
  make server-6
  make client-6
and with wscat in the place of our client:
  wscat -c ws://localhost:8080/ws
TEXT
}
