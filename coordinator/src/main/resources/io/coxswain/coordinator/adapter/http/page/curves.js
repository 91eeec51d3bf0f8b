// Loss and step time over the steps, with axes; a handful of nodes each, patched.
import { attr, byId, cursor, svg, text } from './dom.js';
import { clock, count, duration, figure } from './format.js';

const HEIGHT = 190;
const LEFT = 64;
const RIGHT = 14;
const TOP = 10;
const BOTTOM = 26;
const Y_TICKS = 5;
const X_TICKS = 5;

let loss = null;
let stepTime = null;
let logarithmic = false;

export function startCurves() {
  loss = new Curve('loss', 'Loss by step', (point) => point.loss, figure, () => logarithmic);
  stepTime = new Curve('steptime', 'Step time by step', (point) => (point.stepsPerSecond > 0 ? 1 / point.stepsPerSecond : NaN),
      duration, () => false);
  byId('loss-log').addEventListener('change', (event) => {
    logarithmic = event.target.checked;
    loss.draw();
  });
}

export function renderCurves(job) {
  if (job) {
    loss.set(job.curve ?? [], job.incidents ?? []);
    stepTime.set(job.curve ?? [], job.incidents ?? []);
  }
}

class Curve {
  #node; #readout; #value; #format; #log; #points = []; #marks = []; #slider; #at = -1;
  #line = svg('path', { class: 'curve-line' });
  #incidents = svg('path', { class: 'curve-incidents' });
  #grid = svg('path', { class: 'curve-grid' });
  #cross = svg('path', { class: 'curve-cross' });
  #dot = svg('circle', { class: 'curve-dot', r: 4 });
  #xs = Array.from({ length: X_TICKS + 1 }, () => svg('text', { class: 'curve-x' }));
  #ys = Array.from({ length: Y_TICKS + 2 }, () => svg('text', { class: 'curve-y' }));
  #svg = svg('svg', { height: HEIGHT, 'aria-hidden': 'true' });
  #scale = null;

