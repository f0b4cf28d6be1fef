// Where each partition stands: one row for one dimension; rows and columns for more, the outer dimensions flattened.
import { labelsOf, type Labels, type LabelsMessage } from "./labels.ts";
import type { TickMessage } from "./ticks.ts";

export interface DimensionMessage {
  name: string;
  kind: "time" | "static" | "dynamic" | "none";
  length: number;
  labels: LabelsMessage;
  ends: LabelsMessage | null;
  ticks: TickMessage[];
}

/** Rows `top` to `bottom` and columns `left` to `right`, the last of each excluded. */
export interface Box {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

interface Axis {
  message: DimensionMessage;
  labels: Labels;
  ends: Labels | null;
  /** How far apart in the flattened index two neighbours along this dimension are. */
  stride: number;
}

/** A shorter time line than this is better read as rows. */
const TIMELINE = 12;

export class Grid {
  readonly length: number;
  readonly rows: number;
  readonly columns: number;
  /** Distance in the flattened index from one column to the next. */
  readonly stride: number;
  /** Flattened index of the first column of each row. */
  readonly rowStarts: Int32Array;
  readonly #axes: Axis[];
  readonly #across: Axis;
  readonly #down: Axis[];

  constructor(dimensions: DimensionMessage[]) {
    let stride = 1;
    this.#axes = [...dimensions]
      .reverse()
      .map((message) => {
        const axis = { message, stride, labels: labelsOf(message.labels), ends: endsOf(message) };
        stride *= message.length;
        return axis;
      })
      .reverse();
    this.length = stride;
    this.#across = chooseAcross(this.#axes);
    this.#down = this.#axes.filter((axis) => axis !== this.#across);
    this.stride = this.#across.stride;
    this.columns = this.#across.message.length;
    this.rows = this.columns === 0 ? 0 : this.length / this.columns;
    this.rowStarts = Int32Array.from({ length: this.rows }, (_, row) => this.#rowStart(row));
  }

  /** An asset without partitions is one value: nothing to select, everything to run. */
  get isWhole(): boolean {
    return this.#axes.every(({ message }) => message.kind === "none");
  }

  get columnLabels(): Labels {
    return this.#across.labels;
  }

  get columnTicks(): TickMessage[] {
    return this.#across.message.ticks;
  }

  index(row: number, column: number): number {
    return (this.rowStarts[row] as number) + column * this.stride;
  }

  column(index: number): number {
    return position(this.#across, index);
  }

  row(index: number): number {
    return this.#down.reduce((row, axis) => row * axis.message.length + position(axis, index), 0);
  }

  key(index: number): string {
    return this.#axes.map((axis) => axis.labels.at(position(axis, index))).join("|");
  }

  /** Label of the end of the partition's time window, "" where it has none. */
  windowEnd(index: number): string {
    return this.#axes.map((axis) => axis.ends?.at(position(axis, index)) ?? "").join("");
  }

  /** The key of a row in each of its dimensions. */
  rowParts(row: number): string[] {
    const index = this.rowStarts[row] as number;
    return this.#down.map((axis) => axis.labels.at(position(axis, index)));
  }

  /** How many rows share their keys down to one of the row dimensions. */
  blockSize(part: number): number {
    return this.#down.slice(part + 1).reduce((rows, axis) => rows * axis.message.length, 1);
  }

  /** Name of what the rows are, for assistive technology and tooltips. */
  get rowName(): string {
    return this.#down.map((axis) => axis.message.name).join(" · ");
  }

  /** Which facet a row belongs to: the key of the outermost of several row dimensions. */
  facet(row: number): number {
    if (this.#down.length < 2) return 0;
    return position(this.#down[0] as Axis, this.rowStarts[row] as number);
  }

  whole(): Box {
    return { top: 0, bottom: this.rows, left: 0, right: this.columns };
  }

  #rowStart(row: number): number {
    let start = 0;
    let rest = row;
    for (const axis of [...this.#down].reverse()) {
      start += (rest % axis.message.length) * axis.stride;
      rest = Math.floor(rest / axis.message.length);
    }
    return start;
  }
}

function endsOf({ ends }: DimensionMessage): Labels | null {
  return ends === null || ends === undefined ? null : labelsOf(ends);
}

function position(axis: Axis, index: number): number {
  return Math.floor(index / axis.stride) % axis.message.length;
}

/** Time runs from left to right; without a time line worth the name, the longest dimension does. */
function chooseAcross(axes: Axis[]): Axis {
  const timelines = axes.filter(({ message }) => message.kind === "time" && message.length >= TIMELINE);
  const candidates = timelines.length > 0 ? timelines : axes;
  return candidates.reduce((best, axis) => (axis.message.length > best.message.length ? axis : best));
}
