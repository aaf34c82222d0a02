// Bringing a case of one's own: files dropped on the library become a twin in this browser, and no request leaves.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { PHONE, base, find, firstCase, journey, moved, organ, picture } from "./browser.mjs";
import { ABDOMEN, gzip, table, volume } from "./phantom.mjs";
import { wiretap } from "./wire.mjs";

const GRID = { dims: [150, 110, 60], spacing: [2, 2.2, 4], turn: [8, -6, 12], organs: ABDOMEN };
// Each journey has a browser of its own; they run one after the other.
const wire = await wiretap();
const LABELS = { name: "labels.nii.gz", bytes: gzip(volume(GRID)) };
const SCAN = { name: "ct.nii.gz", bytes: gzip(volume({ ...GRID, scan: true })) };
const NAMES = { name: "names.csv", bytes: table(ABDOMEN) };

/** What the app itself is made of; nothing of a person is in such a request. */
const OWN_FILES = /^\/(importer(_loader|_bg)?\.(js|wasm)|worker(_loader|_bg)?\.(js|wasm)|app-[^/]*|[^/]*\.css|sw\.js|cases\/[^/]+\.json|pictures\/[^/]+|packs\/[^/]+|icon\.svg|manifest\.webmanifest|case\/own-[a-z]+)?$/;

/** Only the app's own static files are asked for, with nothing in the question. */
function stayed(requests) {
  for (const { method, url, bytes } of requests) {
    const { origin, pathname, search } = new URL(url, "none://");
    assert.equal(origin, base, `${method} ${url} goes to another origin`);
    assert.ok(method === "GET" && bytes === 0, `${method} ${url} carries ${bytes} bytes`);
    assert.match(pathname, OWN_FILES, `${url} is a file of the app`);
    assert.equal(search, "", `${url} says nothing`);
  }
}

/** Drop files on the page, as a hand does. */
async function drop(page, files) {
  await page.evaluate((files) => {
    const transfer = new DataTransfer();
    for (const { name, base64 } of files) {
      const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
      transfer.items.add(new File([bytes], name));
    }
    for (const kind of ["dragenter", "dragover", "drop"]) {
      document.body.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: transfer }));
    }
  }, files.map(({ name, bytes }) => ({ name, base64: bytes.toString("base64") })));
}

/** Requests of the page and its workers to anywhere else; a second witness beside the wire. */
function strangers(context) {
  const found = [];
  context.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(`${base}/`) && !/^(blob|data):/.test(url)) found.push(`${request.method()} ${url}`);
  });
  return found;
}

async function library(page) {
  const first = await firstCase();
  await page.goto(`${base}/`);
  await page.waitForSelector(`a[data-case="${first.id}"]`);
  await page.waitForSelector('#add-case[data-state="open"]');
}

/** Wait for the end of the building, and tell why if there is no twin. */
async function built(page) {
  await page.waitForSelector('#add-case:not([data-state="busy"]):not([data-state="open"])');
  const [state, text] = await page.locator("#add-case").evaluate((one) => [one.dataset.state, one.innerText]);
  assert.equal(state, "kept", text);
}

async function saved(page, button) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator(button).click()]);
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

