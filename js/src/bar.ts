// One view of one model: puts the parts together, turns gestures and keys into selections, draws once a frame.
import { Announcer } from "./announcer.ts";
import { Camera } from "./camera.ts";
import { Commands } from "./commands.ts";
import { Cursor } from "./cursor.ts";
import { DetailPane } from "./detail.ts";
import { element } from "./dom.ts";
import { Footer } from "./footer.ts";
import { Gestures } from "./gestures.ts";
import type { Grid } from "./grid.ts";
import { Header } from "./header.ts";
import { writeHooks, writeRole } from "./hooks.ts";
import { type Action, actionOf } from "./keyboard.ts";
import { closest } from "./layout.ts";
import type { Drag, Memory, Place, View } from "./memory.ts";
import { Plot, type Scene } from "./plot.ts";
import { Pointing } from "./pointing.ts";
import { detailOf } from "./protocol.ts";
import { Readout, wordsOf } from "./readout.ts";
import { Schedule } from "./schedule.ts";
import { count } from "./selection.ts";
import type { Session, Topic } from "./session.ts";
import { statusOf } from "./status.ts";
import { Stroke } from "./stroke.ts";
import { type Palette, Theme } from "./theme.ts";

export class Bar implements View {
  readonly #session: Session;
  readonly #commands: Commands;
  readonly #camera: Camera;
  readonly root: HTMLElement;
  readonly #plot = new Plot();
  readonly #header: Header;
  readonly #readout = new Readout();
  readonly #footer: Footer;
  readonly #detail: DetailPane;
  readonly #announcer = new Announcer();
  readonly #pointing: Pointing;
  readonly #gestures: Gestures;
  readonly #schedule: Schedule;
  readonly #theme: Theme;
  readonly #end = new AbortController();
  readonly #cursor = new Cursor();
  readonly #memory: Memory;
  #grid: Grid | null = null;
  #subscriptions: (() => void)[] = [];
  /** The cursor is drawn while keys move it, not after a click. */
  #hasKeyboard = false;

