# Without lengths: three messages arrive as one, and one arrives as three.
SERVER_ARGS=(--naive)
CLIENT_ARGS=(--naive)
CLIENT_INPUT=$'one + two + three\nHel / lo wor / ld\n'

next_steps() {
    cat <<'TEXT'
Read   lessons/03-byte-stream/README.md
Try    make server-3                       with lengths, in one terminal, and in another
       make client-3                       type the same two lines
       make client-3 ARGS='--naive'        a client that sends no lengths: what are they now?
TEXT
}
