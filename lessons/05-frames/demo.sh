CLIENT_ARGS=(--key dGhlIHNhbXBsZSBub25jZQ== --masking-key 37FA213D)
next_steps() {
    cat <<'TEXT'
Read lessons/05-frames/README.md. Then, in two terminals:
  make server-5
  make client-5 ARGS='--text "your own words"'
Send a wrong frame and see which rule it breaks:
  make client-5 ARGS='--raw "81 05 48 65 6c 6c 6f"'
wscat speaks frames as well:
  wscat -c ws://localhost:8080/ws
TEXT
}
