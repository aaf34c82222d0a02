// axe on every page, in both themes, on a laptop and on a phone.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { DESKTOP, PHONE, base, firstCase, journey, openCase, organ } from "./browser.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Violations on the page as it stands. */
async function violationsOn(page, what) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
  const { violations } = await page.evaluate(
    (values) => window.axe.run(document, { runOnly: { type: "tag", values } }),
    RULES,
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${what}: ${id}: ${target.join(" ")}: ${failureSummary}`),
  );
}

for (const colorScheme of ["dark", "light"]) {
  for (const [device, viewport] of Object.entries({ laptop: DESKTOP, phone: PHONE })) {
    journey(
      `accessible, ${colorScheme}, ${device}`,
      async ({ page }) => {
        // All pages are gone through before anything is judged: one run tells everything.
        const found = [];
        const look = async (name) => found.push(...(await violationsOn(page, name)));
        const first = await firstCase();
        await page.goto(`${base}/`);
        await page.waitForSelector(`a[data-case="${first.id}"]`);
        await look("library");
        for (const path of ["/about", "/trust", "/data"]) {
          await page.goto(base + path);
          await page.waitForSelector("h1");
          await look(path);
        }
        await page.goto(`${base}/case/nonesuch`);
        await page.waitForSelector("[data-trouble]");
        await look("no such case");
        await page.goto(`${base}/nonesuch`);
        await page.waitForSelector("h1");
        await look("no such page");
        await openCase(page, first.id);
        await look("case");
        // On phones the coach is a sheet: the questions have a button of their own there.
        await page.locator(device === "laptop" ? "#open-quiz" : '.floating [aria-label="Check yourself"]').click();
        await look("questions");
        await page.locator(".option input").first().check();
        await page.locator("#quiz-check").click();
        await page.waitForSelector(".explanation");
        await look("an answer with its reason");
        await page.keyboard.press("Escape");
        await page.evaluate(() => document.querySelector("dialog.origins").showModal());
        await look("what is real");
        await page.keyboard.press("Escape");
        if (device === "laptop") {
          await page.locator("li[data-structure] button.name").first().click();
          await page.keyboard.press("7");
          await page.waitForSelector('input[type="range"]');
          await look("case with a selection and a section");
          await page.keyboard.press("m");
          await page.locator("#mechanics summary").click();
          await look("case with the mechanics");
          await page.keyboard.press("?");
          await page.waitForSelector("dialog[open]");
          await look("list of keys");
        } else {
          for (const name of ["Structures", "Scan", "Selected structure", "Mechanics"]) {
            const button = page.locator(".floating").getByRole("button", { name });
            await button.click();
            await look(`drawer ${name}`);
            await button.click();
          }
        }
        assert.deepEqual(found, [], "no violation");
      },
      // The server answers these two addresses with the app and an honest 404, which the browser notes.
      { colorScheme, viewport, expected: /status of 404.*\/nonesuch\b/ },
    );
  }
}

journey("motion rests when less of it is asked for", async ({ page }) => {
  const first = await firstCase();
  await page.goto(`${base}/case/${first.id}?quality=low`);
  await organ(page);
  const moving = await page.evaluate(() =>
    document.getAnimations().filter((one) => one.playState === "running" && one.effect.getComputedTiming().duration > 1).length,
  );
  assert.equal(moving, 0, "no animation runs");
}, { reducedMotion: "reduce" });
