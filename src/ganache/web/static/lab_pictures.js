// Pictures of a game: what its generator draws, beside as many real ones.

import { element, fill } from "ganache/elements.js";
import { valueText } from "ganache/numbers.js";
import { pictureGrid } from "ganache/picture_grid.js";

const COLUMNS = 6;

/** Make a stage for pictures, likewise: the fakes, and beside them as many reals. */
export function pictures(stage, { arrays }) {
  fill(stage);
  const [count, height, width] = arrays.reals.shape;
  const cells = { count, columns: COLUMNS, width, height };
  const [fakes, reals] = [element("div", {}), element("div", {})];
  const sheet = new OffscreenCanvas(COLUMNS * width, Math.ceil(count / COLUMNS) * height);
  const logits = { values: [] };
  const both = [labelled("What the generator draws", fakes), labelled("Real pictures", reals)];
  stage.append(element("div", { class: "pictures" }, ...both));
  const name = (at) => `picture ${at + 1}: the discriminator says ${valueText(logits.values[at] ?? NaN, 3)}`;
  const shown = pictureGrid(fakes, { source: sheet, cells, alt: "what the generator draws", name });
  const fixed = new OffscreenCanvas(sheet.width, sheet.height);
  const real = pictureGrid(reals, { source: fixed, cells, alt: "real pictures" });
  return (begun) => {
    paint(fixed, begun.arrays.reals);
    real.update({ source: fixed });
    return (packet) => {
      paint(sheet, packet.arrays.fakes);
      logits.values = packet.arrays.logits.values;
      shown.update({ source: sheet });
    };
  };
}

function labelled(title, place) {
  return element("div", {}, element("h3", {}, title), place);
}

/** Paint pictures (N, H, W, C) without gaps onto a sheet. */
function paint(sheet, { values, shape: [count, height, width, channels] }) {
  const pen = sheet.getContext("2d");
  const image = pen.createImageData(sheet.width, sheet.height);
  const colours = channels >= 3 ? [0, 1, 2] : [0, 0, 0];
  for (let at = 0; at < count * height * width; at += 1) {
    const [picture, inside] = [Math.floor(at / (height * width)), at % (height * width)];
    const row = Math.floor(picture / COLUMNS) * height + Math.floor(inside / width);
    const column = (picture % COLUMNS) * width + (inside % width);
    const to = 4 * (row * sheet.width + column);
    for (let colour = 0; colour < 3; colour += 1) image.data[to + colour] = values[at * channels + colours[colour]];
    image.data[to + 3] = channels === 2 || channels === 4 ? values[at * channels + channels - 1] : 255;
  }
  pen.putImageData(image, 0, 0);
}
