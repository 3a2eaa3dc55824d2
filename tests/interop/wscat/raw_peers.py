# The other side of a session of `make compare-wscat` where it has to be exact to the byte: a server
# that plays a script (broken handshakes, invalid frames, redirects, a proxy, silence), and a client
# for listen mode. Both write down what they saw.
# RFC 6455 §4.2.2, §5.2. Leaves out: everything that a script does not ask for.
import base64
import hashlib
import os
import re
import socket
import struct
import threading
import time

from terminal import PATIENCE

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept_key(key):
    return base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()


class Connection:
    """One TCP connection: reads heads and frames, notes them in `saw`."""

    def __init__(self, stream, note):
        self.stream = stream
        self.note = note
        self.buffer = b""
        self.reader = None

    def more(self):
        data = self.stream.recv(65536)
        if not data:
            raise EOFError
        self.buffer += data

    def read(self, size):
        while len(self.buffer) < size:
            self.more()
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def read_head(self):
        while b"\r\n\r\n" not in self.buffer:
            self.more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = [line.split(":", 1) for line in lines]
        return first, [(name, value.strip()) for name, value in pairs]

    def read_frame(self):
        """Notes the next frame; true when it was a Close."""
        first, second = self.read(2)
        size = second & 127
        if size >= 126:
            size = int.from_bytes(self.read(2 if size == 126 else 8), "big")
        key = self.read(4) if second & 128 else b""
        payload = self.read(size)
        if key:
            payload = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
        self.note(describe(first, payload))
        return first & 15 == 8, payload

    def frame(self, first, payload, key=b""):
        mask = 128 if key else 0
        size = len(payload)
        head = bytes([first]) + (bytes([mask | size]) if size < 126 else
                                 bytes([mask | 126]) + struct.pack(">H", size) if size < 65536 else
                                 bytes([mask | 127]) + struct.pack(">Q", size))
        if key:
            payload = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
        self.stream.sendall(head + key + payload)

    def until_closed(self, key=b""):
        """Reads frames; a Close is answered by its echo. However the stream ends, it is over."""
        try:
            while True:
                closed, payload = self.read_frame()
                if closed:
                    self.frame(0x88, payload[:2], key)
                    self.stream.shutdown(socket.SHUT_WR)
                    break
            while self.stream.recv(65536):
                pass
        except (EOFError, OSError):
            pass


def describe(first, payload):
    opcode = first & 15
    fin = "" if first & 128 else " (not FIN)"
    if opcode == 8:
        if len(payload) < 2:
            return "Close without a code"
        reason = payload[2:].decode("utf-8", "replace")
        return f"Close {int.from_bytes(payload[:2], 'big')} \"{reason}\""
    names = {0: "continuation", 1: "text", 2: "binary", 9: "ping", 10: "pong"}
    name = names.get(opcode, str(opcode))
    shown = payload.hex(" ") if opcode == 2 else repr(payload.decode("utf-8", "replace"))
    return f"{name} {shown}{fin}"


