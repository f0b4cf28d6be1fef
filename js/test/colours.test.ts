import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { STATES } from "../src/states.ts";

const css = readFileSync(join(import.meta.dirname, "../src/bar.css"), "utf8");

const GROUNDS = { light: "#ffffff", dark: "#111111" };

function block(selector: string): Record<string, string> {
  const start = css.indexOf(`${selector} {`);
  const body = css.slice(start, css.indexOf("}", start));
  return Object.fromEntries([...body.matchAll(/--ipa-([a-z-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [name, value]));
}

const light = block(".ipa-bar");
const sets = { light, dark: { ...light, ...block('.ipa-bar[data-theme="dark"]') } };

function linear(colour: string): number[] {
  return [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
}

function luminance([red = 0, green = 0, blue = 0]: number[]): number {
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [dark = 0, bright = 0] = [luminance(linear(a)), luminance(linear(b))].sort((x, y) => x - y);
  return (bright + 0.05) / (dark + 0.05);
}

// how eyes without the red, the green or the blue cones see linear light (Machado, Oliveira and Fernandes 2009)
const EYES: Record<string, number[][]> = {
  "without red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  "without green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  "without blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};

function seen(colour: string, eye: number[][]): number[] {
  const light = linear(colour);
  const [red = 0, green = 0, blue = 0] = eye.map((row) => row.reduce((sum, weight, i) => sum + weight * (light[i] ?? 0), 0));
  const root = (share: number): number => (share > 0.008856 ? Math.cbrt(share) : 7.787 * share + 16 / 116);
  const x = root((0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047);
  const y = root(luminance([red, green, blue]));
  const z = root((0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

test.each(Object.keys(GROUNDS) as (keyof typeof GROUNDS)[])("every state but missing stands out from a %s page", (theme) => {
  for (const state of STATES.filter((name) => name !== "missing" && name !== "queued")) {
    expect(contrast(sets[theme][state] ?? "", GROUNDS[theme]), state).toBeGreaterThan(3);
  }
  // what is queued is an outline
  expect(contrast(sets[theme]["queued-ink"] ?? "", GROUNDS[theme])).toBeGreaterThan(3);
});

test.each(Object.keys(GROUNDS) as (keyof typeof GROUNDS)[])("what is done of a running one stands out on a %s page", (theme) => {
  for (const against of [GROUNDS[theme], sets[theme]["running-ink"] ?? "", sets[theme].seam ?? ""]) {
    expect(contrast(sets[theme].done ?? "", against)).toBeGreaterThan(3);
  }
});

test.each(Object.keys(EYES))("failed, stale, fresh and missing differ for eyes %s", (eye) => {
  for (const colours of Object.values(sets)) {
    const [failed, stale, fresh, missing] = ["failed", "stale", "fresh", "missing"].map((state) =>
      seen(colours[state] ?? "", EYES[eye] ?? []),
    ) as [number[], number[], number[], number[]];
    for (const [a, b] of [[failed, stale], [failed, fresh], [stale, fresh], [failed, missing], [fresh, missing]] as const) {
      expect(Math.hypot(...a.map((value, i) => value - (b[i] ?? 0)))).toBeGreaterThan(20);
    }
  }
});