journey("a case of one's own is built, opened, exported and deleted, and nothing leaves", async ({ page, context }) => {
  const others = strangers(context);
  await library(page);
  const begun = wire.seen.length;

  // By keyboard: the input is native, so Enter on it opens the system's window.
  await page.locator("#add-files").focus();
  await drop(page, [LABELS, SCAN, NAMES]);
  await page.waitForSelector('#add-case[data-state="busy"] [role="progressbar"]');
  const seen = new Set();
  while ((await page.locator("#add-case").getAttribute("data-state")) === "busy") {
    const bar = page.locator('#add-case [role="progressbar"]');
    seen.add(await bar.getAttribute("aria-valuenow", { timeout: 2_000 }).catch(() => "gone"));
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(drawn)));
  }
  assert.ok(seen.size >= 3, `progress is shown: ${[...seen]}`);
  await built(page);
  await page.waitForSelector(".case.own img");
  const requests = wire.seen.slice(begun);
  stayed(requests);
  assert.deepEqual(others, []);
  assert.ok(requests.some(({ url }) => url.endsWith("/importer_bg.wasm")), "the wire sees what a worker asks for");
  assert.match(await page.locator("#add-case").innerText(), /turned by 15\.1 degrees/, "doubts can be read");
  await picture(page, "own-kept");

  // Among the other cases, and told from them.
  const card = page.locator(".case.own");
  assert.match(await card.innerText(), /Your own[\s\S]*Not reviewed by anyone[\s\S]*Liver · Spleen · 4 more/);
  await page.locator('input[type="search"]').fill("spleen");
  assert.equal(await card.count(), 1, "it is found by what it holds");
  await page.locator('input[type="search"]').fill("");

  // A name of one's own.
  await card.getByRole("button", { name: /^Rename/ }).click();
  await page.locator("#own-name").fill("Patient for Tuesday");
  await page.keyboard.press("Enter");
  await card.getByText("Patient for Tuesday").waitFor();

  // It outlives the page and opens without a connection.
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.waitForFunction(async () => Boolean(await caches.match("/")));
  await page.reload();
  await card.getByText("Patient for Tuesday").waitFor();
  const id = await card.getAttribute("data-own");
  await context.setOffline(true);
  await page.goto(`${base}/case/${id}?quality=low`);
  await organ(page);
  await context.setOffline(false);
  assert.match(await page.locator("header").innerText(), /Patient for Tuesday[\s\S]*Your own/);
  assert.equal(await page.locator("#open-quiz").count(), 0, "nobody wrote questions");
  await page.locator("#open-origins").click();
  const origins = page.locator("dialog.origins");
  for (const words of ["Nobody has reviewed this case.", "a soft elastic bed all around each organ", "not stated: for own use"]) {
    await origins.getByText(words).first().waitFor();
  }
  await page.keyboard.press("Escape");
  await page.locator('li[data-structure="spleen"] button.name').click();
  await page.locator("#facts").getByText("Splen").first().waitFor();

  // It gives and comes back, as any organ.
  await page.keyboard.press("2");
  const at = await find(page, "Liver");
  await page.mouse.down();
  for (let step = 1; step <= 12; step += 1) await page.mouse.move(at.x + 4 * step, at.y - 8 * step);
  await moved(page, "above", 5);
  await page.mouse.up();
  await moved(page, "below", 1);
  await picture(page, "own-case");

  // Taken along in three forms, deleted, and taken in again.
  await library(page);
  await card.getByRole("button", { name: /^Export/ }).click();
  const pack = await saved(page, "#export-pack");
  const glb = await saved(page, "#export-glb");
  const labels = await saved(page, "#export-seg");
  assert.equal(pack.name, "Patient-for-Tuesday.pack");
  assert.equal(pack.bytes.subarray(0, 8).toString(), "SECTIOTW");
  assert.ok(!pack.bytes.includes("Tuesday"), "the title stays here");
  assert.equal(glb.bytes.subarray(0, 4).toString(), "glTF");
  assert.equal(labels.bytes.subarray(0, 7).toString(), "NRRD000");
  await page.keyboard.press("Escape");
  await card.getByRole("button", { name: /^Delete/ }).click();
  await page.locator("#own-delete").click();
  await page.waitForFunction(() => document.querySelectorAll(".case.own").length === 0);
  await page.reload();
  await page.waitForSelector('#add-case[data-state="open"]');
  assert.equal(await card.count(), 0);
  await page.goto(`${base}/case/${id}`);
  await page.waitForSelector('[data-trouble="no-case"]');

  await library(page);
  await drop(page, [pack]);
  await built(page);
  await card.getByText("Liver · Spleen · 4 more").waitFor();
  assert.equal(await card.getAttribute("data-own"), id, "the same sources are the same case");
  const damaged = Buffer.from(pack.bytes);
  damaged[damaged.length >> 1] ^= 0x5a;
  await page.locator("#add-again").click();
  await drop(page, [{ name: "case.pack", bytes: damaged }]);
  await page.locator('#add-case[data-state="failed"]').getByText(/case\.pack: the twin is damaged/).waitFor();

  // What a person kept is theirs to delete, all at once.
  await page.goto(`${base}/data`);
  await page.locator(".own-list li").waitFor();
  await page.getByRole("button", { name: "Delete everything" }).click();
  await page.getByText("Your own cases are deleted too").waitFor();
  await page.getByRole("button", { name: "Delete it", exact: true }).click();
  await page.waitForFunction(() => document.querySelectorAll(".own-list li").length === 0);
  assert.deepEqual(await page.evaluate(async () => {
    const database = await new Promise((opened) => {
      indexedDB.open("sectio-own").onsuccess = ({ target }) => opened(target.result);
    });
    const count = (store) => new Promise((counted) => {
      database.transaction(store).objectStore(store).count().onsuccess = ({ target }) => counted(target.result);
    });
    return [await count("cases"), await count("packs")];
  }), [0, 0], "nothing of it is left");
}, { flags: wire.flags, acceptDownloads: true, expected: /ERR_INTERNET_DISCONNECTED|ERR_FAILED|Failed to fetch|status of 404.*\/case\/own-/ });

