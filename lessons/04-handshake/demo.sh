CLIENT_ARGS=(--key dGhlIHNhbXBsZSBub25jZQ==)
next_steps() {
    cat <<'TEXT'
Read lessons/04-handshake/README.md. Then, in two terminals:
  make server-4 ARGS=--trace
  make client-4
and in the place of our client, to be accepted and to be refused:
  wscat -c ws://localhost:8080/ws
  curl -i http://localhost:8080/ws
TEXT
}
# Where localhost is IPv6 first.
normalise() { sed 's/\[::1\]/127.0.0.1/'; }
