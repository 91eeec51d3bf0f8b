// The run's time, stacked by category; an incident is a mark above it.
import { attr, byId, cursor, el, keyed, show, style, text } from './dom.js';
import { clock, duration, percent, share, words } from './format.js';
import { state } from './state.js';
import { CATEGORIES, token } from './tokens.js';

const MARKS = 12;

let buckets = [];
let job = null;
let painted = '';
let at = -1;
let slider = null;

export function startTimeline() {
  const plot = byId('timeline-plot');
  slider = cursor(plot, 'Timeline: where the slots’ time went', () => buckets.length, say, (index) => {
    at = index;
    readout();
    paint(true);
  });
  new ResizeObserver(() => paint(true)).observe(plot);
  byId('timeline-table').addEventListener('toggle', table);
}

export function repaintTimeline() {
  paint(true);
}

export function renderTimeline(of) {
  job = of;
  if (!job) {
    return;
  }
  buckets = job.timeline ?? [];
  slider.refresh();
  paint(false);
  readout();
  legend();
  axis();
  table();
}

function total(bucket) {
  let sum = 0;
  for (const category in bucket.slotSeconds) {
    sum += bucket.slotSeconds[category];
  }
  return sum;
}

function say(index) {
  const bucket = buckets[index];
  const all = total(bucket);
  const parts = Object.entries(bucket.slotSeconds)
    .filter(([, seconds]) => seconds > 0)
    .sort((a, b) => b[1] - a[1])
    .slice(0, 4)
    .map(([category, seconds]) => `${words(category)} ${share(seconds / all)}`);
  return `${clock(bucket.fromMillis)} to ${clock(bucket.untilMillis)}: ${parts.join(', ') || 'nothing'}`;
}

function readout() {
  const node = byId('timeline-readout');
  if (at >= 0 && at < buckets.length) {
    text(node, say(at));
  } else {
    text(node, buckets.length === 0 ? 'begins with the first step' : 'point, or use the arrow keys, to read a moment');
  }
}

function paint(anew) {
  const canvas = byId('timeline-canvas');
  const box = canvas.parentElement.getBoundingClientRect();
  if (box.width === 0) {
    return;
  }
  const marks = (job?.incidents ?? []).map((incident) => incident.beganMillis);
  const what = `${buckets.length} ${buckets.at(-1)?.untilMillis} ${marks.length} ${box.width}`;
  if (!anew && what === painted) {
    return;
  }
  painted = what;
  const scale = devicePixelRatio || 1;
  const width = Math.round(box.width * scale);
  const height = Math.round(box.height * scale);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const pen = canvas.getContext('2d');
  pen.clearRect(0, 0, width, height);
  const top = Math.round(MARKS * scale);
  const from = buckets[0]?.fromMillis ?? 0;
  const span = Math.max(1, (buckets.at(-1)?.untilMillis ?? 1) - from);
  const x = (millis) => Math.round((millis - from) / span * width);
  buckets.forEach((bucket, index) => {
    const left = x(bucket.fromMillis);
    const right = Math.max(left + 1, x(bucket.untilMillis));
    bar(pen, bucket, left, right, top, height);
    if (index === at) {
      pen.strokeStyle = token('text');
      pen.lineWidth = 2 * scale;
      pen.strokeRect(left, top + scale, Math.max(2 * scale, right - left), height - top - 2 * scale);
    }
  });
  pen.fillStyle = token('bad');
  for (const millis of marks) {
    const middle = x(Math.max(millis, from));
    pen.beginPath();
    pen.moveTo(middle - 4 * scale, 1);
    pen.lineTo(middle + 4 * scale, 1);
    pen.lineTo(middle, 9 * scale);
    pen.fill();
  }
}

function bar(pen, bucket, left, right, top, height) {
  const all = total(bucket);
  let low = height;
  let sum = 0;
  for (const category of CATEGORIES) {
    const seconds = bucket.slotSeconds[category];
    if (!(seconds > 0)) {
      continue;
    }
    sum += seconds;
    const high = height - Math.round((height - top) * sum / all);
    pen.fillStyle = token(`cat-${category}`);
    pen.fillRect(left, high, right - left, low - high);
    low = high;
  }
}

function legend() {
  const run = (job.windows ?? []).find((window) => window.name === 'run');
  const all = Number(run?.slotSeconds ?? 0);
  const there = CATEGORIES.filter((category) => Number(run?.slotSecondsByCategory?.[category] ?? 0) > 0);
  keyed(byId('legend'), there, (category) => category, (category) => {
    const swatch = el('span', 'swatch');
    style(swatch, 'background-color', `var(--cat-${category})`);
    return el('li', '', swatch, el('span', '', words(category)), el('span', 'value'));
  }, (node, category) => {
    text(node.lastElementChild, share(Number(run.slotSecondsByCategory[category]) / all));
  });
}

function axis() {
  const node = byId('timeline-axis');
  const from = buckets[0]?.fromMillis;
  const until = buckets.at(-1)?.untilMillis;
  const ticks = from === undefined ? [] : [0, 0.5, 1].map((part) => ({ part, millis: from + part * (until - from) }));
  keyed(node, ticks, (tick) => tick.part, () => el('span'), (mark, tick) => {
    text(mark, tick.part === 1 ? `${clock(tick.millis)} (${duration((until - from) / 1000)})` : clock(tick.millis));
  });
  show(node, ticks.length > 0);
}

// Twelve rows say as much as 240 to who hears them; built only where it is open.
function table() {
  if (!byId('timeline-table').open) {
    return;
  }
  const width = Math.max(1, Math.ceil(buckets.length / 12));
  const rows = [];
  for (let first = 0; first < buckets.length; first += width) {
    rows.push(fold(buckets.slice(first, first + width)));
  }
  keyed(byId('timeline-rows'), rows, (row) => row.fromMillis, () => {
    const head = el('th');
    head.scope = 'row';
    return el('tr', '', head, el('td', 'num'), el('td'));
  }, (node, row) => {
    text(node.children[0], clock(row.fromMillis));
    const all = total(row);
    text(node.children[1], percent((row.slotSeconds.productive ?? 0) / all));
    text(node.children[2], Object.entries(row.slotSeconds)
      .filter(([category, seconds]) => category !== 'productive' && seconds > 0)
      .sort((a, b) => b[1] - a[1])
      .map(([category, seconds]) => `${words(category)} ${share(seconds / all)}`)
      .join(', ') || 'nothing');
  });
  attr(byId('timeline-rows'), 'data-state', state.connection);
}

function fold(some) {
  const slotSeconds = {};
  for (const bucket of some) {
    for (const [category, seconds] of Object.entries(bucket.slotSeconds)) {
      slotSeconds[category] = (slotSeconds[category] ?? 0) + seconds;
    }
  }
  return { fromMillis: some[0].fromMillis, untilMillis: some.at(-1).untilMillis, slotSeconds };
}
