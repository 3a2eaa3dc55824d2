// The echo page of lessons 6 to 14: what is sent, what comes back, and how a connection ends.
// What a server says reaches the page through textContent alone.
'use strict';

const byId = (id) => document.getElementById(id);
const mostLines = 1000;  // kept on the page
let socket = null;

function addLine(text, className) {
  const list = byId('messages');
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  const line = document.createElement('li');
  line.textContent = text;
  line.className = className;
  list.append(line);
  while (list.childElementCount > mostLines) list.firstElementChild.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
}

function showStatus(text, className) {
  byId('status').textContent = text;
  byId('status').className = className;
  const open = className === 'open';
  for (const id of ['send-text', 'send-binary', 'close']) byId(id).disabled = !open;
  byId('connect').disabled = socket !== null;
}

// "3 bytes [00 FF 10]", as the servers print it.
function describeBytes(bytes) {
  const shown = Array.from(bytes.slice(0, 24), (byte) => byte.toString(16).toUpperCase().padStart(2, '0'));
  if (bytes.length > shown.length) shown.push('…');
  return `${bytes.length} byte${bytes.length === 1 ? '' : 's'} [${shown.join(' ')}]`;
}

function connect() {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const opening = new WebSocket(`${scheme}//${location.host}${document.documentElement.dataset.websocket}`);
  socket = opening;
  opening.binaryType = 'arraybuffer';
  showStatus('connecting', '');
  opening.addEventListener('open', () => {
    showStatus(`connected to ${opening.url}`, 'open');
    addLine('connected', 'notice');
  });
  opening.addEventListener('message', ({ data }) => addLine(
    typeof data === 'string' ? data : describeBytes(new Uint8Array(data)), 'received'));
  opening.addEventListener('close', ({ code, reason }) => {
    socket = null;
    showStatus('not connected', code === 1000 ? '' : 'lost');
    addLine(`closed: ${code}${reason === '' ? '' : ` "${reason}"`}`, 'notice');
  });
}

function send(binary) {
  const text = byId('text').value;
  if (socket?.readyState !== WebSocket.OPEN) return;
  const bytes = new TextEncoder().encode(text);
  socket.send(binary ? bytes : text);
  addLine(binary ? describeBytes(bytes) : text, 'sent');
  byId('text').value = '';
  byId('text').focus();
}

byId('say').addEventListener('submit', (event) => {
  event.preventDefault();
  send(false);
});
byId('send-binary').addEventListener('click', () => send(true));
byId('connect').addEventListener('click', connect);
byId('end').addEventListener('submit', (event) => {
  event.preventDefault();
  try {
    socket?.close(Number(byId('code').value), byId('reason').value);
    showStatus('closing', '');
  } catch (error) {  // a browser lets pages say 1000 and 3000 to 4999, and 123 bytes of reason
    addLine(error.message, 'error');
  }
});

if (location.protocol === 'file:') {
  showStatus('this page needs a server: make server-8, then localhost:8080', 'lost');
  byId('connect').disabled = true;
} else {
  connect();
}