journey("what cannot be a twin is refused by name, and building can be cancelled", async ({ page }) => {
  await library(page);
  const begun = wire.seen.length;
  const told = async (files, words) => {
    await drop(page, files);
    await page.locator('#add-case[data-state="failed"]').getByText(words).waitFor();
    await page.getByText("Nothing was kept, and nothing was sent.").waitFor();
  };
  await told([{ name: "half.nii", bytes: volume(GRID).subarray(0, 5000) }], /^half\.nii: .+; .+/);
  await picture(page, "own-refused");
  await told([{ name: "letter.docx", bytes: Buffer.from("PK\u0003\u0004 words") }], /^letter\.docx: is nothing that a twin/);
  await told([SCAN, { ...SCAN, name: "second.nii.gz" }], /scans, by their values/);
  const broken = Buffer.from(LABELS.bytes);
  broken.fill(0x5a, 4000, 4400);
  await told([{ name: "broken.nii.gz", bytes: broken }], /^broken\.nii\.gz: /);

  // A patient of half the size: a wrong voxel size, which can be built all the same.
  const small = ABDOMEN.map(({ name, centre, radii }) => ({
    name,
    centre: centre.map((c) => c / 2.2),
    radii: radii.map((r) => r / 2.2),
  }));
  const tiny = volume({ dims: [110, 90, 60], spacing: [1.4, 1.4, 1.8], organs: small });
  await told([{ name: "tiny.nii", bytes: tiny }, { name: "names.csv", bytes: table(small) }], /tiny\.nii: .*voxel size/);
  await page.locator("#add-anyway").click();
  await page.waitForSelector('#add-case[data-state="busy"]');
  await page.locator("#add-cancel").click();
  await page.getByText("Cancelled. Nothing was kept.").waitFor();
  // Cancelling ends the worker: the journey would wait here until its time is over.
  while (page.workers().length > 0) await new Promise((later) => setTimeout(later, 50));
  assert.equal(await page.locator("#add-case").getAttribute("data-state"), "open");
  assert.equal(await page.locator(".case.own").count(), 0);
  stayed(wire.seen.slice(begun));
}, { flags: wire.flags });

journey("a full browser says so and lets the twin be saved", async ({ page, context }) => {
  await context.addInitScript(() => {
    // What a browser does that has no room for this site.
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (...given) {
      if (this.name === "packs") throw new DOMException("no room", "QuotaExceededError");
      return put.apply(this, given);
    };
  });
  await library(page);
  await drop(page, [LABELS, NAMES]);
  await page.locator('#add-case[data-state="not-kept"]').getByText("no room left").waitFor();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Save as a file" }).click(),
  ]);
  assert.equal((await readFile(await download.path())).subarray(0, 8).toString(), "SECTIOTW");
  assert.equal(await page.locator(".case.own").count(), 0);
}, { acceptDownloads: true });

const program = process.env.SECTIO_PROGRAM;
if (program) {
  journey("the browser builds the bytes that the program builds", async ({ page }) => {
    const folder = await mkdtemp(join(tmpdir(), "sectio-own-"));
    try {
      for (const { name, bytes } of [LABELS, SCAN, NAMES]) await writeFile(join(folder, name), bytes);
      const [labels, scan, names, pack] = [LABELS.name, SCAN.name, NAMES.name, "native.pack"].map((name) => join(folder, name));
      await promisify(execFile)(program, ["twin", "build", labels, "--image", scan, "--labels", names, "-o", pack]);
      await library(page);
      await drop(page, [LABELS, SCAN, NAMES]);
      await built(page);
      await page.locator(".case.own").getByRole("button", { name: /^Export/ }).click();
      const { bytes } = await saved(page, "#export-pack");
      assert.ok(bytes.equals(await readFile(pack)), "byte by byte");
    } finally {
      await rm(folder, { recursive: true });
    }
  }, { acceptDownloads: true });
} else {
  test("the browser builds the bytes that the program builds", { skip: "SECTIO_PROGRAM names no program" });
}

for (const colorScheme of ["dark", "light"]) {
  for (const [locale, viewport] of [["en-GB", undefined], ["de-DE", undefined], ["de-DE", PHONE]]) {
    const name = `own-${colorScheme}-${locale.slice(0, 2)}${viewport ? "-phone" : ""}`;
    journey(`pictures of an own case, ${name}`, async ({ page }) => {
      await library(page);
      await page.locator("#add-case").scrollIntoViewIfNeeded();
      await picture(page, `${name}-open`);
      await drop(page, [LABELS, NAMES]);
      await page.waitForSelector('#add-case[data-state="busy"]');
      await picture(page, `${name}-busy`);
      await built(page);
      await page.waitForFunction(() => document.querySelector(".case.own img")?.naturalWidth > 0);
      await picture(page, `${name}-kept`);
      await page.locator(".case.own .meta button").nth(1).click();
      await page.waitForSelector("dialog[open]");
      await picture(page, `${name}-export`);
    }, { colorScheme, locale, ...(viewport && { viewport }) });
  }
}
