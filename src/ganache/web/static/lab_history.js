// What was measured so far, in memory that does not grow: where it gets long, neighbours become their mean.

const MOST = 600; // values of a series

/** Return a history: `add(x, { name: y })` notes values, `series(names)` returns them for a curve. */
export function history() {
  const known = new Map(); // name → { x, y, every, waiting }
  return {
    clear: () => known.clear(),
    add(x, values) {
      for (const [name, y] of Object.entries(values)) {
        if (!known.has(name)) known.set(name, { x: [], y: [], every: 1, waiting: [] });
        note(known.get(name), x, y);
      }
    },
    series(names) {
      return names
        .filter(([name]) => known.has(name))
        .map(([name, shown, colour]) => ({ name: shown, x: known.get(name).x, y: known.get(name).y, colour }));
    },
    last: (name) => known.get(name)?.y.at(-1),
  };
}

function note(one, x, y) {
  one.waiting.push(y);
  if (one.waiting.length < one.every) return;
  one.x.push(x);
  one.y.push(meanOf(one.waiting));
  one.waiting = [];
  if (one.y.length < MOST) return;
  one.y = one.y.filter((_, place) => place % 2).map((later, place) => (later + one.y[2 * place]) / 2);
  one.x = one.x.filter((_, place) => place % 2);
  one.every *= 2;
}

function meanOf(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