  constructor(session: Session, memory: Memory, el: HTMLElement) {
    this.#session = session;
    this.#memory = memory;
    this.#camera = new Camera(session.grid, () => this.#moved());
    const commands = new Commands(session, this.#cursor, (mask) => this.#selected(mask));
    this.#commands = commands;
    this.#header = new Header({
      pick: (state, add) => commands.pickState(state, add),
      zoom: (factor) => this.#zoomBy(factor),
    });
    this.#footer = new Footer({
      apply: (text) => commands.applyText(text),
      drop: () => this.#footer.show(session),
      materialize: () => commands.materialize(),
      cancel: () => session.cancel(),
      leave: () => this.#plot.canvas.focus(),
      edit: (text) => {
        memory.draft = text;
      },
    });
    if (memory.draft !== null) this.#footer.resume(memory.draft);
    this.#detail = new DetailPane({ close: () => this.#closeDetail(), again: (index) => commands.again(index) });
    const parts = [this.#header, this.#plot, this.#readout, this.#footer, this.#detail, this.#announcer];
    this.root = element("div", "ipa-bar", {}, ...parts.map(({ root }) => root));
    el.replaceChildren(this.root);
    this.#theme = new Theme(this.root, (palette) => this.#paint(palette));
    this.#schedule = new Schedule(this.#header.root, this.#plot, {
      scene: () => this.#scene(),
      drawn: () => this.#drawn(),
      present: (isInPage) => (isInPage ? this.#wake() : this.#sleep()),
    });
    memory.watch(this.root, this.#end.signal);
    this.#pointing = new Pointing(
      { session, plot: this.#plot, camera: this.#camera, cursor: this.#cursor, commands },
      () => this.#schedule.marks(),
      () => this.#focus(false),
    );
    const { stage, gutter, axis, canvas } = this.#plot;
    const strip = (): number => this.#plot.layout?.strip ?? 0;
    this.#gestures = new Gestures(this.#pointing, { stage, rows: gutter.root, axis: axis.root }, strip, this.#end.signal);
    this.#listen(canvas);
    this.#wake();
    const place = memory.placeFor(session.get("fingerprint"));
    if (place !== null) this.#look(place);
  }

  release(): Drag | null {
    const grip = this.#gestures.release();
    return grip === null ? null : { grip, stroke: this.#pointing.release() };
  }

  resume({ grip, stroke }: Drag): void {
    this.#pointing.resume(stroke);
    this.#gestures.resume(grip);
  }

  dispose(): void {
    this.#end.abort();
    this.#sleep();
    this.#schedule.dispose();
    this.#announcer.dispose();
    this.root.remove();
  }

  // what keys and buttons ask for

  #listen(canvas: HTMLCanvasElement): void {
    const { signal } = this.#end;
    this.root.addEventListener("pointerdown", () => this.#memory.hold(this), { signal });
    canvas.addEventListener("keydown", (event) => this.#key(event), { signal });
    canvas.addEventListener("focus", () => this.#focus(canvas.matches(":focus-visible")), { signal });
    canvas.addEventListener("blur", () => this.#focus(false), { signal });
  }

  #focus(isVisible: boolean): void {
    this.#hasKeyboard = isVisible;
    this.#schedule.marks();
  }

  #key(event: KeyboardEvent): void {
    const action = actionOf(event);
    if (action === null) return;
    // not Escape: a host may want to leave its own mode by it too
    event.preventDefault();
    if (action.kind !== "escape") event.stopPropagation();
    this.#hasKeyboard = true;
    this.#act(action);
  }

  #act(action: Action): void {
    const { grid } = this.#session;
    if (action.kind === "escape") this.#escape();
    else if (action.kind === "materialize") this.#commands.materialize();
    else if (action.kind === "zoom") this.#zoomBy(action.factor);
    else if (grid.length === 0 || grid.isWhole) return;
    else if (action.kind === "all") this.#commands.selectAll();
    else if (action.kind === "toggle") this.#commands.toggle();
    else this.#move(action);
  }

  #move(action: Action): void {
    const { grid } = this.#session;
    this.#cursor.step(action, grid, this.#camera.page);
    this.#camera.show(this.#cursor.cell);
    const extent = "extend" in action && action.extend ? this.#cursor.extent() : null;
    if (extent !== null) this.#commands.select(new Stroke(grid, this.#session.selection, extent, false).mask);
    this.#update(new Set());
  }

  #escape(): void {
    if (this.#gestures.isActive) this.#gestures.abort();
    else if (this.#session.selected > 0) this.#commands.clear();
    else this.#closeDetail();
  }

  #selected(mask: Uint8Array): void {
    this.#footer.reset();
    this.#announcer.say(`${count(mask)} of ${mask.length} selected`);
  }

  #paint(palette: Palette): void {
    this.#header.paint(palette);
    this.#detail.paint(palette);
  }

  #moved(): void {
    this.#pointing.hover(null);
    this.#schedule.layout();
  }

  #look({ across, down, cell }: Place): void {
    this.#cursor.resume(cell);
    this.#camera.resume(across, down);
    this.#update(new Set());
  }

  #closeDetail(): void {
    this.#commands.closeDetail();
    if (this.#detail.root.contains(document.activeElement)) this.#plot.canvas.focus();
  }

  #zoomBy(factor: number): void {
    const { width } = this.#plot.layout ?? { width: 0 };
    const { column } = this.#cursor.cell;
    const x = this.#plot.layout?.x(column + 0.5) ?? 0;
    this.#pointing.zoom(factor, this.#hasKeyboard && x >= 0 && x <= width ? x : width / 2);
  }

  // what is shown

  #wake(): void {
    if (this.#subscriptions.length > 0) return;
    const { grid } = this.#session;
    this.#subscriptions = [
      this.#session.subscribe((changed) => this.#update(changed)),
      this.#theme.watch(() => this.#schedule.layout()),
    ];
    this.#schedule.layout();
    this.#update(new Set<Topic>(grid === this.#grid ? [] : ["dimensions"]));
  }

  /** Hosts may drop a view without a word: out of the page it must not be kept alive, nor keep up with a run. */
  #sleep(): void {
    for (const stop of this.#subscriptions.splice(0)) stop();
  }

  #update(changed: ReadonlySet<Topic>): void {
    const session = this.#session;
    if (changed.has("dimensions") || changed.has("fingerprint")) {
      this.#grid = session.grid;
      this.#camera.fit(session.grid);
      this.#cursor.hold(session.grid);
      this.#gestures.abort();
      this.#pointing.hover(null);
      this.#schedule.layout();
    }
    if (changed.has("states") || changed.has("fractions")) this.#schedule.states();
    const held = this.root.querySelector(":focus");
    this.#schedule.marks();
    this.#header.show(session);
    this.#footer.show(session);
    this.#readout.showCode(session.isAnswered ? session.get("plan").code : "");
    this.#detail.show(detailOf(session.get("detail")), session.get("fractions"), this.#theme.palette, this.#commands.canRun);
    // what goes takes the focus with it, and the next key would be the notebook's
    if (held !== null && (!held.isConnected || held.closest("[hidden], :disabled") !== null)) {
      this.#plot.canvas.focus({ preventScroll: true });
    }
    const cursor = this.#cursor.index(session.grid);
    writeHooks(this.root, this.#plot.canvas, session, cursor);
    writeRole(this.#plot.canvas, session, cursor);
    if (changed.has("run") || changed.has("notice") || changed.has("connection")) this.#announcer.say(statusOf(session).text);
  }

  #scene(): Scene {
    const { grid, states, selected, selection } = this.#session;
    const strokeMask = this.#pointing.stroke?.mask ?? null;
    return {
      grid,
      states,
      fractions: this.#session.get("fractions"),
      mask: strokeMask ?? (selected > 0 && !grid.isWhole ? selection : null),
      across: this.#camera.across,
      down: this.#camera.down,
      hover: this.#pointing.hovered,
      cursor: this.#hasKeyboard && grid.length > 0 ? this.#cursor.cell : null,
      palette: this.#theme.palette,
    };
  }

  #drawn(): void {
    const { across, down } = this.#camera;
    const place = { fingerprint: this.#session.get("fingerprint"), across, down, cell: this.#cursor.cell };
    this.#memory.keep(place, this);
    this.root.dataset.ready = "true";
    this.#plot.canvas.dataset.ready = "true";
    const focus = this.#hasKeyboard ? this.#cursor.index(this.#session.grid) : null;
    const { layout, axis } = this.#plot;
    this.#readout.show(wordsOf(this.#session, this.#pointing.stroke, this.#pointing.hovered, focus, axis.range));
    if (layout === null) return;
    this.#header.showZoom(this.#session.grid.columns > closest(layout.width), this.#camera.isWhole);
  }
}
