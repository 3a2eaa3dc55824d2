CLIENT=11-event-loop/client
CLIENT_ARGS=(--connections 100 --rounds 2 --port)

next_steps() {
    cat <<'TEXT'
Read   lessons/11-event-loop/bare/server.cpp
Try    build/lessons/11-event-loop/bare/server    in one terminal (Ctrl-C ends it), and in others
       wscat -c ws://localhost:8080/
       make client-11 ARGS='--connections 500 --hold'
Break  it, as lessons/11-event-loop/README.md says
TEXT
}
