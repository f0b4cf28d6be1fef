// Pixels: the states on the base canvas, selection, hover and cursor on the one above it.
import { stack } from "./columns.ts";
import type { Box } from "./grid.ts";
import { type Band, FOOT, type Layout, SEGMENT } from "./layout.ts";
import { BLOCKED, CANCELLED, DAMAGED, FAILED, FRESH, MISSING, QUEUED, RUNNING, SKIPPED, STALE, STATES } from "./states.ts";
import type { Palette } from "./theme.ts";

const KINDS = STATES.length;
const CORNER = 3;
const LINE = 1.5;
const WIDENED = 3;
/** Below this width a selection is framed at a distance, or nothing but its frame would be seen. */
const NARROW = 8;
/** How far a selection stands out above a bar. */
const RISE = 7;

/** From the top of a stack to its bottom: what needs attention first, what is done as the ground. */
const ORDER = [FAILED, RUNNING, QUEUED, BLOCKED, DAMAGED, MISSING, CANCELLED, SKIPPED, STALE, FRESH];

/** Heights of the states in device pixels, flat by band, column and state. */
export function stacks(counts: Uint32Array, layout: Layout): Uint16Array {
  const width = layout.devicePixels;
  const heights = new Uint16Array(counts.length);
  layout.bands.forEach((band, b) => {
    const room = deviceBand(band, layout.ratio).height;
    for (let at = b * width * KINDS; at < (b + 1) * width * KINDS; at += KINDS) {
      stack(heights, counts, at, room);
    }
  });
  return heights;
}

function deviceBand({ y, height }: Band, ratio: number): Band {
  const top = Math.round(y * ratio);
  return { y: top, height: Math.round((y + height) * ratio) - top };
}

/** Draws the bars; `phase` in CSS pixels moves the stripes of what is running. */
export function paintStates(
  context: CanvasRenderingContext2D,
  layout: Layout,
  heights: Uint16Array,
  palette: Palette,
  phase: number,
): void {
  const { width, height } = context.canvas;
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  layout.bands.forEach((css, b) => {
    const band = deviceBand(css, layout.ratio);
    for (let x = 0; x < Math.min(width, layout.devicePixels); x++) {
      paintColumn(pixels, width, x, band, heights, (b * layout.devicePixels + x) * KINDS, palette, phase * layout.ratio);
    }
    widen(pixels, width, band, layout, heights.subarray(b * layout.devicePixels * KINDS), palette);
    separate(pixels, width, band, layout);
    round(pixels, width, band, layout);
  });
  context.putImageData(image, 0, 0);
  outline(context, layout, palette.outline);
}

function paintColumn(
  pixels: Uint32Array,
  width: number,
  x: number,
  band: Band,
  heights: Uint16Array,
  at: number,
  palette: Palette,
  phase: number,
): void {
  let y = band.y;
  for (const state of ORDER) {
    const end = y + (heights[at + state] as number);
    if (end === y) continue;
    const tile = palette.tiles[state];
    if (tile === undefined) continue;
    const { size, pixels: source, edge } = tile;
    const shifted = state === RUNNING ? (((x - Math.round(phase)) % size) + size) % size : x % size;
    const top = y;
    for (; y < end; y++) pixels[y * width + x] = source[(y % size) * size + shifted] as number;
    if (edge !== 0) {
      const thick = Math.min(size >> 3, (end - top) >> 1);
      for (let i = 0; i < thick; i++) {
        pixels[(top + i) * width + x] = edge;
        pixels[(end - 1 - i) * width + x] = edge;
      }
    }
  }
}

/** A lone failure among thousands would be a single pixel wide: give it as many as an eye finds. */
function widen(
  pixels: Uint32Array,
  width: number,
  band: Band,
  layout: Layout,
  heights: Uint16Array,
  palette: Palette,
): void {
  const wide = Math.round(WIDENED * layout.ratio);
  const tile = palette.tiles[FAILED];
  if (layout.step >= WIDENED || tile === undefined) return;
  for (let x = 0; x < layout.devicePixels; x++) {
    const height = heights[x * KINDS + FAILED] as number;
    if (height === 0) continue;
    const from = Math.min(x, layout.devicePixels - wide);
    for (let y = band.y; y < band.y + height; y++) pixels.fill(tile.plain, y * width + from, y * width + from + wide);
  }
}

