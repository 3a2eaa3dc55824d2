// The frame lab and the echo page in a real browser: every control once, from the disk and from the
// servers of the lessons, by mouse and by keyboard alone, in both colours and on a phone.
// Run by `make e2e`.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { accessibilityFaults, checks, close, openPage, overflow, screenshot, startServer, step }
  from './support.mjs';

const desktop = { viewport: { width: 1280, height: 900 } };
const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };
const fromDisk = pathToFileURL('clients/browser/lab.html').href;
const pages = [];
const open = async (...args) => {
  const page = await openPage(...args);
  pages.push(page);
  return page;
};

const value = (page, id) => page.locator(`#${id}`).inputValue();
const text = (page, selector) => page.locator(selector).textContent();
const bit = (page, byte, number) =>
  page.locator(`.bit[data-byte="${byte}"][data-bit="${number}"]`);
const fieldText = (page, name) => page.locator('.fields > div', { has: page.locator('dt', { hasText: name }) })
  .first().locator('dd').allTextContents();

async function checkPage(page, name) {
  assert.equal(await overflow(page), 0, `${name}: wider than its window`);
  assert.deepEqual(await accessibilityFaults(page), [], name);
}

// --- from the disk ------------------------------------------------------------------------------

// A link leads to the same bytes, and what is no hex takes the old verdict away.
async function linksAndVerdicts() {
  const page = await open(0, `${fromDisk}#hex=810568656C6C6F&from=server`, desktop);
  assert.equal(await value(page, 'hex'), '81 05 68 65 6C 6C 6F');
  assert.match(await text(page, '#verdict'), /^✓ A client accepts this/);
  await page.locator('#hex').fill('89 00');
  await page.waitForURL(/#hex=8900&from=server$/);
  await page.locator('#hex').fill('no hex');
  assert.equal(await text(page, '#verdict'), '');
  assert.equal(await text(page, '#explained'), '');
  const other = await open(0, page.url(), desktop);
  assert.equal(await value(other, 'hex'), '89 00');
  step('a link leads to the same bytes; what is no hex has no verdict');
}

// What people paste: dumps with the packets' headers and HTTP heads, a head as text.
async function takesDumps() {
  const page = await open(0, fromDisk, desktop);
  const cases = readFileSync('tests/vectors/dumps.txt', 'utf8').split('\ncase ').slice(1);
  const dump = (name) => cases.find((text) => text.startsWith(name)).split('\n')
    .filter((line) => line.startsWith('|')).map((line) => line.slice(2)).join('\n');
  await page.locator('#hex').fill(dump('xxd'));
  assert.match(await text(page, '#hex-state'), /^9 bytes, 2 frames$/);
  assert(!await page.locator('#head').isVisible());
  await page.locator('#hex').fill(dump('tcpdump -X, both directions'));
  assert.match(await text(page, '#head'), /^GET \/ws HTTP\/1\.1\r\nHost: localhost:8080/);
  assert(await page.locator('input[value=client]').isChecked());
  assert.match(await text(page, '#verdict'), /^✓ A server accepts this/);
  assert.deepEqual(await page.locator('#stream option').allTextContents(),
    ['127.0.0.1:40000 to 127.0.0.1:8080', '127.0.0.1:8080 to 127.0.0.1:40000']);
  await checkPage(page, 'a dump');
  await screenshot(page, 'lab-dump');
  await page.locator('#stream').selectOption('1');
  assert.match(await text(page, '#head'), /^HTTP\/1\.1 101 Switching Protocols/);
  assert(await page.locator('input[value=server]').isChecked());
  assert.match(await text(page, '#verdict'), /^✓ A client accepts this/);
  await bit(page, 0, 4).click();  // from here on they are bytes of one's own
  assert(!await page.locator('#stream').isVisible());
  assert(!await page.locator('#head').isVisible());
  await page.locator('#hex').fill('HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\n\n81 02 68 69');
  assert.match(await text(page, '#head'), /^HTTP\/1\.1 101 Switching Protocols\r\nUpgrade: websocket$/);
  assert.match(await text(page, '.summary'), /"hi"/);
  step('a pasted dump shows its directions, their HTTP heads and frames');
}

async function makesFrames() {
  const page = await open(0, fromDisk, desktop);
  assert(await page.locator('#offline').isVisible());
  assert(!await page.locator('#online').isVisible());
  assert.match(await value(page, 'hex'), /^81 85( [0-9A-F]{2}){9}$/);
  assert.match(await text(page, '#verdict'), /^✓ A server accepts this/);
  await page.locator('#key').fill('37 fa 21 3d');
  assert.equal(await value(page, 'hex'), '81 85 37 FA 21 3D 7F 9F 4D 51 58');
  assert.deepEqual(await fieldText(page, 'masking key'),
                   ['37 FA 21 3D', 'payload byte i was XORed with key byte i mod 4 (§5.3)']);
  assert.equal(await text(page, 'tbody tr:first-child'), '67F0111111137' + '48' + 'H');
  step('from the disk: a typed message becomes the bytes of §5.7, field by field');

  await page.locator('#key').fill('37 fa');
  assert.match(await text(page, '#make-error'), /four bytes/);
  await page.locator('#new-key').click();
  assert.equal(await text(page, '#make-error'), '');
  assert.equal((await value(page, 'key')).length, 11);
  await page.locator('#size').fill('2');
  assert.equal(await page.locator('.frame').count(), 3);
  assert.match(await text(page, '#hex-state'), /^23 bytes, 3 frames$/);
  await page.locator('input[value=server]').check();
  assert.equal(await value(page, 'hex'), '01 02 48 65 00 02 6C 6C 80 01 6F');
  assert(!await page.locator('#key').isVisible());
  step('fragments of two bytes; a server masks none of them');

  await page.locator('#size').fill('');
  await page.locator('#add').click();
  await page.locator('#opcode').selectOption('9');
  await page.locator('#message').fill('are you there?');
  assert.equal(await page.locator('.frame').count(), 2);
  await page.locator('#add').click();
  await page.locator('#opcode').selectOption('8');
  await page.locator('#message').fill('bye');
  assert((await value(page, 'hex')).endsWith('88 05 03 E8 62 79 65'));
  assert.match(await text(page, '.frame:nth-child(3) caption'), /Close code 1000, reason "bye"/);
  await page.locator('#code').fill('1005');
  assert.match(await text(page, '#verdict'), /^✗ Frame 3 breaks RFC 6455 §7\.4: this close code must not be sent\. The client answers Close 1002\.$/);
  await page.locator('#code').fill('');
  assert.match(await text(page, '#make-error'), /a reason needs a code/);
  await page.locator('#clear').click();
  await page.locator('#opcode').selectOption('2');
  await page.locator('#message').fill('00 ff 1');
  assert.match(await text(page, '#make-error'), /two hex digits/);
  await page.locator('#message').fill('00 ff 10');
  assert.equal(await value(page, 'hex'), '82 03 00 FF 10');
  step('several frames in a row: text, ping, close with code and reason, binary from hex');
  return page;
}

async function breaksRules() {
  const page = await open(0, fromDisk, desktop);
  await page.locator('#hex').fill('81 05 48 65 6c 6c 6f');
  assert.match(await text(page, '#verdict'), /§5\.1: a frame from a client must be masked/);
  await page.locator('input[value=server]').check();
  assert.equal(await value(page, 'hex'), '81 05 48 65 6c 6c 6f'); // judged anew, and not made anew
  assert.match(await text(page, '#verdict'), /^✓ A client accepts this/);
  for (const [byte, number, rule] of [
    [0, 1, /§5\.2: a reserved bit is set, and no extension/],
    [0, 6, /§5\.2: the opcode is reserved/],
    [1, 0, /§5\.1: a frame from a server must not be masked/],
    [2, 0, /§8\.1: a text message is not valid UTF-8\. The client answers Close 1007/],
  ]) {
    await bit(page, byte, number).click();
    assert.match(await text(page, '#verdict'), rule);
    assert.match(await text(page, '.judged .broken'), rule.source.includes('1007') ? /1007/ : rule);
    await bit(page, byte, number).click();
    assert.match(await text(page, '#verdict'), /^✓/);
  }
  assert.equal(await value(page, 'hex'), '81 05 48 65 6C 6C 6F');
  await bit(page, 1, 5).click(); // length 5 becomes 1
  assert.match(await text(page, '#hex-state'), /2 frames/);
  await page.locator('#hex').fill('81 05 4');
  assert.match(await text(page, '#hex-state'), /two hex digits/);
  await page.locator('#hex').fill('0x81, 0x05, 0x48');
  assert.match(await text(page, '#verdict'), /^… Frame 1 is incomplete: 4 more bytes of the payload are missing/);
  step('each bit that is changed names the rule that it breaks, and back');

  const names = await page.locator('#example option').allTextContents();
  for (const name of names.slice(1)) {
    await page.locator('#example').selectOption(name);
    const expected = name.startsWith('wrong') ? /^✗/ : name.startsWith('incomplete') ? /^…/ : /^✓/;
    assert.match(await text(page, '#verdict'), expected, name);
  }
  await page.locator('#example').selectOption(names.find((name) => name.includes('256')));
  assert.equal(await page.locator('tbody tr').count(), 16);
  await page.locator('.more').click();
  assert.equal(await page.locator('tbody tr').count(), 16 + 128);
  await page.locator('#hex').fill('8900'.repeat(30));
  assert.equal(await page.locator('.frame').count(), 12);
  await page.locator('#explained > .more').click();
  assert.equal(await page.locator('.frame').count(), 24);
  step('examples are what their names say; long payloads and rows of frames are cut, and go on');
}

// --- by keyboard alone ----------------------------------------------------------------------------

async function byKeyboard() {
  const page = await open(0, fromDisk, desktop);
  const focused = () => page.evaluate(() => {
    const { id, dataset, className } = document.activeElement;
    return id || (dataset.bit ? `bit ${dataset.byte}.${dataset.bit}` : className);
  });
  const tabTo = async (wanted) => {
    for (let i = 0; i < 40; ++i) {
      if (await focused() === wanted) return;
      await page.keyboard.press('Tab');
      const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
      assert(outline !== 'none' || await focused() === '', `no outline on ${await focused()}`);
    }
    assert.fail(`the Tab key never came to ${wanted}`);
  };
  await tabTo('message');
  await page.keyboard.press('Control+A');
  await page.keyboard.type('Hi');
  await tabTo('key');
  await page.keyboard.type('00000000');
  assert.equal(await value(page, 'hex'), '81 82 00 00 00 00 48 69');
  await tabTo('bit 0.0');
  await page.keyboard.press('ArrowRight');
  assert.equal(await focused(), 'bit 0.1');
  await page.keyboard.press('Space');
  assert.equal(await value(page, 'hex'), 'C1 82 00 00 00 00 48 69');
  assert.equal(await focused(), 'bit 0.1');
  assert.equal(await bit(page, 0, 1).getAttribute('aria-pressed'), 'true');
  assert.match(await text(page, '#verdict'), /a reserved bit/);
  await page.keyboard.press('Enter');
  await page.keyboard.press('ArrowDown');
  assert.equal(await focused(), 'bit 1.1');
  await page.keyboard.press('End');
  assert.equal(await focused(), 'bit 5.7');
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'bit 6.0');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Space'); // 48 "H" becomes 68 "h"
  assert.equal(await value(page, 'hex'), '81 82 00 00 00 00 68 69');
  await page.keyboard.press('Shift+Tab');
  assert.equal(await focused(), 'bit 0.0');
  step('by keyboard alone: typing, a key, bits with arrows and space; the focus is always seen');
}

