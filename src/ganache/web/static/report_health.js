// What the doctor found: the most likely cause first, each with its evidence and the command to paste.

import { command } from "ganache/command.js";
import { aside, element, factList } from "ganache/elements.js";

/** Return the verdict in a word or two, and of which kind it is. */
export function verdictOf(run) {
  if (!run.doctor) return { words: "not examined", kind: "warn" };
  const [first] = run.doctor.findings;
  if (first) return { words: first.name, kind: first.confidence === "certain" ? "bad" : "warn" };
  return run.doctor.absent.length ? { words: "nothing wrong", kind: "good" } : { words: "too young to say", kind: "" };
}

/** Return the section of the doctor's findings. */
export function healthSection(run) {
  const title = "What the doctor says";
  if (!run.doctor) return { id: "doctor", title, content: [aside("Nothing can be said of this log.")] };
  const { findings, absent, unseen } = run.doctor;
  const content = findings.map(finding);
  if (!findings.length && absent.length) content.push(element("p", {}, "Nothing wrong was found."));
  if (absent.length) content.push(element("p", { class: "faint small" }, `No sign of: ${absent.join(", ")}.`));
  if (unseen.length) {
    const why = "Not judged, for the run is too young or what they need was not measured";
    content.push(element("p", { class: "faint small" }, `${why}: ${unseen.join(", ")}.`));
  }
  return { id: "doctor", title, content };
}

function finding(one) {
  const rows = [["evidence", one.evidence], ["advice", one.advice]];
  if (one.settings.length) rows.push(["change", one.settings.map((setting) => `--set ${setting}`).join(" ")]);
  const heading = element("h3", {}, `${one.name} `, element("small", { class: "faint" }, `(${one.confidence})`));
  const words = element("p", { class: "small faint" }, "To train with that change:");
  const paste = one.command ? [words, command(one.command)] : [];
  return element("div", { class: `finding ${one.confidence}` }, heading, factList(rows), ...paste);
}
