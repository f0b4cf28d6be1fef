// Zooming and panning along one axis of `length` positions.
import type { Window } from "./ticks.ts";

export function whole(length: number): Window {
  return { first: 0, size: Math.max(length, 1) };
}

/** The window shrunk (factor < 1) or grown about a position that stays where it is on screen. */
export function zoomed(window: Window, length: number, factor: number, about: number, least: number): Window {
  const size = Math.min(Math.max(window.size * factor, Math.min(least, length)), length);
  const share = (about - window.first) / window.size;
  return held({ first: about - share * size, size }, length);
}

export function panned(window: Window, length: number, by: number): Window {
  return held({ first: window.first + by, size: window.size }, length);
}

/** The window moved as little as needed to have the position in it. */
export function showing(window: Window, length: number, position: number): Window {
  const first = Math.min(Math.max(window.first, position + 1 - window.size), position);
  return held({ first, size: window.size }, length);
}

export function isWhole(window: Window, length: number): boolean {
  return window.size >= length;
}

function held({ first, size }: Window, length: number): Window {
  return { first: Math.max(Math.min(first, length - size), 0), size };
}
