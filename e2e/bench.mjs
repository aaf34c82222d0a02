// The browser's share of `cargo xtask bench`: what is loaded before the first organ, how long that takes, and the solver in WASM.
// Prints one line of JSON. Starts no server: SECTIO_URL names it, SECTIO_BATCHES the folder of encoded command batches,
// SECTIO_CANTILEVER the cantilever's module.
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { launch } from './browser.mjs';

const base = process.env.SECTIO_URL;
const batches = process.env.SECTIO_BATCHES;
const module = process.env.SECTIO_CANTILEVER;
const CASE = '/case/liver?quality=low';
const FIRST_ORGAN = '.operate[data-first-frame="true"]';

const browser = await launch();
try {
  const { load, first_organ } = await firstOrgan();
  const solver = await solverInWorker();
  const cut = await cutsInWorker();
  const cantilever = await cantileverInPage();
  console.log(JSON.stringify({ load, first_organ, solver, cut, cantilever }));
} finally {
  await browser.close();
}

/** Cold and warm time to the first organ [ms], and the bytes that came over the wire before it. */
async function firstOrgan() {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const wire = await page.context().newCDPSession(page);
  await wire.send('Network.enable');
  const urls = new Map();
  const loaded = [];
  let open = true;
  wire.on('Network.responseReceived', ({ requestId, response }) => urls.set(requestId, response.url));
  wire.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (open && urls.has(requestId)) loaded.push({ path: new URL(urls.get(requestId)).pathname, bytes: encodedDataLength });
  });
  const time = async (path) => {
    const begun = performance.now();
    await page.goto(base + path);
    await page.locator(FIRST_ORGAN).waitFor({ state: 'attached', timeout: 120_000 });
    return performance.now() - begun;
  };
  const cold_ms = await time(CASE);
  open = false;
  await page.waitForFunction(() => navigator.serviceWorker?.controller ?? navigator.serviceWorker?.ready, null, { timeout: 30_000 });
  const warm_ms = await time(CASE);
  await context.close();

  const sum = (test) => loaded.filter(({ path }) => test(path)).reduce((total, { bytes }) => total + bytes, 0);
  return {
    load: {
      files: loaded,
      app_bytes: sum((path) => /\.(js|wasm)$/.test(path)),
      total_bytes: sum((path) => !path.endsWith('.pack')),
    },
    first_organ: { cold_ms, warm_ms },
  };
}

/** Median time of a step as the page sees it [ms]: message out, solve, displacements back. All scenes in turn, three times. */
async function solverInWorker() {
  if (!batches) return [];
  const scenes = new Map();
  for (const file of await readdir(batches)) {
    const [, scene, order] = /^(\d+-\d+)-(\d+)\.batch$/.exec(file) ?? [];
    if (!scene) continue;
    if (!scenes.has(scene)) scenes.set(scene, []);
    scenes.get(scene)[Number(order)] = (await readFile(join(batches, file))).toString('base64');
  }
  const page = await browser.newPage();
  await page.goto(base + '/healthz');
  const rows = [];
  for (const [scene, list] of scenes) {
    const [cells, percent] = scene.split('-').map(Number);
    const settle_ms = await page.evaluate(load, { scene, list, worker: '/worker_loader.js' });
    rows.push({ scene, cells, nu: percent / 100, settle_ms, rounds: [] });
  }
  rows.sort((a, b) => a.nu - b.nu || a.cells - b.cells);
  for (let round = 0; round < 3; round += 1) {
    for (const { scene, rounds } of rows) {
      // The first batch starts afresh and closes the forceps: the steps come after it.
      const steps = (await page.evaluate(play, scene)).slice(1).sort((a, b) => a - b);
      rounds.push({ median: steps[steps.length >> 1], p95: steps[Math.floor(steps.length * 0.95)] });
    }
  }
  return rows.map(({ scene: _, rounds, ...row }) => {
    const [medians, tails] = ['median', 'p95'].map((of) => rounds.map((round) => round[of]).sort((a, b) => a - b));
    return { ...row, ms_per_frame: medians[1], ms_p95: tails[1], ms_rounds: medians };
  });
}

