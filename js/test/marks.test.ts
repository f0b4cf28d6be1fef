import { expect, test } from "vitest";
import { Grid } from "../src/grid.ts";
import { Layout } from "../src/layout.ts";
import { paintMarks } from "../src/marks.ts";
import type { Palette } from "../src/theme.ts";

const WIDTH = 400;
const list = Array.from({ length: 40 }, (_, i) => `k${i}`);
const grid = new Grid([{ name: "", kind: "static", length: 40, labels: { list }, ends: null, ticks: [] }]);
const layout = new Layout(grid, WIDTH, 1, { first: 0, size: 40 }, { first: 0, size: 1 });

/** Where the ring about the keyboard's place begins and ends, from left to right. */
function ring(column: number): [left: number, right: number] {
  const rings: [number, number][] = [];
  const nothing = (): void => undefined;
  const context = {
    canvas: { width: WIDTH, height: 40 },
    setTransform: nothing, clearRect: nothing, strokeRect: nothing, beginPath: nothing, stroke: nothing,
    moveTo: nothing, lineTo: nothing, fill: nothing,
    roundRect: (x: number, _y: number, width: number) => rings.push([x, x + width]),
  } as unknown as CanvasRenderingContext2D;
  const palette = { surface: "", cursor: "" } as Palette;
  paintMarks(context, layout, palette, { coverage: null, hover: null, cursor: { row: 0, column } });
  return rings[0] as [number, number];
}

test("the ring about the keyboard's place stands around its partition", () => {
  expect(ring(20)).toEqual([198, 212]);
});

test.each([0, 39])("the ring is closed about partition %i at an end of the bar", (column) => {
  const [left, right] = ring(column);
  // the line is two pixels wide
  expect(left - 1).toBeGreaterThanOrEqual(0);
  expect(right + 1).toBeLessThanOrEqual(WIDTH);
});
