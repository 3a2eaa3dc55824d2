CLIENT_ARGS=(--user ada --key dGhlIHNhbXBsZSBub25jZQ== --masking-key 37FA213D)
CLIENT_INPUT='hello
Grüße, 世界 👋
<b>not bold</b>
'
next_steps() {
    cat <<'TEXT'
Read lessons/12-chat/README.md. Then, in three places:
  make server-12
  make client-12 ARGS='--user bob'
  http://localhost:8080/ in a browser
and with wscat, where you type the JSON yourself, {"user":"eve"} first:
  wscat -c ws://localhost:8080/ws
TEXT
}
# [hh:mm] is the time of the place where this runs.
normalise() { sed -E 's/\[[0-9]{2}:[0-9]{2}\]/[12:00]/'; }
