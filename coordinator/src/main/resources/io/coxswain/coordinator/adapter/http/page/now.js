// The first lines: what blocks progress, since when, on whom it waits, what happens next; and who says so.
import { attr, byId, el, keyed, show, text } from './dom.js';
import { clock, count, duration, percent, plural, slotTime, ticking } from './format.js';
import { now, state } from './state.js';

const WORDS = {
  healthy: ['●', 'Healthy'],
  waiting: ['◆', 'Waiting'],
  paused: ['■', 'Paused'],
  blocked: ['▲', 'Blocked'],
  recovering: ['▲', 'Recovering'],
  completed: ['✓', 'Completed'],
  failed: ['✕', 'Failed'],
  cancelled: ['■', 'Cancelled'],
  idle: ['○', 'Idle'],
  standby: ['○', 'Standby'],
  suspended: ['▲', 'Without ZooKeeper'],
  stopped: ['✕', 'Stopped'],
  unknown: ['…', 'Connecting'],
};

let said = '';

/** In one word how it is. */
export function health(picture) {
  if (!picture) {
    return 'unknown';
  }
  if (picture.standing === 'standby' || picture.standing === 'stopped') {
    return picture.standing;
  }
  const phase = phaseOf(picture.job);
  if (['completed', 'failed', 'cancelled'].includes(phase)) {
    return phase;
  }
  if (picture.standing === 'suspended') {
    return 'suspended';
  }
  if (!picture.job) {
    return picture.blocked?.healthy ? 'idle' : 'waiting';
  }
  if (phase === 'paused') {
    return 'paused';
  }
  if (picture.blocked?.healthy) {
    return 'healthy';
  }
  const open = picture.job.incidents?.at(-1)?.closed === false;
  if (open || phase === 'recovering') {
    return 'recovering';
  }
  return ['waiting', 'preparing', 'queued'].includes(phase) ? 'waiting' : 'blocked';
}

export function phaseOf(job) {
  return String(job?.phase ?? '').toLowerCase();
}

export function renderNow() {
  const picture = state.picture;
  const is = health(picture);
  const [glyph, word] = WORDS[is];
  const section = byId('now');
  attr(section, 'data-health', is);
  text(byId('now-glyph'), glyph);
  text(byId('now-word'), word);
  if (!picture) {
    return;
  }
  const blocked = picture.blocked ?? {};
  text(byId('now-what'), blocked.what || 'nothing is known yet');
  text(byId('now-waits'), waits(blocked));
  text(byId('now-next'), blocked.next || '–');
  renderLastIncident(picture.job);
  keyed(byId('now-risks'), risks(picture), (risk) => risk.text, (risk) => el('li', risk.bad ? 'bad' : 'warn'),
      (node, risk) => text(node, risk.text));
  renderBar(picture, is);
  renderEmpty(picture);
  announce(`${word}: ${blocked.what ?? ''}`, is);
}

function waits(blocked) {
  const names = blocked.waitsOn ?? [];
  if (names.length === 0) {
    return 'nobody';
  }
  const shown = names.slice(0, 6).join(', ');
  return names.length > 6 ? `${shown} and ${count(names.length - 6)} more` : shown;
}

function renderLastIncident(job) {
  const node = byId('now-incident');
  const last = job?.incidents?.at(-1);
  if (!last) {
    text(node, job ? 'none' : '–');
    return;
  }
  let link = node.firstElementChild;
  if (!link) {
    link = el('a');
    link.href = '#incidents';
    node.replaceChildren(link);
  }
  const total = Object.values(last.phaseSeconds ?? {}).reduce((sum, one) => sum + one, 0);
  const loss = last.stepsLost > 0 ? `${plural(last.stepsLost, 'step')} lost` : 'no step lost';
  const [cause, ...others] = String(last.cause).split('; ');
  const what = others.length > 0 ? `${cause} (and ${plural(others.length, 'cause')} more)` : cause;
  text(link, last.closed
    ? `${what}, at step ${count(last.atStep)}: recovered in ${duration(total)}, ${loss}`
      + (last.costSlotSeconds > 0 ? `, cost ${slotTime(last.costSlotSeconds)}` : '')
    : `${what}, at step ${count(last.atStep)}: ${last.phase || 'under way'}`);
}

