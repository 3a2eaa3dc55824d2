// A program that runs beside us, and whose output can be waited for: never by the clock, always
// for words. For the drivers in this folder.
import { spawn } from 'node:child_process';

export const patience = 20_000; // milliseconds that anything may take

// Waits until `look()` returns something; it is asked again whenever what was subscribed is called.
// `what()` names it.
export async function wait_for(what, look, subscribe) {
  const late = Date.now() + patience;
  for (;;) {
    const found = look();
    if (found) return found;
    if (Date.now() > late) throw new Error(`never came: ${what()}`);
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(1, late - Date.now()));
      subscribe(() => { clearTimeout(timer); resolve(); });
    });
  }
}

export class Program {
  constructor(file, args = [], options = {}) {
    this.output = ''; // what it printed, on both of its outputs
    this.stdout = this.stderr = '';
    this.lines = { stdout: [], stderr: [] }; // the whole ones, for whoever takes them out
    // The beginning of the next line, in pieces: a long one is put together once.
    this.begun = { stdout: [], stderr: [] };
    this.name = file.split('/').pop();
    this.child = spawn(file, args.map(String), { stdio: ['pipe', 'pipe', 'pipe'], ...options });
    this.child.stdin.on('error', () => {}); // it has ended; its exit status tells
    for (const name of ['stdout', 'stderr']) {
      this.child[name].setEncoding('utf8');
      this.child[name].on('data', (data) => {
        this.output += data;
        this[name] += data;
        const [rest, ...others] = data.split('\n');
        this.begun[name].push(rest);
        for (const next of others) {
          this.lines[name].push(this.begun[name].join(''));
          this.begun[name] = [next];
        }
        this.heard?.();
      });
    }
    this.ended = new Promise((resolve) => {
      this.child.on('close', (status, signal) => {
        this.status = status ?? signal;
        this.heard?.();
        resolve(this.status);
      });
      this.child.on('error', (error) => {
        this.status = error.message;
        this.heard?.();
        resolve();
      });
    });
  }

  // The match of `pattern` in what was printed from `from` on.
  until(pattern, from = 0) {
    return wait_for(() => `${pattern} from ${this.name}, which said: ${this.tail()}`, () => {
      const match = this.output.slice(from).match(pattern);
      if (!match && this.status !== undefined)
        throw new Error(`${this.name} ended (${this.status}) and said: ${this.tail()}`);
      return match;
    }, (callback) => { this.heard = callback; });
  }

  tail() {
    return JSON.stringify(this.output.slice(-300));
  }

  write(line) {
    this.child.stdin.write(line + '\n');
  }

  async stop(signal = 'SIGTERM') {
    if (this.status === undefined) this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 8000);
    await this.ended;
    clearTimeout(timer);
  }
}
