/**
 * The service worker: shows a page of ours when there is no network. It keeps that page with what it is drawn
 * with, and files whose folder names their version; never a page of anybody's, never a picture that is live.
 */

const KEPT = "offline-{{ version }}";
const FILES = {{ files|safe }};
const OFFLINE = "{{ offline }}";
const VENDOR = "{{ vendor }}";

addEventListener("install", (event) => {
  // Parts of a broadcast come several times a second: they go past this worker where the browser knows how.
  event.addRoutes?.(["/live/*", "/api/*", "/media/*"].map((pathname) => ({ condition: { urlPattern: { pathname } }, source: "network" }))).catch(() => {});
  event.waitUntil(keep().then(() => skipWaiting()));
});

addEventListener("activate", (event) => event.waitUntil(forgetOthers().then(() => clients.claim())));

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => kept(OFFLINE)));
  else if (pathname.startsWith(VENDOR)) event.respondWith(once(request));
  else if (FILES.includes(pathname)) event.respondWith(fetch(request).catch(() => kept(pathname)));
});

async function keep() {
  const cache = await caches.open(KEPT);
  await cache.addAll(FILES.map((file) => new Request(file, { cache: "reload", credentials: "omit" })));
}

async function forgetOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== KEPT).map((name) => caches.delete(name)));
}

async function kept(path) {
  const cache = await caches.open(KEPT);
  return (await cache.match(path)) ?? Response.error();
}

/** What never changes under its address is fetched once. */
async function once(request) {
  const cache = await caches.open(KEPT);
  const known = await cache.match(request);
  if (known) return known;
  const answer = await fetch(request);
  if (answer.status === 200 && answer.type === "basic") await cache.put(request, answer.clone());
  return answer;
}
