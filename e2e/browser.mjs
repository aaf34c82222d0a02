// What every journey shares: the browser, a page that must stay without errors, and the facts to wait for.
//
// SECTIO_URL       the running server; these files start nothing themselves
// SECTIO_WEBGPU    "off" hides WebGPU, as on most of today's laptops; WebGL2 stays
// SECTIO_PROGRAM   the program itself, to compare what browser and machine compute
// CHROMIUM         the browser to drive
// SECTIO_SCREENSHOTS  where pictures go
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { chromium } from "playwright-core";

export const base = (process.env.SECTIO_URL ?? "http://127.0.0.1:8080").replace(/\/$/, "");
export const screenshots = process.env.SECTIO_SCREENSHOTS ?? join("..", "target", "screenshots");

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

// Software rendering takes seconds a frame; a loaded machine takes its time on top.
const PATIENCE = 120_000;
const JOURNEY = 600_000;

const QUIET = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // WebGL2 in software: a machine that runs tests has no GPU.
  "--enable-unsafe-swiftshader",
];
const WEBGPU = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

/** Start the browser; `flags` are added to the usual ones. */
export async function launch(flags = []) {
  const webgpu = process.env.SECTIO_WEBGPU === "off" ? [] : WEBGPU;
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [...QUIET, ...webgpu, ...flags],
  });
}

/**
 * A journey: one browser, one fresh context, one page, gone through by `walk({ page, context, errors })`. At the end no error may
 * stand in the console, but for those that `expected` (a regular expression) describes.
 */
export function journey(name, walk, { flags, expected, ...options } = {}) {
  test(name, { timeout: JOURNEY }, async () => {
    const browser = await launch(flags);
    try {
      const context = await browser.newContext({
        viewport: DESKTOP,
        colorScheme: "dark",
        locale: "en-GB",
        reducedMotion: "no-preference",
        ...options,
      });
      const errors = [];
      const page = await visitor(context, errors);
      await walk({ page, context, browser, errors });
      const unexpected = errors.filter((error) => !expected?.test(error));
      assert.deepEqual(unexpected, [], "no error in the console");
    } finally {
      await browser.close();
    }
  });
}

/** A page whose errors are collected. */
export async function visitor(context, errors) {
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(`${message.text()} (${message.location().url})`);
  });
  return page;
}

/** The first case of the library, as the server tells it. */
export async function firstCase() {
  const answer = await fetch(`${base}/cases/index.json`);
  assert.equal(answer.status, 200);
  const { cases } = await answer.json();
  assert.ok(cases.length > 0, "the library offers a case");
  return cases[0];
}

/** Wait until the organ is on the screen and its tissue has settled. */
export async function organ(page) {
  await page.waitForSelector('.operate[data-first-frame="true"]');
  await page.waitForSelector('.operate[data-simulation="ready"]');
}

/** Open a case by its address and wait for the organ. */
export async function openCase(page, id, quality = "low") {
  await page.goto(`${base}/case/${id}?quality=${quality}`);
  await organ(page);
}

/** The row of a structure in the tree, and its buttons. */
export function structure(page, id) {
  const row = page.locator(`li[data-structure="${id}"]`);
  return {
    row,
    name: row.locator("button.name"),
    isolate: row.getByRole("button", { name: /^Isolate / }),
    fade: row.getByRole("button", { name: /^Fade / }),
    hide: row.getByRole("button", { name: /^Hide / }),
  };
}

/** How far the tissue is from rest, as the page says it [mm]. */
export async function displacement(page) {
  return Number(await page.locator("#displacement").getAttribute("data-mm"));
}

/** Wait until `holds` (run in the page with `argument`) is true. */
export async function until(page, holds, argument, what) {
  await page.waitForFunction(holds, argument, { polling: 100 }).catch((error) => {
    throw new Error(`${what}: ${error.message}`);
  });
}

/** Wait for the displacement to pass a limit, upwards ("above") or downwards ("below") [mm]. */
export async function moved(page, direction, limit) {
  await until(
    page,
    ([direction, limit]) => {
      const mm = Number(document.querySelector("#displacement")?.dataset.mm);
      return direction === "above" ? mm >= limit : mm < limit;
    },
    [direction, limit],
    `the displacement gets ${direction} ${limit} mm`,
  );
}

/** A pixel of the canvas that shows the structure with this name: found by hovering, as a person finds it. */
export async function find(page, name) {
  const box = await page.locator("canvas").first().boundingBox();
  const free = await freeField(page, box);
  const middle = { x: free.x + free.width / 2, y: free.y + free.height / 2 };
  for (const radius of [0, 0.12, 0.22, 0.32, 0.42]) {
    for (let turn = 0; turn < (radius === 0 ? 1 : 8); turn += 1) {
      const angle = (turn * Math.PI) / 4;
      const at = {
        x: Math.round(middle.x + radius * free.width * Math.cos(angle)),
        y: Math.round(middle.y + radius * free.height * Math.sin(angle)),
      };
      await page.mouse.move(at.x, at.y);
      const found = await page
        .locator(".callout b", { hasText: new RegExp(`^${name}$`) })
        .waitFor({ timeout: 3_000 })
        .then(() => true, () => false);
      if (found) return at;
    }
  }
  throw new Error(`no pixel of the canvas shows “${name}” under the pointer`);
}

/** Share of the free field that is drawn as tissue: warmer than the room behind it. Counted from what is on the screen. */
export async function tissueShare(page) {
  const field = await freeField(page, await page.locator("canvas").first().boundingBox());
  const png = await page.screenshot({ clip: field });
  return page.evaluate(async (bytes) => {
    const image = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: "image/png" }));
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    let tissue = 0;
    for (let i = 0; i < data.length; i += 4) {
      if (data[i] > 50 && data[i] > 1.4 * data[i + 1] && data[i] > 1.3 * data[i + 2]) tissue += 1;
    }
    return tissue / (data.length / 4);
  }, [...png]);
}

/** Wait until the share of tissue on the screen satisfies `holds`. */
export async function tissueBecomes(page, holds, what) {
  const begin = Date.now();
  for (;;) {
    const share = await tissueShare(page);
    if (holds(share)) return share;
    if (Date.now() - begin > PATIENCE) throw new Error(`${what}: ${(100 * share).toFixed(1)} % of the field is tissue`);
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  }
}

/** The part of the canvas that no panel covers. */
async function freeField(page, box) {
  const panels = await page.locator(".panels").evaluateAll((all) =>
    all.map((one) => one.getBoundingClientRect()).map(({ left, right, width }) => ({ left, right, width })),
  );
  const middle = box.x + box.width / 2;
  const left = Math.max(box.x, ...panels.filter((p) => p.width > 0 && p.right < middle).map((p) => p.right));
  const right = Math.min(box.x + box.width, ...panels.filter((p) => p.width > 0 && p.left > middle).map((p) => p.left));
  return { x: left, y: box.y + 60, width: right - left, height: box.height - 60 - 130 };
}

/** Keep a picture of the window. */
export async function picture(page, name) {
  await mkdir(screenshots, { recursive: true });
  return page.screenshot({ path: join(screenshots, `${name}.png`), timeout: PATIENCE });
}
