// One setting as something to change: a number with a slider, a choice, a switch, a list, a text of JSON.

import { element } from "ganache/elements.js";
import { valueText } from "ganache/numbers.js";

const PLACES = 30; // of a slider on either side of its middle
const PER_DECADE = 15;

let last = 0;

/** Return an element that shows a value and calls `change(value)` with another; `field` is of the catalogue. */
export function settingFor(field, value, change) {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return jsonSetting(field, value, change);
  const make = {
    number: numberSetting,
    integer: numberSetting,
    boolean: switchSetting,
    choice: (one, now, then) => choiceSetting(one.name, one.choices, now, then),
    list: listSetting,
  }[field.form];
  return make ? make(field, value, change) : jsonSetting(field, value, change);
}

/** Return a choice among names. */
export function choiceSetting(name, choices, value, change, labels = {}) {
  const options = choices.map((one) => element("option", { value: one, selected: one === value }, labels[one] ?? one));
  const select = element("select", { onchange: () => change(select.value) }, ...options);
  return labelled(name, select);
}

/** Return a setting's name in words. */
export function words(name) {
  return name.replaceAll("_", " ");
}

function numberSetting(field, value, change) {
  const range = rangeOf(field, value);
  const exact = element("input", { type: "text", inputmode: "decimal", value: shown(value), size: 8 });
  const input = element("input", {
    ...{ type: "range", min: 0, max: range.values.length - 1, step: 1, value: range.at },
    "aria-label": `${words(field.name)}, slider`,
    "aria-valuetext": shown(value),
  });
  input.addEventListener("input", () => {
    exact.value = shown(range.values[Number(input.value)]);
    input.setAttribute("aria-valuetext", exact.value);
  });
  input.addEventListener("change", () => change(range.values[Number(input.value)]));
  exact.addEventListener("change", () => change(parsed(exact.value)));
  return labelled(field.name, exact, input);
}

/** Return the values of a slider, and where among them the present one is. */
function rangeOf(field, value) {
  const middle = field.default > 0 ? field.default : value > 0 ? value : 0;
  const least = field.least ?? (field.above === undefined ? -Infinity : field.above + 1e-12);
  const most = field.most ?? (field.below === undefined ? Infinity : field.below - 1e-12);
  const rounded = (one) => (field.form === "integer" ? Math.round(one) : Number(one.toPrecision(2)));
  const raw = Array.from({ length: 2 * PLACES + 1 }, (_, place) =>
    middle ? middle * 10 ** ((place - PLACES) / PER_DECADE) : place / PLACES / 2,
  );
  if (field.least === 0 && middle) raw.push(0);
  const allowed = [...raw.map(rounded), value].filter((one) => one >= least && one <= most);
  const values = [...new Set(allowed)].sort((a, b) => a - b);
  return { values, at: Math.max(0, values.indexOf(value)) };
}

function switchSetting(field, value, change) {
  const input = element("input", { type: "checkbox", checked: value, onchange: () => change(input.checked) });
  return labelled(field.name, input);
}

function listSetting(field, value, change) {
  const text = (value ?? []).map((one) => (typeof one === "object" ? JSON.stringify(one) : one)).join(", ");
  const input = element("input", { type: "text", value: text });
  input.addEventListener("change", () => change(parsed(`[${input.value}]`)));
  return labelled(field.name, input);
}

function jsonSetting(field, value, change) {
  const input = element("input", { type: "text", value: JSON.stringify(value) ?? "" });
  input.addEventListener("change", () => change(parsed(input.value)));
  return labelled(field.name, input);
}

function labelled(name, input, ...more) {
  last += 1;
  input.id = `setting-${last}`;
  return element("div", { class: "setting" }, element("label", { for: input.id }, words(name)), input, ...more);
}

/** Return what a text means: JSON, or the words themselves, of which the server says what is wrong with them. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function shown(value) {
  return Number.isInteger(value) ? String(value) : valueText(value).replace("e-", "e-");
}
