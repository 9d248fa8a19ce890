// What a run's translator makes of a picture of the user's: before and after, beside each other.

import { element, fill } from "ganache/elements.js";
import { ask, latest, pathOf } from "ganache/serve_api.js";
import { button, choice } from "ganache/serve_controls.js";

/** Put the place for pictures that are translated into a place; nothing for a run that does not translate. */
export function translate(place, run, complain) {
  const directions = Object.keys(run.directions);
  if (!directions.length) return fill(place);
  const view = { run, before: figure("before"), after: figure("after"), save: element("div", { class: "row" }) };
  const send = latest(async (signal) => {
    if (!file.files.length) throw new Error("choose a picture first");
    view.after.root.classList.add("waiting");
    try {
      await showBoth(view, file.files[0], fields, signal);
    } finally {
      view.after.root.classList.remove("waiting");
    }
  }, complain);
  const again = () => file.files.length && send();
  const file = element("input", { type: "file", accept: "image/*", "aria-label": "a picture", onchange: send });
  const fields = {
    direction: directions.length > 1 ? choice("direction", directions.map((one) => [one, one]), "", again) : null,
    whole: choice("size", [["false", "as in training"], ["true", "the picture's own"]], "false", again),
  };
  const controls = Object.values(fields).filter((field) => field !== null).map((field) => field.root);
  fill(
    place,
    element("h2", {}, "A picture of yours, translated"),
    element("div", { class: "controls" }, file, ...controls, button("translate", send)),
    element("div", { class: "pair" }, view.before.root, view.after.root),
    view.save,
  );
}

function figure(words) {
  const image = element("img", { alt: "", hidden: "" });
  const caption = element("figcaption", { class: "small faint" }, words);
  return { image, root: element("figure", {}, image, caption) };
}

async function showBoth(view, picture, fields, signal) {
  await show(view.before, picture, picture.name);
  const { run } = view;
  const direction = fields.direction?.value() ?? Object.keys(run.directions)[0];
  const wanted = { direction, whole: fields.whole.value() };
  const answer = await ask(pathOf(run, "translate"), wanted, { method: "POST", body: picture, signal });
  const made = await answer.blob();
  await show(view.after, made, `${picture.name}, translated ${direction}`);
  const link = element("a", { href: view.after.image.src, download: nameOf(picture, direction) }, "download PNG");
  fill(view.save, link);
  document.body.dataset.translated = JSON.stringify(wanted);
}

/** Show a picture that the browser can read; of others, such as TIFF, their name alone. */
async function show({ image }, content, words) {
  URL.revokeObjectURL(image.src);
  image.alt = words;
  image.src = URL.createObjectURL(content);
  image.hidden = false;
  await image.decode().catch(() => {});
}

function nameOf(picture, direction) {
  return `${picture.name.replace(/\.[^.]*$/, "")}-${direction}.png`;
}
