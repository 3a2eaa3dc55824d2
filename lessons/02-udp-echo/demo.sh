# Two of five datagrams are lost on the way; the client sends one of them again.
SERVER_ARGS=(--drop 3 --buffer 16)
CLIENT_ARGS=(--timeout 0.2 --retries 1)
CLIENT_INPUT=$'one\ntwo\nthree\n\nlonger than sixteen bytes\n'

next_steps() {
    cat <<'TEXT'
Read   lessons/02-udp-echo/README.md
Try    make server-2                            in one terminal, and in another
       make client-2                            type lines, end with Ctrl-D
       make server-2 ARGS='--drop 2'            a network that loses every second datagram
       nc -u localhost 9001                     any UDP client will do
TEXT
}
