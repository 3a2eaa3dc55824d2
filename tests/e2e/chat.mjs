// The chat page in a real browser: two windows and a terminal client in one room, over a restart
// of the server. Run by `make e2e`, which sets BUILD (where the programs are) and PLAYWRIGHT (where
// playwright-core was installed). Screenshots are left in BUILD/e2e.
import assert from 'node:assert/strict';
import { accessibilityFaults, checks, close, openPage as openAt, Program, screenshot, startServer as start, step } from './support.mjs';

const evil = '<img src=x onerror="document.title=\'owned\'">';
const startServer = (port = 0) => start('12-chat', '--port', String(port), '--page', 'clients/browser');
const startClient = (...args) => new Program('12-chat', 'client', ...args);

let { server, port } = await startServer();
const openPage = (options) => openAt(port, '/', { viewport: { width: 1000, height: 640 }, ...options });

// By keyboard alone: the name field has the focus when the page opens.
async function enter(page, user, room) {
  await page.keyboard.type(user);
  if (room) {
    await page.keyboard.press('Tab');
    await page.keyboard.press('Control+A');
    await page.keyboard.type(room);
  }
  await page.keyboard.press('Enter');
  await page.locator('#status.open').waitFor();
}
async function say(page, text) {
  await page.keyboard.type(text);
  await page.keyboard.press('Enter');
}
const shows = (page, text) => page.locator('#messages li', { hasText: text }).first().waitFor();
const users = (page) => page.locator('#users li').allTextContents();

