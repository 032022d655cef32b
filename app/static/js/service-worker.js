// Shows the offline page where a page cannot be fetched. Keeps that page and its sheets, and nothing that people wrote:
// computers are shared.

const KEPT = "offline";
const PAGE = `/offline${self.location.search}`;

async function keepPage() {
  const page = await fetch(PAGE, { cache: "reload", credentials: "omit" });
  if (!page.ok) throw new Error(`the offline page was answered with ${page.status}`);
  const html = await page.clone().text();
  const parts = [...html.matchAll(/(?:href|src)="(\/static\/[^"#]+)/g)].map(([, address]) => address);
  await caches.delete(KEPT);
  const kept = await caches.open(KEPT);
  await kept.put("/offline", page);
  await kept.addAll([...new Set(parts)]);
}

self.addEventListener("install", (event) => event.waitUntil(keepPage().then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

// A form that was sent is the browser's own to send again.
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match("/offline")));
  } else if (new URL(request.url).pathname.startsWith("/static/")) {
    event.respondWith(fetch(request).catch(async (error) => (await caches.match(request)) ?? Promise.reject(error)));
  }
});
