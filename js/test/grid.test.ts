import { expect, test } from "vitest";
import { Grid, type DimensionMessage } from "../src/grid.ts";
import { exampleTraits } from "./contract.ts";

function keys(name: string, list: string[]): DimensionMessage {
  return { name, kind: "static", length: list.length, labels: { list }, ends: null, ticks: [] };
}

const days = exampleTraits("day x origin").dimensions[0] as DimensionMessage;

test("one dimension is one row", () => {
  const grid = new Grid([keys("", ["a", "b", "c"])]);
  expect([grid.rows, grid.columns, grid.index(0, 2), grid.key(2)]).toEqual([1, 3, 2, "c"]);
});

test("time runs across whichever dimension it is, and keys keep the order of the dimensions", () => {
  const grid = new Grid([days, keys("origin", ["EWR", "JFK", "LGA"])]);
  expect([grid.rows, grid.columns]).toEqual([3, 365]);
  expect(grid.rowParts(1)).toEqual(["JFK"]);
  expect(grid.key(grid.index(1, 31))).toBe("2013-02-01|JFK");
  expect(grid.windowEnd(grid.index(1, 31))).toBe("2013-02-02");
});

test("without a time line the longest dimension runs across", () => {
  const grid = new Grid([keys("size", ["s", "m"]), keys("color", ["red", "green", "blue"])]);
  expect([grid.rows, grid.columns]).toEqual([2, 3]);
});

test("three dimensions are facets of rows, the outer one first", () => {
  const grid = new Grid([keys("color", ["red", "blue"]), days, keys("origin", ["EWR", "JFK", "LGA"])]);
  expect(grid.rows).toBe(6);
  expect([0, 2, 3].map((row) => grid.rowParts(row).join(" "))).toEqual(["red EWR", "red LGA", "blue EWR"]);
  expect([0, 2, 3].map((row) => grid.facet(row))).toEqual([0, 0, 1]);
  expect([0, 1].map((part) => grid.blockSize(part))).toEqual([3, 1]);
});

test("row and column lead to an index and back", () => {
  const grid = new Grid([keys("color", ["red", "blue"]), days, keys("origin", ["EWR", "JFK", "LGA"])]);
  const seen = new Set<number>();
  for (let row = 0; row < grid.rows; row++) {
    for (let column = 0; column < grid.columns; column++) {
      const index = grid.index(row, column);
      seen.add(index);
      expect([grid.row(index), grid.column(index)]).toEqual([row, column]);
    }
  }
  expect(seen.size).toBe(grid.length);
});

test("a space without keys has no rows", () => {
  const grid = new Grid(exampleTraits("a space without keys").dimensions);
  expect([grid.length, grid.rows, grid.columns]).toEqual([0, 0, 0]);
});

test("an asset without partitions is whole", () => {
  expect(new Grid(exampleTraits("an asset without partitions").dimensions).isWhole).toBe(true);
  expect(new Grid([days]).isWhole).toBe(false);
});
