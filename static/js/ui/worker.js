/** The service worker, which shows a page of ours when there is no network. It comes when the page has all it needs. */

export function install() {
  if (!("serviceWorker" in navigator) || self !== top) return;
  const register = () => navigator.serviceWorker.register("/worker.js").catch(() => {});
  if (document.readyState === "complete") register();
  else addEventListener("load", register, { once: true });
}
