// The groups of a run: how often each is drawn, between which bounds that lies, and how much of it is reached.

import { aside, element, table } from "ganache/elements.js";
import { groupedText, shareText, valueText } from "ganache/numbers.js";

const KINDS = { lost: "bad", thinned: "bad", grown: "warn" };

/** Return the section of groups; null where nothing is known of them. */
export function groupsSection(run) {
  if (!run.groups) return null;
  const [first, ...others] = run.groups.draws;
  const content = [
    ...run.groups.sentences.map((sentence) => element("p", {}, sentence)),
    aside(...circumstances(run.groups)),
    ...drawn(first),
    ...others.map((one) => element("details", {}, element("summary", {}, one.title), ...drawn(one))),
    ...run.groups.warnings.map((warning) => element("p", { class: "note small" }, warning)),
  ];
  return { id: "groups", title: "Groups", content };
}

function circumstances(groups) {
  const of = `${groupedText(groups.samples)} samples (seed ${groups.seed}) against ${groups.reference}`;
  const sure = `all ${groups.statements} intervals hold at once with ${shareText(groups.confidence)}`;
  return [`${of}; groups are ${groups.grouping}; ${sure}, the classifier's errors within them.`];
}

function drawn({ title, expected, rows, left_out: leftOut }) {
  const most = Math.max(...rows.flatMap((row) => [row.high, row.expected]), 1e-9);
  const told = rows.map((row) => [
    row.name,
    range(row, most),
    shareText(row.share),
    shareText(row.expected),
    element("strong", { class: KINDS[row.verdict] ?? "" }, KINDS[row.verdict] ? row.verdict : ""),
    beside(row.recall, row.recall_of_reals),
    beside(row.coverage, row.coverage_of_reals),
    beside(row.distance, row.distance_of_reals),
  ]);
  const more = leftOut > 0 ? [element("p", { class: "faint small" }, `… and ${groupedText(leftOut)} groups more`)] : [];
  return [
    element("h3", {}, title),
    element("p", { class: "faint small" }, `The line marks ${expected}; in brackets what as many other reals reach.`),
    table(
      ["group", "share, and its interval", "", "expected", "", "recall", "coverage", "distance"],
      told,
      [2, 3, 5, 6, 7],
    ),
    ...more,
  ];
}

function range(row, most) {
  const at = (share) => `${(100 * share) / most}%`;
  const label = `between ${shareText(row.low)} and ${shareText(row.high)}, expected ${shareText(row.expected)}`;
  const part = (kind, style) => element("span", { class: kind, style });
  return element(
    "div",
    { class: `range ${KINDS[row.verdict] ?? ""}`, role: "img", "aria-label": label, title: label },
    part("between", { left: at(row.low), width: at(row.high - row.low) }),
    part("found", { left: at(row.share) }),
    part("wanted", { left: at(row.expected) }),
  );
}

function beside(value, ofReals) {
  return value === null || ofReals === null ? "few" : `${valueText(value, 3)} (${valueText(ofReals, 3)})`;
}
