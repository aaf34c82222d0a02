// The main job: from the library to a real liver that gives under the forceps, hides a neighbour, and opens again offline.
import assert from "node:assert/strict";
import { base, displacement, find, firstCase, journey, moved, organ, picture, structure, tissueBecomes } from "./browser.mjs";

const PULL = 5; // mm that the tissue must give
const REST = 1; // mm that may remain

journey("library, case, grasp, hide, select, offline", async ({ page, context }) => {
  const first = await firstCase();
  await page.goto(`${base}/`);
  // The choice of less effort is remembered, as a person's would be.
  await page.evaluate(() => localStorage.setItem("quality", "low"));
  await page.locator(`a[data-case="${first.id}"]`).click();
  await organ(page);
  assert.equal(new URL(page.url()).pathname, `/case/${first.id}`);

  // Grasp: real pointer events on the organ, slowly, as one pulls.
  await page.keyboard.press("2");
  const at = await find(page, "Liver");
  await page.mouse.down();
  for (let step = 1; step <= 12; step += 1) {
    await page.mouse.move(at.x + 4 * step, at.y - 8 * step);
  }
  await moved(page, "above", PULL);
  const force = Number(await page.locator("#force").getAttribute("data-newton"));
  assert.ok(force > 0.05 && force < 100, `a force between a touch and a tear: ${force} N`);
  await picture(page, `pulled-${process.env.SECTIO_WEBGPU ?? "on"}`);
  assert.ok((await displacement(page)) >= PULL, "it stays pulled while it is held");
  await page.mouse.up();
  await moved(page, "below", REST);
  for (const step of ["pull", "return"]) {
    await page.waitForSelector(`li[data-step="${step}"][data-done="true"]`);
  }

  // Hide, show, isolate, fade: each changes what is drawn.
  await page.mouse.move(5, 5);
  const liver = structure(page, "liver");
  const neighbour = structure(page, "kidney_right");
  const whole = await tissueBecomes(page, (share) => share > 0.05, "the organ is drawn");
  await liver.hide.click();
  assert.equal(await liver.hide.getAttribute("aria-pressed"), "true");
  await tissueBecomes(page, (share) => share < 0.6 * whole, "hiding the liver");
  await liver.hide.click();
  await tissueBecomes(page, (share) => share > 0.9 * whole, "showing it again");
  await neighbour.isolate.click();
  await tissueBecomes(page, (share) => share < 0.6 * whole, "isolating the kidney");
  await page.getByRole("button", { name: "Show all" }).click();
  await tissueBecomes(page, (share) => share > 0.9 * whole, "showing all");
  await liver.fade.click();
  assert.equal(await liver.fade.getAttribute("aria-pressed"), "true");
  await liver.fade.click();
  await tissueBecomes(page, (share) => share > 0.9 * whole, "no longer faded");

  // Select: name, function and relations are told.
  await neighbour.name.click();
  assert.equal(await neighbour.name.getAttribute("aria-pressed"), "true");
  await page.locator("#facts").getByText("Right kidney", { exact: false }).first().waitFor();
  assert.match(page.url(), /structure=kidney_right/);

  // Offline: everything comes from what the browser kept.
  await page.waitForSelector('[data-offline="ready"]', { state: "attached" });
  await context.setOffline(true);
  const strangers = [];
  page.on("response", (response) => {
    if (!response.fromServiceWorker() && !response.url().startsWith("blob:")) strangers.push(response.url());
  });
  await page.reload();
  await organ(page);
  // A worker's script comes from the kept shell as well, but the browser does not say so.
  assert.deepEqual(strangers.filter((url) => !url.includes("worker")), [], "all from the service worker");
  await picture(page, `offline-${process.env.SECTIO_WEBGPU ?? "on"}`);
  await context.setOffline(false);
});
