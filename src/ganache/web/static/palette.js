// The colours of the style sheet for what is painted, and a word when light turns dark.

const OTHERS = ["other-1", "other-2", "other-3", "other-4", "other-5", "other-6"];
const OWN = { generator: "generator", fake: "generator", discriminator: "discriminator", real: "discriminator" };

/** Return a colour of the palette by its name in the style sheet, without the dashes. */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Return a name of the palette for each series: players have their own, others the rest in turn. */
export function coloursFor(names) {
  let next = 0;
  return names.map((name) => OWN[name] ?? OTHERS[next++ % OTHERS.length]);
}

/** Call a function whenever the colours have changed. */
export function whenColoursChange(call) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", call);
}
