// One text of bytes for states and for selections: a format byte, then the values as they are or as runs.
const RAW = 0;
const RUNS = 1;

/** The values of `length` partitions; throws if the text says more or fewer. */
export function decode(text: Uint8Array, length: number): Uint8Array {
  if (text[0] === RAW) {
    if (text.length - 1 !== length) throw new Error(`raw text has ${text.length - 1} values, the space has ${length}`);
    return text.slice(1);
  }
  if (text[0] !== RUNS) throw new Error(`unknown format ${text[0] ?? "(empty text)"}`);
  return decodeRuns(text, length);
}

function decodeRuns(text: Uint8Array, length: number): Uint8Array {
  const values = new Uint8Array(length);
  let filled = 0;
  let at = 1;
  while (at < text.length) {
    const value = text[at++] as number;
    let count = 0;
    let scale = 1;
    for (;;) {
      const byte = text[at++];
      if (byte === undefined) throw new Error("the text ends inside a run");
      count += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      scale *= 0x80;
    }
    if (filled + count > length) throw new Error(`the runs have more than the ${length} partitions of the space`);
    values.fill(value, filled, filled + count);
    filled += count;
  }
  if (filled !== length) throw new Error(`the runs have ${filled} values, the space has ${length}`);
  return values;
}

/** The shortest text of the values: runs, or raw where that is shorter. */
export function encode(values: Uint8Array): Uint8Array {
  const runs = encodeRuns(values);
  if (runs !== null) return runs;
  const raw = new Uint8Array(values.length + 1);
  raw.set(values, 1);
  return raw;
}

function encodeRuns(values: Uint8Array): Uint8Array | null {
  const limit = values.length + 1;
  // a run takes at most eleven bytes, so the last one that starts within the limit still fits
  const text = new Uint8Array(limit + 11);
  text[0] = RUNS;
  let at = 1;
  let start = 0;
  while (start < values.length) {
    const value = values[start] as number;
    let end = start + 1;
    while (end < values.length && values[end] === value) end++;
    text[at++] = value;
    let count = end - start;
    for (; count >= 0x80; count = Math.floor(count / 0x80)) text[at++] = (count & 0x7f) | 0x80;
    text[at++] = count;
    if (at > limit) return null;
    start = end;
  }
  return text.slice(0, at);
}

/** The bytes of a binary trait, whichever view of them the host hands over. */
export function bytesOf(value: unknown): Uint8Array {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return new Uint8Array(0);
}
