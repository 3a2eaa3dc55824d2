# `make compare-wscat`: the same sessions through wscat and through wsc, side by side. Compared are
# the screen, its colours, standard output and standard error, the exit status, and what the other
# side saw. A difference that sessions.txt names as wanted is marked; any other one fails, and so
# does a wanted one that is not there.
#     python3 compare.py --build build [--only wscat] [--show all|wanted|failed] [NAME...]
# The sessions are in sessions.txt, which says how they are written.
import argparse
import concurrent.futures
import itertools
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time

from raw_peers import RawClient, RawServer
from sessions import read_sessions
from terminal import PATIENCE, Program, columns
from wanted import ASPECTS, WANTED, compare

HERE = os.path.dirname(os.path.abspath(__file__))


class Peer:
    """A server that is a program: one of ours, or npm's ws."""

    def __init__(self, kind, settings, folder):
        self.kind = kind
        build = settings.build
        unix = os.path.join(folder, "socket")
        node = ["node", os.path.join(HERE, "../peers/ws_server.mjs"), "--modules", settings.modules]
        command = {
            "lesson8": [f"{build}/lessons/08-messages/server", "--port", "0", "--trace"],
            "lesson11": [f"{build}/lessons/11-event-loop/server", "--port", "0", "--trace"],
            "ws": node,
            "ws-unix": [*node, "--unix", unix],
            "wss": [*node, "--certificate", settings.certificate],
        }[kind]
        self.output = open(os.path.join(folder, "server"), "w+b")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.output,
                                        stderr=subprocess.STDOUT)
        match = self.wait(r"^listening (\S+)|ws://localhost:(\d+)")
        self.port = match[1] or match[2]
        scheme = "wss" if kind == "wss" else "ws"
        # npm's ws was told to listen on this address, but a certificate is for a name.
        host = "127.0.0.1" if kind == "ws" else "localhost"
        self.url = f"{scheme}://{host}:{self.port}/ws"
        if kind == "ws-unix":
            self.url = f"ws+unix:{unix}:/ws"

    def log(self):
        return open(self.output.name, encoding="utf-8", errors="replace").read()

    def wait(self, pattern):
        deadline = Deadline()
        while not (match := re.search(pattern, self.log(), re.MULTILINE)):
            if self.process.poll() is not None or deadline.over():
                raise RuntimeError(f"the server {self.kind} never said {pattern}: {self.log()}")
        return match

    @property
    def saw(self):
        log = self.log()
        if self.kind.startswith("ws"):
            return [line for line in log.splitlines() if not line.startswith("listening")]
        # The client's frames, as the trace describes them.
        return re.findall(r"^ *\d+ → [0-9A-F ]+…? +([A-Z]+ FIN masked .*)$", log, re.MULTILINE)

    def complete(self, was_open):
        log = self.log()
        if self.kind.startswith("ws"):
            return was_open <= log.count("\nopen ") == log.count("\nclosed ")
        if was_open and " 101 " not in log:
            return False
        if self.kind == "lesson11":
            # It logs no good end; but its trace has a Close from both sides then.
            closed = all(re.search(rf" {arrow} 88 ", log) for arrow in "→←")
            return closed or "Read error" in log
        return log.count(" → GET ") == len(re.findall(r"^\d{4}-\d\d-\d\dT", log, re.MULTILINE))

    def finish(self, was_open):
        """Everything has been seen: each connection's end, and at least one if `was_open`."""
        deadline = Deadline()
        while not self.complete(was_open) and not deadline.over():
            pass
        self.process.terminate()
        self.process.wait()
        self.output.close()


