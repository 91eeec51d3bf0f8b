// Incidents, newest first, and the phases of one.
import { attr, byId, el, keyed, show, style, text } from './dom.js';
import { bytes, clock, count, duration, plural, slotTime } from './format.js';
import { now } from './state.js';
import { PHASES, PHASE_COLOURS } from './tokens.js';

const PAGE = 25;

let shown = PAGE;
// 0: the newest, whichever that is.
let chosen = 0;
let rendered = null;

export function startIncidents() {
  byId('incidents-more').addEventListener('click', () => {
    shown += PAGE;
    renderIncidents(rendered);
  });
}

export function renderIncidents(job) {
  rendered = job;
  if (!job) {
    return;
  }
  const all = [...(job.incidents ?? [])].reverse();
  const total = Math.max(all.length, Number(job.counters?.incidents ?? 0));
  show(byId('incidents-none'), all.length === 0);
  show(byId('incidents-both'), all.length > 0);
  text(byId('incidents-hint'), total > all.length ? `the newest ${count(all.length)} of ${count(total)}` : all.length > 0 ? count(total) : '');
  if (all.length === 0) {
    return;
  }
  if (!all.some((incident) => incident.id === chosen)) {
    chosen = 0;
  }
  const of = all.find((incident) => incident.id === chosen) ?? all[0];
  keyed(byId('incident-list'), all.slice(0, shown), (incident) => incident.id, make, (node, incident) => {
    const [button] = node.children;
    attr(button, 'aria-current', incident === of ? 'true' : null);
    attr(button, 'data-open', !incident.closed);
    attr(button, 'data-planned', incident.planned ? 'true' : null);
    const [head, cause, end] = button.children;
    text(head, `#${incident.id} · ${clock(incident.beganMillis, now())} · step ${count(incident.atStep)}`);
    text(cause, incident.cause);
    text(end, incident.closed ? duration(sum(incident)) : incident.phase || 'open');
  });
  show(byId('incidents-more'), all.length > shown);
  renderOne(of);
}

function make(incident) {
  const button = el('button', 'incident-button', el('span', 'incident-head'), el('span', 'incident-cause'), el('span', 'incident-end'));
  button.type = 'button';
  button.addEventListener('click', () => {
    const newest = rendered.incidents.at(-1).id;
    chosen = incident.id === newest ? 0 : incident.id;
    renderIncidents(rendered);
  });
  return el('li', '', button);
}

function sum(incident) {
  return Object.values(incident.phaseSeconds ?? {}).reduce((all, one) => all + one, 0);
}

function renderOne(incident) {
  const total = sum(incident);
  text(byId('incident-title'), `Incident ${incident.id}: ${incident.closed ? `over in ${duration(total)}` : `${incident.phase || 'open'}, under way`}`);
  text(byId('incident-cause'), incident.cause);
  let before = 0;
  const rows = PHASES.map((phase) => {
    const seconds = incident.phaseSeconds?.[phase] ?? 0;
    const row = { phase, seconds, left: total > 0 ? before / total : 0, width: total > 0 ? seconds / total : 0,
      running: !incident.closed && incident.phase?.toLowerCase() === phase };
    before += seconds;
    return row;
  });
  keyed(byId('waterfall'), rows, (row) => row.phase, (row) => {
    const head = el('th', '', row.phase);
    head.scope = 'row';
    const fill = el('span', 'fill');
    style(fill, 'background-color', `var(--cat-${PHASE_COLOURS[row.phase]})`);
    const track = el('td', 'track', fill);
    track.setAttribute('aria-hidden', 'true');
    return el('tr', '', head, track, el('td', 'num'));
  }, (node, row) => {
    const fill = node.children[1].firstElementChild;
    style(fill, 'margin-left', `${100 * Math.min(row.left, 0.99)}%`);
    style(fill, 'width', `${100 * row.width}%`);
    attr(fill, 'data-running', row.running);
    show(fill, row.seconds > 0 || row.running);
    text(node.children[2], row.running && row.seconds === 0 ? 'under way' : duration(row.seconds));
  });
  renderFacts(incident);
  renderSources(incident.sources ?? []);
}

function renderFacts(incident) {
  const resumed = incident.closed ? `step ${count(incident.resumedAtStep)}, ${incident.stepsLost > 0 ? `${plural(incident.stepsLost, 'step')} made again` : 'no step lost'}` : 'not yet';
  const facts = [
    ['why so', incident.reason || (incident.closed ? '–' : 'not decided yet')],
    ['cost', incident.costSlotSeconds >= 0 ? slotTime(Number(incident.costSlotSeconds)) : '–'],
    ['began', `${clock(incident.beganMillis, now())}, after step ${count(incident.atStep)}`],
    ['resumed', resumed],
    ['agents', (incident.agents ?? []).join(', ') || '–'],
  ];
  if (incident.planned) {
    facts.push(['planned', 'yes: it pages nobody']);
  }
  if (incident.traceId) {
    facts.push(['trace', incident.traceId]);
  }
  keyed(byId('incident-facts'), facts, (fact) => fact[0], (fact) => el('div', fact[0] === 'why so' ? 'wide' : '', el('dt', '', fact[0]), el('dd')),
      (node, fact) => text(node.lastElementChild, fact[1]));
}

function renderSources(sources) {
  const moved = sources.filter((source) => source.source !== 'live');
  show(byId('incident-sources'), moved.length > 0);
  keyed(byId('incident-sources-body'), moved.slice(0, 16), (source) => source.rank, () => {
    const head = el('th');
    head.scope = 'row';
    return el('tr', '', head, el('td'), el('td'), el('td', 'num'));
  }, (node, source) => {
    text(node.children[0], source.rank);
    text(node.children[1], source.agent);
    text(node.children[2], source.fromAgent && source.fromAgent !== source.agent ? `${source.source} of ${source.fromAgent}` : source.source);
    text(node.children[3], source.bytes > 0 ? bytes(source.bytes) : '–');
  });
}
