# python3-websockets as a server of `make interop`: an echo on a free port. A text message that
# begins with "!" is a command: !close CODE REASON, !ping DATA, !fragments. What it saw goes to
# standard output, a line each. The argument, if there is one, is what is asked for of compression, as JSON
# (tests/interop/compressed.mjs).
import asyncio
import http
import json
import sys

import websockets
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory


def say(*words):
    print(*words, flush=True)


async def obey(connection, message):
    command, _, rest = message.partition(" ") if isinstance(message, str) else ("", "", "")
    if command == "!close":
        code, _, reason = rest.partition(" ")
        await connection.close(int(code), reason)
    elif command == "!ping":
        await (await connection.ping(rest))
        say("pong", rest)
    elif command == "!fragments":
        await connection.send(["one, ", "two, gr", "\u00fc\u00dfe"])
    else:
        await connection.send(message)


async def converse(connection, path=None):
    pings = []
    try:
        while True:
            # A ping waits for its pong, which only comes while somebody reads.
            pings.append(asyncio.ensure_future(obey(connection, await connection.recv())))
    except websockets.ConnectionClosed:
        await connection.wait_closed()
        say("closed", connection.close_code, connection.close_reason)


async def page(path, headers):
    # Plain requests get a page, for browsers need one that comes from here.
    if path == "/refused":
        return http.HTTPStatus.FORBIDDEN, [], b"refused\n"
    if "Upgrade" not in headers:
        return http.HTTPStatus.OK, [("Content-Type", "text/plain")], b"a page of websockets\n"
    return None


def agreed():
    if len(sys.argv) < 2:
        return {}
    terms = json.loads(sys.argv[1])
    return {"compression": None, "extensions": [ServerPerMessageDeflateFactory(**terms)]}


async def main():
    async with websockets.serve(converse, "127.0.0.1", 0, process_request=page, subprotocols=["chat"],
                                max_size=2**25, **agreed()) as server:
        say("listening", server.sockets[0].getsockname()[1])
        await asyncio.Future()


asyncio.run(main())
