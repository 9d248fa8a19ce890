// Points with a word each, along two axes of numbers or of names.

import { drawn, element } from "ganache/elements.js";
import { valueText } from "ganache/numbers.js";
import { linearScale, logScale, roomyRange } from "ganache/scale.js";

const MARGIN = { left: 60, right: 14, top: 10, bottom: 26 };
const WIDTH = 440;
const HEIGHT = 190;
const LETTER = 6.2; // pixels, about

/**
 * Draw points into a place: { title, points: [{ x, y, colour, said, radius }], horizontal, vertical }.
 *
 * An axis is { texts: [name, …] } where places are numbers of names, or { range, log }; left out, it fits the points.
 */
export function dots(place, { title, points, horizontal = {}, vertical = {} }) {
  const named = vertical.texts ?? [];
  const left = Math.max(MARGIN.left, 14 + LETTER * Math.max(0, ...named.map((name) => name.length)));
  const height = named.length ? MARGIN.top + MARGIN.bottom + 34 * named.length : HEIGHT;
  const x = axis(horizontal, points.map((point) => point.x), left, WIDTH - MARGIN.right);
  const y = axis(vertical, points.map((point) => point.y), height - MARGIN.bottom, MARGIN.top);
  const marks = points.map((point) =>
    drawn(
      "circle",
      {
        cx: x.place(point.x), cy: y.place(point.y), r: point.radius ?? 4,
        style: { fill: `var(--${point.colour})`, fillOpacity: 0.75 },
      },
      drawn("title", {}, point.said),
    ),
  );
  const box = { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": `${title}: ${points.length} points` };
  const grid = [...x.ticks.map(upright(x, height)), ...y.ticks.map(level(y, left))];
  const caption = element("figcaption", {}, element("strong", { class: "small" }, title));
  const picture = drawn("svg", box, drawn("g", { "aria-hidden": "true" }, ...grid.flat()), ...marks);
  place.append(element("figure", { class: "curve" }, caption, picture));
}

function axis({ texts, range, log }, values, first, last) {
  if (texts) {
    const inner = linearScale(-0.5, texts.length - 0.5, first, last);
    return { place: inner.place, ticks: texts.map((_, at) => at), text: (at) => texts[at] };
  }
  const isLog = log ?? (Math.min(...values) > 0 && Math.max(...values) > 5 * Math.min(...values));
  const [low, high] = range ?? roomyRange(values, { log: isLog });
  return { ...(isLog ? logScale : linearScale)(low, high, first, last), text: (value) => valueText(value) };
}

function upright(x, height) {
  return (tick) => [
    drawn("line", { x1: x.place(tick), x2: x.place(tick), y1: MARGIN.top, y2: height - MARGIN.bottom, class: "grid" }),
    drawn("text", { x: x.place(tick), y: height - 9, "text-anchor": "middle" }, x.text(tick)),
  ];
}

function level(y, left) {
  return (tick) => [
    drawn("line", { x1: left, x2: WIDTH - MARGIN.right, y1: y.place(tick), y2: y.place(tick), class: "grid" }),
    drawn("text", { x: left - 6, y: y.place(tick) + 4, "text-anchor": "end" }, y.text(tick)),
  ];
}