/** A hairline before each partition once it is wide enough to be a segment. */
function separate(pixels: Uint32Array, width: number, band: Band, layout: Layout): void {
  if (layout.step < SEGMENT) return;
  const { from } = layout.acrossCuts;
  const thick = Math.max(Math.round(layout.ratio), 1);
  for (let x = 1; x < from.length; x++) {
    if (from[x] === from[x - 1]) continue;
    for (let y = band.y; y < band.y + band.height; y++) pixels.fill(0, y * width + x, y * width + Math.min(x + thick, from.length));
  }
}

/** Rounds the ends of the whole; a bar that goes on beyond the view is cut straight. */
function round(pixels: Uint32Array, width: number, band: Band, layout: Layout): void {
  const { across, grid, devicePixels, ratio } = layout;
  const radius = Math.min(Math.round(CORNER * ratio), band.height >> 1);
  const isFirst = across.first <= 0;
  const isLast = across.first + across.size >= grid.columns;
  for (let dy = 0; dy < radius; dy++) {
    for (let dx = 0; dx < radius; dx++) {
      const away = Math.hypot(radius - dx - 0.5, radius - dy - 0.5);
      const cover = Math.min(Math.max(radius - away + 0.5, 0), 1);
      if (cover === 1) continue;
      for (const y of [band.y + dy, band.y + band.height - 1 - dy]) {
        if (isFirst) fade(pixels, y * width + dx, cover);
        if (isLast) fade(pixels, y * width + devicePixels - 1 - dx, cover);
      }
    }
  }
}

function fade(pixels: Uint32Array, at: number, cover: number): void {
  const pixel = pixels[at] as number;
  pixels[at] = ((pixel & 0xffffff) | (Math.round((pixel >>> 24) * cover) << 24)) >>> 0;
}

function outline(context: CanvasRenderingContext2D, layout: Layout, color: string): void {
  context.save();
  context.scale(layout.ratio, layout.ratio);
  context.strokeStyle = color;
  const beyond = 8;
  const isFirst = layout.across.first <= 0;
  const isLast = layout.across.first + layout.across.size >= layout.grid.columns;
  const left = isFirst ? 0.5 : -beyond;
  const right = isLast ? layout.width - 0.5 : layout.width + beyond;
  // nothing to draw is drawn as an empty track
  if (layout.bands.length === 0) context.setLineDash([4, 4]);
  for (const band of layout.bands.length > 0 ? layout.bands : [{ y: 0, height: layout.height }]) {
    if (band.height < 8) continue;
    context.beginPath();
    context.roundRect(left, band.y + 0.5, right - left, band.height - 1, CORNER - 0.5);
    context.stroke();
  }
  context.restore();
}

export interface Marks {
  /** By band and device pixel: 0 not selected, 1 partly, 2 wholly. */
  coverage: Uint8Array | null;
  hover: Box | null;
  /** Row and column of the keyboard's cursor, while it has the focus. */
  cursor: { row: number; column: number } | null;
}

export function paintMarks(context: CanvasRenderingContext2D, layout: Layout, palette: Palette, marks: Marks): void {
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, context.canvas.width, context.canvas.height);
  context.setTransform(layout.ratio, 0, 0, layout.ratio, 0, layout.strip * layout.ratio);
  if (marks.coverage !== null) paintSelection(context, layout, palette, marks.coverage);
  if (marks.hover !== null) paintHover(context, layout, palette, marks.hover);
  if (marks.cursor !== null) paintCursor(context, layout, palette, marks.cursor);
}

