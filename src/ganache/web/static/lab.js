// The lab: settings become games on the server, whose frames are shown as they come.

import { element, fill } from "ganache/elements.js";
import { board } from "ganache/lab_board.js";
import { controls } from "ganache/lab_controls.js";
import { read, written } from "ganache/lab_link.js";
import { painting } from "ganache/lab_painting.js";
import { recipeForm } from "ganache/lab_settings.js";
import { connected } from "ganache/lab_socket.js";
import { takeaway } from "ganache/lab_takeaway.js";

const LAYERS = { field: true, lattice: false, arrows: false, average: false };
const NAMES = ["A", "B"];
const ENDED = "the lab has ended, or is open in another window: ganache lab starts it again";
const OF_A_GAME = ["began", "frame", "doctor", "failed"]; // and refused, where it is the game that was
const SETTLE_MS = 250; // after the last of several changes, before a game begins anew

/** Play in a place of the page. */
export function lab(place) {
  const state = { settings: null, playing: false, boards: [], turn: 0, newest: [], drawing: false };
  const line = connected({
    heard: (packet) => hear(place, state, packet),
    closed: () => place.prepend(element("p", { class: "trouble", role: "alert" }, ENDED)),
  });
  state.line = line;
  window.addEventListener("hashchange", () => {
    const found = state.hello && read(location.hash, state.hello.recipes);
    if (found && location.hash.slice(1) !== state.written) follow(state, found);
  });
}

function hear(place, state, packet) {
  const isOfGame = OF_A_GAME.includes(packet.is) || packet.order === "begin";
  if (isOfGame && (packet.turn !== state.turn || state.isChanging)) return; // of one that is over, or is about to be
  const shown = state.boards[packet.game];
  const heard = {
    hello: () => open(place, state, packet),
    began: () => begun(state, packet),
    frame: () => take(state, packet),
    doctor: () => shown?.doctor(packet.line),
    refused: () => (packet.order === "begin" ? shown?.trouble(packet.line) : state.take.say(packet.line)),
    failed: () => shown?.trouble(packet.line),
    ended: () => shown?.trouble(packet.line),
    kept: () => state.take.kept(packet.run),
    trouble: () => state.say(packet.line),
  };
  heard[packet.is]?.();
}

function open(place, state, hello) {
  state.hello = hello;
  const parts = {
    controls: element("div", { class: "controls card" }),
    claim: element("p", { class: "claim", "aria-live": "polite" }),
    trouble: element("p", { class: "trouble", role: "alert", hidden: true }),
    painting: element("div", { class: "painting" }),
    boards: element("div", { class: "boards" }),
    forms: element("div", { class: "forms" }),
    takeaway: element("details", { class: "card" }),
  };
  fill(place, ...Object.values(parts));
  state.parts = parts;
  state.say = (line) => {
    parts.trouble.textContent = line;
    parts.trouble.hidden = !line;
  };
  state.controls = controls(parts.controls, { hello, act: actionsOf(state) });
  state.take = takeaway(parts.takeaway, {
    settings: () => state.settings,
    keep: (game) => state.line.wish("keep", { game }),
  });
  follow(state, read(location.hash, hello.recipes) ?? presetOf(hello.presets[0]));
}

/** Return the settings of a preset. */
function presetOf(preset) {
  const { games, data, seed, speed, layers, name } = structuredClone(preset);
  return { games, data, seed, speed, layers, preset: name };
}

function actionsOf(state) {
  const change = (settings, { anew = false } = {}) => follow(state, { ...state.settings, ...settings }, { anew });
  const begin = { anew: true };
  return {
    toggle: () => setPlaying(state, !state.playing),
    step: () => {
      setPlaying(state, false);
      state.line.wish("step", {});
    },
    reset: () => follow(state, state.settings, begin),
    speed: (speed) => {
      change({ speed });
      if (state.playing) setPlaying(state, true);
    },
    seed: (seed) => change({ seed: Math.max(0, Math.round(seed) || 0) }, begin),
    data: (data) => change({ data: data === "drawn" ? { cells: [], std: 0.03 } : data, preset: null }, begin),
    preset: (name) => {
      const preset = state.hello.presets.find((one) => one.name === name);
      if (preset) follow(state, presetOf(preset), begin);
    },
    two: (isTwo) => {
      const [first, second] = state.settings.games;
      change({ games: isTwo ? [first, second ?? structuredClone(first)] : [first], preset: null }, begin);
    },
    layer: (name, on) => {
      change({ layers: { ...state.settings.layers, [name]: on } });
      state.boards.forEach((_, game) => look(state, game));
    },
  };
}