  constructor(name, label, value, format, log) {
    this.#node = byId(`${name}-plot`);
    this.#readout = byId(`${name}-readout`);
    this.#value = value;
    this.#format = format;
    this.#log = log;
    this.#svg.append(this.#grid, this.#incidents, this.#line, this.#cross, this.#dot, ...this.#xs, ...this.#ys);
    this.#node.append(this.#svg);
    this.#node.plotLeft = LEFT;
    this.#node.plotRight = RIGHT;
    this.#node.indexAt = (part) => this.#nearest(part);
    this.#slider = cursor(this.#node, label, () => this.#points.length, (index) => this.#say(index), (index) => {
      this.#at = index;
      this.#mark();
    });
    new ResizeObserver(() => this.draw()).observe(this.#node);
  }

  set(points, incidents) {
    this.#points = points.filter((point) => Number.isFinite(this.#value(point)));
    this.#marks = incidents.map((incident) => incident.atStep);
    this.#slider.refresh();
    this.draw();
  }

  #say(index) {
    const point = this.#points[index];
    return `step ${count(point.step)}, ${clock(point.millis)}: ${this.#format(this.#value(point))}`;
  }

  #nearest(part) {
    if (!this.#scale) {
      return -1;
    }
    const step = this.#scale.fromStep + part * (this.#scale.toStep - this.#scale.fromStep);
    let best = -1;
    this.#points.forEach((point, index) => {
      if (best < 0 || Math.abs(point.step - step) <= Math.abs(this.#points[best].step - step)) {
        best = index;
      }
    });
    return best;
  }

  draw() {
    const width = this.#node.clientWidth;
    if (width === 0) {
      return;
    }
    attr(this.#svg, 'width', width);
    attr(this.#svg, 'viewBox', `0 0 ${width} ${HEIGHT}`);
    const log = this.#log() && this.#points.every((point) => this.#value(point) > 0);
    const [low, high] = this.#range(log);
    const fromStep = this.#points.reduce((least, point) => Math.min(least, point.step), Infinity);
    const toStep = this.#points.reduce((most, point) => Math.max(most, point.step), -Infinity);
    const some = this.#points.length > 0;
    const inner = width - LEFT - RIGHT;
    const scale = this.#scale = some ? {
      fromStep, toStep: Math.max(toStep, fromStep + 1),
      x: (step) => LEFT + inner * (step - fromStep) / Math.max(1, toStep - fromStep),
      y: (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - ((log ? Math.log10(value) : value) - low) / (high - low)),
    } : null;
    const path = some ? this.#points.map((point, index) => `${index === 0 ? 'M' : 'L'}${scale.x(point.step).toFixed(1)} ${scale.y(this.#value(point)).toFixed(1)}`).join('') : '';
    attr(this.#line, 'd', path);
    attr(this.#incidents, 'd', some ? this.#marks.filter((step) => step >= fromStep && step <= toStep).slice(-50)
        .map((step) => `M${scale.x(step).toFixed(1)} ${TOP}V${HEIGHT - BOTTOM}`).join('') : '');
    this.#axes(width, low, high, log);
    this.#mark();
  }

  #range(log) {
    let low = Infinity;
    let high = -Infinity;
    for (const point of this.#points) {
      const value = log ? Math.log10(this.#value(point)) : this.#value(point);
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    if (low > high) {
      return [0, 1];
    }
    if (log) {
      low = Math.floor(low);
      high = Math.ceil(high);
    } else {
      low = Math.min(low, 0);
    }
    return low === high ? [low - 0.5, high + 0.5] : [low, high + (log ? 0 : (high - low) * 0.05)];
  }

  #axes(width, low, high, log) {
    const scale = this.#scale;
    const unit = log ? Math.max(1, Math.ceil((high - low) / Y_TICKS)) : nice((high - low) / Y_TICKS);
    let grid = '';
    this.#ys.forEach((label, index) => {
      const value = Math.ceil(low / unit) * unit + index * unit;
      if (!scale || value > high + unit * 1e-9) {
        attr(label, 'visibility', 'hidden');
        return;
      }
      const y = scale.y(log ? 10 ** value : value);
      grid += `M${LEFT} ${y.toFixed(1)}H${width - RIGHT}`;
      attr(label, 'visibility', null);
      attr(label, 'x', LEFT - 8);
      attr(label, 'y', (y + 4).toFixed(1));
      text(label, short(this.#format(log ? 10 ** value : clean(value, unit))));
    });
    attr(this.#grid, 'd', grid);
    const steps = scale ? wholeTicks(scale.fromStep, scale.toStep) : [];
    this.#xs.forEach((label, index) => {
      attr(label, 'visibility', index < steps.length ? null : 'hidden');
      if (index < steps.length) {
        const x = scale.x(steps[index]);
        attr(label, 'x', x.toFixed(1));
        attr(label, 'y', HEIGHT - 8);
        attr(label, 'text-anchor', x < LEFT + 30 ? 'start' : x > width - RIGHT - 30 ? 'end' : 'middle');
        text(label, index === 0 ? `step ${count(steps[index])}` : count(steps[index]));
      }
    });
  }

  #mark() {
    const point = this.#points[this.#at];
    if (!point || !this.#scale) {
      attr(this.#cross, 'd', '');
      attr(this.#dot, 'visibility', 'hidden');
      const newest = this.#points.length - 1;
      text(this.#readout, newest < 0 ? 'begins with the first steps' : this.#say(newest));
      return;
    }
    const x = this.#scale.x(point.step);
    attr(this.#cross, 'd', `M${x.toFixed(1)} ${TOP}V${HEIGHT - BOTTOM}`);
    attr(this.#dot, 'visibility', null);
    attr(this.#dot, 'cx', x.toFixed(1));
    attr(this.#dot, 'cy', this.#scale.y(this.#value(point)).toFixed(1));
    text(this.#readout, this.#say(this.#at));
  }
}

function nice(rough) {
  if (!(rough > 0)) {
    return 1;
  }
  const power = 10 ** Math.floor(Math.log10(rough));
  const lead = rough / power;
  return power * (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10);
}

// Steps are whole.
function wholeTicks(from, to) {
  const unit = Math.max(1, nice((to - from) / X_TICKS));
  const ticks = [];
  for (let step = Math.ceil(from / unit) * unit; step <= to && ticks.length <= X_TICKS; step += unit) {
    ticks.push(step);
  }
  return ticks;
}

/** 50.0 ms as 50 ms: an axis needs no more. */
function short(label) {
  return label.replace(/(\.\d*?)0+(?=\D|$)/, '$1').replace(/\.(?=\D|$)/, '');
}

function clean(value, unit) {
  return Math.abs(value) < unit * 1e-9 ? 0 : value;
}