async function looks() {
  for (const [name, options] of [['light', desktop], ['dark', { ...desktop, colorScheme: 'dark' }],
                                 ['phone', phone], ['phone-dark', { ...phone, colorScheme: 'dark' }]]) {
    const page = await open(0, fromDisk, options);
    await page.locator('#key').fill('37 fa 21 3d');
    await checkPage(page, name);
    await screenshot(page, `lab-${name}`, { fullPage: true });
    await page.locator('#hex').fill('41 fe 00 0a 37 fa 21 3d 7f 9f 4d 51 58 37 fa 21 3d ff 89 80 00 00 00 00 81 fe 01');
    await checkPage(page, `${name}, broken`);
    await screenshot(page, `lab-${name}-broken`, { fullPage: true });
    // Long words, too.
    await page.locator('#hex').fill(`81 7f 00 00 00 00 00 01 86 a0 ${'78'.repeat(100000)}`);
    await checkPage(page, `${name}, long`);
    await page.locator('#hex').fill(`88 7e 00 7d 0f a0 ${'57'.repeat(123)}`);
    await checkPage(page, `${name}, long reason`);
    await screenshot(page, `lab-${name}-long`, { fullPage: true });
  }
  step('in both colours and on a phone: nothing overflows, everything has a name and contrast');
}