function paintSelection(
  context: CanvasRenderingContext2D,
  layout: Layout,
  palette: Palette,
  coverage: Uint8Array,
): void {
  const width = layout.devicePixels;
  const any = new Uint8Array(width);
  layout.bands.forEach((band, b) => {
    const row = coverage.subarray(b * width, (b + 1) * width);
    for (let x = 0; x < width; x++) any[x] = (any[x] as number) | (row[x] as number);
    for (const [from, until, value] of runs(row)) {
      const [left, right] = [from / layout.ratio, until / layout.ratio];
      if (value === 0) {
        context.globalAlpha = 0.4;
        context.fillStyle = palette.surface;
        context.fillRect(left, band.y, right - left, band.height);
        continue;
      }
      context.globalAlpha = value === 2 ? 0.12 : 0.06;
      context.fillStyle = palette.accent;
      context.fillRect(left, band.y, right - left, band.height);
    }
    context.globalAlpha = 1;
    context.fillStyle = palette.accent;
    const rise = layout.grid.rows === 1 ? RISE : LINE;
    for (const [left, right] of selected(row, layout.ratio)) {
      const room = right - left < NARROW ? LINE : 0;
      const [from, until] = [Math.max(left - room, LINE), Math.min(right + room, layout.width - LINE)];
      frame(context, from, band.y - rise, until, band.y + band.height);
    }
  });
  if (layout.grid.rows === 1) return;
  for (const [left, right] of selected(any, layout.ratio)) {
    context.fillRect(left - LINE, -RISE - 2, Math.max(right - left, 1) + 2 * LINE, 3);
  }
}

/** Around, not upon: the one failed partition that is selected has to stay red. */
function frame(context: CanvasRenderingContext2D, left: number, top: number, right: number, bottom: number): void {
  const width = right - left + 2 * LINE;
  context.fillRect(left - LINE, top, width, LINE);
  context.fillRect(left - LINE, bottom, width, LINE);
  context.fillRect(left - LINE, top, LINE, bottom - top);
  context.fillRect(right, top, LINE, bottom - top);
}

function* runs(row: Uint8Array): Generator<[from: number, until: number, value: number]> {
  for (let from = 0; from < row.length; ) {
    let until = from + 1;
    while (until < row.length && row[until] === row[from]) until++;
    yield [from, until, row[from] as number];
    from = until;
  }
}

/** Stretches of which anything is selected, in CSS pixels. */
function* selected(row: Uint8Array, ratio: number): Generator<[left: number, right: number]> {
  let start = -1;
  for (let x = 0; x <= row.length; x++) {
    const isIn = x < row.length && row[x] !== 0;
    if (isIn && start === -1) start = x;
    if (!isIn && start !== -1) {
      yield [start / ratio, x / ratio];
      start = -1;
    }
  }
}

function paintHover(context: CanvasRenderingContext2D, layout: Layout, palette: Palette, box: Box): void {
  const [left, right] = edges(layout, box.left, box.right, 2);
  context.fillStyle = palette.hover;
  for (const [b, band] of layout.bands.entries()) {
    const isIn = (layout.downCuts.from[b] as number) < box.bottom && (layout.downCuts.until[b] as number) > box.top;
    if (isIn) context.fillRect(left, band.y, right - left, band.height);
  }
}

function paintCursor(
  context: CanvasRenderingContext2D,
  layout: Layout,
  palette: Palette,
  { row, column }: { row: number; column: number },
): void {
  const band = layout.bands[layout.bandOf(row)];
  if (band === undefined) return;
  const [left, right] = edges(layout, column, column + 1, 4);
  context.lineWidth = 2;
  context.strokeStyle = palette.surface;
  context.strokeRect(left - 0.5, band.y + 0.5, right - left + 1, band.height - 1);
  context.strokeStyle = palette.cursor;
  context.beginPath();
  context.roundRect(left - 2, band.y - 2, right - left + 4, band.height + 4, 2);
  context.stroke();
  if (layout.grid.rows === 1) {
    const middle = (left + right) / 2;
    context.fillStyle = palette.cursor;
    context.beginPath();
    context.moveTo(middle, band.height + 1);
    context.lineTo(middle + 4, band.height + FOOT + 1);
    context.lineTo(middle - 4, band.height + FOOT + 1);
    context.fill();
  }
}

/** Where columns begin and end, widened about their middle to at least `least` and held within the bar. */
function edges(layout: Layout, from: number, until: number, least: number): [left: number, right: number] {
  const snap = (x: number): number => Math.ceil(x * layout.ratio - 1e-6) / layout.ratio;
  const [left, right] = [snap(layout.x(from)), snap(layout.x(until))];
  const lack = Math.max(least - (right - left), 0) / 2;
  return [Math.max(left - lack, 0), Math.min(right + lack, layout.width)];
}
