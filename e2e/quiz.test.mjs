// Checking oneself: answered by keys, explained, kept; and structures found by any of their names.
import assert from "node:assert/strict";
import { base, firstCase, journey, openCase, structure, until } from "./browser.mjs";

/** What the server knows of the case. */
async function details(id) {
  return (await fetch(`${base}/cases/${id}.json`)).json();
}

/** Choose the answers with these texts, and check. */
async function answer(page, texts) {
  for (const text of texts) await page.locator(".option", { hasText: text }).locator("input").check();
  await page.locator("#quiz-check").click();
}

journey("questions are answered by keys, explained and kept", async ({ page }) => {
  const first = await firstCase();
  const { questions, german } = await details(first.id);
  const single = questions.findIndex((question) => !question.multiple);
  const question = questions[single];
  const right = question.options.find((option) => option.right).text;
  await openCase(page, first.id);
  await page.locator("#open-quiz").focus();
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog.quiz[open]");
  assert.equal(await page.locator(".quiz .mark").count(), questions.length);

  // Without a choice nothing is judged.
  await page.locator("#quiz-check").click();
  await page.getByText("Choose an answer first.").waitFor();

  // By keys: the arrow moves among the answers, which chooses.
  await page.locator(".quiz .mark").nth(single).click();
  await page.waitForSelector(`.asked[data-question="${question.id}"]`);
  await page.locator(".option input").first().focus();
  await page.keyboard.press("Space");
  for (let press = 0; press < question.options.length; press += 1) {
    const chosen = await page.locator(".option:has(:checked)").innerText();
    if (chosen.includes(right)) break;
    await page.keyboard.press("ArrowDown");
  }
  await page.keyboard.press("Tab");
  await page.locator("#quiz-check").focus();
  await page.keyboard.press("Enter");
  await page.getByText(question.explanation).waitFor();
  for (const reference of question.references) await page.getByText(reference).first().waitFor();
  assert.match(await page.locator(".quiz .mark").nth(single).getAttribute("aria-label"), /, right$/);
  // Whoever cannot see goes on where the reason stands.
  assert.equal(await page.evaluate(() => document.activeElement?.className), "outcome");

  // A wrong answer is named, and what was right is shown.
  const other = (single + 1) % questions.length;
  await page.locator("#quiz-next").click();
  await page.waitForSelector(`.asked[data-question="${questions[other].id}"]`);
  await answer(page, [questions[other].options.find((option) => !option.right).text]);
  await page.getByText("Not quite.").waitFor();
  assert.equal(await page.locator(".option.wrong").count(), 1);
  assert.ok((await page.locator(".option.right").count()) > 0);
  await page.keyboard.press("Escape");

  // The answer outlives the page, and the language may change.
  await openCase(page, first.id);
  await until(page, (all) => document.querySelector("#open-quiz").textContent.includes(`1 of ${all} right`), questions.length, "the answer is kept");
  await page.getByRole("button", { name: /Deutsch|DE/ }).first().click();
  await page.locator("#open-quiz").click();
  await page.locator(".quiz .mark").nth(single).click();
  await page.getByText(german[question.stem]).waitFor();
});

journey("a structure is found by any of its names", async ({ page }) => {
  const first = await firstCase();
  const { structures } = await details(first.id);
  const wanted = structures.find((one) => one.fma && one.ta2);
  await openCase(page, first.id);
  const search = page.locator('.structures input[type="search"]');
  for (const name of [wanted.name, wanted.ta2, `FMA ${wanted.fma}`, wanted.aliases.at(-1).toUpperCase()]) {
    await search.fill(name);
    await structure(page, wanted.id).row.waitFor();
    assert.ok((await page.locator("li[data-structure]").count()) < structures.length, `${name} narrows`);
  }
});

journey("the twin says what is real and where its constants come from", async ({ page }) => {
  const first = await firstCase();
  const { real, derived, constants } = await details(first.id);
  await openCase(page, first.id);
  await page.locator("#open-origins").click();
  await page.waitForSelector("dialog.origins[open]");
  for (const text of [real[0], derived[0]]) await page.locator(".origins").getByText(text).waitFor();
  assert.equal(await page.locator(".origins tbody tr").count(), constants.length);
  const row = await page.locator(".origins tbody tr").first().innerText();
  assert.ok(row.includes(constants[0].species) && row.includes(constants[0].method), row);
});