// --- live -------------------------------------------------------------------------------------------

const traced = (page, what) => page.locator('#trace li', { hasText: what }).first();

async function connect(page) {
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.locator('#status.open').waitFor();
  await traced(page, 'HTTP/1.1 101 Switching Protocols').waitFor();
}

async function live(lesson, { look = desktop, answer = (said) => `TEXT FIN len=${said.length} "${said}"`, args = [] } = {}) {
  const { server, port } = await startServer(lesson, '--port', '0', ...args);
  const page = await open(port, '/lab', look);
  await connect(page);
  await page.keyboard.type('keystrokes');
  await page.keyboard.press('Enter');
  await traced(page, 'TEXT FIN masked len=10 "keystrokes"').waitFor();
  await traced(page, answer('keystrokes')).waitFor();
  // What was typed is on the wire, masked with a key that the browser chose.
  await traced(page, 'len=10 "keystrokes"').locator('button').click();
  const bytes = (await value(page, 'hex')).split(' ').map((byte) => parseInt(byte, 16));
  assert.equal(bytes.length, 16);
  assert.equal(String.fromCharCode(...bytes.slice(6).map((byte, i) => byte ^ bytes[2 + i % 4])), 'keystrokes');
  assert(await page.locator('input[value=client]').isChecked());
  assert.match(await text(page, '#verdict'), /^✓ A server accepts this/);
  return { server, page, port };
}

