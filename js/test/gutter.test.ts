import { expect, test } from "vitest";
import { Grid, type DimensionMessage } from "../src/grid.ts";
import { Gutter } from "../src/gutter.ts";
import { Layout } from "../src/layout.ts";

function keys(name: string, list: string[]): DimensionMessage {
  return { name, kind: "static", length: list.length, labels: { list }, ends: null, ticks: [] };
}

const ACROSS = keys("month", Array.from({ length: 30 }, (_, i) => `m${i}`));
const FIVE = [keys("depth", ["low", "high"]), keys("loss", ["L1", "L2"]), ACROSS, keys("region", ["n", "s", "w"]), keys("seed", ["0", "1"])];
const measure = (text: string): number => text.length * 7;

function shown(dimensions: DimensionMessage[], room = 800): { gutter: Gutter; grid: Grid; lines: string[] } {
  const grid = new Grid(dimensions);
  const gutter = new Gutter();
  const down = { first: 0, size: grid.rows };
  gutter.arrange(grid, down, measure, room);
  gutter.show(new Layout(grid, 600, 1, { first: 0, size: grid.columns }, down));
  const lines = new Map<string, string[]>();
  for (const label of gutter.root.querySelectorAll<HTMLElement>(".ipa-row")) {
    lines.set(label.style.top, [...(lines.get(label.style.top) ?? []), label.textContent ?? ""]);
  }
  return { gutter, grid, lines: [...lines.values()].map((parts) => parts.join(" ")) };
}

test("every row of five dimensions has a label, which repeats nothing of the row above", () => {
  const { lines } = shown(FIVE);
  expect(lines).toHaveLength(24);
  expect(lines.slice(0, 8)).toEqual(["low L1 n 0", "1", "s 0", "1", "w 0", "1", "L2 n 0", "1"]);
  expect(lines[12]).toBe("high L1 n 0");
});

test("a label tells its whole row to a pointer that rests on it", () => {
  const { gutter } = shown(FIVE);
  expect([...gutter.root.querySelectorAll<HTMLElement>(".ipa-row")].at(4)?.title).toBe("low · L1 · n · 1");
});

test("an outer label stands for its block of rows, the innermost one for its row", () => {
  const { gutter, grid } = shown(FIVE);
  const width = Number.parseInt(gutter.root.style.width);
  const fourteenth = { top: 13, bottom: 14 };
  expect(gutter.blockAt(grid, -1, fourteenth)).toEqual(fourteenth);
  expect(gutter.blockAt(grid, -25, fourteenth)).toEqual({ top: 12, bottom: 14 });
  expect(gutter.blockAt(grid, 1 - width, fourteenth)).toEqual({ top: 12, bottom: 24 });
});

test("rows too thin for a label each are named by their outer keys alone, at the first of each block", () => {
  const keysOf = (name: string, count: number): DimensionMessage => keys(name, Array.from({ length: count }, (_, i) => `${name}${i}`));
  const { lines } = shown([keysOf("a", 3), keysOf("b", 4), keysOf("c", 3), keysOf("d", 2), ACROSS]);
  expect(lines).toEqual([0, 1, 2].flatMap((a) => [`a${a} b0`, "b1", "b2", "b3"]));
});

test("many rows of one dimension are named where there is room", () => {
  const { lines } = shown([keys("a", Array.from({ length: 28 }, (_, i) => `row ${i}`)), ACROSS]);
  expect(lines[0]).toBe("row 0");
  expect(lines.length).toBeGreaterThan(5);
  expect(lines.length).toBeLessThan(28);
});

test("labels never take much of the bar", () => {
  const long = [keys("a", ["x".repeat(60), "y"]), keys("b", ["z".repeat(60), "w"]), ACROSS];
  expect(Number.parseInt(shown(long).gutter.root.style.width)).toBeLessThanOrEqual(200);
  expect(Number.parseInt(shown(long, 300).gutter.root.style.width)).toBeLessThanOrEqual(120);
});
