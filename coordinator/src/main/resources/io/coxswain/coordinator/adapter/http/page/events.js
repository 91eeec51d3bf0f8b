// The live tail of events and the queue of jobs.
import { attr, byId, el, keyed, show, text } from './dom.js';
import { clock, count, plural } from './format.js';
import { now, state } from './state.js';

const LINES = 150;
const BAD = ['AgentLost', 'LeadershipLost', 'RolledBack', 'Gap', 'AgentUnfit'];
const WARN = ['IncidentProgressed', 'IncidentClosed', 'JobWaiting', 'JobTakenOver', 'CapacityNeeded'];

let paused = null;

export function startEvents() {
  const button = byId('events-pause');
  button.addEventListener('click', () => {
    paused = paused ? null : [...state.events];
    attr(button, 'aria-pressed', paused !== null);
    text(button, paused ? 'Go on' : 'Pause');
    renderEvents();
  });
  byId('events-steps').addEventListener('change', renderEvents);
}

export function renderEvents() {
  const steps = byId('events-steps').checked;
  const wanted = (event) => steps || event.kind !== 'StepsCompleted';
  const lines = (paused ?? state.events).filter(wanted).slice(-LINES).reverse();
  const last = paused?.at(-1)?.sequence ?? 0;
  const held = paused ? state.events.filter((event) => event.sequence > last && wanted(event)).length : 0;
  text(byId('events-hint'), paused ? `paused; ${count(held)} newer` : '');
  keyed(byId('tail'), lines, (event) => event.sequence, (event) => {
    const time = el('time', '', clock(event.wallMillis, now()));
    time.dateTime = new Date(event.wallMillis).toISOString();
    const line = el('li', '', time, el('span', 'tail-kind', event.kind), el('span', 'tail-text', event.text));
    const failed = event.kind === 'JobFinished' && !event.text.includes(' completed, ');
    attr(line, 'data-level', BAD.includes(event.kind) || failed ? 'bad' : WARN.includes(event.kind) ? 'warn' : null);
    return line;
  }, () => {});
}

export function renderQueue(queued) {
  const jobs = queued ?? [];
  show(byId('queue-none'), jobs.length === 0);
  keyed(byId('queue-list'), jobs.slice(0, 50), (job) => job.id, () => el('li', '', el('span', 'queue-name'), el('span', 'hint')), (node, job) => {
    text(node.firstElementChild, job.name ? `${job.name} (${job.id})` : job.id);
    text(node.lastElementChild, `${plural(job.slots, 'slot')}, ${plural(job.steps, 'step')}${job.held ? `; ${job.held}` : ''}`);
  });
}
