// A seeded stream of numbers, so that a property that fails fails again.
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number in [0, below). */
  below(below: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * below);
  }

  /** Values in stretches of random lengths, as states come. */
  stretches(length: number, kinds: number, longest: number): Uint8Array {
    const values = new Uint8Array(length);
    for (let at = 0; at < length; ) {
      const end = Math.min(at + 1 + this.below(longest), length);
      values.fill(this.below(kinds), at, end);
      at = end;
    }
    return values;
  }
}
