// Elements of a page. Text stays text: nothing here reads markup, whatever a name in a file may hold.

const SVG = "http://www.w3.org/2000/svg";

/** Return an element with attributes, listeners (`onclick: f`), a style and children; a string is text. */
export function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** Return an element of a drawing, likewise. */
export function drawn(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/** Replace what a place holds. */
export function fill(place, ...children) {
  place.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined));
  return place;
}

/** Return the values that the page was sent with. */
export function pageData() {
  return JSON.parse(document.getElementById("data").textContent);
}

/** Return a table: titles, and rows of texts or elements; columns whose number is in `numbers` are aligned as such. */
export function table(titles, rows, numbers = []) {
  const kind = (column) => (numbers.includes(column) ? { class: "number" } : {});
  const head = titles.map((title, column) => element("th", { scope: "col", ...kind(column) }, title));
  const body = rows.map((row) => element("tr", {}, ...row.map((cell, column) => element("td", kind(column), cell))));
  return element(
    "div",
    { class: "scrolling", tabindex: "0" },
    element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...body)),
  );
}

/** Return names and what is said of each, one below the other; of [name, text or element] pairs. */
export function factList(rows, kind = "facts") {
  return element(
    "dl",
    { class: kind },
    ...rows.flatMap(([name, said]) => [element("dt", {}, name), element("dd", {}, said)]),
  );
}

/** Return a quiet sentence. */
export function aside(...words) {
  return element("p", { class: "faint" }, ...words);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "style") Object.assign(node.style, value);
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, String(value));
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined) node.append(child);
  }
  return node;
}
