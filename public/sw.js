// Offline: the shell (page, scripts, styles) in one cache a build, visited cases in another.
//
// A shell cache is named after the hash of index.html, which names every hashed file of its build. A new build is
// fetched beside the old one and takes over when the person asks for it, or at the next start with no other tab
// open: a page never gets files of two builds.

const FORMAT = "1";
const SHELL = `shell-${FORMAT}-`;
const CASES = `cases-${FORMAT}`;
const STATE = `state-${FORMAT}`;
// What builds twins from a person's own files: kept when it is first asked for, not before.
const IMPORTER = ["/importer_loader.js", "/importer.js", "/importer_bg.wasm"];
// Not hashed, so not named by index.html.
const FIXED = ["/worker_loader.js", "/worker.js", "/worker_bg.wasm", "/icon.svg", "/manifest.webmanifest"];

self.addEventListener("install", (event) => {
  event.waitUntil(fetchShell().then((name) => remember("current", name)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(tidy().then(() => self.clients.claim()));
});

self.addEventListener("message", (event) => {
  const { kind, urls } = event.data || {};
  if (kind === "keep") event.waitUntil(keep(urls, event.source));
  if (kind === "update") event.waitUntil(takeOver().then(() => event.source.postMessage({ kind: "updated" })));
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  if (event.request.mode === "navigate") {
    event.respondWith(page(event));
    event.waitUntil(lookForUpdate());
  } else if (url.pathname.startsWith("/cases/")) {
    event.respondWith(freshOrKept(event.request));
  } else if (url.pathname.startsWith("/packs/") || url.pathname.startsWith("/pictures/")) {
    event.respondWith(keptOrFresh(event.request));
  } else if (url.pathname !== "/healthz") {
    event.respondWith(shellFile(event.request));
  }
});

// The page itself is the same for every address; the app reads the address.
async function page(event) {
  const pending = await recall("pending");
  if (pending) {
    const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    const others = windows.filter((client) => client.id !== event.clientId && client.id !== event.resultingClientId);
    if (others.length === 0) await takeOver();
  }
  const name = await recall("current");
  const kept = name && (await (await caches.open(name)).match("/"));
  return kept || fetch(event.request);
}

async function shellFile(request) {
  const name = await recall("current");
  const shell = name && (await caches.open(name));
  const kept = shell && (await shell.match(request, { ignoreSearch: true }));
  if (!kept && shell && IMPORTER.includes(new URL(request.url).pathname)) {
    // All of it at once, so that no two parts are of two builds.
    await shell.addAll(IMPORTER);
    return shell.match(request, { ignoreSearch: true });
  }
  // A tab of the previous build may still ask for its own hashed files.
  return kept || (await caches.match(request)) || fetch(request);
}

async function freshOrKept(request) {
  const cache = await caches.open(CASES);
  try {
    const response = await fetch(request);
    if (response.ok) {
      await cache.put(request, response.clone());
      if (request.url.endsWith("/cases/index.json")) await prune(cache, await response.clone().json());
    }
    return response;
  } catch (error) {
    const kept = await cache.match(request);
    if (kept) return kept;
    throw error;
  }
}

// Packs and pictures that the index no longer names were replaced by newer ones.
async function prune(cache, index) {
  const named = new Set(index.cases.flatMap((entry) => [entry.pack.url, entry.picture]));
  for (const request of await cache.keys()) {
    const path = new URL(request.url).pathname;
    if (/^\/(packs|pictures)\//.test(path) && !named.has(path)) await cache.delete(request);
  }
}

async function keptOrFresh(request) {
  const cache = await caches.open(CASES);
  const kept = await cache.match(request);
  if (request.cache !== "reload") return kept || fetch(request);
  // What was kept is damaged: whatever comes now replaces it.
  if (kept) await cache.delete(request);
  return fetch(request);
}

// A visited case is kept whole or not reported as kept.
async function keep(urls, client) {
  const cache = await caches.open(CASES);
  try {
    for (const url of urls) {
      if (!(await cache.match(url))) await cache.add(url);
    }
    client.postMessage({ kind: "kept", urls });
  } catch (error) {
    client.postMessage({ kind: "not-kept", urls, reason: String(error) });
  }
}

// Fetch page and files of the build that is online now; answers the name of its cache.
async function fetchShell() {
  const response = await fetch("/", { cache: "no-store" });
  if (!response.ok) throw new Error(`the page answered ${response.status}`);
  const html = await response.clone().text();
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(html));
  const hash = [...new Uint8Array(digest)].slice(0, 8).map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const name = SHELL + hash;
  const cache = await caches.open(name);
  if (!(await cache.match("/"))) {
    const hashed = [...html.matchAll(/["'](\/[^"']+\.(?:js|wasm|css))["']/g)].map((found) => found[1]);
    await cache.addAll([...new Set([...hashed, ...FIXED])]);
    await cache.put("/", response);
  }
  return name;
}

async function lookForUpdate() {
  let name;
  try {
    name = await fetchShell();
  } catch {
    return; // offline: the kept build goes on
  }
  if (name === (await recall("current"))) return;
  await remember("pending", name);
  const windows = await self.clients.matchAll({ type: "window" });
  for (const client of windows) client.postMessage({ kind: "new-version" });
}

async function takeOver() {
  const pending = await recall("pending");
  if (!pending) return;
  await remember("current", pending);
  await (await caches.open(STATE)).delete("/pending");
  await tidy();
}

// Everything of another format, and every shell that is neither current nor pending, goes.
async function tidy() {
  const wanted = [await recall("current"), await recall("pending"), CASES, STATE];
  for (const name of await caches.keys()) {
    if (!wanted.includes(name)) await caches.delete(name);
  }
}

async function remember(key, value) {
  await (await caches.open(STATE)).put(`/${key}`, new Response(value));
}

async function recall(key) {
  const kept = await (await caches.open(STATE)).match(`/${key}`);
  return kept ? kept.text() : null;
}
