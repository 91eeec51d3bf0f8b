// Names and order of what has a colour; the colours themselves are in page.css, as --cat-… and --cell-….

/** The ledger's categories in the order in which they are stacked. */
export const CATEGORIES = [
  'productive', 'startup', 'compile', 'data_wait', 'snapshot_stall', 'straggler_wait', 'detection', 'recovery_fence',
  'recovery_decide', 'recovery_restore', 'recovery_resume', 'lost_progress', 'audit', 'degraded', 'controller_wait',
  'paused', 'other',
];

export const PHASES = ['detect', 'fence', 'decide', 'restore', 'resume'];

export const PHASE_COLOURS = {
  detect: 'detection', fence: 'recovery_fence', decide: 'recovery_decide', restore: 'recovery_restore',
  resume: 'recovery_resume',
};

/** Letters of an agent's cells. */
export const CELLS = [
  ['h', 'healthy'], ['g', 'straggling'], ['s', 'suspect'], ['r', 'recovering'], ['l', 'lost'],
  ['c', 'spare, holds copies'], ['p', 'spare'], ['.', 'not there'],
];

const cache = new Map();

/** A token's value in the theme of now. */
export function token(name) {
  let value = cache.get(name);
  if (value === undefined) {
    value = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim() || '#888888';
    cache.set(name, value);
  }
  return value;
}

/** A token `#rrggbb` as numbers. */
export function rgb(name) {
  const value = token(name);
  return [1, 3, 5].map((at) => parseInt(value.slice(at, at + 2), 16));
}

const listeners = [];

export function onTheme(listener) {
  listeners.push(listener);
}

function retheme() {
  cache.clear();
  listeners.forEach((listener) => listener());
}

const THEMES = ['auto', 'light', 'dark'];

/** The button goes round auto, light and dark; the choice is kept where the browser allows it. */
export function themeButton(button) {
  const read = () => {
    try {
      return THEMES.includes(localStorage.getItem('coxswain.theme')) ? localStorage.getItem('coxswain.theme') : 'auto';
    } catch {
      return 'auto';
    }
  };
  const set = (theme) => {
    document.documentElement.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
    try {
      localStorage.setItem('coxswain.theme', theme);
    } catch {
      // Kept for this page only.
    }
    retheme();
  };
  button.addEventListener('click', () => {
    set(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length]);
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', retheme);
  set(read());
}
