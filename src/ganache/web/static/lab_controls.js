// What steers all games at once: play, step, speed, seed, data, presets, layers, and what can be taken along.

import { element } from "ganache/elements.js";
import { slider } from "ganache/slider.js";

export const SPEEDS = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, null]; // iterations a second; null: as fast as it goes
const SLOW = 2;
const LAYERS = [
  ["field", "field of the discriminator"],
  ["lattice", "generator as a bent lattice"],
  ["arrows", "gradients at the fakes"],
  ["average", "samples of the average generator"],
];

/** Put the controls into a place; `act` has a function for each. `update(settings, playing)` shows where they stand. */
export function controls(place, { hello, act }) {
  const play = element("button", { type: "button", class: "play", onclick: () => act.toggle() }, "▶ play");
  const slow = element("button", { type: "button", onclick: () => act.speed(SLOW) }, "slow motion");
  const buttons = [
    play,
    element("button", { type: "button", onclick: () => act.step() }, "one step"),
    slow,
    element("button", { type: "button", onclick: () => act.reset() }, "reset"),
  ];
  const speedPlace = element("div", { class: "speed" });
  const change = (at) => act.speed(SPEEDS[at]);
  const speed = slider(speedPlace, { label: "speed", count: SPEEDS.length, text: speedText, change });
  const seed = element("input", { type: "number", min: 0, step: 1, id: "lab-seed" });
  seed.addEventListener("change", () => act.seed(Number(seed.value)));
  const data = select("lab-data", hello.data, (name) => act.data(name));
  const titles = hello.presets.map((one) => [one.name, one.title]);
  const preset = select("lab-preset", titles, (name) => act.preset(name), "try …");
  const two = element("input", { type: "checkbox", id: "lab-two", onchange: () => act.two(two.checked) });
  const layers = LAYERS.map(([name, words]) => {
    const box = element("input", { type: "checkbox", id: `layer-${name}` });
    box.addEventListener("change", () => act.layer(name, box.checked));
    return { name, box, root: check(box, words) };
  });
  const what = [labelled("preset", preset), labelled("data", data), labelled("seed", seed)];
  place.append(
    element("div", { class: "row" }, ...what, check(two, "two games side by side")),
    element("div", { class: "row" }, ...buttons, speedPlace),
    element("div", { class: "row layers" }, ...layers.map((one) => one.root)),
  );
  return {
    update(settings, playing) {
      play.textContent = playing ? "❚❚ pause" : "▶ play";
      play.setAttribute("aria-label", playing ? "pause" : "play");
      speed.update({ at: Math.max(0, SPEEDS.indexOf(settings.speed)) });
      seed.value = settings.seed;
      data.value = typeof settings.data === "string" ? settings.data : "drawn";
      preset.value = settings.preset ?? "";
      two.checked = settings.games.length > 1;
      for (const { name, box } of layers) box.checked = settings.layers[name];
    },
  };
}

function speedText(at) {
  return SPEEDS[at] === null ? "full speed" : `${SPEEDS[at]} a second`;
}

function select(id, options, change, first = null) {
  const all = [...(first ? [["", first]] : []), ...options.map((one) => (Array.isArray(one) ? one : [one, one]))];
  const made = element("select", { id }, ...all.map(([value, text]) => element("option", { value }, text)));
  made.addEventListener("change", () => change(made.value));
  return made;
}

function labelled(words, input) {
  return element("span", { class: "labelled" }, element("label", { for: input.id }, words), input);
}

function check(box, words) {
  return element("span", { class: "check" }, box, element("label", { for: box.id }, words));
}
