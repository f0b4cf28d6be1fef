// Elements made in one expression.
type Attributes = Record<string, string | number | boolean>;

/** An element with attributes (`false` leaves one out) and children. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className: string,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  if (className) made.className = className;
  for (const [name, value] of Object.entries(attributes)) if (value !== false) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

// On the focused element itself, or JupyterLab and Notebook take the keys typed there for their own shortcuts.
export const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" };

export function button(className: string, attributes: Attributes, ...children: (Node | string)[]): HTMLButtonElement {
  return element("button", `ipa-button ${className}`, { type: "button", ...OWN_KEYS, ...attributes }, ...children);
}

const ICONS = {
  zoomOut: "M4 8h8",
  zoomIn: "M4 8h8M8 4v8",
  close: "M4.5 4.5l7 7M11.5 4.5l-7 7",
  copy: "M5.5 5.5v-2h7v7h-2M3.5 5.5h7v7h-7z",
  done: "M3.5 8.5l3 3 6-7",
};

export type Icon = keyof typeof ICONS;

/** A button that is only a picture; its label is what it says to everyone who cannot see it. */
export function iconButton(icon: Icon, label: string, className = ""): HTMLButtonElement {
  const made = button(`ipa-icon ${className}`, { "aria-label": label, title: label });
  setIcon(made, icon);
  return made;
}

export function setIcon(target: HTMLButtonElement, icon: Icon): void {
  target.innerHTML = `<svg viewBox="0 0 16 16" aria-hidden="true"><path d="${ICONS[icon]}"/></svg>`;
}

/** Sets text only where it differs, so that neither selection nor screen reader is disturbed. */
export function setText(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

export function number(value: number): string {
  return value.toLocaleString("en-US");
}

export function plural(value: number, word: string): string {
  return `${number(value)} ${word}${value === 1 ? "" : "s"}`;
}
