// When to draw: once a frame at most, only while on view, and over and over only while something runs.
import type { Plot, Scene } from "./plot.ts";

/** The stripes of what is running move this far in a second, at this many pictures a second. */
const SPEED = 24;
const PICTURES = 24;

export class Schedule {
  readonly #plot: Plot;
  readonly #scene: () => Scene;
  readonly #drawn: () => void;
  readonly #present: (isInPage: boolean) => void;
  readonly #observers: { disconnect(): void }[];
  readonly #still = matchMedia("(prefers-reduced-motion: reduce)");
  #dirty = new Set<"layout" | "states" | "marks">();
  #frame = 0;
  #isOnView = true;
  #moved = 0;

  /**
   * `root` is what is watched: as wide as the bar, and of a height that drawing does not change. `present` is told
   * before each drawing whether the bar is in the page at all.
   */
  constructor(
    root: HTMLElement,
    plot: Plot,
    { scene, drawn, present }: { scene: () => Scene; drawn: () => void; present: (isInPage: boolean) => void },
  ) {
    this.#plot = plot;
    this.#scene = scene;
    this.#drawn = drawn;
    this.#present = present;
    const resize = new ResizeObserver(() => this.#drawNow());
    resize.observe(root);
    const sight = new IntersectionObserver((entries) => this.#see(entries.at(-1)?.isIntersecting ?? true));
    sight.observe(root);
    this.#observers = [resize, sight];
  }

  layout(): void {
    this.#request("layout");
  }

  states(): void {
    this.#request("states");
  }

  marks(): void {
    this.#request("marks");
  }

  dispose(): void {
    cancelAnimationFrame(this.#frame);
    for (const observer of this.#observers) observer.disconnect();
  }

  #request(what: "layout" | "states" | "marks"): void {
    this.#dirty.add(what);
    if (this.#frame === 0) this.#frame = requestAnimationFrame((now) => this.#draw(now));
  }

  /** In the very frame in which the bar gets its size, or the page would jump. */
  #drawNow(): void {
    cancelAnimationFrame(this.#frame);
    this.#dirty.add("layout");
    this.#draw(performance.now());
  }

  /** A canvas that was out of sight may come back blank. */
  #see(isOnView: boolean): void {
    const isBack = isOnView && !this.#isOnView;
    this.#isOnView = isOnView;
    if (isBack) this.layout();
  }

  #draw(now: number): void {
    this.#frame = 0;
    const { isConnected } = this.#plot.root;
    this.#present(isConnected);
    // a view that a host has put aside is drawn when it comes back
    if (!isConnected) return void this.#dirty.add("layout");
    const dirty = this.#dirty;
    this.#dirty = new Set();
    const scene = this.#scene();
    if (dirty.has("layout") && !this.#plot.arrange(scene)) return;
    if (dirty.has("layout") || dirty.has("states")) this.#plot.drawStates(scene);
    if (dirty.size > 0) {
      this.#plot.drawMarks(scene);
      this.#drawn();
    }
    this.#animate(scene, now);
  }

  #animate(scene: Scene, now: number): void {
    if (!this.#plot.hasRunning || !this.#isOnView || this.#still.matches) return;
    if (now - this.#moved >= 1000 / PICTURES) {
      this.#moved = now;
      this.#plot.repaint(scene, (now / 1000) * SPEED);
    }
    if (this.#frame === 0) this.#frame = requestAnimationFrame((next) => this.#draw(next));
  }
}
