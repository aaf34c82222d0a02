// Pictures of every page in both themes on a laptop and on a phone, for people to look at; and one case at full quality.
import assert from "node:assert/strict";
import { DESKTOP, PHONE, base, firstCase, journey, openCase, picture } from "./browser.mjs";

/** A window that shows one colour shows nothing. */
function worthLooking(png, name) {
  assert.ok(png.length > 12_000, `${name} shows something (${png.length} bytes)`);
}

for (const colorScheme of ["dark", "light"]) {
  for (const viewport of [DESKTOP, PHONE]) {
    const size = `${viewport.width}x${viewport.height}`;
    journey(`pictures, ${colorScheme}, ${size}`, async ({ page }) => {
      const first = await firstCase();
      const take = async (name) => worthLooking(await picture(page, `${name}-${size}-${colorScheme}`), name);
      await page.goto(`${base}/`);
      await page.waitForSelector(`a[data-case="${first.id}"]`);
      await page.waitForFunction(() => [...document.images].every((image) => image.complete && image.naturalWidth > 0));
      await take("library");
      for (const name of ["about", "trust", "data"]) {
        await page.goto(`${base}/${name}`);
        await page.waitForSelector("h1");
        await take(name);
      }
      await openCase(page, first.id, "high");
      await take("case");
      await page.evaluate(() => document.querySelector("dialog.quiz").showModal());
      await page.locator(".option input").first().check();
      await page.locator("#quiz-check").click();
      await page.waitForSelector(".explanation");
      await take("quiz");
      await page.keyboard.press("Escape");
      await page.evaluate(() => document.querySelector("dialog.origins").showModal());
      await take("origins");
    }, { colorScheme, viewport });
  }
}
