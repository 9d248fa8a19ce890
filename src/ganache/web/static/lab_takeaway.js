// What can be taken along: a link with all settings, the recipe as a file, the training as a run's folder.

import { element, fill } from "ganache/elements.js";

/** Put the ways out into a place; `settings()` returns what is set, `keep(game)` asks for a run's folder. */
export function takeaway(place, { settings, keep }) {
  const games = element("div", {});
  const said = element("p", { class: "small", "aria-live": "polite" });
  const link = element("button", { type: "button", onclick: () => copyLink(said) }, "copy a link to all of this");
  place.append(element("summary", {}, "Take it along"), link, games, said);
  return {
    update() {
      const all = settings();
      fill(games, ...all.games.map((game, number) => waysOut(all, game, number, keep)));
    },
    kept: (path) => (said.textContent = `kept as ${path}: ganache resume ${path} goes on where it stands`),
    say: (line) => (said.textContent = line),
  };
}

function waysOut(all, game, number, keep) {
  const which = all.games.length > 1 ? ` of ${number ? "B" : "A"}` : "";
  const recipe = () => download("recipe.json", game.recipe);
  const density = () => download("drawn.json", densityOf(all.data));
  const isDrawn = typeof all.data !== "string";
  const data = isDrawn ? "drawn.json" : all.data;
  return element(
    "div",
    {},
    element(
      "p",
      { class: "row" },
      element("button", { type: "button", onclick: recipe }, `recipe.json${which}`),
      isDrawn ? element("button", { type: "button", onclick: density }, "drawn.json") : null,
      element("button", { type: "button", onclick: () => keep(number) }, `keep the run${which}`),
    ),
    element("pre", {}, `ganache train recipe.json --data ${data} --seed ${all.seed}`),
  );
}

function densityOf({ cells, std }) {
  return { modes: cells.map(([x, y]) => [x, y]), std, weights: cells.map((cell) => cell[2]) };
}

function download(name, value) {
  const address = URL.createObjectURL(new Blob([JSON.stringify(value, null, 2)], { type: "application/json" }));
  const anchor = element("a", { href: address, download: name });
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

async function copyLink(said) {
  try {
    await navigator.clipboard.writeText(location.href);
    said.textContent = "the address is copied; it works as long as this lab runs, and its part behind # in any other";
  } catch {
    said.textContent = "copy the address of this page: it holds all settings behind the #";
  }
}
