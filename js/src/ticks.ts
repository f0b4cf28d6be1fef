// Ticks under the bar: dates at whatever grain fits, or the labels themselves where there are few.
import { monthName, pad, type Calendar, type Labels } from "./labels.ts";

export interface Tick {
  index: number;
  label: string;
  /** The start of something larger: a year among months, a day among hours. */
  major: boolean;
}

/** The window of partitions on view, in (fractional) positions. */
export interface Window {
  first: number;
  size: number;
}

/** A tick as the kernel sends it, for labels that are no calendar. */
export interface TickMessage {
  index: number;
  label: string;
  level: number;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONTH = 30.4 * DAY;
const YEAR = 365.25 * DAY;

type Unit = "minute" | "hour" | "day" | "month" | "year";
const SECONDS: Record<Unit, number> = { minute: MINUTE, hour: HOUR, day: DAY, month: MONTH, year: YEAR };
const STEPS: [Unit, number][] = [
  ["minute", 1],
  ["minute", 5],
  ["minute", 15],
  ["minute", 30],
  ["hour", 1],
  ["hour", 3],
  ["hour", 6],
  ["hour", 12],
  ["day", 1],
  ["day", 2],
  ["day", 7],
  ["day", 14],
  ["month", 1],
  ["month", 3],
  ["month", 6],
  ["year", 1],
  ["year", 2],
  ["year", 5],
  ["year", 10],
  ["year", 20],
  ["year", 50],
  ["year", 100],
];

/** Pixels from one tick to the next, below which labels would crowd. */
const ROOM = 54;

/** Ticks of the partitions in the window drawn `width` pixels wide, every one of them inside it. */
export function ticksOf(labels: Labels, given: TickMessage[], window: Window, width: number): Tick[] {
  const { calendar } = labels;
  if (calendar !== null && calendar.length > 0) return calendarTicks(calendar, window, width);
  const inside = given.filter(({ index }) => index >= window.first && index < window.first + window.size);
  const finest = [2, 1, 0].find((level) => count(inside, level) * ROOM <= width) ?? 0;
  return inside
    .filter(({ level }) => level <= finest)
    .sort((a, b) => a.index - b.index)
    .map(({ index, label, level }) => ({ index, label, major: level < finest }));
}

function count(ticks: TickMessage[], level: number): number {
  return ticks.filter((tick) => tick.level <= level).length;
}

function calendarTicks(calendar: Calendar, { first, size }: Window, width: number): Tick[] {
  const from = Math.max(Math.floor(first), 0);
  const until = Math.min(Math.ceil(first + size), calendar.length);
  const start = calendar.wall(from);
  const grain = (calendar.wall(until - 1) - start) / Math.max(until - 1 - from, 1);
  const end = calendar.wall(until - 1) + grain;
  const fits = ([unit, n]: [Unit, number]): boolean => {
    const seconds = SECONDS[unit] * n;
    return seconds >= grain * 0.9 && ((end - start) / seconds) * ROOM <= width;
  };
  const [unit, n] = STEPS.find(fits) ?? ["year", 200];
  const ticks: Tick[] = [];
  for (const when of boundaries(unit, n, start, end)) {
    const tick = text(unit, when);
    // the first boundary may lie before all that is on view: a bar can begin in a year, but not with an older decade
    if (!tick.major && start - when.getTime() / 1000 >= SECONDS[unit]) continue;
    const index = calendar.search(when.getTime() / 1000);
    if (index < first || index >= until || ticks.at(-1)?.index === index) continue;
    ticks.push({ index, ...tick });
  }
  return ticks;
}

function* boundaries(unit: Unit, n: number, start: number, end: number): Generator<Date> {
  const begin = new Date(start * 1000);
  const [year, month] = [begin.getUTCFullYear(), begin.getUTCMonth()];
  if (unit === "year") {
    for (let y = Math.floor(year / n) * n; Date.UTC(y, 0) < end * 1000; y += n) yield new Date(Date.UTC(y, 0));
  } else if (unit === "month") {
    for (let m = Math.floor(month / n) * n; Date.UTC(year, m) < end * 1000; m += n) yield new Date(Date.UTC(year, m));
  } else if (unit === "day") {
    // counted from the first of each month, so that the first itself is always a tick
    for (let d = 1; Date.UTC(year, month, d) < end * 1000; d++) {
      const when = new Date(Date.UTC(year, month, d));
      const date = when.getUTCDate();
      if ((date - 1) % n === 0 && date + n / 2 <= 31) yield when;
    }
  } else {
    const step = SECONDS[unit] * n;
    for (let s = Math.floor(start / step) * step; s < end; s += step) yield new Date(s * 1000);
  }
}

function text(unit: Unit, when: Date): { label: string; major: boolean } {
  const month = monthName(when).slice(0, 3);
  const date = when.getUTCDate();
  const newYear = when.getUTCMonth() === 0 && date === 1;
  if (unit === "year") return { label: String(when.getUTCFullYear()), major: false };
  if (unit === "month") {
    return newYear ? { label: String(when.getUTCFullYear()), major: true } : { label: month, major: false };
  }
  if (unit === "day") {
    if (newYear) return { label: String(when.getUTCFullYear()), major: true };
    return date === 1 ? { label: month, major: true } : { label: String(date), major: false };
  }
  const midnight = when.getUTCHours() === 0 && when.getUTCMinutes() === 0;
  if (midnight) return { label: `${month} ${date}`, major: true };
  return { label: `${pad(when.getUTCHours())}:${pad(when.getUTCMinutes())}`, major: false };
}
