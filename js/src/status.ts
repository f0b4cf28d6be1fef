// The one line that says how things stand, in the order in which it matters.
import { plural } from "./dom.ts";
import type { Session } from "./session.ts";

export interface Status {
  level: "hint" | "plan" | "run" | "wait" | "error";
  text: string;
}

const HINT = "drag to select, Shift adds or subtracts, double-click zooms";

export function statusOf(session: Session): Status {
  const { notice } = session;
  const error = session.isAnswered ? session.get("plan").error : "";
  const run = session.get("run");
  if (session.connection === "gone") {
    return { level: "error", text: "no kernel: shown as it last was; run the cell again to go on" };
  }
  if (session.connection === "busy") return { level: "wait", text: "kernel busy, queued" };
  if (session.isStopping) return { level: "run", text: "stopping" };
  if (session.isStarting) return { level: "run", text: run.active && !run.elsewhere ? run.text : "starting" };
  if (error) return { level: "error", text: error };
  if (notice?.level === "error") return { level: "error", text: notice.text };
  if (run.active && !run.elsewhere) return { level: "run", text: run.text };
  if (session.isUnknown) return { level: "wait", text: "" };
  if (!session.isAnswered) return { level: "wait", text: plural(session.selected, "partition") };
  if (notice !== null) return { level: "plan", text: notice.text };
  const plan = planOf(session);
  if (plan) return { level: "plan", text: plan };
  return run.active ? { level: "run", text: run.text } : { level: "hint", text: hintOf(session) };
}

function planOf(session: Session): string {
  const { text, upstream, eta } = session.get("plan");
  return [text, upstream, eta].filter(Boolean).join("; ");
}

function hintOf(session: Session): string {
  if (session.grid.length === 0) return "no partitions yet";
  return session.grid.isWhole ? "" : HINT;
}
