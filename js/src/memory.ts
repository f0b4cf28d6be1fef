// What outlives a view: hosts replace one by another whenever they render a cell's output again.
import type { Cell } from "./cursor.ts";
import type { Grip } from "./gestures.ts";
import type { Stroke } from "./stroke.ts";
import type { Window } from "./ticks.ts";

/** How a user had arranged a view of this fingerprint. */
export interface Place {
  fingerprint: string;
  across: Window;
  down: Window;
  cell: Cell;
}

/** A drag under way. */
export interface Drag {
  grip: Grip;
  stroke: Stroke | null;
}

export interface View {
  readonly root: HTMLElement;
  /** Gives up the drag that is under way on it, null if there is none. */
  release(): Drag | null;
  /** Goes on with a drag that began on another view. */
  resume(drag: Drag): void;
}

/** Milliseconds within which a view that went and a view that came are one to the user. */
const SOON = 1500;

export class Memory {
  /** What was typed on a view and not applied, null if nothing was. */
  draft: string | null = null;
  #place: Place | null = null;
  #latest: View | null = null;
  #held: View | null = null;
  readonly #watches = new Set<FocusWatch>();

  /** A view was drawn, looking at this place. */
  keep(place: Place, view: View): void {
    this.#place = place;
    this.#latest = view;
    this.#restore();
  }

  /** A pointer went down on a view. */
  hold(view: View): void {
    this.#held = view;
  }

  placeFor(fingerprint: string): Place | null {
    return this.#place?.fingerprint === fingerprint ? this.#place : null;
  }

  /** Watches over the focus of a view, until `signal` ends it and a moment longer. */
  watch(root: HTMLElement, signal: AbortSignal): void {
    this.#watches.add(new FocusWatch(root, signal));
    // some hosts draw the new view before they take the old one away, others after
    signal.addEventListener("abort", () => requestAnimationFrame(() => this.#restore()));
  }

  /** Gives the view that came what the one that went had in hand. */
  #restore(): void {
    const latest = this.#latest;
    if (latest?.root.isConnected !== true) return;
    this.#restoreFocus(latest.root);
    if (this.#held === null || this.#held === latest || this.#held.root.isConnected) return;
    const drag = this.#held.release();
    this.#held = latest;
    if (drag !== null) latest.resume(drag);
  }

  /** Gives the focus that a view took with it to the one that came instead, unless the user has gone elsewhere. */
  #restoreFocus(root: HTMLElement): void {
    for (const watch of this.#watches) {
      if (watch.isAttached) continue;
      this.#watches.delete(watch);
      const isFree = document.activeElement === document.body;
      if (watch.held !== "" && isFree) root.querySelector<HTMLElement>(watch.held)?.focus({ preventScroll: true });
    }
  }
}

/** Notices what in a view has the focus, also when the host takes the view away before it says so. */
class FocusWatch {
  readonly #root: HTMLElement;
  #selector = "";
  #lostAt = Number.POSITIVE_INFINITY;

  constructor(root: HTMLElement, signal: AbortSignal) {
    this.#root = root;
    root.addEventListener("focusin", (event) => this.#gain(event.target as HTMLElement), { signal });
    root.addEventListener("focusout", (event) => this.#lose(event.relatedTarget), { signal });
  }

  get isAttached(): boolean {
    return this.#root.isConnected;
  }

  /** Selector of what has the focus, or lost it to nothing just now; "" if neither. */
  get held(): string {
    return performance.now() - this.#lostAt < SOON ? this.#selector : "";
  }

  #gain(target: HTMLElement): void {
    this.#selector = target.matches("input") ? ".ipa-input" : ".ipa-marks";
    this.#lostAt = Number.POSITIVE_INFINITY;
  }

  #lose(to: EventTarget | null): void {
    if (to instanceof Node && !this.#root.contains(to)) this.#selector = "";
    this.#lostAt = performance.now();
  }
}
