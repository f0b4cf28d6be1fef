// Selections as masks of 0 and 1 over the flattened index, and what a gesture makes of them.
import type { Box, Grid } from "./grid.ts";

export type Mode = "replace" | "add" | "subtract";

/** Shift adds, or subtracts where everything underneath is selected already. */
export function modeOf(shift: boolean, base: Uint8Array, grid: Grid, box: Box): Mode {
  if (!shift) return "replace";
  return isAllSet(base, grid, box) ? "subtract" : "add";
}

/** Writes into `target` what the gesture over `box` makes of `base`. */
export function combine(target: Uint8Array, base: Uint8Array, grid: Grid, box: Box, mode: Mode): void {
  if (mode === "replace") target.fill(0);
  else target.set(base);
  fill(target, grid, box, mode === "subtract" ? 0 : 1);
}

export function fill(mask: Uint8Array, grid: Grid, box: Box, value: 0 | 1): void {
  for (let row = box.top; row < box.bottom; row++) {
    const start = grid.index(row, box.left);
    const end = grid.index(row, box.right);
    if (grid.stride === 1) mask.fill(value, start, end);
    else for (let i = start; i < end; i += grid.stride) mask[i] = value;
  }
}

export function isAllSet(mask: Uint8Array, grid: Grid, box: Box): boolean {
  for (let row = box.top; row < box.bottom; row++) {
    const end = grid.index(row, box.right);
    for (let i = grid.index(row, box.left); i < end; i += grid.stride) if (mask[i] === 0) return false;
  }
  return true;
}

/** The box that spans two cells, whichever was first. */
export function spanning(a: { row: number; column: number }, b: { row: number; column: number }): Box {
  return {
    top: Math.min(a.row, b.row),
    bottom: Math.max(a.row, b.row) + 1,
    left: Math.min(a.column, b.column),
    right: Math.max(a.column, b.column) + 1,
  };
}

export function union(a: Box, b: Box): Box {
  return {
    top: Math.min(a.top, b.top),
    bottom: Math.max(a.bottom, b.bottom),
    left: Math.min(a.left, b.left),
    right: Math.max(a.right, b.right),
  };
}

export function count(mask: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < mask.length; i++) sum += mask[i] as number;
  return sum;
}

export function ofState(states: Uint8Array, code: number): Uint8Array {
  return states.map((state) => (state === code ? 1 : 0));
}

/** The selected stretches as [first, last], or null if there are more than `limit`. */
export function stretches(mask: Uint8Array, limit: number): [number, number][] | null {
  const found: [number, number][] = [];
  for (let first = mask.indexOf(1); first !== -1; ) {
    const next = mask.indexOf(0, first);
    const last = next === -1 ? mask.length - 1 : next - 1;
    if (found.length === limit) return null;
    found.push([first, last]);
    first = next === -1 ? -1 : mask.indexOf(1, next);
  }
  return found;
}

const PLAIN_KEY = /^[A-Za-z0-9_:./@-]+$/;

/** The selection in the grammar, before the kernel has had its say; null where only the kernel can tell. */
export function textOf(mask: Uint8Array, grid: Grid): string | null {
  if (grid.rows !== 1) return null;
  const found = stretches(mask, 8);
  if (found === null) return null;
  const quoted = (index: number): string => {
    const key = grid.key(index);
    return PLAIN_KEY.test(key) ? key : `"${key.replaceAll(/["\\]/g, "\\$&")}"`;
  };
  return found
    .map(([first, last]) => (first === last ? quoted(first) : `[${quoted(first)}...${quoted(last)}]`))
    .join(", ");
}
