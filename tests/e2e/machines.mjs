// The chat page over two servers and a real Redis, lesson 16: the page's server is killed, somebody
// says something on the other one meanwhile, and the page that comes back has every message once, in
// order. Run by `make e2e`; needs redis-server, and says so where it is missing.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

import { checks, close, openPage, Program, screenshot, startServer, step } from './support.mjs';

if (spawnSync('redis-server', ['--version']).status !== 0) {
  console.log('machines: redis-server is missing (apt-get install redis-server): left out');
  await close();
  process.exit(0);
}

const freePort = () => new Promise((resolve) => {
  const taken = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = taken.address();
    taken.close(() => resolve(port));
  });
});
const folder = mkdtempSync(path.join(os.tmpdir(), 'machines-'));
const redisPort = await freePort();
const redis = spawn('redis-server', ['--port', redisPort, '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
                    { stdio: 'ignore' });

const lesson = '16-many-machines';
const start = (port = 0) => startServer(lesson, '--port', String(port), '--page', 'clients/browser',
                                        '--redis', `127.0.0.1:${redisPort}`);
const line = (page, text) => page.locator('#messages li', { hasText: text }).first().waitFor();
const lines = (page) => page.locator('#messages li').allTextContents();
async function say(page, text) {
  await page.keyboard.type(text);
  await page.keyboard.press('Enter');
}

try {
  let { server: first, port } = await start();
  const { port: secondPort } = await start();
  const ada = await openPage(port, '/', { viewport: { width: 1000, height: 640 } });
  await ada.keyboard.type('ada');
  await ada.keyboard.press('Enter');
  await ada.locator('#status.open').waitFor();
  const bob = new Program(lesson, 'client', `ws://localhost:${secondPort}/ws`, '--user', 'bob');
  await bob.expect(/In lobby/);
  await say(ada, 'from the first server');
  await bob.expect('ada: from the first server');
  bob.child.stdin.write('from the second\n');
  await line(ada, 'bob: from the second');
  step('a message crosses from server to server, both ways');

  first.child.kill('SIGKILL');
  await ada.locator('#status.lost').waitFor();
  for (const text of ['one while you were away', 'two while you were away']) {
    bob.child.stdin.write(text + '\n');
    await bob.expect(`bob: ${text}`);
  }
  ({ server: first } = await start(port));
  await ada.locator('#status.open').waitFor();
  await line(ada, 'bob: two while you were away');
  await say(ada, 'back again');
  await bob.expect('ada: back again');
  await line(ada, 'ada: back again');
  const said = (await lines(ada)).map((text) => text.replace(/^\[\d\d:\d\d\] /, ''))
    .filter((text) => /^(ada|bob): /.test(text));
  assert.deepEqual(said, ['ada: from the first server', 'bob: from the second',
                          'bob: one while you were away', 'bob: two while you were away', 'ada: back again']);
  await screenshot(ada, 'machines');
  step('a page whose server was killed has every message once and in order');

  redis.kill('SIGSTOP');
  await line(ada, 'store is away');
  redis.kill('SIGCONT');
  await line(ada, 'store is back');
  await say(ada, 'heard again');
  await bob.expect('ada: heard again');
  step('while Redis stands still the page says so, and when it goes on, too');
  assert.deepEqual(ada.problems, []);
  console.log(`machines: ${checks.length} passed`);
} finally {
  await close();
  redis.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
