// What passes between kernel and browser: traits down, messages up. Shared examples are in tests/contract.
import type { AnyModel } from "@anywidget/types";
import type { DimensionMessage } from "./grid.ts";
import type { Reason } from "./standing.ts";
import type { StateName } from "./states.ts";

export interface Plan {
  count: number;
  text: string;
  upstream: string;
  eta: string;
  code: string;
  button: string;
  enabled: boolean;
  error: string;
}

export interface Run {
  active: boolean;
  /** It is a run of another process: one may be started here beside it. */
  elsewhere: boolean;
  done: number;
  total: number;
  failed: number;
  text: string;
}

/** Text, or a picture in base64 with the text that stands for it. */
export type Piece = { text: string } | { text: string; image: string; data: string };

export interface Detail {
  index: number;
  key: string;
  state: StateName;
  rows: [string, string][];
  reason: string;
  traceback: string;
  output: Piece[];
}

export interface Notice {
  level: "info" | "error";
  text: string;
  serial: number;
}

export type Nothing = Record<string, never>;

/** The kernel is the only writer: the browser never saves changes. */
export interface Traits {
  title: string;
  fingerprint: string;
  dimensions: DimensionMessage[];
  states: DataView;
  /** What a byte of `states` means that is no state: a state, and why. */
  reasons: Reason[];
  counts: Partial<Record<StateName, number>>;
  /** Short facts by index, for those partitions that have something to say. */
  details: Record<string, string>;
  selection: DataView;
  selection_text: string;
  selection_serial: number;
  plan: Plan;
  run: Run;
  /** How far partitions that run have come, by index. */
  fractions: Record<string, number>;
  detail: Detail | Nothing;
  notice: Notice | Nothing;
  // the model's interface asks for an index signature
  [name: string]: unknown;
}

export const TRAITS = [
  "title",
  "fingerprint",
  "dimensions",
  "states",
  "reasons",
  "counts",
  "details",
  "selection",
  "selection_text",
  "selection_serial",
  "plan",
  "run",
  "fractions",
  "detail",
  "notice",
] as const;

export type TraitName = (typeof TRAITS)[number];

export type Model = AnyModel<Traits>;

/** A message up; the session adds the fingerprint of the space it was drawn from. */
export type Intent =
  | { kind: "select"; serial: number }
  | { kind: "select_text"; serial: number; text: string }
  | { kind: "materialize" }
  | { kind: "cancel" }
  | { kind: "describe"; index: number }
  | { kind: "close_detail" };

export function detailOf(value: Detail | Nothing): Detail | null {
  return "key" in value ? (value as Detail) : null;
}

export function noticeOf(value: Notice | Nothing): Notice | null {
  return "text" in value ? (value as Notice) : null;
}
