// The API's document as a page: every address with its fields, an example to paste, and what it answers.

import { element, fill, table } from "ganache/elements.js";
import { ask } from "ganache/serve_api.js";

/** Read the document and show it. */
export async function showDocument() {
  try {
    const answer = await ask("/openapi.json");
    const told = await answer.json();
    const operations = Object.entries(told.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => endpoint(path, method.toUpperCase(), operation)),
    );
    fill(document.getElementById("main"), ...operations);
  } catch (error) {
    const place = document.getElementById("complaint");
    place.textContent = error.message;
    place.hidden = false;
  }
  document.body.dataset.ready = "yes";
}

function endpoint(path, method, operation) {
  const parameters = operation.parameters ?? [];
  const fields = parameters.map((one) => [element("code", {}, one.name), kindOf(one), one.description ?? ""]);
  const statuses = Object.entries(operation.responses).map(([status, answer]) => [
    status,
    status === "200" ? Object.keys(answer.content).join(", ") : answer.description,
  ]);
  return element(
    "section",
    { class: "endpoint card", "aria-label": `${method} ${path}` },
    element("h2", {}, element("code", {}, `${method} ${path}`)),
    element("p", {}, operation.summary),
    element("pre", {}, example(path, method, parameters)),
    fields.length ? table(["field", "value", "what it is"], fields) : null,
    element("details", {}, element("summary", {}, "answers"), table(["status", "what it means"], statuses)),
  );
}

function kindOf({ schema, required }) {
  const parts = [schema.enum ? schema.enum.join(" | ") : boundsOf(schema)];
  if (schema.default !== undefined && String(schema.default) !== "") parts.push(`${schema.default} if left out`);
  if (required) parts.push("must be given");
  return parts.join("; ");
}

function boundsOf(schema) {
  if (schema.type === "array") return schema.items.type === "string" ? "names, repeated" : "numbers, with commas";
  const range = schema.minimum === undefined ? "" : ` ${schema.minimum} to ${schema.maximum}`;
  return `${{ integer: "whole number", number: "number", string: "text" }[schema.type] ?? schema.type}${range}`;
}

function example(path, method, parameters) {
  const run = parameters.find((one) => one.in === "path");
  const filled = path.replace("{run}", encodeURIComponent(run?.schema.enum[0] ?? "run"));
  const needed = parameters.filter((one) => one.in === "query" && one.required).map((one) => `${one.name}=1,2`);
  const address = `'${location.origin}${filled}${needed.length ? `?${needed.join("&")}` : ""}'`;
  if (method === "POST") return `curl --remote-name --remote-header-name --data-binary @picture.png ${address}`;
  return parameters.some((one) => one.name === "format")
    ? `curl --remote-name --remote-header-name ${address}`
    : `curl ${address}`;
}
