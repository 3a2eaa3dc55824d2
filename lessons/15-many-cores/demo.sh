SERVER_ARGS=(--loops 2)
CLIENT_ARGS=(--key dGhlIHNhbXBsZSBub25jZQ== --masking-key 37FA213D)
CLIENT_INPUT='hello
and once more
/primes 1000000
'
next_steps() {
    cat <<'TEXT'
The trace is that of the client's connection to the first loop.
Read lessons/15-many-cores/README.md. Then, in two terminals:
  make server-15 ARGS='--loops 2'
  make client-15
which loop has how many clients:
  curl http://localhost:8080/loops
one loop and two, measured:
  make load-15
and with wscat, where you say /loop yourself:
  wscat -c ws://localhost:8080/ws
TEXT
}
# Two loops send at the same time, and who is first is left to chance. On each of them the order is
# that of the sender: so its lines are put together, in their order.
normalise() {
    awk 'function put(k, i) { for (k = 0; k < 9; ++k) for (i = 1; i <= n; ++i)
             if (line[i] ~ " loop " k ": ") print line[i]; n = 0 }
         / loop [0-9]: / { line[++n] = $0; next } { put(); print } END { put() }'
}
