// The report of a run: every section shows one part of what the page was sent with.

import { element, fill, pageData } from "ganache/elements.js";
import { countText, durationText, groupedText } from "ganache/numbers.js";
import { circumstanceSections } from "ganache/report_circumstances.js";
import { curveSections } from "ganache/report_curves.js";
import { groupsSection } from "ganache/report_groups.js";
import { healthSection, verdictOf } from "ganache/report_health.js";
import { recipeSection } from "ganache/report_recipe.js";
import { samplesSection } from "ganache/report_samples.js";
import { scoreSections } from "ganache/report_scores.js";

const run = pageData();

const sections = [
  samplesSection(run),
  healthSection(run),
  ...curveSections(run),
  ...scoreSections(run),
  groupsSection(run),
  recipeSection(run),
  ...circumstanceSections(run),
].filter(Boolean);

const parts = [header(), tiles(), contents(), ...missing(), ...sections.map(asSection), footer()];
fill(document.getElementById("page"), ...parts);

function header() {
  const about = run.recipe.about ? `: ${run.recipe.about}` : "";
  const recipe = element("p", {}, element("strong", {}, run.recipe.name), about);
  return element("header", {}, element("h1", {}, run.name), recipe);
}

function tiles() {
  const verdict = verdictOf(run);
  const [ended, why, kind] = ending();
  const planned = run.planned_images ? `of ${groupedText(run.planned_images)} images` : "images seen";
  const told = [
    [groupedText(run.images_seen), planned],
    [durationText(run.training_seconds), "of training"],
    [run.images_per_second === null ? "unknown" : `${countText(run.images_per_second)}/s`, "images, at the end"],
    [ended, [why, ...interruptions()].filter(Boolean).join(", ") || "how it ended", kind],
    [verdict.words, "says the doctor", verdict.kind],
  ];
  return element("div", { class: "tiles" }, ...told.map(tile));
}

/** Return how the run ended in a word or two, what it says besides, and of which kind that is. */
function ending() {
  if (run.outcome === "finished") return ["finished", "", "good"];
  if (run.outcome === "running") return ["running", "or killed", "warn"];
  const [word, ...rest] = run.outcome.split(": ");
  return [word || "unknown", rest.join(": "), word.startsWith("failed") ? "bad" : "warn"];
}

function interruptions() {
  const resumed = run.sessions > 1 ? [`resumed ${run.sessions - 1}×`] : [];
  return run.rollbacks ? [...resumed, `rolled back ${run.rollbacks}×`] : resumed;
}

function tile([value, words, kind = ""]) {
  return element("div", { class: "tile" }, element("strong", { class: kind }, value), element("span", {}, words));
}

function contents() {
  const links = sections.map((one) => element("li", {}, element("a", { href: `#${one.id}` }, one.title)));
  return element("nav", { "aria-label": "sections" }, element("ul", {}, ...links));
}

function missing() {
  const notes = run.missing.map((sentence) => element("p", { class: "note" }, sentence));
  if (run.start) notes.push(element("p", { class: "note" }, `It began with the weights of ${run.start}.`));
  return notes;
}

function asSection({ id, title, content }) {
  return element("section", { id, "aria-label": title }, element("h2", {}, title), ...content);
}

function footer() {
  const words = `Made by Ganache ${run.ganache} from the files of the run; this page asks nobody for anything.`;
  return element("p", { class: "faint small" }, words);
}
