// What a generator draws, as it came out of its model: pictures in a grid, or points of the plane.

import { element } from "ganache/elements.js";
import { pictureGrid } from "ganache/picture_grid.js";
import { scatter } from "ganache/scatter.js";

/** Put images of a shape into a place; `update({ values, dims }, words)` shows others. */
export function drawnImages(place, shape, isPoint, count) {
  if (isPoint) {
    const cloud = scatter(place, { alt: "points" });
    return {
      update: ({ values }, words) =>
        cloud.update({ clouds: [{ points: pointsOf(values) }], alt: `points of ${words}` }),
    };
  }
  const columns = Math.ceil(Math.sqrt(count));
  const cells = { count, columns, width: shape.width, height: shape.height };
  const blank = element("canvas", { width: 1, height: 1 });
  const grid = pictureGrid(place, { source: blank, cells, alt: `${count} pictures`, name: (at) => `picture ${at}` });
  return {
    update: ({ values }, words) =>
      grid.update({ source: sheetOf(values, shape, cells), alt: `${count} pictures of ${words}` }),
  };
}

/** Return pictures (N, channels, height, width) in [-1, 1] side by side on a canvas, `columns` in a row. */
export function sheetOf(values, { channels, height, width }, { count, columns }) {
  const canvas = element("canvas", { width: columns * width, height: Math.ceil(count / columns) * height });
  const pen = canvas.getContext("2d");
  const pixels = height * width;
  for (let number = 0; number < count; number += 1) {
    const of = values.subarray(number * channels * pixels, (number + 1) * channels * pixels);
    const image = new ImageData(coloured(of, channels, pixels), width, height);
    pen.putImageData(image, (number % columns) * width, Math.floor(number / columns) * height);
  }
  return canvas;
}

/** Return the pixels of one picture as red, green, blue, alpha; the array rounds as files are rounded, and cuts off. */
function coloured(values, channels, pixels) {
  const bytes = new Uint8ClampedArray(4 * pixels);
  const colours = channels < 3 ? [0, 0, 0] : [0, 1, 2];
  const alpha = channels === 2 || channels === 4 ? channels - 1 : null;
  for (let place = 0; place < pixels; place += 1) {
    colours.forEach((plane, colour) => {
      bytes[4 * place + colour] = (values[plane * pixels + place] + 1) * 127.5;
    });
    bytes[4 * place + 3] = alpha === null ? 255 : (values[alpha * pixels + place] + 1) * 127.5;
  }
  return bytes;
}

function pointsOf(values) {
  return Array.from({ length: values.length / 2 }, (_, number) => [values[2 * number], values[2 * number + 1]]);
}
