import { expect, test } from "vitest";
import { Grid, type Box, type DimensionMessage } from "../src/grid.ts";
import { combine, count, isAllSet, modeOf, ofState, spanning, stretches, textOf } from "../src/selection.ts";
import { exampleTraits, sameBytes } from "./contract.ts";
import { Random } from "./random.ts";

const days = new Grid(exampleTraits("a new asset").dimensions);
const grid = new Grid(exampleTraits("day x origin").dimensions);

function boxAt(random: Random, within: Grid): Box {
  const cell = () => ({ row: random.below(within.rows), column: random.below(within.columns) });
  return spanning(cell(), cell());
}

function inside(within: Grid, box: Box, index: number): boolean {
  const [row, column] = [within.row(index), within.column(index)];
  return row >= box.top && row < box.bottom && column >= box.left && column < box.right;
}

test("each mode does to every partition what its name says, in one dimension and in two", () => {
  const random = new Random(6);
  for (const within of [days, grid]) {
    for (let round = 0; round < 60; round++) {
      const base = random.stretches(within.length, 2, 40);
      const box = boxAt(random, within);
      const made = new Uint8Array(within.length);
      for (const mode of ["replace", "add", "subtract"] as const) {
        combine(made, base, within, box, mode);
        const expected = base.map((was, index) => {
          if (inside(within, box, index)) return mode === "subtract" ? 0 : 1;
          return mode === "replace" ? 0 : was;
        });
        expect(sameBytes(made, expected)).toBe(true);
      }
    }
  }
});

test("shift adds, unless everything under it is selected: then it subtracts", () => {
  const base = new Uint8Array(days.length).fill(1, 10, 20);
  const over = (left: number, right: number): Box => ({ top: 0, bottom: 1, left, right });
  expect(modeOf(true, base, days, over(12, 15))).toBe("subtract");
  expect(modeOf(true, base, days, over(12, 25))).toBe("add");
  expect(modeOf(false, base, days, over(12, 15))).toBe("replace");
});

test("shift over the same cells twice changes nothing", () => {
  const random = new Random(7);
  for (let round = 0; round < 100; round++) {
    const box = boxAt(random, grid);
    const base = new Uint8Array(grid.length);
    const once = new Uint8Array(grid.length);
    const twice = new Uint8Array(grid.length);
    combine(once, base, grid, box, modeOf(true, base, grid, box));
    expect(isAllSet(once, grid, box)).toBe(true);
    combine(twice, once, grid, box, modeOf(true, once, grid, box));
    expect(count(twice)).toBe(0);
  }
});

test("stretches cover exactly what is selected", () => {
  const random = new Random(8);
  for (let round = 0; round < 100; round++) {
    const mask = random.stretches(200, 2, 20);
    const again = new Uint8Array(200);
    for (const [first, last] of stretches(mask, 1000) ?? []) again.fill(1, first, last + 1);
    expect(sameBytes(again, mask)).toBe(true);
  }
});

test("the partitions in a state are selected together", () => {
  expect([...ofState(Uint8Array.from([2, 6, 2, 9]), 2)]).toEqual([1, 0, 1, 0]);
});

test("a selection reads as ranges and keys before the kernel has answered", () => {
  const mask = new Uint8Array(days.length).fill(1, 0, 31);
  mask[40] = 1;
  expect(textOf(mask, days)).toBe("[2013-01-01...2013-01-31], 2013-02-10");
});

test("keys with other characters are quoted", () => {
  const message: DimensionMessage = {
    name: "", kind: "static", length: 2, labels: { list: ['a "b"', "c"] }, ends: null, ticks: [],
  };
  expect(textOf(Uint8Array.from([1, 1]), new Grid([message]))).toBe('["a \\"b\\""...c]');
});

test("the text of a grid, or of very many ranges, is left to the kernel", () => {
  expect(textOf(new Uint8Array(grid.length), grid)).toBeNull();
  expect(textOf(new Uint8Array(days.length).map((_, i) => i % 2), days)).toBeNull();
});
