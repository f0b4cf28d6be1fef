// One model's side of the conversation, shared by all its views: what the kernel said, and what was asked of it since.
import { bytesOf, decode, encode } from "./codec.ts";
import { Grid } from "./grid.ts";
import { type Intent, type Model, type Notice, noticeOf, TRAITS, type TraitName, type Traits } from "./protocol.ts";
import { count, textOf } from "./selection.ts";
import { Standing } from "./standing.ts";
import { MISSING } from "./states.ts";

/** What a listener is told has changed: traits, or how the kernel answers. */
export type Topic = TraitName | "connection";
export type Listener = (changed: ReadonlySet<Topic>) => void;

/** Live; asked and not answered for a second; no longer there. */
export type Connection = "live" | "busy" | "gone";

/** What was asked for before the kernel has answered; no mask where only the kernel can read the text. */
interface Ahead {
  mask: Uint8Array | null;
  text: string | null;
  serial: number;
}

const PATIENCE = 1000;
const PAUSE = 100;
const OF_SELECTION: readonly TraitName[] = ["selection", "selection_text", "selection_serial", "plan", "notice"];
const OF_RUN: readonly TraitName[] = ["run", "notice"];

export class Session {
  readonly #model: Model;
  readonly #listeners = new Set<Listener>();
  readonly #changed = new Set<Topic>();
  readonly #heard = new Set<TraitName>();
  readonly #handlers = new Map<string, () => void>();
  #grid: Grid;
  #standing: Standing;
  #adopted: Uint8Array;
  /** The user's own selection, ahead of the kernel's. */
  #ahead: Ahead | null = null;
  // begins anywhere, so that two pages on one kernel do not take each other's answers for their own
  #serial = Math.floor(Math.random() * 2 ** 30) * 2 ** 10;
  readonly #awaited = new Set<"run" | "selection">();
  #isStopping = false;
  #patience: ReturnType<typeof setTimeout> | undefined;
  #pause: ReturnType<typeof setTimeout> | undefined;
  #isUnsent = false;
  #connection: Connection = "live";
  #selected = 0;
  #dismissed: number | null = null;

  constructor(model: Model) {
    this.#model = model;
    this.#grid = new Grid(model.get("dimensions"));
    this.#standing = this.#stand();
    this.#adopted = this.#decode("selection");
    this.#selected = count(this.#adopted);
    for (const name of TRAITS) this.#listen(`change:${name}`, () => this.#note(name));
    for (const name of ["comm:close", "comm_live_update", "destroy"]) this.#listen(name, () => this.#lose());
  }

  get grid(): Grid {
    return this.#grid;
  }

  get standing(): Standing {
    return this.#standing;
  }

  get states(): Uint8Array {
    return this.#standing.states;
  }

  get selection(): Uint8Array {
    return this.#ahead?.mask ?? this.#adopted;
  }

  get selected(): number {
    return this.#selected;
  }

  /** The selection in the grammar; null while only the kernel can word it. */
  get selectionText(): string | null {
    return this.#ahead === null ? this.get("selection_text") : this.#ahead.text;
  }

  /** Whether plan and text speak of the selection that is drawn. */
  get isAnswered(): boolean {
    return this.#ahead === null;
  }

  /** Asked to select by a text that only the kernel can read: nobody knows yet what is selected. */
  get isUnknown(): boolean {
    return this.#ahead?.mask === null;
  }

