// Under the bonnet: the panel tells how the tissue is computed, and leads to what was checked.
import assert from "node:assert/strict";
import { base, firstCase, journey, moved, openCase, organ, until } from "./browser.mjs";

const figure = (page, name) => page.locator(`#mechanics [data-figure="${name}"]`).innerText();
const state = (page, wanted) => page.waitForSelector(`#mechanics [data-state="mechanics.${wanted}"]`);

journey("the mechanics are told while somebody looks", async ({ page }) => {
  const first = await firstCase();
  await openCase(page, first.id);
  assert.equal(await page.locator("#mechanics").count(), 0, "closed by default");
  await page.keyboard.press("m");
  await page.waitForSelector("#mechanics");
  await state(page, "resting");
  const [cells, nodes] = (await figure(page, "size")).split(" · ").map(Number);
  assert.ok(cells > 1000 && nodes > cells, `${cells} cells, ${nodes} nodes`);

  // Pulled by keys: it computes, and stores energy.
  await page.keyboard.press("2");
  for (let press = 0; press < 4; press += 1) await page.keyboard.press("ArrowUp");
  await state(page, "running");
  await moved(page, "above", 5);
  await until(
    page,
    () => parseFloat(document.querySelector('#mechanics [data-figure="elastic"]').textContent) > 0,
    null,
    "the pull stores energy",
  );
  assert.match(await figure(page, "iterations"), /^[1-9]\d* Newton/);
  assert.match(await figure(page, "residual"), /× 10/);

  // Told at most four times a second, whatever the frames do.
  const changes = await page.evaluate(async () => {
    let count = 0;
    const watch = new MutationObserver(() => (count += 1));
    watch.observe(document.querySelector('#mechanics [data-figure="step"]'), { characterData: true, subtree: true, childList: true });
    await new Promise((done) => setTimeout(done, 2000));
    watch.disconnect();
    return count;
  });
  assert.ok(changes <= 9, `${changes} changes in two seconds`);

  // It is let go, comes to rest, and the panel says so.
  await page.keyboard.press("Escape");
  await moved(page, "below", 1);
  await state(page, "resting");

  // Remembered; and closed by the same key.
  await page.reload();
  await organ(page);
  await page.waitForSelector("#mechanics");
  await page.locator("#mechanics a").click();
  await page.waitForSelector("#validation-summary");
  assert.equal(new URL(page.url()).pathname, "/trust");
  await page.goBack();
  await organ(page);
  await page.keyboard.press("m");
  await page.waitForSelector("#mechanics", { state: "detached" });
});

journey("every result is shown, also those that fail", async ({ page }) => {
  await page.goto(`${base}/about`);
  await page.locator('article a[href="/trust"]').click();
  const summary = page.locator("#validation-summary");
  await summary.waitFor();
  const all = Number(await summary.getAttribute("data-all"));
  const within = Number(await summary.getAttribute("data-within"));
  assert.ok(all > 50, `${all} results`);
  assert.equal(await page.locator("tr[data-verdict]").count(), all);
  assert.equal(await page.locator('tr[data-verdict="within"]').count(), within);
  const words = await page.locator("tr[data-verdict] .verdict").allInnerTexts();
  assert.equal(words.filter((word) => word.trim() === "Within").length, within, "said in words");
});
