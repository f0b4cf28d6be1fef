// How far what is running says that it has come: its own segment fills, to the right or upwards, whichever has more room.
import type { Band, Layout } from "./layout.ts";
import { RUNNING } from "./states.ts";
import type { Palette } from "./theme.ts";

/** Device pixels of one partition within its band, and how much of it is done. */
export interface Fill {
  band: number;
  left: number;
  right: number;
  fraction: number;
}

/** The fills of partitions that have a segment of their own on view; a pixel that stands for several has none. */
export function fillsOf(fractions: Record<string, number>, states: Uint8Array, layout: Layout): Fill[] {
  const { grid, downCuts } = layout;
  return Object.entries(fractions).flatMap(([place, fraction]) => {
    const index = Number(place);
    if (states[index] !== RUNNING) return [];
    const band = layout.bandOf(grid.row(index));
    const [left, right] = layout.pixelsOf(grid.column(index));
    const isAlone = band !== -1 && (downCuts.until[band] as number) - (downCuts.from[band] as number) === 1;
    return isAlone && left < right ? [{ band, left, right, fraction }] : [];
  });
}

export function paintFill(pixels: Uint32Array, width: number, band: Band, fill: Fill, { done, seam }: Palette, line: number): void {
  const { left, right, fraction } = fill;
  const isWide = right - left >= band.height;
  const level = Math.round((isWide ? right - left : band.height) * fraction);
  const row = (y: number, from: number, until: number, color: number): void => void pixels.fill(color, y * width + from, y * width + until);
  for (let y = band.y; y < band.y + band.height; y++) {
    const up = band.y + band.height - y;
    if (isWide) {
      row(y, left, left + level, done);
      row(y, left + level, Math.min(left + level + line, right), seam);
    } else if (up <= level) row(y, left, right, done);
    else if (up <= level + line) row(y, left, right, seam);
  }
}