  get isStarting(): boolean {
    return this.#awaited.has("run");
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  get connection(): Connection {
    return this.#connection;
  }

  /** The kernel's last word, until the user does something else. */
  get notice(): Notice | null {
    const notice = noticeOf(this.get("notice"));
    return notice?.serial === this.#dismissed ? null : notice;
  }

  get<Name extends TraitName>(name: Name): Traits[Name] {
    return this.#model.get(name);
  }

  /** Calls the listener once after each batch of changes; returns how to stop. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Selects at once on screen; the kernel's answer replaces it. */
  select(mask: Uint8Array): void {
    const serial = ++this.#serial;
    this.#draw({ mask, text: textOf(mask, this.#grid), serial });
    this.#isUnsent = true;
    if (this.#pause === undefined) this.#flush();
  }

  /** Selects by text; `mask` is what the text is known to mean, null if only the kernel knows. */
  selectText(text: string, mask: Uint8Array | null): void {
    const serial = ++this.#serial;
    this.#isUnsent = false;
    this.#draw({ mask, text, serial });
    this.#send({ kind: "select_text", serial, text });
  }

  /** Runs what the mask says: the selection, unless another is given. */
  materialize(mask = this.selection): void {
    this.#flush();
    this.#isStopping = false;
    this.#ask("run");
    this.#send({ kind: "materialize" }, this.#grid.isWhole ? new Uint8Array([1]) : mask);
  }

  cancel(): void {
    this.#isStopping = true;
    this.#mark("connection");
    this.#send({ kind: "cancel" });
  }

  describe(index: number): void {
    this.#send({ kind: "describe", index });
  }

  closeDetail(): void {
    this.#send({ kind: "close_detail" });
  }

  dispose(): void {
    clearTimeout(this.#patience);
    clearTimeout(this.#pause);
    for (const [name, handler] of this.#handlers) this.#model.off(name, handler);
    this.#listeners.clear();
  }

  #listen(name: string, handler: () => void): void {
    this.#handlers.set(name, handler);
    this.#model.on(name, handler);
  }

  /** A key held down selects thirty times a second; the kernel hears of the first at once and then ten times. */
  #flush(): void {
    clearTimeout(this.#pause);
    this.#pause = undefined;
    if (!this.#isUnsent || this.#ahead === null) return;
    this.#isUnsent = false;
    this.#send({ kind: "select", serial: this.#ahead.serial }, this.selection);
    this.#pause = setTimeout(() => this.#flush(), PAUSE);
  }

  #send(intent: Intent, mask?: Uint8Array): void {
    this.#dismissed = noticeOf(this.get("notice"))?.serial ?? null;
    const message = { ...intent, fingerprint: this.get("fingerprint") };
    const buffers = mask === undefined ? [] : [encode(mask).buffer as ArrayBuffer];
    try {
      this.#model.send(message, undefined, buffers);
    } catch {
      this.#lose();
    }
  }

  #draw(ahead: Ahead): void {
    this.#ahead = ahead;
    this.#selected = count(this.selection);
    this.#ask("selection");
    this.#mark("selection");
  }

  #ask(what: "run" | "selection"): void {
    if (this.#connection === "gone") return;
    this.#awaited.add(what);
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => this.#connect("busy"), PATIENCE);
    this.#mark("connection");
  }

  #lose(): void {
    clearTimeout(this.#patience);
    this.#awaited.clear();
    // a text that nobody will read selects nothing else than before
    if (this.isUnknown) this.#ahead = null;
    this.#isStopping = false;
    this.#connect("gone");
  }

  #connect(connection: Connection): void {
    this.#connection = connection;
    this.#mark("connection");
  }

  #note(name: TraitName): void {
    this.#heard.add(name);
    this.#mark(name);
  }

  /** Changes that arrive together are told together. */
  #mark(topic: Topic): void {
    if (this.#changed.size === 0) queueMicrotask(() => this.#tell());
    this.#changed.add(topic);
  }

  #tell(): void {
    if (this.#heard.size > 0) this.#hear(new Set(this.#heard));
    const changed = new Set(this.#changed);
    this.#heard.clear();
    this.#changed.clear();
    for (const listener of this.#listeners) listener(changed);
  }

  #hear(heard: ReadonlySet<TraitName>): void {
    const isNewSpace = heard.has("dimensions") || heard.has("fingerprint");
    if (isNewSpace) this.#grid = new Grid(this.get("dimensions"));
    if (isNewSpace || heard.has("states") || heard.has("reasons")) this.#standing = this.#stand();
    if (isNewSpace || heard.has("selection")) this.#adopted = this.#decode("selection");
    if (this.#ahead !== null && (isNewSpace || this.#isSettled(this.#ahead, heard))) this.#ahead = null;
    this.#selected = count(this.selection);
    this.#changed.add("selection");
    if (!this.get("run").active) this.#isStopping = false;
    if (OF_RUN.some((name) => heard.has(name))) this.#awaited.delete("run");
    if (this.#ahead === null && OF_SELECTION.some((name) => heard.has(name))) this.#awaited.delete("selection");
    if (this.#awaited.size > 0) return;
    clearTimeout(this.#patience);
    this.#connect("live");
  }

  #isSettled(ahead: Ahead, heard: ReadonlySet<TraitName>): boolean {
    if (heard.has("notice") && this.notice?.level === "error") return true;
    return this.get("selection_serial") === ahead.serial;
  }

  #stand(): Standing {
    return new Standing(this.#decode("states"), this.get("reasons"));
  }

  /** A mask or the states; nothing selected, or all missing, where the text does not fit the space (yet). */
  #decode(name: "states" | "selection"): Uint8Array {
    const text = bytesOf(this.get(name));
    if (text.length > 0) {
      try {
        return decode(text, this.#grid.length);
      } catch (error) {
        console.warn(`ipyassets: ${name} cannot be read:`, error);
      }
    }
    return new Uint8Array(this.#grid.length).fill(name === "states" ? MISSING : 0);
  }
}
