import { expect, test } from "vitest";
import { bytesOf, decode } from "../src/codec.ts";
import { Grid } from "../src/grid.ts";
import { Standing, type Reason } from "../src/standing.ts";
import { FAILED, MISSING, STALE, STATES } from "../src/states.ts";
import { exampleTraits } from "./contract.ts";
import { Random } from "./random.ts";

function standingOf(name: string): Standing {
  const { states, reasons } = exampleTraits(name);
  return new Standing(decode(bytesOf(states), 365), reasons);
}

test("a byte stands for a state, or for a state and its reason", () => {
  const standing = standingOf("stale for two reasons, and failed with other code");
  expect([0, 19, 20, 32, 34, 59].map((index) => standing.states[index])).toEqual([STALE, STALE, STALE, FAILED, STALE, MISSING]);
  expect([0, 20, 32, 59].map((index) => standing.reason(index))).toEqual([
    "the code has changed", "flights is stale", "the code has changed since", "",
  ]);
});

test("the partitions of a box are counted by state and by reason, every one once", () => {
  const reasons: Reason[] = [[STALE, "a"], [FAILED, "b"], [STALE, "c"]];
  const random = new Random(11);
  const list = (name: string, length: number): string[] => Array.from({ length }, (_, i) => `${name}${i}`);
  const grid = new Grid(
    [["x", 40], ["y", 6]].map(([name, length]) => {
      return { name: String(name), kind: "static", length: Number(length), labels: { list: list(String(name), Number(length)) }, ends: null, ticks: [] };
    }),
  );
  for (let round = 0; round < 100; round++) {
    const codes = random.stretches(grid.length, STATES.length + reasons.length, 20);
    const standing = new Standing(codes, reasons);
    const box = { top: 1, bottom: 2 + random.below(4), left: random.below(20), right: 21 + random.below(19) };
    const inside = Array.from(codes, (_, index) => index).filter((index) => {
      return grid.row(index) >= box.top && grid.row(index) < box.bottom && grid.column(index) >= box.left && grid.column(index) < box.right;
    });
    const tallies = standing.tally(grid, box);
    for (const { state, count, reasons: told } of tallies) {
      const mine = inside.filter((index) => standing.states[index] === state);
      expect(count).toBe(mine.length);
      for (const [words, of] of told) expect(of).toBe(mine.filter((index) => standing.reason(index) === words).length);
      expect(told.map(([, of]) => of)).toEqual(told.map(([, of]) => of).sort((a, b) => b - a));
    }
    expect(tallies.reduce((sum, { count }) => sum + count, 0)).toBe(inside.length);
    expect(tallies.map(({ state }) => state)).toEqual(tallies.map(({ state }) => state).sort((a, b) => a - b));
  }
});
