import { describe, expect, test, vi } from "vitest";
import { exampleTraits, intents, toHex } from "./contract.ts";
import type { Detail } from "../src/protocol.ts";
import { click, drag, key, open, type Page, pointer, settled, WIDTH } from "./front_end.ts";

/** The middle of a day of 2013 on a bar that gives each two pixels. */
const day = (index: number): number => index * 2 + 1;
const span = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i);

function stage(page: Page): HTMLElement {
  return page.find(".ipa-stage");
}

describe("what is shown", () => {
  test("name, number of partitions and a count for each state that occurs", async () => {
    const { find, root } = await open(exampleTraits("a failure with its detail"));
    expect(find(".ipa-title").textContent).toBe("delays");
    expect(find(".ipa-total").textContent).toBe("365 partitions");
    const chips = [...root.querySelectorAll<HTMLElement>(".ipa-chip")].filter((chip) => !chip.hidden);
    expect(chips.map((chip) => chip.textContent)).toEqual(["1 failed", "58 fresh", "306 missing"]);
  });

  test("hooks for tests on the root and on the canvas", async () => {
    const { root, canvas } = await open(exampleTraits("a run in progress"));
    for (const { dataset } of [root, canvas]) {
      expect(dataset).toMatchObject({
        ready: "true",
        length: "365",
        fresh: "12",
        queued: "17",
        failed: "0",
        countsRunning: "2",
        running: "true",
        selectionCount: "31",
        selectionText: "[2013-01-01...2013-01-31]",
        cursor: "0",
      });
    }
  });

  test("dates below the bar, and the first and the last key", async () => {
    const { find } = await open(exampleTraits("a new asset"));
    expect(find(".ipa-axis").textContent).toContain("Feb");
    expect(find(".ipa-about").textContent).toBe("2013-01-01 to 2013-12-31");
  });

  test("the only key is written once, however long it is", async () => {
    const traits = exampleTraits("a new asset");
    const list = ["a_very_long_key".repeat(20)];
    const dimension = { name: "", kind: "static" as const, length: 1, labels: { list }, ends: null, ticks: [] };
    const page = await open({ ...traits, dimensions: [dimension], states: new DataView(new ArrayBuffer(0)) });
    expect(page.find(".ipa-axis").textContent).toBe(list[0]);
  });

  test("the partition under the pointer: key, end of its window, state", async () => {
    const page = await open(exampleTraits("a failure with its detail"));
    pointer(stage(page), "pointermove", { x: day(33) });
    await settled();
    expect(page.find(".ipa-key").textContent).toBe("2013-02-03");
    expect(page.find(".ipa-about").textContent).toBe("until 2013-02-04 \u00b7 failed");
  });

  test("the reason of a partition's state, and of many", async () => {
    const page = await open(exampleTraits("stale for two reasons, and failed with other code"));
    pointer(stage(page), "pointermove", { x: day(21) });
    await settled();
    expect(page.find(".ipa-about").textContent).toBe("until 2013-01-23 \u00b7 stale \u00b7 flights is stale");
    pointer(stage(page), "pointerdown", { x: day(10) });
    pointer(stage(page), "pointermove", { x: day(33) });
    await settled();
    expect(page.find(".ipa-about").textContent).toBe(
      "24 partitions \u00b7 2 failed (the code has changed since), 22 stale (flights is stale: 12, the code has changed: 10)",
    );
  });

  test("the reason in particular, where the kernel has sent it ahead", async () => {
    const page = await open({
      ...exampleTraits("stale for two reasons, and failed with other code"),
      details: { 21: "flights 2013-01-22 is stale" },
    });
    pointer(stage(page), "pointermove", { x: day(21) });
    await settled();
    expect(page.find(".ipa-about").textContent).toBe("until 2013-01-23 \u00b7 stale \u00b7 flights 2013-01-22 is stale");
  });

  test("how far a partition has come that says so while it runs", async () => {
    const page = await open({
      ...exampleTraits("a run in progress"),
      detail: { ...(exampleTraits("a failure with its detail").detail as Detail), index: 12, state: "running" },
    });
    pointer(stage(page), "pointermove", { x: day(12) });
    await settled();
    expect(page.find(".ipa-about").textContent).toBe("until 2013-01-14 \u00b7 running, 40%");
    expect(page.find(".ipa-detail .ipa-total").textContent).toBe("running, 40%");
    const pane = page.find(".ipa-traceback");
    page.model.tell({ fractions: { 12: 0.6 } });
    await settled();
    expect(page.find(".ipa-about").textContent).toBe("until 2013-01-14 \u00b7 running, 60%");
    expect(page.find(".ipa-detail .ipa-total").textContent).toBe("running, 60%");
    expect(page.find(".ipa-traceback")).toBe(pane);
  });

  test("facts of a partition that the kernel has sent ahead", async () => {
    const page = await open({ ...exampleTraits("a new asset"), details: { 4: "0.2 s" } });
    pointer(stage(page), "pointermove", { x: day(4) });
    await settled();
    expect(page.find(".ipa-about").textContent).toBe("until 2013-01-06 \u00b7 missing \u00b7 0.2 s");
  });

  test("the plan, the code that does the same and a button that says how many", async () => {
    const { find } = await open(exampleTraits("January selected, answering select 7"));
    expect(find(".ipa-status").textContent).toBe("31 partitions: 31 missing; with 31 upstream; about 6 s");
    expect(find(".ipa-code").textContent).toBe("%materialize delays [2013-01-01...2013-01-31]");
    expect(find(".ipa-primary").textContent).toBe("Materialize 31");
    expect(find<HTMLInputElement>(".ipa-input").value).toBe("[2013-01-01...2013-01-31]");
  });

  test("a failed partition's reason, facts, traceback and output", async () => {
    const { find, model } = await open(exampleTraits("a failure with its detail"));
    expect(find(".ipa-detail .ipa-title").textContent).toBe("2013-02-03");
    expect(find(".ipa-reason").textContent).toBe("ZeroDivisionError: division by zero");
    expect(find(".ipa-facts").textContent).toContain("took0.2 s");
    expect(find(".ipa-traceback").textContent).toContain("Cell In[4], line 3");
    const output = find(".ipa-output");
    expect(output.textContent).toMatch(/^read 842 rows\n\[image\/png, 2.3 MB: too much/);
    const [picture] = [...output.querySelectorAll("img")];
    expect(picture?.getAttribute("src")).toMatch(/^data:image\/png;base64,iVBOR/);
    expect(picture?.alt).toBe("<Figure size 640x480 with 1 Axes>");
    find(".ipa-close").click();
    expect(model.said("close_detail")).toHaveLength(1);
    model.tell({ detail: {} });
    await settled();
    expect(find(".ipa-detail").hidden).toBe(true);
  });

  test("what is no picture is shown as text, whatever it says that it is", async () => {
    const detail = {
      ...(exampleTraits("a failure with its detail").detail as Detail),
      output: [{ image: "text/html", data: "PHNjcmlwdD4=", text: "<b>bold</b>" }, { text: "<img src=x>" }],
    };
    const { find } = await open({ ...exampleTraits("a new asset"), detail });
    expect(find(".ipa-output").textContent).toBe("<b>bold</b><img src=x>");
    expect(find(".ipa-output").children).toHaveLength(0);
  });

  test("a fact that is an address of the web is a link, and nothing else is", async () => {
    const address = "https://example.org/runs?day=3";
    const texts = ["see https://example.org", "javascript:alert(1)", "https://"];
    const detail = {
      ...(exampleTraits("a failure with its detail").detail as Detail),
      rows: [address, ...texts].map((value): [string, string] => ["page", value]),
    };
    const { find } = await open({ ...exampleTraits("a new asset"), detail });
    const links = [...find(".ipa-facts").querySelectorAll("a")];
    expect(links.map((link) => [link.href, link.textContent, link.rel])).toEqual([
      [address, address, "noopener noreferrer"],
    ]);
    expect(find(".ipa-facts").textContent).toContain(texts.join("page"));
  });

  test("a text the kernel cannot read is marked and explained", async () => {
    const { find } = await open(exampleTraits("a text that does not parse"));
    expect(find(".ipa-input").getAttribute("aria-invalid")).toBe("true");
    expect(find(".ipa-status").textContent).toBe("'[2013-01-01...' has no closing bracket");
    expect(find(".ipa-status").dataset.level).toBe("error");
  });

  test("how the one value of an asset without partitions stands, and why, without being asked", async () => {
    const { find } = await open({
      ...exampleTraits("an asset without partitions"),
      states: new DataView(Uint8Array.from([0, 10]).buffer),
      reasons: [[5, "flights has changed"]],
    });
    expect(find(".ipa-about").textContent).toBe("stale \u00b7 flights has changed");
  });

  test("an asset whose keys are still to come", async () => {
    const { find } = await open(exampleTraits("a space without keys"));
    expect(find(".ipa-status").textContent).toBe("no partitions yet");
    expect(find<HTMLButtonElement>(".ipa-primary").disabled).toBe(true);
  });
});

describe("the pointer", () => {
  test("a drag selects a range, at once and in one message", async () => {
    const page = await open(exampleTraits("a new asset"));
    await drag(stage(page), { x: day(0) }, { x: day(30) });
    expect(page.root.dataset.selectionCount).toBe("31");
    expect(page.find<HTMLInputElement>(".ipa-input").value).toBe("[2013-01-01...2013-01-31]");
    const [{ message, buffers }] = page.model.sent as [(typeof page.model.sent)[0]];
    const example = intents.find(({ name }) => name === "January is dragged");
    expect({ ...message, serial: 7 }).toEqual(example?.message);
    expect(buffers.map((buffer) => toHex(new Uint8Array(buffer)))).toEqual(example?.buffers);
  });

  test("a drag to the left selects the same", async () => {
    const page = await open(exampleTraits("a new asset"));
    await drag(stage(page), { x: day(30) }, { x: day(3) });
    expect(page.model.lastMask(365)).toEqual(span(3, 30));
  });

  test("nothing is sent while a drag lasts", async () => {
    const page = await open(exampleTraits("a new asset"));
    pointer(stage(page), "pointerdown", { x: day(0) });
    pointer(stage(page), "pointermove", { x: day(90) });
    await settled();
    expect(page.find(".ipa-key").textContent).toBe("2013-01-01 to 2013-04-01");
    expect(page.model.sent).toEqual([]);
  });

  test("a click selects one partition and asks about it", async () => {
    const page = await open(exampleTraits("a failure with its detail"));
    await click(stage(page), { x: day(12) });
    expect(page.model.said("describe")).toEqual([{ kind: "describe", index: 12, fingerprint: "d365" }]);
    expect(page.root.dataset.selectionText).toBe("2013-01-13");
  });

  test("a click on what is missing asks nothing", async () => {
    const page = await open(exampleTraits("a new asset"));
    await click(stage(page), { x: day(200) });
    expect(page.model.said("describe")).toEqual([]);
    expect(page.model.said("select")).toHaveLength(1);
  });

  test("shift adds, and subtracts where everything is selected", async () => {
    const page = await open(exampleTraits("January selected, answering select 7"));
    await drag(stage(page), { x: day(40), shift: true }, { x: day(50), shift: true });
    expect(page.model.lastMask(365)).toEqual([...span(0, 30), ...span(40, 50)]);
    await new Promise((resolve) => setTimeout(resolve, 120));
    await drag(stage(page), { x: day(10), shift: true }, { x: day(20), shift: true });
    expect(page.model.lastMask(365)).toEqual([...span(0, 9), ...span(21, 30), ...span(40, 50)]);
  });

  test("a date selects its period", async () => {
    const page = await open(exampleTraits("a new asset"));
    await click(page.find(".ipa-axis"), { x: day(40) });
    expect(page.model.lastMask(365)).toEqual(span(31, 58));
  });

  test("ctrl and wheel zoom where the pointer is; a plain wheel is the page's", async () => {
    const page = await open(exampleTraits("a new asset"));
    const wheel = (init: WheelEventInit): WheelEvent => {
      const event = new WheelEvent("wheel", { cancelable: true, bubbles: true, ...init });
      // the test's DOM knows a wheel event without the mouse's part of it
      for (const [name, value] of Object.entries({ clientX: day(180), ...init })) Object.defineProperty(event, name, { value });
      stage(page).dispatchEvent(event);
      return event;
    };
    expect(wheel({ deltaY: -100 }).defaultPrevented).toBe(false);
    expect(wheel({ deltaY: -100, ctrlKey: true }).defaultPrevented).toBe(true);
    await settled();
    pointer(stage(page), "pointermove", { x: day(180) });
    await settled();
    expect(page.find(".ipa-key").textContent).toBe("2013-06-30");
    pointer(stage(page), "pointermove", { x: 0 });
    await settled();
    expect(page.find(".ipa-key").textContent).not.toBe("2013-01-01");
  });
});

describe("a grid", () => {
  const open2d = (): Promise<Page> => open(exampleTraits("day x origin"));

  test("has a row for each key of the other dimension", async () => {
    const { root } = await open2d();
    expect([...root.querySelectorAll(".ipa-row")].map((row) => row.textContent)).toEqual(["EWR", "JFK", "LGA"]);
  });

  test("a drag selects a box of days and origins", async () => {
    const page = await open2d();
    await drag(stage(page), { x: day(0), y: 20 }, { x: day(1), y: 45 });
    expect(page.model.lastMask(1095)).toEqual([0, 1, 3, 4]);
  });

  test("its gutters select a whole row and a whole column", async () => {
    const page = await open2d();
    await click(page.find(".ipa-rows"), { x: 5, y: 45 });
    expect(page.model.lastMask(1095)).toEqual(span(0, 364).map((index) => index * 3 + 1));
    await new Promise((resolve) => setTimeout(resolve, 120));
    await click(stage(page), { x: day(7), y: 3 });
    expect(page.model.lastMask(1095)).toEqual([21, 22, 23]);
  });
});

describe("the keyboard", () => {
  test("there is one tab stop for all partitions, and it says which one and how it is", async () => {
    const { canvas } = await open(exampleTraits("a failure with its detail"));
    for (let i = 0; i < 33; i++) await key(canvas, "ArrowRight");
    expect(canvas.getAttribute("role")).toBe("slider");
    expect(canvas.getAttribute("aria-label")).toBe("delays partitions");
    expect(canvas.getAttribute("aria-valuenow")).toBe("33");
    expect(canvas.getAttribute("aria-valuetext")).toBe("2013-02-03: failed, selected");
  });

  test("home, end and page keys move the cursor and stop at the ends", async () => {
    const { canvas, root } = await open(exampleTraits("a new asset"));
    await key(canvas, "End");
    expect(root.dataset.cursor).toBe("364");
    await key(canvas, "ArrowRight");
    expect(root.dataset.cursor).toBe("364");
    await key(canvas, "PageUp");
    expect(root.dataset.cursor).toBe("327");
    await key(canvas, "Home");
    expect(root.dataset.cursor).toBe("0");
  });

  test("shift and arrows select a range that grows and shrinks", async () => {
    const { canvas, root } = await open(exampleTraits("a new asset"));
    for (let i = 0; i < 4; i++) await key(canvas, "ArrowRight", { shiftKey: true });
    await key(canvas, "ArrowLeft", { shiftKey: true });
    expect(root.dataset.selectionText).toBe("[2013-01-01...2013-01-04]");
  });

  test("shift and arrows go on from where was clicked", async () => {
    const page = await open(exampleTraits("a new asset"));
    await click(stage(page), { x: day(100) });
    await key(page.canvas, "ArrowRight", { shiftKey: true });
    expect(page.root.dataset.selectionText).toBe("[2013-04-11...2013-04-12]");
  });

  test("space takes one in and out, ctrl+A takes all, escape none", async () => {
    const { canvas, root } = await open(exampleTraits("a new asset"));
    await key(canvas, " ");
    expect(root.dataset.selectionCount).toBe("1");
    await key(canvas, " ");
    expect(root.dataset.selectionCount).toBe("0");
    await key(canvas, "a", { ctrlKey: true });
    expect(root.dataset.selectionCount).toBe("365");
    await key(canvas, "Escape");
    expect(root.dataset.selectionCount).toBe("0");
  });

  test("escape during a drag leaves the selection as it was", async () => {
    const page = await open(exampleTraits("January selected, answering select 7"));
    pointer(stage(page), "pointerdown", { x: day(100) });
    pointer(stage(page), "pointermove", { x: day(200) });
    await key(page.canvas, "Escape");
    pointer(stage(page), "pointerup", { x: day(200) });
    expect(page.root.dataset.selectionCount).toBe("31");
    expect(page.model.sent).toEqual([]);
  });

  test("enter materializes what is selected", async () => {
    const { canvas, model } = await open(exampleTraits("January selected, answering select 7"));
    await key(canvas, "Enter");
    expect(model.said("materialize")).toEqual([{ kind: "materialize", fingerprint: "d365" }]);
    expect(model.lastMask(365)).toEqual(span(0, 30));
  });

  test("enter does nothing while nothing is selected, and nothing twice", async () => {
    const empty = await open(exampleTraits("a new asset"));
    await key(empty.canvas, "Enter");
    expect(empty.model.sent).toEqual([]);
    const running = await open(exampleTraits("a run in progress"));
    await key(running.canvas, "Enter");
    expect(running.model.sent).toEqual([]);
  });

  test("keys of the bar do not reach the notebook; Tab, Escape and the host's own do", async () => {
    const { canvas } = await open(exampleTraits("a new asset"));
    const reached: string[] = [];
    document.body.addEventListener("keydown", (event) => reached.push(event.key));
    for (const name of ["ArrowDown", "Enter", " ", "Home", "Tab", "Escape", "b"]) await key(canvas, name);
    await key(canvas, "s", { ctrlKey: true });
    expect(reached).toEqual(["Tab", "Escape", "b", "s"]);
  });

  test("everything that takes the focus keeps the notebook's shortcuts off", async () => {
    const { root } = await open(exampleTraits("a failure with its detail"));
    const focusable = [...root.querySelectorAll<HTMLElement>("button, input, [tabindex]")];
    expect(focusable.length).toBeGreaterThan(10);
    for (const target of focusable) expect(target.dataset.lmSuppressShortcuts).toBe("true");
  });
});

describe("the text field and the buttons", () => {
  test("enter applies the text, which nobody but the kernel can read", async () => {
    const page = await open(exampleTraits("a new asset"));
    const input = page.find<HTMLInputElement>(".ipa-input");
    input.value = "2013-02-*, failed";
    input.dispatchEvent(new Event("input"));
    await key(input, "Enter");
    expect(page.model.said("select_text")).toMatchObject([{ text: "2013-02-*, failed", fingerprint: "d365" }]);
    expect(input.value).toBe("2013-02-*, failed");
    expect(page.find<HTMLButtonElement>(".ipa-primary").disabled).toBe(true);
  });

  test("what is typed and not applied cannot be mistaken for what would run", async () => {
    const page = await open(exampleTraits("January selected, answering select 7"));
    const input = page.find<HTMLInputElement>(".ipa-input");
    input.value = "2013-12-*";
    input.dispatchEvent(new Event("input"));
    expect(page.find<HTMLButtonElement>(".ipa-primary").disabled).toBe(true);
    page.model.tell({ run: { active: false, elsewhere: false, done: 0, total: 0, failed: 0, text: "" } });
    await settled();
    expect(page.find<HTMLButtonElement>(".ipa-primary").disabled).toBe(true);
    expect(input.value).toBe("2013-12-*");
    await key(input, "Escape");
    page.model.tell({ run: { active: false, elsewhere: false, done: 0, total: 0, failed: 0, text: "" } });
    await settled();
    expect(input.value).toBe("[2013-01-01...2013-01-31]");
    expect(page.find<HTMLButtonElement>(".ipa-primary").disabled).toBe(false);
  });

  test("escape puts the text of what is selected back, and the button that runs it", async () => {
    const page = await open(exampleTraits("January selected, answering select 7"));
    const input = page.find<HTMLInputElement>(".ipa-input");
    input.value = "2013-12-*";
    input.dispatchEvent(new Event("input"));
    await key(input, "Escape");
    expect(input.value).toBe("[2013-01-01...2013-01-31]");
    expect(page.find<HTMLButtonElement>(".ipa-primary").disabled).toBe(false);
  });

  test("enter that ends the writing of a word in an input method applies nothing", async () => {
    const page = await open(exampleTraits("a new asset"));
    const input = page.find<HTMLInputElement>(".ipa-input");
    input.value = "東京";
    input.dispatchEvent(new Event("input"));
    await key(input, "Enter", { isComposing: true });
    expect(page.model.sent).toEqual([]);
    expect(input.value).toBe("東京");
  });

  test("the count of a state selects all that are in it", async () => {
    const page = await open(exampleTraits("a failure with its detail"));
    page.find('[aria-label="select 306 missing"]').click();
    await settled();
    expect(page.model.said("select_text")).toMatchObject([{ text: "missing" }]);
    expect(page.root.dataset.selectionCount).toBe("306");
    expect(page.find(".ipa-primary").textContent).toBe("Materialize 306");
  });

  test("the only failure is described when it is selected by its count", async () => {
    const page = await open(exampleTraits("a failure with its detail"));
    page.find('[aria-label="select 1 failed"]').click();
    expect(page.model.said("describe")).toMatchObject([{ index: 33 }]);
  });

  test("a run shows how far it is and can be stopped", async () => {
    const page = await open(exampleTraits("a run in progress"));
    expect(page.find(".ipa-status").textContent).toBe("12 of 31, about 4 s left");
    expect(page.find(".ipa-progress").getAttribute("aria-valuenow")).toBe("39");
    expect(page.find(".ipa-primary").hidden).toBe(true);
    page.find(".ipa-cancel").click();
    await settled();
    expect(page.model.said("cancel")).toEqual([{ kind: "cancel", fingerprint: "d365" }]);
    expect(page.find(".ipa-status").textContent).toBe("stopping");
    page.model.tell({ run: { active: false, elsewhere: false, done: 14, total: 31, failed: 0, text: "stopped after 14 of 31" } });
    await settled();
    expect(page.find(".ipa-cancel").hidden).toBe(true);
    expect(page.find(".ipa-about").textContent).toContain("stopped after 14 of 31");
  });

  test("a run of another process can be cancelled, and leaves room to start another", async () => {
    const page = await open(exampleTraits("a run of another process, January selected"));
    expect(page.find(".ipa-status").textContent).toBe("31 partitions: 17 queued, 12 fresh, 2 running; about 6 s");
    expect(page.find(".ipa-progress").getAttribute("aria-valuenow")).toBe("39");
    expect(page.find(".ipa-cancel").textContent).toBe("Cancel other run");
    page.find(".ipa-cancel").click();
    await settled();
    expect(page.model.said("cancel")).toHaveLength(1);
    expect(page.find(".ipa-status").textContent).toBe("stopping");
    await key(page.canvas, "Enter");
    expect(page.model.said("materialize")).toHaveLength(1);
    expect(page.find(".ipa-status").textContent).toBe("starting");
  });

  test("a run of another process is told of where nothing is selected", async () => {
    const traits = exampleTraits("a new asset");
    const page = await open({ ...traits, run: exampleTraits("a run of another process, January selected").run });
    expect(page.find(".ipa-status").textContent).toBe("another process: 12 of 31, about 4 s left");
    expect(page.find<HTMLButtonElement>(".ipa-primary").disabled).toBe(true);
  });

  test("a failed partition is run again by itself", async () => {
    const page = await open(exampleTraits("a failure with its detail"));
    page.find(".ipa-again").click();
    expect(page.model.said("materialize")).toHaveLength(1);
    expect(page.model.lastMask(365)).toEqual([33]);
  });

  test("nothing is run again where no run can start: while one starts, and without a kernel", async () => {
    const page = await open(exampleTraits("a failure with its detail"));
    const again = page.find<HTMLButtonElement>(".ipa-again");
    again.click();
    await settled();
    expect(again.disabled).toBe(true);
    page.model.fire("comm:close");
    await settled();
    expect(again.disabled).toBe(true);
  });

  test("what goes while it has the focus leaves it to the bar", async () => {
    const page = await open(exampleTraits("a failure with its detail"));
    for (const [selector, traits] of [
      [".ipa-chip:not([hidden])", { counts: { fresh: 365 } }],
      [".ipa-close", { detail: {} }],
    ] as const) {
      page.find(selector).focus();
      page.model.tell(traits);
      await settled();
      expect(document.activeElement).toBe(page.canvas);
    }
  });

  test("an asset without partitions has nothing to select and one thing to run", async () => {
    const page = await open(exampleTraits("an asset without partitions"));
    expect(page.find(".ipa-input").hidden).toBe(true);
    await click(stage(page), { x: 10 });
    expect(page.model.sent).toEqual([]);
    page.find(".ipa-primary").click();
    expect(page.model.lastMask(1)).toEqual([0]);
  });
});

describe("views", () => {
  test("two views of one model agree before the kernel has answered", async () => {
    const page = await open(exampleTraits("a new asset"));
    const other = (await page.again()).querySelector<HTMLElement>(".ipa-bar");
    await drag(stage(page), { x: day(0) }, { x: day(30) });
    expect(other?.dataset.selectionCount).toBe("31");
    expect(other?.querySelector<HTMLInputElement>(".ipa-input")?.value).toBe("[2013-01-01...2013-01-31]");
  });

  test("a closed view leaves nothing behind and does not stop a run", async () => {
    const page = await open(exampleTraits("a run in progress"));
    page.close();
    expect(document.querySelector(".ipa-bar")).toBeNull();
    expect(page.model.handlers).toBe(0);
    expect(page.model.sent).toEqual([]);
  });

  test("each zoom of the page draws it sharp again", async () => {
    const lists: (EventTarget & { media: string })[] = [];
    vi.spyOn(window, "matchMedia").mockImplementation((media) => {
      lists.push(Object.assign(new EventTarget(), { media, matches: false }));
      return lists.at(-1) as unknown as MediaQueryList;
    });
    const { canvas } = await open(exampleTraits("a new asset"));
    for (const ratio of [1.25, 1.5, 2]) {
      const ended = lists.filter(({ media }) => media === `(resolution: ${devicePixelRatio}dppx)`);
      vi.stubGlobal("devicePixelRatio", ratio);
      for (const list of ended) list.dispatchEvent(new Event("change"));
      await settled();
      expect(canvas.width).toBe(Math.round(WIDTH * ratio));
    }
    vi.unstubAllGlobals();
  });

  test("new partitions reset zoom, cursor and selection", async () => {
    const page = await open(exampleTraits("a new asset"));
    await drag(stage(page), { x: day(0) }, { x: day(30) });
    await key(page.canvas, "End");
    page.model.tell(exampleTraits("keys listed, with dates marked on them"));
    await settled();
    expect(page.root.dataset).toMatchObject({ length: "4", selectionCount: "0", cursor: "3" });
    expect(page.find(".ipa-axis").textContent).toContain("Mon 2024-01-29");
  });
});
