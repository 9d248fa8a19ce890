// Points of the plane.

import { colour } from "ganache/palette.js";
import { plane } from "ganache/plane.js";

/**
 * Put clouds of points into a place: { alt, range, clouds: [{ points: [[x, y], …], colour, radius, opacity }] }.
 *
 * A later cloud lies above an earlier one. `update({ clouds, alt })` shows others.
 */
export function scatter(place, { alt, range = 1, clouds = [] }) {
  const component = plane(place, { alt, range });
  const show = {
    update({ clouds: next, ...rest }) {
      component.update({ ...rest, ...(next ? { layers: next.map(cloudLayer) } : {}) });
    },
  };
  show.update({ clouds });
  return show;
}

/** Return a layer of a plane that paints a cloud of points; what lies outside is painted on the border. */
export function cloudLayer({ points, colour: name = "generator", radius = 2, opacity = 0.6 }) {
  return (pen, view) => {
    pen.fillStyle = colour(name);
    pen.globalAlpha = opacity;
    const onto = (place) => Math.min(view.size - radius, Math.max(radius, place));
    for (const [x, y] of points) {
      pen.beginPath();
      pen.arc(onto(view.toX(x)), onto(view.toY(y)), radius, 0, 2 * Math.PI);
      pen.fill();
    }
    pen.globalAlpha = 1;
  };
}
