// The connection: server-sent events, and the word when they stop.
import { addEvent, mergePicture, state } from './state.js';

/** The server says something at least every 2 s, if only `beat`. */
const SILENCE_MILLIS = 7000;
const RETRY_MILLIS = [500, 1000, 2000, 4000];

let source = null;
let heardMillis = 0;
let tries = 0;
let retry = 0;
let lastEvent = '';

export function connect(changed) {
  const parsed = (handle) => (message) => {
    heardMillis = Date.now();
    tries = 0;
    if (state.connection !== 'live') {
      state.connection = 'live';
      state.lostMillis = 0;
    }
    handle(JSON.parse(message.data), message.lastEventId);
    changed();
  };
  const open = () => {
    retry = 0;
    heardMillis = Date.now();
    source = new EventSource(lastEvent ? `api/v1/events?after=${encodeURIComponent(lastEvent)}` : 'api/v1/events');
    source.addEventListener('picture', parsed((message) => {
      if (!mergePicture(message)) {
        // A message was missed: whoever comes anew is given the whole.
        source.close();
        open();
      }
    }));
    source.addEventListener('events', parsed((events, id) => {
      lastEvent = id;
      events.forEach((event) => addEvent(event, id.slice(0, id.lastIndexOf('-'))));
    }));
    source.addEventListener('beat', parsed(() => {}));
    source.addEventListener('error', lost);
  };
  const lost = () => {
    if (state.connection !== 'lost') {
      state.connection = 'lost';
      state.lostMillis = heardMillis || Date.now();
      changed();
    }
    source?.close();
    if (!retry) {
      retry = setTimeout(open, RETRY_MILLIS[Math.min(tries++, RETRY_MILLIS.length - 1)]);
    }
  };
  open();
  setInterval(() => {
    if (!retry && Date.now() - heardMillis > SILENCE_MILLIS) {
      lost();
    }
  }, 1000);
  // A page in the background may have slept; who looks at it again wants to know now.
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && retry) {
      clearTimeout(retry);
      open();
    }
  });
}
