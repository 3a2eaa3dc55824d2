// The course as a book (`make book`), read from the disk in a real browser: every page and every link,
// from the contents to the last page, in both colours, on a phone and on paper.
// Run by `make e2e`.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { accessibilityFaults, checks, close, openPage, overflow, screenshot, step } from './support.mjs';

const folder = path.resolve(process.env.BUILD, 'book');
const files = readdirSync(folder).filter((name) => name.endsWith('.html'));
const lessons = readdirSync('lessons').filter((name) => /^\d\d-/.test(name));
const address = (name) => new URL(name, pathToFileURL(folder + path.sep)).href;

// A browser's page that goes from one of the book's to the next, and has nothing to say.
async function reader(options) {
  const page = await openPage(0, address('index.html'), options);
  page.on('console', (message) => page.problems.push(`${message.type()}: ${message.text()}`));
  page.turn = (name) => page.goto(address(name));
  page.done = async () => {
    assert.deepEqual(page.problems, []);
    await page.context().close();
  };
  return page;
}

// Presses a link, and is there when the page is.
async function follow(page, link) {
  const target = await link.evaluate(({ href }) => href);
  await link.click();
  await page.waitForURL((url) => url.href.startsWith(target));
}

// --- whole ------------------------------------------------------------------------------------------

async function everyLink() {
  const page = await reader({ viewport: { width: 360, height: 740 }, isMobile: true });
  // The measure itself: a page that is too wide is seen, also on a phone.
  await page.evaluate(() => document.body.insertAdjacentHTML('beforeend', '<div style="width:700px">wide</div>'));
  assert(await overflow(page) > 300);
  const ids = {}, links = {}, wide = [], moved = [];
  for (const name of files) {
    await page.turn(name);
    if (await overflow(page) !== 0) wide.push(name);
    // A table has a frame to be moved in; on a phone of today's width all of it is to be seen.
    await page.setViewportSize({ width: 390, height: 844 });
    if (await overflow(page) !== 0) wide.push(`${name} at 390`);
    moved.push(...await page.locator('.table').evaluateAll((frames, name) => frames
      .filter((frame) => frame.scrollWidth > frame.clientWidth)
      .map((frame) => `${name}: ${frame.innerText.slice(0, 40)}`), name));
    await page.setViewportSize({ width: 360, height: 740 });
    [ids[name], links[name]] = await page.evaluate(() => [
      [...document.querySelectorAll('[id]')].map(({ id }) => id),
      [...document.querySelectorAll('a[href], link[href], img[src]')]
        .map((node) => node.getAttribute('href') ?? node.getAttribute('src')),
    ]);
  }
  assert.deepEqual(wide, [], 'wider than a phone of 360 pixels');
  assert.deepEqual(moved, [], 'a table is cut off at 390 pixels');
  const dead = [];
  let count = 0;
  for (const [name, all] of Object.entries(links)) {
    for (const link of all.filter((target) => !/^(https?|data):/.test(target))) {
      const [file, anchor] = link.split('#');
      const there = ids[file || name];
      const known = there ? anchor === undefined || there.includes(anchor) : existsSync(path.join(folder, file));
      if (!known) dead.push(`${name}: ${link}`);
      ++count;
    }
  }
  assert.deepEqual(dead, []);
  assert(count > 2000, `only ${count} links`);
  await page.done();
  step(`${files.length} pages, ${count} links: each leads to a page and an anchor that are there, none is too wide`);
}

async function fromTheFirstToTheLast() {
  const page = await reader();
  const seen = ['index.html'];
  const next = page.locator('footer a[rel=next]'), previous = page.locator('footer a[rel=prev]');
  while (await next.count()) {
    await follow(page, next);
    seen.push(path.basename(new URL(page.url()).pathname));
  }
  assert.equal(new Set(seen).size, seen.length);
  for (const lesson of lessons)
    for (const part of ['', '-server.cpp', '-client.cpp', '-exercises', '-hints'])
      assert(seen.includes(`${lesson}${part}.html`), `${lesson}${part} is never come by`);
  for (let at = seen.length - 1; at > 0; --at) {
    await follow(page, previous);
    assert.equal(path.basename(new URL(page.url()).pathname), seen[at - 1]);
  }
  await page.done();
  step(`from the contents through ${lessons.length} lessons to the last page, and back`);
}

