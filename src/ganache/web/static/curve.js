// Curves over images seen, or over anything: hover, zoom, a logarithmic axis, a legend whose entries are switches.

import { chosenArea, drawing, marker, scalesFor } from "ganache/curve_drawing.js";
import { drawn, element, fill } from "ganache/elements.js";
import { countText, valueText } from "ganache/numbers.js";
import { coloursFor } from "ganache/palette.js";
import { nearestPlace } from "ganache/series.js";

const HEIGHT = 230;
const LEAST_DRAG = 8; // pixels, below which a drag is a click
const KEYS = "arrow keys read values, + and − zoom, 0 shows all, L changes the axis";

/**
 * Put a curve into a place: { title, series: [{ name, x, y, colour? }], unit, log, note }.
 *
 * `unit` says what x counts. `update({ series })` draws other values with the same switches.
 */
export function curve(place, { title, series = [], unit = "images", log = false, note = "" }) {
  const state = { series: [], unit, log, hidden: new Set(), range: null, at: null, drag: null };
  const view = elementsFor(title, note, state);
  const show = () => draw(state, view);
  listen(state, view, show);
  const component = {
    update(next) {
      if (next.series) state.series = coloured(next.series);
      if (next.log !== undefined) state.log = next.log;
      fill(view.legend, ...legend(state, show));
      show();
    },
  };
  place.append(view.root);
  new ResizeObserver(show).observe(view.svg);
  component.update({ series });
  return component;
}

function coloured(series) {
  const colours = coloursFor(series.map((one) => one.name));
  return series.map((one, place) => ({ ...one, colour: one.colour ?? colours[place] }));
}

function elementsFor(title, note, state) {
  const view = {
    svg: drawn("svg", { role: "img", tabindex: "0", height: HEIGHT }),
    log: element("button", { type: "button", "aria-pressed": String(state.log) }, "log scale"),
    whole: element("button", { type: "button", disabled: true }, "show all"),
    legend: element("div", { class: "legend" }),
    reading: element("div", { class: "reading small", "aria-live": "polite" }),
    title,
  };
  view.log.classList.add("switch");
  const caption = element(
    "figcaption",
    {},
    element("strong", {}, title),
    element("span", { class: "row" }, view.log, view.whole),
  );
  const said = note ? [element("p", { class: "faint small" }, note)] : [];
  view.root = element("figure", { class: "curve" }, caption, ...said, view.legend, view.svg, view.reading);
  return view;
}

function legend(state, show) {
  if (state.series.length < 2 && !state.series[0]?.name) return [];
  return state.series.map((one) => {
    const swatch = element("span", { class: "swatch", style: { background: `var(--${one.colour})` } });
    const pressed = String(!state.hidden.has(one.name));
    const button = element("button", { type: "button", "aria-pressed": pressed }, swatch, one.name || "value");
    button.addEventListener("click", () => {
      if (!state.hidden.delete(one.name)) state.hidden.add(one.name);
      button.setAttribute("aria-pressed", String(!state.hidden.has(one.name)));
      show();
    });
    return button;
  });
}

function visible(state) {
  return state.series.filter((one) => one.x.length && !state.hidden.has(one.name));
}

function wholeRange(state) {
  const ends = state.series.filter((one) => one.x.length).map((one) => [one.x[0], one.x[one.x.length - 1]]);
  if (!ends.length) return [0, 1];
  const [first, last] = [Math.min(...ends.map((end) => end[0])), Math.max(...ends.map((end) => end[1]))];
  return last > first ? [first, last] : [first - 0.5, first + 0.5];
}

function draw(state, view) {
  const size = { width: Math.max(240, view.svg.clientWidth || 600), height: HEIGHT };
  const range = state.range ?? wholeRange(state);
  const series = visible(state);
  state.scales = scalesFor(series, range, size, state.log);
  const points = state.at === null ? [] : pointsAt(series, state);
  const over = state.at === null || !points.length ? [] : marker(points[0].x, points, state.scales, size);
  const chosen = state.drag ? [chosenArea(state.drag.from, state.drag.to, size)] : [];
  view.svg.setAttribute("viewBox", `0 0 ${size.width} ${size.height}`);
  fill(view.svg, ...drawing(series, range, state.scales, size, state.log), ...over, ...chosen);
  view.svg.setAttribute("aria-label", `${view.title}. ${sentence(series, state)}. ${KEYS}.`);
  view.whole.disabled = state.range === null;
  view.log.setAttribute("aria-pressed", String(state.log));
  view.reading.textContent = sentence(series, state);
}