async function echoServer() {
  const { server, page } = await live('08-messages');
  await traced(page, 'TEXT FIN len=10').locator('button').click();
  assert.equal(await value(page, 'hex'), '81 0A 6B 65 79 73 74 72 6F 6B 65 73');
  assert(await page.locator('input[value=server]').isChecked());
  await page.locator('#text').fill('Grüße 👋');
  await page.locator('#send-binary').click();
  await traced(page, 'BINARY FIN masked len=12 [47 72 C3 BC C3 9F 65 20 …]').waitFor();
  await page.locator('#each-key').check();
  await page.locator('#text').focus();
  await page.keyboard.type('abc');
  for (const letter of 'abc') {
    await traced(page, `TEXT FIN masked len=1 "${letter}"`).waitFor();
    await traced(page, `TEXT FIN len=1 "${letter}"`).waitFor();
  }
  await page.locator('#each-key').uncheck();
  await page.locator('#text').fill('x'.repeat(262145));
  await page.locator('#send-text').click();
  assert.match(await text(page, '#live-error'), /at most 262144 bytes/);
  for (const length of [65536, 100_000, 131_000]) {
    await page.locator('#text').fill('x'.repeat(length));
    await page.locator('#send-text').click();
    await traced(page, `TEXT FIN len=${length}`).waitFor(); // the browser may have sent fragments
  }
  assert.equal(await text(page, '#live-error'), '');
  await traced(page, 'TEXT FIN len=100000').locator('button').click();
  assert.equal(await text(page, '#hex-state'), '100010 bytes, 1 frame');
  assert.match(await text(page, '#verdict'), /^✓ A client accepts this/);
  await page.locator('#text').fill('<b>"markup"</b>');
  await page.locator('#send-text').click();
  await traced(page, 'TEXT FIN len=15 "<b>\\"markup\\"</b>"').waitFor();
  assert.equal(await page.locator('#trace b').count(), 0);
  await screenshot(page, 'lab-live', { fullPage: true });
  await checkPage(page, 'live');

  await page.locator('#close-code').fill('1001');
  await page.locator('#close').click();
  assert.notEqual(await text(page, '#live-error'), ''); // pages may not say 1001
  await page.locator('#close-code').fill('3000');
  await page.locator('#close-reason').fill('bye');
  await page.locator('#close').click();
  await traced(page, 'CLOSE FIN masked len=5 3000 "bye"').waitFor();
  await traced(page, 'CLOSE FIN len=5 3000 "bye"').waitFor();
  await page.locator('#status', { hasText: 'closed: 3000 "bye"' }).waitFor();
  step('lesson 8: text, binary, every keystroke, 128 KB, markup as text, a Close; as the server saw them');

  await page.getByRole('button', { name: 'Connect', exact: true }).waitFor();
  await connect(page);
  await page.locator('#connect', { hasText: 'Disconnect' }).click();
  await page.locator('#status', { hasText: 'not connected' }).waitFor();
  await page.locator('#path').fill('/elsewhere');
  await page.locator('#connect').click();
  await page.locator('#status', { hasText: 'closed: 1006' }).waitFor();
  page.problems = page.problems.filter((problem) => !/Unexpected response code: 404/.test(problem));
  await page.locator('#path').fill('/ws');
  await page.getByRole('button', { name: 'Connect', exact: true }).waitFor();
  await connect(page);
  await server.stop();
  await page.locator('#status', { hasText: 'closed: 1001' }).waitFor();
  step('disconnect, a wrong path, connect again, the end of the server');
}

