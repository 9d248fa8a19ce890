// The recipe as a diagram: how values flow, and every part with its fields; what was changed is marked.

import { aside, element, factList } from "ganache/elements.js";

const UNKNOWN = "It is none of the package's recipes, so what was changed is not known.";

/** Return the section of the recipe. */
export function recipeSection(run) {
  const { root, known, changed, name } = run.recipe;
  if (!root.kind) return { id: "recipe", title: "Recipe", content: [aside("It cannot be read.")] };
  const cards = [partCard({ ...root, parts: [] }), ...root.parts.map(partCard)];
  const words = aside(known ? changes(changed, name) : UNKNOWN);
  return { id: "recipe", title: "Recipe", content: [words, flow(run), element("div", { class: "parts" }, ...cards)] };
}

function changes(count, name) {
  if (!count) return `Nothing differs from what ${name} is without settings.`;
  const things = count === 1 ? "1 thing that differs" : `${count} things that differ`;
  return `Marked: ${things} from what ${name} is without settings.`;
}

/** Return the way of values through the game: from latents to fakes, beside reals to the judge, and to the losses. */
function flow(run) {
  const parts = Object.fromEntries(run.recipe.root.parts.map((part) => [part.role, part]));
  const latent = parts.generator?.parts.find((part) => part.role === "latent");
  const sizes = latent?.fields.find((field) => field.name === "size");
  const nodes = [
    latent && node("latents", latent.kind + (sizes ? ` ${sizes.value}` : ""), "data"),
    parts.generator && node("generator", parts.generator.kind, "generator"),
    parts.encoder && node("encoder", parts.encoder.kind, "generator"),
    parts.generator && node("fakes, beside reals", realsOf(run), "data"),
    parts.augment && node("augmentation", parts.augment.kind, ""),
    parts.discriminator && node("discriminator", parts.discriminator.kind, "discriminator"),
    parts.objective && node("objective", parts.objective.kind, ""),
    ...terms(run).map(([title, kinds]) => node(title, kinds.join(" + "), "")),
  ].filter(Boolean);
  const items = nodes.map((one) => element("li", {}, one));
  return element("ol", { class: "flow", "aria-label": "how values flow" }, ...items);
}

function realsOf(run) {
  const rows = Object.fromEntries(run.data.rows);
  return [rows.source, rows.shape].filter(Boolean).join(", ");
}

/** Return the terms of losses, by the names of their groups. */
function terms(run) {
  const groups = new Map();
  for (const part of run.recipe.root.parts.filter((one) => one.group)) {
    const title = part.group.replaceAll("_", " ");
    groups.set(title, [...(groups.get(title) ?? []), part.kind]);
  }
  return [...groups];
}

function node(title, words, kind) {
  return element("div", { class: `node ${kind}` }, element("strong", {}, title), element("span", {}, words));
}

function partCard(part) {
  const kind = part.new ? element("mark", {}, part.kind) : part.kind;
  const was = part.instead_of ? element("span", { class: "was" }, `instead of ${part.instead_of}`) : null;
  const role = part.role.replaceAll("_", " ");
  const family = part.family.toLowerCase();
  const words = family && family !== role && part.family !== part.kind ? `${role}, ${family}` : role;
  const heading = element("h4", {}, kind, " ", element("small", {}, words), was);
  const rows = part.fields.map((field) => [field.name, valueOf(field)]);
  const fields = rows.length ? factList(rows, "fields") : null;
  return element("div", { class: "part" }, heading, fields, ...part.parts.map(partCard));
}

function valueOf(field) {
  if (field.default === null) return field.value;
  const was = element("span", { class: "was" }, `not ${field.default}`);
  return element("span", {}, element("mark", {}, field.value), was);
}
