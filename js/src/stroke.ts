// A drag while it lasts: what would be selected if it ended here.
import type { Box, Grid } from "./grid.ts";
import { combine, count, type Mode, modeOf, union } from "./selection.ts";

export class Stroke {
  readonly mask: Uint8Array;
  readonly #grid: Grid;
  readonly #base: Uint8Array;
  readonly #start: Box;
  readonly #shift: boolean;
  #box: Box;
  #mode: Mode = "replace";

  constructor(grid: Grid, base: Uint8Array, start: Box, shift: boolean) {
    this.#grid = grid;
    this.#base = base;
    this.#start = start;
    this.#shift = shift;
    this.#box = start;
    this.mask = new Uint8Array(grid.length);
    this.reach(start);
  }

  get box(): Box {
    return this.#box;
  }

  get mode(): Mode {
    return this.#mode;
  }

  get selected(): number {
    return count(this.mask);
  }

  /** Takes everything between where the stroke began and here. */
  reach(box: Box): void {
    this.#box = union(this.#start, box);
    this.#mode = modeOf(this.#shift, this.#base, this.#grid, this.#box);
    combine(this.mask, this.#base, this.#grid, this.#box, this.#mode);
  }
}
