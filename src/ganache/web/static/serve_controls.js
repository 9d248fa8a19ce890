// The fields of the page: each with its label, and told when it changes.

import { element } from "ganache/elements.js";
import { slider } from "ganache/slider.js";

const MOST = Number.MAX_SAFE_INTEGER;
const STEPS = 20; // of a truncation from 0 to 1

/** Return a field for a seed; `value()` is the number, 0 for what is none. */
export function seedField(label, seed, change) {
  const input = element("input", { type: "number", min: 0, max: MOST, step: 1, value: seed, onchange: change });
  const value = () => Math.min(MOST, Math.max(0, Math.floor(Number(input.value) || 0)));
  const set = (to) => {
    input.value = Math.min(MOST, Math.max(0, to));
    change();
  };
  return { root: element("label", {}, label, input), value, set };
}

/** Return a field for one of some choices [value, words]; `value()` is the chosen one. */
export function choice(label, choices, chosen, change) {
  const options = choices.map(([value, words]) =>
    element("option", { value, selected: String(value) === String(chosen) }, words),
  );
  const select = element("select", { onchange: change }, ...options);
  return { root: element("label", {}, label, select), value: () => select.value };
}

/** Return a field for a run's class, null where it has none; any is "". */
export function classField(run, change) {
  if (!run.classes.length) return null;
  const classes = [["", "all of them"], ...run.classes.map((name) => [name, name])];
  return choice("class", classes, "", change);
}

/** Return a slider for the truncation, null where the run has none. */
export function truncationField(run, change) {
  if (!run.truncation) return null;
  let at = STEPS;
  const root = element("div", { class: "row" });
  slider(root, {
    label: "truncation",
    count: STEPS + 1,
    at,
    text: (place) => (place / STEPS).toFixed(2),
    change: (place) => {
      at = place;
      change();
    },
  });
  return { root, value: () => at / STEPS };
}

/** Return a button. */
export function button(words, act) {
  return element("button", { type: "button", onclick: act }, words);
}
