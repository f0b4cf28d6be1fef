import { expect, test } from "vitest";
import { isWhole, panned, showing, whole, zoomed } from "../src/viewport.ts";

test("zooming keeps the position under the pointer where it is", () => {
  const window = zoomed(whole(365), 365, 0.5, 100, 8);
  expect(window.size).toBe(182.5);
  expect((100 - window.first) / window.size).toBeCloseTo(100 / 365);
});

test("zooming out as far as one zoomed in shows everything again", () => {
  let window = whole(1000);
  for (let i = 0; i < 10; i++) window = zoomed(window, 1000, 0.5, 700, 8);
  for (let i = 0; i < 10; i++) window = zoomed(window, 1000, 2, 700, 8);
  expect(isWhole(window, 1000)).toBe(true);
});

test("a window never leaves the partitions nor gets narrower than is useful", () => {
  expect(zoomed(whole(1000), 1000, 0.0001, 990, 8)).toEqual({ first: expect.closeTo(982.08), size: 8 });
  expect(panned({ first: 900, size: 100 }, 1000, 50)).toEqual({ first: 900, size: 100 });
  expect(panned({ first: 10, size: 100 }, 1000, -50)).toEqual({ first: 0, size: 100 });
  expect(zoomed(whole(3), 3, 0.5, 1, 8)).toEqual({ first: 0, size: 3 });
});

test("a position is brought on view by the smallest move", () => {
  expect(showing({ first: 100, size: 50 }, 1000, 120).first).toBe(100);
  expect(showing({ first: 100, size: 50 }, 1000, 160).first).toBe(111);
  expect(showing({ first: 100, size: 50 }, 1000, 20).first).toBe(20);
});
