// What is painted over the plane besides points and fields: the generator as a bent lattice, and the modes.

import { colour } from "ganache/palette.js";

/** Return a layer of a plane that paints a lattice (L, L, 2) as lines, bent as the generator bends its latents. */
export function latticeLayer({ values, shape }) {
  const side = shape[0];
  return (pen, view) => {
    pen.strokeStyle = colour("generator");
    pen.lineWidth = 0.8;
    pen.globalAlpha = 0.55;
    pen.beginPath();
    for (let line = 0; line < side; line += 1) {
      for (const at of [(step) => line * side + step, (step) => step * side + line]) {
        for (let step = 0; step < side; step += 1) {
          const place = 2 * at(step);
          const [x, y] = [view.toX(values[place]), view.toY(values[place + 1])];
          if (step) pen.lineTo(x, y);
          else pen.moveTo(x, y);
        }
      }
    }
    pen.stroke();
    pen.globalAlpha = 1;
  };
}

/** Return a layer that paints a ring around each centre [[x, y], …]. */
export function ringLayer(centres, radius = 7) {
  return (pen, view) => {
    pen.strokeStyle = colour("faint");
    pen.lineWidth = 1;
    pen.beginPath();
    for (const [x, y] of centres) {
      pen.moveTo(view.toX(x) + radius, view.toY(y));
      pen.arc(view.toX(x), view.toY(y), radius, 0, 2 * Math.PI);
    }
    pen.stroke();
  };
}

/** Return the value below which a share of the numbers lies, 0 for none. */
export function quantile(numbers, share) {
  const sorted = Float32Array.from(numbers).sort();
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] : 0;
}

/** Return arrows [[x, y, dx, dy], …] from slopes at points, `length` long in the plane where a slope is `scale`. */
export function arrowsOf(points, slopes, scale, length = 0.22) {
  if (!(scale > 0)) return [];
  return slopes.map(([dx, dy], place) => {
    const size = Math.hypot(dx, dy);
    const share = size > 0 ? (Math.min(size / scale, 1.5) / size) * length : 0;
    return [points[place][0], points[place][1], dx * share, dy * share];
  });
}
