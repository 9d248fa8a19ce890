// Points of a game: the real ones, those of its generator, and over the plane what each player makes of it.

import { fill } from "ganache/elements.js";
import { arrowLayer, heatLayer } from "ganache/field.js";
import { arrowsOf, latticeLayer, quantile, ringLayer } from "ganache/lab_layers.js";
import { rowsOf } from "ganache/lab_socket.js";
import { shareText } from "ganache/numbers.js";
import { plane } from "ganache/plane.js";
import { cloudLayer } from "ganache/scatter.js";

const RANGE = 1.1; // of the plane, as far as the field reaches
const ALT = "real points, what the generator makes, and where the discriminator believes in reals";

/** Return the slope that most arrows stay below, 0 where there are none. */
export function slopeOf(arrows) {
  return arrows ? quantile(rowsOf(arrows).map((one) => Math.hypot(...one)), 0.9) : 0;
}

/** Make a stage for points; return what begins a game on it, which returns what shows its frames. */
export function points(stage) {
  fill(stage);
  const shown = plane(stage, { alt: ALT, range: RANGE });
  return (begun) => framesOn(shown, begun);
}

function framesOn(shown, { arrays, modes }) {
  const reals = rowsOf(arrays.reals);
  return (packet, scale) => {
    const fakes = rowsOf(packet.arrays.fakes);
    const painted = [];
    if (packet.arrays.field) painted.push(fieldLayer(packet));
    painted.push(modes.length ? ringLayer(modes) : () => {});
    painted.push(cloudLayer({ points: reals, colour: "reals", radius: 1.6, opacity: 0.7 }));
    if (packet.arrays.lattice) painted.push(latticeLayer(packet.arrays.lattice));
    painted.push(cloudLayer({ points: fakes, colour: "generator", radius: 2, opacity: 0.75 }));
    if (packet.arrays.arrows) {
      painted.push(arrowLayer({ arrows: arrowsOf(fakes, rowsOf(packet.arrays.arrows), scale), width: 1.2 }));
    }
    const { found, known } = packet.modes;
    const said = known ? `; ${found} of ${known} modes found, quality ${shareText(packet.modes.quality)}` : "";
    shown.update({ layers: painted, alt: `${ALT}${said}` });
  };
}

function fieldLayer({ arrays: { field }, boundary }) {
  const reach = quantile(field.values.map((value) => Math.abs(value - boundary)), 0.95) || 1;
  const [low, high] = [boundary - reach, boundary + reach];
  return heatLayer({ values: field.values, columns: field.shape[1], low, high, opacity: 0.55 });
}