class Deadline:
    """For waiting by looking again and again."""

    def __init__(self):
        self.end = time.monotonic() + PATIENCE

    def over(self):
        time.sleep(0.01)  # between two looks
        return time.monotonic() > self.end


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Run:
    """One session with one of the two programs; `result` is what is compared."""

    def __init__(self, session, which, settings):
        self.session, self.which = session, which
        self.result = {}
        with tempfile.TemporaryDirectory(prefix="compare-") as folder:
            self.folder = folder
            self.port = str(free_port())
            self.peer = self.start_peer(settings)
            try:
                self.play(settings)
            finally:
                if self.peer:
                    self.peer.finish(self.was_open())
            if self.peer:
                self.result["saw"] = [self.neutral(line) for line in self.peer.saw]

    def start_peer(self, settings):
        kind, _, script = self.session.server.partition(" ")
        if kind == "none":
            return None
        if kind == "raw":
            return RawServer(script, self.folder)
        if kind == "client":
            return RawClient(int(self.port))
        return Peer(kind, settings, self.folder)

    def was_open(self):
        said = self.program.screen.printed if hasattr(self, "program") else ""
        return "Connected" in said or "-x" in self.session.arguments[self.which]

    def play(self, settings):
        environment = {"PATH": os.environ["PATH"], "HOME": self.folder, "TERM": "xterm-256color",
                       "LANG": "C.UTF-8"}
        words = shlex.split(self.session.arguments[self.which])
        while words and re.match(r"[A-Z_]+=", words[0]):
            name, value = words.pop(0).split("=", 1)
            environment[name] = value
        values = {"url": getattr(self.peer, "url", ""), "port": self.port,
                  "certificate": settings.certificate or "",
                  "server_port": str(getattr(self.peer, "port", ""))}
        words = [re.sub(r"{(\w+)}", lambda m: values[m[1]], word) for word in words]
        program = {"wscat": settings.wscat, "wsc": settings.wsc}[self.which]
        self.program = Program([program, *words], environment, self.folder,
                               self.session.place == "tty")
        self.looks = []
        steps = self.session.steps[self.which]
        vain = [step for step in steps if not self.step(*step.partition(" "))]
        # Where nobody answers, wscat is known to hang: that need not be seen for long.
        patience = 2 if self.session.server.split()[-1:] == ["silent"] else PATIENCE
        self.collect(self.program.end(patience), vain)

    def step(self, word, _, rest):
        """False when what was waited for did not come, although the program goes on."""
        program = self.program
        if word == "wait":
            return program.wait_for(rest) or program.process.poll() is not None
        if word == "saw":
            deadline = Deadline()
            while rest not in self.peer.log():
                if deadline.over():
                    return False
        elif word == "at":
            return program.wait_for_column(int(rest)) or program.process.poll() is not None
        elif word == "type":
            program.write(rest.encode() + (b"\r" if program.on_terminal else b"\n"))
        elif word == "keys":
            program.write(rest.encode().decode("unicode_escape").encode("latin-1"))
        elif word == "ctrl":
            program.write(bytes([ord(rest) - 64]))
        elif word == "eof":
            program.end_input()
        elif word == "signal":
            program.process.send_signal(getattr(signal, f"SIG{rest}"))
        elif word == "go":
            self.peer.goes.release()
        elif word == "client":
            self.peer.act(*(rest.split(" ", 1) + [""])[:2])
        elif word == "look":
            if program.on_terminal:
                self.looks += program.screen.lines() + [f"--- {rest}"]
        else:
            raise ValueError(f"unknown step {word}")
        return True

    def collect(self, status, vain):
        self.result["status"] = [str(status)]
        if vain:
            self.result["status"].append(f"in vain: {', '.join(vain)}")
        if self.program.on_terminal:
            self.result["screen"] = [self.neutral(line) for line in
                                     self.looks + self.program.screen.lines()]
            self.result["colours"] = [self.neutral(line) for line in self.program.screen.coloured()]
            # Who asks for no colours may write the screen to a file: then a code that switches
            # nothing visible on is seen too.
            if "color" in self.session.arguments[self.which].lower():
                codes = set(re.findall(rb"\x1b(\[[0-9;]*m)", self.program.raw))
                self.result["colours"] += [f"escape code {code.decode()}" for code in sorted(codes)]
        else:
            for name, data in self.program.pipes.items():
                text = data.decode("utf-8", "replace")
                self.result[name] = [self.neutral(line) for line in text.splitlines()]

    def neutral(self, line):
        """Without what differs in every run."""
        line = line.replace(self.folder, "FOLDER").replace(self.port, "PORT")
        port = str(getattr(self.peer, "port", "") or "PORT")
        return line.replace(port, "PORT")


# --- showing it -----------------------------------------------------------------------------------

COLUMN = 58
LINES = 14


def cut(line, width=COLUMN):
    text, used = "", 0
    for c in line:
        c = c if c.isprintable() else f"\\x{ord(c):02x}"
        used += sum(columns(each) for each in c)
        if used >= width:
            return text + "…"
        text += c
    return text


