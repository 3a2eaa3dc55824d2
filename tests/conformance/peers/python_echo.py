# python3-websockets as an echo, for `make conformance`: as a server on a free port, or (with a URL) as the
# client that asks for each case. It compresses by default.
import asyncio
import sys

import websockets

LIMITS = {"max_size": 2**26, "ping_interval": None, "close_timeout": 5}


async def echo(connection, path=None):
    try:
        async for message in connection:
            await connection.send(message)
    except websockets.ConnectionClosed:
        pass


async def visit(url, behave):
    try:
        async with websockets.connect(url, **LIMITS) as connection:
            return await behave(connection)
    except (websockets.WebSocketException, OSError, ValueError, EOFError):
        return None


async def run_cases(suite, agent):
    count = int(await visit(suite + "/getCaseCount", lambda connection: connection.recv()))
    for number in range(1, count + 1):
        await visit(f"{suite}/runCase?case={number}&agent={agent}", echo)
    await visit(f"{suite}/updateReports?agent={agent}", echo)


async def serve():
    async with websockets.serve(echo, "127.0.0.1", 0, **LIMITS) as server:
        print("listening", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


asyncio.run(run_cases(sys.argv[1], "python") if len(sys.argv) > 1 else serve())
