import { describe, expect, test } from "vitest";
import { labelsOf } from "../src/labels.ts";
import { labelTexts } from "./contract.ts";

describe("shared examples", () => {
  test.each(labelTexts)("$name", ({ labels, expect: expected }) => {
    const found = labelsOf(labels);
    const texts = Object.fromEntries(Object.keys(expected).map((index) => [index, found.at(Number(index))]));
    expect(texts).toEqual(expected);
  });
});

test("an instant finds the first partition that starts at or after it, across runs", () => {
  const monday = Date.UTC(2024, 0, 1) / 1000;
  const weekdays = labelsOf({
    calendar: { format: "%d", runs: [[monday, 86400, 5], [monday + 7 * 86400, 86400, 5]], except: {} },
  }).calendar;
  expect(weekdays?.search(monday)).toBe(0);
  expect(weekdays?.search(monday + 1)).toBe(1);
  expect(weekdays?.search(monday + 5 * 86400)).toBe(5);
  expect(weekdays?.search(monday + 7 * 86400)).toBe(5);
  expect(weekdays?.search(monday + 30 * 86400)).toBe(10);
  expect(weekdays?.search(monday - 86400)).toBe(0);
});
