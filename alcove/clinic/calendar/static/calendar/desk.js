// Reception: minutes count on by themselves, and the lists are drawn anew when a colleague changed something.
const QUIET = { "X-Alcove-Quiet": "1" };
const LOOK = 10_000;
const ANEW = 300_000; // who was expected is late by now
const desk = () => document.getElementById("desk");
let version = "";
let drawn = performance.now();

const idle = () =>
  !document.hidden && !document.documentElement.classList.contains("covered") &&
  !document.querySelector("dialog[open], form[data-busy]") && !document.activeElement?.matches?.("input, select, textarea");

async function look() {
  if (!desk() || !idle()) return;
  try {
    const answer = await fetch(desk().dataset.versionUrl, { headers: QUIET });
    if (!answer.ok) return;
    const now = await answer.text();
    const changed = version && now !== version;
    version = now;
    if (!changed && performance.now() - drawn < ANEW) return;
    await window.htmx.ajax("GET", desk().dataset.here, { target: "#desk", swap: "outerHTML" });
    drawn = performance.now();
  } catch {
    // The next look tries again.
  }
}
setInterval(look, LOOK);
look();

setInterval(() => {
  const passed = Math.floor((performance.now() - drawn) / 60_000);
  for (const part of document.querySelectorAll("#desk [data-minutes]")) part.textContent = Number(part.dataset.minutes) + passed;
}, 20_000);
