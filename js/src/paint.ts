// The states as pixels of the base canvas.
import { stack } from "./columns.ts";
import { type Fill, paintFill } from "./fill.ts";
import { type Band, type Layout, SEGMENT } from "./layout.ts";
import { BLOCKED, CANCELLED, DAMAGED, FAILED, FRESH, MISSING, QUEUED, RUNNING, SKIPPED, STALE, STATES } from "./states.ts";
import type { Palette } from "./theme.ts";

const KINDS = STATES.length;
const CORNER = 3;
/** CSS pixels from which on a band has an outline and round ends: thinner ones stand as one. */
const ALONE = 8;
/** CSS pixels that a failure has at least. */
const WIDENED = 3;

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
  fills: Fill[],
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
    for (const fill of fills) if (fill.band === b) paintFill(pixels, width, band, fill, palette, Math.max(Math.round(layout.ratio), 1));
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
  const tile = palette.tiles[FAILED];
  if (layout.step >= WIDENED || tile === undefined) return;
  const least = Math.round(WIDENED * layout.ratio);
  const heightAt = (x: number): number => (x < layout.devicePixels ? (heights[x * KINDS + FAILED] as number) : 0);
  for (let x = 0; x < layout.devicePixels; x++) {
    const start = x;
    let height = 0;
    for (; heightAt(x) > 0; x++) height = Math.max(height, heightAt(x));
    if (height === 0 || x - start >= least) continue;
    const from = Math.min(start, layout.devicePixels - least);
    for (let y = band.y; y < band.y + height; y++) pixels.fill(tile.plain, y * width + from, y * width + from + least);
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
  if (band.height < ALONE * ratio) return;
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
    if (band.height < ALONE) continue;
    context.beginPath();
    context.roundRect(left, band.y + 0.5, right - left, band.height - 1, CORNER - 0.5);
    context.stroke();
  }
  context.restore();
}
