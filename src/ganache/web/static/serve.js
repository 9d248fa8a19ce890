// The page of `ganache serve`: choose a run, look at what it draws, or at what it makes of a picture.

import { element, fill } from "ganache/elements.js";
import { ask, keepToken } from "ganache/serve_api.js";
import { choice } from "ganache/serve_controls.js";
import { mix } from "ganache/serve_mix.js";
import { pictures } from "ganache/serve_pictures.js";
import { samples } from "ganache/serve_samples.js";
import { translate } from "ganache/serve_translate.js";
import { walk } from "ganache/serve_walk.js";

const at = (id) => document.getElementById(id);
const DRAWING = [samples, walk, mix, pictures];
const TRANSLATING = [translate];
const complaints = new Map(); // of each part of the page, until it works again

let attempts = 0; // to be let in; only the newest one counts

/** Show what the server has, or ask for the token that it wants. */
export async function start() {
  at("token").addEventListener("submit", (event) => {
    event.preventDefault();
    keepToken(new FormData(event.target).get("token").trim());
    enter();
  });
  await enter();
  document.body.dataset.ready = "yes";
}

async function enter() {
  const own = ++attempts;
  try {
    const answer = await ask("/api/runs");
    const { runs } = await answer.json();
    if (own !== attempts) return;
    at("token").hidden = true;
    complain(null);
    choose(runs.filter((run) => !run.gone));
  } catch (error) {
    if (own === attempts) complain(error);
  }
}

function choose(runs) {
  if (!runs.length) return complain(new Error("there is no run any more"));
  const named = choice("run", runs.map((run) => [run.name, run.name]), runs[0].name, () =>
    show(runs.find((run) => run.name === named.value())),
  );
  fill(at("runs"), named.root);
  show(runs[0]);
}

function show(run) {
  at("about").textContent = described(run);
  complaints.clear();
  const parts = translates(run) ? TRANSLATING : DRAWING;
  for (const part of [...DRAWING, ...TRANSLATING]) fill(at(part.name));
  for (const part of parts) part(at(part.name), run, (error) => complain(error, part.name));
}

function translates(run) {
  return Object.keys(run.directions).length > 0;
}

function described(run) {
  if (translates(run)) return `${run.recipe || "a translator"}: from picture to picture, ${sizes(run)}`;
  const size = run.points ? "points of a plane" : `pictures of ${run.width} × ${run.height} pixels`;
  const classes = run.classes.length ? `, ${run.classes.length} classes` : "";
  return `${run.recipe || "a generator"}: ${size}${classes}`;
}

function sizes(run) {
  const ways = Object.entries(run.directions);
  return ways.map(([name, way]) => `${name} from ${way.width} × ${way.height} pixels`).join(", ");
}

function complain(error, whose = "page") {
  complaints.delete(whose);
  if (error) complaints.set(whose, error.message);
  const newest = [...complaints.values()].at(-1);
  at("complaint").hidden = newest === undefined;
  at("complaint").textContent = newest ?? "";
  if (error?.status === 401) askForToken();
}

function askForToken() {
  if (!at("token").hidden) return; // what is being typed there stays
  const input = element("input", { type: "password", name: "token", autocomplete: "off", required: "" });
  fill(at("token"), element("label", {}, "token ", input), element("button", { type: "submit" }, "open"));
  at("token").hidden = false;
  input.focus();
}
