import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { encode } from "../src/codec.ts";
import { Session } from "../src/session.ts";
import { statusOf } from "../src/status.ts";
import { exampleTraits } from "./contract.ts";
import { HostModel } from "./front_end.ts";

function january(until = 31): Uint8Array {
  return new Uint8Array(365).fill(1, 0, until);
}

function traitOf(mask: Uint8Array): DataView {
  return new DataView(encode(mask).buffer as ArrayBuffer);
}

function start(name = "a new asset"): { model: HostModel; session: Session } {
  const model = new HostModel(exampleTraits(name));
  return { model, session: new Session(model.asModel) };
}

function lastSerial(model: HostModel): number {
  return model.said("select").at(-1)?.serial ?? 0;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a selection is drawn at once and adopted from the kernel when it answers", async () => {
  const { model, session } = start();
  session.select(january());
  expect([session.selected, session.isAnswered]).toEqual([31, false]);
  // the kernel may correct it
  model.tell({ selection: traitOf(january(30)), selection_serial: lastSerial(model) });
  await vi.advanceTimersByTimeAsync(0);
  expect([session.selected, session.isAnswered]).toEqual([30, true]);
});

test("the answer to an earlier selection does not undo a later one", async () => {
  const { model, session } = start();
  session.select(january(10));
  const earlier = lastSerial(model);
  session.select(january(20));
  model.tell({ selection: traitOf(january(10)), selection_serial: earlier });
  await vi.advanceTimersByTimeAsync(0);
  expect([session.selected, session.isAnswered]).toEqual([20, false]);
});

test("what the kernel selects by itself is shown", async () => {
  const { model, session } = start();
  model.tell({ selection: traitOf(january()), selection_serial: 0, selection_text: "2013-01-*" });
  await vi.advanceTimersByTimeAsync(0);
  expect([session.selected, session.selectionText]).toEqual([31, "2013-01-*"]);
});

test("a refused selection falls back to the kernel's", async () => {
  const { model, session } = start();
  session.select(january());
  model.tell({ notice: { level: "error", text: "the partitions have changed: select again", serial: 1 } });
  await vi.advanceTimersByTimeAsync(0);
  expect(session.selected).toBe(0);
  expect(statusOf(session)).toEqual({ level: "error", text: "the partitions have changed: select again" });
});

test("what the kernel said is shown until the user does something else", async () => {
  const { model, session } = start("January selected, answering select 7");
  model.tell({ notice: { level: "info", text: "there is nothing to run", serial: 5 } });
  await vi.advanceTimersByTimeAsync(0);
  expect(statusOf(session).text).toBe("there is nothing to run");
  session.describe(3);
  expect(statusOf(session).text).toBe("31 partitions: 31 missing; with 31 upstream; about 6 s");
  model.tell({ notice: { level: "info", text: "there is nothing to run", serial: 6 } });
  expect(statusOf(session).text).toBe("there is nothing to run");
});

test("many selections in a row are a few messages, the last one among them", async () => {
  const { model, session } = start();
  for (let until = 1; until <= 60; until++) {
    session.select(january(until));
    await vi.advanceTimersByTimeAsync(10);
  }
  await vi.advanceTimersByTimeAsync(200);
  expect(model.sent.length).toBeLessThan(10);
  expect(model.lastMask(365)).toHaveLength(60);
});

test("materialize is never ahead of the selection it speaks of", async () => {
  const { model, session } = start();
  session.select(january(5));
  session.select(january(6));
  session.materialize();
  expect(model.sent.map(({ message }) => message.kind)).toEqual(["select", "select", "materialize"]);
  expect(model.lastMask(365)).toHaveLength(6);
});

test("a kernel that does not answer for a second is busy, until it does", async () => {
  const { model, session } = start();
  session.select(january());
  await vi.advanceTimersByTimeAsync(900);
  expect(session.connection).toBe("live");
  await vi.advanceTimersByTimeAsync(200);
  expect(statusOf(session).text).toBe("kernel busy, queued");
  expect(session.selected).toBe(31);
  model.tell({ selection: traitOf(january()), selection_serial: lastSerial(model) });
  await vi.advanceTimersByTimeAsync(0);
  expect(session.connection).toBe("live");
});

