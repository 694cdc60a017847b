/** What was said before the first line on the page, fetched as somebody reads upwards. */

const NEAR_TOP_PX = 240;
const PAGE = 50;

/**
 * @param {HTMLElement} list the scrolling log
 * @param {import("./deeds.js").Deeds} deeds
 * @param {import("./log.js").Log} log
 */
export function loadEarlier(list, deeds, log) {
  let loading = false;
  list.addEventListener("scroll", look, { passive: true });

  async function look() {
    const oldest = log.oldest;
    if (loading || list.scrollTop > NEAR_TOP_PX || oldest === null || oldest <= 1) return;
    loading = true;
    try {
      const { data } = await deeds.before(oldest, PAGE);
      // A page that was trimmed meanwhile would get a hole: then the answer is out of date.
      if (log.oldest === oldest) log.prepend(data);
    } catch {
      // Scrolling on asks again.
    } finally {
      loading = false;
    }
  }
}
