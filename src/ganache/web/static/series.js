// What is measured over a training: series { name, x, y, colour? }, x increasing.

const FEW = 25; // points, below which nothing is smoothed

/** Return the place of the value in x that is nearest to one; -1 where there is none. */
export function nearestPlace(x, value) {
  let [first, last] = [0, x.length - 1];
  if (last < 0) return -1;
  while (last - first > 1) {
    const middle = (first + last) >> 1;
    if (x[middle] <= value) first = middle;
    else last = middle;
  }
  return Math.abs(x[last] - value) < Math.abs(x[first] - value) ? last : first;
}

/** Return whether values go up and down so often that they are worth smoothing. */
export function isNoisy(values) {
  if (values.length < FEW) return false;
  let [way, low, high] = [0, values[0], values[0]];
  for (let place = 1; place < values.length; place += 1) {
    way += Math.abs(values[place] - values[place - 1]);
    low = Math.min(low, values[place]);
    high = Math.max(high, values[place]);
  }
  return way > 4 * (high - low);
}

/** Return values averaged with their neighbours, the near ones weighing more; nothing is shifted. */
export function smoothed(values) {
  const reach = Math.max(1, Math.floor(values.length / 40));
  return averaged(averaged(values, reach), reach);
}

function averaged(values, reach) {
  const sums = [0];
  for (const value of values) sums.push(sums[sums.length - 1] + value);
  return values.map((_, place) => {
    const below = Math.max(place - reach, 0);
    const above = Math.min(place + reach + 1, values.length);
    return (sums[above] - sums[below]) / (above - below);
  });
}

/** Return the part of a series within [first, last], with the neighbours beyond, to which its line leads. */
export function within(one, [first, last]) {
  let from = 0;
  let to = one.x.length;
  while (from < to && one.x[from] < first) from += 1;
  while (to > from && one.x[to - 1] > last) to -= 1;
  from = Math.max(0, from - 1);
  to = Math.min(one.x.length, to + 1);
  return { ...one, x: one.x.slice(from, to), y: one.y.slice(from, to) };
}