test("progress of an earlier run is no answer to a selection", async () => {
  const { model, session } = start();
  session.select(january());
  model.tell({ run: { active: true, elsewhere: false, done: 1, total: 9, failed: 0, text: "1 of 9" } });
  await vi.advanceTimersByTimeAsync(1100);
  expect(session.connection).toBe("busy");
});

test("a started run is waited for even if the selection is answered meanwhile", async () => {
  const { model, session } = start();
  session.select(january());
  session.materialize();
  model.tell({ selection: traitOf(january()), selection_serial: lastSerial(model) });
  await vi.advanceTimersByTimeAsync(0);
  expect(session.isStarting).toBe(true);
  model.tell({ run: { active: true, elsewhere: false, done: 0, total: 31, failed: 0, text: "0 of 31" } });
  await vi.advanceTimersByTimeAsync(0);
  expect([session.isStarting, session.connection]).toEqual([false, "live"]);
});

test("a text without an answer leaves open what is selected", async () => {
  const { model, session } = start("January selected, answering select 7");
  session.selectText("2013-12-*", null);
  expect(session.isUnknown).toBe(true);
  model.tell({ selection_serial: model.said("select_text")[0]?.serial ?? 0 });
  await vi.advanceTimersByTimeAsync(0);
  expect(session.isUnknown).toBe(false);
});

test("the answer to an earlier selection is none to a later text", async () => {
  const { model, session } = start();
  session.select(january());
  session.selectText("2013-12-*", null);
  model.tell({ selection: traitOf(january()), selection_serial: lastSerial(model) });
  await vi.advanceTimersByTimeAsync(0);
  expect([session.isUnknown, session.isAnswered, session.selectionText]).toEqual([true, false, "2013-12-*"]);
});

test("the plan of an earlier text says nothing of what is asked for now", async () => {
  const { model, session } = start();
  model.tell({ plan: { ...session.get("plan"), error: "cannot read selection 'x'" } });
  await vi.advanceTimersByTimeAsync(0);
  session.select(january());
  expect(statusOf(session)).toEqual({ level: "wait", text: "31 partitions" });
});

test("a text that no kernel has read leaves the selection as it was", async () => {
  const { model, session } = start("January selected, answering select 7");
  session.selectText("2013-12-*", null);
  model.fire("comm:close");
  expect([session.isUnknown, session.selectionText]).toEqual([false, "[2013-01-01...2013-01-31]"]);
});

test.each(["comm:close", "comm_live_update", "destroy"])("after %s the bar is without a kernel, and readable", async (name) => {
  const { model, session } = start("a failure with its detail");
  model.fire(name);
  await vi.advanceTimersByTimeAsync(0);
  expect(session.connection).toBe("gone");
  expect(statusOf(session).level).toBe("error");
  expect(session.states[33]).toBe(2);
});

test("a message that cannot be sent shows that the kernel is gone; the selection stays on screen", async () => {
  const { model, session } = start();
  model.close();
  session.select(january());
  await vi.advanceTimersByTimeAsync(2000);
  expect([session.connection, session.selected]).toEqual(["gone", 31]);
});

test("a kernel that speaks again is there again", async () => {
  const { model, session } = start();
  model.fire("comm_live_update");
  model.tell({ counts: { missing: 365 } });
  await vi.advanceTimersByTimeAsync(0);
  expect(session.connection).toBe("live");
});

test("listeners hear of changes that arrive together once", async () => {
  const { model, session } = start();
  const heard: string[][] = [];
  session.subscribe((changed) => heard.push([...changed]));
  model.tell(exampleTraits("a run in progress"));
  await vi.advanceTimersByTimeAsync(0);
  expect(heard).toHaveLength(1);
  expect(heard[0]).toContain("states");
});

test("states that do not fit their partitions are not shown as if they did", async () => {
  vi.spyOn(console, "warn").mockReturnValue();
  const { model, session } = start("a failure with its detail");
  model.tell({ states: new DataView(Uint8Array.from([1, 6, 12]).buffer) });
  await vi.advanceTimersByTimeAsync(0);
  expect(session.states.every((state) => state === 9)).toBe(true);
});
