// A square of the plane on a canvas, onto which layers are painted: points, fields, whatever paints.

import { element } from "ganache/elements.js";
import { whenColoursChange } from "ganache/palette.js";

/**
 * Put a square of the plane into a place: { alt, range, layers }.
 *
 * It shows [-range, range] in both directions, y upwards. A layer is a function of a pen and a view (`viewOf`).
 * `update({ layers, alt, range })` paints anew; `canvas` and `view()` are for who listens to the pointer.
 */
export function plane(place, { alt, range = 1, layers = [] }) {
  const canvas = element("canvas", { role: "img" });
  const state = { alt, range, layers };
  const paint = () => {
    const size = canvas.clientWidth || 300;
    const sharp = globalThis.devicePixelRatio || 1;
    canvas.width = canvas.height = Math.round(size * sharp);
    const pen = canvas.getContext("2d");
    pen.setTransform(sharp, 0, 0, sharp, 0, 0);
    const view = viewOf(size, state.range);
    for (const layer of state.layers) layer(pen, view);
    canvas.setAttribute("aria-label", state.alt);
  };
  const component = {
    canvas,
    view: () => viewOf(canvas.clientWidth || 300, state.range),
    update(next) {
      Object.assign(state, next);
      paint();
    },
  };
  place.append(element("div", { class: "plane" }, canvas));
  new ResizeObserver(paint).observe(canvas);
  whenColoursChange(paint);
  return component;
}

/** Return how a square of `size` pixels shows [-range, range]: places in pixels, and back. */
export function viewOf(size, range) {
  return {
    size,
    range,
    toX: (x) => ((x / range + 1) / 2) * size,
    toY: (y) => ((1 - y / range) / 2) * size,
    fromX: (place) => ((place / size) * 2 - 1) * range,
    fromY: (place) => (1 - (place / size) * 2) * range,
  };
}
