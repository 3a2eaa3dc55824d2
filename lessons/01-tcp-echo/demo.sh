CLIENT_INPUT=$'Hello\nHow are you?\n'

next_steps() {
    cat <<'TEXT'
Read   lessons/01-tcp-echo/README.md
Try    make server-1                       in one terminal, and in another
       make client-1                       type lines, end with Ctrl-D
       make client-1 ARGS='--trace'        the same with every byte
       nc localhost 9000                   any TCP client will do
TEXT
}
