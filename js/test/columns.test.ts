import { describe, expect, test } from "vitest";
import { aggregate, coverage, cuts, stack } from "../src/columns.ts";
import { Grid, type DimensionMessage } from "../src/grid.ts";
import { FAILED, FRESH, MISSING, RUNNING, STATES } from "../src/states.ts";
import { Random } from "./random.ts";

function dimension(name: string, length: number): DimensionMessage {
  const list = Array.from({ length }, (_, i) => `${name}${i}`);
  return { name, kind: "static", length, labels: { list }, ends: null, ticks: [] };
}

function heightsOf(counts: Partial<Record<number, number>>, room: number): Uint16Array {
  const heights = new Uint16Array(STATES.length);
  stack(heights, Uint32Array.from(STATES, (_, state) => counts[state] ?? 0), 0, room);
  return heights;
}

test("every partition falls on exactly one pixel when there are more partitions than pixels", () => {
  const random = new Random(2);
  for (let round = 0; round < 200; round++) {
    const length = 1 + random.below(5000);
    const pixels = 1 + random.below(length);
    const { from, until } = cuts({ first: 0, size: length }, length, pixels);
    expect(from[0]).toBe(0);
    expect(until[pixels - 1]).toBe(length);
    expect([...from.subarray(1)]).toEqual([...until.subarray(0, -1)]);
  }
});

test("every partition is seen when there are more pixels than partitions", () => {
  const { from } = cuts({ first: 0, size: 365 }, 365, 900);
  expect(new Set(from).size).toBe(365);
});

test("the counts of all pixels are the counts of the states, in one dimension and in two", () => {
  const random = new Random(3);
  for (const grid of [new Grid([dimension("a", 4321)]), new Grid([dimension("a", 365), dimension("b", 12)])]) {
    const states = random.stretches(grid.length, 10, 60);
    const down = cuts({ first: 0, size: grid.rows }, grid.rows, Math.min(grid.rows, 5));
    const counts = aggregate(states, grid, cuts({ first: 0, size: grid.columns }, grid.columns, 97), down);
    for (let state = 0; state < STATES.length; state++) {
      const expected = states.filter((value) => value === state).length;
      expect(counts.filter((_, slot) => slot % STATES.length === state).reduce((a, b) => a + b, 0)).toBe(expected);
    }
  }
});

describe("a stack", () => {
  test("fills its room exactly and keeps every state that occurs, whatever the counts", () => {
    const random = new Random(4);
    for (let round = 0; round < 3000; round++) {
      const counts = Object.fromEntries(STATES.map((_, state) => [state, random.below(3) ? 0 : random.below(5000)]));
      const heights = heightsOf(counts, 28 + random.below(40));
      const occurring = STATES.map((_, state) => state).filter((state) => counts[state]);
      if (occurring.length === 0) continue;
      for (const state of occurring) expect(heights[state], JSON.stringify(counts)).toBeGreaterThan(0);
      for (const state of [FAILED, RUNNING]) if (counts[state]) expect(heights[state]).toBeGreaterThanOrEqual(5);
      for (const [state, height] of heights.entries()) if (!counts[state]) expect(height).toBe(0);
    }
  });

  test("adds up to its room", () => {
    const random = new Random(5);
    for (let round = 0; round < 3000; round++) {
      const room = 3 + random.below(60);
      const counts = Object.fromEntries(STATES.map((_, state) => [state, random.below(2) ? 0 : random.below(900)]));
      const sum = heightsOf(counts, room).reduce((a, b) => a + b, 0);
      expect(sum).toBe(Object.values(counts).some((n) => n > 0) ? room : 0);
    }
  });

  test("shows one failure among a million", () => {
    expect(heightsOf({ [FAILED]: 1, [FRESH]: 999_999 }, 28)[FAILED]).toBe(8);
  });

  test("shows a failure even where there is a single pixel", () => {
    expect(heightsOf({ [FAILED]: 1, [FRESH]: 10, [MISSING]: 500 }, 1)[FAILED]).toBe(1);
  });

  test("is all failure where a row is thin", () => {
    expect(heightsOf({ [FAILED]: 1, [FRESH]: 3000 }, 8)[FAILED]).toBe(8);
  });

  test("is proportional otherwise", () => {
    const heights = heightsOf({ [FRESH]: 75, [MISSING]: 25 }, 28);
    expect([heights[FRESH], heights[MISSING]]).toEqual([21, 7]);
  });
});

test("a pixel is covered by a selection wholly, partly or not at all", () => {
  const grid = new Grid([dimension("a", 100)]);
  const mask = new Uint8Array(100).fill(1, 5, 20);
  const found = coverage(mask, grid, cuts({ first: 0, size: 100 }, 100, 10), cuts({ first: 0, size: 1 }, 1, 1));
  expect([...found]).toEqual([1, 2, 0, 0, 0, 0, 0, 0, 0, 0]);
});
