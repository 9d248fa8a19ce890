// The data, the machine, and how to make the run again.

import { command } from "ganache/command.js";
import { aside, element, factList, table } from "ganache/elements.js";
import { groupedText } from "ganache/numbers.js";

const FEW = 10; // skipped files, up to which they are shown at once

/** Return the sections of data, machine and reproduction. */
export function circumstanceSections(run) {
  return [
    { id: "data-set", title: "Data", content: dataContent(run.data) },
    { id: "machine", title: "Machine and speed", content: machineContent(run.machine) },
    { id: "again", title: "How to make it again", content: againContent(run) },
  ];
}

function dataContent(data) {
  const content = [factList(data.rows)];
  if (data.classes.length) {
    const rows = data.classes.map(([name, count]) => [name, count === null ? "without end" : groupedText(count)]);
    const more = data.class_count > rows.length ? `, the first ${rows.length}` : "";
    const title = `${data.class_count || rows.length} classes${more}`;
    content.push(element("details", {}, element("summary", {}, title), table(["class", "images"], rows, [1])));
  }
  if (data.skipped_count) {
    const shown = data.skipped.length < data.skipped_count ? `, the first ${data.skipped.length}` : "";
    const title = `${groupedText(data.skipped_count)} files were skipped${shown}`;
    const files = table(["file", "why"], data.skipped);
    content.push(element("details", { open: data.skipped_count <= FEW }, element("summary", {}, title), files));
  } else {
    content.push(aside("No file was skipped."));
  }
  return content;
}

function machineContent(machine) {
  const content = [factList(machine.rows)];
  if (machine.sessions.length) {
    const rows = machine.sessions.map((one) => [
      timeText(one.began),
      one.ended ? timeText(one.ended) : "killed",
      element("code", {}, one.command),
    ]);
    const title = machine.sessions.length === 1 ? "One session" : `${machine.sessions.length} sessions`;
    content.push(element("h3", {}, title), table(["began", "ended", "command"], rows));
  }
  return content;
}

/** Return a moment as people write it: 2026-11-26 19:57:01 UTC. */
function timeText(moment) {
  return moment.replace("T", " ").replace("+00:00", " UTC");
}

function againContent(run) {
  const { command: made, same, versions } = run.reproduce;
  const content = [made ? command(made) : aside("The command is not known.")];
  if (same.length) {
    const words = `It ends in the same bits on the same machine with ${same.join(", ")}, and ${versions}.`;
    content.push(element("p", { class: "small" }, words));
  }
  const { resume, sample } = run.commands;
  return [...content, element("p", {}, "To go on with it, or to draw from it:"), command(resume), command(sample)];
}