def pad(text):
    return text + " " * (COLUMN - sum(columns(c) for c in text))


def side_by_side(theirs, ours):
    for aspect in ASPECTS:
        left, right = theirs.get(aspect), ours.get(aspect)
        if not left and not right:
            continue
        pairs = list(itertools.zip_longest(left or [], right or [], fillvalue=""))
        for a, b in pairs[:LINES]:
            same = "│" if a == b else "≠"
            yield f"  {aspect:8}{pad(cut(a))}{same} {cut(b)}"
            aspect = ""
        if len(pairs) > LINES:
            rest = "the same" if left == right else "not all the same"
            yield f"  {'':8}… {len(pairs) - LINES} more lines, {rest}"


def make_certificate(folder):
    name = os.path.join(folder, "localhost")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
                    "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", f"{name}.key", "-out", f"{name}.crt"],
                   check=True, capture_output=True)
    return name


def run_session(session, settings):
    results = {which: Run(session, which, settings).result for which in settings.programs}
    return session, results


def report(session, results, settings):
    theirs = results.get("wscat", {})
    ours = results.get("wsc", theirs)
    wanted, faults = compare(session, theirs, ours) if "wsc" in results else ({}, [])
    verdict = "FAILED" if faults else "wanted" if wanted else "same"
    lines = [f"{verdict:8}{session.name} ({session.place}, {session.server})"]
    if settings.show == "all" or faults or (wanted and settings.show == "wanted"):
        lines += side_by_side(theirs, ours)
    lines += [f"  wanted: {number} {words}" for number, words in wanted.items()]
    lines += [f"  FAILED: {fault}" for fault in faults]
    print("\n".join(lines), flush=True)
    return {"name": session.name, "place": session.place, "server": session.server,
            "verdict": verdict, "wanted": list(wanted), "faults": faults, **results}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--only", choices=["wscat", "wsc"])
    parser.add_argument("--show", choices=["all", "wanted", "failed"], default="all")
    parser.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 1))
    parser.add_argument("names", nargs="*")
    settings = parser.parse_args()
    settings.build = os.path.abspath(settings.build)
    settings.modules = os.path.join(settings.build, "interop/npm")
    settings.wscat = os.path.join(settings.modules, "node_modules/.bin/wscat")
    settings.wsc = os.path.join(settings.build, "clients/wsc")
    settings.programs = [settings.only] if settings.only else ["wscat", "wsc"]

    sessions = [session for session in read_sessions(os.path.join(HERE, "sessions.txt"))
                if not settings.names or any(name in session.name for name in settings.names)]
    if not sessions:
        sys.exit("compare-wscat: no session has " + " or ".join(settings.names) +
                 " in its name; tests/interop/wscat/sessions.txt has them all")
    with tempfile.TemporaryDirectory() as folder:
        settings.certificate = make_certificate(folder)
        with concurrent.futures.ThreadPoolExecutor(settings.jobs) as pool:
            pending = [pool.submit(run_session, session, settings) for session in sessions]
            told = [report(*future.result(), settings) for future in pending]
        # wscat has races of its own (its exit with its last line, say), and a busy machine finds
        # them. What is a difference is one the second time, too, with nothing else going on.
        for i, first in enumerate(told):
            if first["verdict"] == "FAILED":
                print("once more:", flush=True)
                told[i] = report(*run_session(sessions[i], settings), settings) | {"again": True}

    with open(os.path.join(settings.build, "interop/compare-wscat.json"), "w") as file:
        json.dump(told, file, indent=1, ensure_ascii=False)
    count = {verdict: sum(each["verdict"] == verdict for each in told)
             for verdict in ("same", "wanted", "FAILED")}
    print("\nWanted differences, by their number:")
    for number, words in WANTED.items():
        where = [f"{each['name']}" for each in told if number in each["wanted"]]
        if where:
            print(textwrap.fill(f"{number:3} {words}: {', '.join(dict.fromkeys(where))}", 100,
                                subsequent_indent="    "))
    print(f"{len(told)} sessions: {count['same']} the same, {count['wanted']} with wanted "
          f"differences only, {count['FAILED']} failed; "
          f"{sum('again' in each for each in told)} played twice")
    sys.exit(1 if count["FAILED"] else 0)


main()
