// A density that is drawn with the pointer: cells of a square, each with how much was painted there.

import { element } from "ganache/elements.js";
import { colour } from "ganache/palette.js";
import { plane } from "ganache/plane.js";

const SIDE = 24; // cells
const REACH = 0.96; // the cells lie from -0.96 to 0.96
const WIDTH = (2 * REACH) / SIDE;
const DEVIATION = 0.4 * WIDTH; // of the points of a cell, so that neighbours make a smooth stroke
const MOST = 5; // strokes over a cell that count

/** Put a square to paint on into a place; `change({ cells, std })` hears of each stroke when it ends. */
export function painting(place, { cells = [], change }) {
  const weights = new Float32Array(SIDE * SIDE);
  const layer = (pen, view) => paint(pen, view, weights);
  const shown = plane(place, { alt: "a square to draw a density on, with the pointer", range: 1, layers: [layer] });
  shown.canvas.classList.add("drawable");
  const tell = () => change(densityOf(weights));
  const clear = element("button", { type: "button" }, "clear");
  clear.addEventListener("click", () => {
    weights.fill(0);
    shown.update({});
  });
  place.append(element("p", { class: "faint small" }, "Draw where the real points shall lie. "), clear);
  for (const [x, y, weight] of cells) weights[cellAt(x, y)] = weight;
  listen(shown, weights, tell);
  shown.update({});
}

function listen(shown, weights, tell) {
  let isDown = false;
  const { canvas } = shown;
  const touch = (event) => {
    const box = canvas.getBoundingClientRect();
    const view = shown.view();
    const scale = view.size / box.width;
    const cell = cellAt(view.fromX((event.clientX - box.left) * scale), view.fromY((event.clientY - box.top) * scale));
    if (cell === null) return;
    weights[cell] = Math.min(MOST, weights[cell] + 1);
    shown.update({});
  };
  canvas.addEventListener("pointerdown", (event) => {
    isDown = true;
    canvas.setPointerCapture(event.pointerId);
    touch(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (isDown) for (const one of event.getCoalescedEvents?.() ?? [event]) touch(one);
  });
  const up = () => {
    if (isDown && weights.some((weight) => weight > 0)) tell();
    isDown = false;
  };
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
}

function cellAt(x, y) {
  const [column, row] = [x, y].map((place) => Math.floor((place + REACH) / WIDTH));
  const isInside = [column, row].every((one) => one >= 0 && one < SIDE);
  return isInside ? row * SIDE + column : null;
}

/** Return the painted cells [x, y, weight] at their centres, and the deviation of each one's points. */
function densityOf(weights) {
  const cells = [];
  weights.forEach((weight, cell) => {
    if (weight > 0) cells.push([...centreOf(cell), weight]);
  });
  return { cells, std: DEVIATION };
}

function centreOf(cell) {
  return [cell % SIDE, Math.floor(cell / SIDE)].map((place) => Number(((place + 0.5) * WIDTH - REACH).toFixed(6)));
}

function paint(pen, view, weights) {
  pen.fillStyle = colour("discriminator");
  const side = view.toX(WIDTH) - view.toX(0);
  weights.forEach((weight, cell) => {
    if (!weight) return;
    const [x, y] = centreOf(cell);
    pen.globalAlpha = 0.25 + (0.75 * weight) / MOST;
    pen.fillRect(view.toX(x) - side / 2, view.toY(y) - side / 2, side, side);
  });
  pen.globalAlpha = 1;
}
