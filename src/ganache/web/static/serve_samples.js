// Samples of a seed: a grid of them, and the one that is chosen, larger.

import { element, fill } from "ganache/elements.js";
import { paintCell, pictureGrid } from "ganache/picture_grid.js";
import { askPicture, download, latest, pathOf } from "ganache/serve_api.js";
import { cellsOf, paintWhole, withoutGaps } from "ganache/serve_cells.js";
import { button, choice, classField, seedField, truncationField } from "ganache/serve_controls.js";

const COUNTS = [1, 16, 36, 64, 144];
const LARGE = 256; // pixels of the chosen picture

/** Put the samples of a run into a place. */
export function samples(place, run, complain) {
  const view = { run, place: element("div"), shown: element("div", { class: "shown" }) };
  const show = latest((signal) => showSamples(view, fields, signal), complain);
  const fields = {
    seed: seedField("seed", 0, show),
    classes: classField(run, show),
    truncation: truncationField(run, show),
    count: choice("how many", COUNTS.map((count) => [count, count]), run.points ? 144 : 36, show),
  };
  const move = (step) => fields.seed.set(fields.seed.value() + step);
  const save = (format) => () =>
    download(pathOf(run, "images"), { ...asked(fields), format }, `${run.name}-${fields.seed.value()}.${format}`)
      .catch(complain);
  const buttons = [button("◀ seed", () => move(-1)), button("seed ▶", () => move(1))];
  const files = [button("download PNG", save("png")), button("download NPZ", save("npz"))];
  const controls = Object.values(fields).filter((field) => field !== null).map((field) => field.root);
  fill(
    place,
    element("h2", {}, "Samples"),
    element("div", { class: "controls" }, ...controls),
    element("div", { class: "row" }, ...buttons, ...files),
    element("div", { class: "beside" }, view.place, view.shown),
  );
  show();
}

function asked(fields) {
  return {
    seed: fields.seed.value(),
    count: Number(fields.count.value()),
    class: fields.classes?.value(),
    truncation: fields.truncation?.value(),
  };
}

async function showSamples(view, fields, signal) {
  const wanted = asked(fields);
  const { run } = view;
  view.place.classList.add("waiting");
  const columns = Math.ceil(Math.sqrt(wanted.count));
  const drawing = run.points ? { side: 512 } : { columns, side: 1 };
  const picture = await askPicture(pathOf(run, "images"), { ...wanted, ...drawing }, { signal });
  view.place.classList.remove("waiting");
  const words = `${wanted.count} ${run.points ? "points" : "pictures"} of seed ${wanted.seed}`;
  if (run.points) return showPoints(view, picture, words);
  const cells = cellsOf(run, wanted.count, columns);
  const sheet = withoutGaps(picture, cells);
  const choose = (at) => showChosen(view, sheet, cells, wanted.seed, at);
  fill(view.place);
  const name = (at) => `number ${at} of seed ${wanted.seed}`;
  pictureGrid(view.place, { source: sheet, cells, alt: words, name, choose });
  choose(0);
  document.body.dataset.samples = JSON.stringify(wanted);
}

function showPoints(view, picture, words) {
  const canvas = element("canvas", { role: "img", "aria-label": words });
  paintWhole(canvas, picture);
  fill(view.place, canvas);
  document.body.dataset.samples = words;
}

function showChosen(view, sheet, cells, seed, at) {
  const canvas = element("canvas", { role: "img", "aria-label": `number ${at} of seed ${seed}`, class: "pixels" });
  fill(view.shown, canvas, element("p", { class: "small faint" }, `seed ${seed}, number ${at}`));
  paintCell(canvas, sheet, cells, at, LARGE);
}
