// What the page knows: the newest picture, put together from messages that leave out what did not change.

const INCIDENTS = 200;
const EVENTS = 300;

export const state = {
  /** The whole picture; null before the first. */
  picture: null,
  /** Newest last. */
  events: [],
  /** Whose events they are. */
  origin: '',
  connection: 'connecting',
  /** When the connection was lost, by this machine's clock. */
  lostMillis: 0,
  /** The coordinator's clock less this machine's. */
  skewMillis: 0,
};

/** The coordinator's wall time now. */
export function now() {
  return Date.now() + state.skewMillis;
}

/**
 * A message `picture`: whole, or without the members that did not change. Of incidents and agents it may bring
 * some alone, and `cells` brings the heat by agent.
 */
export function mergePicture(message) {
  state.skewMillis = message.atMillis - Date.now();
  const { cells, agentsChanged, ...rest } = message;
  const before = message.whole ? null : state.picture;
  const merged = { ...before, ...rest };
  if (message.job && before?.job && message.job.id === before.job.id) {
    merged.job = { ...before.job, ...message.job };
    if (message.job.incidents) {
      merged.job.incidents = mergeIncidents(before.job.incidents ?? [], message.job.incidents);
    }
  }
  merged.agents = mergeAgents(before?.agents ?? [], message.agents, agentsChanged, cells);
  state.picture = merged;
}

// A new list where anything is new, the same one where nothing is.
function mergeAgents(before, whole, changed, cells) {
  if (!whole && !changed && !cells) {
    return before;
  }
  const known = new Map(before.map((agent) => [agent.id, agent]));
  const news = new Map((whole ?? changed ?? []).map((agent) => [agent.id, agent]));
  return (whole ?? before).map((agent) => ({
    ...known.get(agent.id), ...news.get(agent.id), ...(cells && Object.hasOwn(cells, agent.id) ? { cells: cells[agent.id] } : {}),
  }));
}

function mergeIncidents(before, changed) {
  const byId = new Map(before.map((incident) => [incident.id, incident]));
  for (const incident of changed) {
    byId.set(incident.id, incident);
  }
  return [...byId.values()].sort((a, b) => a.id - b.id).slice(-INCIDENTS);
}

/** A message `event`; `origin` names the coordinator whose numbers these are. */
export function addEvent(event, origin) {
  if (origin !== state.origin) {
    state.origin = origin;
    state.events = [];
  }
  if (event.sequence <= (state.events.at(-1)?.sequence ?? 0)) {
    return;
  }
  state.events.push(event);
  if (state.events.length > EVENTS) {
    state.events.splice(0, state.events.length - EVENTS);
  }
}
