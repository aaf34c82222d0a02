// The wire out of the browser: a proxy that everything goes through, whichever page, worker or service worker sends it and wherever to.
import { createServer, request } from "node:http";

/** What Chromium asks its maker by itself, with no page in it: the time, updates, whether somebody is signed in. Refused. */
const CHROMIUM_ITSELF = /^(http:\/\/)?((clients2|accounts|www)\.google|(update|optimizationguide-pa|content-autofill)\.googleapis)\.com[:/]/;

/** Start one. `flags` make Chromium use it; `seen` lists { method, url, bytes } of every request, with the length of its body. */
export async function wiretap() {
  const seen = [];
  const server = createServer((asked, answer) => {
    if (CHROMIUM_ITSELF.test(asked.url)) return answer.destroy();
    const entry = { method: asked.method, url: asked.url, bytes: 0 };
    seen.push(entry);
    const { method, headers } = asked;
    const on = request(asked.url, { method, headers }, (response) => {
      answer.writeHead(response.statusCode, response.headers);
      response.pipe(answer);
    });
    on.on("error", () => answer.destroy());
    asked.on("data", (chunk) => (entry.bytes += chunk.length));
    asked.pipe(on);
  });
  // What is encrypted, or no HTTP at all, is noted and refused.
  for (const kind of ["connect", "upgrade"]) {
    server.on(kind, ({ method, url }, socket) => {
      if (!CHROMIUM_ITSELF.test(url)) seen.push({ method, url, bytes: 0 });
      socket.destroy();
    });
  }
  server.on("connection", (socket) => socket.unref());
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  server.unref();
  const { port } = server.address();
  return { seen, flags: [`--proxy-server=127.0.0.1:${port}`, "--proxy-bypass-list=<-loopback>"] };
}
