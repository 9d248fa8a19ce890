// Fields over the plane: a value at every place, as colours, and directions, as arrows.

import { colour } from "ganache/palette.js";
import { plane } from "ganache/plane.js";

/**
 * Put a field into a place: { alt, range, values, columns, low, high, arrows }.
 *
 * `values` lie row by row from the top left, `columns` in a row; `arrows` are [[x, y, dx, dy], …].
 * `update({ values, arrows, alt })` shows another.
 */
export function field(place, { alt, range = 1, ...rest }) {
  const component = plane(place, { alt, range });
  let shown = rest;
  const show = {
    update(next) {
      shown = { ...shown, ...next };
      const layers = [heatLayer(shown), ...(shown.arrows ? [arrowLayer({ arrows: shown.arrows })] : [])];
      component.update({ layers, alt: shown.alt ?? alt });
    },
  };
  show.update({});
  return show;
}

/** Return a layer of a plane that paints values from the colour of the discriminator's reals to that of fakes. */
export function heatLayer({ values, columns, low = 0, high = 1, opacity = 0.75 }) {
  return (pen, view) => {
    const rows = Math.floor(values.length / columns);
    if (!rows) return;
    const cells = new OffscreenCanvas(columns, rows);
    const inner = cells.getContext("2d");
    const image = inner.createImageData(columns, rows);
    const ends = [rgbOf("high"), rgbOf("low")];
    for (let place = 0; place < rows * columns; place += 1) {
      const share = Math.min(1, Math.max(0, (values[place] - low) / (high - low || 1)));
      const strength = Math.abs(share - 0.5) * 2; // in the middle the field is undecided, and transparent
      const end = ends[share > 0.5 ? 1 : 0];
      image.data.set([...end, Math.round(255 * strength * opacity)], 4 * place);
    }
    inner.putImageData(image, 0, 0);
    pen.imageSmoothingEnabled = true;
    pen.drawImage(cells, 0, 0, view.size, view.size);
  };
}

/** Return a layer of a plane that paints arrows [[x, y, dx, dy], …] in the plane's units. */
export function arrowLayer({ arrows, colour: name = "ink", width = 1 }) {
  return (pen, view) => {
    pen.strokeStyle = colour(name);
    pen.lineWidth = width;
    pen.beginPath();
    for (const [x, y, dx, dy] of arrows) {
      const [fromX, fromY] = [view.toX(x), view.toY(y)];
      const [toX, toY] = [view.toX(x + dx), view.toY(y + dy)];
      const angle = Math.atan2(toY - fromY, toX - fromX);
      const head = Math.min(6, Math.hypot(toX - fromX, toY - fromY) / 2);
      pen.moveTo(fromX, fromY);
      pen.lineTo(toX, toY);
      for (const turn of [0.5, -0.5]) {
        pen.moveTo(toX, toY);
        pen.lineTo(toX - head * Math.cos(angle + turn), toY - head * Math.sin(angle + turn));
      }
    }
    pen.stroke();
  };
}

function rgbOf(name) {
  const hex = colour(name).slice(1);
  return [0, 2, 4].map((place) => Number.parseInt(hex.slice(place, place + 2), 16));
}
