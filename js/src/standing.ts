// What the kernel says of every partition: its state, and why it is so where that is known without asking.
import type { Box, Grid } from "./grid.ts";
import { MISSING, STATES } from "./states.ts";

export type Reason = [state: number, words: string];

/** How many partitions are in a state, and how many of them for which reason, the commonest first. */
export interface Tally {
  state: number;
  count: number;
  reasons: [words: string, count: number][];
}

export class Standing {
  readonly states: Uint8Array;
  /** Below the number of states a state, from there on one of the reasons. */
  readonly #codes: Uint8Array;
  readonly #reasons: Reason[];

  constructor(codes: Uint8Array, reasons: Reason[]) {
    this.#codes = codes;
    this.#reasons = reasons;
    this.states = reasons.length === 0 ? codes : this.#statesOf(codes);
  }

  /** Why a partition is in its state, "" where the state says it all. */
  reason(index: number): string {
    return this.#meaning(this.#codes[index] ?? MISSING)[1];
  }

  /** The partitions of a box, counted. */
  tally(grid: Grid, box: Box): Tally[] {
    const counts = new Uint32Array(256);
    for (let row = box.top; row < box.bottom; row++) {
      const end = grid.index(row, box.right);
      for (let i = grid.index(row, box.left); i < end; i += grid.stride) {
        const code = this.#codes[i] as number;
        counts[code] = (counts[code] as number) + 1;
      }
    }
    const tallies = new Map<number, Tally>();
    counts.forEach((count, code) => {
      if (count === 0) return;
      const [state, words] = this.#meaning(code);
      const tally = tallies.get(state) ?? { state, count: 0, reasons: [] };
      tally.count += count;
      if (words !== "") tally.reasons.push([words, count]);
      tallies.set(state, tally);
    });
    for (const { reasons } of tallies.values()) reasons.sort((a, b) => b[1] - a[1]);
    return [...tallies.values()].sort((a, b) => a.state - b.state);
  }

  /** A plain loop: of a million partitions a callback would take twenty milliseconds. */
  #statesOf(codes: Uint8Array): Uint8Array {
    const meaning = Uint8Array.from({ length: 256 }, (_, code) => this.#meaning(code)[0]);
    const states = new Uint8Array(codes.length);
    for (let i = 0; i < codes.length; i++) states[i] = meaning[codes[i] as number] as number;
    return states;
  }

  #meaning(code: number): Reason {
    return code < STATES.length ? [code, ""] : (this.#reasons[code - STATES.length] ?? [code, ""]);
  }
}
