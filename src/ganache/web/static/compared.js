// Runs beside each other: how each went, their samples under one slider, the same curves, scores, and recipes.

import { curve } from "ganache/curve.js";
import { aside, element, fill, pageData, table } from "ganache/elements.js";
import { durationText, groupedText } from "ganache/numbers.js";
import { pictureGrid } from "ganache/picture_grid.js";
import { verdictOf } from "ganache/report_health.js";
import { altOf } from "ganache/report_samples.js";
import { scoreText } from "ganache/report_scores.js";
import { nearestPlace } from "ganache/series.js";
import { slider } from "ganache/slider.js";

const STEPS = 60; // of the slider, from the first to the last of all samples
const COLOURS = ["generator", "discriminator", "other-1", "other-2", "other-3", "other-4", "other-5", "other-6"];

const { runs, scores, recipes, missing } = pageData();
const names = runs.map((run) => run.name);

fill(
  document.getElementById("page"),
  element("h1", {}, `${runs.length} runs compared`),
  ...missing.map((sentence) => element("p", { class: "note" }, sentence)),
  section("runs", "Runs", overview()),
  section("samples", "Samples through training", ...samples()),
  section("scores", "Scores", ...scoreContent()),
  section("curves", "Curves", ...curves()),
  section("recipes", "Where their recipes differ", recipeTable()),
);

function section(id, title, ...content) {
  return element("section", { id, "aria-label": title }, element("h2", {}, title), ...content);
}

function overview() {
  const rows = runs.map((run) => [
    element("span", { class: "row" }, swatch(run), element("strong", {}, run.name)),
    run.recipe,
    run.data,
    groupedText(run.images_seen),
    durationText(run.training_seconds),
    run.outcome,
    element("span", { class: verdictOf(run).kind }, verdictOf(run).words),
  ]);
  return table(["run", "recipe", "data", "images", "training", "ended", "doctor"], rows, [3]);
}

function swatch(run) {
  return element("span", { class: "swatch", style: { background: `var(--${colourOf(run)})` } });
}

function colourOf(run) {
  return COLOURS[names.indexOf(run.name) % COLOURS.length];
}

function samples() {
  const drawn = runs.filter((run) => run.samples);
  if (!drawn.length) return [aside("None of them has samples.")];
  const place = element("div", { class: "columns" });
  const grids = drawn.map((run) => sheetOf(run, place));
  const most = Math.max(...drawn.map((run) => run.samples.images_seen.at(-1)));
  const control = element("div", { class: "row" });
  slider(control, {
    label: "images seen",
    count: STEPS + 1,
    at: STEPS,
    text: (at) => groupedText((most * at) / STEPS),
    change: (at) => grids.forEach((show) => show((most * at) / STEPS)),
    play: true,
  });
  return [aside("Each as it was nearest to so many images seen."), control, place];
}

function sheetOf(run, place) {
  const words = element("span", { class: "faint small" });
  const card = element("div", {}, element("h3", { class: "row" }, swatch(run), run.name), words);
  place.append(card);
  const last = run.samples.pictures.length - 1;
  const { pictures, cells, images_seen: seenBefore } = run.samples;
  const grid = pictureGrid(card, { source: pictures[last], cells, alt: altOf(run, last) });
  const show = (seen) => {
    const at = nearestPlace(seenBefore, seen);
    words.textContent = `after ${groupedText(seenBefore[at])} images`;
    grid.update({ source: pictures[at], alt: altOf(run, at) });
  };
  show(seenBefore[last]);
  return show;
}

function scoreContent() {
  if (!scores.length) return [aside("None of them was evaluated.")];
  const rows = scores.map((row) => [row.family, ...row.scores.map(scoreText), verdict(row)]);
  return [table(["score", ...names, "better"], rows, names.map((_, place) => place + 1))];
}

function verdict(row) {
  if (!row.differs.length) return row.verdict;
  const lines = row.differs.map((line) => element("li", {}, line));
  const summary = element("summary", {}, row.verdict || "not comparable");
  return element("details", {}, summary, element("ul", { class: "small" }, ...lines));
}

/** Return for each measurement one curve a run, where at least one run has it. */
function curves() {
  const found = new Map();
  for (const run of runs) {
    for (const panel of run.curves.filter((one) => one.first || one.group === "images_per_second")) {
      for (const series of panel.series) {
        const title = `${panel.title}${series.name ? `: ${series.name}` : ""}`;
        if (!found.has(title)) found.set(title, { title, note: panel.note, log: panel.log, series: [] });
        found.get(title).series.push({ ...series, name: run.name, colour: colourOf(run) });
      }
    }
  }
  const place = element("div", { class: "columns" });
  for (const panel of found.values()) curve(place, panel);
  return found.size ? [place] : [aside("Nothing was measured yet.")];
}

function recipeTable() {
  if (!recipes.length) return aside("Nowhere: they are the same.");
  return table(["field", ...names], recipes.map((row) => [row.field, ...row.values]));
}
