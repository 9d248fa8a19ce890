// From values to places of a drawing, evenly or by their logarithms.

import { roundNumbers } from "ganache/numbers.js";

/** Return { place(value), value(place), ticks } that maps low … high to first … last. */
export function linearScale(low, high, first, last) {
  const span = high - low || 1;
  return {
    place: (value) => first + ((value - low) / span) * (last - first),
    value: (place) => low + ((place - first) / (last - first)) * span,
    ticks: roundNumbers(low, high),
  };
}

/** Return the same for positive values by their logarithms. */
export function logScale(low, high, first, last) {
  const inner = linearScale(Math.log10(low), Math.log10(high), first, last);
  return {
    place: (value) => inner.place(Math.log10(value)),
    value: (place) => 10 ** inner.value(place),
    ticks: logTicks(low, high),
  };
}

function logTicks(low, high) {
  const decades = Math.log10(high / low);
  const times = decades < 1 ? [1, 1.5, 2, 3, 4, 5, 6, 8] : decades < 3 ? [1, 2, 5] : [1];
  const skip = Math.max(1, Math.ceil(decades / 6));
  const found = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += skip) {
    for (const one of times) {
      const tick = Number(`${one}e${power}`);
      if (tick >= low * 0.999 && tick <= high * 1.001) found.push(tick);
    }
  }
  return found;
}

/** Return the range [low, high] of all values with a little room around them; { log } for a logarithmic axis. */
export function roomyRange(values, { log = false } = {}) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value) || (log && value <= 0)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return log ? [0.1, 1] : [0, 1];
  if (log) return high > low * 1.001 ? [low / 1.1, high * 1.1] : [low / 2, high * 2];
  const room = (high - low) * 0.05 || Math.abs(high) * 0.1 || 1;
  return [low - room, high + room];
}
