// A real cut by real pointer events: lips part by millimetres, nothing is lost, and every stroke can be taken back.
import assert from "node:assert/strict";
import { base, find, journey, openCase, picture, until } from "./browser.mjs";

const attribute = (page, selector, name) =>
  page.locator(selector).getAttribute(name).then(Number);
const strokes = (page) => attribute(page, ".blade-control", "data-strokes");
const volume = async (page) =>
  parseFloat((await page.locator('#mechanics [data-figure="volume"]').innerText()).replace("−", "-"));

/** Wait until the wound is at least, or at most, so wide [mm]. */
const gapes = (page, low, high) =>
  until(
    page,
    ([low, high]) => {
      const shown = document.querySelector("#gape");
      const mm = shown ? Number(shown.dataset.mm) : 0;
      return mm >= low && mm <= high;
    },
    [low, high],
    `the wound is ${low} to ${high} mm wide`,
  );

/** Draw the scalpel over the canvas as a hand does: shares of its width and height. */
async function incise(page, [from, to], name) {
  const box = await page.locator("canvas").first().boundingBox();
  const at = (share) => [box.x + share[0] * box.width, box.y + share[1] * box.height];
  await page.mouse.move(...at(from));
  await page.locator(".callout b", { hasText: new RegExp(`^${name}$`) }).waitFor();
  await page.mouse.down();
  const moves = 24;
  for (let move = 1; move <= moves; move += 1) {
    const along = from.map((x, i) => x + ((to[i] - x) * move) / moves);
    await page.mouse.move(...at(along));
    await page.waitForTimeout(30);
  }
  await page.mouse.up();
}

/** One stroke on a twin, its undo and redo. */
function incision(id, name, { depth, stroke, wide }) {
  journey(`a cut through the ${id} opens, loses nothing, and is taken back`, async ({ page }) => {
    await openCase(page, id);
    await page.keyboard.press("m");
    await page.waitForSelector("#mechanics");
    await page.keyboard.press("4");
    await page.locator("#depth").fill(String(depth));
    await find(page, name);
    assert.equal(await strokes(page), 0);

    await incise(page, stroke, name);
    await until(page, () => document.querySelector(".blade-control")?.dataset.strokes === "1", null, "one stroke");
    await gapes(page, wide, 40);
    await page.waitForTimeout(4000);
    const open = await attribute(page, "#gape", "data-mm");
    assert.ok(Math.abs(await volume(page)) < 1, `volume kept: ${await volume(page)} %`);
    await picture(page, `incised-${id}`);

    await page.getByRole("button", { name: /^Undo the last stroke/ }).click();
    await until(page, () => document.querySelector(".blade-control")?.dataset.strokes === "0", null, "none left");
    await gapes(page, 0, 0);
    await picture(page, `undone-${id}`);
    await page.getByRole("button", { name: /^Do it again/ }).click();
    await until(page, () => document.querySelector(".blade-control")?.dataset.strokes === "1", null, "there again");
    await gapes(page, open - 0.8, open + 0.8);
  });
}

incision("liver", "Liver", { depth: 25, stroke: [[0.42, 0.5], [0.62, 0.5]], wide: 2 });
incision("skin", "Skin", { depth: 9, stroke: [[0.4, 0.3], [0.62, 0.34]], wide: 1 });

journey("a planned line is cut along, by keys alone, with the left hand holding on", async ({ page }) => {
  await openCase(page, "liver");
  const press = async (key, times) => {
    for (let i = 0; i < times; i += 1) {
      await page.keyboard.press(key);
      await page.waitForTimeout(60);
    }
  };
  // The pen is set down in the middle and draws 24 mm to the right.
  await page.keyboard.press("8");
  await press("ArrowRight", 9);
  const planned = await attribute(page, "#planned", "data-mm");
  assert.ok(planned > 15 && planned < 45, `a line of ${planned} mm`);
  await page.keyboard.press("Escape");

  // The left forceps close in the middle of the view, are pulled down while their key is held, and stay.
  await page.keyboard.down("h");
  await press("ArrowDown", 3);
  await page.keyboard.up("h");
  await until(page, () => Number(document.querySelector("#left")?.dataset.newton) > 0.05, null, "the left hand pulls");

  // The scalpel goes the same way; what it was like is told.
  await page.keyboard.press("4");
  await press(".", 6);
  await press("ArrowRight", 9);
  await until(page, () => /off the line/.test(document.querySelector("#cutting").textContent), null, "held against the line");
  await page.keyboard.press("Escape");
  await until(page, () => document.querySelector(".blade-control")?.dataset.strokes === "1", null, "one stroke");
  await gapes(page, 0.5, 40);
  await picture(page, "planned-liver");
  await page.keyboard.press("h");
  await page.waitForSelector("#left", { state: "detached" });

  // Kept in the journal with what it went through, once it is told.
  await until(page, () => document.querySelector("#cutting")?.textContent === "", null, "the stroke is told");
  await page.goto(`${base}/data`);
  const told = page.getByText(/cut liver: \d+ mm long, \d+ mm deep, in [\d.]+ s, with up to [\d.]+ N, off the planned line .* area cut: liver [\d.]+ cm²/);
  await told.first().waitFor();
});

journey("a severed vein bleeds until it is clamped or sealed, by keys alone", async ({ page }) => {
  await openCase(page, "skin");
  await page.keyboard.press("4");
  await page.locator("#depth").fill("9");
  await find(page, "Skin");
  await incise(page, [[0.4, 0.3], [0.62, 0.34]], "Skin");
  const blood = (name) => attribute(page, "#blood", `data-${name}`);
  const opens = (count) =>
    until(page, (count) => document.querySelector("#blood")?.dataset.open === String(count), count, `${count} vessels open`);
  await opens(2);
  await page.waitForTimeout(4000);
  const [lost, rate] = [await blood("ml"), await blood("rate")];
  assert.ok(lost > 0.5 && rate > 2, `${lost} mL, ${rate} mL/min`);
  await picture(page, "bleeding-skin");

  // A clamp on the end that bleeds more, the sealer on the other.
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("9");
  await page.keyboard.press("ArrowUp");
  await opens(1);
  await page.keyboard.press("6");
  await page.getByRole("button", { name: "Bipolar to 7 mm" }).click();
  await page.keyboard.press("ArrowUp");
  await opens(0);
  await page.keyboard.press("Escape");
  await picture(page, "stanched-skin");
  assert.ok(await blood("rate") < rate, "less is lost");

  // Undone with its stroke.
  await page.keyboard.press("z");
  await page.waitForSelector("#blood", { state: "detached" });
  await page.goto(`${base}/data`);
  await page.getByText(/clamped cephalic vein, [\d.]+ mm wide, after [\d.]+ mL of blood/).first().waitFor();
  await page.getByText(/sealed cephalic vein, [\d.]+ mm wide/).first().waitFor();
});
