// The chat page of lesson 12. What the messages mean stands in lessons/12-chat/README.md. What is kept
// for the next connection, where the server can use it, is in resume.js (lesson 16).
//
// Whatever others have written reaches the page through textContent alone, so it is text there and
// nothing else: a name such as <img src=x onerror=...> is shown with its angle brackets.
'use strict';

const byId = (id) => document.getElementById(id);
const firstWait = 2000;      // milliseconds at most before the first attempt to reconnect
const longestWait = 30000;
const roomsInterval = 10000; // how often a page that is looked at asks for the list of rooms
const mostMessages = 1000;   // kept on the page

const me = { user: '', room: '' };
let socket = null;
let here = new Map();   // name -> how many of that name: nobody keeps two people from one name
let attempts = 0;       // since the connection was lost
let waiting = null;     // the timer that counts down to the next attempt

// --- what is shown --------------------------------------------------------------------------------

function element(tag, text, className) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function showStatus(text, className) {
  byId('status').textContent = text;
  byId('status').className = className;
  const open = className === 'open';
  for (const button of document.querySelectorAll('#say button, #go button, #rooms button'))
    button.disabled = !open;
}

function clock(time) {
  const moment = new Date(time);
  if (isNaN(moment)) return '[--:--]';
  const two = (number) => String(number).padStart(2, '0');
  return `[${two(moment.getHours())}:${two(moment.getMinutes())}]`;
}

function addLine(line) {
  const list = byId('messages');
  // A reader who has scrolled up is left there.
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  list.append(line);
  while (list.childElementCount > mostMessages) list.firstElementChild.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
}

function addMessage(message) {
  const line = element('li', '', message.event ? 'notice' : '');
  const time = element('time', clock(message.time));
  if (!isNaN(new Date(message.time))) time.dateTime = message.time;
  line.append(time, ' ', element('b', message.user), message.event ? ' ' : ': ', message.text);
  addLine(line);
}

function showUsers() {
  const names = [...here.keys()].sort((a, b) => a.localeCompare(b));
  byId('users').replaceChildren(...names.map((name) => {
    const count = here.get(name) > 1 ? ` (${here.get(name)})` : '';
    return element('li', name + count, name === me.user ? 'me' : '');
  }));
  byId('count').textContent = `(${names.length})`;
}

function count(user, change) {
  const number = (here.get(user) || 0) + change;
  if (number > 0) here.set(user, number);
  else here.delete(user);
  showUsers();
}

function showRooms(rooms) {
  const focused = document.activeElement?.dataset?.room;
  byId('rooms').replaceChildren(...rooms.map((room) => {
    const item = document.createElement('li');
    const button = element('button', room);
    button.type = 'button';
    button.dataset.room = room;
    if (room === me.room) button.setAttribute('aria-current', 'true');
    button.addEventListener('click', () => { if (room !== me.room) send({ room }); });
    item.append(button);
    return item;
  }));
  // The list is new, and the keyboard stays where it was.
  if (focused !== undefined)
    [...document.querySelectorAll('#rooms button')].find((b) => b.dataset.room === focused)?.focus();
}

// --- what the server says -------------------------------------------------------------------------

const isText = (value) => typeof value === 'string';
const isList = (value) => Array.isArray(value) && value.every(isText);

function receive(data) {
  let said;
  try {
    said = JSON.parse(data);
  } catch {
    return addLine(element('li', 'the server sent something that is not JSON', 'error'));
  }
  const news = resume.hear(said);
  if (news !== '') addLine(element('li', news, 'error'));
  // Nobody knows whether it was said; its key makes it one message.
  if (said.unknown === true) return void setTimeout(sayAgain, firstWait);
  if (isText(said.error)) return showError(said.error);
  if (isText(said.room) && isList(said.users)) entered(said);
  if (isList(said.rooms)) showRooms(said.rooms);
  if (!isText(said.user) || !isText(said.text)) return;
  addMessage(said);
  if (said.user === me.user && !said.event) confirm(byId('text'), said.text);
  // The list of users came before our own "joined", and counts us already.
  if (said.event === 'joined' && !ownJoin(said)) count(said.user, 1);
  if (said.event === 'left') count(said.user, -1);
}

const sayAgain = () => { for (const message of resume.unanswered) send(message); };

let justEntered = false;
function ownJoin(said) {
  const own = justEntered && said.user === me.user;
  if (own) justEntered = false;
  return own;
}

