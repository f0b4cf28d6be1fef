// Selection, hover and cursor, on the canvas above the states.
import type { Box } from "./grid.ts";
import { FOOT, type Layout } from "./layout.ts";
import type { Palette } from "./theme.ts";

const LINE = 1.5;
/** Below this width a selection is framed at a distance, or nothing but its frame would be seen. */
const NARROW = 8;
/** How far a selection stands out above a bar. */
const RISE = 7;

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
  // a ring that the edge of the canvas cuts open is no ring
  const [from, until] = [Math.max(left - 2, 1), Math.min(right + 2, layout.width - 1)];
  context.roundRect(from, band.y - 2, until - from, band.height + 4, 2);
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