function nothingOfTheTeacher() {
  const answers = lessons.flatMap((lesson) => ['teacher', 'starter', 'mutants'].map((part) => `${lesson}-${part}.html`));
  assert.deepEqual(files.filter((name) => answers.includes(name)), []);
  step('no plan, no wrong solution and no answer that is the teacher\'s');
}

// --- what is special ----------------------------------------------------------------------------------

async function frames() {
  const page = await reader();
  let count = 0;
  for (const name of files.filter((file) => /^\d\d-.*(wire\.txt|[a-z])\.html$/.test(file))) {
    await page.turn(name);
    const links = await page.locator('pre a.wire').evaluateAll((nodes) =>
      nodes.map((node) => [node.textContent, new URL(node.href).hash]));
    for (const [words, hash] of links) {
      const shown = words.match(/^[0-9A-F ]+(?=  | …)/)[0].replaceAll(' ', '');
      assert(hash.startsWith(`#hex=${shown}`), `${name}: "${words}" leads to ${hash}`);
      ++count;
    }
  }
  assert(count > 60, `only ${count} frames`);

  await page.turn('05-frames-wire.txt.html');
  await follow(page, page.locator('a.wire', { hasText: 'masked len=5 "Hello"' }));
  assert.equal(await page.locator('#hex').inputValue(), '81 85 37 FA 21 3D 7F 9F 4D 51 58');
  assert.match(await page.locator('#verdict').textContent(), /^✓ A server accepts this/);
  await page.goBack();
  await follow(page, page.locator('a.wire', { hasText: 'TEXT FIN len=5 "Hello"' }));
  assert.equal(await page.locator('#hex').inputValue(), '81 05 48 65 6C 6C 6F');
  assert.match(await page.locator('#verdict').textContent(), /^✓ A client accepts this/);
  // A row of a table of what a client sends: the client's, although it is not masked.
  await page.turn('05-frames.html');
  await follow(page, page.locator('td a.wire', { hasText: '81 05 48 65' }));
  assert.match(await page.locator('#verdict').textContent(), /a frame from a client must be masked/);
  // One of which the payload never comes, and two in one write.
  await page.goBack();
  await follow(page, page.locator('td a.wire', { hasText: '81 ff 80' }));
  assert.match(await page.locator('#verdict').textContent(), /the most significant bit/);
  await page.turn('06-native-echo.html');
  await follow(page, page.locator('td a.wire', { hasText: '01 83' }));
  assert.equal(await page.locator('#hex').inputValue(), '01 83 00 00 00 00 48 65 6C 80 82 00 00 00 00 6C 6F');
  await page.done();
  step(`${count} lines of traces lead to the frame lab, each to its own bytes`);
}

