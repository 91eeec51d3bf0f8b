import { renderAgents, repaintAgents, startAgents } from './agents.js';
import { renderCopies } from './copies.js';
import { renderCurves, startCurves } from './curves.js';
import { byId, el, keyed, show, text } from './dom.js';
import { renderEvents, renderQueue, startEvents } from './events.js';
import { count, duration, percent } from './format.js';
import { renderGoodput } from './goodput.js';
import { renderIncidents, startIncidents } from './incidents.js';
import { connect } from './live.js';
import { renderNow, tickNow } from './now.js';
import { state } from './state.js';
import { renderTimeline, repaintTimeline, startTimeline } from './timeline.js';
import { onTheme, themeButton } from './tokens.js';

const RANKS = 32;

let wanted = false;
const drawn = new Map();

// At most one drawing a frame, and none while nobody looks.
function changed() {
  if (!wanted) {
    wanted = true;
    requestAnimationFrame(render);
  }
}

function render() {
  wanted = false;
  const picture = state.picture;
  const job = picture?.job ?? null;
  renderNow();
  tickNow();
  if (picture) {
    renderGoodput(job);
    renderTimeline(job);
    renderIncidents(job);
    renderRanks(job);
    renderQueue(picture.queued);
    once('agents', picture.agents, () => renderAgents(picture.agents, picture.cellMillis));
    once('copies', job?.copies, () => renderCopies(job));
    once('curve', job?.curve, () => renderCurves(job));
  }
  once('events', state.events.at(-1), renderEvents);
}

// What is long is drawn when it is another than the last time.
function once(name, value, draw) {
  if (drawn.get(name) !== value) {
    drawn.set(name, value);
    draw();
  }
}

function renderRanks(job) {
  const ranks = [...(job?.stepTimes?.ranks ?? [])].sort((a, b) => b.medianSeconds - a.medianSeconds);
  show(byId('ranks'), ranks.length > 0);
  if (!byId('ranks').open) {
    return;
  }
  keyed(byId('ranks-rows'), ranks.slice(0, RANKS), (one) => one.rank, () => {
    const head = el('th', 'num');
    head.scope = 'row';
    return el('tr', '', head, el('td', 'num'), el('td', 'num'), el('td', 'num'), el('td', 'num'));
  }, (node, one) => {
    text(node.children[0], one.rank);
    text(node.children[1], duration(one.medianSeconds));
    text(node.children[2], duration(one.p95Seconds));
    text(node.children[3], one.executeMedianSeconds > 0 ? duration(one.executeMedianSeconds) : '–');
    text(node.children[4], percent(typeof one.spread === 'number' ? one.spread : NaN, 0));
  });
  const all = Math.max(ranks.length, Number(job?.stepTimes?.rankCount ?? 0));
  text(byId('ranks-more'), all > RANKS ? `the slowest ${RANKS} of ${count(all)}` : 'the slowest first');
}

themeButton(byId('theme'));
startTimeline();
startIncidents();
startAgents();
startCurves();
startEvents();
byId('ranks').addEventListener('toggle', changed);
onTheme(() => {
  repaintTimeline();
  repaintAgents();
});
connect(changed);
setInterval(tickNow, 1000);
