// The browser's share of `cargo xtask bench`: what is loaded before the first organ, how long that takes, and the solver in WASM.
// Prints one line of JSON. Starts no server: SECTIO_URL names it, SECTIO_BATCHES the folder of encoded command batches.
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { launch } from './browser.mjs';

const base = process.env.SECTIO_URL;
const batches = process.env.SECTIO_BATCHES;
const CASE = '/case/liver?quality=low';
const FIRST_ORGAN = '.operate[data-first-frame="true"]';

const browser = await launch();
try {
  const { load, first_organ } = await firstOrgan();
  const solver = await solverInWorker();
  console.log(JSON.stringify({ load, first_organ, solver }));
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

/** Median time of a step as the page sees it [ms]: message out, solve, displacements back. */
async function solverInWorker() {
  if (!batches) return [];
  const scenes = new Map();
  for (const file of (await readdir(batches)).sort()) {
    const [, cells, order] = /^(\d+)-(\d+)\.batch$/.exec(file) ?? [];
    if (!cells) continue;
    if (!scenes.has(cells)) scenes.set(cells, []);
    scenes.get(cells)[Number(order)] = (await readFile(join(batches, file))).toString('base64');
  }
  const page = await browser.newPage();
  await page.goto(base + '/healthz');
  const rows = [];
  for (const [cells, list] of [...scenes].sort(([a], [b]) => a - b)) {
    const times = await page.evaluate(run, { list, worker: '/worker_loader.js' });
    // The first batch loads the scene, the second closes the forceps: the steps come after them.
    const steps = times.slice(2).sort((a, b) => a - b);
    rows.push({
      cells: Number(cells),
      ms_per_frame: steps[steps.length >> 1],
      ms_p95: steps[Math.floor(steps.length * 0.95)],
      settle_ms: times[0],
    });
  }
  return rows;

  async function run({ list, worker: url }) {
    const worker = new Worker(url);
    const answer = () =>
      new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = (event) => reject(new Error(event.message));
      });
    await answer();
    const times = [];
    let spent = null;
    for (const encoded of list) {
      const bytes = Uint8Array.from(atob(encoded), (c) => c.charCodeAt(0));
      const begun = performance.now();
      const answered = answer();
      worker.postMessage([bytes, spent], spent ? [bytes.buffer, spent] : [bytes.buffer]);
      [, spent] = await answered;
      times.push(performance.now() - begun);
    }
    worker.terminate();
    return times;
  }
}
