// What is known of one partition: facts, reason, traceback and printed output.
import { button, element, iconButton, OWN_KEYS } from "./dom.ts";
import { paintSwatch } from "./header.ts";
import type { Detail } from "./protocol.ts";
import { STATES } from "./states.ts";
import type { Palette } from "./theme.ts";

export interface DetailActions {
  close(): void;
  again(index: number): void;
}

export class DetailPane {
  readonly root = element("section", "ipa-detail", { hidden: true });
  readonly #actions: DetailActions;
  #shown: Detail | null = null;

  constructor(actions: DetailActions) {
    this.#actions = actions;
  }

  show(detail: Detail | null, palette: Palette, canRun: boolean): void {
    const again = this.root.querySelector<HTMLButtonElement>(".ipa-again");
    if (again !== null) again.disabled = !canRun;
    // rebuilt only for news, or a scrolled traceback would jump back at every tick of a run
    if (JSON.stringify(detail) === JSON.stringify(this.#shown)) return;
    this.#shown = detail;
    this.root.hidden = detail === null;
    this.root.replaceChildren(...(detail === null ? [] : this.#content(detail, palette, canRun)));
    if (detail !== null) this.root.setAttribute("aria-label", `partition ${detail.key}`);
  }

  paint(palette: Palette): void {
    const swatch = this.root.querySelector<HTMLCanvasElement>(".ipa-swatch");
    const tile = palette.tiles[STATES.indexOf(this.#shown?.state ?? "missing")];
    if (swatch !== null && tile !== undefined) paintSwatch(swatch, tile);
  }

  #content(detail: Detail, palette: Palette, canRun: boolean): HTMLElement[] {
    const content = [this.#head(detail, palette, canRun)];
    if (detail.reason) content.push(element("p", "ipa-reason", {}, detail.reason));
    if (detail.rows.length > 0) content.push(facts(detail.rows));
    if (detail.traceback) content.push(text("traceback", detail.traceback, "ipa-traceback"));
    if (detail.output) content.push(text("printed", detail.output, "ipa-output"));
    return content;
  }

  #head({ index, key, state }: Detail, palette: Palette, canRun: boolean): HTMLElement {
    const swatch = element("canvas", "ipa-swatch", { "aria-hidden": "true" });
    const tile = palette.tiles[STATES.indexOf(state)];
    if (tile !== undefined) paintSwatch(swatch, tile);
    const again = button("ipa-again", { disabled: !canRun }, "Run again");
    again.addEventListener("click", () => this.#actions.again(index));
    const close = iconButton("close", "close details", "ipa-close");
    close.addEventListener("click", () => this.#actions.close());
    const name = element("span", "ipa-title", {}, key);
    return element("div", "ipa-detail-head", {}, swatch, name, element("span", "ipa-total", {}, state), again, close);
  }
}

function facts(rows: [string, string][]): HTMLElement {
  const pairs = rows.flatMap(([name, value]) => [element("dt", "", {}, name), element("dd", "", {}, value)]);
  return element("dl", "ipa-facts", {}, ...pairs);
}

/** Scrolls by itself, so it has to be reachable by keyboard. */
function text(label: string, content: string, className: string): HTMLElement {
  const body = element("pre", className, { tabindex: 0, role: "group", "aria-label": label, ...OWN_KEYS }, content);
  return element("div", "ipa-text", {}, element("div", "ipa-caption", {}, label), body);
}
