// The lines below the bar: what is selected as text, what would happen, and the buttons that make it happen.
import { button, element, number, OWN_KEYS, setText } from "./dom.ts";
import type { Session } from "./session.ts";
import { statusOf } from "./status.ts";

export interface FooterActions {
  apply(text: string): void;
  /** Shows the text of what is selected again. */
  drop(): void;
  materialize(): void;
  cancel(): void;
  /** Gives the focus back to the bar. */
  leave(): void;
  /** Hears what is typed and not applied yet, null once there is nothing of that. */
  edit(text: string | null): void;
}

export class Footer {
  readonly root: HTMLElement;
  readonly #actions: FooterActions;
  readonly #input = element("input", "ipa-input", {
    type: "text",
    spellcheck: "false",
    autocomplete: "off",
    placeholder: "select by text",
    title: "keys, ranges [a...b], 2013-02-*, missing, failed; separated by commas; Enter applies",
    ...OWN_KEYS,
  });
  readonly #status = element("span", "ipa-status");
  readonly #start = button("ipa-primary", {});
  readonly #cancel = button("ipa-cancel", { hidden: true }, "Cancel");
  readonly #fill = element("div", "ipa-fill");
  readonly #progress = element("div", "ipa-progress", { role: "progressbar", "aria-label": "run" }, this.#fill);
  #isEdited = false;

  constructor(actions: FooterActions) {
    this.#actions = actions;
    this.root = element("div", "ipa-footer", {}, this.#input, this.#status, this.#cancel, this.#start, this.#progress);
    this.#start.addEventListener("click", () => actions.materialize());
    this.#cancel.addEventListener("click", () => actions.cancel());
    this.#input.addEventListener("input", () => this.resume(this.#input.value));
    this.#input.addEventListener("keydown", (event) => this.#key(event, actions));
  }

  /** Goes on with what was typed and not applied. */
  resume(text: string): void {
    this.#isEdited = true;
    this.#actions.edit(text);
    if (this.#input.value !== text) this.#input.value = text;
    // what would run is not what is written: Enter first
    this.#start.disabled = true;
  }

  /** Forgets what was typed and not applied. */
  reset(): void {
    this.#isEdited = false;
    this.#actions.edit(null);
  }

  show(session: Session): void {
    const status = statusOf(session);
    const plan = session.get("plan");
    const run = session.get("run");
    this.#showText(session);
    setText(this.#status, status.text);
    this.#status.title = status.text;
    this.#status.dataset.level = status.level;
    this.#input.setAttribute("aria-invalid", String(session.isAnswered && plan.error !== ""));
    const isGone = session.connection === "gone";
    this.#start.hidden = run.active && !run.elsewhere;
    this.#start.disabled = isGone || session.isStarting || this.#isEdited || !canStart(session);
    setText(this.#start, labelOf(session));
    this.#cancel.hidden = !run.active;
    this.#cancel.disabled = isGone || session.isStopping;
    // beside a button that starts, the bare word would seem to call that off
    setText(this.#cancel, run.elsewhere ? "Cancel other run" : "Cancel");
    this.#cancel.title = run.elsewhere ? run.text : "";
    this.#input.disabled = isGone;
    this.#showProgress(run.active, run.total > 0 ? run.done / run.total : 0);
  }

  #showText(session: Session): void {
    this.#input.hidden = session.grid.isWhole;
    if (this.#isEdited) return;
    const text = session.selectionText;
    if (text === null) this.#input.value = "";
    else if (this.#input.value !== text) this.#input.value = text;
    this.#input.setAttribute("aria-label", `partitions of ${session.get("title")} to select`);
  }

  #showProgress(isActive: boolean, share: number): void {
    this.#progress.hidden = !isActive;
    this.#fill.style.width = `${(share * 100).toFixed(1)}%`;
    this.#progress.setAttribute("aria-valuenow", String(Math.round(share * 100)));
  }

  #key(event: KeyboardEvent, actions: FooterActions): void {
    // the Enter and the Escape of an input method end the word, not the text
    if (event.isComposing || (event.key !== "Enter" && event.key !== "Escape")) return;
    this.reset();
    if (event.key === "Enter") actions.apply(this.#input.value.trim());
    else actions.drop();
    event.preventDefault();
    event.stopPropagation();
    actions.leave();
  }
}

export function canStart(session: Session): boolean {
  if (session.isUnknown) return false;
  if (session.isAnswered) return session.get("plan").enabled;
  return session.selected > 0;
}

function labelOf(session: Session): string {
  if (session.isStarting) return "Starting";
  if (session.isAnswered) return session.get("plan").button || "Materialize";
  return session.selected > 0 && !session.isUnknown ? `Materialize ${number(session.selected)}` : "Materialize";
}
