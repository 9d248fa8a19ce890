// The samples of a run through its training, one of them at a time if chosen.

import { aside, element } from "ganache/elements.js";
import { groupedText } from "ganache/numbers.js";
import { paintCell, pictureGrid } from "ganache/picture_grid.js";
import { slider } from "ganache/slider.js";

const ALONE = 256; // pixels
const OF_POINTS = "Generated points or rows over real ones, always of the same latents.";
const OF_PICTURES =
  "The same latents all the time: what changes is the generator. Choose a picture to follow it alone.";
const OF_TRANSLATIONS =
  "Always the same pictures: what changes is the translator. Choose one to follow it. From top to bottom:";
const GROUP = 3; // rows that belong together: given, translated, and what that is compared with

/** Return the section of samples. */
export function samplesSection(run) {
  if (!run.samples) {
    return { id: "samples", title: "Samples", content: [aside("The run's folder has no samples.")] };
  }
  const { samples } = run;
  const [sheet, control] = [element("div", { class: "sheet" }), element("div", { class: "row" })];
  const alone = aloneOf(samples);
  const last = samples.pictures.length - 1;
  const state = { at: last, chosen: null };
  const one = samples.cells.count > 1;
  const grid = pictureGrid(sheet, {
    source: samples.pictures[last],
    cells: samples.cells,
    alt: altOf(run, last),
    name: (place) => nameOf(samples, place),
    choose: one ? (place) => showAlone(place) : undefined,
  });
  const showAlone = (place) => {
    state.chosen = place;
    return alone.show(samples.pictures[state.at], place);
  };
  slider(control, {
    label: "images seen",
    count: samples.pictures.length,
    at: last,
    text: (place) => groupedText(samples.images_seen[place]),
    change: (place) => {
      state.at = place;
      grid.update({ source: samples.pictures[place], alt: altOf(run, place) });
      if (state.chosen !== null) showAlone(state.chosen);
    },
    play: true,
  });
  const views = one ? element("div", { class: "samples" }, sheet, alone.root) : sheet;
  const words = aside(run.is_of_points ? OF_POINTS : samples.rows.length ? rowsText(samples) : OF_PICTURES);
  return { id: "samples", title: "Samples through training", content: [words, control, views] };
}

/** Return what a sheet is called for who cannot see it. */
export function altOf(run, place) {
  const count = run.samples.cells.count > 1 ? `${run.samples.cells.count} samples` : "samples";
  return `${count} of ${run.name} after ${groupedText(run.samples.images_seen[place])} images`;
}

function rowsText(samples) {
  const groups = samples.rows.length / GROUP;
  const rows = samples.rows.slice(0, GROUP).join(", ");
  return `${OF_TRANSLATIONS} ${rows}${groups > 1 ? ", and the same in the other direction" : ""}.`;
}

/** Return the places of the pictures that are shown when one is chosen: of a translation, all that belong to it. */
export function togetherWith(samples, place) {
  if (!samples.rows.length) return [place];
  const { columns } = samples.cells;
  const first = place - (Math.floor(place / columns) % GROUP) * columns;
  return Array.from({ length: GROUP }, (_, row) => first + row * columns);
}

function nameOf(samples, place) {
  const { columns } = samples.cells;
  if (samples.rows.length) return `picture ${(place % columns) + 1}: ${samples.rows[Math.floor(place / columns)]}`;
  const kind = samples.names.length ? ` of class ${samples.names[place % samples.cells.columns]}` : "";
  return `sample ${place + 1}${kind}`;
}

function aloneOf(samples) {
  const views = togetherWith(samples, 0).map(() => {
    const sides = { width: 1, height: 1 };
    const canvas = element("canvas", { class: "pixels", ...sides, role: "img", "aria-label": "none chosen" });
    return { canvas, words: element("p", { class: "small faint" }, "") };
  });
  const figures = views.map(({ canvas, words }) => element("div", {}, canvas, words));
  const root = element("div", { class: "alone", hidden: true }, ...figures);
  return {
    root,
    show(source, place) {
      root.hidden = false;
      const painted = togetherWith(samples, place).map((one, number) => {
        const { canvas, words } = views[number];
        words.textContent = nameOf(samples, one);
        canvas.setAttribute("aria-label", words.textContent);
        return paintCell(canvas, source, samples.cells, one, ALONE);
      });
      return Promise.all(painted);
    },
  };
}
