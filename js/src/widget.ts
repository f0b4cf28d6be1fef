// The entry: one session for each model, one bar for each of its views.
import type { AnyWidget } from "@anywidget/types";
import "./bar.css";
import { Bar } from "./bar.ts";
import { Memory } from "./memory.ts";
import type { Traits } from "./protocol.ts";
import { Session } from "./session.ts";

// a function, called once for each model: its views share the session and so agree before the kernel has answered
const widget: AnyWidget<Traits> = () => {
  let session: Session | null = null;
  const memory = new Memory();
  return {
    initialize({ model }) {
      const mine = new Session(model);
      session = mine;
      return () => mine.dispose();
    },
    render({ model, el, signal }) {
      session ??= new Session(model);
      const bar = new Bar(session, memory, el);
      signal?.addEventListener("abort", () => bar.dispose());
      return () => bar.dispose();
    },
  };
};

export default widget;