/** Updates of the tissue while a blade is drawn through it, and the frames between them [ms], as the page sees them. */
async function cutsInWorker() {
  if (!batches) return null;
  const list = [];
  for (const file of await readdir(batches)) {
    const [, order, kind] = /^cut-(\d+)-(\w+)\.batch$/.exec(file) ?? [];
    if (kind) list[Number(order)] = { kind, batch: (await readFile(join(batches, file))).toString('base64') };
  }
  const page = await browser.newPage();
  await page.goto(base + '/healthz');
  await page.evaluate(load, { scene: 'cut', list: list.map(({ batch }) => batch), worker: '/worker_loader.js' });
  const times = await page.evaluate(play, 'cut');
  const of = (wanted) => times.filter((_, i) => list[i + 1].kind === wanted).sort((a, b) => a - b);
  const [updates, frames] = [of('update'), of('frame')];
  const share = (sorted, part) => sorted[Math.floor((sorted.length - 1) * part)];
  return {
    update_ms_median: share(updates, 0.5),
    update_ms_p99: share(updates, 0.99),
    frame_ms_max: share(frames, 1),
  };
}

async function load({ scene, list, worker: url }) {
  const worker = new Worker(url);
  const answer = () =>
    new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => reject(new Error(event.message));
    });
  await answer();
  let spent = null;
  const send = async (encoded) => {
    const bytes = Uint8Array.from(atob(encoded), (c) => c.charCodeAt(0));
    const begun = performance.now();
    const answered = answer();
    worker.postMessage([bytes, spent], spent ? [bytes.buffer, spent] : [bytes.buffer]);
    [, spent] = await answered;
    return performance.now() - begun;
  };
  globalThis.scenes ??= {};
  globalThis.scenes[scene] = { send, frames: list.slice(1) };
  return send(list[0]);
}

async function play(scene) {
  const { send, frames } = globalThis.scenes[scene];
  const times = [];
  for (const frame of frames) times.push(await send(frame));
  return times;
}

/** The rows of the cantilever (solver-wasm/examples/cantilever.rs), played and timed by a page. */
async function cantileverInPage() {
  if (!module) return [];
  const page = await browser.newPage();
  // Isolated from other origins, a page's clock counts in 5 µs rather than 100.
  const isolated = {
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
  };
  await page.route(`${base}/cantilever`, (route) =>
    route.fulfill({ contentType: 'text/html', headers: isolated, body: '<!doctype html><title>cantilever</title>' }),
  );
  await page.goto(`${base}/cantilever`);
  const isIsolated = await page.evaluate(async (encoded) => {
    const bytes = Uint8Array.from(atob(encoded), (c) => c.charCodeAt(0));
    const { instance } = await WebAssembly.instantiate(bytes);
    globalThis.bar = instance.exports;
    return crossOriginIsolated;
  }, (await readFile(module)).toString('base64'));
  if (!isIsolated) throw new Error('the page is not isolated: its clock is too coarse for the smallest lattices');
  // The compiler of the browser optimises what has run for a while.
  await page.evaluate(play, { across: 4, nu: 0.45, drag: false });
  const rows = [];
  for (const across of [1, 2, 3, 4, 8]) {
    for (const nu of [0.45, 0.49]) {
      const release = await page.evaluate(play, { across, nu, drag: false });
      const drag = await page.evaluate(play, { across, nu, drag: true });
      rows.push({
        name: 'Sectio (WASM)',
        settings: `${5 * across}x${across}x${across} cells, as in play`,
        elements: release.elements,
        nu,
        tip_x_mm: release.tip[0],
        tip_down_mm: -release.tip[1],
        frames: release.frames,
        settled: release.settled,
        ms_per_frame: release.ms,
        release_min_volume_ratio: release.min_volume_ratio,
        drag_ms_per_frame: drag.ms,
        drag_min_volume_ratio: drag.min_volume_ratio,
        drag_tip_z_mm: drag.tip[2],
        contained: release.contained + drag.contained,
      });
    }
  }
  return rows;

  function play({ across, nu, drag }) {
    const { bar } = globalThis;
    const elements = bar.start(across, nu, drag);
    const times = [];
    let over = false;
    while (!over) {
      const begun = performance.now();
      bar.frame();
      times.push(performance.now() - begun);
      over = bar.observe() === 1;
    }
    const steady = times.slice(10).sort((a, b) => a - b);
    return {
      elements,
      frames: times.length,
      ms: steady[steady.length >> 1],
      tip: [0, 1, 2].map((axis) => bar.tip(axis)),
      min_volume_ratio: bar.min_volume_ratio(),
      settled: bar.settled() === 1,
      contained: bar.contained(),
    };
  }
}
