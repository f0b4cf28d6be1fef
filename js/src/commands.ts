// What a user can ask for, by whatever means: turned into selections drawn at once and messages to the kernel.
import type { Cursor } from "./cursor.ts";
import { canStart } from "./footer.ts";
import type { Box } from "./grid.ts";
import { detailOf } from "./protocol.ts";
import { combine, count, ofState } from "./selection.ts";
import type { Session } from "./session.ts";
import { FAILED, MISSING, QUEUED, stateName } from "./states.ts";

export class Commands {
  readonly #session: Session;
  readonly #cursor: Cursor;
  readonly #selected: (mask: Uint8Array) => void;

  /** `selected` is called with every selection that did not come from a text. */
  constructor(session: Session, cursor: Cursor, selected: (mask: Uint8Array) => void) {
    this.#session = session;
    this.#cursor = cursor;
    this.#selected = selected;
  }

  select(mask: Uint8Array): void {
    this.#session.select(mask);
    this.#selected(mask);
  }

  selectAll(): void {
    this.select(new Uint8Array(this.#session.grid.length).fill(1));
  }

  /** Takes the partition under the cursor in or out. */
  toggle(): void {
    const mask = this.#session.selection.slice();
    const index = this.#cursor.index(this.#session.grid);
    mask[index] = mask[index] === 1 ? 0 : 1;
    this.select(mask);
    if (mask[index] === 1 && count(mask) === 1) this.#describe(index);
  }

  /** Selects all partitions in a state, as the text of its name does; `add` keeps what is selected. */
  pickState(state: number, add: boolean): void {
    const mask = ofState(this.#session.states, state);
    if (add) this.select(mask.map((value, index) => value | (this.#session.selection[index] as number)));
    else {
      this.#session.selectText(stateName(state), mask);
      this.#selected(mask);
    }
    if (count(mask) === 1) this.#describe(mask.indexOf(1));
  }

  applyText(text: string): void {
    if (text === "") this.clear();
    else this.#session.selectText(text, null);
  }

  clear(): void {
    this.select(new Uint8Array(this.#session.grid.length));
  }

  /** Whether a run could start beside what goes on. */
  get canRun(): boolean {
    const { active, elsewhere } = this.#session.get("run");
    return !(active && !elsewhere) && !this.#session.isStarting && this.#session.connection !== "gone";
  }

  materialize(): void {
    if (this.canRun && canStart(this.#session)) this.#session.materialize();
  }

  again(index: number): void {
    const mask = new Uint8Array(this.#session.grid.length);
    mask[index] = 1;
    this.#session.materialize(mask);
  }

  /** Asks about the one partition of a box; of many, about the first that failed. */
  describe(box: Box): void {
    const { grid, states } = this.#session;
    const isOne = box.bottom - box.top === 1 && box.right - box.left === 1;
    if (isOne) return this.#describe(grid.index(box.top, box.left));
    const inside = new Uint8Array(grid.length);
    combine(inside, inside, grid, box, "add");
    const failed = states.findIndex((state, index) => state === FAILED && inside[index] === 1);
    if (failed !== -1) this.#describe(failed);
  }

  closeDetail(): void {
    if (detailOf(this.#session.get("detail")) !== null) this.#session.closeDetail();
  }

  #describe(index: number): void {
    const state = this.#session.states[index];
    // nothing is known of what has not been tried, and an empty pane would only push the page down
    if (state === MISSING || state === QUEUED) this.closeDetail();
    else this.#session.describe(index);
  }
}
