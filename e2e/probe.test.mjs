// A rigid instrument: the probe pushes into the liver, tells its force, and lets go.
import assert from "node:assert/strict";
import { find, firstCase, journey, moved, openCase, picture, until } from "./browser.mjs";

/** Wait for the force that the page shows to satisfy a limit, upwards ("above") or downwards ("below") [N]. */
async function force(page, direction, limit) {
  await until(
    page,
    ([direction, limit]) => {
      const newton = Number(document.querySelector("#force")?.dataset.newton);
      return direction === "above" ? newton > limit : newton <= limit;
    },
    [direction, limit],
    `the force gets ${direction} ${limit} N`,
  );
  return Number(await page.locator("#force").getAttribute("data-newton"));
}

journey("the probe pushes the liver", async ({ page }) => {
  const first = await firstCase();
  await openCase(page, first.id);
  await page.keyboard.press("3");
  await page.waitForSelector('button[aria-keyshortcuts="3"][aria-pressed="true"]');
  await find(page, "Liver");
  await page.mouse.down();
  const touch = await force(page, "above", 0.02);
  for (let notch = 0; notch < 2; notch += 1) await page.mouse.wheel(0, -120);
  await moved(page, "above", 5);
  const push = await force(page, "above", touch);
  assert.ok(push < 100, `a force between a touch and a tear: ${push} N`);
  await picture(page, `pushed-${process.env.SECTIO_WEBGPU ?? "on"}`);
  await page.mouse.up();
  await force(page, "below", 0);
  await moved(page, "below", 1);
  // It was a push, not a pull.
  assert.equal(await page.locator('li[data-step="pull"]').getAttribute("data-done"), "false");

  // The same by keys; leaving the tool puts it away.
  await page.mouse.move(5, 5);
  await page.locator("canvas").focus();
  for (let press = 0; press < 3; press += 1) await page.keyboard.press("ArrowUp");
  await force(page, "above", 0.02);
  await page.keyboard.press("1");
  await force(page, "below", 0);
  await moved(page, "below", 1);
});
