// The states of a partition. A code is an index here; lower codes win where several are true at once.
export const STATES = [
  "running",
  "queued",
  "failed",
  "blocked",
  "damaged",
  "stale",
  "fresh",
  "skipped",
  "cancelled",
  "missing",
] as const;

export type StateName = (typeof STATES)[number];

export const RUNNING = 0;
export const QUEUED = 1;
export const FAILED = 2;
export const BLOCKED = 3;
export const DAMAGED = 4;
export const STALE = 5;
export const FRESH = 6;
export const SKIPPED = 7;
export const CANCELLED = 8;
export const MISSING = 9;

/** The word for a code; a code from a newer kernel is shown rather than hidden. */
export function stateName(code: number): string {
  return STATES[code] ?? `state ${code}`;
}
