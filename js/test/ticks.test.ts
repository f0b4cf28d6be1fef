import { expect, test } from "vitest";
import { labelsOf } from "../src/labels.ts";
import { ticksOf } from "../src/ticks.ts";

function calendar(first: number, step: number, count: number) {
  return labelsOf({ calendar: { format: "%Y-%m-%d", runs: [[first / 1000, step, count]], except: {} } });
}

const days = calendar(Date.UTC(2013, 0, 1), 86400, 365);

test("a year of days is marked by months, January by its year", () => {
  const ticks = ticksOf(days, [], { first: 0, size: 365 }, 900);
  expect(ticks.map(({ label }) => label).slice(0, 3)).toEqual(["2013", "Feb", "Mar"]);
  expect(ticks.map(({ index }) => index).slice(0, 3)).toEqual([0, 31, 59]);
  expect(ticks).toHaveLength(12);
  expect(ticks[0]?.major).toBe(true);
});

test("zoomed in, the same days are marked by dates, and every tick is on view", () => {
  const ticks = ticksOf(days, [], { first: 40, size: 40 }, 900);
  expect(ticks.map(({ label }) => label)).toContain("Mar");
  expect(ticks.map(({ label }) => label)).toContain("22");
  for (const { index } of ticks) expect(index >= 40 && index < 80).toBe(true);
});

test("a narrow bar has fewer ticks, never crowded ones", () => {
  for (const width of [120, 300, 500, 900, 1600]) {
    const ticks = ticksOf(days, [], { first: 0, size: 365 }, width);
    expect(ticks.length * 54).toBeLessThanOrEqual(width + 54);
  }
});

test("a century of hours is marked by years; a day of it by hours", () => {
  const hours = calendar(Date.UTC(1910, 0, 1), 3600, 1_000_000);
  expect(ticksOf(hours, [], { first: 0, size: 1_000_000 }, 900).map(({ label }) => label)).toContain("1950");
  const day = ticksOf(hours, [], { first: 24, size: 24 }, 900).map(({ label }) => label);
  expect(day.slice(0, 3)).toEqual(["Jan 2", "03:00", "06:00"]);
});

test("a decade, or an hour, that began before the bar is not marked where the bar begins", () => {
  const hours = calendar(Date.UTC(1912, 0, 1), 3600, 1_000_000);
  const [first] = ticksOf(hours, [], { first: 0, size: 1_000_000 }, 900);
  expect([first?.label, first?.index]).toEqual(["1920", (Date.UTC(1920, 0, 1) - Date.UTC(1912, 0, 1)) / 3_600_000]);
  const weeks = calendar(Date.UTC(2026, 0, 5), 7 * 86400, 25);
  expect(ticksOf(weeks, [], { first: 0, size: 25 }, 900)[0]?.label).toBe("2026");
  expect(ticksOf(hours, [], { first: 31, size: 24 }, 900)[0]?.label).toBe("09:00");
});

test("listed keys keep the marks they were sent with, the finest that fit", () => {
  const list = labelsOf({ list: Array.from({ length: 100 }, (_, i) => `k${i}`) });
  const given = Array.from({ length: 100 }, (_, index) => ({ index, label: `k${index}`, level: index % 10 ? 2 : 0 }));
  expect(ticksOf(list, given, { first: 0, size: 100 }, 900).map(({ index }) => index)).toEqual([
    0, 10, 20, 30, 40, 50, 60, 70, 80, 90,
  ]);
  expect(ticksOf(list, given, { first: 0, size: 10 }, 900)).toHaveLength(10);
});

test("marks come in the order of the partitions, however they were sent", () => {
  const list = labelsOf({ list: ["a", "b", "c", "d"] });
  const given = [2, 0, 3, 1].map((index) => ({ index, label: `k${index}`, level: index % 2 }));
  expect(ticksOf(list, given, { first: 0, size: 4 }, 900).map(({ index }) => index)).toEqual([0, 1, 2, 3]);
});