function entered(said) {
  if (me.room !== said.room) byId('messages').replaceChildren();
  me.room = said.room;
  confirm(byId('room'), said.room);
  justEntered = true;
  attempts = 0;
  here = new Map();
  for (const user of said.users) here.set(user, (here.get(user) || 0) + 1);
  showUsers();
  byId('room-title').textContent = `in ${said.room}`;
  document.title = `${said.room} – Chat`;
  for (const message of resume.entered(said)) send(message);
  const first = byId('chat').hidden;
  byId('enter').hidden = true;
  byId('chat').hidden = false;
  showStatus('connected', 'open');
  if (first) byId('text').focus();
}

function showError(text) {
  if (byId('chat').hidden) byId('enter-error').textContent = text;
  else {
    addLine(element('li', text, 'error'));
    giveBack();
  }
}

// What was sent from a field and not confirmed yet, in order. The server answers in order, too: with
// the room's copy, with the new room, or with an error, and then the field gets its text back.
const sent = [];

function sendFrom(field, value, text) {
  if (!send(value)) return;
  sent.push({ field, text });
  field.value = '';
}

function confirm(field, text) {
  if (sent[0]?.field === field && sent[0].text === text) sent.shift();
}

function giveBack() {
  const refused = sent.shift();
  if (refused && refused.field.value === '') refused.field.value = refused.text;
}

// --- the connection -------------------------------------------------------------------------------

function send(value) {
  if (socket?.readyState !== WebSocket.OPEN) return false;
  socket.send(JSON.stringify(value));
  return true;
}

function connect() {
  clearInterval(waiting);
  waiting = null;
  showStatus('connecting', '');
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const opening = new WebSocket(`${scheme}//${location.host}${document.documentElement.dataset.websocket}`);
  socket = opening;
  sent.length = 0;
  opening.addEventListener('open', () =>
    send({ user: me.user, room: me.room, ...resume.greeting(me.room) }));
  opening.addEventListener('message', (event) => receive(event.data));
  opening.addEventListener('close', (event) => { if (socket === opening) closed(event); });
}

function closed(event) {
  socket = null;
  // 1008: the server does not want this name, and would not want it a second time.
  if (event.code === 1008) {
    byId('chat').hidden = true;
    byId('enter').hidden = false;
    byId('enter-error').textContent ||= event.reason;
    byId('user').focus();
    return showStatus('not connected', 'lost');
  }
  reconnectLater();
}

// Each wait is twice as long as the one before: 1 to 2 s, 2 to 4 s, at last 15 to 30 s. The jitter
// keeps a thousand pages that lost the same server from coming back to it in the same moment.
function reconnectLater() {
  const wait = Math.min(longestWait, firstWait * 2 ** attempts++);
  const end = Date.now() + wait * (0.5 + Math.random() / 2);
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    if (left <= 0) connect();
    else showStatus(`reconnecting in ${left} s`, 'lost');
  };
  clearInterval(waiting);
  waiting = setInterval(tick, 250);
  tick();
}

// --- what the user does ---------------------------------------------------------------------------

byId('enter').addEventListener('submit', (event) => {
  event.preventDefault();
  me.user = byId('user').value.trim();
  me.room = byId('first-room').value.trim();
  byId('enter-error').textContent = '';
  const old = socket;
  socket = null;
  old?.close();
  resume.unanswered = [];
  attempts = 0;
  connect();
});

byId('say').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = byId('text').value;
  // What cannot be sent now stays in its field.
  if (text.trim() !== '' && socket?.readyState === WebSocket.OPEN)
    sendFrom(byId('text'), resume.prepare(text), text);
});

byId('go').addEventListener('submit', (event) => {
  event.preventDefault();
  const room = byId('room').value.trim();
  if (room !== '' && room !== me.room) sendFrom(byId('room'), { room }, room);
});

// Esc comes back to the message, from wherever the keyboard is.
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !byId('chat').hidden) byId('text').focus();
});

// A network that has come back, or a page that is looked at again, is not kept waiting.
const hurry = () => { if (waiting !== null && !document.hidden) connect(); };
window.addEventListener('online', hurry);
document.addEventListener('visibilitychange', hurry);

setInterval(() => { if (me.room !== '' && !document.hidden) send({ rooms: true }); }, roomsInterval);