/** Take settings for those of the page, and begin anew where the games are others. */
function follow(state, settings, { anew = true } = {}) {
  state.settings = { speed: null, seed: 0, data: "ring", ...settings, layers: { ...LAYERS, ...settings.layers } };
  const preset = state.hello.presets.find((one) => one.name === state.settings.preset);
  state.parts.claim.textContent = preset ? preset.says : "";
  show(state);
  if (anew) begin(state);
}

function show(state) {
  state.controls.update(state.settings, state.playing);
  state.take.update();
  state.written = written(state.settings, state.hello.recipes);
  window.history.replaceState(null, "", `#${state.written}`);
}

function setPlaying(state, playing) {
  state.playing = playing;
  if (playing) state.line.wish("play", { per_second: state.settings.speed });
  else state.line.wish("pause");
  state.controls.update(state.settings, playing);
}

function begin(state) {
  clearTimeout(state.beginning);
  state.isChanging = false;
  const { games, data, seed } = state.settings;
  build(state);
  showPainting(state);
  if (typeof data !== "string" && !data.cells.length) return state.say("draw where the points shall lie");
  state.say("");
  state.turn += 1;
  state.newest = games.map(() => null);
  state.line.wish("begin", { games: games.map(({ recipe }) => ({ recipe, data })), seed, turn: state.turn });
}

/** Build a board and a form for each game, where there are not as many yet. */
function build(state) {
  const { games } = state.settings;
  if (state.boards.length !== games.length) {
    fill(state.parts.boards);
    fill(state.parts.forms);
    const title = (number) => (games.length > 1 ? NAMES[number] : "");
    state.boards = games.map((_, number) => board(state.parts.boards, { title: title(number) }));
    state.forms = games.map((_, number) => formFor(state, number, title(number)));
    state.parts.boards.classList.toggle("two", games.length > 1);
  }
  games.forEach(({ recipe }, number) => state.forms[number].show(recipe));
}

function formFor(state, number, title) {
  const place = element("section", { class: "form card" }, element("h2", {}, `Settings ${title}`.trim()));
  const recipes = Object.keys(state.hello.recipes);
  state.parts.forms.append(place);
  const options = recipes.map((name) => element("option", { value: name }, name));
  const choose = element("select", { "aria-label": "recipe" }, ...options);
  choose.addEventListener("change", () => set({ base: choose.value, recipe: state.hello.recipes[choose.value] }));
  place.append(element("div", { class: "setting" }, element("span", {}, "recipe"), choose));
  const set = (game) => {
    const games = state.settings.games.map((one, at) => (at === number ? { ...one, ...game } : one));
    follow(state, { ...state.settings, games, preset: null }, { anew: false });
    clearTimeout(state.beginning);
    state.isChanging = true;
    state.beginning = setTimeout(() => begin(state), SETTLE_MS);
  };
  const form = recipeForm(place, { catalogue: state.hello.catalogue, change: (recipe) => set({ recipe }) });
  return {
    show(recipe) {
      choose.value = state.settings.games[number].base;
      form.show(recipe);
    },
  };
}

function showPainting(state) {
  const { data } = state.settings;
  const isDrawn = typeof data !== "string";
  if (!isDrawn) fill(state.parts.painting);
  if (!isDrawn || state.parts.painting.childElementCount) return;
  const change = (density) => follow(state, { ...state.settings, data: density, preset: null });
  painting(state.parts.painting, { cells: data.cells, change });
}

function begun(state, packet) {
  state.settings.games[packet.game].recipe = packet.recipe;
  state.forms[packet.game].show(packet.recipe);
  state.boards[packet.game].begun(packet);
  show(state);
  look(state, packet.game);
}

function look(state, game) {
  state.line.wish("look", { game, layers: state.settings.layers });
}

/** Keep the newest frame of each game until the browser paints, and ask for the next when it has. */
function take(state, packet) {
  state.newest[packet.game] = packet;
  if (state.drawing) return;
  state.drawing = true;
  requestAnimationFrame(() => {
    state.drawing = false;
    const frames = state.newest.map((frame, game) => [frame, game]).filter(([frame]) => frame);
    state.newest = state.newest.map(() => null);
    for (const [frame, game] of frames) draw(state, frame, game);
    const slope = Math.max(0, ...state.boards.map((one) => one.slope()));
    state.boards.forEach((one) => one.scale(slope));
  });
}

function draw(state, frame, game) {
  state.boards[game].frame(frame);
  const { dataset } = document.body;
  dataset.frames = Number(dataset.frames ?? 0) + 1;
  dataset[`iteration${NAMES[game]}`] = frame.iteration;
  dataset[`modes${NAMES[game]}`] = frame.modes.found ?? "";
  dataset[`quality${NAMES[game]}`] = frame.modes.quality ?? "";
  look(state, game);
}
