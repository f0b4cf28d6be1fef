// Speaks to screen readers, politely: the latest word, at most every other second.
import { element, setText } from "./dom.ts";

const INTERVAL = 2000;

export class Announcer {
  readonly root = element("div", "ipa-live", { role: "status", "aria-live": "polite" });
  #pending = "";
  #timer: ReturnType<typeof setTimeout> | undefined;

  say(text: string): void {
    this.#pending = text;
    if (this.#timer === undefined) this.#speak();
  }

  dispose(): void {
    clearTimeout(this.#timer);
  }

  #speak(): void {
    this.#timer = undefined;
    if (this.#pending === "" || this.#pending === this.root.textContent) return;
    setText(this.root, this.#pending);
    this.#timer = setTimeout(() => this.#speak(), INTERVAL);
  }
}
