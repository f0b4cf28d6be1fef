// Where things are on screen: bands of rows, pixels of columns, and back from a pixel to partitions. CSS pixels.
import { cuts, type Cuts } from "./columns.ts";
import type { Box, Grid } from "./grid.ts";
import type { Window } from "./ticks.ts";

export interface Band {
  y: number;
  height: number;
}

const BAR = 28;
const MOST = 312;
/** With room for a label. */
const THINNEST_ROW = 12;
const THINNEST_BAND = 4;
const FACET_GAP = 8;
/** From this width on each partition is a segment of its own. */
export const SEGMENT = 8;
/** At the closest zoom a partition is about this wide. */
const WIDEST = 32;

/** Room above the bars for brackets; in a grid it is the gutter that selects columns. */
export const STRIP = { bar: 8, grid: 14 };
/** Room below the bars for the cursor. */
export const FOOT = 4;

export class Layout {
  readonly grid: Grid;
  readonly width: number;
  readonly ratio: number;
  readonly across: Window;
  readonly down: Window;
  readonly strip: number;
  readonly bands: Band[];
  /** Columns by device pixel. */
  readonly acrossCuts: Cuts;
  /** Rows by band. */
  readonly downCuts: Cuts;

  constructor(grid: Grid, width: number, ratio: number, across: Window, down: Window) {
    this.grid = grid;
    this.width = width;
    this.ratio = ratio;
    this.across = across;
    this.down = down;
    this.strip = grid.rows > 1 ? STRIP.grid : STRIP.bar;
    this.bands = bandsOf(grid, down);
    this.acrossCuts = cuts(across, grid.columns, this.devicePixels);
    this.downCuts = cuts(down, grid.rows, this.bands.length);
  }

  get devicePixels(): number {
    return Math.max(Math.round(this.width * this.ratio), 1);
  }

  /** Height of the bars alone. */
  get height(): number {
    const last = this.bands.at(-1);
    return last === undefined ? BAR : last.y + last.height;
  }

  /** Width of one partition. */
  get step(): number {
    return this.width / this.across.size;
  }

  /** Each row is a band of its own. */
  get hasRows(): boolean {
    return this.bands.length >= Math.min(Math.round(this.down.size), this.grid.rows);
  }

  x(column: number): number {
    return (column - this.across.first) * this.step;
  }

  /** The device pixels that stand for a column alone; none where it shares one. */
  pixelsOf(column: number): [left: number, right: number] {
    const pixel = (at: number): number => {
      const on = Math.ceil(((at - this.across.first) / this.across.size) * this.devicePixels - 1e-6);
      return Math.min(Math.max(on, 0), this.devicePixels);
    };
    const [left, right] = [pixel(column), pixel(column + 1)];
    const isAlone = left < right && (this.acrossCuts.until[left] as number) - (this.acrossCuts.from[left] as number) === 1;
    return isAlone ? [left, right] : [left, left];
  }

  /** The position under x, with its fraction; not held to what exists. */
  position(x: number): number {
    return this.across.first + x / this.step;
  }

  /** The band of a row, -1 where it is out of view. */
  bandOf(row: number): number {
    return this.downCuts.from.findIndex((from, band) => from <= row && row < (this.downCuts.until[band] as number));
  }

  /** The partitions drawn at a point of the bars, the nearest ones for a point outside. */
  boxAt(x: number, y: number): Box {
    const pixel = Math.min(Math.max(Math.floor(x * this.ratio), 0), this.acrossCuts.from.length - 1);
    const below = this.bands.findIndex((band) => y < band.y + band.height);
    const band = below === -1 ? this.bands.length - 1 : below;
    return {
      top: this.downCuts.from[band] as number,
      bottom: this.downCuts.until[band] as number,
      left: this.acrossCuts.from[pixel] as number,
      right: this.acrossCuts.until[pixel] as number,
    };
  }
}

/** The fewest columns worth showing across a width. */
export function closest(width: number): number {
  return Math.max(Math.floor(width / WIDEST), 4);
}

/** How many rows have room for a band each. */
export function mostRows(): number {
  return Math.floor(MOST / THINNEST_ROW);
}

/** From one row to the next; gaps between blocks count in part. */
export function pitchOf(grid: Grid, down: Window): number {
  const last = bandsOf(grid, down).at(-1);
  return last === undefined ? 0 : (last.y + last.height + 1) / Math.round(down.size);
}

function bandsOf(grid: Grid, down: Window): Band[] {
  if (grid.rows === 0) return [];
  if (grid.rows === 1) return [{ y: 0, height: BAR }];
  const rows = Math.round(down.size);
  if (rows > mostRows()) {
    const bands = Math.min(rows, Math.floor(MOST / THINNEST_BAND));
    return Array.from({ length: bands }, (_, band) => ({ y: band * THINNEST_BAND, height: THINNEST_BAND }));
  }
  const pitch = Math.min(Math.floor(MOST / rows), 26);
  const gap = pitch >= 16 ? 2 : 1;
  const first = Math.floor(down.first);
  let facets = 0;
  return Array.from({ length: rows }, (_, i) => {
    const row = Math.min(first + i, grid.rows - 1);
    if (i > 0 && grid.facet(row) !== grid.facet(row - 1)) facets++;
    return { y: i * pitch + facets * FACET_GAP, height: pitch - gap };
  });
}
