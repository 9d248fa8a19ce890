// The curves of a run: what everybody looks at first, the rest behind a word.

import { curve } from "ganache/curve.js";
import { aside, element } from "ganache/elements.js";

const HOW =
  "Drag over a curve to zoom, double-click to see all; point at it, or use the arrow keys, to read values. " +
  "A legend's entries switch curves off and on.";

/** Return the section of curves, or one that says that there are none. */
export function curveSections(run) {
  if (!run.curves.length) {
    return [{ id: "curves", title: "Curves", content: [aside("Nothing was measured yet.")] }];
  }
  const first = run.curves.filter((panel) => panel.first);
  const others = run.curves.filter((panel) => !panel.first);
  const content = [element("p", { class: "faint small" }, HOW), panels(first.length ? first : others)];
  if (first.length && others.length) content.push(behind(others));
  return [{ id: "curves", title: "Curves", content }];
}

function behind(others) {
  const titles = others.map((one) => one.title).join(", ");
  const details = element("details", {}, element("summary", {}, `${others.length} more: ${titles}`));
  // They are drawn when they are asked for: hundreds of curves take their time.
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) details.append(panels(others));
  });
  return details;
}

function panels(told) {
  const place = element("div", { class: "columns" });
  for (const panel of told) curve(place, panel);
  return place;
}
