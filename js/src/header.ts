// The line above the bar: name, how many partitions are in which state, zoom.
import { button, element, iconButton, number, plural, setText } from "./dom.ts";
import type { Tile } from "./patterns.ts";
import type { Session } from "./session.ts";
import { STATES, type StateName } from "./states.ts";
import type { Palette } from "./theme.ts";

export interface HeaderActions {
  /** Selects all partitions in a state; `add` keeps what is selected already. */
  pick(state: number, add: boolean): void;
  zoom(factor: number): void;
}

interface Chip {
  root: HTMLButtonElement;
  swatch: HTMLCanvasElement;
  text: HTMLElement;
}

const SWATCH = { width: 14, height: 12 };

export class Header {
  readonly root: HTMLElement;
  readonly #title = element("span", "ipa-title");
  readonly #total = element("span", "ipa-total");
  readonly #chips: Chip[];
  readonly #zoom: HTMLElement;
  readonly #out: HTMLButtonElement;

  constructor(actions: HeaderActions) {
    this.#chips = STATES.map((name, state) => chipOf(name, (add) => actions.pick(state, add)));
    const legend = element("div", "ipa-legend", { role: "group", "aria-label": "states" });
    legend.append(...this.#chips.map(({ root }) => root));
    this.#out = iconButton("zoomOut", "zoom out");
    this.#out.addEventListener("click", () => actions.zoom(2));
    const zoomIn = iconButton("zoomIn", "zoom in");
    zoomIn.addEventListener("click", () => actions.zoom(0.5));
    this.#zoom = element("div", "ipa-zoom", {}, this.#out, zoomIn);
    this.root = element("div", "ipa-header", {}, this.#title, this.#total, legend, this.#zoom);
  }

  show(session: Session): void {
    setText(this.#title, session.get("title"));
    const { isWhole, length } = session.grid;
    setText(this.#total, isWhole ? "not partitioned" : plural(length, "partition"));
    const counts = session.get("counts");
    this.#chips.forEach(({ root, text }, state) => {
      const name = STATES[state] as StateName;
      const count = counts[name] ?? 0;
      root.hidden = count === 0;
      root.disabled = isWhole;
      setText(text, isWhole ? name : `${number(count)} ${name}`);
      root.setAttribute("aria-label", `select ${number(count)} ${name}`);
    });
  }

  showZoom(isUseful: boolean, isWhole: boolean): void {
    this.#zoom.hidden = !isUseful;
    this.#out.disabled = isWhole;
  }

  paint({ tiles }: Palette): void {
    this.#chips.forEach(({ swatch }, state) => {
      const tile = tiles[state];
      if (tile !== undefined) paintSwatch(swatch, tile);
    });
  }
}

function chipOf(name: StateName, picked: (add: boolean) => void): Chip {
  const swatch = element("canvas", "ipa-swatch", { "aria-hidden": "true" });
  const text = element("span", "ipa-count");
  const root = button("ipa-chip", { hidden: true, title: `select all ${name}; Shift adds to the selection` }, swatch, text);
  root.addEventListener("click", (event) => picked(event.shiftKey));
  return { root, swatch, text };
}

/** A piece of the bar as its own legend. */
export function paintSwatch(canvas: HTMLCanvasElement, tile: Tile): void {
  const ratio = tile.size / 12;
  canvas.width = Math.round(SWATCH.width * ratio);
  canvas.height = Math.round(SWATCH.height * ratio);
  const context = canvas.getContext("2d");
  if (context === null) return;
  const image = context.createImageData(canvas.width, canvas.height);
  const pixels = new Uint32Array(image.data.buffer);
  const thick = tile.edge === 0 ? 0 : Math.max(Math.round(1.5 * ratio), 1);
  for (let y = 0; y < canvas.height; y++) {
    for (let x = 0; x < canvas.width; x++) {
      const isEdge = Math.min(x, y, canvas.width - 1 - x, canvas.height - 1 - y) < thick;
      const pixel = tile.pixels[(y % tile.size) * tile.size + (x % tile.size)] as number;
      pixels[y * canvas.width + x] = isEdge ? tile.edge : pixel;
    }
  }
  context.putImageData(image, 0, 0);
}
