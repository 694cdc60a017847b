/** The service worker comes when the page has all it needs: it shows a page of ours without network. */

export function install() {
  if (!("serviceWorker" in navigator) || self !== top) return;
  const register = () => navigator.serviceWorker.register("/worker.js").catch(() => {});
  if (document.readyState === "complete") register();
  else addEventListener("load", register, { once: true });
}
