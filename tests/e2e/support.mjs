// What the tests in a real browser share: our programs, Chromium, and pages that are watched: an
// error in the console, a dialog, or a request to anywhere else is a problem. `make e2e` sets BUILD
// (where the programs are) and PLAYWRIGHT (where playwright-core was installed). Screenshots are
// left in BUILD/e2e.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const build = process.env.BUILD;
const packages = createRequire(path.resolve(process.env.PLAYWRIGHT) + '/');
const { chromium } = packages('playwright-core');
const axe = readFileSync(packages.resolve('axe-core/axe.min.js'), 'utf8');
const pictures = path.join(build, 'e2e');
mkdirSync(pictures, { recursive: true });

export const patience = 20_000; // milliseconds that anything may take

const programs = new Set();

// A lesson's program, whose output can be waited for.
export class Program {
  constructor(lesson, name, ...args) {
    this.output = '';
    this.child = spawn(path.join(build, 'lessons', lesson, name), args);
    programs.add(this);
    const add = (data) => { this.output += data; this.heard?.(); };
    this.child.stdout.on('data', add);
    this.child.stderr.on('data', add);
    this.ended = new Promise((resolve) => this.child.on('exit', (status) => resolve(status)));
  }
  async expect(pattern) {
    const late = Date.now() + patience;
    for (;;) {
      const match = this.output.match(pattern);
      if (match) return match;
      assert(Date.now() < late, `never came: ${pattern}\n${this.output}`);
      await new Promise((resolve) => { this.heard = resolve; setTimeout(resolve, 200); });
    }
  }
  async stop() {
    this.child.kill('SIGINT');
    assert.equal(await this.ended, 0, this.output);
    programs.delete(this);
  }
}

export async function startServer(lesson, ...args) {
  const server = new Program(lesson, 'server', ...args);
  const [, real] = await server.expect(/localhost:(\d+)/);
  return { server, port: Number(real) };
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
});

// A page in a context of its own. `port` 0: `url` is a whole one.
export async function openPage(port, url, options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  page.problems = [];
  page.on('console', (message) => {
    // That a server is gone for a while is what some tests are about.
    if (message.type() === 'error' && !/ERR_CONNECTION_REFUSED/.test(message.text()))
      page.problems.push(message.text());
  });
  page.on('pageerror', (error) => page.problems.push(String(error)));
  page.on('request', (request) => {
    const { host } = new URL(request.url());
    if (host && host !== `localhost:${port}`) page.problems.push(`asked ${request.url()}`);
  });
  page.on('dialog', (dialog) => { page.problems.push('a dialog'); dialog.dismiss(); });
  await page.goto(port === 0 ? url : `http://localhost:${port}${url}`);
  return page;
}

export const screenshot = (page, name, options = {}) =>
  page.screenshot({ path: path.join(pictures, `${name}.png`), ...options });

export const checks = [];
export const step = (what) => { checks.push(what); console.log(`  ${what}`); };

export async function close() {
  for (const program of programs) program.child.kill('SIGKILL');
  await browser.close();
}

// Faults that keep people with a keyboard or a screen reader out: fields and buttons without a
// name, one id twice, no language, no heading, images without a text, a contrast below 4.5.
// And all that axe finds by the WCAG's rules and its own.
export const accessibilityFaults = async (page) => [...await ownFaults(page), ...await axeFaults(page)];

async function axeFaults(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run({ preload: false }));
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `axe, ${id}: ${html.slice(0, 100)}`));
}

const ownFaults = (page) => page.evaluate(() => {
  const faults = [];
  const visible = (node) => node.checkVisibility();
  const name = (node) => node.getAttribute('aria-label') || node.textContent.trim() ||
    [...(node.labels ?? [])].map((label) => label.textContent.trim()).join(' ');
  for (const node of document.querySelectorAll('button, a[href], input, select, textarea, [role=group]'))
    if (visible(node) && !name(node)) faults.push(`no name: ${node.outerHTML.slice(0, 80)}`);
  const ids = [...document.querySelectorAll('[id]')].map((node) => node.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push(`id twice: ${id}`);
  for (const attribute of ['aria-labelledby', 'aria-describedby'])
    for (const node of document.querySelectorAll(`[${attribute}]`))
      if (!document.getElementById(node.getAttribute(attribute))) faults.push(`${attribute} to nowhere`);
  if (!document.documentElement.lang) faults.push('no language');
  if (document.querySelectorAll('h1').length !== 1) faults.push('not one h1');
  if (!document.querySelector('main')) faults.push('no main');

  const channels = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((value) => value / 255)
    .map((value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
  const backOf = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const color = channels(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  for (const node of document.querySelectorAll('body *')) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || !visible(node) || node.disabled || ['NOSCRIPT', 'OPTION'].includes(node.tagName)) continue;
    const [a, b] = [luminance(channels(getComputedStyle(node).color)), luminance(backOf(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faults.push(`contrast ${ratio.toFixed(1)}: ${node.outerHTML.slice(0, 80)}`);
  }
  return [...new Set(faults)];
});

// How far the page is wider than its window. (On a phone `innerWidth` grows with a page that is too wide.)
export const overflow = (page) =>
  page.evaluate((width) => document.documentElement.scrollWidth - width, page.viewportSize().width);
