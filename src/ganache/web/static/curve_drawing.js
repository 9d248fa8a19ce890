// The drawing of a curve: axes, lines and what is under the pointer, as SVG.

import { drawn } from "ganache/elements.js";
import { countText, valueText } from "ganache/numbers.js";
import { linearScale, logScale, roomyRange } from "ganache/scale.js";
import { isNoisy, smoothed, within } from "ganache/series.js";

const MARGIN = { left: 52, right: 12, top: 8, bottom: 24 };
const FEW = 25; // points, below which each is shown

/** Return the two scales for visible series, a range of x, and a size in pixels. */
export function scalesFor(series, range, size, log) {
  const values = series.flatMap((one) => within(one, range).y);
  const [low, high] = roomyRange(values, { log });
  const [bottom, top] = [size.height - MARGIN.bottom, MARGIN.top];
  return {
    x: linearScale(range[0], range[1], MARGIN.left, size.width - MARGIN.right),
    y: log ? logScale(low, high, bottom, top) : linearScale(low, high, bottom, top),
  };
}

/** Return everything of a drawing but what is under the pointer. */
export function drawing(series, range, scales, size, log) {
  // A drawing within the drawing cuts off what lies beyond the range.
  const [x, width, height] = [MARGIN.left - 6, size.width - MARGIN.left - MARGIN.right + 12, size.height];
  const inside = { x, y: 0, width, height, viewBox: `${x} 0 ${width} ${height}` };
  const curves = series.flatMap((one) => lines(within(one, range), scales, log));
  return [axes(scales, size), drawn("svg", inside, ...curves)];
}

/** Return the vertical line and the points at a value of x: [{ x, y, colour }]. */
export function marker(x, points, scales, size) {
  const place = scales.x.place(x);
  const line = { x1: place, x2: place, y1: MARGIN.top, y2: size.height - MARGIN.bottom, class: "cross" };
  const dots = points.map((point) =>
    drawn("circle", { cx: scales.x.place(point.x), cy: scales.y.place(point.y), r: 4, style: fillOf(point.colour) }),
  );
  return [drawn("line", line), ...dots];
}

/** Return the area that is being chosen. */
export function chosenArea(from, to, size) {
  const height = size.height - MARGIN.top - MARGIN.bottom;
  return drawn("rect", { x: Math.min(from, to), width: Math.abs(to - from), y: MARGIN.top, height, class: "chosen" });
}

function fillOf(colour) {
  return { fill: `var(--${colour})` };
}

function axes(scales, size) {
  const parts = [];
  for (const tick of scales.y.ticks) {
    const y = scales.y.place(tick);
    parts.push(drawn("line", { x1: MARGIN.left, x2: size.width - MARGIN.right, y1: y, y2: y, class: "grid" }));
    parts.push(drawn("text", { x: MARGIN.left - 6, y: y + 4, "text-anchor": "end" }, valueText(tick)));
  }
  for (const tick of scales.x.ticks) {
    const x = scales.x.place(tick);
    const anchor = x > size.width - 30 ? "end" : "middle";
    parts.push(drawn("text", { x, y: size.height - 8, "text-anchor": anchor }, countText(tick)));
  }
  return drawn("g", { "aria-hidden": "true" }, ...parts);
}

function lines(one, scales, log) {
  const kept = one.y.map((value, place) => [one.x[place], value]).filter(([, value]) => !log || value > 0);
  const [x, y] = [kept.map((pair) => pair[0]), kept.map((pair) => pair[1])];
  const scaled = log ? y.map(Math.log10) : y;
  const stroke = { stroke: `var(--${one.colour})` };
  const path = (values, kind) => drawn("path", { d: pathOf(x, values, scales), class: kind, style: stroke });
  if (isNoisy(scaled)) {
    // On a logarithmic axis the eye's average is the geometric one.
    const smooth = smoothed(scaled).map((value) => (log ? 10 ** value : value));
    return [path(y, "raw"), path(smooth, "line")];
  }
  return [path(y, "line"), ...(x.length < FEW ? dots(x, y, scales, one.colour) : [])];
}

function dots(x, y, scales, colour) {
  return x.map((value, place) =>
    drawn("circle", { cx: scales.x.place(value), cy: scales.y.place(y[place]), r: 2.5, style: fillOf(colour) }),
  );
}

function pathOf(x, y, scales) {
  const places = x.map((value, place) => `${scales.x.place(value).toFixed(1)} ${scales.y.place(y[place]).toFixed(1)}`);
  return places.length ? `M${places.join("L")}` : "";
}