// The server gives a trace up that it cannot get rid of. What came of it stands there as what it is:
// the beginning of a frame.
async function traceCut() {
  const { server, port } = await startServer('08-messages', '--port', '0');
  const page = await open(port, '/lab', phone);
  let traceOf;
  await page.routeWebSocket(/lab\/trace/, (route) => {
    traceOf = route;
    route.send(Buffer.from('='));
  });
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.locator('#status.open').waitFor();
  traceOf.send(Buffer.from('>\x81\xFF\0\0\0\0\0\x01\x86\xA0\0\0\0\0' + 'x'.repeat(40), 'latin1'));
  traceOf.send(Buffer.from('<HTTP/1.1 101 Switching Protocols\r\n\r\n\x81', 'latin1'));
  await traced(page, 'HTTP/1.1 101').waitFor();
  await traceOf.close({ code: 1013, reason: 'the trace was not read fast enough' });
  const cut = traced(page, '✂ the trace ends within this frame: 99960 more bytes of the payload are missing');
  await cut.waitFor();
  await traced(page, '✂ the trace ends within this frame: 1 more byte of the first two bytes is missing').waitFor();
  assert.equal(await text(page, '#live-error'), 'The trace has ended: the trace was not read fast enough.');
  assert.equal(await text(page, '#status'), 'connected');
  await cut.locator('button').click();
  assert.match(await text(page, '#verdict'), /^… Frame 1 is incomplete: 99960 more bytes of the payload are missing/);
  await checkPage(page, 'a trace that is cut');
  await screenshot(page, 'lab-live-cut', { fullPage: true });
  await server.stop();
  step('a trace that is cut shows what it has of a frame, and says that it ends there');
}

async function everyLesson() {
  for (const [lesson, options] of [
    ['05-frames', { answer: () => 'TEXT FIN len=10 "keystrokes"' }], ['06-native-echo', { look: phone }],
    ['07-hello', { args: ['--echo'], answer: () => 'TEXT FIN len=10 "keystrokes"' }],
    ['09-keep-alive', {}], ['10-trust-nobody', {}], ['11-event-loop', { look: { ...desktop, colorScheme: 'dark' } }],
    ['12-chat', { answer: () => 'error', ended: 'closed: 1008' }], ['13-streaming', { answer: () => 'TEXT FIN len=' }],
    ['14-compression', {}],
  ]) {
    const { server, page } = await live(lesson, options);
    await checkPage(page, lesson);
    await screenshot(page, `lab-live-${lesson}`, { fullPage: true });
    if (!options.ended) await page.getByRole('button', { name: 'Disconnect' }).click();
    await page.locator('#status', { hasText: options.ended ?? 'not connected' }).waitFor();
    await server.stop();
    step(`lesson ${Number(lesson.slice(0, 2))}: the lab shows its conversation`);
  }
}

