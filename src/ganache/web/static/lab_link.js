// All settings of the lab in the address: what differs from known recipes, as JSON behind the #.

/** Return the fields in which a recipe differs from another, by their paths; null where one is gone. */
export function changesFrom(base, recipe, prefix = "") {
  const found = {};
  for (const name of new Set([...Object.keys(base), ...Object.keys(recipe)])) {
    const [before, after, path] = [base[name], recipe[name], `${prefix}${name}`];
    if (isTree(before) && isTree(after) && before.kind === after.kind) {
      Object.assign(found, changesFrom(before, after, `${path}.`));
    } else if (JSON.stringify(before) !== JSON.stringify(after)) {
      found[path] = after === undefined ? null : after;
    }
  }
  return found;
}

/** Return a recipe with changes by their paths. */
export function changed(recipe, changes) {
  const copy = structuredClone(recipe);
  for (const [path, value] of Object.entries(changes)) {
    const names = path.split(".");
    const last = names.pop();
    const parent = names.reduce((node, name) => (isTree(node) ? node[name] : undefined), copy);
    if (!isTree(parent) || last === "__proto__") continue; // of an address that somebody wrote
    if (value === null) delete parent[last];
    else parent[last] = value;
  }
  return copy;
}

/** Return settings as text for an address. */
export function written({ games, ...rest }, recipes) {
  const told = games.map(({ base, recipe }) => ({ base, set: changesFrom(recipes[base], recipe) }));
  return encodeURIComponent(JSON.stringify({ ...rest, games: told }));
}

/** Return the settings that an address holds, as far as they have the form of ours; null where there are none. */
export function read(text, recipes) {
  try {
    const { games, ...rest } = JSON.parse(decodeURIComponent(text.replace(/^#/, "")));
    const known = games.filter(({ base }) => Object.hasOwn(recipes, base)).slice(0, 2);
    const built = known.map(({ base, set }) => ({ base, recipe: changed(recipes[base], set ?? {}) }));
    return built.length ? { ...rest, games: built } : null;
  } catch {
    return null;
  }
}

function isTree(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
