// The host's look: dark or light, and the colours of bar.css as the canvas needs them.
import { type Color, type Tile, tileOf } from "./patterns.ts";
import { QUEUED, STATES } from "./states.ts";

export interface Palette {
  tiles: Tile[];
  outline: string;
  accent: string;
  cursor: string;
  surface: string;
  hover: string;
}

/** Whether the bar stands on a dark ground, whatever the host calls its themes. */
export function isDark(root: HTMLElement): boolean {
  const own = opaque(getComputedStyle(root).backgroundColor);
  if (own !== null) return luminance(own) < 0.4;
  const scheme = getComputedStyle(root.parentElement ?? root).colorScheme;
  if (scheme === "dark" || scheme === "light") return scheme === "dark";
  for (let at: Element | null = root; at !== null; at = parentOf(at)) {
    const ground = opaque(getComputedStyle(at).backgroundColor);
    if (ground !== null) return luminance(ground) < 0.4;
  }
  return scheme?.includes("dark") === true && matchMedia("(prefers-color-scheme: dark)").matches;
}

function parentOf(at: Element): Element | null {
  if (at.parentElement !== null) return at.parentElement;
  const root = at.getRootNode();
  return root instanceof ShadowRoot ? root.host : null;
}

function opaque(text: string): Color | null {
  const color = parseColor(text);
  return color[3] > 127 ? color : null;
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

export function readPalette(root: HTMLElement, ratio: number): Palette {
  const style = getComputedStyle(root);
  const value = (name: string): string => style.getPropertyValue(`--ipa-${name}`).trim();
  return {
    tiles: STATES.map((name, state) =>
      tileOf(state, parseColor(value(name)), parseColor(value(`${name}-ink`)), ratio, state === QUEUED),
    ),
    outline: value("outline"),
    accent: value("select"),
    cursor: value("cursor"),
    surface: value("surface"),
    hover: value("hover"),
  };
}

/** Calls back whenever the theme, the contrast mode or the pixel ratio may have changed; returns how to stop. */
export function watchTheme(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  for (const target of [document.documentElement, document.body]) {
    observer.observe(target, { attributes: true, attributeFilter: THEME_ATTRIBUTES });
  }
  const queries = ["(prefers-color-scheme: dark)", "(forced-colors: active)", `(resolution: ${devicePixelRatio}dppx)`];
  const media = queries.map((query) => matchMedia(query));
  for (const query of media) query.addEventListener("change", changed);
  return () => {
    observer.disconnect();
    for (const query of media) query.removeEventListener("change", changed);
  };
}

const THEME_ATTRIBUTES = ["class", "style", "data-jp-theme-light", "data-jp-theme-name", "data-theme", "theme"];
