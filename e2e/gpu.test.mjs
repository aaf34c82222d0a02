// Who computes the tissue: the race at load, the wish in the address, and a GPU that is lost on the way.
import assert from "node:assert/strict";
import { base, displacement, find, firstCase, journey, moved, organ, until } from "./browser.mjs";

const webgpu = process.env.SECTIO_WEBGPU !== "off";

/** Collect what the page says of the race. */
function race(page) {
  const told = [];
  page.on("console", (message) => {
    if (message.text().startsWith("tissue on the ")) told.push(message.text());
  });
  return told;
}

/** The displacement once it hardly changes any more [mm]. */
async function steady(page) {
  for (let last = await displacement(page), tries = 0; tries < 40; tries += 1) {
    await page.waitForTimeout(1500);
    const now = await displacement(page);
    if (Math.abs(now - last) < 0.01 * now) return now;
    last = now;
  }
  throw new Error("the tissue does not come to rest");
}

journey("a software GPU loses the race", async ({ page }) => {
  const told = race(page);
  const { id } = await firstCase();
  await page.goto(`${base}/case/${id}?quality=low`);
  await organ(page);
  assert.equal(told.length, 1, "the race is told once");
  assert.match(told[0], /^tissue on the CPU/);
});

const backend = (page) => page.locator('#mechanics [data-figure="backend"]').innerText();

// In software a step takes a second: the tissue is not waited for before the device goes.
journey("a GPU that is asked for computes organs that touch, and once lost leaves them in hand", async ({ page }) => {
  if (!webgpu) {
    console.log("skipping the lost GPU: WebGPU is switched off in this run");
    return;
  }
  const told = race(page);
  const { id } = await firstCase();
  await page.goto(`${base}/case/${id}?quality=low&backend=gpu`);
  await organ(page);
  assert.match(told[0], /^tissue on the GPU: the GPU was asked for/);
  await page.keyboard.press("m");
  await page.waitForSelector("#mechanics");

  await page.keyboard.press("2");
  const at = await find(page, "Liver");
  await page.mouse.down();
  for (let step = 1; step <= 12; step += 1) {
    await page.mouse.move(at.x + 4 * step, at.y - 8 * step);
  }
  await moved(page, "above", 5);
  const before = await displacement(page);
  assert.match(await backend(page), /^Graphics/, "organs touch, and yet the GPU computes");

  // The device goes while the tissue is held: the CPU takes over, and what is held stays held.
  const [worker] = page.workers();
  await worker.evaluate(() => {
    self.dispatchEvent(new MessageEvent("message", { data: ["lose the GPU", null] }));
  });
  await until(
    page,
    () => document.querySelector('#mechanics [data-figure="backend"]').textContent.startsWith("Processor"),
    null,
    "the CPU takes over",
  );
  const after = await steady(page);
  assert.ok(after > 0.95 * before, `it stays in hand: ${before} mm, then ${after} mm`);
  await page.mouse.up();
  await moved(page, "below", 1);
});
