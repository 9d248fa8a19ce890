// A command to paste, with a button that copies it.

import { element } from "ganache/elements.js";

const SAID_MS = 1500;

/** Return a command as it is pasted into a shell. */
export function command(text) {
  const code = element("pre", { tabindex: "0" }, text);
  const button = element("button", { type: "button" }, "copy");
  button.addEventListener("click", async () => {
    button.textContent = (await copied(text, code)) ? "copied" : "selected";
    setTimeout(() => (button.textContent = "copy"), SAID_MS);
  });
  return element("div", { class: "command" }, code, button);
}

/** Copy a text, or select it where a browser lets no page copy; return whether it was copied. */
async function copied(text, node) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection().selectAllChildren(node);
    return false;
  }
}
