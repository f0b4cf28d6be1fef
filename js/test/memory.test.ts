import { beforeEach, expect, test, vi } from "vitest";
import { exampleTraits } from "./contract.ts";
import { key, open, type Page, pointer, settled } from "./front_end.ts";

// No time goes by between one view and the next, however busy the machine is.
beforeEach(() => void vi.spyOn(performance, "now").mockReturnValue(0));

test("a view that takes the place of another takes its focus over", async () => {
  const page = await open(exampleTraits("a new asset"));
  page.canvas.focus();
  page.root.parentElement?.remove();
  const canvas = (await page.again()).querySelector(".ipa-marks");
  expect(document.activeElement).toBe(canvas);
});

test("it does so too where the host removes the old view last", async () => {
  const page = await open(exampleTraits("a new asset"));
  page.find(".ipa-input").focus();
  const input = (await page.again()).querySelector(".ipa-input");
  page.root.parentElement?.remove();
  page.leave();
  await settled();
  expect(document.activeElement).toBe(input);
});

test("it does not where the user has gone elsewhere", async () => {
  const page = await open(exampleTraits("a new asset"));
  const elsewhere = document.body.appendChild(document.createElement("button"));
  page.canvas.focus();
  elsewhere.focus();
  page.root.parentElement?.remove();
  await page.again();
  expect(document.activeElement).toBe(elsewhere);
});

test("it looks where the other looked, with the cursor where that was", async () => {
  const page = await open(exampleTraits("a new asset"));
  for (let i = 0; i < 20; i++) await key(page.canvas, "ArrowRight");
  for (let i = 0; i < 3; i++) await key(page.canvas, "+");
  const root = await page.again();
  expect(root.querySelector<HTMLElement>(".ipa-bar")?.dataset.cursor).toBe("20");
  const stage = root.querySelector<HTMLElement>(".ipa-stage") as HTMLElement;
  pointer(stage, "pointermove", { x: 729 });
  await settled();
  expect(root.querySelector(".ipa-key")?.textContent?.slice(0, 7)).toBe("2013-03");
});

/** A drag from the first day, which gives each day two pixels. */
function dragFrom(page: Page, to: number): void {
  const stage = page.find(".ipa-stage");
  pointer(stage, "pointerdown", { x: 1 });
  pointer(stage, "pointermove", { x: to });
}

test("a drag under way goes on on the view that comes instead", async () => {
  const page = await open(exampleTraits("a new asset"));
  dragFrom(page, 19);
  page.root.parentElement?.remove();
  const root = await page.again();
  page.leave();
  expect(root.querySelector(".ipa-key")?.textContent).toBe("2013-01-01 to 2013-01-10");
  const stage = root.querySelector<HTMLElement>(".ipa-stage") as HTMLElement;
  pointer(stage, "pointermove", { x: 39 });
  pointer(stage, "pointerup", { x: 39 });
  expect(page.model.lastMask(365)).toHaveLength(20);
});

test("a drag goes on also where the host removes the old view last", async () => {
  const page = await open(exampleTraits("a new asset"));
  dragFrom(page, 19);
  const root = await page.again();
  page.root.parentElement?.remove();
  page.leave();
  await settled();
  const stage = root.querySelector<HTMLElement>(".ipa-stage") as HTMLElement;
  pointer(stage, "pointerup", { x: 19 });
  expect(page.model.lastMask(365)).toHaveLength(10);
});

test("a drag ends where it was if the pointer was lifted between the two views", async () => {
  const page = await open(exampleTraits("a new asset"));
  dragFrom(page, 19);
  page.root.parentElement?.remove();
  vi.spyOn(Element.prototype, "hasPointerCapture").mockReturnValue(false);
  await page.again();
  expect(page.model.lastMask(365)).toHaveLength(10);
});

test("a drag is left alone where another view is opened beside it", async () => {
  const page = await open(exampleTraits("a new asset"));
  dragFrom(page, 19);
  const other = await page.again();
  expect(other.querySelector(".ipa-key")?.textContent).toBe("");
  pointer(page.find(".ipa-stage"), "pointerup", { x: 19 });
  expect(page.model.lastMask(365)).toHaveLength(10);
});

test("what is typed and not applied is there on the view that comes instead", async () => {
  const page = await open(exampleTraits("a new asset"));
  const input = page.find<HTMLInputElement>(".ipa-input");
  input.value = "2013-02";
  input.dispatchEvent(new Event("input"));
  page.root.parentElement?.remove();
  const again = (await page.again()).querySelector<HTMLInputElement>(".ipa-input");
  expect(again?.value).toBe("2013-02");
  await key(again as HTMLElement, "Escape");
  expect((await page.again()).querySelector<HTMLInputElement>(".ipa-input")?.value).toBe("");
});

test("a view put aside is not drawn until it comes back", async () => {
  const page = await open(exampleTraits("a new asset"));
  const el = page.root.parentElement as HTMLElement;
  el.remove();
  pointer(page.find(".ipa-stage"), "pointermove", { x: 100 });
  await settled();
  expect(page.find(".ipa-key").textContent).toBe("");
});

test("a view that its host has dropped without a word hears no more of the run", async () => {
  const page = await open(exampleTraits("a run in progress"));
  page.root.parentElement?.remove();
  pointer(page.find(".ipa-stage"), "pointermove", { x: 100 });
  await settled();
  page.model.tell({ run: { active: true, elsewhere: false, done: 30, total: 31, failed: 0, text: "30 of 31" } });
  await settled();
  expect(page.find(".ipa-status").textContent).toBe("12 of 31, about 4 s left");
});

test("one that comes back shows what has happened meanwhile", async () => {
  const page = await open(exampleTraits("a run in progress"));
  const el = page.root.parentElement as HTMLElement;
  el.remove();
  pointer(page.find(".ipa-stage"), "pointermove", { x: 100 });
  await settled();
  page.model.tell({ run: { active: true, elsewhere: false, done: 30, total: 31, failed: 0, text: "30 of 31" } });
  document.body.append(el);
  pointer(page.find(".ipa-stage"), "pointermove", { x: 101 });
  await settled();
  expect(page.find(".ipa-status").textContent).toBe("30 of 31");
});
