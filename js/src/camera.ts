// Which part of a grid is on view, and how gestures and keys move it.
import type { Cell } from "./cursor.ts";
import type { Grid } from "./grid.ts";
import { closest, type Layout, mostRows } from "./layout.ts";
import type { Window } from "./ticks.ts";
import { isWhole, panned, showing, whole, zoomed } from "./viewport.ts";

export class Camera {
  #grid: Grid;
  #across: Window;
  #down: Window;
  readonly #moved: () => void;

  /** `moved` is called whenever another part comes on view. */
  constructor(grid: Grid, moved: () => void) {
    this.#grid = grid;
    this.#across = whole(grid.columns);
    this.#down = whole(grid.rows);
    this.#moved = moved;
  }

  get across(): Window {
    return this.#across;
  }

  get down(): Window {
    return this.#down;
  }

  get isWhole(): boolean {
    return isWhole(this.#across, this.#grid.columns) && isWhole(this.#down, this.#grid.rows);
  }

  /** How many columns a page key goes. */
  get page(): number {
    return Math.max(Math.round(this.#across.size / 10), 1);
  }

  /** Shows all of a (new) grid. */
  fit(grid: Grid): void {
    this.#grid = grid;
    this.#look(whole(grid.columns), whole(grid.rows));
  }

  /** Looks where a view before looked. */
  resume(across: Window, down: Window): void {
    this.#look(across, down);
  }

  pan(pixels: number, layout: Layout): void {
    this.#look(panned(this.#across, this.#grid.columns, pixels / layout.step), this.#down);
  }

  /** Shrinks (factor < 1) or grows what is on view about the column at x; the rows too where they are too many. */
  zoom(factor: number, x: number, layout: Layout): void {
    const { columns, rows } = this.#grid;
    const across = zoomed(this.#across, columns, factor, layout.position(x), closest(layout.width));
    const middle = this.#down.first + this.#down.size / 2;
    const down = rows > mostRows() ? zoomed(this.#down, rows, factor, middle, mostRows()) : this.#down;
    this.#look(across, down);
  }

  /** Near, or everything again. */
  toggle(x: number, layout: Layout): void {
    this.zoom(this.isWhole ? 1 / 8 : Number.POSITIVE_INFINITY, x, layout);
  }

  show({ row, column }: Cell): void {
    this.#look(showing(this.#across, this.#grid.columns, column), showing(this.#down, this.#grid.rows, row));
  }

  #look(across: Window, down: Window): void {
    const isSame = equal(across, this.#across) && equal(down, this.#down);
    this.#across = across;
    this.#down = down;
    if (!isSame) this.#moved();
  }
}

function equal(a: Window, b: Window): boolean {
  return a.first === b.first && a.size === b.size;
}
