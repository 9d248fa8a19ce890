// Pictures side by side on one canvas; arrow keys or a click choose one of them.

import { element } from "ganache/elements.js";

const GAP = 2; // pixels between two cells
const WANTED = 640; // pixels of a grid's width, to which small cells are enlarged
const LARGE = 64; // pixels of a cell's side, from which on it is smoothed where it is made smaller

/**
 * Put a grid into a place: { source, cells: { count, columns, width, height }, alt, name(place), choose(place) }.
 *
 * `source` holds all cells without gaps, `columns` in a row: the address of a picture, or anything that a canvas draws.
 * `update({ source, alt })` shows other pictures in the same places, `update({ chosen })` marks one.
 */
export function pictureGrid(place, { source, cells, alt, name = (at) => `picture ${at + 1}`, choose = () => {} }) {
  const factor = Math.max(1, Math.round(WANTED / (cells.columns * cells.width)));
  const layout = { ...cells, factor, rows: Math.ceil(cells.count / cells.columns) };
  const canvas = element("canvas", { role: "img", tabindex: "0" });
  if (Math.max(cells.width, cells.height) < LARGE) canvas.classList.add("pixels");
  canvas.width = sideOf(layout.columns, cells.width, factor);
  canvas.height = sideOf(layout.rows, cells.height, factor);
  const said = element("p", { class: "spoken", "aria-live": "polite" });
  const state = { source: null, picture: null, alt, chosen: null };
  const paint = () => paintCells(canvas, layout, state);
  const component = {
    update(next) {
      if (next.alt !== undefined) state.alt = next.alt;
      if (next.chosen !== undefined) state.chosen = next.chosen;
      canvas.setAttribute("aria-label", `${state.alt}. Arrow keys choose a picture.`);
      if (next.source === undefined || next.source === state.source) return paint();
      state.source = next.source;
      return load(next.source).then((picture) => {
        if (state.source !== next.source) return; // another one was asked for meanwhile
        state.picture = picture;
        paint();
      });
    },
  };
  const pick = (at) => {
    state.chosen = at;
    said.textContent = name(at);
    paint();
    choose(at);
  };
  listen(canvas, layout, state, pick);
  place.append(element("div", { class: "picture-grid" }, canvas, said));
  component.update({ source });
  return component;
}

/** Paint one cell of a source onto a canvas, as large as it becomes; anything that a canvas draws. */
export async function paintCell(canvas, source, cells, at, side) {
  const picture = await load(source);
  const factor = Math.max(1, Math.round(side / Math.max(cells.width, cells.height)));
  canvas.width = cells.width * factor;
  canvas.height = cells.height * factor;
  const pen = canvas.getContext("2d");
  pen.imageSmoothingEnabled = false;
  const [column, row] = [at % cells.columns, Math.floor(at / cells.columns)];
  const from = [column * cells.width, row * cells.height, cells.width, cells.height];
  pen.drawImage(picture, ...from, 0, 0, canvas.width, canvas.height);
}

async function load(source) {
  if (typeof source !== "string") return source;
  const picture = new Image();
  picture.src = source;
  await picture.decode();
  return picture;
}

function sideOf(cells, pixels, factor) {
  return cells * pixels * factor + (cells - 1) * GAP;
}

function cellAt(layout, at) {
  const [column, row] = [at % layout.columns, Math.floor(at / layout.columns)];
  const [width, height] = [layout.width * layout.factor, layout.height * layout.factor];
  return { column, row, left: column * (width + GAP), top: row * (height + GAP), width, height };
}

function paintCells(canvas, layout, state) {
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.imageSmoothingEnabled = false;
  for (let at = 0; state.picture && at < layout.count; at += 1) {
    const cell = cellAt(layout, at);
    const from = [cell.column * layout.width, cell.row * layout.height, layout.width, layout.height];
    pen.drawImage(state.picture, ...from, cell.left, cell.top, cell.width, cell.height);
  }
  if (state.chosen === null) return;
  const cell = cellAt(layout, state.chosen);
  pen.strokeStyle = getComputedStyle(canvas).getPropertyValue("--accent") || "red";
  pen.lineWidth = Math.max(3, canvas.width / 160);
  pen.strokeRect(cell.left, cell.top, cell.width, cell.height);
}

function listen(canvas, layout, state, pick) {
  canvas.addEventListener("click", (event) => {
    const box = canvas.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * layout.columns);
    const row = Math.floor(((event.clientY - box.top) / box.height) * layout.rows);
    const at = row * layout.columns + column;
    if (at >= 0 && at < layout.count) pick(at);
  });
  canvas.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -layout.columns, ArrowDown: layout.columns };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at = state.chosen === null ? 0 : state.chosen + step;
    if (at >= 0 && at < layout.count) pick(at);
  });
}
