// Under the bars: dates, or the labels themselves where they fit.
import { element } from "./dom.ts";
import type { Layout } from "./layout.ts";
import { type Tick, ticksOf } from "./ticks.ts";

const APART = 14;

export class Axis {
  readonly root = element("div", "ipa-axis", { "aria-hidden": "true" });
  #ticks: Tick[] = [];
  #isLabelled = false;
  #range = "";

  /** The first and the last label on view, "" where they are written out. */
  get range(): string {
    return this.#range;
  }

  show(layout: Layout, measure: (text: string) => number): void {
    const { grid, across } = layout;
    this.#range = "";
    if (grid.length === 0) return this.root.replaceChildren();
    const first = Math.max(Math.floor(across.first + 0.01), 0);
    const last = Math.min(Math.ceil(across.first + across.size - 0.01), grid.columns) - 1;
    this.#ticks = ticksOf(grid.columnLabels, grid.columnTicks, across, layout.width);
    this.#isLabelled = fits(layout, first, last, measure);
    const overview = overviewOf(layout);
    if (this.#isLabelled) return this.root.replaceChildren(...centred(layout, first, last), ...overview);
    const [from, to] = [grid.columnLabels.at(first), grid.columnLabels.at(last)];
    if (this.#ticks.length === 0) return this.root.replaceChildren(...ends(from, to), ...overview);
    this.#range = `${from} to ${to}`;
    this.root.replaceChildren(...this.#dated(layout, measure), ...overview);
  }

  /** The columns that the label or date at x stands for. */
  periodAt(layout: Layout, x: number): { left: number; right: number } {
    const { columns } = layout.grid;
    const at = Math.min(Math.max(Math.floor(layout.position(x)), 0), columns - 1);
    if (this.#isLabelled || this.#ticks.length === 0) return { left: at, right: at + 1 };
    const after = this.#ticks.findIndex(({ index }) => index > at);
    const left = after === -1 ? this.#ticks.at(-1)?.index : this.#ticks[after - 1]?.index;
    return { left: left ?? 0, right: (after === -1 ? undefined : this.#ticks[after]?.index) ?? columns };
  }

  #dated(layout: Layout, measure: (text: string) => number): HTMLElement[] {
    let free = 0;
    return this.#ticks.map(({ index, label, major }) => {
      const x = layout.x(index);
      const end = x + measure(label) + 4;
      const isFree = x >= free && end <= layout.width;
      if (isFree) free = end + APART;
      return element("span", major ? "ipa-tick ipa-major" : "ipa-tick", { style: `left:${x.toFixed(1)}px` }, isFree ? label : "");
    });
  }
}

/** Which part of the whole is on view, where it is not all of it. */
function overviewOf({ across, grid: { columns } }: Layout): HTMLElement[] {
  if (across.size >= columns) return [];
  const [left, width] = [across.first, across.size].map((value) => `${((value / columns) * 100).toFixed(2)}%`);
  return [element("span", "ipa-track"), element("span", "ipa-thumb", { style: `left:${left};width:${width}` })];
}

function ends(from: string, to: string): HTMLElement[] {
  if (from === to) return [element("span", "ipa-end ipa-end-first", {}, from)];
  return [element("span", "ipa-end ipa-end-first", {}, from), element("span", "ipa-end ipa-end-last", {}, to)];
}

function fits(layout: Layout, first: number, last: number, measure: (text: string) => number): boolean {
  if (layout.step < 24 || last - first > 60) return false;
  for (let column = first; column <= last; column++) {
    if (measure(layout.grid.columnLabels.at(column)) + APART > layout.step) return false;
  }
  return true;
}

function centred(layout: Layout, first: number, last: number): HTMLElement[] {
  return Array.from({ length: last - first + 1 }, (_, i) => {
    const column = first + i;
    const style = `left:${layout.x(column).toFixed(1)}px;width:${layout.step.toFixed(1)}px`;
    return element("span", "ipa-label", { style }, layout.grid.columnLabels.at(column));
  });
}
