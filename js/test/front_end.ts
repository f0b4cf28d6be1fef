// The outside of the bar: the model a host hands over, and a page wide enough to draw on.
import { vi } from "vitest";
import { bytesOf, decode } from "../src/codec.ts";
import type { Intent, Model, Traits } from "../src/protocol.ts";
import widget from "../src/widget.ts";

export const WIDTH = 730;

export type Sent = Intent & { fingerprint: string };

/** A host's model: traits from the kernel, messages to it. */
export class HostModel {
  readonly sent: { message: Sent; buffers: ArrayBuffer[] }[] = [];
  readonly #traits: Traits;
  readonly #handlers = new Map<string, Set<() => void>>();
  #isClosed = false;

  constructor(traits: Traits) {
    this.#traits = traits;
  }

  get asModel(): Model {
    return this as unknown as Model;
  }

  get handlers(): number {
    return [...this.#handlers.values()].reduce((sum, handlers) => sum + handlers.size, 0);
  }

  get(name: keyof Traits): unknown {
    return this.#traits[name];
  }

  on(name: string, handler: () => void): void {
    this.#handlers.set(name, (this.#handlers.get(name) ?? new Set()).add(handler));
  }

  off(name: string, handler: () => void): void {
    this.#handlers.get(name)?.delete(handler);
  }

  send(message: Sent, _callbacks: unknown, buffers: ArrayBuffer[]): void {
    if (this.#isClosed) throw new Error("the comm is closed");
    this.sent.push({ message, buffers });
  }

  save_changes(): void {
    throw new Error("the kernel is the only writer");
  }

  set(): void {
    throw new Error("the kernel is the only writer");
  }

  /** The kernel changes traits; those that are equal stay silent, as in a host. */
  tell(traits: Partial<Traits>): void {
    Object.assign(this.#traits, traits);
    for (const name of Object.keys(traits)) this.fire(`change:${name}`);
  }

  fire(name: string): void {
    for (const handler of this.#handlers.get(name) ?? []) handler();
  }

  close(): void {
    this.#isClosed = true;
  }

  /** The messages of a kind, oldest first. */
  said<Kind extends Intent["kind"]>(kind: Kind): (Sent & { kind: Kind })[] {
    return this.sent.map(({ message }) => message).filter((message): message is Sent & { kind: Kind } => message.kind === kind);
  }

  /** The indices selected by the mask of the last message. */
  lastMask(length: number): number[] {
    const mask = decode(bytesOf(this.sent.at(-1)?.buffers[0]), length);
    return [...mask.keys()].filter((index) => mask[index] === 1);
  }
}

export interface Page {
  model: HostModel;
  root: HTMLElement;
  canvas: HTMLCanvasElement;
  /** Another view of the same model. */
  again(): Promise<HTMLElement>;
  /** Ends this view. */
  leave(): void;
  /** Ends the view and the model. */
  close(): void;
  find<Found extends HTMLElement = HTMLElement>(selector: string): Found;
}

export async function open(traits: Traits): Promise<Page> {
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(WIDTH);
  document.body.replaceChildren();
  const model = new HostModel(traits);
  const definition = typeof widget === "function" ? await widget() : widget;
  const life = new AbortController();
  const host = { model: model.asModel, signal: life.signal, experimental: {} as never, host: {} as never };
  const end = (await definition.initialize?.(host)) as () => void;
  const view = async (): Promise<[HTMLElement, () => void]> => {
    const el = document.body.appendChild(document.createElement("div"));
    const leave = (await definition.render?.({ ...host, el })) as () => void;
    await settled();
    return [el, leave];
  };
  const [el, leave] = await view();
  const find = <Found extends HTMLElement>(selector: string): Found => {
    const found = el.querySelector<Found>(selector);
    if (found === null) throw new Error(`the bar has no ${selector}`);
    return found;
  };
  const close = (): void => [leave, end].forEach((stop) => stop());
  return { model, root: find(".ipa-bar"), canvas: find<HTMLCanvasElement>(".ipa-marks"), again: async () => (await view())[0], leave, close, find };
}

/** After microtasks and the next frame. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => requestAnimationFrame(resolve));
  await new Promise((resolve) => requestAnimationFrame(resolve));
}

export interface Point {
  x: number;
  y?: number;
  shift?: boolean;
}

export function pointer(target: HTMLElement, type: string, { x, y = 12, shift = false }: Point): void {
  const init = { bubbles: true, clientX: x, clientY: y, button: 0, pointerId: 1, isPrimary: true, shiftKey: shift };
  target.dispatchEvent(new PointerEvent(type, init));
}

export async function drag(target: HTMLElement, from: Point, to: Point): Promise<void> {
  pointer(target, "pointerdown", from);
  pointer(target, "pointermove", { ...from, x: (from.x + to.x) / 2 });
  pointer(target, "pointermove", to);
  pointer(target, "pointerup", to);
  await settled();
}

export async function click(target: HTMLElement, at: Point): Promise<void> {
  pointer(target, "pointerdown", at);
  pointer(target, "pointerup", at);
  await settled();
}

export async function key(target: HTMLElement, name: string, init: KeyboardEventInit = {}): Promise<KeyboardEvent> {
  const event = new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true, ...init });
  target.dispatchEvent(event);
  await settled();
  return event;
}
