# The sessions of `make compare-wscat`, read from sessions.txt, which says how they are written.
# Each becomes one session for a terminal, one for pipes, or both.
# Leaves out: whether a step makes sense; who plays it finds out.
import itertools
import sys

from wanted import ASPECTS, RULES, WANTED


class Session:
    def __init__(self, name, place, server, arguments):
        self.name, self.place, self.server = name, place, server
        self.arguments = {"wscat": arguments, "wsc": arguments}
        self.steps = {"wscat": [], "wsc": []}
        self.wanted = []  # (number, aspect, text that ours must have there)
        self.general = set()  # those of them that may as well not be needed


def read_sessions(path):
    sessions, block, everywhere = [], [], []
    for line_number, line in enumerate(open(path, encoding="utf-8"), 1):
        if line.startswith("#") or not line.strip():
            continue
        try:
            if line.startswith("everywhere "):
                everywhere.append(line.strip().replace("everywhere", "wanted", 1))
            elif not line.startswith(" "):
                name, places, server, arguments = (field.strip() for field in line.split("|"))
                block = [Session(name, place, server, arguments) for place in places.split()]
                sessions += block
                for session, mark in itertools.product(block, everywhere):
                    read_line(session, mark)
                    session.general = set(session.wanted)
            else:
                for session in block:
                    read_line(session, line.strip())
        except ValueError as error:
            sys.exit(f"{path}:{line_number}: {error}: {line.strip()}")
    return sessions


def read_line(session, line):
    word, _, rest = line.partition(" ")
    if word == "wanted":
        number, aspect, *text = rest.split(" ", 2)
        aspect = aspect.rstrip(":")
        if aspect not in ASPECTS or int(number) not in WANTED:
            raise ValueError("wanted NUMBER ASPECT: TEXT")
        # One line may serve a terminal and pipes, which have different aspects.
        if aspect in {"tty": ("out", "err"), "pipe": ("screen", "colours")}[session.place]:
            return
        if not text and (int(number), aspect) not in RULES:
            raise ValueError("this one needs a TEXT")
        # What is said of this session goes before what is said of all.
        session.wanted.insert(0, (int(number), aspect, text[0] if text else ""))
    elif word == "wsc":
        kind, _, rest = rest.partition(" ")
        if kind == "arguments":
            session.arguments["wsc"] = rest
        elif kind == "steps":
            session.steps["wsc"] = rest.split(" ; ")
        else:
            raise ValueError("wsc arguments, or wsc steps")
    else:
        for steps in session.steps.values():
            steps += line.split(" ; ")
