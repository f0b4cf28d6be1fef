// Mouse, pen and touch, told to the bar in its own words.
import type { Box } from "./grid.ts";

/** Where a gesture began: on partitions, on the gutters that mean whole columns or rows, or on the dates. */
export type Zone = "cells" | "columns" | "rows" | "axis";

export interface GestureTarget {
  boxAt(zone: Zone, x: number, y: number): Box | null;
  hover(box: Box | null): void;
  begin(box: Box, shift: boolean): void;
  drag(box: Box): void;
  finish(isClick: boolean): void;
  abort(): void;
  /** Selects the period of a date. */
  pick(x: number, shift: boolean): void;
  pan(pixels: number): void;
  zoom(factor: number, x: number): void;
  toggleZoom(x: number): void;
}

export interface Surfaces {
  stage: HTMLElement;
  rows: HTMLElement;
  axis: HTMLElement;
}

/** A pointer that is down: where it went down, where it last was, from the top left of the bars. */
export interface Grip {
  zone: Zone;
  pointer: number;
  x: number;
  y: number;
  at: number;
  moved: boolean;
  shift: boolean;
}

/** Pixels a pointer may tremble and still click. */
const SLACK = 3;

export class Gestures {
  readonly #target: GestureTarget;
  readonly #surfaces: Surfaces;
  readonly #strip: () => number;
  #active: Grip | null = null;

  constructor(target: GestureTarget, surfaces: Surfaces, strip: () => number, signal: AbortSignal) {
    this.#target = target;
    this.#surfaces = surfaces;
    this.#strip = strip;
    for (const surface of [surfaces.stage, surfaces.rows, surfaces.axis]) {
      surface.addEventListener("pointerdown", (event) => this.#down(event, surface), { signal });
      surface.addEventListener("pointermove", (event) => this.#move(event, surface), { signal });
      surface.addEventListener("pointerup", (event) => this.#up(event), { signal });
      surface.addEventListener("pointercancel", () => this.abort(), { signal });
      surface.addEventListener("pointerleave", () => this.#target.hover(null), { signal });
      surface.addEventListener("wheel", (event) => this.#wheel(event), { signal, passive: false });
    }
    surfaces.stage.addEventListener("dblclick", (event) => target.toggleZoom(this.#x(event)), { signal });
  }

  get isActive(): boolean {
    return this.#active !== null;
  }

  /** Leaves the gesture to another view, null if there is none. */
  release(): Grip | null {
    const active = this.#active;
    this.#active = null;
    return active;
  }

  /** Goes on with the gesture of a view that has gone; if the pointer has been lifted since, it ends here. */
  resume(grip: Grip): void {
    const { rows, axis, stage } = this.#surfaces;
    const surface = grip.zone === "rows" ? rows : grip.zone === "axis" ? axis : stage;
    this.#active = grip;
    surface.setPointerCapture?.(grip.pointer);
    if (surface.hasPointerCapture?.(grip.pointer) === false) this.#end(grip);
  }

  abort(): void {
    if (this.#active === null) return;
    this.#active = null;
    this.#target.abort();
  }

  #down(event: PointerEvent, surface: HTMLElement): void {
    if (event.button !== 0 || !event.isPrimary) return;
    const zone = this.#zoneOf(event, surface);
    const [x, y] = [this.#x(event), this.#y(event)];
    const box = zone === "axis" ? null : this.#target.boxAt(zone, x, y);
    if (zone !== "axis" && box === null) return;
    surface.setPointerCapture?.(event.pointerId);
    this.#active = { zone, pointer: event.pointerId, x, y, at: x, moved: false, shift: event.shiftKey };
    if (box !== null) this.#target.begin(box, event.shiftKey);
  }

  #move(event: PointerEvent, surface: HTMLElement): void {
    const [x, y] = [this.#x(event), this.#y(event)];
    const active = this.#active;
    if (active === null) {
      this.#target.hover(this.#target.boxAt(this.#zoneOf(event, surface), x, y));
      return;
    }
    if (event.pointerId !== active.pointer) return;
    active.moved ||= Math.hypot(x - active.x, y - active.y) > SLACK;
    if (active.zone === "axis") {
      if (active.moved) this.#target.pan(active.at - x);
      active.at = x;
      return;
    }
    const box = this.#target.boxAt(active.zone, x, y);
    if (box !== null) this.#target.drag(box);
  }

  #up(event: PointerEvent): void {
    const active = this.#active;
    if (active !== null && event.pointerId === active.pointer) this.#end(active);
  }

  #end(active: Grip): void {
    this.#active = null;
    if (active.zone !== "axis") this.#target.finish(!active.moved);
    else if (!active.moved) this.#target.pick(active.x, active.shift);
  }

  /** A plain wheel belongs to the page. */
  #wheel(event: WheelEvent): void {
    const sideways = event.shiftKey ? event.deltaX || event.deltaY : event.deltaX;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.#target.zoom(Math.exp(Math.min(Math.max(event.deltaY, -60), 60) / 100), this.#x(event));
    } else if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
      event.preventDefault();
      this.#target.pan(sideways);
    }
  }

  #zoneOf(event: PointerEvent, surface: HTMLElement): Zone {
    if (surface === this.#surfaces.rows) return "rows";
    if (surface === this.#surfaces.axis) return "axis";
    return this.#y(event) < 0 ? "columns" : "cells";
  }

  #x(event: MouseEvent): number {
    return event.clientX - this.#surfaces.stage.getBoundingClientRect().left;
  }

  /** From the top of the bars, below the strip. */
  #y(event: MouseEvent): number {
    return event.clientY - this.#surfaces.stage.getBoundingClientRect().top - this.#strip();
  }
}
