// The servers of `make interop`: how each is started, and how it says what it saw.
// `echo` is the program that the cell is about. `commands` is the one that closes, pings and
// fragments when the client asks for it, and speaks the subprotocol "chat": the same program, but
// for the lessons' servers, which have no such options; there it is tests/interop/peers/ours_server
// on the same endpoint.
import path from 'node:path';

import { Program } from './program.mjs';

const here = path.dirname(new URL(import.meta.url).pathname);

export function servers(build, python) {
  const built = path.join(build, 'interop');
  const ours = (name, endpoint) => {
    const deputy = [path.join(built, 'ours_server'), '--endpoint', endpoint, '--port', 0,
                    '--trace'];
    return {
      refusal: 404,
      echo: [path.join(build, 'lessons', name, 'server'), '--port', 0],
      commands: deputy,
      // The trace shows the frames; the log, a connection's end.
      closed: (code, reason) => new RegExp(`^closed: ${code} [^\n]*"${reason}"`, 'm'),
      pong: (data) => new RegExp(` → [^\n]* PONG FIN masked len=${data.length} "${data}"`),
      fragmented: / → [^\n]* (TEXT|CONT) masked len=[^\n]*\n[^]* → [^\n]* CONT FIN masked/,
    };
  };
  const other = (...command) => ({
    refusal: 403,
    echo: command,
    commands: command,
    closed: (code, reason) => new RegExp(`^closed ${code} ${reason}$`, 'm'),
    pong: (data) => new RegExp(`^pong ${data}$`, 'm'),
  });
  return {
    lesson8: { title: 'lesson 8', ...ours('08-messages', 'blocking') },
    lesson11: { title: 'lesson 11', ...ours('11-event-loop', 'epoll') },
    ws: { title: 'npm ws', ...other(process.execPath, path.join(here, 'peers/ws_server.mjs'),
                                    '--modules', path.join(built, 'npm')) },
    python: { title: 'python', ...other(python, path.join(here, 'peers/python_server.py')) },
    gorilla: { title: 'gorilla', ...other(path.join(built, 'gorilla_server')),
               fragments_path: '/fragments' },
    websocketpp: { title: 'websocketpp', ...other(path.join(built, 'websocketpp_server')) },
  };
}

// Starts a command; the program, with the port on which it can be connected to.
export async function start([file, ...args]) {
  const program = new Program(file, args);
  const listening = /^listening (\d+)|ws:\/\/localhost:(\d+)/m;
  try {
    const [, first, second] = await program.until(listening);
    program.port = Number(first ?? second);
  } catch (error) {
    await program.stop();
    throw error;
  }
  return program;
}
