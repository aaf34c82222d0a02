// What a learner does is noted on this laptop, shown in the library, and can be taken along or deleted.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { base, firstCase, journey, openCase, structure } from "./browser.mjs";

journey("the journal is kept, exported and deleted", async ({ page }) => {
  const first = await firstCase();
  await openCase(page, first.id);
  await structure(page, "gallbladder").name.click();
  await page.waitForSelector('li[data-step="find"][data-done="true"]');
  await structure(page, "gallbladder").hide.click();
  await page.waitForSelector('li[data-step="hide"][data-done="true"]');

  await page.goto(`${base}/`);
  const card = page.locator(`a[data-case="${first.id}"]`);
  await card.getByText("2 of 5 steps").waitFor();

  await page.goto(`${base}/data`);
  await page.waitForFunction(() => Number(document.querySelector("#event-count")?.textContent) >= 5);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Export as JSON" }).click(),
  ]);
  const journal = JSON.parse(await readFile(await download.path(), "utf8"));
  const events = Array.isArray(journal) ? journal : journal.events;
  const kinds = events.map(({ kind }) => kind);
  for (const kind of ["opened", "structure_found", "hidden", "step_done"]) {
    assert.ok(kinds.includes(kind), `${kind} in ${kinds}`);
  }
  assert.ok(events.every((event) => event.case === first.id && event.time > 1.7e12));
  const order = events.map(({ seq }) => seq);
  assert.deepEqual(order, [...order].sort((a, b) => a - b), "in the order it happened");

  await page.getByRole("button", { name: "Delete everything" }).click();
  await page.getByRole("button", { name: "Delete it" }).click();
  await page.waitForFunction(() => document.querySelector("#event-count")?.textContent === "0");
  await page.reload();
  await page.waitForFunction(() => document.querySelector("#event-count")?.textContent === "0");
  await page.goto(`${base}/`);
  await card.getByText("Not started").waitFor();
});
