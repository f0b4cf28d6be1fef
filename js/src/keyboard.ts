// What a key means on the bar.
export type Action =
  | { kind: "move"; rows: number; columns: number; extend: boolean }
  | { kind: "page"; by: -1 | 1; extend: boolean }
  | { kind: "end"; last: boolean; extend: boolean }
  | { kind: "zoom"; factor: number }
  | { kind: "all" | "toggle" | "materialize" | "escape" };

const PLAIN: Record<string, Action> = {
  " ": { kind: "toggle" },
  Enter: { kind: "materialize" },
  Escape: { kind: "escape" },
  "+": { kind: "zoom", factor: 0.5 },
  "=": { kind: "zoom", factor: 0.5 },
  "-": { kind: "zoom", factor: 2 },
  "0": { kind: "zoom", factor: Number.POSITIVE_INFINITY },
};

const ARROWS: Record<string, [rows: number, columns: number]> = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
};

/** Null for keys that are not the bar's: Tab, and whatever the host or the browser wants. */
export function actionOf(event: KeyboardEvent): Action | null {
  const extend = event.shiftKey;
  if (event.ctrlKey || event.metaKey) return event.key.toLowerCase() === "a" ? { kind: "all" } : null;
  if (event.altKey) return null;
  const arrow = ARROWS[event.key];
  if (arrow !== undefined) return { kind: "move", rows: arrow[0], columns: arrow[1], extend };
  if (event.key === "PageUp" || event.key === "PageDown") {
    return { kind: "page", by: event.key === "PageUp" ? -1 : 1, extend };
  }
  if (event.key === "Home" || event.key === "End") return { kind: "end", last: event.key === "End", extend };
  return PLAIN[event.key] ?? null;
}
