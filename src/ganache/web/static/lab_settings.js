// A game's recipe as a form, made of what the parts say of themselves.

import { element, fill } from "ganache/elements.js";
import { choiceSetting, settingFor, words } from "ganache/lab_fields.js";

const GROUPS = [
  ["Objective and turns", ["objective", "critic_steps", "generator_steps", "batch_size"]],
  ["Penalties", ["penalties", "constraint", "augment"]],
  ["Generator", ["generator"]],
  ["Discriminator", ["discriminator"]],
  ["Optimisers", ["optimizers"]],
  ["More", ["ema_half_life", "conditional", "label_flips", "adversarial", "generator_terms", "first", "joint_batch"]],
];
const OPEN = ["Objective and turns"];
const PLAYERS = { penalties: "discriminator", generator_terms: "generator" };

/** Put a form into a place; `change(recipe)` hears of a recipe with another setting. */
export function recipeForm(place, { catalogue, change }) {
  const groups = GROUPS.map(([title, names]) => {
    const inside = element("div", { class: "settings" });
    const group = element("details", { open: OPEN.includes(title) }, element("summary", {}, title), inside);
    place.append(group);
    return { names, inside };
  });
  return {
    show(recipe) {
      const held = document.activeElement?.dataset.path;
      let current = recipe; // several settings may be changed before the form is made anew
      const set = (path, value) => {
        current = withValue(current, path, value);
        change(current);
      };
      const each = (name) => settingsOf(catalogue, [name], fieldOf(catalogue, name), recipe[name], set);
      for (const { names, inside } of groups) fill(inside, ...names.flatMap(each));
      if (held) place.querySelector(`[data-path="${CSS.escape(held)}"]`)?.focus();
    },
  };
}

function fieldOf(catalogue, name) {
  return catalogue.game.find((field) => field.name === name);
}

/** Return the elements of a setting, and where it is a part those of its own. */
function settingsOf(catalogue, path, field, value, set) {
  if (value === undefined || !field) return [];
  if (field.form === "parts") return [namedParts(catalogue, path, value, set)];
  if (field.name === "optimizers") {
    const each = (role) => partSettings(catalogue, [...path, role], "Optimizer", value[role], set, `of the ${role}`);
    return ["generator", "discriminator"].flatMap(each);
  }
  if (field.form === "part" && catalogue.families[field.family]) {
    return partSettings(catalogue, path, field.family, value, set, field.name);
  }
  return [known(settingFor(field, value, (next) => set(path, next)), path)];
}

/** Give what can have the focus of a setting a name, by which it gets it back when the form is made anew. */
function known(setting, path) {
  setting.querySelectorAll("input, select").forEach((one, place) => (one.dataset.path = `${path.join(".")} ${place}`));
  return setting;
}

function partSettings(catalogue, path, family, value, set, name) {
  const kinds = catalogue.families[family];
  const kind = kinds.find((one) => one.name === value.kind);
  const choose = (chosen) => set(path, begunPart(kinds.find((one) => one.name === chosen), value));
  const choice = known(choiceSetting(name, kinds.map((one) => one.name), value.kind, choose), path);
  const inner = (field) => settingsOf(catalogue, [...path, field.name], field, value[field.name], set);
  const fields = (kind?.fields ?? []).flatMap(inner);
  const says = kind?.says ? [element("p", { class: "faint small says" }, kind.says)] : [];
  return [element("fieldset", {}, element("legend", {}, words(name)), choice, ...says, ...fields)];
}

/** Return a part of another kind: of what has to be given, that stays as it was which both have. */
function begunPart(kind, before) {
  const needed = kind.fields.filter((field) => !("default" in field) && field.name in before);
  return { ...kind.example, ...Object.fromEntries(needed.map((field) => [field.name, before[field.name]])) };
}

function namedParts(catalogue, path, value, set) {
  const kinds = catalogue.families.Term.filter((kind) => kind.players.includes(PLAYERS[path[0]]));
  const each = Object.entries(value).map(([name, term]) => {
    const remove = element("button", { type: "button" }, `remove ${words(name)}`);
    remove.addEventListener("click", () => set([...path, name], undefined));
    return element("div", {}, ...partSettings(catalogue, [...path, name], "Term", term, set, name), remove);
  });
  const add = choiceSetting(`add to the ${words(path[0])}`, ["", ...kinds.map((kind) => kind.name)], "", (chosen) => {
    if (chosen) set([...path, freeName(value, chosen)], begunPart(kinds.find((kind) => kind.name === chosen), {}));
  });
  return element("div", { class: "terms" }, ...each, add);
}

function freeName(taken, kind) {
  const name = kind.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase();
  return name in taken ? `${name}_2` : name;
}

/** Return a recipe with another value at a path; undefined takes it away. */
function withValue(recipe, path, value) {
  const copy = structuredClone(recipe);
  const parent = path.slice(0, -1).reduce((node, name) => node[name], copy);
  if (value === undefined) delete parent[path.at(-1)];
  else parent[path.at(-1)] = value;
  return copy;
}