// A browser offers compression; what it and lesson 14's server send is unpacked symbol by symbol, also
// a message that refers to those before it.
async function compressed() {
  const { server, port } = await startServer('14-compression', '--port', '0', '--compress',
                                             '--compress-threshold', '0');
  const page = await open(port, '/lab', desktop);
  await connect(page);
  for (const line of ['one fish, two fish, red fish', 'one fish, two fish, blue fish']) {
    await page.locator('#text').fill(line);
    await page.locator('#send-text').click();
    for (const from of ['client', 'server'])
      await page.locator(`#trace li.${from}`, { hasText: `unpacked: ${line.length} bytes "${line}"` }).waitFor();
  }
  await page.locator('#trace li.server', { hasText: 'blue fish' }).locator('button').click();
  assert(await page.locator('#deflate').isChecked());
  assert.match(await text(page, '#verdict'), /^✓ A client accepts this/);
  assert.equal(await text(page, '.symbols caption'), 'Unpacked: 29 bytes: "one fish, two fish, blue fish"');
  const rows = await page.locator('.symbols tbody tr').allTextContents();
  assert.match(rows[1], /^[01 ]+20 bytes from 28 back: "one fish, two fish, "$/);
  assert.match(rows.at(-1), /^0 00a block, stored: 0 bytes as they are$/);
  assert.deepEqual((await fieldText(page, 'RSV1–3'))[1], 'RSV1: the message is compressed (RFC 7692 §6)');
  await checkPage(page, 'compressed, live');
  await screenshot(page, 'lab-compressed-live', { fullPage: true });
  await page.locator('#deflate').uncheck();
  assert.match(await text(page, '#verdict'), /^✗ Frame 1 breaks RFC 6455 §5\.2: a reserved bit is set/);
  await server.stop();

  for (const [name, options] of [['light', desktop], ['dark', { ...desktop, colorScheme: 'dark' }], ['phone', phone]]) {
    const from_disk = await open(0, fromDisk, options);
    const names = await from_disk.locator('#example option').allTextContents();
    await from_disk.locator('#example').selectOption(names.find((each) => each.includes('refers to it')));
    assert.equal(await from_disk.locator('.symbols').count(), 2);
    assert.match(from_disk.url(), /&from=server&deflate$/);
    await checkPage(from_disk, `compressed, ${name}`);
    await screenshot(from_disk, `lab-compressed-${name}`, { fullPage: true });
    const again = await open(0, from_disk.url(), options);
    assert.equal(await again.locator('.symbols').count(), 2);
    await bit(again, 2, 5).click(); // the block's type: 1 becomes 3
    assert.match(await text(again, '#verdict'), /^✗ Frame 1 breaks RFC 1951 §3\.2\.3: the compressed message holds a block of the reserved type 3\. The client answers Close 1007/);
  }
  step('lesson 14: compressed messages, symbol by symbol; a corrupt one names its rule');
}

// The pages ask for the path that their server has, whatever it is.
async function otherPath() {
  for (const [lesson, page] of [['08-messages', '/'], ['11-event-loop', '/lab']]) {
    const { server, port } = await startServer(lesson, '--port', '0', '--path', '/talk&"x"');
    const opened = await open(port, page, desktop);
    if (page === '/lab') await opened.locator('#connect').click();
    await opened.locator('#status.open').waitFor();
    await opened.close();
    await server.stop();
  }
  step('a server with another --path: its pages find it');
}

// --- the echo page ------------------------------------------------------------------------------------

async function echoPage() {
  const { server, port } = await startServer('08-messages', '--port', '0');
  for (const [name, options] of [['light', desktop], ['dark', { ...desktop, colorScheme: 'dark' }], ['phone', phone]]) {
    const page = await open(port, '/', options);
    await page.locator('#status.open').waitFor();
    await page.keyboard.type('hello'); // the field has the focus
    await page.keyboard.press('Enter');
    await page.locator('#messages .received', { hasText: 'hello' }).waitFor();
    await page.locator('#text').fill('<img src=x onerror=alert(1)>');
    await page.locator('#send-text').click();
    await page.locator('#messages .received', { hasText: '<img' }).waitFor();
    assert.equal(await page.locator('img').count(), 0);
    await page.locator('#text').fill('ä');
    await page.locator('#send-binary').click();
    await page.locator('#messages .received', { hasText: '2 bytes [C3 A4]' }).waitFor();
    await checkPage(page, `echo ${name}`);
    await screenshot(page, `echo-${name}`);
    await page.locator('#code').fill('3001');
    await page.locator('#reason').fill('done');
    await page.locator('#close').click();
    await page.locator('#messages .notice', { hasText: 'closed: 3001 "done"' }).waitFor();
    await page.locator('#connect').click();
    await page.locator('#status.open').waitFor();
    await page.locator('nav a').click();
    await page.locator('#connect').waitFor();
    assert.equal(new URL(page.url()).pathname, '/lab');
    await page.locator('#home').click();
    await page.locator('#messages').waitFor();
  }
  await server.stop();
  step('the echo page: text, binary, close, connect, and the way to the lab and back');
}

try {
  await makesFrames();
  await linksAndVerdicts();
  await takesDumps();
  await breaksRules();
  await byKeyboard();
  await looks();
  await echoServer();
  await traceCut();
  await everyLesson();
  await compressed();
  await echoPage();
  await otherPath();
  for (const page of pages) assert.deepEqual(page.problems, []);
  step('no error in any console, no request to anywhere else; servers end with 0');
  console.log(`frame lab and echo page: ${checks.length} checks passed`);
} finally {
  await close();
}
