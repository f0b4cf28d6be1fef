import { describe, expect, test } from "vitest";
import { bytesOf, decode, encode } from "../src/codec.ts";
import { STATES } from "../src/states.ts";
import { decodeOnly, encoded, fromHex, fromRuns, sameBytes, stateCodes, toHex, undecodable } from "./contract.ts";
import { Random } from "./random.ts";

test("the codes are those of the kernel", () => {
  expect(Object.fromEntries(STATES.map((name, code) => [name, code]))).toEqual(stateCodes);
});

describe("shared examples", () => {
  test.each(encoded)("$name", ({ runs, encoded: text }) => {
    const values = fromRuns(runs);
    expect(toHex(encode(values))).toBe(text);
    expect(sameBytes(decode(fromHex(text), values.length), values)).toBe(true);
  });

  test.each(decodeOnly)("$name", ({ runs, encoded: text }) => {
    const values = fromRuns(runs);
    expect(sameBytes(decode(fromHex(text), values.length), values)).toBe(true);
  });

  test.each(undecodable)("refused: $name", ({ encoded: text, length }) => {
    expect(() => decode(fromHex(text), length)).toThrow();
  });
});

test("decoding undoes encoding, and the text is never longer than raw", () => {
  const random = new Random(1);
  for (let round = 0; round < 300; round++) {
    const length = random.below(2000);
    const values = random.stretches(length, 1 + random.below(10), 1 + random.below(400));
    const text = encode(values);
    expect(text.length).toBeLessThanOrEqual(length + 1);
    expect(sameBytes(decode(text, length), values)).toBe(true);
  }
});

test("a trait is read through whichever view of its bytes the host hands over", () => {
  const buffer = Uint8Array.from([9, 1, 6, 3, 9]).buffer;
  expect([...bytesOf(new DataView(buffer, 1, 3))]).toEqual([1, 6, 3]);
  expect([...bytesOf(new Uint8Array(buffer, 1, 3))]).toEqual([1, 6, 3]);
  expect([...bytesOf(buffer)]).toEqual([9, 1, 6, 3, 9]);
  expect([...bytesOf(null)]).toEqual([]);
});
