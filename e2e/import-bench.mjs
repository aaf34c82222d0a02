// How long 512 × 512 × 300 labels of 61 structures take from the drop to the kept case, and how much memory; with a scan if
// SECTIO_SCAN is set. Prints one line of JSON. Starts no server: SECTIO_URL names it.
import { readFile } from "node:fs/promises";
import { base, launch } from "./browser.mjs";
import { gzip, table, trunk, volume } from "./phantom.mjs";

const GRID = { dims: [512, 512, 300], spacing: [0.75, 0.75, 1], organs: trunk() };
const files = [
  { name: "labels.nii.gz", mimeType: "application/gzip", buffer: gzip(volume(GRID)) },
  { name: "names.csv", mimeType: "text/csv", buffer: table(GRID.organs) },
];
if (process.env.SECTIO_SCAN) {
  files.push({ name: "ct.nii.gz", mimeType: "application/gzip", buffer: gzip(volume({ ...GRID, scan: true })) });
}

/** Processor time of every thread of the browser's processes so far [s], whatever else the machine does. */
async function processorTime() {
  const { readdir } = await import("node:fs/promises");
  let most = { seconds: 0, peak: 0 };
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    try {
      const line = await readFile(`/proc/${pid}/cmdline`, "utf8");
      if (!line.includes("--type=renderer")) continue;
      const status = await readFile(`/proc/${pid}/status`, "utf8");
      const peak = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
      for (const thread of await readdir(`/proc/${pid}/task`)) {
        const stat = await readFile(`/proc/${pid}/task/${thread}/stat`, "utf8");
        const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        const seconds = (Number(fields[11]) + Number(fields[12])) / 100;
        if (seconds > most.seconds) most = { seconds, peak };
      }
    } catch {
      // A process or thread that has ended meanwhile.
    }
  }
  return most;
}

const browser = await launch();
try {
  const page = await browser.newPage();
  await page.goto(`${base}/`);
  await page.waitForSelector('#add-case[data-state="open"]');
  const steps = [];
  await page.exposeFunction("told", (text) => {
    const seconds = (performance.now() - begun) / 1000;
    if (text && text !== steps.at(-1)?.text) steps.push({ text, seconds: Number(seconds.toFixed(2)) });
  });
  await page.evaluate(() => {
    new MutationObserver(() => window.told(document.querySelector('#add-case .work [role="status"]')?.textContent ?? "")).observe(
      document.querySelector("#add-case"),
      { subtree: true, childList: true, characterData: true },
    );
  });
  let begun = performance.now();
  await page.locator("#add-files").setInputFiles(files);
  begun = performance.now();
  let busiest = { seconds: 0, peak: 0 };
  for (;;) {
    const now = await processorTime();
    if (now.seconds > busiest.seconds) busiest = now;
    const state = await page.locator("#add-case").getAttribute("data-state");
    if (state === "kept") break;
    if (state === "failed") throw new Error(await page.locator("#add-case").innerText());
    await new Promise((later) => setTimeout(later, 200));
  }
  const seconds = (performance.now() - begun) / 1000;
  console.log(JSON.stringify({
    dims: GRID.dims,
    structures: GRID.organs.length,
    scan: Boolean(process.env.SECTIO_SCAN),
    seconds: Number(seconds.toFixed(1)),
    processor_seconds: busiest.seconds,
    renderer_peak_mb: Math.round(busiest.peak),
    steps,
  }));
} finally {
  await browser.close();
}
