// Goodput by window, what was lost to what, and the figures beside it.
import { attr, byId, el, keyed, style, text } from './dom.js';
import { bytes, count, duration, figure, percent, plural, rate, share, slotTime, words } from './format.js';
import { CATEGORIES } from './tokens.js';

const NAMES = { '5m': '5 min', '1h': '1 h', '24h': '24 h', run: 'run' };

let chosen = 'run';
let rendered = null;

export function renderGoodput(job) {
  if (!job) {
    return;
  }
  rendered = job;
  const windows = job.windows ?? [];
  if (windows.length > 0 && !windows.some((window) => window.name === chosen)) {
    chosen = windows.at(-1).name;
  }
  keyed(byId('windows'), windows, (window) => window.name, makeWindow, updateWindow);
  const window = windows.find((one) => one.name === chosen);
  if (window) {
    renderLosses(window);
  }
  renderFigures(job);
}

function makeWindow(window) {
  const bar = el('span', 'mini');
  bar.setAttribute('aria-hidden', 'true');
  for (const category of CATEGORIES) {
    const part = el('span');
    style(part, 'background-color', `var(--cat-${category})`);
    bar.append(part);
  }
  const button = el('button', 'window', el('span', 'window-name'), el('span', 'window-ratio'), bar,
      el('span', 'window-loss'), el('span', 'window-time'));
  button.type = 'button';
  button.dataset.window = window.name;
  button.addEventListener('click', () => {
    chosen = window.name;
    renderGoodput(rendered);
  });
  return button;
}

function updateWindow(button, window) {
  const [name, ratio, bar, loss, time] = button.children;
  attr(button, 'aria-pressed', window.name === chosen);
  text(name, NAMES[window.name] ?? window.name);
  text(ratio, percent(window.ratio));
  const top = losses(window)[0];
  text(loss, top ? `most lost: ${words(top.category)} ${share(top.ratio)}` : 'nothing lost');
  text(time, `of ${duration(window.seconds)}`);
  CATEGORIES.forEach((category, at) => {
    style(bar.children[at], 'width', `${100 * ratioOf(window, category)}%`);
  });
}

function ratioOf(window, category) {
  const all = Number(window.slotSeconds);
  return all > 0 ? Number(window.slotSecondsByCategory?.[category] ?? 0) / all : 0;
}

function losses(window) {
  return shares(window).filter((one) => one.category !== 'productive');
}

function shares(window) {
  const known = Object.keys(window.slotSecondsByCategory ?? {});
  return known
    .map((category) => ({
      category, slotSeconds: Number(window.slotSecondsByCategory[category]), ratio: ratioOf(window, category),
    }))
    .filter((one) => one.slotSeconds > 0)
    .sort((a, b) => b.slotSeconds - a.slotSeconds);
}

function renderLosses(window) {
  text(byId('losses-window'), `${chosen === 'run' ? 'whole run' : `last ${NAMES[chosen] ?? chosen}`}: ${slotTime(Number(window.slotSeconds))}`);
  const rows = losses(window);
  const productive = shares(window).filter((one) => one.category === 'productive');
  keyed(byId('losses-body'), [...productive, ...rows], (one) => one.category, (one) => {
    const swatch = el('span', 'swatch');
    style(swatch, 'background-color', `var(--cat-${one.category}, var(--cat-other))`);
    const head = el('th', '', swatch, el('span', '', words(one.category)));
    head.scope = 'row';
    const fill = el('span', 'fill');
    style(fill, 'background-color', `var(--cat-${one.category}, var(--cat-other))`);
    const track = el('td', 'track', fill);
    track.setAttribute('aria-hidden', 'true');
    return el('tr', '', head, el('td', 'num'), el('td', 'num'), track);
  }, (row, one) => {
    text(row.children[1], share(one.ratio));
    text(row.children[2], slotTime(one.slotSeconds));
    style(row.children[3].firstElementChild, 'width', `${100 * one.ratio}%`);
  });
}

function renderFigures(job) {
  keyed(byId('figures'), figures(job), (one) => one.name, (one) => el('div', '', el('dt', '', one.name), el('dd'), el('dd', 'note')),
      (node, one) => {
        text(node.children[1], one.value);
        text(node.children[2], one.note ?? '');
        attr(node, 'data-state', one.state);
      });
}

function figures(job) {
  const steps = job.stepTimes ?? {};
  const reliability = job.reliability ?? {};
  const copies = job.copies ?? {};
  const counters = job.counters ?? {};
  const left = job.steps - job.completedStep;
  const active = String(job.phase).toLowerCase() === 'active' && job.stepsPerSecond > 0;
  return [
    { name: 'step', value: `${count(job.completedStep)} of ${count(job.steps)}`,
      note: left > 0 && active ? `${duration(left / job.stepsPerSecond)} left` : `${percent(job.completedStep / job.steps)} done` },
    { name: 'rate', value: rate(job.stepsPerSecond), note: `${plural(job.slots, 'slot')}: ${job.replicas} × ${job.shards}` },
    { name: 'step time', value: `${duration(positive(steps.medianSeconds))}`,
      note: `p95 ${duration(positive(steps.p95Seconds))}${steps.slowdown >= 0.005 ? `, ${percent(steps.slowdown, 0)} above best` : ''}` },
    { name: 'loss', value: figure(job.loss), note: '' },
    { name: 'protected', value: `step ${count(job.protectedStep)}`,
      note: job.protectedLagSteps > 0 ? `${plural(job.protectedLagSteps, 'step')}, ${duration(job.protectedLagSeconds)} behind` : 'all that is completed',
    },
    { name: 'copies', value: `${count(copies.least)} of ${count(copies.wanted)}`, note: `at least, of every shard; ${bytes(counters.copyBytes)} moved`,
      state: copies.anySingleHostFatal ? 'bad' : copies.least < copies.wanted ? 'warn' : 'good' },
    { name: 'failures', value: count(reliability.failures),
      note: reliability.failures > 0 ? `one per ${duration(finite(reliability.mtbfSeconds))}; repaired in ${duration(finite(reliability.mttrSeconds))}` : 'none yet' },
    { name: 'steps made again', value: count(counters.stepsRolledBack), note: '' },
    { name: 'corruptions seen', value: count(counters.corruptions), note: '', state: counters.corruptions > 0 ? 'bad' : null },
    { name: 'effective time (ETTR)', value: percent(finite(reliability.ettr)), note: Number.isFinite(reliability.mfu) ? `MFU ${percent(reliability.mfu)}` : 'MFU: no FLOPs stated' },
    { name: 'straggler', value: steps.straggler ?? '–', note: '' },
  ];
}

// JSON has no number for what is not there.
function finite(value) {
  return typeof value === 'number' ? value : NaN;
}

function positive(value) {
  return value > 0 ? value : NaN;
}
