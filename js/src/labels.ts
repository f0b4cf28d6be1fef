// Label texts by arithmetic: a hundred thousand hours are a start, a step and a format, never a list.
export interface CalendarMessage {
  format: string;
  /** [first wall-clock second written as if UTC, step in seconds, count], in order. */
  runs: [number, number, number][];
  /** Labels the format cannot give, e.g. the second one o'clock of an autumn night. */
  except: Record<string, string>;
}

export type LabelsMessage = { list: string[] } | { calendar: CalendarMessage };

export interface Labels {
  at(index: number): string;
  /** The calendar behind the labels, for date ticks. */
  readonly calendar: Calendar | null;
}

export function labelsOf(message: LabelsMessage): Labels {
  return "list" in message ? new ListLabels(message.list) : new CalendarLabels(message.calendar);
}

class ListLabels implements Labels {
  readonly calendar = null;
  readonly #list: string[];

  constructor(list: string[]) {
    this.#list = list;
  }

  at(index: number): string {
    return this.#list[index] ?? "";
  }
}

class CalendarLabels implements Labels {
  readonly calendar: Calendar;
  readonly #format: (when: Date) => string;
  readonly #except: Record<string, string>;

  constructor(message: CalendarMessage) {
    this.calendar = new Calendar(message.runs);
    this.#format = compileFormat(message.format);
    this.#except = message.except;
  }

  at(index: number): string {
    return this.#except[index] ?? this.#format(new Date(this.calendar.wall(index) * 1000));
  }
}

/** Wall-clock seconds of each partition's start. */
export class Calendar {
  readonly #runs: [number, number, number][];
  readonly #starts: Float64Array;

  constructor(runs: [number, number, number][]) {
    this.#runs = runs;
    this.#starts = new Float64Array(runs.length + 1);
    runs.forEach(([, , count], i) => {
      this.#starts[i + 1] = (this.#starts[i] as number) + count;
    });
  }

  get length(): number {
    return this.#starts[this.#runs.length] as number;
  }

  wall(index: number): number {
    const i = this.#run((run) => (this.#starts[run] as number) <= index);
    const [first, step] = this.#runs[i] ?? [0, 0];
    return first + step * (index - (this.#starts[i] as number));
  }

  /** The first partition that starts at or after the wall-clock second. */
  search(wall: number): number {
    const i = this.#run((run) => (this.#runs[run]?.[0] ?? 0) <= wall);
    const [first, step, count] = this.#runs[i] ?? [0, 1, 0];
    const offset = Math.ceil((wall - first) / (step || 1));
    return (this.#starts[i] as number) + Math.min(Math.max(offset, 0), count);
  }

  /** The last run that passes a test which only the first ones pass. */
  #run(passes: (run: number) => boolean): number {
    let low = 0;
    let high = this.#runs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (passes(middle)) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

export const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
] as const;

export function monthName(when: Date): string {
  return MONTHS[when.getUTCMonth()] as string;
}

export function pad(value: number, width = 2): string {
  return String(value).padStart(width, "0");
}

const DIRECTIVES: Record<string, (when: Date) => string> = {
  Y: (when) => pad(when.getUTCFullYear(), 4),
  m: (when) => pad(when.getUTCMonth() + 1),
  d: (when) => pad(when.getUTCDate()),
  H: (when) => pad(when.getUTCHours()),
  M: (when) => pad(when.getUTCMinutes()),
  S: (when) => pad(when.getUTCSeconds()),
  y: (when) => pad(when.getUTCFullYear() % 100),
  j: (when) => pad(Math.floor((when.getTime() - Date.UTC(when.getUTCFullYear(), 0, 1)) / 86_400_000) + 1, 3),
  b: (when) => monthName(when).slice(0, 3),
  B: monthName,
  "%": () => "%",
};

function compileFormat(format: string): (when: Date) => string {
  const pieces = [...format.matchAll(/%(.)|[^%]+/gs)].map(([text, letter]) => {
    if (letter === undefined) return () => text;
    return DIRECTIVES[letter] ?? (() => text);
  });
  return (when) => pieces.map((piece) => piece(when)).join("");
}
