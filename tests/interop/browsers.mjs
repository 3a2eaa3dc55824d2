// Chromium and Firefox as clients of `make interop`, each through its own remote protocol:
// the Chrome DevTools Protocol, and WebDriver BiDi. Both speak it over a WebSocket, for which
// npm's ws is used. Leaves out: all that Playwright does beyond opening a page and asking it.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

import { Program } from './program.mjs';

const here = path.dirname(new URL(import.meta.url).pathname);
const page_script = readFileSync(path.join(here, 'peers/page.js'), 'utf8');

// Numbered requests, and answers by their number; both protocols are alike in that.
class Remote {
  constructor(socket) {
    this.socket = socket;
    this.waiting = new Map();
    this.last = 0;
    socket.on('message', (data) => {
      const answer = JSON.parse(data);
      this.waiting.get(answer.id)?.(answer);
      this.waiting.delete(answer.id);
    });
  }

  static async open(modules, url) {
    const { WebSocket } = createRequire(path.resolve(modules) + '/')('ws');
    const socket = new WebSocket(url, { maxPayload: 1 << 26 });
    await new Promise((resolve, reject) => {
      socket.on('open', resolve);
      socket.on('error', reject);
    });
    return new Remote(socket);
  }

  async call(method, params = {}, more = {}) {
    const id = ++this.last;
    this.socket.send(JSON.stringify({ id, method, params, ...more }));
    const answer = await new Promise((resolve) => this.waiting.set(id, resolve));
    if (answer.error) throw new Error(`${method}: ${answer.message ?? answer.error.message}`);
    return answer.result;
  }
}

class Browser {
  async start(file, modules) {
    try {
      await this.begin(file, modules);
    } catch (error) {
      await this.quit();
      throw error;
    }
    return this;
  }

  async launch(file, args, listening) {
    this.profile = mkdtempSync(path.join(os.tmpdir(), 'interop-'));
    this.program = new Program(file, args(this.profile),
                               { env: { ...process.env, HOME: this.profile } });
    return (await this.program.until(listening))[1];
  }

  // The page comes from the server under test: a page from elsewhere would be refused.
  async send(command) {
    if (command.do === 'connect') {
      await this.navigate(command.url.replace(/^ws:/, 'http:').replace(/(\d)\/.*/, '$1/'));
      await this.evaluate(page_script + '; "ready"');
    }
    await this.evaluate(`peer.obey(${JSON.stringify(command)}); "done"`);
  }

  async next() {
    return JSON.parse(await this.evaluate('peer.next()'));
  }

  // A browser lives for all cells; `quit` ends it.
  async stop() {}

  async quit() {
    this.remote?.socket.terminate();
    await this.program?.stop();
    // Its children may still write into the profile.
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

export class Chromium extends Browser {
  async begin(file, modules) {
    const url = await this.launch(file, (profile) => [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
      '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank',
    ], /DevTools listening on (ws:\S+)/);
    this.remote = await Remote.open(modules, url);
    const { targetId } = await this.remote.call('Target.createTarget', { url: 'about:blank' });
    const target = { targetId, flatten: true };
    const { sessionId } = await this.remote.call('Target.attachToTarget', target);
    this.page = { sessionId };
    await this.remote.call('Page.enable', {}, this.page);
  }

  async navigate(url) {
    const { errorText } = await this.remote.call('Page.navigate', { url }, this.page);
    if (errorText) throw new Error(`Chromium: ${url}: ${errorText}`);
    // The answer comes when the navigation is decided on; the document may follow.
    const { origin } = new URL(url);
    while ((await this.evaluate('document.readyState + location.origin')) !== 'complete' + origin);
  }

  async evaluate(expression) {
    const { result, exceptionDetails } = await this.remote.call('Runtime.evaluate', {
      expression, awaitPromise: true, returnByValue: true,
    }, this.page);
    if (exceptionDetails) throw new Error(exceptionDetails.exception.description);
    return result.value;
  }
}

export class Firefox extends Browser {
  async begin(file, modules) {
    const url = await this.launch(file, (profile) => [
      '--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0',
    ], /WebDriver BiDi listening on (ws:\S+)/);
    this.remote = await Remote.open(modules, url + '/session');
    await this.remote.call('session.new', { capabilities: {} });
    const { contexts } = await this.remote.call('browsingContext.getTree');
    this.context = contexts[0].context;
  }

  async navigate(url) {
    await this.remote.call('browsingContext.navigate',
                           { context: this.context, url, wait: 'complete' });
  }

  async evaluate(expression) {
    const answer = await this.remote.call('script.evaluate', {
      expression, target: { context: this.context }, awaitPromise: true,
    });
    if (answer.type !== 'success') throw new Error(answer.exceptionDetails.text);
    return answer.result.value;
  }
}
