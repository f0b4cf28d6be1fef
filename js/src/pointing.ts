// What mouse, pen and touch do on one view: the stroke being drawn, what is hovered, where the view looks.
import type { Camera } from "./camera.ts";
import type { Commands } from "./commands.ts";
import type { Cursor } from "./cursor.ts";
import type { GestureTarget, Zone } from "./gestures.ts";
import type { Box } from "./grid.ts";
import type { Plot } from "./plot.ts";
import type { Session } from "./session.ts";
import { Stroke } from "./stroke.ts";

export interface Parts {
  session: Session;
  plot: Plot;
  camera: Camera;
  cursor: Cursor;
  commands: Commands;
}

export class Pointing implements GestureTarget {
  readonly #parts: Parts;
  readonly #changed: () => void;
  readonly #began: () => void;
  #hover: Box | null = null;
  #stroke: Stroke | null = null;

  /** `changed` is called when hover or stroke look different, `began` when a stroke begins. */
  constructor(parts: Parts, changed: () => void, began: () => void) {
    this.#parts = parts;
    this.#changed = changed;
    this.#began = began;
  }

  get hovered(): Box | null {
    return this.#hover;
  }

  get stroke(): Stroke | null {
    return this.#stroke;
  }

  boxAt(zone: Zone, x: number, y: number): Box | null {
    const { layout } = this.#parts.plot;
    const { grid } = this.#parts.session;
    if (layout === null || grid.length === 0 || grid.isWhole) return null;
    if (zone === "axis") {
      const { left, right } = this.#parts.plot.axis.periodAt(layout, x);
      return { ...grid.whole(), left, right };
    }
    const box = layout.boxAt(x, y);
    if (zone === "rows") return { ...this.#parts.plot.gutter.blockAt(grid, x, box), left: 0, right: grid.columns };
    return zone === "columns" && grid.rows > 1 ? { ...box, top: 0, bottom: grid.rows } : box;
  }

  hover(box: Box | null): void {
    this.#hover = box;
    this.#changed();
  }

  begin(box: Box, shift: boolean): void {
    const { grid, selection } = this.#parts.session;
    this.#began();
    this.#stroke = new Stroke(grid, selection, box, shift);
    this.#hover = box;
    this.#changed();
  }

  drag(box: Box): void {
    this.#stroke?.reach(box);
    this.#hover = null;
    this.#changed();
  }

  finish(isClick: boolean): void {
    const stroke = this.#stroke;
    this.#stroke = null;
    if (stroke === null || stroke.mask.length !== this.#parts.session.grid.length) return;
    const { top: row, left: column } = stroke.box;
    this.#parts.cursor.place({ row, column });
    this.#parts.commands.select(stroke.mask);
    if (isClick && stroke.mode !== "subtract") this.#parts.commands.describe(stroke.box);
  }

  abort(): void {
    this.#stroke = null;
    this.#changed();
  }

  /** Leaves the stroke to another view, null if none is being drawn. */
  release(): Stroke | null {
    const stroke = this.#stroke;
    this.#stroke = null;
    return stroke;
  }

  /** Goes on with the stroke of a view that has gone. */
  resume(stroke: Stroke | null): void {
    this.#stroke = stroke;
    this.#changed();
  }

  pick(x: number, shift: boolean): void {
    const box = this.boxAt("axis", x, 0);
    if (box === null) return;
    this.begin(box, shift);
    this.finish(false);
  }

  pan(pixels: number): void {
    const { layout } = this.#parts.plot;
    if (layout !== null) this.#parts.camera.pan(pixels, layout);
  }

  zoom(factor: number, x: number): void {
    const { layout } = this.#parts.plot;
    if (layout !== null) this.#parts.camera.zoom(factor, x, layout);
  }

  toggleZoom(x: number): void {
    const { layout } = this.#parts.plot;
    if (layout !== null) this.#parts.camera.toggle(x, layout);
  }
}
