import { describe, expect, test } from "vitest";
import { aggregate } from "../src/columns.ts";
import { fillsOf } from "../src/fill.ts";
import { Grid } from "../src/grid.ts";
import { Layout } from "../src/layout.ts";
import { paintStates, stacks } from "../src/paint.ts";
import { type Color, tileOf } from "../src/patterns.ts";
import { FAILED, FRESH, MISSING, QUEUED, RUNNING, STATES } from "../src/states.ts";
import type { Palette } from "../src/theme.ts";
import type { Window } from "../src/ticks.ts";

/** Each state in a red of its own, its pattern in the same red with some blue. */
const red = (state: number): number => 20 + state * 20;
const paper = (state: number): Color => [red(state), 0, 0, 255];
const ink = (state: number): Color => [red(state), 0, 255, 255];

/** Green, and white. */
const DONE = 0xff00ff00;
const SEAM = 0xffffffff;

function palette(ratio: number): Palette {
  const tiles = STATES.map((_, state) => tileOf(state, paper(state), ink(state), ratio, state === QUEUED));
  return { tiles, done: DONE, seam: SEAM, outline: "", accent: "", cursor: "", surface: "", hover: "" };
}

interface Picture {
  /** Code of the state at a device pixel, null where nothing is drawn. */
  at(x: number, y: number): number | null;
  blue(x: number, y: number): number;
  green(x: number, y: number): number;
  width: number;
  height: number;
}

function paint(
  states: Uint8Array,
  { width = 400, ratio = 1, window = { first: 0, size: states.length }, phase = 0, fractions = {} } = {},
): Picture {
  return paintGrid(gridOf(states.length), states, width, ratio, window, phase, fractions);
}

function gridOf(length: number): Grid {
  const list = Array.from({ length }, (_, i) => `k${i}`);
  return new Grid([{ name: "", kind: "static", length, labels: { list }, ends: null, ticks: [] }]);
}

function layoutOf(length: number, window = { first: 0, size: length }): Layout {
  return new Layout(gridOf(length), 400, 1, window, { first: 0, size: 1 });
}

function paintGrid(
  grid: Grid,
  states: Uint8Array,
  width: number,
  ratio: number,
  across: Window,
  phase: number,
  fractions: Record<string, number>,
): Picture {
  const layout = new Layout(grid, width, ratio, across, { first: 0, size: grid.rows });
  const size = { width: layout.devicePixels, height: Math.round(layout.height * ratio) };
  const data = new Uint8ClampedArray(size.width * size.height * 4);
  const nothing = (): void => {};
  const context = {
    canvas: size, createImageData: () => ({ data }), putImageData: nothing, save: nothing, restore: nothing,
    scale: nothing, beginPath: nothing, roundRect: nothing, stroke: nothing, setLineDash: nothing,
  };
  const heights = stacks(aggregate(states, grid, layout.acrossCuts, layout.downCuts), layout);
  paintStates(context as unknown as CanvasRenderingContext2D, layout, heights, fillsOf(fractions, states, layout), palette(ratio), phase);
  const byte = (x: number, y: number, channel: number): number => data[(y * size.width + x) * 4 + channel] ?? 0;
  return {
    ...size,
    at: (x, y) => (byte(x, y, 3) === 0 ? null : Math.round((byte(x, y, 0) - 20) / 20)),
    blue: (x, y) => byte(x, y, 2),
    green: (x, y) => byte(x, y, 1),
  };
}

function area(picture: Picture, state: number): { width: number; height: number } {
  const columns = new Set<number>();
  const rows = new Set<number>();
  for (let y = 0; y < picture.height; y++) {
    for (let x = 0; x < picture.width; x++) if (picture.at(x, y) === state) columns.add(x), rows.add(y);
  }
  return { width: columns.size, height: rows.size };
}

test("each partition has the colour of its state", () => {
  const states = Uint8Array.from(STATES, (_, state) => state);
  const picture = paint(states);
  expect(STATES.map((_, state) => picture.at(state * 40 + 20, 14))).toEqual([...states]);
});

test.each([1, 2])("one failure among a million is seen, at %d device pixels to one", (ratio) => {
  const states = new Uint8Array(1_000_000).fill(FRESH);
  states[654_321] = FAILED;
  const found = area(paint(states, { ratio }), FAILED);
  expect(found.width).toBeGreaterThanOrEqual(3 * ratio);
  expect(found.height).toBeGreaterThanOrEqual(8 * ratio);
});

test("a failure at the very end is seen as well", () => {
  const states = new Uint8Array(100_000).fill(FRESH);
  states[99_999] = FAILED;
  expect(area(paint(states), FAILED).width).toBeGreaterThanOrEqual(3);
});

test("a stack is filled from below by what is done, with what is missing above", () => {
  const states = Uint8Array.from({ length: 4000 }, (_, i) => (i % 4 === 0 ? MISSING : FRESH));
  const picture = paint(states);
  expect([picture.at(200, 1), picture.at(200, 6), picture.at(200, 8), picture.at(200, 27)]).toEqual([MISSING, MISSING, FRESH, FRESH]);
});

