// Numbers for people: units always, digits as far as they mean something.

const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const NONE = '–';

export function count(value) {
  return Number.isFinite(value) ? WHOLE.format(value) : NONE;
}

export function plural(value, word) {
  return `${count(value)} ${word}${value === 1 ? '' : 's'}`;
}

export function percent(ratio, digits = 1) {
  return Number.isFinite(ratio) ? `${(100 * ratio).toFixed(digits)} %` : NONE;
}

/** A share that is not nothing never reads as nothing. */
export function share(ratio) {
  return ratio > 0 && ratio < 0.0005 ? '< 0.1 %' : percent(ratio);
}

function three(value) {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** A duration: 142 ms, 3.20 s, 4 min 12 s, 2 h 5 min, 3 d 4 h. */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) {
    return NONE;
  }
  const s = Math.abs(seconds);
  if (s === 0) {
    return '0 s';
  }
  if (s < 0.001) {
    return `${three(s * 1e6)} µs`;
  }
  if (s < 0.9995) {
    return `${three(s * 1e3)} ms`;
  }
  return s < 59.95 ? `${three(s)} s` : long(s);
}

function long(s) {
  const whole = Math.round(s);
  if (whole < 3600) {
    return pair(Math.floor(whole / 60), 'min', whole % 60, 's');
  }
  if (whole < 86400) {
    return pair(Math.floor(whole / 3600), 'h', Math.floor((whole % 3600) / 60), 'min');
  }
  return pair(Math.floor(whole / 86400), 'd', Math.floor((whole % 86400) / 3600), 'h');
}

function pair(big, bigUnit, small, smallUnit) {
  return small === 0 ? `${count(big)} ${bigUnit}` : `${count(big)} ${bigUnit} ${small} ${smallUnit}`;
}

/** A duration that ticks: whole seconds. */
export function ticking(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return whole < 60 ? `${whole} s` : long(whole);
}

/** Slot-seconds: time of one slot. */
export function slotTime(slotSeconds) {
  if (!Number.isFinite(slotSeconds)) {
    return NONE;
  }
  if (slotSeconds > 0 && slotSeconds < 0.01) {
    return `${three(slotSeconds * 1e3)} slot-ms`;
  }
  if (slotSeconds < 10000) {
    return `${three(slotSeconds)} slot-s`;
  }
  const hours = slotSeconds / 3600;
  return hours < 10000 ? `${three(hours)} slot-h` : `${count(hours / 24)} slot-days`;
}

export function bytes(value) {
  if (!Number.isFinite(value)) {
    return NONE;
  }
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let unit = 0;
  let left = value;
  while (left >= 999.5 && unit < units.length - 1) {
    left /= 1000;
    unit++;
  }
  return unit === 0 ? `${count(left)} B` : `${three(left)} ${units[unit]}`;
}

/** A figure without a known scale, such as a loss. */
export function figure(value) {
  if (value === null || value === undefined) {
    return NONE;
  }
  if (!Number.isFinite(value)) {
    return String(value);
  }
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.0001 || size >= 1e6)) {
    return value.toExponential(2);
  }
  return size >= 1000 ? count(value) : value.toFixed(size >= 100 ? 1 : size >= 1 ? 3 : 4);
}

export function rate(perSecond) {
  if (!Number.isFinite(perSecond) || perSecond <= 0) {
    return NONE;
  }
  return perSecond >= 0.95 ? `${three(perSecond)} steps/s` : `${duration(1 / perSecond)} a step`;
}

const two = (value) => String(value).padStart(2, '0');

/** Wall time of the viewer's zone, with the day where it is not today's. */
export function clock(millis, now = Date.now()) {
  const at = new Date(millis);
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return at.toDateString() === new Date(now).toDateString()
    ? time : `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`;
}

/** `straggler_wait` as people say it. */
export function words(key) {
  return String(key).replaceAll('_', ' ');
}
