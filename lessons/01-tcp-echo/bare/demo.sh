CLIENT=01-tcp-echo/bare/client
CLIENT_INPUT=$'Hello\nHow are you?\n'

next_steps() {
    cat <<'TEXT'
Read   lessons/01-tcp-echo/bare/server.cpp, then client.cpp beside it: five minutes
Try    build/lessons/01-tcp-echo/bare/server    in one terminal (Ctrl-C ends it), and in another
       build/lessons/01-tcp-echo/bare/client    type lines, end with Ctrl-D
Break  them, as lessons/01-tcp-echo/README.md says
TEXT
}
