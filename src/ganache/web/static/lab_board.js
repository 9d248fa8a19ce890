// One game as it is seen: its points or pictures, its curves, how good it is, and what the doctor says.

import { curve } from "ganache/curve.js";
import { element } from "ganache/elements.js";
import { history } from "ganache/lab_history.js";
import { pictures } from "ganache/lab_pictures.js";
import { points, slopeOf } from "ganache/lab_points.js";
import { countText, groupedText, shareText } from "ganache/numbers.js";

const CURVES_MS = 300; // between two drawings of the curves, which are many elements
const LOSSES = [
  ["loss/generator", "generator", "generator"],
  ["loss/discriminator", "discriminator", "discriminator"],
];
const LOGITS = [
  ["logits/fake", "of fakes", "generator"],
  ["logits/real", "of reals", "discriminator"],
];
const SLOPES = [["gradient/fakes", "slope at the fakes", "other-1"]];
const MODES = [["modes/quality", "high quality", "other-3"]];

/** Put a game's board into a place; `title` names it where there are two. */
export function board(place, { title }) {
  const view = elementsFor(title);
  const state = { past: history(), static: null, frame: null, show: null, timer: null, speed: null, scale: 0 };
  place.append(view.root);
  const curves = curvesIn(view.curves);
  return {
    begun(packet) {
      state.past.clear();
      Object.assign(state, { static: packet, frame: null, speed: null });
      const { shape } = packet.arrays.reals;
      if (state.shape !== shape.join()) state.stage = (shape.length === 2 ? points : pictures)(view.stage, packet);
      state.shape = shape.join();
      state.show = state.stage(packet);
      tell(view.doctor, packet.notes.join(" "), "faint");
      view.numbers.textContent = "ready";
      view.trouble.hidden = true;
      curves.update(state.past);
    },
    frame(packet) {
      state.frame = packet;
      note(state, packet);
      state.show(packet, state.scale);
      view.numbers.textContent = numbersOf(packet, state);
      state.timer ??= setTimeout(() => {
        state.timer = null;
        curves.update(state.past);
      }, CURVES_MS);
    },
    /** The slope that most of the fakes' arrows stay below: two boards show theirs in one scale. */
    slope: () => slopeOf(state.frame?.arrays.arrows),
    scale: (slope) => (state.scale = slope),
    doctor: (line) => tell(view.doctor, line, "told"),
    trouble(line) {
      view.trouble.textContent = line;
      view.trouble.hidden = false;
    },
  };
}

function elementsFor(title) {
  const view = {
    stage: element("div", { class: "stage" }),
    numbers: element("p", { class: "numbers", "aria-live": "off" }, "beginning …"),
    doctor: element("p", { class: "doctor faint small", "aria-live": "polite" }),
    trouble: element("p", { class: "trouble", role: "alert", hidden: true }),
    curves: element("div", { class: "curves" }),
  };
  const heading = title ? [element("h2", {}, title)] : [];
  const picture = element("div", { class: "picture" }, ...heading, view.trouble, view.stage, view.numbers, view.doctor);
  view.root = element("section", { class: "board" }, picture, view.curves);
  return view;
}

function tell(place, line, kind) {
  place.textContent = line;
  place.className = `doctor small ${kind}`;
}

function note(state, packet) {
  const before = state.speed;
  const now = performance.now();
  if (!before) state.speed = { at: now, iteration: packet.iteration, value: null };
  else if (now - before.at > 500) {
    const value = (1000 * (packet.iteration - before.iteration)) / (now - before.at);
    state.speed = { at: now, iteration: packet.iteration, value };
  }
  const modes = packet.modes.known ? { "modes/found": packet.modes.found, "modes/quality": packet.modes.quality } : {};
  state.past.add(packet.images_seen, { ...packet.curves, ...modes });
}

function numbersOf(packet, state) {
  const parts = [`iteration ${groupedText(packet.iteration)}`, `${countText(packet.images_seen)} reals seen`];
  if (state.speed?.value) parts.push(`${Math.round(state.speed.value)} iterations/s`);
  if (packet.modes.known) {
    const what = state.static.modes.length ? "modes" : "cells";
    parts.push(`${what} ${packet.modes.found} of ${packet.modes.known}`, `quality ${shareText(packet.modes.quality)}`);
  }
  return parts.join(" · ");
}

function curvesIn(place) {
  const drawn = [
    [curve(place, { title: "Losses" }), LOSSES],
    [curve(place, { title: "What the discriminator says (logits)" }), LOGITS],
    [curve(place, { title: "Slope by which the generator learns", log: true }), SLOPES],
  ];
  const quality = element("div", {});
  place.append(quality);
  drawn.push([curve(quality, { title: "Samples of high quality" }), MODES]);
  return {
    update(past) {
      quality.hidden = past.last("modes/quality") === undefined;
      for (const [one, names] of drawn) one.update({ series: past.series(names) });
    },
  };
}
