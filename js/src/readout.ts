// The line under the dates: what is under the pointer or the cursor, and the code that does the same.
import { element, iconButton, number, plural, setIcon, setText } from "./dom.ts";
import type { Box } from "./grid.ts";
import type { Session } from "./session.ts";
import type { Tally } from "./standing.ts";
import { stateName } from "./states.ts";
import type { Stroke } from "./stroke.ts";

/** Of the partitions of a box, in one state. */
const MOST_REASONS = 3;

export class Readout {
  readonly root: HTMLElement;
  readonly #key = element("span", "ipa-key");
  readonly #about = element("span", "ipa-about");
  readonly #code = element("code", "ipa-code");
  readonly #copy = iconButton("copy", "copy the code", "ipa-copy");

  constructor() {
    const words = element("div", "ipa-words", {}, this.#key, this.#about);
    this.root = element("div", "ipa-readout", {}, words, this.#code, this.#copy);
    this.#copy.addEventListener("click", () => this.#copyCode());
  }

  show([key, about]: Words): void {
    setText(this.#key, key);
    setText(this.#about, about);
  }

  showCode(code: string): void {
    setText(this.#code, code);
    this.#code.title = code;
    this.#copy.hidden = code === "";
  }

  #copyCode(): void {
    const copied = (): void => {
      setIcon(this.#copy, "done");
      setTimeout(() => setIcon(this.#copy, "copy"), 1200);
    };
    // pages served without encryption have no clipboard: mark the text for the user to copy
    const select = (): void => getSelection()?.selectAllChildren(this.#code);
    navigator.clipboard?.writeText(this.#code.textContent ?? "").then(copied, select) ?? select();
  }
}

export type Words = [key: string, about: string];

/** What to say: of the stroke being drawn, else of what is under the pointer, else of the cursor, else of the whole. */
export function wordsOf(
  session: Session,
  stroke: Stroke | null,
  hover: Box | null,
  cursor: number | null,
  range: string,
): Words {
  if (session.grid.length === 0) return ["", ""];
  if (session.grid.isWhole) return partitionWords(session, 0);
  if (stroke !== null) {
    const [key, about] = boxWords(session, stroke.box);
    return stroke.mode === "replace" ? [key, about] : [key, `${stroke.mode} ${about}; ${number(stroke.selected)} selected`];
  }
  if (hover !== null) return boxWords(session, hover);
  if (cursor !== null) return partitionWords(session, cursor);
  const { active, text } = session.get("run");
  return ["", [range, active ? "" : text].filter(Boolean).join(" \u00b7 ")];
}

/** One partition in words: key, end of its window, state, and what else is known without asking. */
export function partitionWords(session: Session, index: number): Words {
  const { grid, standing } = session;
  const end = grid.windowEnd(index);
  const state = stateWords(stateName(standing.states[index] as number), session.get("fractions")[index]);
  const facts = [end && `until ${end}`, state, session.get("details")[index] ?? standing.reason(index)];
  return [grid.key(index), facts.filter(Boolean).join(" \u00b7 ")];
}

/** A state in words, with how far it has come while it runs. */
export function stateWords(state: string, fraction: number | undefined): string {
  return state === "running" && fraction !== undefined ? `${state}, ${Math.round(fraction * 100)}%` : state;
}

/** The partitions of a box in words: its corners, and how many are in which state, and why. */
export function boxWords(session: Session, box: Box): Words {
  const { grid, standing } = session;
  const first = grid.index(box.top, box.left);
  const last = grid.index(box.bottom - 1, box.right - 1);
  if (first === last) return partitionWords(session, first);
  const total = (box.bottom - box.top) * (box.right - box.left);
  const parts = standing.tally(grid, box).map(tallyWords);
  return [`${grid.key(first)} to ${grid.key(last)}`, `${plural(total, "partition")} \u00b7 ${parts.join(", ")}`];
}

/** `12 stale (the code has changed)`, `12 stale (flights is stale: 9, the code has changed: 3)`. */
function tallyWords({ state, count, reasons }: Tally): string {
  const words = `${number(count)} ${stateName(state)}`;
  if (reasons.length === 0) return words;
  if (reasons[0]?.[1] === count) return `${words} (${reasons[0][0]})`;
  const told = reasons.slice(0, MOST_REASONS).map(([why, of]) => `${why}: ${number(of)}`);
  return `${words} (${told.join(", ")}${reasons.length > MOST_REASONS ? ", ..." : ""})`;
}
