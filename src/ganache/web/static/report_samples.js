// The samples of a run through its training, one of them at a time if chosen.

import { aside, element } from "ganache/elements.js";
import { groupedText } from "ganache/numbers.js";
import { paintCell, pictureGrid } from "ganache/picture_grid.js";
import { slider } from "ganache/slider.js";

const ALONE = 256; // pixels
const OF_POINTS = "Generated points or rows over real ones, always of the same latents.";
const OF_PICTURES =
  "The same latents all the time: what changes is the generator. Choose a picture to follow it alone.";

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
  const words = aside(run.is_of_points ? OF_POINTS : OF_PICTURES);
  return { id: "samples", title: "Samples through training", content: [words, control, views] };
}

/** Return what a sheet is called for who cannot see it. */
export function altOf(run, place) {
  const count = run.samples.cells.count > 1 ? `${run.samples.cells.count} samples` : "samples";
  return `${count} of ${run.name} after ${groupedText(run.samples.images_seen[place])} images`;
}

function nameOf(samples, place) {
  const kind = samples.names.length ? ` of class ${samples.names[place % samples.cells.columns]}` : "";
  return `sample ${place + 1}${kind}`;
}

function aloneOf(samples) {
  const canvas = element("canvas", { class: "pixels", width: 1, height: 1, role: "img", "aria-label": "none chosen" });
  const words = element("p", { class: "small faint" }, "");
  const root = element("div", { class: "alone", hidden: true }, canvas, words);
  return {
    root,
    show(source, place) {
      root.hidden = false;
      words.textContent = nameOf(samples, place);
      canvas.setAttribute("aria-label", words.textContent);
      return paintCell(canvas, source, samples.cells, place, ALONE);
    },
  };
}
