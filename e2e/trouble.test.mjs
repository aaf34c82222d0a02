// When something is missing or breaks: a page that says what happened, what was kept, and what to do next.
import assert from "node:assert/strict";
import { base, find, firstCase, journey, openCase, organ, moved, picture } from "./browser.mjs";

/** The page for a trouble, with its words and a way on. */
async function told(page, kind, words) {
  const trouble = page.locator(`[data-trouble="${kind}"]`);
  await trouble.waitFor();
  assert.match(await trouble.innerText(), words);
  assert.ok(await trouble.getByRole("link", { name: "To the library" }).isVisible());
  await picture(page, `trouble-${kind}`);
  return trouble;
}

journey("a damaged pack is not opened, and can be fetched anew", async ({ page, context }) => {
  const first = await firstCase();
  await context.route(`**${first.pack.url}`, async (route) => {
    const answer = await route.fetch();
    const body = await answer.body();
    for (let i = Math.floor(body.length / 2); i < body.length; i += 97) body[i] ^= 0x5a;
    await route.fulfill({ response: answer, body });
  });
  await page.goto(`${base}/case/${first.id}?quality=low`);
  const trouble = await told(page, "corrupt-pack", /arrived damaged/);
  await context.unroute(`**${first.pack.url}`);
  await trouble.getByRole("button", { name: "Try again" }).click();
  await organ(page);
  // Without a service worker every request can be altered on its way.
}, { serviceWorkers: "block", expected: /service worker/i });

journey("without WebGL2 a page says what to do", async ({ page }) => {
  const first = await firstCase();
  await page.goto(`${base}/case/${first.id}`);
  await told(page, "no-webgl2", /hardware acceleration/);
  // Library and journal work all the same.
  await page.getByRole("link", { name: "To the library" }).click();
  await page.waitForSelector(`a[data-case="${first.id}"]`);
  // Slices that were being drawn when the page gave way are let go.
}, { flags: ["--disable-3d-apis"], expected: /WebGL|ERR_FILE_NOT_FOUND \(blob:/i });

journey("a case that was never opened says so offline", async ({ page, context }) => {
  const first = await firstCase();
  await page.goto(`${base}/`);
  await page.waitForSelector(`a[data-case="${first.id}"]`);
  // The app itself is kept before any case is.
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.waitForFunction(async () => Boolean(await caches.match("/")));
  await context.setOffline(true);
  await page.locator(`a[data-case="${first.id}"]`).click();
  const trouble = await told(page, "offline", /No connection/);
  await context.setOffline(false);
  await trouble.getByRole("button", { name: "Try again" }).click();
  await organ(page);
}, { expected: /ERR_INTERNET_DISCONNECTED|ERR_FAILED|Failed to fetch/ });

journey("an unknown case leads back to the library", async ({ page }) => {
  await page.goto(`${base}/case/nonesuch`);
  await told(page, "no-case", /no such case/i);
}, { expected: /status of 404.*nonesuch/ });

journey("a crashed worker is started again without a reload", async ({ page }) => {
  const first = await firstCase();
  await openCase(page, first.id);
  const [worker] = page.workers();
  assert.ok(worker, "the tissue is computed in a worker");
  // An uncaught error inside the worker is what a crash of the solver looks like from the page.
  await worker.evaluate(() => {
    setTimeout(() => {
      throw new Error("crashed on purpose");
    });
  });
  await page.waitForSelector('.operate[data-simulation="lost"]');
  await page.locator("#restart-simulation").waitFor();
  await picture(page, "trouble-worker");
  await page.locator("#restart-simulation").click();
  await organ(page);
  // The new worker is as good as the first.
  await page.keyboard.press("2");
  const at = await find(page, "Liver");
  await page.mouse.down();
  for (let step = 1; step <= 12; step += 1) await page.mouse.move(at.x + 4 * step, at.y - 8 * step);
  await moved(page, "above", 5);
  await page.mouse.up();
  await moved(page, "below", 1);
}, { expected: /crashed on purpose/ });
