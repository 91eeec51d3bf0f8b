// Agents × time. Few agents have a row each; many stand by failure domain, a line of pixels each, and a domain opens.
import { attr, byId, el, keyed, show, style, text } from './dom.js';
import { bytes, count, duration, plural } from './format.js';
import { CELLS, rgb } from './tokens.js';

const COLUMNS = 120;
const ROWS = 48;
const GROUPS = 48;
const OPEN_ROWS = 64;
const TABLE_ROWS = 100;
const PLOT_HEIGHT = 760;
const ORDER = new Intl.Collator('en', { numeric: true });

let agents = [];
let open = '';

export function startAgents() {
  keyed(byId('heat-legend'), CELLS, ([letter]) => letter, ([letter, name]) => {
    const swatch = el('span', 'swatch');
    style(swatch, 'background-color', `var(--cell-${cellToken(letter)})`);
    return el('li', '', swatch, el('span', '', name));
  }, () => {});
  byId('agents-troubled').addEventListener('change', heat);
  byId('agents-table').addEventListener('toggle', table);
  byId('agents-find').addEventListener('input', table);
}

export function repaintAgents() {
  for (const canvas of document.querySelectorAll('#heat canvas')) {
    canvas.painted = '';
  }
  heat();
}

export function renderAgents(of, cellMillis) {
  text(byId('heat-from'), `${duration(COLUMNS * cellMillis / 1000)} ago`);
  agents = [...(of ?? [])].sort((a, b) => ORDER.compare(a.domain, b.domain) || ORDER.compare(a.id, b.id));
  show(byId('agents-none'), agents.length === 0);
  const states = new Map();
  for (const agent of agents) {
    const word = short(agent);
    states.set(word, (states.get(word) ?? 0) + 1);
  }
  text(byId('agents-count'), agents.length === 0 ? '' : [...states].map(([word, many]) => `${count(many)} ${word}`).join(', '));
  heat();
  table();
}

function cellToken(letter) {
  return letter === '.' ? 'none' : letter;
}

function last(agent) {
  return agent.cells?.at(-1) ?? '.';
}

function troubled(agent) {
  return ['suspect', 'lost', 'unfit'].includes(agent.state) || 'lsgr'.includes(last(agent));
}

/** One word for the count. */
function short(agent) {
  if (['suspect', 'lost', 'unfit'].includes(agent.state)) {
    return agent.state;
  }
  const cell = { l: 'lost', s: 'suspect', r: 'recovering', g: 'straggling' }[last(agent)];
  return cell ?? ({ ranked: 'healthy', spare: 'spare' }[agent.state] ?? agent.state);
}

function described(agent) {
  const word = short(agent);
  const rank = agent.rank >= 0 ? `rank ${agent.rank}` : '';
  const copies = agent.copiesHeld > 0 ? (agent.copiesHeld === 1 ? '1 copy' : `${count(agent.copiesHeld)} copies`) : '';
  return [word === 'healthy' ? '' : word, rank, copies].filter(Boolean).join(', ') || word;
}

function parent(domain, levels) {
  const parts = domain.split('/');
  return parts.slice(0, Math.max(1, parts.length - levels)).join('/');
}

// The widest groups of which there are few enough to show.
function grouped(some) {
  for (let levels = 1; ; levels++) {
    const groups = new Map();
    for (const agent of some) {
      const name = parent(agent.domain ?? '', levels);
      if (!groups.has(name)) {
        groups.set(name, []);
      }
      groups.get(name).push(agent);
    }
    if (groups.size <= GROUPS || levels > 16) {
      return [...groups].slice(0, GROUPS).map(([name, members]) => ({ name, members }));
    }
  }
}

function heat() {
  const troubledOnly = byId('agents-troubled').checked;
  const some = troubledOnly ? agents.filter(troubled) : agents;
  const node = byId('heat');
  attr(node, 'data-mode', some.length <= ROWS ? 'rows' : 'groups');
  const rows = [];
  if (some.length <= ROWS) {
    rows.push(...some.map((agent) => ({ key: `a ${agent.id}`, agent })));
  } else {
    const pixels = Math.max(1, Math.min(4, Math.floor(PLOT_HEIGHT / some.length)));
    for (const group of grouped(some)) {
      rows.push({ key: `g ${group.name}`, group, pixels });
      if (group.name === open) {
        rows.push(...group.members.slice(0, OPEN_ROWS).map((agent) => ({ key: `a ${agent.id}`, agent, inner: true })));
        if (group.members.length > OPEN_ROWS) {
          rows.push({ key: `m ${group.name}`, more: group.members.length - OPEN_ROWS });
        }
      }
    }
  }
  if (some.length === 0 && agents.length > 0) {
    rows.push({ key: 'm none', more: 0 });
  }
  keyed(node, rows, (row) => row.key, make, update);
}

