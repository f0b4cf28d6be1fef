// What tests, assistive technology and user scripts can read off the elements.
import { partitionWords } from "./readout.ts";
import type { Session } from "./session.ts";
import { STATES } from "./states.ts";

/** Writes counts, cursor, selection and run to the data attributes of the root and of the canvas. */
export function writeHooks(root: HTMLElement, canvas: HTMLElement, session: Session, cursor: number): void {
  const counts = session.get("counts");
  const values: Record<string, string> = {
    length: String(session.grid.length),
    cursor: String(cursor),
    "selection-count": String(session.selected),
    "selection-text": session.selectionText ?? "",
    running: String(session.get("run").active),
    serial: String(session.get("selection_serial")),
  };
  for (const name of STATES) {
    values[`counts-${name}`] = String(counts[name] ?? 0);
    // `data-running` says whether a run is on
    if (name !== "running") values[name] = String(counts[name] ?? 0);
  }
  for (const target of [root, canvas]) write(target, Object.entries(values).map(([name, value]) => [`data-${name}`, value]));
}

/** One value among many: the pattern that every screen reader knows for a canvas. */
export function writeRole(canvas: HTMLCanvasElement, session: Session, cursor: number): void {
  const { grid } = session;
  const [key, about] = grid.length > 0 ? partitionWords(session, cursor) : ["", ""];
  const state = about.split(" \u00b7 ").filter((fact) => !fact.startsWith("until ")).join(", ");
  const chosen = session.selection[cursor] === 1 ? ", selected" : "";
  const attributes: Record<string, string> = {
    role: "slider",
    "aria-label": `${session.get("title")} partitions`,
    "aria-valuemin": "0",
    "aria-valuemax": String(Math.max(grid.length - 1, 0)),
    "aria-valuenow": String(cursor),
    "aria-valuetext": key ? `${key}: ${state}${chosen}` : state || "no partitions",
    "aria-description": "arrows move, Shift extends, Space selects, Enter materializes, plus and minus zoom",
    "aria-keyshortcuts": "Enter Space Control+A Escape",
  };
  write(canvas, Object.entries(attributes));
}

function write(target: HTMLElement, attributes: [name: string, value: string][]): void {
  for (const [name, value] of attributes) if (target.getAttribute(name) !== value) target.setAttribute(name, value);
}
