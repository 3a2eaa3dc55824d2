// The WebSocket of a browser as a client of `make interop`. This is put into a page that came from
// the server under test; tests/interop/browsers.mjs hands over commands, and asks for events.
window.peer = {
  events: [],
  pattern(type, size) {
    const data = new Uint8Array(size);
    for (let i = 0; i < size; ++i) data[i] = type === 'text' ? 97 + (i % 26) : i % 251;
    return type === 'text' ? new TextDecoder().decode(data) : data;
  },
  same(a, b) {
    if (typeof a === 'string') return a === b;
    return a.length === b.length && a.every((byte, i) => byte === b[i]);
  },
  say(event) {
    this.events.push(event);
    this.heard?.();
  },
  told(data) {
    const type = typeof data === 'string' ? 'text' : 'binary';
    const bytes = type === 'text' ? new TextEncoder().encode(data) : new Uint8Array(data);
    const event = { event: type, size: bytes.length };
    if (bytes.length > 200)
      event.pattern = this.same(type === 'text' ? data : bytes, this.pattern(type, bytes.length));
    else if (type === 'text') event.data = data;
    else event.data = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    this.say(event);
  },
  connect({ url, protocols = [] }) {
    const socket = new WebSocket(url, protocols);
    this.socket = socket;
    socket.binaryType = 'arraybuffer';
    let opened = false;
    socket.onopen = () => {
      opened = true;
      this.say({ event: 'open', protocol: socket.protocol });
    };
    socket.onmessage = ({ data }) => this.told(data);
    // A page is not told why: a refused handshake looks like any other failure.
    socket.onclose = ({ code, reason }) =>
      this.say(opened ? { event: 'closed', code, reason } : { event: 'refused', status: null });
  },
  obey(command) {
    if (command.do === 'connect') this.connect(command);
    else if (command.do === 'text') this.socket.send(command.data);
    else if (command.do === 'binary')
      this.socket.send(Uint8Array.from(command.data.match(/../g), (hex) => parseInt(hex, 16)));
    else if (command.do === 'pattern') this.socket.send(this.pattern(command.type, command.size));
    else if (command.do === 'close') this.socket.close(command.code, command.reason);
  },
  async next() {
    if (this.events.length === 0) await new Promise((resolve) => { this.heard = resolve; });
    return JSON.stringify(this.events.shift());
  },
};