function make(row) {
  if (row.more !== undefined) {
    return el('p', 'heat-more');
  }
  const canvas = el('canvas');
  canvas.setAttribute('aria-hidden', 'true');
  if (row.agent) {
    return el('div', 'heat-row', el('span', 'heat-name'), el('span', 'heat-state'), canvas);
  }
  const name = el('button', 'heat-name heat-button');
  name.type = 'button';
  name.addEventListener('click', () => {
    open = open === row.group.name ? '' : row.group.name;
    heat();
  });
  return el('div', 'heat-row heat-group', name, el('span', 'heat-state'), canvas);
}

function update(node, row) {
  if (row.more !== undefined) {
    text(node, row.more === 0 ? 'No agent is in trouble.' : `and ${count(row.more)} more: see the table`);
    return;
  }
  const [name, word, canvas] = node.children;
  if (row.agent) {
    const agent = row.agent;
    attr(node, 'data-inner', row.inner ? 'true' : null);
    text(name, agent.id);
    attr(name, 'title', `${agent.domain}${agent.host ? `, host ${agent.host}` : ''}`);
    text(word, described(agent));
    attr(word, 'data-state', short(agent));
    paint(canvas, [agent], 0);
    return;
  }
  const members = row.group.members;
  text(name, row.group.name || 'no domain');
  attr(name, 'aria-expanded', open === row.group.name);
  const bad = members.filter(troubled);
  const states = new Map();
  for (const agent of bad) {
    states.set(short(agent), (states.get(short(agent)) ?? 0) + 1);
  }
  text(word, bad.length === 0 ? plural(members.length, 'agent') : [...states].map(([one, many]) => `${many} ${one}`).join(', '));
  attr(word, 'data-state', bad.length === 0 ? null : short(bad[0]));
  paint(canvas, members, row.pixels);
}

// One pixel a cell, stretched by the style sheet; drawn again only when a letter changed.
function paint(canvas, members, pixels) {
  const what = members.map((agent) => agent.cells ?? '').join('\n');
  if (canvas.painted === what) {
    return;
  }
  canvas.painted = what;
  if (canvas.width !== COLUMNS || canvas.height !== members.length) {
    canvas.width = COLUMNS;
    canvas.height = members.length;
  }
  style(canvas, 'height', pixels === 0 ? '' : `${Math.max(14, members.length * pixels)}px`);
  const pen = canvas.getContext('2d');
  const image = pen.createImageData(COLUMNS, members.length);
  const colours = new Map(CELLS.map(([letter]) => [letter, rgb(`cell-${cellToken(letter)}`)]));
  members.forEach((agent, line) => {
    const cells = (agent.cells ?? '').slice(-COLUMNS).padStart(COLUMNS, '.');
    for (let column = 0; column < COLUMNS; column++) {
      const [red, green, blue] = colours.get(cells[column]) ?? colours.get('.');
      image.data.set([red, green, blue, 255], 4 * (line * COLUMNS + column));
    }
  });
  pen.putImageData(image, 0, 0);
}

function table() {
  if (!byId('agents-table').open) {
    return;
  }
  const wanted = byId('agents-find').value.trim().toLowerCase();
  const found = agents.filter((agent) => !wanted
    || [agent.id, agent.host, agent.domain, agent.state, short(agent), agent.detail].some((one) => String(one ?? '').toLowerCase().includes(wanted)));
  found.sort((a, b) => Number(troubled(b)) - Number(troubled(a)));
  keyed(byId('agents-rows'), found.slice(0, TABLE_ROWS), (agent) => agent.id, () => {
    const head = el('th');
    head.scope = 'row';
    return el('tr', '', head, el('td'), el('td'), el('td', 'num'), el('td', 'num'), el('td', 'num'), el('td'));
  }, (node, agent) => {
    const values = [agent.id, agent.domain, short(agent), agent.rank >= 0 ? agent.rank : '–', agent.copiesHeld ?? 0,
      agent.arenaBudgetBytes > 0 ? `${bytes(agent.arenaUsedBytes)} of ${bytes(agent.arenaBudgetBytes)}` : '–',
      [agent.detail, agent.host].filter(Boolean).join(' · ')];
    values.forEach((value, at) => text(node.children[at], value));
  });
  text(byId('agents-more'), found.length > TABLE_ROWS ? `and ${count(found.length - TABLE_ROWS)} more: narrow the search` : '');
}
