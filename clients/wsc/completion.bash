# Completion of wsc for bash: `source clients/wsc/completion.bash`, or copy it to
# ~/.local/share/bash-completion/completions/wsc.

_wsc() {
    # The words as they were typed. bash itself would cut a URL at its colons; to forbid it that
    # (COMP_WORDBREAKS) would change the completion of every other command, too.
    local line=${COMP_LINE:0:COMP_POINT} word before words
    read -ra words <<<"$line"
    word=
    [[ $line == *[[:space:]] ]] || { word=${words[-1]}; unset 'words[-1]'; }
    before=${words[-1]}
    COMPREPLY=()
    case $before in
        --ca | --cert | --key | --output | --record | --pcap | --replay | --history | --send)
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            return
            ;;
        -c | --connect)
            mapfile -t COMPREPLY < <(compgen -W 'ws:// wss:// ws+unix:' -- "$word")
            # What stands before the last colon is on the line already.
            [[ $word != *:* ]] || COMPREPLY=("${COMPREPLY[@]#"${word%"${word##*:}"}"}")
            return
            ;;
        -p | --protocol)
            mapfile -t COMPREPLY < <(compgen -W '13 8' -- "$word")
            return
            ;;
        -l | --listen | -H | --header | -s | --subprotocol | -o | --origin | --host | --auth | \
            --clients | --run | --max-programs | --proxy | --resolve | -x | --execute | -w | --wait | --ping | --handshake-timeout | \
            --close-timeout | --write-timeout | --max-message-bytes)
            return
            ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W '
        -c --connect -l --listen --clients --run --max-programs -V --version -H --header -s --subprotocol -o --origin
        -p --protocol --host --auth -L --location --max-redirects --proxy --resolve -n --no-check --ca --cert
        --key --passphrase -x --execute -w --wait -P --show-ping-pong --slash --no-color --binary
        --raw -0 --null --send --reconnect --quiet --no-compress --json --timestamps --output --ping
        --trace --record --pcap --replay --handshake-timeout
        --close-timeout --write-timeout --max-message-bytes --status --history --no-history -h --help
    ' -- "$word")
}

complete -F _wsc wsc
