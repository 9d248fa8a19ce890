// A slider with a label and its value in words; arrow keys move it, and a button may play it.

import { element } from "ganache/elements.js";

const STEP_MS = 180;

/**
 * Put a slider into a place: { label, count, at, text(place) → string, change(place), play }.
 *
 * It stands at one of `count` places. `update({ at, count, text })` moves it without a call of `change`.
 */
export function slider(place, { label, count, at = 0, text = String, change = () => {}, play = false }) {
  const input = element("input", { type: "range", min: 0, max: Math.max(0, count - 1), step: 1, "aria-label": label });
  const output = element("output", { "aria-live": "off" });
  const root = element("div", { class: "slider" }, element("span", { "aria-hidden": "true" }, label), input, output);
  let words = text;
  const show = () => {
    output.textContent = words(Number(input.value));
    input.setAttribute("aria-valuetext", output.textContent);
  };
  const move = (to) => {
    input.value = to;
    show();
    change(Number(input.value));
  };
  input.addEventListener("input", () => move(input.value));
  const component = {
    update(next) {
      words = next.text ?? words;
      if (next.count !== undefined) input.max = Math.max(0, next.count - 1);
      if (next.at !== undefined) input.value = next.at;
      show();
    },
  };
  component.update({ at });
  place.append(root);
  if (play && count > 1) place.append(player(input, move));
  return component;
}

function player(input, move) {
  let timer = null;
  const button = element("button", { type: "button" }, "▶ play");
  const stop = () => {
    clearInterval(timer);
    timer = null;
    button.textContent = "▶ play";
  };
  const step = () => {
    if (Number(input.value) >= Number(input.max)) stop();
    else move(Number(input.value) + 1);
  };
  button.addEventListener("click", () => {
    if (timer !== null) return stop();
    if (Number(input.value) >= Number(input.max)) move(0);
    button.textContent = "❚❚ pause";
    timer = setInterval(step, STEP_MS);
  });
  return button;
}
