# Which differences between wscat and wsc are wanted, and what exactly they are. For
# `make compare-wscat`: a difference that is not marked in sessions.txt with one of these numbers
# fails, and so does a mark without its difference.
# Leaves out: where they are; that is in sessions.txt.
import re

# What is compared of a session; the screen and its colours on a terminal, out and err in pipes.
ASPECTS = ("screen", "colours", "out", "err", "status", "saw")

# Where ours deliberately differs. `sessions.txt` marks with these numbers.
WANTED = {
    1: "host:port and :port are addresses",
    2: "piped lines are kept until the connection is open, and answered before it closes",
    3: "in pipes: messages alone on standard output, everything else on standard error",
    4: "a server that never answers is given up",
    5: "binary messages are shown as hex",
    6: "without colours there are no escape codes; NO_COLOR is honoured",
    7: "one line that says which rule, in place of a stack trace",
    8: "when we leave (Ctrl-C, Ctrl-D, after -x) we send Close 1000 and wait for the answer",
    9: "the exit status can tell how it ended",
    10: "--trace shows every frame",
    12: "our Close says which rule was broken, as its reason",
    13: "what a peer sends is escaped before it reaches the terminal",
    14: "wrong usage is status 2, and the line says where to find what is right",
    15: "no prompt is left behind by a program that has ended",
    16: "the help and the version are our own",
    17: "/ping and /pong send all that follows, not its first word only",
    18: "-l listens on the loopback address, not on all of them",
    19: "further lines of a message are indented: a peer cannot forge a line of ours",
    20: "a handshake that fails names the path that was asked for",
    21: "host:port means the path /ws, as in every client of the course",
    22: "a second client of -l is refused with 503, and not let in to be ignored",
}

def without_prompts(lines):
    # readline of Node prints its prompt into a pipe too: "> > hello", and "> " at the end.
    return [re.sub(r"^(> )+", "", line) for line in lines if not re.fullmatch(r"(> )+", line)]


def without_status(lines):
    return [line for line in lines if not re.match(
        r"(Connected|Disconnected|Listening on port|Client connected|Received p[io]ng)\b", line)]


def without_last_prompt(lines):
    return lines[:-1] if lines and lines[-1].startswith(">") else lines


def substitute(pattern, replacement):
    return lambda lines: [re.sub(pattern, replacement, line) for line in lines]


def without_reason(lines):
    """What a refusal says beyond wscat's words, also where it wraps at the terminal's width."""
    text = re.sub(r"(error: .*?)(; HTTP/1[^;]*)?; path /\S*", r"\1", "\n".join(lines))
    return text.split("\n") if lines else []


def leaving(lines):
    for pattern, replacement in ((r"^closed 1005 $", "closed 1000 "),
                                 (r"^Close without a code$", 'Close 1000 ""'),
                                 (r"^CLOSE FIN masked len=0$", "CLOSE FIN masked len=2 1000")):
        lines = substitute(pattern, replacement)(lines)
    return lines


def same(lines):
    return lines


# Wanted differences that can be said exactly: when this was done to what wscat showed, and that to
# what wsc showed, nothing differs.
RULES = {
    # A stack trace has colours, and so has a wrong usage sometimes.
    (1, "colours"): (lambda lines: [], same),
    (14, "colours"): (lambda lines: [], same),
    (3, "out"): (lambda lines: without_status(without_prompts(lines)), same),
    (3, "err"): (same, without_status),
    (6, "colours"): (lambda lines: [], same),
    (8, "saw"): (leaving, same),
    (12, "saw"): (same, substitute(r'^(Close 100[279]) ".*"$', r'\1 ""')),
    (15, "screen"): (without_last_prompt, same),
    (20, "screen"): (same, without_reason),
    (20, "colours"): (same, without_reason),
    (20, "err"): (same, without_reason),
    (19, "screen"): (same, substitute(r"^  (?=\S)", "")),
}


def compare(session, theirs, ours):
    """The wanted differences, and what should not be: lines for people."""
    # What both wait for in vain is a step that tests nothing.
    wanted, used = {}, set()
    faults = [f"wsc: {line}" for line in ours.get("status", []) if line.startswith("in vain")]
    for aspect in ASPECTS:
        left, right = theirs.get(aspect, []), ours.get(aspect, [])
        told = False
        for entry in [each for each in session.wanted if each[1] == aspect]:
            if left == right or told:
                break
            number, _, text = entry
            before = left, right
            if text:
                told = True
                faults += [f"{aspect}: {fault}" for fault in check_text(left, right, text)]
            else:
                on_theirs, on_ours = RULES[number, aspect]
                left, right = on_theirs(left), on_ours(right)
            if text or (left, right) != before:
                used.add(entry)
                wanted[number] = WANTED[number]
        if left != right and not told:
            faults.append(f"{aspect} differs")
    for number, aspect, _ in set(session.wanted) - used - session.general:
        faults.append(f"{aspect}: wanted {number}, but there is no such difference")
    return wanted, faults


def check_text(left, right, text):
    """Ours must have the text. Its other lines are wscat's too, but for "TEXT ..."."""
    anything_else = text.endswith(" ...")
    text = text.removesuffix(" ...")
    if not any(text in line for line in right):
        yield f"wanted, but ours lacks: {text}"
    for line in right:
        if text not in line and line not in left and not anything_else:
            yield f"not wanted: {line}"
