// The drawing: two canvases, the row labels beside them and the dates below.
import { Axis } from "./axis.ts";
import { aggregate, coverage } from "./columns.ts";
import { element, OWN_KEYS } from "./dom.ts";
import { type Fill, fillsOf } from "./fill.ts";
import type { Box, Grid } from "./grid.ts";
import { Gutter } from "./gutter.ts";
import { FOOT, Layout } from "./layout.ts";
import { paintMarks } from "./marks.ts";
import { paintStates, stacks } from "./paint.ts";
import { RUNNING, STATES } from "./states.ts";
import type { Palette } from "./theme.ts";
import type { Window } from "./ticks.ts";

export interface Scene {
  grid: Grid;
  states: Uint8Array;
  /** How far partitions that run have come, by index. */
  fractions: Record<string, number>;
  /** What is selected, null for nothing. */
  mask: Uint8Array | null;
  across: Window;
  down: Window;
  hover: Box | null;
  cursor: { row: number; column: number } | null;
  palette: Palette;
}

export class Plot {
  readonly stage: HTMLElement;
  readonly gutter = new Gutter();
  readonly axis = new Axis();
  readonly root: HTMLElement;
  /** The one tab stop; it carries role, value and the hooks for tests. */
  readonly canvas = element("canvas", "ipa-marks", { tabindex: 0, ...OWN_KEYS });
  readonly #base = element("canvas", "ipa-states", { "aria-hidden": "true" });
  #layout: Layout | null = null;
  #heights: Uint16Array = new Uint16Array(0);
  #fills: Fill[] = [];
  #hasRunning = false;

  constructor() {
    this.stage = element("div", "ipa-stage", {}, this.#base, this.canvas);
    this.root = element("div", "ipa-plot", {}, this.gutter.root, this.stage, this.axis.root);
  }

  /** Null until there is room to draw in. */
  get layout(): Layout | null {
    return this.#layout;
  }

  /** Something on view is running, so its stripes move. */
  get hasRunning(): boolean {
    return this.#hasRunning;
  }

  /** Lays everything out anew; false while the bar has no width, hidden or not attached. */
  arrange(scene: Scene): boolean {
    const { grid } = scene;
    this.root.classList.toggle("ipa-grid", grid.rows > 1);
    const measure = this.#measure();
    if (grid.rows > 1) this.gutter.arrange(grid, scene.down, measure, this.root.clientWidth);
    const width = this.stage.clientWidth;
    if (width === 0) return false;
    const layout = new Layout(grid, width, devicePixelRatio || 1, scene.across, scene.down);
    this.#layout = layout;
    this.#size(layout);
    this.axis.show(layout, measure);
    this.gutter.show(layout);
    return true;
  }

  /** Counts the states anew and draws them. */
  drawStates(scene: Scene): void {
    const layout = this.#layout;
    if (layout === null) return;
    const counts = aggregate(scene.states, scene.grid, layout.acrossCuts, layout.downCuts);
    this.#heights = stacks(counts, layout);
    this.#fills = fillsOf(scene.fractions, scene.states, layout);
    this.#hasRunning = false;
    for (let at = RUNNING; at < counts.length && !this.#hasRunning; at += STATES.length) {
      this.#hasRunning = (counts[at] as number) > 0;
    }
    this.repaint(scene, 0);
  }

  /** Draws what was counted last, its moving stripes at `phase`. */
  repaint({ palette }: Scene, phase: number): void {
    const context = this.#base.getContext("2d");
    if (context === null || this.#layout === null) return;
    paintStates(context, this.#layout, this.#heights, this.#fills, palette, phase);
  }

  drawMarks(scene: Scene): void {
    const context = this.canvas.getContext("2d");
    const layout = this.#layout;
    if (context === null || layout === null) return;
    const covered = scene.mask === null ? null : coverage(scene.mask, scene.grid, layout.acrossCuts, layout.downCuts);
    paintMarks(context, layout, scene.palette, { coverage: covered, hover: scene.hover, cursor: scene.cursor });
  }

  #size(layout: Layout): void {
    const { width, height, strip, ratio } = layout;
    const whole = strip + height + FOOT;
    this.stage.style.height = `${whole}px`;
    this.#base.style.top = `${strip}px`;
    for (const [canvas, tall] of [[this.#base, height], [this.canvas, whole]] as const) {
      const [deviceWidth, deviceHeight] = [layout.devicePixels, Math.max(Math.round(tall * ratio), 1)];
      // setting a canvas's size clears it, also to the size it has
      if (canvas.width !== deviceWidth) canvas.width = deviceWidth;
      if (canvas.height !== deviceHeight) canvas.height = deviceHeight;
      canvas.style.width = `${width}px`;
      canvas.style.height = `${tall}px`;
    }
  }

  #measure(): (text: string) => number {
    const context = this.canvas.getContext("2d");
    if (context === null) return (text) => text.length * 6.5;
    const style = getComputedStyle(this.axis.root);
    const font = `${style.fontSize} ${style.fontFamily}`;
    return (text) => {
      if (context.font !== font) context.font = font;
      return context.measureText(text).width;
    };
  }
}