class RawServer:
    """Plays a script; see sessions.txt for its words. `/` begins the next connection's part."""

    def __init__(self, script, folder):
        unix = "unix" in script.split()
        self.heads = "heads" in script.split()
        self.saw = []
        self.changed = threading.Condition()
        self.gone = threading.Event()
        self.goes = threading.Semaphore(0)
        self.scripts = [part.split() if "{" not in part else split_script(part)
                        for part in script.split(" / ")]
        self.path = os.path.join(folder, "socket")
        if unix:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(self.path)
        else:
            self.listener = socket.socket()
            self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.port = 0 if unix else self.listener.getsockname()[1]
        self.url = f"ws+unix:{self.path}:/ws" if unix else f"ws://127.0.0.1:{self.port}/ws"
        self.threads = []
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def note(self, line):
        with self.changed:
            self.saw.append(line)
            self.changed.notify_all()

    def log(self):
        return "\n".join(self.saw)

    def serve(self):
        number = 0
        while True:
            try:
                stream, _ = self.listener.accept()
            except OSError:
                return
            stream.settimeout(PATIENCE)
            script = self.scripts[min(number, len(self.scripts) - 1)]
            number += 1
            thread = threading.Thread(target=self.play, args=(script, stream), daemon=True)
            self.threads.append(thread)
            thread.start()

    def play(self, script, stream):
        connection = Connection(stream, self.note)
        try:
            for word in script:
                self.act(word, connection)
        except (EOFError, OSError):
            pass
        finally:
            if connection.reader:
                connection.reader.join(PATIENCE)
            stream.close()

    def act(self, word, connection):
        if word in ("heads", "unix"):
            pass
        elif word == "silent":
            first, _ = connection.read_head()
            if self.heads:
                self.note(first)
            self.gone.wait(PATIENCE)
        elif word == "go":
            self.goes.acquire(timeout=PATIENCE)
        elif word == "head":
            connection.read_head()
        elif word == "end":
            connection.stream.shutdown(socket.SHUT_WR)
            raise EOFError
        elif word == "reset":
            # A read that is under way would keep the socket, and there would be no reset.
            connection.stream.shutdown(socket.SHUT_RD)
            connection.reader.join(PATIENCE)
            connection.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                         struct.pack("ii", 1, 0))
            connection.stream.close()
            raise EOFError
        elif word == "connect":
            first, _ = connection.read_head()
            self.note(first.replace(str(self.port), "PORT"))
            connection.stream.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        elif re.fullmatch(r"\d{3}(\{.*)?", word, re.DOTALL):
            self.answer(word, connection)
        elif word.startswith("big"):
            # A frame with so many letters: "big126".
            connection.frame(0x81, b"a" * int(word[3:]))
        else:
            connection.stream.sendall(bytes.fromhex(word))

    def answer(self, word, connection):
        """"101", "403", "101{-Upgrade}{X: y}": a head, less or with other or more headers."""
        first, headers = connection.read_head()
        if self.heads:
            self.note(first)
            for name, value in sorted(headers):
                self.note(f"{name}: {self.anonymous(name, value)}")
        status = word[:3]
        key = dict((name.lower(), value) for name, value in headers).get("sec-websocket-key", "")
        answer = {}
        if status == "101":
            answer = {"Upgrade": "websocket", "Connection": "Upgrade",
                      "Sec-WebSocket-Accept": accept_key(key)}
        else:
            answer = {"Connection": "close", "Content-Length": "0"}
        for change in re.findall(r"{([^}]*)}", word):
            if change.startswith("-"):
                del answer[change[1:]]
            else:
                name, value = change.split(": ", 1)
                answer[name] = value.replace("HERE", self.url.rsplit("/", 1)[0])
        lines = [f"{name}: {value}" for name, value in answer.items()]
        head = "\r\n".join([f"HTTP/1.1 {status} Words", *lines, "", ""])
        connection.stream.sendall(head.encode())
        if status != "101":
            connection.stream.shutdown(socket.SHUT_WR)
            raise EOFError
        # Frames are read beside the script, as they come.
        connection.reader = threading.Thread(target=connection.until_closed, daemon=True)
        connection.reader.start()

    def anonymous(self, name, value):
        if name.lower() == "sec-websocket-key":
            return f"{len(base64.b64decode(value))} bytes"
        if name.lower() == "sec-websocket-protocol":
            value = value.replace(", ", ",")  # a list, with or without spaces
        return value.replace(str(self.port), "PORT") if self.port else value

    def finish(self, _was_open):
        """Everything that the program sent has been noted."""
        self.gone.set()
        self.goes.release(100)
        for thread in list(self.threads):
            thread.join(PATIENCE)
        # Wakes accept(), which close() alone does not.
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()


def split_script(part):
    # Words, but for what stands in braces.
    return re.findall(r"(?:{[^}]*}|[^\s{])+", part)


class RawClient:
    """Meets a program in listen mode. Its words: connect [HEADER, HEADER...], text WORDS,
    hex BYTES, close [CODE [REASON]], end."""

    KEY = b"\x37\xfa\x21\x3d"

    def __init__(self, port):
        self.port = port
        self.saw = []
        self.changed = threading.Condition()
        self.connection = None

    def note(self, line):
        with self.changed:
            self.saw.append(line)
            self.changed.notify_all()

    def log(self):
        return "\n".join(self.saw)

    def act(self, word, rest):
        if word == "connect":
            self.connect(rest)
        elif word == "text":
            self.connection.frame(0x81, rest.encode(), self.KEY)
        elif word == "hex":
            self.connection.stream.sendall(bytes.fromhex(rest))
        elif word == "close":
            code, _, reason = rest.partition(" ")
            body = struct.pack(">H", int(code)) + reason.encode() if code else b""
            self.connection.frame(0x88, body, self.KEY)
        elif word == "end":
            self.connection.stream.shutdown(socket.SHUT_WR)

    def connect(self, headers):
        stream = self.reach()
        self.connection = Connection(stream, self.note)
        lines = ["GET /any/path HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Upgrade: websocket",
                 "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                 "Sec-WebSocket-Version: 13", "Origin: https://elsewhere.example",
                 *[line for line in headers.split(", ") if line], "", ""]
        stream.sendall("\r\n".join(lines).encode())
        try:
            first, headers = self.connection.read_head()
        except (EOFError, OSError):
            return self.note("the connection ended without an answer")
        self.note(first.split(" ")[1])
        for name, value in headers:
            if name.lower() in ("sec-websocket-protocol", "sec-websocket-extensions"):
                self.note(f"{name}: {value}")
        self.connection.reader = threading.Thread(target=self.connection.until_closed,
                                                  args=(self.KEY,), daemon=True)
        self.connection.reader.start()

    def reach(self):
        """A program in pipes may listen without saying so: until it can be reached."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self.port), PATIENCE)
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def finish(self, _was_open):
        if not self.connection:
            return
        if self.connection.reader:
            self.connection.reader.join(PATIENCE)
        self.connection.stream.close()
