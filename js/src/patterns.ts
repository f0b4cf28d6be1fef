// A small repeating picture for each state: its colour, and a pattern for those who cannot tell the colours apart.
import { BLOCKED, CANCELLED, DAMAGED, FAILED, RUNNING, SKIPPED, STALE } from "./states.ts";

export type Color = readonly [red: number, green: number, blue: number, alpha: number];

/** `size` x `size` device pixels, packed as ImageData holds them. */
export interface Tile {
  size: number;
  pixels: Uint32Array;
  /** The colour alone, where a pattern has no room. */
  plain: number;
  /** For lines along the edge of an outlined state; 0 where it has none. */
  edge: number;
}

/** CSS pixels after which every pattern repeats. */
const PERIOD = 12;

/** Distance from the nearest line of a pattern, in CSS pixels, less than 0 inside it. */
type Pattern = (x: number, y: number) => number;

const PATTERNS: Partial<Record<number, Pattern>> = {
  [RUNNING]: (x, y) => line((x - y) / Math.SQRT2, PERIOD / Math.SQRT2, 4.2),
  [FAILED]: (x, y) => line((x + y) / Math.SQRT2, 6 / Math.SQRT2, 1.5),
  [STALE]: (x, y) => line((x + y) / Math.SQRT2, PERIOD / Math.SQRT2, 1.4),
  [DAMAGED]: (x, y) =>
    Math.min(line((x + y) / Math.SQRT2, 6 / Math.SQRT2, 1), line((x - y) / Math.SQRT2, 6 / Math.SQRT2, 1)),
  [BLOCKED]: (x) => line(x, 4, 1.4),
  [CANCELLED]: (_, y) => line(y, 4, 1),
  [SKIPPED]: (x, y) => Math.hypot(line(x, 6, 0), line(y, 6, 0)) - 1.2,
};

function line(across: number, period: number, width: number): number {
  const offset = ((across % period) + period) % period;
  return Math.abs(offset - period / 2) - width / 2;
}

export function tileOf(state: number, paper: Color, ink: Color, ratio: number, hasEdge: boolean): Tile {
  const size = Math.max(Math.round(PERIOD * ratio), 1);
  const pixels = new Uint32Array(size * size);
  const pattern = PATTERNS[state];
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const away = pattern === undefined ? 1 : pattern(((x + 0.5) / size) * PERIOD, ((y + 0.5) / size) * PERIOD);
      const cover = Math.min(Math.max(0.5 - away * ratio, 0), 1);
      pixels[y * size + x] = pack(mix(paper, ink, cover));
    }
  }
  return { size, pixels, plain: pack(paper), edge: hasEdge ? pack(ink) : 0 };
}

function mix(paper: Color, ink: Color, share: number): Color {
  const between = (i: 0 | 1 | 2 | 3): number => paper[i] + (ink[i] - paper[i]) * share;
  return [between(0), between(1), between(2), between(3)];
}

/** A colour as ImageData holds it. */
export function pack([red, green, blue, alpha]: Color): number {
  return ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
