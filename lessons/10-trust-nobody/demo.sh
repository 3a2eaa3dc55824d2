SERVER_ARGS=(--users "$lesson/users.txt" --subprotocol superchat --subprotocol chat)
CLIENT_ARGS=(--break-each --wait --user alice:open-sesame --subprotocol chat --subprotocol superchat
    --key dGhlIHNhbXBsZSBub25jZQ== --masking-key 37FA213D)
CLIENT_INPUT='Hello
'
next_steps() {
    cat <<'TEXT'
Read lessons/10-trust-nobody/README.md. Then, in two terminals:
  make server-10
  make client-10 ARGS='--origin http://evil.example'
and with wscat in the place of our client:
  wscat -c ws://localhost:8080/ws -o http://evil.example
TEXT
}
