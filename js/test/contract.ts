// The shared examples, with their hexadecimal turned into bytes.
import down from "../../tests/contract/down.json";
import labels from "../../tests/contract/labels.json";
import states from "../../tests/contract/states_rle.json";
import up from "../../tests/contract/up.json";
import type { LabelsMessage } from "../src/labels.ts";
import type { Intent, Traits } from "../src/protocol.ts";

interface EncodedExample {
  name: string;
  runs: [number, number][];
  encoded: string;
}

interface LabelsExample {
  name: string;
  length: number;
  labels: LabelsMessage;
  expect: Record<string, string>;
}

interface IntentExample {
  name: string;
  message: Intent & { fingerprint: string };
  buffers: string[];
  length?: number;
}

export const encoded = states.encode as EncodedExample[];
export const decodeOnly = states.decode_only as EncodedExample[];
export const undecodable = states.invalid;
export const stateCodes = states.states;
export const labelTexts = labels.cases as unknown as LabelsExample[];
export const intents = up.cases as IntentExample[];

export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function toHex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function fromRuns(runs: [number, number][]): Uint8Array {
  return Uint8Array.from(runs.flatMap(([value, count]) => Array<number>(count).fill(value)));
}

function isBinary(value: unknown): value is { hex: string } {
  return typeof value === "object" && value !== null && "hex" in value;
}

/** The traits of an example in tests/contract/down.json, as a front end holds them. */
export function exampleTraits(name: string): Traits {
  const found = down.cases.find((example) => example.name === name);
  if (found === undefined) throw new Error(`tests/contract/down.json has no example "${name}"`);
  const traits = Object.entries(structuredClone(found.traits)).map(([trait, value]) => {
    return [trait, isBinary(value) ? new DataView(fromHex(value.hex).buffer as ArrayBuffer) : value];
  });
  return Object.fromEntries(traits) as Traits;
}

/** Whether two texts of bytes are equal; a matcher over a million of them would take seconds. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
