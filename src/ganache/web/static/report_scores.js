// Scores with their uncertainty and protocol, what they say of classes, and the nearest training pictures.

import { command } from "ganache/command.js";
import { aside, element, factList, table } from "ganache/elements.js";
import { groupedText, shareText, valueText } from "ganache/numbers.js";

const ARROWS = { lower: "↓ lower is better", higher: "↑ higher is better", neither: "" };

/** Return the sections of scores, of classes and of nearest pictures. */
export function scoreSections(run) {
  const sections = [{ id: "scores", title: "Scores", content: scores(run) }];
  const classes = run.evaluations.find((one) => one.classes)?.classes;
  if (classes) sections.push({ id: "classes", title: "Classes", content: shares(classes) });
  if (!run.is_of_points && !run.translates) {
    sections.push({ id: "nearest", title: "Nearest training pictures", content: nearest(run) });
  }
  return sections;
}

/** Return a value with what is known of its uncertainty. */
export function scoreText(score) {
  if (!score) return "";
  if (score.value === null) return score.low === null ? "unknown" : `≥ ${valueText(score.low)}`;
  return valueText(score.value) + (score.uncertainty === null ? "" : ` ± ${valueText(score.uncertainty, 2)}`);
}

function scores(run) {
  if (!run.evaluations.length) {
    const words = "This run was not evaluated. Its scores come here after:";
    return [element("p", {}, words), command(run.commands.evaluate)];
  }
  return run.evaluations.flatMap(evaluation);
}

function evaluation(one) {
  const reals = one.reals === null ? one.reference : `${groupedText(one.reals)} of ${one.reference}`;
  const of = `${groupedText(one.samples)} samples (seed ${one.seed}) against ${reals}`;
  const rows = one.scores.map((score) => [
    element("strong", {}, score.name),
    scoreText(score),
    ...score.beside,
    score.uncertainty === null ? "" : score.uncertainty_kind,
    ARROWS[score.better] ?? "",
    protocol(score),
  ]);
  return [
    element("h3", {}, one.title),
    element("p", { class: "faint small" }, of),
    table(["score", "value", ...one.baselines, "±", "", "protocol"], rows),
    ...one.warnings.map((warning) => element("p", { class: "note small" }, warning)),
  ];
}

function protocol(score) {
  const fields = factList(Object.entries(score.protocol), "facts small");
  return element("details", {}, element("summary", {}, "how it was measured"), fields);
}

function shares({ rows, left_out: leftOut, by }) {
  const most = Math.max(...rows.flatMap((row) => [row.samples ?? 0, row.reals ?? 0]), 1e-9);
  const bar = (share, kind) => {
    if (share === null) return null;
    return element("div", { class: `bar ${kind}`, style: { width: `${(100 * share) / most}%` } });
  };
  const cells = rows.flatMap((row) => [
    element("span", {}, row.name),
    element("div", { "aria-hidden": "true" }, bar(row.samples, "samples-bar"), bar(row.reals, "reals-bar")),
    element("span", { class: "small" }, told(row)),
  ]);
  const ofReals = rows.some((row) => row.reals !== null) ? [swatch("reals"), "share among real images"] : [];
  const words = [swatch("generator"), "share among samples", ...ofReals, element("span", { class: "faint" }, by)];
  const key = element("p", { class: "small row" }, ...words);
  const more = leftOut > 0 ? [element("p", { class: "faint small" }, `… and ${leftOut} classes more`)] : [];
  return [key, element("div", { class: "bars" }, ...cells), ...more];
}

function told(row) {
  const reals = row.reals === null ? "" : ` (reals ${shareText(row.reals)})`;
  const right = row.right === null ? "" : `, right when asked for ${shareText(row.right)}`;
  return `${shareText(row.samples)}${reals}${right}`;
}

function swatch(name) {
  return element("span", { class: "swatch", style: { background: `var(--${name})` } });
}

function nearest(run) {
  if (!run.nearest) {
    const words = "None are kept here. Samples stand beside the training pictures that are nearest to them after:";
    return [element("p", {}, words), command(run.commands.pairs)];
  }
  const alt = "pairs: a sample, and beside it the training picture that is nearest to it";
  const words = "In pairs: a sample, then the training picture that is nearest to it. One that copies shows twins.";
  return [aside(words), element("img", { src: run.nearest, alt })];
}
