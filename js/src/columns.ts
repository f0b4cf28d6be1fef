// From partitions to pixels: how many of each state fall on each device pixel of each band.
import type { Grid } from "./grid.ts";
import { BLOCKED, DAMAGED, FAILED, QUEUED, RUNNING, STALE, STATES } from "./states.ts";
import type { Window } from "./ticks.ts";

const KINDS = STATES.length;

/** Which positions each of `pixels` pixels covers: [from[i], until[i]), never none. */
export interface Cuts {
  from: Int32Array;
  until: Int32Array;
}

export function cuts(window: Window, length: number, pixels: number): Cuts {
  const from = new Int32Array(pixels);
  const until = new Int32Array(pixels);
  const scale = window.size / pixels;
  for (let i = 0; i < pixels; i++) {
    const first = Math.min(Math.floor(window.first + i * scale + 1e-9), length - 1);
    from[i] = first;
    until[i] = Math.min(Math.max(Math.floor(window.first + (i + 1) * scale + 1e-9), first + 1), length);
  }
  return { from, until };
}

/** Counts by band, pixel column and state, flat in that order. */
export function aggregate(states: Uint8Array, grid: Grid, across: Cuts, down: Cuts): Uint32Array {
  const width = across.from.length;
  const counts = new Uint32Array(down.from.length * width * KINDS);
  for (let band = 0; band < down.from.length; band++) {
    for (let row = down.from[band] as number; row < (down.until[band] as number); row++) {
      addRow(counts, band * width * KINDS, states, grid.rowStarts[row] as number, grid.stride, across);
    }
  }
  return counts;
}

function addRow(
  counts: Uint32Array,
  offset: number,
  states: Uint8Array,
  start: number,
  stride: number,
  across: Cuts,
): void {
  const { from, until } = across;
  for (let x = 0, at = offset; x < from.length; x++, at += KINDS) {
    const end = start + (until[x] as number) * stride;
    for (let i = start + (from[x] as number) * stride; i < end; i += stride) {
      const slot = at + (states[i] as number);
      counts[slot] = (counts[slot] as number) + 1;
    }
  }
}

/** How much of each pixel is selected: 0 nothing, 1 some, 2 all; flat by band, then column. */
export function coverage(mask: Uint8Array, grid: Grid, across: Cuts, down: Cuts): Uint8Array {
  const width = across.from.length;
  const covered = new Uint8Array(down.from.length * width);
  for (let band = 0; band < down.from.length; band++) {
    for (let x = 0; x < width; x++) {
      let selected = 0;
      let all = 0;
      for (let row = down.from[band] as number; row < (down.until[band] as number); row++) {
        const start = grid.index(row, across.from[x] as number);
        const end = grid.index(row, across.until[x] as number);
        for (let i = start; i < end; i += grid.stride) selected += mask[i] as number;
        all += (across.until[x] as number) - (across.from[x] as number);
      }
      covered[band * width + x] = selected === 0 ? 0 : selected === all ? 2 : 1;
    }
  }
  return covered;
}

/** Pixels of a failure that an eye finds, also in the thin rows of a large grid. */
const SEEN = 8;

/** Share of a stack that these states take at least, however few they are. */
const LEAST: Partial<Record<number, number>> = {
  [FAILED]: 0.3,
  [RUNNING]: 0.2,
  [BLOCKED]: 0.14,
  [DAMAGED]: 0.14,
  [STALE]: 0.1,
  [QUEUED]: 0.07,
};

/**
 * Heights in pixels of the states stacked in the column at `at`, written to the same place of `heights`; they add up
 * to `room`. A state that occurs keeps at least a pixel, failed and running much more: one failure among a thousand shows.
 */
export function stack(heights: Uint16Array, counts: Uint32Array, at: number, room: number): void {
  let total = 0;
  let most = at;
  for (let slot = at; slot < at + KINDS; slot++) {
    total += counts[slot] as number;
    if ((counts[slot] as number) > (counts[most] as number)) most = slot;
  }
  heights.fill(0, at, at + KINDS);
  if (counts[most] === total) heights[most] = total === 0 ? 0 : room;
  else share(heights, counts, at, room, total);
}

function share(heights: Uint16Array, counts: Uint32Array, at: number, room: number, total: number): void {
  let left = room;
  for (let state = 0; state < KINDS; state++) {
    if (counts[at + state] === 0) continue;
    const least = Math.max(Math.round((LEAST[state] ?? 0) * room), state === FAILED ? SEEN : 1);
    const height = Math.min(least, left);
    heights[at + state] = height;
    left -= height;
  }
  // the rest pixel by pixel to whichever state lacks most of its share
  for (; left > 0; left--) {
    let neediest = at;
    let most = Number.NEGATIVE_INFINITY;
    for (let slot = at; slot < at + KINDS; slot++) {
      const lack = ((counts[slot] as number) / total) * room - (heights[slot] as number);
      if ((counts[slot] as number) > 0 && lack > most) [neediest, most] = [slot, lack];
    }
    heights[neediest] = (heights[neediest] as number) + 1;
  }
}
