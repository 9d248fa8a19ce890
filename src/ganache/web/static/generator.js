// The page of an exported generator: pictures of a seed, on the way to another one's, drawn here and now.

import { drawnImages } from "ganache/drawn_images.js";
import { element, fill, pageData } from "ganache/elements.js";
import { inputsAt, latentsOf } from "ganache/latents.js";
import { openModel } from "ganache/model.js";
import { slider } from "ganache/slider.js";

const STEPS = 100; // from one seed to the other, and from no truncation to all of it

const data = pageData();
const at = (id) => document.getElementById(id);
const wanted = {
  seed: 0,
  to: 1,
  fraction: 0,
  label: null,
  truncation: data.truncation,
};

at("title").textContent = data.title;
document.title = data.title;
fill(at("about"), about());
begin().catch((error) => {
  at("state").textContent = `This browser cannot run the model: ${error.message}`;
  document.body.dataset.failed = error.message;
});

async function begin() {
  const latents = latentsOf(data.inputs);
  const images = drawnImages(at("pictures"), data.shape, data.point, data.inputs.images);
  const run = await openModel(data);
  const draw = oneAtATime(async () => {
    const began = performance.now();
    await images.update(await run(inputsAt(data, latents, wanted)), described());
    at("state").textContent = `${described()}; drawn here in ${Math.round(performance.now() - began)} ms`;
    for (const [name, value] of Object.entries(wanted)) at("state").dataset[name] = value;
  });
  controls(draw);
  await draw();
}

function about() {
  const { channels, height, width } = data.shape;
  const pictures = `It draws pictures of ${height}×${width} in ${channels === 1 ? "grey" : "colour"}.`;
  const form = data.point ? "It draws points of the plane." : pictures;
  return `${data.about} ${form} Everything happens in this page; nothing is sent or fetched.`;
}

function controls(draw) {
  const place = at("controls");
  const set = (name, value) => {
    wanted[name] = value;
    draw();
  };
  const seeds = data.inputs.seeds;
  slider(place, { label: "seed", count: seeds, at: wanted.seed, change: (seed) => set("seed", seed) });
  slider(place, { label: "to seed", count: seeds, at: wanted.to, change: (seed) => set("to", seed) });
  slider(place, {
    label: "on the way",
    count: STEPS + 1,
    text: (step) => `${step}%`,
    change: (step) => set("fraction", step / STEPS),
    play: true,
  });
  if (data.truncation !== null) {
    const from = Math.round(data.truncation * STEPS);
    const text = (step) => (step === STEPS ? "none" : (step / STEPS).toFixed(2));
    const change = (step) => set("truncation", step / STEPS);
    slider(place, { label: "truncation", count: STEPS + 1, at: from, text, change });
  }
  if (data.classes.length) place.append(classChoice((label) => set("label", label)));
  const words = `At 0% these are the first ${data.inputs.images} images of `;
  place.append(element("p", { class: "faint small" }, words, command()));
}

function classChoice(change) {
  const options = ["as they come", ...data.classes].map((name, place) => element("option", { value: place }, name));
  const select = element("select", { id: "class" }, ...options);
  select.addEventListener("change", () => change(Number(select.value) ? Number(select.value) - 1 : null));
  return element("p", { class: "row" }, element("label", { for: "class" }, "class"), select);
}

function command() {
  const words = ["ganache sample RUN", "--seed S", ...(data.truncation === null ? [] : ["--truncation T"])];
  return element("code", {}, words.join(" "));
}

function described() {
  const further = `, ${Math.round(wanted.fraction * STEPS)}% of the way to seed ${wanted.to}`;
  const way = `seed ${wanted.seed}${wanted.fraction ? further : ""}`;
  return wanted.label === null ? way : `${way}, ${data.classes[wanted.label]}`;
}

/** Return a function that does work once more after the last call, and never twice at a time. */
function oneAtATime(work) {
  let running = null;
  let again = false;
  const go = async () => {
    do {
      again = false;
      await new Promise(requestAnimationFrame); // what was said before is shown before the page is busy
      await work();
    } while (again);
    running = null;
  };
  return () => {
    again = true;
    running ??= go();
    return running;
  };
}
