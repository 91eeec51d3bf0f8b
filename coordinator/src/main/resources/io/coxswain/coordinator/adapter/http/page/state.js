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
 * A message `picture`: whole, or what brings the picture `after` to the next. False: it does not fit what is
 * here, so a whole one is needed.
 */
export function mergePicture(message) {
  state.skewMillis = message.atMillis - Date.now();
  if (message.whole) {
    state.picture = message;
    return true;
  }
  if (!state.picture || state.picture.sequence !== message.after) {
    return false;
  }
  const { after, job, agents, agentsMoved, heat, ...rest } = message;
  const merged = patch(state.picture, rest);
  if (job !== undefined) {
    merged.job = job === null || !merged.job ? job : mergeJob(merged.job, job);
  }
  merged.agents = agents ?? mergeAgents(merged.agents ?? [], agentsMoved, heat);
  state.picture = merged;
  return true;
}

/**
 * A value after a change. Of an object the patch has what changed (`-` names what is gone), of a list the elements
 * that changed, by index, and its `length` where that changed; anything else is the new value. What did not change
 * stays the same object, so that whoever draws sees it.
 */
export function patch(before, change) {
  if (!isObject(change) || !(isObject(before) || Array.isArray(before))) {
    return change;
  }
  const after = Array.isArray(before) ? before.slice(0, change.length ?? before.length) : { ...before };
  for (const [name, value] of Object.entries(change)) {
    if (name === '-' && Array.isArray(value)) {
      value.forEach((gone) => delete after[gone]);
    } else if (name !== 'length' || !Array.isArray(before)) {
      after[name] = patch(before[name], value);
    }
  }
  return after;
}

function isObject(value) {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function mergeJob(before, { incidentsMoved, ...rest }) {
  const job = patch(before, rest);
  if (incidentsMoved) {
    job.incidents = mergeIncidents(before.incidents ?? [], incidentsMoved);
  }
  return job;
}

// A new list where anything is new, the same one where nothing is.
function mergeAgents(before, moved, heat) {
  if (!moved && !heat) {
    return before;
  }
  const news = new Map((moved ?? []).map((agent) => [agent.id, agent]));
  return before.map((agent) => {
    const change = heat && (Object.hasOwn(heat.others ?? {}, agent.id) ? heat.others[agent.id] : heat.most);
    return { ...agent, ...news.get(agent.id), ...(change ? { cells: shifted(agent.cells ?? '', change) } : {}) };
  });
}

/** `[drop, keep, tail]`: so many cells go, so many stay, then these. */
function shifted(cells, [drop, keep, tail]) {
  return cells.slice(drop, drop + keep) + tail;
}

function mergeIncidents(before, changed) {
  const byId = new Map(before.map((incident) => [incident.id, incident]));
  for (const incident of changed) {
    byId.set(incident.id, incident);
  }
  return [...byId.values()].sort((a, b) => a.id - b.id).slice(-INCIDENTS);
}

/** One of a message `events`; `origin` names the coordinator whose numbers these are. */
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
