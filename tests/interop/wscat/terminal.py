# Programs under observation, for `make compare-wscat`: on a pseudo-terminal, whose escape sequences
# are interpreted as a terminal would, or in pipes. What a program says can be waited for, always
# with a deadline, never for a time.
# Leaves out: scrolling, and sequences that neither wscat nor wsc sends.
import codecs
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading
import time
import unicodedata

PATIENCE = 10  # seconds that anything may take
WIDTH = 80

# A private escape sequence, which shows nothing.
END_OF_OUTPUT = b"\x1b[?9999h"

COLOURS = {30: "black", 31: "red", 32: "green", 33: "yellow", 34: "blue", 35: "magenta",
           36: "cyan", 37: "white", 90: "grey"}


def columns(character):
    if unicodedata.combining(character) or character == "\u200d":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


class Screen:
    """What a terminal of WIDTH columns shows, and how it is coloured."""

    # Of a sequence with ESC [: whether it is private, its numbers, its letter. Others are skipped.
    ESCAPE = re.compile(r"\x1b(?:\[([?>]?)([0-9;]*)([@-~])"
                        r"|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][A-Z0-9]|[=>78M])")

    def __init__(self):
        self.rows = [[]]  # of cells [character, colour]; "" is the right half of a wide one
        self.row = self.column = 0
        self.colour = None
        self.printed = ""  # every character that was printed, in that order, without the escapes
        self.bell = False
        self.unread = ""

    def feed(self, text):
        text = self.unread + text
        self.unread = ""
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                match = self.ESCAPE.match(text, at)
                if not match:
                    self.unread = text[at:]  # the rest of it will come
                    return
                self.escape(*match.groups())
                at = match.end()
            else:
                self.character(text[at])
                at += 1

    def line(self):
        while len(self.rows) <= self.row:
            self.rows.append([])
        return self.rows[self.row]

    def character(self, c):
        if c == "\n":
            self.row += 1
            self.printed += c
            self.line()
        elif c == "\r":
            self.column = 0
        elif c == "\b":
            self.column = max(0, self.column - 1)
        elif c == "\t":
            self.column = min(WIDTH - 1, (self.column // 8 + 1) * 8)
        elif c >= " ":
            self.put(c)

    def put(self, c):
        self.printed += c
        width = columns(c)
        if width == 0 and self.column > 0 and len(self.line()) >= self.column:
            self.line()[self.column - 1][0] += c
            return
        if self.column + width > WIDTH:
            self.row, self.column = self.row + 1, 0
        line = self.line()
        while len(line) < self.column + width:
            line.append([" ", None])
        line[self.column] = [c, self.colour]
        if width == 2:
            line[self.column + 1] = ["", self.colour]
        self.column += width

    def escape(self, private, parameters, final):
        if final is None or private:
            return
        numbers = [int(n) if n else 0 for n in parameters.split(";")]
        first = numbers[0]
        times = max(first, 1)
        # A cursor that waits behind the last column steps back onto it first.
        at = min(self.column, WIDTH - 1)
        line = self.line()
        if final == "m":
            self.colours(numbers)
        elif final == "A":
            self.row = max(0, self.row - times)
        elif final in "BE":
            self.row += times
        elif final == "C":
            self.column = min(WIDTH - 1, at + times)
        elif final == "D":
            self.column = max(0, at - times)
        elif final == "G":
            self.column = min(WIDTH, times) - 1
        elif final in "Hf":
            self.row, self.column = times - 1, max(numbers[1] if len(numbers) > 1 else 1, 1) - 1
        elif final == "K":
            kept = {0: line[:at], 1: [[" ", None] for _ in line[:at + 1]] + line[at + 1:], 2: []}
            self.rows[self.row] = kept[first]
        elif final == "J":
            self.rows[self.row] = line[:at] if first == 0 else []
            del self.rows[self.row + 1:]
            if first >= 2:
                self.rows = [[] for _ in self.rows]
        elif final == "P":
            del line[at:at + times]
        elif final == "@":
            line[at:at] = [[" ", None] for _ in range(times)]
        elif final == "X":
            line[at:at + times] = [[" ", None] for _ in line[at:at + times]]
        if final == "E":
            self.column = 0
        self.line()

    def colours(self, numbers):
        for number in numbers:
            if number in (0, 39):
                self.colour = None
            elif number in COLOURS:
                self.colour = COLOURS[number]

    def lines(self):
        shown = ["".join(cell[0] for cell in row).rstrip() for row in self.rows]
        while shown and not shown[-1]:
            shown.pop()
        return shown

    def coloured(self):
        """The coloured stretches of each line, spaces at their ends aside: "green: Connected"."""
        stretches = []
        for row in self.rows:
            colour, text = None, ""
            for c, now in row + [["", None]]:
                if now != colour:
                    if colour and text.strip():
                        stretches.append(f"{colour}: {text.strip()}")
                    colour, text = now, ""
                text += c
        return stretches


class Program:
    """A program that is being talked to. `printed` is all that it said, without escapes."""

    def __init__(self, command, environment, folder, on_terminal):
        self.changed = threading.Condition()
        self.heard = 0  # of `printed`, what was waited for
        self.screen = Screen()
        self.raw = b""
        self.pipes = {"out": b"", "err": b""}
        self.on_terminal = on_terminal
        if on_terminal:
            self.master, slave = pty.openpty()
            fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, WIDTH, 0, 0))
            # A session of its own, with the terminal as the one that Ctrl-C comes from.
            self.process = subprocess.Popen(["setsid", "--ctty", *command], stdin=slave,
                                            stdout=slave, stderr=slave, env=environment,
                                            cwd=folder)
            self.slave = slave
            self.readers = [self.reader(self.read_terminal)]
            self.reader(self.mark_the_end)
        else:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=subprocess.PIPE, env=environment, cwd=folder)
            self.master = self.process.stdin.fileno()
            self.readers = [self.reader(self.read_pipe, "out", self.process.stdout),
                            self.reader(self.read_pipe, "err", self.process.stderr)]

    @staticmethod
    def reader(body, *arguments):
        thread = threading.Thread(target=body, args=arguments, daemon=True)
        thread.start()
        return thread

    def mark_the_end(self):
        # The kernel may report the end of a terminal whose last words are still on their way. So
        # the terminal is held open, and our own word comes after the program's last one.
        self.process.wait()
        os.write(self.slave, END_OF_OUTPUT)

    def read_terminal(self):
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        ended = False
        while not ended:
            data = os.read(self.master, 65536)
            with self.changed:
                self.raw += data
                ended = self.raw.endswith(END_OF_OUTPUT)
                self.screen.feed(decoder.decode(data))
                self.changed.notify_all()

    def read_pipe(self, name, pipe):
        while data := os.read(pipe.fileno(), 65536):
            with self.changed:
                self.pipes[name] += data
                self.screen.printed += data.decode("utf-8", "replace")
                self.changed.notify_all()

    def wait_until(self, condition):
        """False when the program ended, or the deadline came, before it was true."""
        deadline = time.monotonic() + PATIENCE
        with self.changed:
            while not condition():
                ended = not any(reader.is_alive() for reader in self.readers)
                if ended or time.monotonic() > deadline:
                    return False
                self.changed.wait(0.1)
        return True

    def wait_for(self, text):
        """Until `text` was said after what was waited for before."""
        found = self.wait_until(lambda: text in self.screen.printed[self.heard:])
        if found:
            self.heard = self.screen.printed.index(text, self.heard) + len(text)
        return found

    def wait_for_column(self, column):
        return self.wait_until(lambda: self.screen.column == column)

    def write(self, data):
        try:
            os.write(self.master, data)
        except OSError:
            pass  # it has ended; its exit status tells

    def end_input(self):
        if not self.on_terminal:
            self.process.stdin.close()

    def end(self, patience=PATIENCE):
        """Its exit status, once it has ended by itself and all that it said was read."""
        try:
            status = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            status = "it hangs"
        for reader in self.readers:
            reader.join(PATIENCE)
        if self.on_terminal:
            os.close(self.slave)
            os.close(self.master)
        elif not self.process.stdin.closed:
            try:
                self.process.stdin.close()
            except OSError:
                pass
        return status
