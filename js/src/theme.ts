// The host's look: dark or light, and the colours of bar.css as the canvas needs them.
import { type Color, pack, type Tile, tileOf } from "./patterns.ts";
import { QUEUED, STATES } from "./states.ts";

export interface Palette {
  tiles: Tile[];
  /** Of what is running: the part that is done, and the line where it ends; packed as pixels. */
  done: number;
  seam: number;
  outline: string;
  accent: string;
  cursor: string;
  surface: string;
  hover: string;
}

/** Whether the bar stands on a dark ground, whatever the host calls its themes. */
function isDark(root: HTMLElement): boolean {
  const ground = groundOf(root);
  if (ground !== null) return luminance(parseColor(ground)) < 0.4;
  const scheme = getComputedStyle(root).colorScheme ?? "";
  return scheme.includes("dark") && (scheme === "dark" || matchMedia("(prefers-color-scheme: dark)").matches);
}

/** The first colour behind the bar that hides what is under it, out through shadow roots; null for a bare page. */
function groundOf(root: HTMLElement): string | null {
  for (let at: Element | null = root; at !== null; at = parentOf(at)) {
    const { backgroundColor } = getComputedStyle(at);
    if (parseColor(backgroundColor)[3] > 127) return backgroundColor;
  }
  return null;
}

function parentOf(at: Element): Element | null {
  if (at.parentElement !== null) return at.parentElement;
  const root = at.getRootNode();
  return root instanceof ShadowRoot ? root.host : null;
}

function luminance([red, green, blue]: Color): number {
  return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
}

let probe: CanvasRenderingContext2D | null = null;

/** Any CSS colour, system colours and `color()` too, as the browser itself resolves it. */
function parseColor(text: string): Color {
  probe ??= Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", {
    willReadFrequently: true,
  });
  if (probe === null || text === "") return [0, 0, 0, 0];
  probe.clearRect(0, 0, 1, 1);
  probe.fillStyle = "transparent";
  probe.fillStyle = text;
  probe.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0, alpha = 0] = probe.getImageData(0, 0, 1, 1).data;
  return [red, green, blue, alpha];
}

function readPalette(root: HTMLElement, ratio: number): Palette {
  const style = getComputedStyle(root);
  const value = (name: string): string => style.getPropertyValue(`--ipa-${name}`).trim();
  return {
    tiles: STATES.map((name, state) =>
      tileOf(state, parseColor(value(name)), parseColor(value(`${name}-ink`)), ratio, state === QUEUED),
    ),
    done: pack(parseColor(value("done"))),
    seam: pack(parseColor(value("seam"))),
    outline: value("outline"),
    accent: value("select"),
    cursor: value("cursor"),
    surface: groundOf(root) ?? value("surface"),
    hover: value("hover"),
  };
}

/** The colours of a bar, read when they are first needed and again whenever the host may have changed them. */
export class Theme {
  readonly #root: HTMLElement;
  readonly #read: (palette: Palette) => void;
  #palette: Palette = { tiles: [], done: 0, seam: 0, outline: "", accent: "", cursor: "", surface: "", hover: "" };
  #isRead = false;

  /** `read` is called with every palette that is read. */
  constructor(root: HTMLElement, read: (palette: Palette) => void) {
    this.#root = root;
    this.#read = read;
  }

  get palette(): Palette {
    // styles are known only in the page, and hosts put a bar there after it is made
    if (this.#isRead || !this.#root.isConnected) return this.#palette;
    this.#isRead = true;
    this.#root.dataset.theme = isDark(this.#root) ? "dark" : "light";
    this.#palette = readPalette(this.#root, devicePixelRatio || 1);
    this.#read(this.#palette);
    return this.#palette;
  }

  /** Calls back when theme, contrast mode or pixel ratio may have changed; returns how to stop. */
  watch(changed: () => void): () => void {
    const again = (): void => {
      this.#isRead = false;
      changed();
    };
    const observer = new MutationObserver(again);
    for (const target of [document.documentElement, document.body]) {
      observer.observe(target, { attributes: true, attributeFilter: THEME_ATTRIBUTES });
    }
    const end = new AbortController();
    const { signal } = end;
    for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
      matchMedia(query).addEventListener("change", again, { signal });
    }
    // asked anew each time: a query about one ratio says nothing of a change between two others
    const watchRatio = (): void => {
      matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener("change", sharpen, { signal, once: true });
    };
    const sharpen = (): void => {
      watchRatio();
      again();
    };
    watchRatio();
    return () => {
      observer.disconnect();
      end.abort();
    };
  }
}

const THEME_ATTRIBUTES = ["class", "style", "data-jp-theme-light", "data-jp-theme-name", "data-theme", "theme"];
