// Small hands for the page: nothing is written that did not change, so nothing flickers.
// Text goes in by textContent alone; names of agents and jobs are somebody else's words.

export const byId = (id) => document.getElementById(id);

export function text(node, value) {
  const now = String(value);
  if (node.textContent !== now) {
    node.textContent = now;
  }
}

export function attr(node, name, value) {
  if (value === null || value === undefined || value === false) {
    if (node.hasAttribute(name)) {
      node.removeAttribute(name);
    }
  } else if (node.getAttribute(name) !== String(value)) {
    node.setAttribute(name, String(value));
  }
}

export function show(node, shown) {
  if (node.hidden === shown) {
    node.hidden = !shown;
  }
}

/** A style property by the object model, which a strict policy for inline styles allows. */
export function style(node, name, value) {
  if (node.style.getPropertyValue(name) !== value) {
    node.style.setProperty(name, value);
  }
}

export function el(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) {
    node.className = className;
  }
  node.append(...children);
  return node;
}

const SVG = 'http://www.w3.org/2000/svg';

export function svg(tag, attributes = {}) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    node.setAttribute(name, value);
  }
  return node;
}

/**
 * Makes a node's children those of a list, by key: nodes that stay are kept and patched, so focus,
 * scroll position and selection stay too. `make(item)` gives a new node, `update(node, item)` patches.
 */
export function keyed(parent, items, key, make, update) {
  const known = parent.coxswainNodes ?? (parent.coxswainNodes = new Map());
  const wanted = new Map(items.map((item) => [String(key(item)), item]));
  for (const [name, node] of known) {
    if (!wanted.has(name)) {
      node.remove();
      known.delete(name);
    }
  }
  let at = parent.firstElementChild;
  for (const [name, item] of wanted) {
    let node = known.get(name);
    if (!node) {
      node = make(item);
      known.set(name, node);
    }
    update(node, item);
    if (node === at) {
      at = at.nextElementSibling;
    } else {
      parent.insertBefore(node, at);
    }
  }
}

/**
 * Makes a plot readable by pointer and keyboard: a slider over indices. `size()` is how many there are,
 * `say(index)` the text of one, `mark(index)` is told where the cursor is (-1: nowhere).
 */
export function cursor(node, label, size, say, mark) {
  let index = -1;
  node.tabIndex = 0;
  node.setAttribute('role', 'slider');
  node.setAttribute('aria-label', label);
  node.setAttribute('aria-valuemin', '0');
  const move = (to) => {
    const last = size() - 1;
    index = last < 0 || to < 0 ? -1 : Math.min(to, last);
    refresh();
    mark(index);
  };
  const refresh = () => {
    const last = Math.max(0, size() - 1);
    const at = index < 0 ? last : Math.min(index, last);
    attr(node, 'aria-valuemax', last);
    attr(node, 'aria-valuenow', at);
    attr(node, 'aria-valuetext', size() > 0 ? say(at) : 'nothing yet');
  };
  node.addEventListener('keydown', (event) => {
    const last = size() - 1;
    const from = index < 0 ? last : index;
    const wide = Math.max(1, Math.round(size() / 10));
    const to = {
      ArrowLeft: from - 1, ArrowDown: from - 1, ArrowRight: from + 1, ArrowUp: from + 1,
      PageDown: from - wide, PageUp: from + wide, Home: 0, End: last,
    }[event.key];
    if (event.key === 'Escape') {
      move(-1);
    } else if (to !== undefined) {
      event.preventDefault();
      move(Math.max(0, to));
    }
  });
  node.addEventListener('focus', () => move(index < 0 ? size() - 1 : index));
  node.addEventListener('blur', () => move(-1));
  node.addEventListener('pointermove', (event) => {
    const box = node.getBoundingClientRect();
    const share = (event.clientX - box.left - (node.plotLeft ?? 0))
        / Math.max(1, box.width - (node.plotLeft ?? 0) - (node.plotRight ?? 0));
    move(node.indexAt ? node.indexAt(share)
        : Math.max(0, Math.min(size() - 1, Math.floor(share * size()))));
  });
  node.addEventListener('pointerleave', () => {
    if (document.activeElement !== node) {
      move(-1);
    }
  });
  return { refresh, index: () => index };
}
