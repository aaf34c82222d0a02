// Every task without a mouse.
import assert from "node:assert/strict";
import { base, firstCase, journey, moved, organ, structure, until } from "./browser.mjs";

/** Press Tab until `selector` has the focus. */
async function tabTo(page, selector) {
  for (let press = 0; press < 200; press += 1) {
    if (await page.evaluate((selector) => document.activeElement?.matches(selector), selector)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab never reaches ${selector}`);
}

/** The focused element must be seen to have the focus. */
async function focusIsVisible(page) {
  const ring = await page.evaluate(() => {
    const style = getComputedStyle(document.activeElement);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1 || style.boxShadow !== "none";
  });
  assert.ok(ring, "the focus can be seen");
}

journey("by keys alone", async ({ page }) => {
  const first = await firstCase();
  await page.goto(`${base}/`);
  await page.evaluate(() => localStorage.setItem("quality", "low"));
  await page.waitForSelector(`a[data-case="${first.id}"]`);
  await tabTo(page, `a[data-case="${first.id}"]`);
  await focusIsVisible(page);
  await page.keyboard.press("Enter");
  await organ(page);

  // Turn the organ.
  await tabTo(page, "canvas");
  await focusIsVisible(page);
  for (let press = 0; press < 6; press += 1) await page.keyboard.press("ArrowRight");
  await page.waitForSelector('li[data-step="turn"][data-done="true"]');

  // Take the forceps, pull, let go.
  await page.keyboard.press("2");
  await page.waitForSelector('button[aria-keyshortcuts="2"][aria-pressed="true"]');
  for (let press = 0; press < 4; press += 1) await page.keyboard.press("ArrowUp");
  await moved(page, "above", 5);
  await page.keyboard.press("Escape");
  await moved(page, "below", 1);
  await page.keyboard.press("1");

  // Select and hide from the list.
  await tabTo(page, 'li[data-structure="gallbladder"] button.name');
  await focusIsVisible(page);
  await page.keyboard.press("Enter");
  await until(
    page,
    () => document.querySelector('li[data-structure="gallbladder"] .name').ariaPressed === "true",
    null,
    "the gallbladder is selected",
  );
  await page.locator("#facts").getByText("Gallbladder").first().waitFor();
  const { hide } = structure(page, "gallbladder");
  await hide.focus();
  await page.keyboard.press("Space");
  assert.equal(await hide.getAttribute("aria-pressed"), "true");
  // Said aloud as "Gallbladder is hidden", or, the first time, as the step that this completes.
  await until(page, () => /hid/i.test(document.querySelector("#said").textContent), null, "it is said aloud");

  // The list of keys opens and closes, and gives the focus back.
  await page.keyboard.press("?");
  await page.waitForSelector("dialog[open]");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog[open]", { state: "detached" });

  // Back to the library, which has noticed.
  await tabTo(page, 'header a[href="/"]');
  await page.keyboard.press("Enter");
  await page.waitForSelector(`a[data-case="${first.id}"]`);
  assert.equal(new URL(page.url()).pathname, "/");
});