try {
  const ada = await openPage();
  const bob = await openPage({ colorScheme: 'dark' });
  await enter(ada, 'ada');
  await enter(bob, 'bob');
  let eve = startClient('--user', 'eve', '--port', String(port));
  await eve.expect(/eve joined the chat/);
  await shows(ada, 'eve joined the chat');
  assert.deepEqual(await users(ada), ['ada', 'bob', 'eve']);
  assert.deepEqual(await users(bob), ['ada', 'bob', 'eve']);
  step('two windows and a terminal are in one room');

  await say(ada, 'hello from a window');
  await say(bob, 'Grüße, 世界 👋');
  eve.child.stdin.write('hello from the terminal\n');
  for (const text of ['ada: hello from a window', 'bob: Grüße, 世界 👋', 'eve: hello from the terminal']) {
    await shows(ada, text);
    await shows(bob, text);
    await eve.expect(text);
  }
  step('each message is seen by all three');
  const line = await ada.locator('#messages li').last().textContent();
  assert.match(line, /^\[\d\d:\d\d\] \S+: /);
  step('a line is [hh:mm] user: text');

  await say(ada, evil);
  eve.child.stdin.write(evil + '\n');
  for (const page of [ada, bob]) {
    await shows(page, `ada: ${evil}`);
    await shows(page, `eve: ${evil}`);
    assert.equal(await page.locator('img').count(), 0);
    assert.equal(await page.title(), 'lobby – Chat');
  }
  step('markup in a message is shown as text');
  const mallory = startClient('--user', '<b onclick=1>m</b>', '--port', String(port),
                              '--room', '<script>alert(1)</script>');
  await mallory.expect(/joined the chat/);
  await ada.evaluate(() => send({ rooms: true }));
  await ada.locator('#rooms button', { hasText: '<script>alert(1)</script>' }).waitFor();
  assert.equal(await ada.locator('#chat script, #chat b b').count(), 0);
  await screenshot(ada, 'chat-light');
  await screenshot(bob, 'chat-dark');
  await mallory.stop();
  step('markup in names of users and rooms is shown as text');

  await server.stop();
  assert.equal(await eve.ended, 0);
  // Between two countdowns a page says for a moment that it is connecting.
  for (const page of [ada, bob])
    await page.locator('#status.lost', { hasText: /^reconnecting in \d+ s$/ }).waitFor();
  await say(ada, 'typed while away');
  await screenshot(bob, 'chat-lost');
  step('without the server the pages count down to the next attempt');

  ({ server } = await startServer(port));
  for (const page of [ada, bob]) await page.locator('#status.open').waitFor();
  eve = startClient('--user', 'eve', '--port', String(port));
  await eve.expect(/In lobby: .*eve/);
  await shows(ada, 'eve joined the chat');
  await ada.keyboard.press('Enter'); // what could not be sent is still in its field
  await say(bob, 'back again');
  for (const text of ['ada: typed while away', 'bob: back again']) {
    await shows(ada, text);
    await shows(bob, text);
    await eve.expect(text);
  }
  await ada.locator('#users li', { hasText: 'bob' }).waitFor();
  assert.deepEqual(await users(bob), ['ada', 'bob', 'eve']);
  step('after a restart of the server all three go on');

  await bob.locator('#text').fill('a\u202Eb');
  await bob.keyboard.press('Enter');
  await shows(bob, 'a text has 1 to 2000 characters');
  assert.equal(await bob.locator('#text').inputValue(), 'a\u202Eb');
  await bob.locator('#text').fill('\u{1F469}\u200D\u{1F4BB}');
  await bob.keyboard.press('Enter');
  await shows(ada, 'bob: \u{1F469}\u200D\u{1F4BB}');
  assert.equal(await bob.locator('#text').inputValue(), '');
  step('a text that the server refuses comes back into its field, with the reason');
  assert.deepEqual(await accessibilityFaults(bob), []);

  await bob.locator('#room').focus();
  await bob.keyboard.type('garden');
  await bob.keyboard.press('Enter');
  await bob.locator('#rooms button[aria-current]', { hasText: 'garden' }).waitFor();
  await shows(ada, 'bob left the chat');
  await bob.keyboard.press('Escape');
  await say(bob, 'nobody here');
  await shows(bob, 'bob: nobody here');
  await bob.locator('#rooms button', { hasText: 'lobby' }).focus();
  await bob.keyboard.press('Enter');
  await ada.locator('#users li', { hasText: 'bob' }).waitFor();
  assert(!(await ada.locator('#messages').textContent()).includes('nobody here'));
  step('rooms are joined by name and from the list, by keyboard alone');

  // The list is asked for each ten seconds; here we do not wait for that.
  const phone = await openPage({ viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true });
  await enter(phone, 'Zoë-with-a-name-as-long-as-it-gets'.slice(0, 32));
  await say(phone, 'a' + 'b'.repeat(300));
  await say(phone, 'typed on a phone, and long enough to need more than one line');
  await shows(phone, 'typed on a phone');
  const overflow = await phone.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.equal(overflow, 0);
  await screenshot(phone, 'chat-phone');
  step('nothing is wider than a phone');

  const nobody = await openPage();
  await screenshot(nobody, 'chat-enter');
  assert.deepEqual(await accessibilityFaults(nobody), []);
  await nobody.evaluate(() => { document.getElementById('user').value = 'a\u202Eb'; });
  await nobody.keyboard.press('Enter');
  await nobody.locator('#enter-error', { hasText: 'a user\'s name has 1 to 32 characters' }).waitFor();
  await screenshot(nobody, 'chat-refused');
  step('a name that the server refuses is told, and can be changed');

  // The policy in the page, and not only its code, keeps foreign things out.
  const blocked = await ada.evaluate(() => new Promise((resolve) => {
    document.addEventListener('securitypolicyviolation', (event) => resolve(event.violatedDirective));
    const script = document.createElement('script');
    script.textContent = 'document.title = "owned"';
    document.body.append(script);
  }));
  assert.match(blocked, /^script-src/);
  assert.notEqual(await ada.title(), 'owned');
  ada.problems = ada.problems.filter((problem) => !problem.includes('Content Security Policy'));
  step('an inline script is blocked by the policy');

  for (const page of [ada, bob, phone, nobody]) assert.deepEqual(page.problems, []);
  await eve.stop();
  await server.stop();
  step('no error in any console, no request to anywhere else; programs end with 0');
  console.log(`chat page: ${checks.length} checks passed`);
} finally {
  server.child.kill('SIGKILL');
  await close();
}
