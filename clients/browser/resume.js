// What the chat page keeps for the next connection: lesson 16. With a server that gives positions (the
// `id` of each message), the page names the last one that it saw, and gets what it missed; what it said
// and nobody answered is said again, with the key that makes it one message. With the server of lesson
// 12, which knows neither, nothing of this happens.
'use strict';

const resume = {
  room: '',
  after: '',       // the id of the last message that was seen; empty: the server gives none
  unanswered: [],  // { key, text }, in order

  // What the first message on a connection says besides the name and the room.
  greeting(room) {
    return this.after !== '' && this.room === room ? { after: this.after } : {};
  },

  // We are in a room. What is to be said again.
  entered(said) {
    if (typeof said.id !== 'string') return [];  // who is here has changed, or lesson 12
    if (this.room !== said.room) this.unanswered = [];
    if (this.room !== said.room || this.after === '') this.after = said.id;
    this.room = said.room;
    return this.unanswered;
  },

  // A text that is about to be said.
  prepare(text) {
    if (this.after === '') return { text };
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    const key = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    const message = { text, key };
    this.unanswered.push(message);
    return message;
  },

  // Everything that the server says comes by here. A line to be shown, or nothing.
  hear(said) {
    if (typeof said !== 'object' || said === null) return '';
    if (typeof said.accepted === 'string') this.forget(said.accepted);
    if (typeof said.refused === 'string' && !said.unknown) this.forget(said.refused);
    if (typeof said.id === 'string' && typeof said.text === 'string') this.after = said.id;
    if ('missed' in said)
      return said.missed === null ? 'the log of this room has begun anew: some messages may be missing'
                                  : `${said.missed} messages are too old to be shown`;
    if (said.store === 'away') return 'the rooms\u2019 store is away: what you say is refused';
    if (said.store === 'back') return 'the rooms\u2019 store is back';
    return '';
  },

  forget(key) {
    this.unanswered = this.unanswered.filter((message) => message.key !== key);
  },
};
