// The keyboard's place among the partitions, and the anchor from which Shift extends.
import type { Box, Grid } from "./grid.ts";
import type { Action } from "./keyboard.ts";
import { spanning } from "./selection.ts";

export interface Cell {
  row: number;
  column: number;
}

export class Cursor {
  #at: Cell = { row: 0, column: 0 };
  #anchor: Cell | null = null;

  get cell(): Cell {
    return this.#at;
  }

  index(grid: Grid): number {
    return grid.length === 0 ? 0 : grid.index(this.#at.row, this.#at.column);
  }

  /** Goes to a cell as a click does; Shift extends from there. */
  place(cell: Cell): void {
    this.#at = cell;
    this.#anchor = cell;
  }

  /** Goes to where it was in a view before. */
  resume(cell: Cell): void {
    this.#at = cell;
  }

  /** Keeps the cursor on the grid after the grid has changed. */
  hold(grid: Grid): void {
    this.#at = held(this.#at, grid);
    this.#anchor = null;
  }

  /** Moves by a key; `page` is how many columns a page has. */
  step(action: Action, grid: Grid, page: number): void {
    const { row, column } = this.#at;
    if (action.kind === "move") this.#go({ row: row + action.rows, column: column + action.columns }, grid, action.extend);
    if (action.kind === "page") this.#go({ row, column: column + action.by * page }, grid, action.extend);
    if (action.kind === "end") this.#go({ row, column: action.last ? grid.columns - 1 : 0 }, grid, action.extend);
  }

  /** What Shift has extended over, null where it has not. */
  extent(): Box | null {
    return this.#anchor === null ? null : spanning(this.#anchor, this.#at);
  }

  #go(cell: Cell, grid: Grid, extend: boolean): void {
    if (extend) this.#anchor ??= this.#at;
    else this.#anchor = null;
    this.#at = held(cell, grid);
  }
}

function held({ row, column }: Cell, grid: Grid): Cell {
  const within = (value: number, length: number): number => Math.min(Math.max(value, 0), Math.max(length - 1, 0));
  return { row: within(row, grid.rows), column: within(column, grid.columns) };
}
