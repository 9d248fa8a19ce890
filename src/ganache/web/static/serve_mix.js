// Styles of some seeds' images in some layers of others.

import { element, fill } from "ganache/elements.js";
import { askPicture, latest, pathOf } from "ganache/serve_api.js";
import { paintWhole } from "ganache/serve_cells.js";
import { choice } from "ganache/serve_controls.js";

/** Put the mixing of styles into a place; nothing for a run without them. */
export function mix(place, run, complain) {
  if (!run.layers) return fill(place);
  const canvas = element("canvas", { role: "img", "aria-label": "styles of the columns in images of the rows" });
  const show = latest(async (signal) => {
    const wanted = { rows: rows.value, columns: columns.value, layers: layers.value(), side: 512 };
    paintWhole(canvas, await askPicture(pathOf(run, "mix"), wanted, { signal }));
    document.body.dataset.mix = layers.value();
  }, complain);
  const rows = element("input", { type: "text", value: "1,2,3", onchange: show });
  const columns = element("input", { type: "text", value: "4,5,6,7", onchange: show });
  const layers = choice("layers of the columns", ranges(run.layers), "", show);
  fill(
    place,
    element("h2", {}, "Mixed styles"),
    element("p", { class: "small faint" }, "Every cell is its row's image, with its column's style in some layers."),
    element(
      "div",
      { class: "controls" },
      element("label", {}, "seeds of the rows", rows),
      element("label", {}, "seeds of the columns", columns),
      layers.root,
    ),
    element("div", { class: "shown wide" }, canvas),
  );
  show();
}

function ranges(count) {
  const half = Math.floor(count / 2);
  const single = Array.from({ length: count }, (_, layer) => [`${layer}`, `layer ${layer} alone`]);
  return [["", "the coarser half"], [`${half}-${count - 1}`, "the finer half"], [`0-${count - 1}`, "all"], ...single];
}
