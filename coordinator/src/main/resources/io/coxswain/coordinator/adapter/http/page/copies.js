// Who holds copies of which shard, where, and what that survives.
import { attr, byId, el, keyed, show, text } from './dom.js';
import { count } from './format.js';

const SHARDS = 48;
const HOLDERS = 8;

export function renderCopies(job) {
  if (!job) {
    return;
  }
  const copies = job.copies ?? { wanted: 0, least: 0, holders: [], deficits: [] };
  text(byId('copies-count'), `at least ${count(copies.least)} of ${count(copies.wanted)} wanted for every shard`);
  const survives = byId('copies-survives');
  attr(survives, 'data-state', copies.anySingleHostFatal ? 'bad' : copies.least < copies.wanted ? 'warn' : 'good');
  text(survives, (copies.anySingleHostFatal ? '▲ One more host lost may be fatal. ' : '') + `Survives: ${copies.survives || 'not known yet'}` + (copies.snapshots ? `. Snapshots ${copies.snapshots}` : ''));
  const deficits = (copies.deficits ?? []).concat(job.exports?.failing ?? []);
  keyed(byId('copies-deficits'), deficits.slice(0, 8).concat(deficits.length > 8 ? [`and ${count(deficits.length - 8)} more`] : []),
      (deficit) => deficit, (deficit) => el('li', 'warn', deficit), () => {});
  const shards = byShard(copies.holders ?? []);
  keyed(byId('copies-rows'), shards.slice(0, SHARDS), (row) => row.shard, () => {
    const head = el('th', 'num');
    head.scope = 'row';
    return el('tr', '', head, el('td', 'chips'));
  }, (node, row) => {
    text(node.children[0], row.shard);
    attr(node, 'data-thin', row.domains < 2 ? 'true' : null);
    const few = row.holders.slice(0, HOLDERS).map((holder) => ({
      key: `${holder.agent} ${holder.rank}`, name: holder.agent, owner: holder.owner,
      what: [holder.owner ? `rank ${holder.rank}` : 'copy', place(holder)].filter(Boolean).join(', '),
    }));
    if (row.holders.length > HOLDERS) {
      few.push({ key: 'more', name: `and ${count(row.holders.length - HOLDERS)} more`, what: '' });
    }
    keyed(node.children[1], few, (holder) => holder.key, () => el('span', 'chip', el('span'), el('span', 'chip-domain')), (chip, holder) => {
      attr(chip, 'data-copy', holder.owner === false ? 'true' : null);
      text(chip.firstElementChild, holder.name);
      text(chip.lastElementChild, holder.what ? ` ${holder.what}` : '');
    });
  });
  text(byId('copies-more'), shards.length > SHARDS ? `and ${count(shards.length - SHARDS)} more shards; the thinnest stand first` : '');
  show(byId('copies-more'), shards.length > SHARDS);
}

// A domain often ends with the agent's own name.
function place(holder) {
  const domain = holder.domain ?? '';
  return domain.endsWith(`/${holder.agent}`) ? domain.slice(0, -holder.agent.length - 1) : domain;
}

// All in order where all fit, else those with the fewest domains first.
function byShard(holders) {
  const shards = new Map();
  for (const holder of holders) {
    if (!shards.has(holder.shard)) {
      shards.set(holder.shard, []);
    }
    shards.get(holder.shard).push(holder);
  }
  const rows = [...shards].map(([shard, some]) => ({ shard, holders: some, domains: new Set(some.map((holder) => holder.domain)).size }));
  rows.sort((a, b) => (rows.length > SHARDS ? a.domains - b.domains : 0) || a.shard - b.shard);
  return rows;
}