function pointsAt(series, state) {
  const places = series.map((one) => [one, nearestPlace(one.x, state.at)]);
  const points = places.map(([one, place]) => ({ x: one.x[place], y: one.y[place], colour: one.colour }));
  const far = (point) => Math.abs(point.x - state.at);
  return points.filter((point) => !state.log || point.y > 0).sort((a, b) => far(a) - far(b));
}

function sentence(series, state) {
  if (!series.length) return "nothing is shown";
  const told = series.map((one) => {
    const place = state.at === null ? one.x.length - 1 : nearestPlace(one.x, state.at);
    return { name: one.name, x: one.x[place], y: one.y[place] };
  });
  const at = state.at === null ? Math.max(...told.map((point) => point.x)) : told[0].x;
  const values = told.map(({ name, x, y }) => {
    const elsewhere = Math.abs(x - at) > 0.02 * Math.abs(at) ? ` (at ${countText(x)})` : "";
    return `${name} ${valueText(y)}${elsewhere}`.trim();
  });
  return `${countText(at)} ${state.unit}: ${values.join(" · ")}`;
}

function listen(state, view, show) {
  const toPlace = (event) => {
    const box = view.svg.getBoundingClientRect();
    return ((event.clientX - box.left) / box.width) * (view.svg.viewBox.baseVal.width || box.width);
  };
  view.svg.addEventListener("pointermove", (event) => {
    if (state.drag) state.drag.to = toPlace(event);
    state.at = state.scales.x.value(toPlace(event));
    show();
  });
  view.svg.addEventListener("pointerdown", (event) => {
    view.svg.setPointerCapture(event.pointerId);
    state.drag = { from: toPlace(event), to: toPlace(event) };
  });
  const letGo = (zoom) => () => {
    if (zoom && state.drag && Math.abs(state.drag.to - state.drag.from) > LEAST_DRAG) chooseRange(state);
    state.drag = null;
    show();
  };
  view.svg.addEventListener("pointerup", letGo(true));
  view.svg.addEventListener("pointercancel", letGo(false));
  view.svg.addEventListener("pointerleave", () => {
    state.at = null;
    show();
  });
  view.svg.addEventListener("dblclick", () => zoomTo(state, null, show));
  view.svg.addEventListener("keydown", (event) => onKey(event, state, show));
  view.whole.addEventListener("click", () => zoomTo(state, null, show));
  view.log.addEventListener("click", () => {
    state.log = !state.log;
    show();
  });
}

function chooseRange(state) {
  const ends = [state.drag.from, state.drag.to].map(state.scales.x.value).sort((a, b) => a - b);
  const whole = wholeRange(state);
  state.range = [Math.max(whole[0], ends[0]), Math.min(whole[1], ends[1])];
}

function zoomTo(state, range, show) {
  state.range = range;
  show();
}

function onKey(event, state, show) {
  const range = state.range ?? wholeRange(state);
  const whole = wholeRange(state);
  const at = Math.min(range[1], Math.max(range[0], state.at ?? (range[0] + range[1]) / 2));
  const step = (range[1] - range[0]) / 40;
  const zoomed = (by) => {
    const ends = [at - (at - range[0]) * by, at + (range[1] - at) * by];
    const isWhole = ends[0] <= whole[0] && ends[1] >= whole[1];
    state.range = isWhole ? null : [Math.max(whole[0], ends[0]), Math.min(whole[1], ends[1])];
  };
  const actions = {
    ArrowLeft: () => (state.at = Math.max(range[0], at - step)),
    ArrowRight: () => (state.at = Math.min(range[1], at + step)),
    "+": () => zoomed(0.5),
    "=": () => zoomed(0.5),
    "-": () => zoomed(2),
    0: () => (state.range = null),
    l: () => (state.log = !state.log),
  };
  const action = actions[event.key];
  if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  action();
  show();
}