function risks(picture) {
  const found = [];
  const job = picture.job;
  if (!job || ['completed', 'failed', 'cancelled'].includes(phaseOf(job))) {
    return found;
  }
  if (job.copies?.anySingleHostFatal) {
    found.push({ bad: true, text: 'The loss of one more host may be fatal: a shard has no copy elsewhere.' });
  }
  if (job.copies && job.copies.wanted > 0 && job.copies.least < job.copies.wanted && !job.copies.anySingleHostFatal) {
    found.push({ bad: false, text: `A shard has ${count(job.copies.least)} of ${count(job.copies.wanted)} wanted copies.` });
  }
  if (typeof job.loss === 'string' || (job.completedStep > 0 && job.loss === null)) {
    found.push({ bad: true, text: 'The loss is not a finite number.' });
  }
  const steps = job.stepTimes ?? {};
  if (steps.slowdown >= 0.1) {
    found.push({ bad: false, text: `Steps take ${percent(steps.slowdown, 0)} longer than at their best.` });
  }
  if (steps.straggler && !['none', 'not measurable'].includes(steps.straggler)) {
    found.push({ bad: false, text: `Straggler: ${steps.straggler}.` });
  }
  return found;
}

function renderBar(picture, is) {
  const job = picture.job;
  text(byId('job-name'), job ? job.name || job.id : 'no job');
  byId('job-name').title = job ? job.id : '';
  const chip = byId('job-phase');
  show(chip, job !== null && job !== undefined);
  if (job) {
    text(chip, phaseOf(job));
  }
  const parts = [picture.coordinator];
  if (picture.standing) {
    parts.push(picture.standing === 'leading' && picture.term ? `leads with term ${picture.term}` : picture.standing);
  }
  text(byId('coordinator'), parts.filter(Boolean).join(', '));
  document.title = `${WORDS[is][0]} ${job ? `${job.name || job.id}: ` : ''}${WORDS[is][1].toLowerCase()} · Coxswain`;
}

function renderEmpty(picture) {
  const job = picture.job;
  const standby = picture.standing === 'standby';
  show(byId('empty'), !job && !standby && state.connection === 'live');
  for (const part of document.querySelectorAll('.job-part')) {
    show(part, Boolean(job));
  }
}

// A reader of the screen hears when the word changes, not each second.
function announce(sentence, is) {
  if (said !== is) {
    said = is;
    text(byId('announce'), sentence);
  }
}

/** What changes with time alone. */
export function tickNow() {
  const picture = state.picture;
  const since = picture?.blocked?.sinceMillis;
  text(byId('now-since'), since > 0 ? `${ticking((now() - since) / 1000)} (${clock(since, now())})` : '–');
  renderConnection(picture);
}

function renderConnection(picture) {
  attr(byId('connection'), 'data-state', state.connection);
  document.body.classList.toggle('stale', state.connection === 'lost');
  text(byId('connection-text'), { live: 'live', lost: 'disconnected' }[state.connection] ?? 'connecting');
  if (state.connection === 'lost') {
    banner('lost', `Disconnected since ${clock(state.lostMillis)}. `
      + (picture ? 'What is shown is old. ' : 'Nothing was heard yet. ') + 'Trying again.');
  } else if (picture?.standing === 'stopped') {
    banner('lost', `Coordinator ${picture.coordinator} has stopped. Look at the one that leads now.`);
  } else if (picture?.standing === 'standby') {
    const leader = picture.leader || picture.blocked?.waitsOn?.[0] || '';
    banner('standby', leader ? `This is a standby. ${leader} leads: jobs and agents are shown by its page. `
      : 'This is a standby, and no leader is known. Jobs and agents are shown by the leader’s page.', picture.leaderPage);
  } else {
    show(byId('banner'), false);
  }
}

function banner(kind, words, link = '') {
  const node = byId('banner');
  attr(node, 'data-kind', kind);
  if (node.textContent !== words + link) {
    node.replaceChildren(words);
    if (/^https?:\/\//.test(link)) {
      const anchor = el('a', '', link);
      anchor.href = link;
      node.append(anchor);
    }
  }
  show(node, true);
}