async function anchors() {
  const page = await reader();
  await page.turn('05-frames.html#pitfall-126-and-127');
  assert(await page.locator('.pitfall:target').isVisible());
  await page.turn('pitfalls.html');
  assert(await page.locator('main li').count() > 40);
  await page.turn('rfc.html#rfc6455-5.4');
  assert.match(await page.locator(':target').textContent(), /^§5\.4 Fragmentation/);
  await follow(page, page.locator('h3:target + ul a', { hasText: 'Lesson 8' }).first());
  assert.match(page.url(), /08-messages\.html#rfc6455-5\.4/);
  assert.match(await page.locator(':target').textContent(), /§5\.4/);
  await follow(page, page.locator(':target'));
  assert.match(page.url(), /rfc\.html#rfc6455-5\.4$/);
  // The same number in another RFC is another section.
  assert.equal(await page.locator('#rfc7692-7\\.2\\.1').count(), 1);
  await page.done();
  step('pitfalls and sections of RFCs have addresses of their own, and the index leads there and back');
}

async function hints() {
  const page = await reader();
  await page.turn('05-frames-exercises.html');
  await follow(page, page.locator('#exercise-3 + p a'));
  assert.match(page.url(), /05-frames-hints\.html#exercise-3$/);
  const hint = page.locator('#exercise-3 ~ details').first();
  const words = hint.locator('p').first();
  assert.equal(await page.locator('details[open]').count(), 0);
  assert(!await words.isVisible());
  await hint.locator('summary').click();
  assert(await words.isVisible());
  assert.equal(await page.locator('details[open]').count(), 1);
  await page.done();
  step('an exercise leads to its hints; each is folded until it is asked for');
}

async function pictures() {
  const page = await reader();
  for (const name of ['course', '03-byte-stream', '05-frames', '06-native-echo', '11-event-loop']) {
    await page.turn(`${name}.html`);
    const figure = page.locator('figure').first();
    assert((await figure.locator('svg[role=img]').getAttribute('aria-label')).length > 50);
    // All its words are within it.
    assert.deepEqual(await figure.locator('svg').evaluate((svg) => {
      const whole = svg.getBoundingClientRect();
      return [...svg.querySelectorAll('text')].filter((text) => {
        const { left, right, bottom } = text.getBoundingClientRect();
        return left < whole.left || right > whole.right || bottom > whole.bottom;
      }).map((text) => text.textContent);
    }), [], name);
    const letters = figure.locator('pre');
    assert(!await letters.isVisible());
    await figure.locator('summary').click();
    assert(await letters.isVisible());
  }
  await page.done();
  step('pictures are drawn, and their letters are beside them');
}

// --- looks ----------------------------------------------------------------------------------------------

const looked = ['index.html', 'course.html', 'rfc.html', 'pitfalls.html', 'src.html', '05-frames-server.cpp.html',
  '05-frames-hints.html', '05-frames-exercises.html', '05-frames-wire.txt.html', '10-trust-nobody-nginx.conf.html',
  ...lessons.map((lesson) => `${lesson}.html`)];

async function looks() {
  for (const colorScheme of ['light', 'dark']) {
    const page = await reader({ viewport: { width: 1280, height: 900 }, colorScheme });
    for (const name of looked) {
      await page.turn(name);
      assert.deepEqual(await accessibilityFaults(page), [], `${name}, ${colorScheme}`);
      await screenshot(page, `book-${colorScheme}-${path.basename(name, '.html')}`);
    }
    await page.done();
  }
  step(`${looked.length} pages in both colours: everything has a name and contrast`);
}

async function onPaper() {
  const page = await reader({ viewport: { width: 700, height: 990 } });
  await page.emulateMedia({ media: 'print' });
  for (const name of ['05-frames.html', '01-tcp-echo-server.cpp.html']) {
    await page.turn(name);
    assert.equal(await overflow(page), 0);
    // What cannot be scrolled is wrapped, and what leads elsewhere is left out.
    assert.deepEqual(await page.locator('pre').evaluateAll((nodes) =>
      nodes.filter((node) => node.scrollWidth > node.clientWidth).map((node) => node.textContent.slice(0, 60))), []);
    assert(!await page.locator('header').isVisible());
    assert(!await page.locator('footer').isVisible());
  }
  await page.done();
  step('on paper: long lines are wrapped, navigation is left out');
}

try {
  nothingOfTheTeacher();
  await everyLink();
  await fromTheFirstToTheLast();
  await frames();
  await anchors();
  await hints();
  await pictures();
  await looks();
  await onPaper();
  console.log(`the book: ${checks.length} checks passed`);
} finally {
  await close();
}
