/**
 * `<ol data-local-times>`: planned times, rendered in the zone of who planned them, shown in this browser's.
 * Who is signed in has them in their own zone from the server.
 */

const weekday = new Intl.DateTimeFormat("en", { weekday: "long" });
const month = new Intl.DateTimeFormat("en", { month: "short" });
const clock = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

for (const line of document.querySelectorAll("[data-local-times] [data-starts-at]")) {
  const starts = new Date(line.dataset.startsAt);
  const ends = new Date(line.dataset.endsAt);
  line.querySelector(".schedule-day b").textContent = starts.getDate();
  line.querySelector(".schedule-day span").textContent = month.format(starts);
  line.querySelector("[data-weekday]").textContent = weekday.format(starts);
  line.querySelector("[data-hours]").textContent = `${clock.format(starts)}–${clock.format(ends)}`;
  line.querySelector("[data-zone]").textContent = "your time";
}