describe("segments", () => {
  test("wide ones are set apart by a hairline", () => {
    const picture = paint(new Uint8Array(40).fill(FRESH));
    expect([picture.at(109, 14), picture.at(110, 14), picture.at(111, 14)]).toEqual([FRESH, null, FRESH]);
  });

  test("narrow ones that are equal merge", () => {
    const picture = paint(new Uint8Array(100).fill(FRESH));
    for (let x = 4; x < 396; x++) expect(picture.at(x, 14)).toBe(FRESH);
  });
});

describe("ends", () => {
  test("of the whole are rounded", () => {
    const picture = paint(new Uint8Array(100).fill(FRESH));
    expect([picture.at(0, 0), picture.at(399, 0), picture.at(0, 27), picture.at(399, 27)]).toEqual([null, null, null, null]);
  });

  test("are cut straight where the bar goes on beyond the view", () => {
    const picture = paint(new Uint8Array(100).fill(FRESH), { window: { first: 10, size: 50 } });
    expect([picture.at(0, 0), picture.at(399, 27)]).toEqual([FRESH, FRESH]);
  });
});

test("rows of a grid are drawn one below the other, each with its own states", () => {
  const list = (name: string, length: number) => Array.from({ length }, (_, i) => `${name}${i}`);
  const dimension = (name: string, length: number) => {
    return { name, kind: "static", length, labels: { list: list(name, length) }, ends: null, ticks: [] } as const;
  };
  const grid = new Grid([{ ...dimension("long", 50), ticks: [] }, { ...dimension("row", 2), ticks: [] }]);
  const states = Uint8Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? FRESH : FAILED));
  const picture = paintGrid(grid, states, 400, 1, { first: 0, size: 50 }, 0, {});
  expect([picture.at(204, 12), picture.at(204, 36)]).toEqual([FRESH, FAILED]);
});

test("what is queued is outlined", () => {
  const picture = paint(new Uint8Array(100).fill(QUEUED));
  expect([picture.blue(200, 0), picture.blue(200, 14), picture.blue(200, 27)]).toEqual([255, 0, 255]);
});

test("only the stripes of what is running move", () => {
  const moved = (state: number): boolean => {
    const states = new Uint8Array(100).fill(state);
    const [before, after] = [paint(states), paint(states, { phase: 5 })];
    return Array.from({ length: 300 }, (_, x) => before.blue(x + 50, 14) !== after.blue(x + 50, 14)).includes(true);
  };
  expect(STATES.map((_, state) => moved(state))).toEqual(STATES.map((_, state) => state === RUNNING));
});

describe("what is running and says how far it has come", () => {
  const running = (length: number): Uint8Array => new Uint8Array(length).fill(RUNNING);
  const filled = (picture: Picture, x: number, y: number): boolean => picture.green(x, y) === 255 && picture.blue(x, y) === 0;

  test("fills its segment to the right, up to a line", () => {
    const picture = paint(running(4), { fractions: { 1: 0.4 } });
    expect([101, 139, 140, 141, 199, 99, 201].map((x) => filled(picture, x, 14))).toEqual([true, true, false, false, false, false, false]);
    expect([picture.green(140, 14), picture.blue(140, 14)]).toEqual([255, 255]);
  });

  test("fills a segment that is higher than wide upwards", () => {
    const picture = paint(running(100), { fractions: { 10: 0.5 } });
    expect([27, 14, 13, 12].map((y) => filled(picture, 42, y))).toEqual([true, true, false, false]);
    expect(picture.green(42, 13)).toBe(255);
    expect([39, 44].map((x) => filled(picture, x, 27))).toEqual([false, false]);
  });

  test("is filled alone: not what shares its pixel with others, nor what does not run any more", () => {
    const shared = fillsOf({ 5: 0.5 }, running(1000), layoutOf(1000));
    const over = fillsOf({ 5: 0.5 }, new Uint8Array(100).fill(FRESH), layoutOf(100));
    expect([shared, over]).toEqual([[], []]);
  });

  test("is filled where it is on view, and only there", () => {
    const window = { first: 50, size: 10 };
    const across = (index: number): unknown => fillsOf({ [index]: 0.5 }, running(100), layoutOf(100, window))[0];
    expect([across(49), across(60)]).toEqual([undefined, undefined]);
    expect([across(50), across(59)]).toMatchObject([{ left: 0, right: 40 }, { left: 360, right: 400 }]);
  });
});

test("states are told apart by pattern where colours are not seen; fresh and missing are plain", () => {
  const tiles = STATES.map((_, state) => tileOf(state, [0, 0, 0, 255], [255, 255, 255, 255], 2, state === QUEUED));
  const patterns = tiles.map(({ pixels, edge }) => `${edge} ${pixels.join()}`);
  expect(patterns[FRESH]).toBe(patterns[MISSING]);
  expect(new Set(patterns).size).toBe(STATES.length - 1);
});
