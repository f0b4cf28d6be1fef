// Beside the bars: which keys a row stands for, in a column for each dimension; what the row above says is not repeated.
import { element } from "./dom.ts";
import type { Grid } from "./grid.ts";
import { type Layout, pitchOf } from "./layout.ts";
import type { Window } from "./ticks.ts";

/** A label has room above the next one. */
const LINE = 12;
const APART = 12;
const WIDEST = 200;
/** Of the bar, on a narrow page. */
const SHARE = 0.4;
/** Some hundred rows tell how wide labels are. */
const SAMPLES = 200;

export class Gutter {
  readonly root = element("div", "ipa-rows", { "aria-hidden": "true" });
  #widths: number[] = [];

  /** Takes room for the labels from that of the bar, though never much. */
  arrange(grid: Grid, down: Window, measure: (text: string) => number, room: number): void {
    const widths = widestOf(grid, measure).slice(0, depthOf(grid, pitchOf(grid, down)));
    const whole = widths.reduce((sum, width) => sum + width, 0);
    const share = Math.min(1, Math.min(WIDEST, room * SHARE) / whole);
    this.#widths = widths.map((width) => Math.floor(width * share));
    this.root.style.width = `${this.#widths.reduce((sum, width) => sum + width, 0)}px`;
  }

  show({ grid, bands, strip, height, downCuts }: Layout): void {
    if (grid.rows <= 1) return this.root.replaceChildren();
    this.root.style.height = `${strip + height}px`;
    const labels: HTMLElement[] = [];
    let above: string[] = [];
    let free = Number.NEGATIVE_INFINITY;
    bands.forEach((band, b) => {
      if (band.y < free) return;
      const parts = grid.rowParts(downCuts.from[b] as number).slice(0, this.#widths.length);
      const first = parts.findIndex((part, i) => part !== above[i]);
      if (first === -1) return;
      labels.push(...this.#line(parts, first, strip + band.y + band.height / 2));
      above = parts;
      free = band.y + LINE;
    });
    this.root.replaceChildren(...labels);
  }

  /** The rows that the label at x, left of the bars, stands for: a row, or a block of those with one outer key. */
  blockAt(grid: Grid, x: number, { top, bottom }: { top: number; bottom: number }): { top: number; bottom: number } {
    let [part, right] = [this.#widths.length - 1, -(this.#widths.at(-1) ?? 0)];
    for (; part > 0 && x < right; part--) right -= this.#widths[part - 1] ?? 0;
    const size = grid.blockSize(part);
    return { top: Math.floor(top / size) * size, bottom: Math.ceil(bottom / size) * size };
  }

  /** The parts of a row from the first that is new on. */
  #line(parts: string[], first: number, top: number): HTMLElement[] {
    const title = parts.join(" · ");
    return parts.flatMap((part, i) => {
      if (i < first) return [];
      const left = this.#widths.slice(0, i).reduce((sum, width) => sum + width, 0);
      const style = `top:${top}px;left:${left}px;width:${(this.#widths[i] ?? APART) - APART}px`;
      return [element("span", i < parts.length - 1 ? "ipa-row ipa-outer" : "ipa-row", { style, title }, part)];
    });
  }
}

/** How many dimensions are named: where rows are thin, the inner ones would be named at some rows only, as if at random. */
function depthOf(grid: Grid, pitch: number): number {
  const parts = grid.rowParts(0).length;
  const depth = Array.from({ length: parts }).findIndex((_, part) => grid.blockSize(part) * pitch < LINE);
  return depth === -1 ? parts : Math.max(depth, 1);
}

/** How wide the labels of each dimension are. */
function widestOf(grid: Grid, measure: (text: string) => number): number[] {
  const widths: number[] = [];
  const step = Math.max(Math.floor(grid.rows / SAMPLES), 1);
  for (let row = 0; row < grid.rows; row += step) {
    grid.rowParts(row).forEach((part, i) => {
      widths[i] = Math.max(widths[i] ?? 0, Math.ceil(measure(part)) + APART);
    });
  }
  return widths;
}
