# python3-websockets as a client of `make interop`. Commands come on standard input and events
# leave on standard output, a line of JSON each; tests/interop/clients.mjs says which. The argument, if
# there is one, is what is offered of compression, as JSON (tests/interop/compressed.mjs).
import asyncio
import json
import sys

import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory


def say(event, **more):
    print(json.dumps({"event": event, **more}), flush=True)


def pattern(kind, size):
    text = bytes(range(97, 123)) if kind == "text" else bytes(range(251))
    return (text * (size // len(text) + 1))[:size]


def told(message):
    kind = "text" if isinstance(message, str) else "binary"
    data = message.encode() if kind == "text" else message
    if len(data) > 200:
        say(kind, size=len(data), pattern=data == pattern(kind, len(data)))
    else:
        say(kind, size=len(data), data=message if kind == "text" else data.hex())


async def receive(connection):
    try:
        while True:
            told(await connection.recv())
    except websockets.ConnectionClosed:
        await connection.wait_closed()
        say("closed", code=connection.close_code, reason=connection.close_reason)


async def send(connection, data, fragment):
    if fragment and len(data) > fragment:
        # By the size in characters for a text: this library cuts between them.
        await connection.send([data[at:at + fragment] for at in range(0, len(data), fragment)])
    else:
        await connection.send(data)


async def ping(connection, data):
    await (await connection.ping(data))
    say("pong", data=data)  # the library has compared it


def offered():
    if len(sys.argv) < 2:
        return {}
    terms = {"client_max_window_bits": True, **json.loads(sys.argv[1])}
    return {"compression": None, "extensions": [ClientPerMessageDeflateFactory(**terms)]}


async def connect(command):
    try:
        connection = await websockets.connect(
            command["url"], subprotocols=command.get("protocols") or None, max_size=2**25, **offered())
    except websockets.InvalidHandshake as error:
        # Its name and place have changed with the library's versions.
        status = getattr(error, "status_code", None) or error.response.status_code
        say("refused", status=status)
        return None, None
    say("open", protocol=connection.subprotocol or "")
    return connection, asyncio.ensure_future(receive(connection))


async def main():
    lines = asyncio.StreamReader(limit=2**25)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    connection = None
    tasks = []
    fragment = 0
    while line := await lines.readline():
        command = json.loads(line)
        what = command["do"]
        if what == "connect":
            fragment = command.get("fragment", 0)
            connection, task = await connect(command)
            tasks.append(task)
        elif what == "text":
            await send(connection, command["data"], fragment)
        elif what == "binary":
            await send(connection, bytes.fromhex(command["data"]), fragment)
        elif what == "pattern":
            data = pattern(command["type"], command["size"])
            await send(connection, data.decode() if command["type"] == "text" else data, fragment)
        elif what == "ping":
            tasks.append(asyncio.ensure_future(ping(connection, command["data"])))
        elif what == "close":
            await connection.close(command["code"], command["reason"])


asyncio.run(main())
