# Completion of wsc for bash: `source clients/wsc/completion.bash`, or copy it to
# ~/.local/share/bash-completion/completions/wsc.

_wsc() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()
    case $before in
        --ca | --cert | --key | --output | --record | --replay | --history)
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            return
            ;;
        -c | --connect)
            mapfile -t COMPREPLY < <(compgen -W 'ws:// wss:// ws+unix:' -- "$word")
            return
            ;;
        -p | --protocol)
            mapfile -t COMPREPLY < <(compgen -W '13 8' -- "$word")
            return
            ;;
        -l | --listen | -H | --header | -s | --subprotocol | -o | --origin | --host | --auth | \
            --proxy | -x | --execute | -w | --wait | --ping | --handshake-timeout | \
            --close-timeout | --max-message-bytes)
            return
            ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W '
        -c --connect -l --listen -V --version -H --header -s --subprotocol -o --origin
        -p --protocol --host --auth -L --location --max-redirects --proxy -n --no-check --ca --cert
        --key --passphrase -x --execute -w --wait -P --show-ping-pong --slash --no-color --binary
        --json --timestamps --output --ping --trace --record --replay --handshake-timeout
        --close-timeout --max-message-bytes --status --history --no-history -h --help
    ' -- "$word")
}

# A URL has colons in it, which bash would take for the ends of words.
COMP_WORDBREAKS=${COMP_WORDBREAKS//:/}
complete -F _wsc wsc
