// What is known of one partition: facts, reason, traceback, and what it printed and displayed.
import { button, element, iconButton, OWN_KEYS, setText } from "./dom.ts";
import { paintSwatch } from "./header.ts";
import type { Detail, Piece } from "./protocol.ts";
import { stateWords } from "./readout.ts";
import { STATES } from "./states.ts";
import type { Palette } from "./theme.ts";

export interface DetailActions {
  close(): void;
  again(index: number): void;
}

/** As pictures these run nothing and fetch nothing; everything else is shown as text. */
const PICTURES = /^image\/(png|jpeg|svg\+xml)$/;

/** Followed only when it is clicked; addresses of other kinds could run something. */
const ADDRESS = /^https?:\/\/\S+$/;

export class DetailPane {
  readonly root = element("section", "ipa-detail", { hidden: true });
  readonly #state = element("span", "ipa-total");
  readonly #actions: DetailActions;
  #shown: Detail | null = null;

  constructor(actions: DetailActions) {
    this.#actions = actions;
  }

  show(detail: Detail | null, fractions: Record<string, number>, palette: Palette, canRun: boolean): void {
    const again = this.root.querySelector<HTMLButtonElement>(".ipa-again");
    if (again !== null) again.disabled = !canRun;
    if (detail !== null) setText(this.#state, stateWords(detail.state, fractions[detail.index]));
    // rebuilt only for news, or a scrolled traceback would jump back at every tick of a run
    if (detail === this.#shown || JSON.stringify(detail) === JSON.stringify(this.#shown)) return;
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
    if (detail.traceback) content.push(scrolled("traceback", "ipa-traceback", detail.traceback));
    if (detail.output.length > 0) content.push(scrolled("output", "ipa-output", ...detail.output.map(pieceOf)));
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
    return element("div", "ipa-detail-head", {}, swatch, name, this.#state, again, close);
  }
}

function facts(rows: [string, string][]): HTMLElement {
  const pairs = rows.flatMap(([name, value]) => [element("dt", "", {}, name), element("dd", "", {}, linked(value))]);
  return element("dl", "ipa-facts", {}, ...pairs);
}

function linked(value: string): HTMLElement | string {
  if (!ADDRESS.test(value)) return value;
  return element("a", "", { href: value, target: "_blank", rel: "noopener noreferrer" }, value);
}

/** Scrolls by itself, so it has to be reachable by keyboard. */
function scrolled(label: string, className: string, ...content: (Node | string)[]): HTMLElement {
  const attributes = { tabindex: 0, role: "group", "aria-label": label, ...OWN_KEYS };
  const body = element("div", `ipa-scrolled ${className}`, attributes, ...content);
  return element("div", "ipa-text", {}, element("div", "ipa-caption", {}, label), body);
}

function pieceOf(piece: Piece): HTMLElement | string {
  if (!("image" in piece) || !PICTURES.test(piece.image)) return piece.text;
  return element("img", "ipa-picture", { src: `data:${piece.image};base64,${piece.data}`, alt: piece.text });
}
