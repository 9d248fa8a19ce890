// A study of settings: the verdict beside the default's noise, what mattered, where trials lie, and all of them.

import { aside, element, factList, fill, pageData, table } from "ganache/elements.js";
import { durationText, groupedText, shareText, valueText } from "ganache/numbers.js";
import { dots } from "ganache/dots.js";

const study = pageData();
const last = study.rungs.at(-1);

fill(
  document.getElementById("page"),
  element("h1", {}, `${study.recipe} on ${study.data}: settings tried`),
  element("p", { class: study.is_finished ? (study.is_better ? "good" : "") : "note", id: "verdict" }, study.verdict),
  section("noise", "The default, and the best anew", ...noise()),
  section("settings", "What the best trial changed", settings()),
  section("mattered", "What mattered", ...mattered()),
  section("where", "Where the trials lie", ...where()),
  section("trials", "All trials", ...trials()),
);

function section(id, title, ...content) {
  return element("section", { id, "aria-label": title }, element("h2", {}, title), ...content);
}

function noise() {
  const { default: own, best } = study.scores;
  const facts = factList([
    ["default", study.default],
    ["judged by", study.protocol],
    ["rungs", `${study.rungs.map(groupedText).join(", ")} images; the best third goes on from each`],
    ["work", study.work],
  ]);
  const place = element("div", { style: { maxWidth: "46rem" } });
  const rows = [
    { name: "default", scores: own, colour: "reals" },
    ...(best.length ? [{ name: `trial ${study.best}, anew`, scores: best, colour: "generator" }] : []),
  ];
  if (own.length + best.length) {
    dots(place, {
      title: `Score of each seed after ${groupedText(last)} images; lower is better`,
      vertical: { texts: rows.map((row) => row.name) },
      points: rows.flatMap(({ scores, colour }, row) =>
        scores.map((score) => ({ x: score, y: row, colour, said: `${rows[row].name}: ${valueText(score)}` })),
      ),
    });
  }
  return [facts, place];
}

function settings() {
  const rows = study.settings.map((one) => {
    const changed = one.best && one.best !== one.default;
    return [one.field, one.default || "beside the range", changed ? element("mark", {}, one.best) : one.best, one.says];
  });
  const best = study.best === null ? "none was done" : `trial ${study.best}`;
  return table(["field", "default", best, "tried"], rows, [1, 2]);
}

function mattered() {
  if (!study.shares.length) return [aside("Too few trials, or none that differ, to tell.")];
  const seen = groupedText(study.rungs[0]);
  const words = `Shares in what made trials good after ${seen} images (PED-ANOVA): a hint, and no proof.`;
  const most = Math.max(...study.shares.map(([, share]) => share), 1e-9);
  const bars = study.shares.flatMap(([field, share]) => [
    element("span", {}, field),
    element("div", { class: "bar samples-bar", style: { width: `${(100 * share) / most}%` } }),
    element("span", { class: "faint" }, shareText(share)),
  ]);
  return [aside(words), element("div", { class: "bars" }, ...bars)];
}

function where() {
  const columns = element("div", { class: "columns" });
  for (const dial of study.dials.filter((one) => one.points.length)) {
    const place = element("div", {});
    columns.append(place);
    dots(place, {
      title: dial.field,
      horizontal: dial.texts ? { texts: dial.texts } : { range: [dial.low, dial.high], log: dial.log },
      points: dial.points.map((point) => ({ x: point.at, y: point.score, ...mark(point) })),
    });
  }
  const words = `Scores after ${groupedText(study.rungs[0])} images; grey is the default, larger came further.`;
  return [aside(words), columns];
}

function mark({ number, own, rungs, score }) {
  const said = `trial ${number}: ${valueText(score)}`;
  const colour = number === study.best ? "accent" : own === "default" ? "reals" : "generator";
  return { said, colour, radius: 2 + 1.5 * rungs };
}

function trials() {
  const rows = study.trials.map((one) => [
    String(one.number),
    one.purpose,
    one.scores.map((score) => valueText(score)).join(" → "),
    one.ended,
    durationText(one.seconds),
    String(one.seed),
    element("span", { class: "small" }, one.settings.join(", ")),
  ]);
  const more = study.left_out ? [aside(`The ${groupedText(study.left_out)} before these are left out.`)] : [];
  return [...more, table(["trial", "for", "scores", "ended", "work", "seed", "settings"], rows, [0, 4])];
}
