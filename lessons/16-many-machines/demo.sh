CLIENT_ARGS=(--user ada --key dGhlIHNhbXBsZSBub25jZQ== --masking-key 37FA213D)
CLIENT_INPUT='hello
Grüße, 世界 👋
'
# Positions hold the time, and keys are chance.
normalise() {
    sed -E 's/1[0-9]{12}-[0-9]+\//1767225600000-0\//g; s/\[[0-9]{2}:[0-9]{2}\]/[12:00]/g
            s/(accepted\\":\\")[0-9a-f]+/\14f1c93aa7be0/g; s/(key\\":\\")[0-9a-f]+/\14/g'
}
next_steps() {
    lessons/16-many-machines/crossing.sh "${programs%/lessons/*}"
    cat <<'TEXT'

Read lessons/16-many-machines/README.md. Then three servers, a Redis and nginx, in one terminal,
where you end and start them:
  lessons/16-many-machines/cluster.sh
and in two others (a page does it too: http://localhost:8080/):
  make client-16 ARGS='--user ada'
  make client-16 ARGS='--user bob'
TEXT
}
