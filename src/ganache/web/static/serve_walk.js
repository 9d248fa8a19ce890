// The way from one seed to another, under a slider.

import { element, fill } from "ganache/elements.js";
import { paintCell } from "ganache/picture_grid.js";
import { askPicture, download, latest, pathOf } from "ganache/serve_api.js";
import { cellsOf, withoutGaps } from "ganache/serve_cells.js";
import { button, classField, seedField, truncationField } from "ganache/serve_controls.js";
import { slider } from "ganache/slider.js";

const FRAMES = 33;
const COLUMNS = 11;
const SIDE = 256; // pixels of the picture, and of the animation's

/** Put the walk between two seeds into a place. */
export function walk(place, run, complain) {
  const canvas = element("canvas", { role: "img", class: "pixels" });
  const state = { sheet: null, at: 0, canvas, cells: cellsOf(run, FRAMES, COLUMNS) };
  const show = latest((signal) => showWalk(state, run, fields, signal), complain);
  const fields = {
    first: seedField("from seed", 1, show),
    last: seedField("to seed", 2, show),
    classes: classField(run, show),
    truncation: truncationField(run, show),
  };
  const path = element("div");
  slider(path, {
    label: "between them",
    count: FRAMES,
    text: (at) => `${Math.round((100 * at) / (FRAMES - 1))}%`,
    change: (at) => paint(state, at),
    play: true,
  });
  const save = () => {
    const animation = { ...asked(fields), frames: 75, side: SIDE };
    const name = `${run.name}-${fields.first.value()}-${fields.last.value()}.webp`;
    download(pathOf(run, "walk"), animation, name).catch(complain);
  };
  const controls = Object.values(fields).filter((field) => field !== null).map((field) => field.root);
  fill(
    place,
    element("h2", {}, "From one seed to another"),
    element("div", { class: "controls" }, ...controls),
    path,
    element("div", { class: "shown" }, canvas),
    element("div", { class: "row" }, button("download WebP", save)),
  );
  show();
}

function asked(fields) {
  return {
    seeds: `${fields.first.value()},${fields.last.value()}`,
    class: fields.classes?.value(),
    truncation: fields.truncation?.value(),
  };
}

async function showWalk(state, run, fields, signal) {
  const wanted = { ...asked(fields), frames: FRAMES, closed: "false", format: "png", columns: COLUMNS, side: 1 };
  const picture = await askPicture(pathOf(run, "walk"), wanted, { signal });
  state.sheet = withoutGaps(picture, state.cells);
  await paint(state, state.at);
}

async function paint(state, at) {
  state.at = at;
  if (state.sheet === null) return;
  state.canvas.setAttribute("aria-label", `${Math.round((100 * at) / (FRAMES - 1))}% of the way`);
  await paintCell(state.canvas, state.sheet, state.cells, at, SIDE);
  document.body.dataset.walk = at;
}
