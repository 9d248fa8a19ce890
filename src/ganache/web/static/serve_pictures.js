// What a generator would have drawn a picture of the user's from.

import { element, fill } from "ganache/elements.js";
import { ask, latest, pathOf } from "ganache/serve_api.js";
import { button, classField } from "ganache/serve_controls.js";

/** Put the place for pictures of the user's into a place; nothing for a run that draws none. */
export function pictures(place, run, complain) {
  if (run.points) return fill(place);
  const file = element("input", { type: "file", accept: "image/*", "aria-label": "a picture" });
  const shown = element("div", { class: "shown" });
  const classes = classField(run, () => {});
  const send = latest(async (signal, task) => {
    if (!file.files.length) throw new Error("choose a picture first");
    shown.classList.add("waiting");
    try {
      await showFound(shown, run, task, file.files[0], classes, signal);
    } finally {
      shown.classList.remove("waiting");
    }
  }, complain);
  const buttons = [button("look for it", () => send("project"))];
  if (run.encoder) buttons.push(button("ask the encoder", () => send("encode")));
  fill(
    place,
    element("h2", {}, "A picture of yours"),
    element("p", { class: "small faint" }, "Above, the picture in the run's size; below, the nearest that is drawn."),
    element("div", { class: "controls" }, file, classes?.root, ...buttons),
    shown,
  );
}

async function showFound(shown, run, task, picture, classes, signal) {
  const fields = task === "project" ? { class: classes?.value() } : {};
  const answer = await ask(pathOf(run, task), fields, { method: "POST", body: picture, signal });
  const image = element("img", { alt: `${picture.name}, and what ${run.name} makes of it` });
  image.src = URL.createObjectURL(await answer.blob());
  await image.decode();
  fill(shown, image);
  document.body.dataset.found = task;
}
